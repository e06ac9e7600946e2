//! Documents with entities and relations, and the files that they come in.
//!
//! Every reader returns a [`Corpus`]: the documents, and a [`ReadReport`] that counts, with its
//! place, all that could not be kept or looks odd. Nothing is dropped without being there.
//!
//! | format | reader | writer |
//! |---|---|---|
//! | JSON lines of DyGIE++, PURE and PL-Marker | [`read_documents`] | [`write_documents`] |
//! | one word and its tag per line (CoNLL-2003, Few-NERD) | [`read_tagged`] | [`write_tagged`] |
//! | OntoNotes (`*_gold_conll` of CoNLL-2012) | [`read_onto_notes`] | [`write_onto_notes`] |
//! | brat standoff | [`read_brat`], [`read_brat_files`] | [`write_brat`] |
//! | raw text | [`Document::from_text`] | |
//!
//! In memory, spans count words from the start of their sentence and include both ends; in DyGIE
//! files they count through the document.

mod brackets;
mod brat;
mod check;
mod document;
mod dygie;
mod onto_notes;
mod options;
mod raw;
mod report;
mod span;
mod tagged;
mod tagging;

pub use brackets::restore_bracket;
pub use brat::{
    Alignment, BratFiles, BratOptions, brat_files, read_brat, read_brat_files, write_brat,
};
pub use document::{
    Aside, Document, Entity, Layers, Outside, PredictedEntity, PredictedRelation, RelationMention,
    Score, Sentence, Source,
};
pub use dygie::{read_documents, write_documents};
pub use onto_notes::{read_onto_notes, write_onto_notes};
pub use options::{Corpus, ReadOptions};
pub use raw::{RawWord, Segmentation, segment, split_words};
pub use report::{Finding, ReadReport};
pub(crate) use span::CharIndex;
pub use span::{CharSpan, WordSpan};
pub use tagged::{TaggedFormat, read_tagged, tag_sentences, write_tagged};
pub use tagging::Tagging;
