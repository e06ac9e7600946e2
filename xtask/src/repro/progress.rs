//! How far long work is, for people.

use std::fmt;
use std::io::IsTerminal as _;
use std::sync::{Arc, Mutex, OnceLock};
use std::thread;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressStyle, WeakProgressBar};

/// Time between two reports where standard error is no terminal.
const BETWEEN_REPORTS: Duration = Duration::from_secs(60);

/// Progress bars on the terminal. Where standard error is none, a line for each now and then.
#[derive(Clone, Default)]
pub struct Progress {
    bars: MultiProgress,
    /// The bars that lines are printed of.
    live: Arc<Mutex<Vec<WeakProgressBar>>>,
    /// Set when the thread that prints them runs.
    reporter: Arc<OnceLock<()>>,
}

impl fmt::Debug for Progress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { bars, .. } = self;
        f.debug_struct("Progress")
            .field("bars", bars)
            .finish_non_exhaustive()
    }
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
        if !std::io::stderr().is_terminal() {
            self.follow(&bar);
            self.reporter.get_or_init(|| self.report());
        }
        bar
    }

    fn follow(&self, bar: &ProgressBar) {
        if let Ok(mut live) = self.live.lock() {
            live.push(bar.downgrade());
        }
    }

    /// Starts the thread that prints lines; it ends some time after the last copy of this value.
    fn report(&self) {
        let live = Arc::downgrade(&self.live);
        thread::spawn(move || {
            loop {
                thread::sleep(BETWEEN_REPORTS);
                let Some(live) = live.upgrade() else {
                    return;
                };
                for line in lines(&live) {
                    eprintln!("{line}");
                }
            }
        });
    }
}

/// How far each bar is that is still there; the others are forgotten.
fn lines(live: &Mutex<Vec<WeakProgressBar>>) -> Vec<String> {
    let Ok(mut live) = live.lock() else {
        return Vec::new();
    };
    let mut lines = Vec::new();
    live.retain(|bar| {
        let Some(bar) = bar.upgrade().filter(|bar| !bar.is_finished()) else {
            return false;
        };
        lines.push(format!(
            "  {}: {} of {} after {} s",
            bar.message(),
            bar.position(),
            bar.length().unwrap_or_default(),
            bar.elapsed().as_secs()
        ));
        true
    });
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_say_how_far_bars_are_until_they_end() {
        let progress = Progress::default();
        let outer = progress.bar(3, "seeds");
        let inner = progress.bar(10, "steps");
        progress.follow(&outer);
        progress.follow(&inner);
        outer.inc(1);
        inner.inc(7);
        let told = lines(&progress.live);
        assert!(
            told.contains(&"  seeds: 1 of 3 after 0 s".to_owned()),
            "{told:?}"
        );
        assert!(
            told.contains(&"  steps: 7 of 10 after 0 s".to_owned()),
            "{told:?}"
        );
        inner.finish_and_clear();
        drop(outer);
        assert_eq!(lines(&progress.live), Vec::<String>::new());
    }
}
