//! AMR graphs whose nodes are aligned to the tokens of their sentence.
//!
//! Three notations are read: the blocks of JAMR (`# ::node`, `# ::root` and `# ::edge` lines; Flanigan
//! et al. 2014), alignments inside the graph (`~e.2,3`, ISI; Pourdamghani et al. 2014), and
//! `# ::alignments` lines beside it, with the addresses of either. Graphs without any can be aligned
//! by [`align`](crate::align).

mod address;
mod aligned;
mod inline;
mod jamr;
mod read;
mod separate;
mod span;
mod tokens;

pub use aligned::{AlignedGraph, NodeRef};
pub use span::TokenSpan;
pub use tokens::tokenize;
