//! What a reproduction is given.

use std::path::PathBuf;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle};

use super::Settings;
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

/// Progress bars on the terminal; silent where standard error is not one.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    bars: MultiProgress,
}

impl Progress {
    /// A bar of `length` steps under `label`. It disappears when dropped or finished.
    pub fn bar(&self, length: u64, label: &str) -> ProgressBar {
        self.styled(
            length,
            label,
            "{msg:24} {bar:32} {pos}/{len} {elapsed} (left {eta})",
        )
    }

    /// A bar of `length` bytes under `label`.
    pub fn bytes(&self, length: u64, label: &str) -> ProgressBar {
        self.styled(
            length,
            label,
            "{msg:24} {bar:32} {bytes}/{total_bytes} {bytes_per_sec}",
        )
    }

    fn styled(&self, length: u64, label: &str, template: &str) -> ProgressBar {
        let bar = self.bars.add(ProgressBar::new(length));
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("━╸─"));
        }
        bar.set_message(label.to_owned());
        bar
    }
}
