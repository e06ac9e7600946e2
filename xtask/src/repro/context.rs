//! What a reproduction is given.

use std::path::PathBuf;

use super::{Progress, Settings};
use crate::store::Store;
use crate::systems::Tier;

/// The surroundings of one run.
#[derive(Debug)]
pub struct Context {
    /// How much it may ask for.
    pub tier: Tier,
    /// Name of the device to compute on, as `plm_core::device::parse` takes it.
    pub device: String,
    /// Seeds to run with, in order; never empty.
    pub seeds: Vec<u64>,
    /// Values given with `--set`.
    pub settings: Settings,
    /// The run's own folder for files; it exists.
    pub out: PathBuf,
    /// Root of the checkout, for files that are part of the repository.
    pub root: PathBuf,
    /// Models and data sets.
    pub store: Store,
    /// Progress bars.
    pub progress: Progress,
}
