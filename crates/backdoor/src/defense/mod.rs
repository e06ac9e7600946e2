//! Defenses against backdoored text classifiers.
//!
//! | defense | looks at | cost of an input |
//! |---|---|---|
//! | RAP, [`rap`] | the drop of the protected class's probability under a rare word | 2 passes |
//! | STRIP, [`strip`] | the entropy of predictions on copies with foreign words | `copies + 1` passes |
//! | ONION, [`onion`] | the perplexity without each word | 1 or 2 passes, and a language model's over each word |
//! | BKI, [`bki`] | the pooled state without each word, on the training set | one pass over each word, once |

pub mod bki;
mod hinge;
pub mod onion;
pub mod rap;
pub mod strip;

pub use hinge::{DropSummary, HingeObjective};
