//! Which path to take, decided by measuring.

use std::time::Instant;

use plm_core::kernel::Activation;

use crate::{Result, Selection};

use super::layer::{ExpertFfn, Path};

/// Most tokens for which paths that handle tokens one by one are tried.
const FEW_TOKENS: usize = 8;

/// Time of a path, relative to the layer with all its neurons, above which that layer is taken.
const DENSE_FROM: f64 = 1.1;

/// What the time of a path depends on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Situation {
    /// Tokens, rounded up to a power of 2.
    pub tokens: usize,
    /// Experts of a token on average, rounded up.
    pub chosen: usize,
    /// Neurons of an expert.
    pub expert_size: usize,
    /// Width of inputs and outputs.
    pub hidden_size: usize,
    /// Number of neurons.
    pub neurons: usize,
    /// Whether there is a gate.
    pub gated: bool,
    /// The activation.
    pub activation: Activation,
}

impl Situation {
    /// That of `layer` with `selection`.
    pub fn of(layer: &ExpertFfn, selection: &Selection) -> Self {
        Self {
            tokens: selection.tokens().next_power_of_two(),
            chosen: selection.mean_chosen().ceil() as usize,
            expert_size: layer.expert_size(),
            hidden_size: layer.hidden_size(),
            neurons: layer.neurons(),
            gated: layer.weights().w_gate.is_some(),
            activation: layer.weights().activation,
        }
    }

    /// The paths that are worth a measurement, of those that compute the selection.
    pub fn eligible(&self) -> Vec<Path> {
        let fits = |path: &Path| match path {
            Path::Masked => true,
            Path::Fused => self.tokens <= FEW_TOKENS,
            Path::Union => (2..=FEW_TOKENS).contains(&self.tokens),
            Path::Grouped => self.tokens >= 2,
            Path::Dense => false,
        };
        Path::ALL.into_iter().filter(fits).collect()
    }
}

/// How long a path took.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// The path.
    pub path: Path,
    /// The median, in seconds.
    pub seconds: f64,
}

/// What was measured in a situation, and what follows.
#[derive(Debug, Clone, PartialEq)]
pub struct Decision {
    /// The situation.
    pub situation: Situation,
    /// Median of the layer with all its neurons, in seconds.
    pub dense_seconds: f64,
    /// Medians of the eligible paths.
    pub timings: Vec<Timing>,
    /// The path to take.
    pub path: Path,
}

impl Decision {
    /// Takes the fastest path; with `dense`, [`Path::Dense`] where that path takes more than 1.1 times
    /// `dense_seconds`.
    ///
    /// [`Path::Masked`] is among the timings. It computes the whole layer, as the dense one does, but
    /// keeps the meaning of the selection: without `dense`, its time is the true price of falling back.
    pub fn from_timings(
        situation: Situation,
        dense_seconds: f64,
        timings: Vec<Timing>,
        dense: bool,
    ) -> Self {
        let fastest = timings
            .iter()
            .min_by(|a, b| a.seconds.total_cmp(&b.seconds));
        let path = match fastest {
            Some(timing) if dense && timing.seconds > DENSE_FROM * dense_seconds => Path::Dense,
            Some(timing) => timing.path,
            None => Path::Masked,
        };
        Self {
            situation,
            dense_seconds,
            timings,
            path,
        }
    }

    /// Time of the chosen path relative to the layer with all its neurons: 1 for [`Path::Dense`]. Above
    /// 1, choosing experts costs time instead of saving it.
    pub fn relative_time(&self) -> f64 {
        if self.path == Path::Dense {
            return 1.0;
        }
        let mut timings = self.timings.iter();
        let chosen = timings.find(|timing| timing.path == self.path);
        chosen.map_or(f64::NAN, |timing| timing.seconds / self.dense_seconds)
    }
}

/// Picks the fastest path for each situation, measuring each once, and the whole layer where no path is
/// worth it ([`Self::dense`]).
///
/// Measured are the paths against [`ExpertFfn::dense`], on the inputs that a situation is first met with.
/// What it takes to choose the experts, router and policy, is not: a path that is taken can, with them,
/// be slower than the whole layer.
///
/// Paths agree to rounding only, and [`Path::Dense`] leaves nothing out, so results that must be equal
/// to the last bit from run to run need [`Planner::fixed`], or the [`Self::decisions`] of an earlier
/// run.
#[derive(Debug, Clone, PartialEq)]
pub struct Planner {
    /// The path that is always taken, without any measurement and whatever `dense` says.
    pub fixed: Option<Path>,
    /// Whether [`Path::Dense`] may be taken: where the fastest path takes more than 1.1 times as long
    /// as the layer with all its neurons. Outputs are those of the whole layer there, closer to the
    /// original model and faster. False for results that must be those of the selection; decisions for
    /// [`Path::Dense`] do not count then.
    pub dense: bool,
    /// How often each path is run to measure it, after one run that does not count.
    pub repetitions: usize,
    /// What was decided so far.
    pub decisions: Vec<Decision>,
}

impl Default for Planner {
    fn default() -> Self {
        Self {
            fixed: None,
            dense: true,
            repetitions: 5,
            decisions: Vec::new(),
        }
    }
}

impl Planner {
    /// Always takes `path`.
    pub fn fixed(path: Path) -> Self {
        Self {
            fixed: Some(path),
            ..Self::default()
        }
    }

