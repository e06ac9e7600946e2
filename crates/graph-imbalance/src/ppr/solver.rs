//! What every way to multiply with the PageRank matrix offers.

use super::diffusion::{COLUMNS, Diffusion};
use crate::{Error, Result};

/// A solver that is ready for one graph: P·B of a right-hand side B and its number of columns, as
/// [`PprSolver::solve`] gives it.
pub type Prepared<'a> = Box<dyn Fn(&[f64], usize) -> Result<Vec<f64>> + 'a>;

/// A way to multiply with P = α (I − (1 − α) Â)^-1.
pub trait PprSolver: Sync {
    /// P·B for `width` columns.
    ///
    /// # Shapes
    /// - rhs: B, `[n_nodes * width]`, rows after one another
    /// - result: the same
    ///
    /// # Errors
    /// [`Error::Core`] where `rhs` has another length or a number that is not finite, or the graph is
    /// larger than the solver takes; [`Error::NotConverged`] where an iteration does not come close
    /// enough.
    fn solve(&self, diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<Vec<f64>>;

    /// The solver for several right-hand sides of one graph, with the same results as
    /// [`PprSolver::solve`]. What does not depend on the right-hand side is done here, once; by default
    /// there is nothing of the kind.
    ///
    /// # Errors
    /// [`Error::Core`] where the graph is larger than the solver takes; the function that comes back
    /// fails as [`PprSolver::solve`].
    fn prepare<'a>(&'a self, diffusion: &'a Diffusion) -> Result<Prepared<'a>> {
        Ok(Box::new(move |rhs: &[f64], width: usize| {
            self.solve(diffusion, rhs, width)
        }))
    }
}

pub(super) fn check_rhs(diffusion: &Diffusion, rhs: &[f64], width: usize) -> Result<()> {
    let nodes = diffusion.n_nodes();
    if nodes.checked_mul(width) != Some(rhs.len()) {
        return Err(Error::invalid(
            "right-hand side",
            format!("{} numbers for {nodes} nodes x {width}", rhs.len()),
        ));
    }
    match rhs.iter().position(|value| !value.is_finite()) {
        Some(at) => Err(Error::invalid(
            "right-hand side",
            format!(
                "node {}, column {}: {}; must be finite",
                at / width,
                at % width,
                rhs[at]
            ),
        )),
        None => Ok(()),
    }
}

/// Solves a few columns at a time, so that an iteration's own vectors stay small.
///
/// `solve` gets a block of 1, 2, 4 or [`COLUMNS`] columns and their number, and returns a block of the
/// same shape. Columns come to it divided by their largest magnitude, against overflow in squares, and
/// columns of zeros fill up the last block.
pub(super) fn by_columns(
    diffusion: &Diffusion,
    rhs: &[f64],
    width: usize,
    solve: impl Fn(Vec<f64>, usize) -> Result<Vec<f64>>,
) -> Result<Vec<f64>> {
    check_rhs(diffusion, rhs, width)?;
    let mut out = vec![0.0; rhs.len()];
    for first in (0..width).step_by(COLUMNS) {
        let columns = first..width.min(first + COLUMNS);
        let some = columns.len().next_power_of_two();
        let mut scales = [0.0_f64; COLUMNS];
        let mut block = Vec::with_capacity(diffusion.n_nodes() * some);
        for row in rhs.chunks_exact(width) {
            block.extend_from_slice(&row[columns.clone()]);
            block.resize(block.len() + some - columns.len(), 0.0);
            for (scale, value) in scales.iter_mut().zip(&row[columns.clone()]) {
                *scale = scale.max(value.abs());
            }
        }
        for row in block.chunks_exact_mut(some) {
            for (value, &scale) in row.iter_mut().zip(&scales) {
                if scale > 0.0 {
                    *value /= scale;
                }
            }
        }
        let solved = solve(block, some)?;
        for (out, row) in out.chunks_exact_mut(width).zip(solved.chunks_exact(some)) {
            for ((out, value), scale) in out[columns.clone()].iter_mut().zip(row).zip(&scales) {
                *out = value * scale;
            }
        }
    }
    Ok(out)
}
