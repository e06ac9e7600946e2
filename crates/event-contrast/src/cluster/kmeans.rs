//! k-means with restarts.

use plm_core::rng::Seed;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::lloyd::Points;
use super::seeding::plus_plus;
use super::{check_clusters, renumber};
use crate::{Error, Result};

/// k-means: Lloyd's iteration from k-means++ centers, several times, the least inertia wins.
///
/// The result depends on the points, the settings and the seed only, not on the number of threads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KMeans {
    /// Runs from different centers (`n_init`).
    pub restarts: usize,
    /// The most iterations of a run.
    pub max_iterations: usize,
    /// What centers are drawn from.
    pub seed: Seed,
}

impl Default for KMeans {
    /// 30 runs of at most 300 iterations.
    fn default() -> Self {
        Self {
            restarts: 30,
            max_iterations: 300,
            seed: Seed::new(0),
        }
    }
}

/// Points in clusters around their means.
#[derive(Debug, Clone, PartialEq)]
pub struct KMeansFit {
    /// The cluster of each point, numbered in the order in which they first occur; none is empty.
    pub labels: Vec<usize>,
    /// The mean of each cluster: `[k, width]`.
    pub centers: Vec<f64>,
    /// The sum of the squared distances of the points from their centers.
    pub inertia: f64,
}

impl KMeans {
    /// Clusters the rows of `points` into `k` clusters.
    ///
    /// # Shapes
    /// - points: `[n, width]`, row after row
    ///
    /// # Errors
    /// [`Error::Core`] where the rows are not whole, a number is not finite or so large that
    /// distances overflow, `k` is 0 or exceeds the number of points, or a setting is 0.
    pub fn fit(&self, points: &[f64], width: usize, k: usize) -> Result<KMeansFit> {
        for (name, value) in [
            ("restarts", self.restarts),
            ("max_iterations", self.max_iterations),
        ] {
            if value == 0 {
                return Err(Error::invalid(name, "0; must be at least 1"));
            }
        }
        if width == 0 || !points.len().is_multiple_of(width) {
            let reason = format!("{} numbers in rows of {width}", points.len());
            return Err(Error::invalid("points", reason));
        }
        // Twice the coordinates, squared and summed over all, must stay finite.
        let limit = (f64::MAX / 4.0 / points.len().max(1) as f64).sqrt();
        if let Some(at) = points
            .iter()
            .position(|value| value.is_nan() || value.abs() >= limit)
        {
            let reason = format!("number {at} is {:?}; must be below {limit:e}", points[at]);
            return Err(Error::invalid("points", reason));
        }
        let points = Points::new(points, width);
        check_clusters(k, points.len())?;
        let runs: Vec<_> = (0..self.restarts)
            .into_par_iter()
            .map(|run| {
                let mut rng = self.seed.at(run as u64).stream("k-means");
                points.lloyd(plus_plus(points, k, &mut rng), self.max_iterations)
            })
            .collect();
        let best = runs
            .into_iter()
            .reduce(|a, b| if b.inertia < a.inertia { b } else { a })
            .ok_or_else(|| Error::invalid("restarts", "0; must be at least 1"))?;
        let labels = renumber(&best.labels);
        let mut centers = vec![0.0; best.centers.len()];
        for (&old, &new) in best.labels.iter().zip(&labels) {
            centers[new * width..(new + 1) * width]
                .copy_from_slice(&best.centers[old * width..(old + 1) * width]);
        }
        Ok(KMeansFit {
            labels,
            centers,
            inertia: best.inertia,
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_best_of_many_runs_is_the_optimum() {
        // Three pairs on a line: the optimum has inertia 3 * 0.02.
        let points = [0.0, 0.2, 4.0, 4.2, 9.0, 9.2];
        for seed in 0..10 {
            let settings = KMeans {
                seed: Seed::new(seed),
                ..KMeans::default()
            };
            let fit = settings.fit(&points, 1, 3).unwrap();
            assert_eq!(fit.labels, [0, 0, 1, 1, 2, 2]);
            assert!((fit.inertia - 0.06).abs() < 1e-12);
            assert!((fit.centers[2] - 9.1).abs() < 1e-12);
        }
    }

    #[test]
    fn coinciding_points_fill_all_clusters() {
        let fit = KMeans::default().fit(&[1.0; 8], 2, 3).unwrap();
        assert_eq!(fit.labels.iter().max(), Some(&2));
        assert_eq!(fit.inertia, 0.0);
    }

    #[test]
    fn threads_do_not_matter() {
        let mut rng = Seed::new(4).rng();
        let points: Vec<f64> = (0..300).map(|_| rand::RngExt::random(&mut rng)).collect();
        let run = |threads| {
            rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap()
                .install(|| KMeans::default().fit(&points, 3, 7).unwrap())
        };
        assert_eq!(run(1), run(3));
    }

    #[test]
    fn faults_are_named() {
        let fit = |points: &[f64], width, k| {
            let result = KMeans::default().fit(points, width, k);
            result.unwrap_err().to_string()
        };
        assert!(fit(&[1.0; 3], 2, 1).contains("3 numbers in rows of 2"));
        assert!(fit(&[1.0, f64::NAN], 1, 1).contains("number 1 is NaN"));
        assert!(fit(&[1e300, -1e300], 1, 1).contains("1e300"));
        assert!(fit(&[1.0; 2], 1, 3).contains("3 of 2 items"));
        assert!(fit(&[1.0; 2], 1, 0).contains("0 of 2 items"));
        assert!(fit(&[], 1, 1).contains("1 of 0 items"));
        let none = KMeans {
            restarts: 0,
            ..KMeans::default()
        };
        assert!(none.fit(&[1.0], 1, 1).is_err());
    }

    proptest! {
        #[test]
        fn no_cluster_is_empty_and_no_point_prefers_another(
            points in prop::collection::vec(-3.0..3.0_f64, 6..40),
            k in 1_usize..6,
        ) {
            let fit = KMeans { restarts: 3, ..KMeans::default() }.fit(&points, 1, k).unwrap();
            let distinct: std::collections::BTreeSet<_> = fit.labels.iter().collect();
            prop_assert_eq!(distinct.len(), k);
            for (point, &label) in points.iter().zip(&fit.labels) {
                let own = (point - fit.centers[label]).abs();
                prop_assert!(fit.centers.iter().all(|c| own <= (point - c).abs() + 1e-9));
            }
        }
    }
}
