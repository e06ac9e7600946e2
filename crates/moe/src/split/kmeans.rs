//! Balanced k-means: clusters of one size around their means.
//!
//! MoEfication (Zhang et al. 2022, arXiv 2110.01786) clusters the input weights of a layer's neurons,
//! on the ground that neurons with similar weights fire together. Its code hands the work to k-means
//! libraries that changed over time, so its clusters cannot be repeated exactly. What is here solves
//! the same problem, the least sum of squared distances from the means, and finds the best assignment
//! in every iteration, not an approximate one.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::points::Points;
use super::seeding::plus_plus;
use super::transport;
use crate::partition::expert_size;
use crate::{Error, Partition, Result};

/// The most iterations of ordinary k-means that a run begins with.
const LLOYD_ITERATIONS: usize = 25;

/// Clusters of equal size by k-means.
///
/// A run draws centers by k-means++, moves them by up to 25 iterations of ordinary k-means, and then
/// repeats two steps until the clusters stay the same: every point goes to a center such that all
/// centers get equally many points and the sum of squared distances is least, and every center
/// becomes its points' mean. The result is the best that any run came by.
///
/// The result depends on the seed and the points only, not on the number of threads. Squared
/// distances are computed in `f32`, which is made for points of about unit length; where the points
/// are further from the origin than from each other by a factor of a thousand and more, digits are
/// lost.
///
/// ```
/// use plm_moe::split::{BalancedKMeans, normalized_rows};
///
/// let w_in = [1.0, 0.1, -2.0, 0.0, 3.0, 0.0, -1.0, 0.1];
/// let rows = normalized_rows(&w_in, 2)?;
/// let clustering = BalancedKMeans::new(1).fit(&rows, 2, 2)?;
/// assert_eq!(clustering.partition.labels(), [0, 1, 0, 1]);
/// # Ok::<(), plm_moe::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BalancedKMeans {
    /// Seed of the random draws.
    pub seed: u64,
    /// Runs from different centers, of which the best is kept.
    pub restarts: usize,
    /// The most balanced iterations of a run.
    pub max_iterations: usize,
    /// A run also ends when an iteration lowers the objective by no more than this share of it.
    pub tolerance: f64,
}

/// Points divided into clusters of equal size.
#[derive(Debug, Clone, PartialEq)]
pub struct Clustering {
    /// The cluster of each point.
    pub partition: Partition,
    /// The mean of each cluster's points, `[clusters, width]`.
    pub centers: Vec<f32>,
    /// Sum of the points' squared distances from their clusters' means.
    pub objective: f64,
    /// Balanced iterations of the run that found it.
    pub iterations: usize,
}

impl BalancedKMeans {
    /// One run of at most 100 iterations, to a relative change of 1e-4.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            restarts: 1,
            max_iterations: 100,
            tolerance: 1e-4,
        }
    }

    /// Divides the rows of a matrix into `experts` clusters of equal size.
    ///
    /// Rows are taken as they are. The paper's code normalizes the input weights beforehand, as
    /// [`normalized_rows`](super::normalized_rows) does.
    ///
    /// # Shapes
    /// - rows: `[n, width]`, row after row
    ///
    /// # Errors
    /// - [`Error::NotFinite`] for a value that is not a finite number, or rows so far out that
    ///   squared distances overflow.
    /// - [`Error::Size`] where the values do not fill rows of `width`.
    /// - [`Error::Uneven`] where the rows are not a multiple of `experts`.
    /// - [`Error::Setting`] for no rows, experts, width, restarts or iterations, or a tolerance that
    ///   is negative or not finite.
    pub fn fit(&self, rows: &[f32], width: usize, experts: usize) -> Result<Clustering> {
        self.check()?;
        let points = Points::new(rows, width)?;
        expert_size(points.len(), experts)?;
        let mut best = self.run(points, experts, 0);
        for restart in 1..self.restarts {
            let run = self.run(points, experts, restart);
            if run.objective < best.objective {
                best = run;
            }
        }
        let partition = Partition::new(&best.labels, experts)?;
        let members = members(partition.labels(), experts);
        let mut centers = vec![0.0; experts * width];
        let objective = update_centers(points, &members, &mut centers);
        Ok(Clustering {
            partition,
            centers,
            objective,
            iterations: best.iterations,
        })
    }

    fn check(&self) -> Result<()> {
        for (name, value) in [
            ("restarts", self.restarts),
            ("max_iterations", self.max_iterations),
        ] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    value: value.to_string(),
                    limit: "must be at least 1",
                });
            }
        }
        if !(self.tolerance >= 0.0 && self.tolerance.is_finite()) {
            return Err(Error::Setting {
                name: "tolerance",
                value: self.tolerance.to_string(),
                limit: "must be a finite number and not negative",
            });
        }
        Ok(())
    }

    fn run(&self, points: Points<'_>, experts: usize, restart: usize) -> Run {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(restart as u64);
        let mut centers = plus_plus(points, experts, &mut rng);
        let mut costs = vec![0.0; points.len() * experts];
        self.lloyd(points, &mut centers, &mut costs);

        let mut best = Run {
            labels: Vec::new(),
            objective: f64::INFINITY,
            iterations: 0,
        };
        let mut prices = vec![0.0; experts];
        for iteration in 1..=self.max_iterations {
            points.costs(&centers, &mut costs);
            let labels = transport::assign(&costs, &mut prices);
            let objective = update_centers(points, &members(&labels, experts), &mut centers);
            let change = best.objective - objective;
            let ended = labels == best.labels || change <= self.tolerance * objective;
            if objective < best.objective {
                (best.labels, best.objective) = (labels, objective);
            }
            best.iterations = iteration;
            if ended {
                break;
            }
        }
        best
    }

    /// Ordinary k-means; a center without points stays where it is.
    fn lloyd(&self, points: Points<'_>, centers: &mut [f32], costs: &mut [f32]) {
        let experts = centers.len() / points.width();
        let mut before = f64::INFINITY;
        for _ in 0..LLOYD_ITERATIONS {
            points.costs(centers, costs);
            let labels: Vec<u32> = costs.par_chunks_exact(experts).map(nearest).collect();
            let objective = update_centers(points, &members(&labels, experts), centers);
            if before - objective <= self.tolerance * objective {
                break;
            }
            before = objective;
        }
    }
}

