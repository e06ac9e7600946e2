//! Personalized PageRank by power iteration.

use rayon::prelude::*;

use super::diffusion::Diffusion;
use super::solver::{PprSolver, by_columns};
use crate::{Error, Result};

/// The most steps that are taken for an error bound.
const STEP_LIMIT: f64 = 1e5;

/// X ← (1 − α) Â X + α B from X = B: the propagation of APPNP (Gasteiger et al. 2019, equation 4)
/// until it stands still.
///
/// After t steps the error of each column is at most (1 − α)^t times the column's Euclidean length.
/// At α = 0.15 that is 3e-4 for 50 steps and 9e-8 for 100. Time is steps × edges × width; besides the
/// result three blocks of eight columns are held.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PowerPpr(Stop);

#[derive(Debug, Clone, Copy, PartialEq)]
enum Stop {
    Steps(usize),
    Tolerance(f64),
}

impl PowerPpr {
    /// Exactly `steps` steps.
    pub fn steps(steps: usize) -> Self {
        Self(Stop::Steps(steps))
    }

    /// As many steps as bring the bound on the error, (1 − α)^t, down to `tolerance`.
    ///
    /// # Errors
    /// [`Error::Core`] where `tolerance` is not in (0, 1).
    pub fn tolerance(tolerance: f64) -> Result<Self> {
        if !(tolerance > 0.0 && tolerance < 1.0) {
            return Err(Error::config(
                "PowerPpr",
                "tolerance",
                format!("is {tolerance}, must be in (0, 1)"),
            ));
        }
        Ok(Self(Stop::Tolerance(tolerance)))
    }

    fn count(self, teleport: f64) -> Result<usize> {
        match self.0 {
            Stop::Steps(steps) => Ok(steps),
            Stop::Tolerance(_) if teleport == 1.0 => Ok(1),
            Stop::Tolerance(tolerance) => {
                let steps = (tolerance.ln() / (-teleport).ln_1p()).ceil();
                if steps > STEP_LIMIT {
                    return Err(Error::config(
                        "PowerPpr",
                        "tolerance",
                        format!(
                            "{tolerance:e} needs {steps:.0} steps at teleport {teleport}, at most {STEP_LIMIT:.0}"
                        ),
                    ));
                }
                Ok(steps as usize)
            }
        }
    }
}

impl PprSolver for PowerPpr {
    fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>> {
        let teleport = diffusion.teleport();
        let steps = self.count(teleport)?;
        by_columns(diffusion, rhs, width, |rhs, width| {
            let mut x = rhs.clone();
            let mut next = vec![0.0; rhs.len()];
            for _ in 0..steps {
                diffusion
                    .split(&mut next, width)
                    .into_par_iter()
                    .zip(diffusion.tasks())
                    .for_each(|(next, rows)| {
                        diffusion.propagate_rows(rows.clone(), &x, width, next);
                        let rhs = &rhs[rows.start * width..rows.end * width];
                        for (next, rhs) in next.iter_mut().zip(rhs) {
                            *next = (1.0 - teleport) * *next + teleport * rhs;
                        }
                    });
                std::mem::swap(&mut x, &mut next);
            }
            Ok(x)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::graph::Adjacency;

    #[test]
    fn one_step_by_hand() {
        // Two nodes and an edge: Â is 1/2 everywhere, so one step from (1, 0) gives
        // 0.85 · (1/2, 1/2) + 0.15 · (1, 0).
        let graph = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let x = PowerPpr::steps(1)
            .solve(&diffusion, &[1.0, 0.0], 1)
            .unwrap();
        assert!((x[0] - 0.575).abs() < 1e-15 && (x[1] - 0.425).abs() < 1e-15);
    }

    #[test]
    fn tolerances_become_steps() {
        let count = |tolerance, teleport| PowerPpr::tolerance(tolerance).unwrap().count(teleport);
        // ln 1e-8 / ln 0.85 = 113.3
        assert_eq!(count(1e-8, 0.15).unwrap(), 114);
        assert_eq!(count(1e-8, 1.0).unwrap(), 1);
        let error = count(1e-8, 1e-6).unwrap_err().to_string();
        assert!(error.contains("at most 100000"), "{error}");
        assert!(PowerPpr::tolerance(0.0).is_err() && PowerPpr::tolerance(f64::NAN).is_err());
    }
}
