//! Graphs made to measure: small shapes with known answers, and citation-like random graphs.

mod alias;
mod config;
mod edges;
mod sbm;
mod shapes;
mod words;

pub use config::{SbmConfig, WordConfig};
pub use sbm::{Sbm, generate};
pub use shapes::{barbell, complete, path};
