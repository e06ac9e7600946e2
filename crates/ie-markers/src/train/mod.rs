//! Training on prepared examples.

mod examples;
mod fit;
mod learner;
mod settings;
#[cfg(test)]
mod tests;

pub use examples::{Labeled, LabeledRelations};
pub use fit::{Score, fit};
pub use learner::{Learner, Objective};
pub use settings::FitSettings;
