//! Sequence-to-sequence translation (HyboNet, arXiv:2105.14686, section 4.2).
//!
//! [`TranslatorConfig`] makes a [`LorentzTranslator`], whose tokens, attention and class scores are all
//! points and distances, or the [`EuclideanTranslator`] of the same sizes to compare it with. Both are
//! [`Translator`]s: [`train`] trains them on [`TokenPair`]s, [`evaluate`] measures them with the
//! reference translation as input, [`BeamSearch`] translates with a cache of keys and values. Texts
//! become tokens by [`Subwords`]; BLEU is [`plm_core::metrics::Bleu`].

mod batch;
mod cached;
mod config;
mod euclidean;
mod evaluate;
mod lorentz;
mod search;
mod subwords;
#[cfg(test)]
mod tests;
mod train;
mod translator;

pub use batch::{TokenPair, TranslationBatch};
pub use config::{SpecialIds, TranslatorConfig};
pub use euclidean::EuclideanTranslator;
pub use evaluate::{Evaluation, evaluate};
pub use lorentz::LorentzTranslator;
pub use search::{BeamSearch, Translation};
pub use subwords::Subwords;
pub use train::{Progress, TrainSettings, train};
pub use translator::Translator;
