//! Reproductions, assets, benchmarks and checks of the workspace.
//!
//! The default build is light: it parses arguments, keeps the asset store, writes reports and runs
//! the project's checks. Verbs that need the models run themselves again as a release build with
//! the feature `repro` (see [`rerun`]).

pub mod bench;
pub mod check;
pub mod cli;
pub mod pretrain;
pub mod report;
pub mod repro;
pub mod rerun;
pub mod serve;
pub mod store;
pub mod systems;
pub mod workspace;
