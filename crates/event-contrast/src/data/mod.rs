//! Documents with events: one model in memory, and readers of the field's formats that fill it.
//!
//! Every reader takes any [`BufRead`](std::io::BufRead), names file, line and value in its errors,
//! and counts in a [`ReadReport`] what the model could not hold or holds in another form.
//!
//! | Format | Reader | Offsets in the file |
//! |---|---|---|
//! | ACE 2005 as HMEAE gives it | [`read_hmeae`] | tokens, ends inclusive |
//! | MAVEN | [`read_maven`] | tokens of a sentence |
//! | MAVEN-Arg | [`read_maven_arg`] | characters of the document |
//! | OmniEvent's unified form | [`read_unified`] | characters of the text |
//! | DyGIE++ | [`read_dygie_events`] | tokens of the document, ends inclusive |
//! | LitBank | [`read_litbank`], [`read_litbank_tsv`] | characters, or a tag per token |
//! | BioNLP shared tasks (a1 and a2) | [`read_bionlp`] | characters |
//! | any other brat standoff | [`read_standoff`] | characters |
//! | ECB+ | [`read_ecb`] | token ids |

mod document;
mod dygie;
mod ecb;
mod ecb_sentences;
mod hmeae;
mod lines;
mod litbank;
mod maven;
mod maven_arg;
mod maven_submission;
mod output;
mod places;
mod report;
mod segment;
mod sentence_end;
mod standoff;
#[cfg(test)]
mod tests;
mod unified;

pub use document::{
    Entity, EntityMention, Event, EventArgument, EventDocument, EventSentence, Filler, Relation,
    TokenSpan, TriggerMention,
};
pub use dygie::read_dygie_events;
pub use ecb::read_ecb;
pub use ecb_sentences::{EcbSentence, read_ecb_sentences};
pub use hmeae::read_hmeae;
pub use lines::EventReader;
pub use litbank::{read_litbank, read_litbank_tsv};
pub use maven::read_maven;
pub use maven_arg::read_maven_arg;
pub use maven_submission::{
    MavenPrediction, MavenSubmission, maven_submission, write_maven_submission,
};
pub use report::{Loss, LossCount, ReadReport};
pub use segment::{SentenceSplit, TextLayout, Tokenization};
pub use standoff::{StandoffLayout, read_bionlp, read_standoff};
pub use unified::{UnifiedUnit, read_unified, write_unified};
