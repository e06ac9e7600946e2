//! Pre-training of text encoders: a trigger and its arguments close, other arguments far (CLEVE,
//! arXiv 2105.14485, section 3.2).
//!
//! [`SpanEncoder`] cuts sentences into sub-words at the borders of spans, [`ContrastSentence`] holds a
//! sentence with its pairs, [`EventContrast`] is the loss, [`EventEncoder`] the model that
//! [`pretrain_text`] trains. Each sentence is encoded once, and the states of all its spans are
//! gathered from there, the last layer computed for them alone ([`span_states`]); [`Layout::PerPair`]
//! encodes it once for each pair, as the released code does, with the same losses.

mod contrast;
mod encoded;
mod fits;
mod layout;
mod model;
mod plan;
mod pool;
mod pretrain;
mod retrieval;
mod sentence;
mod settings;
mod span_encoder;
mod vectors;

pub use contrast::{EventContrast, ScoreFunction};
pub use encoded::EncodedSpans;
pub(crate) use fits::check_encodings;
pub use layout::{Layout, PairLayout};
pub use model::{EventEncoder, Projections};
pub use plan::{PairPlan, PlannedPair, SpanPlace};
pub use pool::{pool_maximum, pool_mean, span_states};
pub use pretrain::pretrain_text;
pub use retrieval::{Retrieval, RetrievalScores, retrieval_scores};
pub use sentence::{ContrastSentence, ContrastTrigger};
pub use settings::TextPretraining;
pub use span_encoder::SpanEncoder;
pub(crate) use vectors::unit_row;
pub use vectors::{SpanKind, SpanLists, SpanVectors, span_vectors};