/// What a run came to.
struct Run {
    labels: Vec<u32>,
    objective: f64,
    iterations: usize,
}

/// The first of the least costs.
fn nearest(costs: &[f32]) -> u32 {
    let mut best = 0;
    for (center, cost) in costs.iter().enumerate() {
        if *cost < costs[best] {
            best = center;
        }
    }
    best as u32
}

/// The points of each cluster, in rising order.
fn members(labels: &[u32], experts: usize) -> Vec<Vec<u32>> {
    let mut members = vec![Vec::new(); experts];
    for (point, &label) in labels.iter().enumerate() {
        members[label as usize].push(point as u32);
    }
    members
}

/// Moves each center to its points' mean and returns the sum of squared distances from the means.
fn update_centers(points: Points<'_>, members: &[Vec<u32>], centers: &mut [f32]) -> f64 {
    let sums: Vec<f64> = centers
        .par_chunks_exact_mut(points.width())
        .zip(members)
        .map(|(center, members)| {
            if members.is_empty() {
                return 0.0;
            }
            let mut mean = vec![0.0_f64; points.width()];
            for &member in members {
                for (sum, &x) in mean.iter_mut().zip(points.point(member as usize)) {
                    *sum += f64::from(x);
                }
            }
            mean.iter_mut().for_each(|sum| *sum /= members.len() as f64);
            for (center, &mean) in center.iter_mut().zip(&mean) {
                *center = mean as f32;
            }
            let squares = members.iter().flat_map(|&member| {
                let point = points.point(member as usize);
                point.iter().zip(&mean).map(|(&x, mean)| {
                    let difference = f64::from(x) - mean;
                    difference * difference
                })
            });
            squares.sum()
        })
        .collect();
    sums.iter().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::{Planted, splitmix64};
    use crate::split::{contiguous, normalized_rows};
    use crate::testing::with_threads;
    use proptest::prelude::*;

    #[test]
    fn a_line_of_points_by_hand() {
        // {0, 1, 2} around 1 and {3, 10, 11} around 8: 2 + 38.
        for seed in 0..20 {
            let rows = [0.0, 1.0, 2.0, 3.0, 10.0, 11.0];
            let clustering = BalancedKMeans::new(seed).fit(&rows, 1, 2).unwrap();
            assert_eq!(clustering.objective, 40.0);
            assert_eq!(clustering.partition.labels(), [0, 0, 0, 1, 1, 1]);
            assert_eq!(clustering.centers, [1.0, 8.0]);
        }
    }

    #[test]
    fn planted_experts_are_found() {
        let layer = Planted::new();
        let w_in: Vec<f32> = layer.w_in.iter().map(|&w| w as f32).collect();
        let rows = normalized_rows(&w_in, 64).unwrap();
        for seed in 0..5 {
            let clustering = BalancedKMeans::new(seed).fit(&rows, 64, 16).unwrap();
            assert_eq!(layer.purity(clustering.partition.labels()), 1.0);
            assert_eq!(clustering.partition.expert_size(), 32);
            let objective = clustering.objective;
            assert!((objective - 124.5892).abs() < 5e-5, "{objective}");
        }
    }

    #[test]
    fn restarts_never_make_it_worse() {
        let rows: Vec<f32> = splitmix64(4)
            .take(400)
            .map(|draw| (draw % 97) as f32)
            .collect();
        let mut method = BalancedKMeans::new(9);
        let one = method.fit(&rows, 2, 20).unwrap();
        method.restarts = 6;
        let six = method.fit(&rows, 2, 20).unwrap();
        assert!(six.objective < one.objective);
    }

    #[test]
    fn threads_do_not_change_the_clusters() {
        let rows: Vec<f32> = splitmix64(5)
            .take(1200 * 7)
            .map(|draw| (draw % 9) as f32)
            .collect();
        let fit = || BalancedKMeans::new(2).fit(&rows, 7, 24).unwrap();
        assert_eq!(with_threads(1, fit), with_threads(2, fit));
    }

    #[test]
    fn single_and_equal_points_work() {
        let method = BalancedKMeans::new(0);
        let rows = [1.0, 5.0, 2.0, 2.0];
        let whole = method.fit(&rows, 1, 1).unwrap();
        assert_eq!((whole.objective, whole.centers), (9.0, vec![2.5]));
        let single = method.fit(&rows, 1, 4).unwrap();
        assert_eq!(single.partition, contiguous(4, 4).unwrap());
        assert_eq!((single.objective, single.centers), (0.0, rows.to_vec()));
        let zeros = method.fit(&[0.0; 300], 3, 20).unwrap();
        assert_eq!((zeros.objective, zeros.partition.expert_size()), (0.0, 5));
    }

    #[test]
    fn bad_input_is_named() {
        let method = BalancedKMeans::new(0);
        let error = method.fit(&[0.0, 1.0, f32::NAN, 3.0], 2, 1).unwrap_err();
        assert!(matches!(
            error,
            Error::NotFinite {
                row: 1,
                column: 0,
                ..
            }
        ));
        let error = method.fit(&[0.0; 6], 2, 2).unwrap_err();
        assert!(matches!(
            error,
            Error::Uneven {
                neurons: 3,
                experts: 2
            }
        ));
        assert!(matches!(
            method.fit(&[0.0; 5], 2, 2),
            Err(Error::Size { .. })
        ));
        let settings = [(0, 1, 0.0), (1, 0, 0.0), (1, 1, -1.0), (1, 1, f64::NAN)];
        for (restarts, max_iterations, tolerance) in settings {
            let method = BalancedKMeans {
                seed: 0,
                restarts,
                max_iterations,
                tolerance,
            };
            assert!(matches!(
                method.fit(&[0.0], 1, 1),
                Err(Error::Setting { .. })
            ));
        }
        for (rows, width, experts) in [(&[][..], 1, 1), (&[0.0], 0, 1), (&[0.0], 1, 0)] {
            let error = method.fit(rows, width, experts).unwrap_err();
            assert!(matches!(error, Error::Setting { .. }));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn clusters_are_even_and_as_good_as_they_say(
            experts in 1_usize..12,
            size in 1_usize..40,
            width in 1_usize..6,
            // Few values give rows of zeros and rows that are equal.
            values in 1_u64..6,
            normalize in any::<bool>(),
            seed in any::<u64>(),
        ) {
            let count = experts * size * width;
            let mut rows: Vec<f32> = splitmix64(seed).take(count)
                .map(|draw| (draw % values) as f32 - (values / 2) as f32).collect();
            if normalize {
                rows = normalized_rows(&rows, width).unwrap();
            }
            let clustering = BalancedKMeans::new(seed).fit(&rows, width, experts).unwrap();
            prop_assert_eq!(clustering.partition.expert_size(), size);
            let mut objective = 0.0;
            for (row, &label) in rows.chunks(width).zip(clustering.partition.labels()) {
                for (x, c) in row.iter().zip(&clustering.centers[label as usize * width..]) {
                    objective += f64::from(x - c).powi(2);
                }
            }
            let difference = (objective - clustering.objective).abs();
            prop_assert!(difference <= 1e-5 * (1.0 + objective));
            prop_assert_eq!(BalancedKMeans::new(seed).fit(&rows, width, experts).unwrap(), clustering);
        }
    }
}
