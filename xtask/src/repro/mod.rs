//! Reproductions: what a run gets, what it gives back, and the loop around it.
//!
//! A reproduction is a function from a [`Context`] to an [`Outcome`]. [`run()`] finds it in the
//! [`registry`], makes sure that its assets are there, times it and writes the report.

#[cfg(feature = "repro")]
mod amalgamate;
#[cfg(feature = "repro")]
mod backdoor;
#[cfg(feature = "repro")]
mod bounds;
#[cfg(feature = "repro")]
mod classify;
mod context;
#[cfg(feature = "repro")]
mod core;
#[cfg(feature = "repro")]
mod distill;
#[cfg(feature = "repro")]
mod event_contrast;
#[cfg(feature = "repro")]
pub(crate) mod graph_imbalance;
#[cfg(feature = "repro")]
mod ie_markers;
#[cfg(feature = "repro")]
pub(crate) mod lorentz;
#[cfg(feature = "repro")]
mod moe;
mod needs;
#[cfg(feature = "repro")]
mod opinions;
mod outcome;
mod processes;
mod progress;
#[cfg(feature = "repro")]
mod prompt;
#[cfg(feature = "repro")]
mod prompt_subspace;
pub mod registry;
mod run;
mod settings;
#[cfg(feature = "repro")]
mod tasks;
mod terminal;
#[cfg(feature = "repro")]
mod things;

pub use context::Context;
pub use outcome::{Check, ENOUGH_SEEDS, Op, Outcome, Row, Table, Text};
pub use progress::Progress;
pub use run::{Request, list, run};
pub use settings::Settings;
