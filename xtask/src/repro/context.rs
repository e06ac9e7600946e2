//! What a reproduction is given.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

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

/// Least time between two lines where standard error is no terminal.
const BETWEEN_LINES: Duration = Duration::from_secs(30);

/// Progress bars on the terminal. Where standard error is none, a line now and then says what has begun.
#[derive(Debug, Clone, Default)]
pub struct Progress {
    bars: MultiProgress,
    last_line: Arc<Mutex<Option<Instant>>>,
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
        if !std::io::stderr().is_terminal() && self.line_is_due(Instant::now()) {
            eprintln!("  {label} …");
        }
        bar
    }

    /// Whether the last line is long enough ago; if so, one is printed at `now`.
    fn line_is_due(&self, now: Instant) -> bool {
        let Ok(mut last) = self.last_line.lock() else {
            return false;
        };
        let due = last.is_none_or(|last| now.duration_since(last) >= BETWEEN_LINES);
        if due {
            *last = Some(now);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_now_and_then() {
        let progress = Progress::default();
        let start = Instant::now();
        let seconds = [0, 1, 29, 30, 45, 61];
        let due = seconds.map(|at| progress.line_is_due(start + Duration::from_secs(at)));
        assert_eq!(due, [true, false, false, true, false, true]);
    }
}
