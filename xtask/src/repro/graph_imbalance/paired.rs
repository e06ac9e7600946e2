//! Runs with and without ReNode in pairs, over splits and initializations.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::Result;
use indicatif::ProgressBar;
use plm_core::rng::Seed;
use plm_graph_imbalance::model::NetworkConfig;
use plm_graph_imbalance::split::Split;
use plm_graph_imbalance::train::NodeScores;

use super::problem::{Method, Problem, Run};
use crate::repro::{Check, ENOUGH_SEEDS, Op, Outcome, Row};

/// A measure of a run.
pub(super) type Measure = fn(&NodeScores) -> f64;

/// Runs of two methods on the same splits from the same initializations.
pub(super) struct Paired {
    /// Without ReNode: `[splits][inits]`.
    pub(super) without: Vec<Vec<Run>>,
    /// With it, the same.
    pub(super) with: Vec<Vec<Run>>,
}

/// A mean difference and its standard error.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gain {
    /// In percentage points.
    pub(super) mean: f64,
    /// Over the means of splits, which alone are independent; not a number for one split.
    pub(super) standard_error: f64,
    /// Share of splits that gain.
    pub(super) wins: f64,
}

/// Trains `network` with `method` and with `method` and ReNode on every split from every seed.
pub(super) fn paired(
    problem: &Problem,
    network: &NetworkConfig,
    method: Method,
    splits: &[Split],
    seeds: &[u64],
    bar: &ProgressBar,
) -> Result<Paired> {
    // They depend on the split alone, not on the network's first weights.
    let weights = in_threads(splits, |split| problem.weights(split))?;
    let jobs: Vec<(bool, usize, usize)> = (0..splits.len())
        .flat_map(|split| (0..seeds.len()).map(move |init| (split, init)))
        .flat_map(|(split, init)| [(false, split, init), (true, split, init)])
        .collect();
    let runs = in_threads(&jobs, |&(renode, split, init)| {
        // Other first weights on every split: else one lucky draw would count for all of them.
        let seed = Seed::new(seeds[init]).child(&problem.name).at(split as u64);
        let weights = renode.then_some(weights[split].as_slice());
        let run = problem.train(network, &method, &splits[split], weights, seed);
        bar.inc(1);
        run
    })?;
    let mut without = vec![Vec::new(); splits.len()];
    let mut with = without.clone();
    for ((renode, split, _), run) in jobs.into_iter().zip(runs) {
        let side = if renode { &mut with } else { &mut without };
        side[split].push(run);
    }
    Ok(Paired { without, with })
}

