//! ONION (Qi et al., EMNLP 2021; baseline of arXiv 2110.07831): words that a language model finds out
//! of place are deleted before the classifier sees a text.
//!
//! The suspicion of word `i` of a text `x` is `f_i = perplexity(x) - perplexity(x without i)`. Words
//! with `f_i >= t` are deleted. Labels are classes of the largest probability.
//!
//! Perplexities come from any [`Perplexity`](crate::Perplexity); the papers use GPT-2.

mod calibrate;
mod evaluate;
mod filter;
mod relabel;
mod settings;
mod suspicion;
mod sweep;
#[cfg(test)]
mod toy;

pub use calibrate::{PERCENTILES, PercentileThreshold, percentile_thresholds};
pub use evaluate::{OnionRates, evaluate};
pub use filter::purify;
pub use relabel::Examined;
pub use settings::OnionSettings;
pub use suspicion::{Examination, Suspicion, suspicions};
pub use sweep::{Sweep, SweepPoint, sweep};
