//! Benchmarks: ours and a peer's, taken in turns in one run.
//!
//! A shared machine is fast at one moment and slow at the next. So the two sides alternate, sample
//! by sample, and what counts is their ratio.

#[cfg(feature = "repro")]
mod backdoor;
#[cfg(feature = "repro")]
mod core;
#[cfg(feature = "repro")]
mod distill;
#[cfg(feature = "repro")]
mod event_contrast;
#[cfg(feature = "repro")]
mod graph_imbalance;
#[cfg(feature = "repro")]
mod heap;
#[cfg(feature = "repro")]
mod ids;
#[cfg(feature = "repro")]
mod ie_markers;
#[cfg(feature = "repro")]
mod lorentz;
#[cfg(feature = "repro")]
mod moe;
mod peer;
#[cfg(feature = "repro")]
mod pretrain;
#[cfg(feature = "repro")]
mod prompt;
mod record;
pub mod registry;
mod run;

pub use peer::Peer;
pub use record::{Measured, Record, Side};
pub use run::{Case, Context, Plan, measure, peak_memory, peak_memory_while, run};
