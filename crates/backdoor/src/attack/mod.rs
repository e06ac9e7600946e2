//! The text side of published backdoor attacks, re-created to evaluate defenses.
//!
//! An attack is a plain record of its settings. Run on clean data it gives a poisoned data set with
//! the [`Manifest`](crate::manifest::Manifest) from which the same texts can be made again.
//!
//! | attack | data |
//! |---|---|
//! | BadNets with a word or a sentence (RW, SL) | [`Poison::bad_net_word`], [`Poison::bad_net_sentence`] |
//! | EP, embedding poisoning | [`Poison::embedding`] |
//! | DFEP, the same without data | [`FakeTexts`], [`DataFree`] |
//! | SOS | [`Sos`] |
//! | RIPPLe, LWP | [`Poison`] |
//! | RIPPLES, embedding surgery | [`Poison`], [`surgery`] |
//! | poisoned test set of all | [`Evaluation`] |

mod data_free;
mod evaluation;
mod insertion;
mod occurrences;
mod plan;
mod poison;
mod position;
mod select;
mod sos;
pub mod surgery;
#[cfg(test)]
mod tests;
mod trigger;

pub(crate) use insertion::{Edit, Entry, Operation};
pub(crate) use plan::Plan;

pub use data_free::{DataFree, FakeTexts};
pub use evaluation::{Evaluation, Purpose};
pub use occurrences::{Occurrences, occurrences};
pub use plan::{Attack, PoisonedSet};
pub use poison::{Mixture, Poison, PoisonSetting};
pub use position::Position;
pub use sos::Sos;
pub use trigger::{
    ADD_SENT_SENTENCE, MOVIE_SENTENCE, MOVIE_WORDS, RARE_WORDS, REVIEW_FALSE_TRIGGERS,
    REVIEW_SENTENCE, REVIEW_WORDS, Trigger, WordChoice,
};