    /// The path for a situation, if it is fixed or was measured.
    pub fn known(&self, situation: &Situation) -> Option<Path> {
        let mut decisions = self.decisions.iter();
        let path = || {
            let decided = decisions.find(|decision| {
                let allowed = self.dense || decision.path != Path::Dense;
                allowed && decision.situation == *situation
            });
            decided.map(|decision| decision.path)
        };
        self.fixed.or_else(path)
    }

    /// The path for these inputs; measures the layer on them if their situation is new.
    ///
    /// # Shapes
    /// - x: `[T, d]`
    ///
    /// # Errors
    /// Those of [`ExpertFfn::run`].
    pub fn plan(&mut self, layer: &ExpertFfn, x: &[f32], selection: &Selection) -> Result<Path> {
        let situation = Situation::of(layer, selection);
        if let Some(path) = self.known(&situation) {
            return Ok(path);
        }
        let decision = self.measure(layer, x, selection)?;
        Ok(self.keep(decision))
    }

    /// Adds a decision unless its situation is known already, and returns the path to take there.
    pub(crate) fn keep(&mut self, decision: Decision) -> Path {
        self.known(&decision.situation).unwrap_or_else(|| {
            let path = decision.path;
            self.decisions.push(decision);
            path
        })
    }

    /// Measures the layer on these inputs.
    ///
    /// # Shapes and errors
    /// As [`Self::plan`].
    pub(crate) fn measure(
        &self,
        layer: &ExpertFfn,
        x: &[f32],
        selection: &Selection,
    ) -> Result<Decision> {
        let situation = Situation::of(layer, selection);
        let paths = situation.eligible();
        let mut dense = Vec::new();
        let mut times = vec![Vec::new(); paths.len()];
        // Rounds over all paths, so that a change of the machine's load hits all alike.
        for round in 0..=self.repetitions.max(1) {
            let start = Instant::now();
            layer.dense(x)?;
            let dense_seconds = start.elapsed().as_secs_f64();
            if round > 0 {
                dense.push(dense_seconds);
            }
            for (path, times) in paths.iter().zip(&mut times) {
                let start = Instant::now();
                layer.run(*path, x, selection, None)?;
                if round > 0 {
                    times.push(start.elapsed().as_secs_f64());
                }
            }
        }
        let timing = |(&path, times)| Timing {
            path,
            seconds: median(times),
        };
        let timings = paths.iter().zip(times).map(timing).collect();
        Ok(Decision::from_timings(
            situation,
            median(dense),
            timings,
            self.dense,
        ))
    }

    /// The chosen experts, or all of them, by the path of [`Self::plan`].
    ///
    /// # Shapes
    /// - x: `[T, d]`
    /// - result: `[T, d]`
    ///
    /// # Errors
    /// Those of [`ExpertFfn::run`].
    pub fn run(&mut self, layer: &ExpertFfn, x: &[f32], selection: &Selection) -> Result<Vec<f32>> {
        let path = self.plan(layer, x, selection)?;
        layer.run(path, x, selection, None)
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn situation(tokens: usize) -> Situation {
        Situation {
            tokens,
            chosen: 2,
            expert_size: 32,
            hidden_size: 64,
            neurons: 512,
            gated: false,
            activation: Activation::Relu,
        }
    }

    /// The decision where the dense layer takes 2 seconds.
    fn decide(seconds: [f64; 4], dense: bool) -> Decision {
        let timings = Path::ALL.into_iter().zip(seconds);
        let timings = timings.map(|(path, seconds)| Timing { path, seconds });
        Decision::from_timings(situation(4), 2.0, timings.collect(), dense)
    }

    #[test]
    fn the_fastest_path_wins() {
        for dense in [false, true] {
            let decision = decide([2.1, 1.0, 0.5, 1.2], dense);
            assert_eq!(decision.path, Path::Union);
            assert_eq!(decision.relative_time(), 0.25);
            assert_eq!(decide([2.1, 2.4, 2.3, 2.2], dense).path, Path::Masked);
        }
    }

    #[test]
    fn the_whole_layer_is_taken_where_all_paths_are_slower() {
        let decision = decide([3.1, 3.0, 4.0, 3.2], true);
        assert_eq!(decision.path, Path::Dense);
        assert_eq!(decision.relative_time(), 1.0);
        let decision = decide([3.1, 3.0, 4.0, 3.2], false);
        assert_eq!(decision.path, Path::Fused);
        assert_eq!(decision.relative_time(), 1.5);
        assert_eq!(decide([3.0, 3.1, 4.0, 3.2], false).path, Path::Masked);
    }

    #[test]
    fn planners_that_keep_the_selection_know_no_dense_decisions() {
        let mut planner = Planner::default();
        assert_eq!(planner.keep(decide([3.0; 4], true)), Path::Dense);
        assert_eq!(planner.known(&situation(4)), Some(Path::Dense));
        planner.dense = false;
        assert_eq!(planner.known(&situation(4)), None);
        assert_eq!(planner.keep(decide([3.0; 4], false)), Path::Masked);
        assert_eq!(planner.known(&situation(4)), Some(Path::Masked));
        assert_eq!(planner.decisions.len(), 2);
    }

    #[test]
    fn paths_fit_the_number_of_tokens() {
        assert_eq!(situation(1).eligible(), [Path::Masked, Path::Fused]);
        assert_eq!(situation(4).eligible(), Path::ALL);
        assert_eq!(situation(64).eligible(), [Path::Masked, Path::Grouped]);
    }
}
