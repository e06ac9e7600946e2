//! Training students.

mod amalgamation;
mod classes;
mod distillation;
mod run;
mod settings;

pub use amalgamation::amalgamate;
pub use distillation::distill;
pub use run::FitReport;
pub use settings::{FitSettings, Select};
