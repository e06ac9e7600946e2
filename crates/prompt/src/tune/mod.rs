//! Prompt tuning: one loop for everything that becomes a prompt.

mod classify;
mod evaluate;
mod history;
mod learn;
mod settings;
mod text;

pub use classify::tune;
pub use evaluate::{Predictions, predict};
pub use learn::Tuned;
pub use settings::{Family, Reduction, TuneSettings};
pub use text::{TextExample, TextSet, tune_text};
