//! Students: where they come from, what learns beside them, and how they are written.

mod auxiliary;
mod export;
mod layers;
mod predict;

pub use auxiliary::{Auxiliary, Learner};
pub use export::{ExportReport, export};
pub use layers::{LayerChoice, cut_layers, student_from};
pub use predict::{Prepared, predict};