/// `work` on every job, in order of the jobs, as many at once as there are threads: the graphs are too
/// small for one run to keep a second core busy.
pub(super) fn in_threads<J: Sync, T: Send>(
    jobs: &[J],
    work: impl Fn(&J) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<Result<T>>>> = Mutex::new(jobs.iter().map(|_| None).collect());
    let threads = crate::workspace::threads();
    thread::scope(|scope| {
        for _ in 0..threads.min(jobs.len()) {
            scope.spawn(|| {
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    let Some(job) = jobs.get(at) else { break };
                    let result = work(job);
                    let failed = result.is_err();
                    if let Ok(mut results) = results.lock() {
                        results[at] = Some(result);
                    }
                    if failed {
                        next.store(jobs.len(), Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let results = results
        .into_inner()
        .map_err(|_| anyhow::anyhow!("a run panicked"))?;
    // A failure leaves later jobs undone: it comes first.
    let (done, undone): (Vec<_>, Vec<_>) = results.into_iter().partition(Option::is_some);
    let done: Vec<T> = done.into_iter().flatten().collect::<Result<_>>()?;
    anyhow::ensure!(undone.is_empty(), "{} runs were not made", undone.len());
    Ok(done)
}

impl Paired {
    /// A figure without and with ReNode over all runs, under `id` and `id.renode`.
    pub(super) fn rows(&self, id: &str, metric: &str, measure: Measure) -> [Row; 2] {
        let values = |side: &[Vec<Run>]| -> Vec<f64> {
            let runs = side.iter().flatten();
            runs.map(|run| measure(&run.test)).collect()
        };
        [
            Row::over_seeds(id, metric, &values(&self.without)),
            Row::over_seeds(format!("{id}.renode"), metric, &values(&self.with)),
        ]
    }

    /// What ReNode adds.
    pub(super) fn gain(&self, measure: Measure) -> Gain {
        let mean = |runs: &[Run]| {
            let sum: f64 = runs.iter().map(|run| measure(&run.test)).sum();
            sum / runs.len() as f64
        };
        let pairs = self.without.iter().zip(&self.with);
        let gains: Vec<f64> = pairs
            .map(|(without, with)| 100.0 * (mean(with) - mean(without)))
            .collect();
        Gain::of(&gains)
    }

    /// The mean of each split without ReNode.
    pub(super) fn split_means(&self, measure: Measure) -> Vec<f64> {
        let mean = |runs: &Vec<Run>| {
            let sum: f64 = runs.iter().map(|run| measure(&run.test)).sum();
            sum / runs.len() as f64
        };
        self.without.iter().map(mean).collect()
    }

    /// Mean epochs of a run.
    pub(super) fn epochs(&self) -> f64 {
        let all = || self.without.iter().chain(&self.with).flatten();
        all().map(|run| run.epochs as f64).sum::<f64>() / all().count() as f64
    }
}

impl Gain {
    /// Of one gain a split, in points.
    pub(super) fn of(gains: &[f64]) -> Self {
        let count = gains.len() as f64;
        let mean = gains.iter().sum::<f64>() / count;
        let squares: f64 = gains.iter().map(|gain| (gain - mean).powi(2)).sum();
        Self {
            mean,
            standard_error: (squares / (count - 1.0) / count).sqrt(),
            wins: gains.iter().filter(|&&gain| gain > 0.0).count() as f64 / count,
        }
    }

    /// The mean less twice its standard error.
    pub(super) fn least(self) -> f64 {
        self.mean - 2.0 * self.standard_error
    }

    /// The figure as a row; its deviation is the standard error.
    pub(super) fn row(self, id: impl Into<String>, metric: &str) -> Row {
        let mut row = Row::new(id, metric, self.mean);
        row.std = self
            .standard_error
            .is_finite()
            .then_some(self.standard_error);
        row
    }
}

/// That the mean of `values`, one a split, is above `bound` by more than twice its standard error; a row
/// where there are too few of them.
pub(super) fn claim(outcome: &mut Outcome, id: &str, metric: &str, values: &[f64], bound: f64) {
    if values.len() < ENOUGH_SEEDS {
        outcome.rows.push(Row::over_seeds(id, metric, values));
        return;
    }
    let least = Gain::of(values).least();
    outcome.checks.push(Check::new(id, least, Op::Gt, bound));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_come_back_in_order_and_a_failure_comes_first() {
        let jobs: Vec<usize> = (0..50).collect();
        let squares = in_threads(&jobs, |&job| Ok(job * job)).unwrap();
        assert_eq!(squares[49], 49 * 49);
        let error = in_threads(&jobs, |&job| {
            anyhow::ensure!(job != 3, "job {job} failed");
            Ok(())
        })
        .unwrap_err();
        assert!(error.to_string().contains("job 3"), "{error}");
    }

    #[test]
    fn gains_by_hand() {
        // Mean 1; deviations -1, 0, 1, so variance 1 and standard error 1/√3.
        let gain = Gain::of(&[0.0, 1.0, 2.0]);
        assert_eq!(gain.mean, 1.0);
        assert!((gain.standard_error - 3.0_f64.sqrt().recip()).abs() < 1e-12);
        assert!((gain.wins - 2.0 / 3.0).abs() < 1e-12);
        assert!((gain.least() - (1.0 - 2.0 / 3.0_f64.sqrt())).abs() < 1e-12);
        assert!(Gain::of(&[1.0]).row("g", "points").std.is_none());
    }

    #[test]
    fn claims_leave_room_for_two_standard_errors() {
        let mut outcome = Outcome::default();
        // Both means are 1; two standard errors are 1.15 and 0.12.
        claim(&mut outcome, "wide", "points", &[0.0, 1.0, 2.0], 0.0);
        claim(&mut outcome, "narrow", "points", &[0.9, 1.0, 1.1], 0.0);
        claim(&mut outcome, "few", "points", &[1.0, 1.0], 0.0);
        let passed: Vec<bool> = outcome.checks.iter().map(Check::pass).collect();
        assert_eq!(passed, [false, true]);
        assert_eq!(
            (outcome.rows.len(), outcome.rows[0].id.as_str()),
            (1, "few")
        );
    }
}
