//! Rows of a matrix as points, and their distances from a few others.

use gemm::Parallelism;
use rayon::prelude::*;

use crate::{Error, Result};

/// Points that one task works through. Fixed, so that sums do not depend on the number of threads.
pub(super) const TASK: usize = 256;

/// The rows of a matrix, divided by their Euclidean lengths; rows of zeros stay zeros.
///
/// # Shapes
/// - rows: `[n, width]`, row after row
/// - result: the same
///
/// # Errors
/// [`Error::NotFinite`] for a value that is not a finite number, [`Error::Size`] where the values
/// do not fill rows of `width`, [`Error::Setting`] where `width` is 0.
pub fn normalized_rows(rows: &[f32], width: usize) -> Result<Vec<f32>> {
    check_rows(rows, width)?;
    let mut normalized = rows.to_vec();
    normalized
        .par_chunks_exact_mut(width)
        .with_min_len(ROWS)
        .for_each(|row| {
            let squares = squares(row);
            if squares > 0.0 {
                let length = squares.sqrt();
                row.iter_mut()
                    .for_each(|x| *x = (f64::from(*x) / length) as f32);
            }
        });
    Ok(normalized)
}

/// Rows that outweigh handing them to a thread.
const ROWS: usize = 16;

/// The sum of the squares of `row`, in lanes that a processor can add up at once.
fn squares(row: &[f32]) -> f64 {
    const LANES: usize = 8;
    let (whole, rest) = row.as_chunks::<LANES>();
    let mut lanes = [0.0; LANES];
    for values in whole {
        for (lane, &x) in lanes.iter_mut().zip(values) {
            *lane += f64::from(x) * f64::from(x);
        }
    }
    let rest = rest.iter().map(|&x| f64::from(x) * f64::from(x));
    lanes.into_iter().chain(rest).sum()
}

/// Points in a space of `width` dimensions whose distances all are finite numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Points<'a> {
    rows: &'a [f32],
    width: usize,
}

impl<'a> Points<'a> {
    /// The rows of a matrix `[n, width]`.
    ///
    /// # Errors
    /// As [`normalized_rows`]; also [`Error::NotFinite`] where points are so far out that squared
    /// distances overflow.
    pub(super) fn new(rows: &'a [f32], width: usize) -> Result<Self> {
        check_rows(rows, width)?;
        for (row, point) in rows.chunks_exact(width).enumerate() {
            // No distance squared is more than four times the largest of these.
            let reach = 4.0 * dot(point, point);
            if !reach.is_finite() {
                return Err(Error::NotFinite {
                    what: "squared distances between rows".to_owned(),
                    row,
                    column: 0,
                    value: f64::from(reach),
                });
            }
        }
        Ok(Self { rows, width })
    }

    /// Number of points.
    pub(super) fn len(&self) -> usize {
        self.rows.len() / self.width
    }

    /// Number of dimensions.
    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// A point's coordinates.
    pub(super) fn point(&self, index: usize) -> &'a [f32] {
        &self.rows[index * self.width..][..self.width]
    }

    /// Squared distances of all points from all of `centers`, each without its point's own squared
    /// length ‖x‖²: ‖c‖² − 2 x · c. Which center is near, and by how much, they tell as well as the
    /// distances, with fewer roundings.
    ///
    /// # Shapes
    /// - centers: `[n_centers, width]`
    /// - costs: `[n, n_centers]`
    pub(super) fn costs(&self, centers: &[f32], costs: &mut [f32]) {
        let (width, count) = (self.width, centers.len() / self.width);
        let lengths: Vec<f32> = centers.chunks_exact(width).map(|c| dot(c, c)).collect();
        costs
            .par_chunks_mut(TASK * count)
            .zip(self.rows.par_chunks(TASK * width))
            .for_each(|(costs, rows)| {
                for costs in costs.chunks_exact_mut(count) {
                    costs.copy_from_slice(&lengths);
                }
                add_products(costs, rows, centers, width, -2.0);
            });
    }
}

fn check_rows(rows: &[f32], width: usize) -> Result<()> {
    if width == 0 {
        return Err(Error::Setting {
            name: "width",
            value: width.to_string(),
            limit: "rows must have at least one value",
        });
    }
    if !rows.len().is_multiple_of(width) {
        return Err(Error::Size {
            what: format!("matrix with rows of {width}"),
            found: rows.len(),
            expected: rows.len().next_multiple_of(width),
        });
    }
    match rows.iter().position(|value| !value.is_finite()) {
        Some(place) => Err(Error::NotFinite {
            what: "matrix to be divided".to_owned(),
            row: place / width,
            column: place % width,
            value: f64::from(rows[place]),
        }),
        None => Ok(()),
    }
}

/// `out += scale · a · bᵀ` for row-major `a: [m, width]`, `b: [n, width]` and `out: [m, n]`.
fn add_products(out: &mut [f32], a: &[f32], b: &[f32], width: usize, scale: f32) {
    let (m, n) = (a.len() / width, b.len() / width);
    assert_eq!(out.len(), m * n, "size of a matrix product");
    // SAFETY: row-major matrices of these sizes fill the three slices, and `out` is borrowed alone.
    unsafe {
        gemm::gemm(
            m,
            n,
            width,
            out.as_mut_ptr(),
            1,
            n as isize,
            true,
            a.as_ptr(),
            1,
            width as isize,
            b.as_ptr(),
            width as isize,
            1,
            1.0,
            scale,
            false,
            false,
            false,
            Parallelism::None,
        );
    }
}

/// The inner product of two vectors.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| a * b)
}

/// The squared distance of two points.
pub(super) fn squared_distance(a: &[f32], b: &[f32]) -> f32 {
    lanes(a, b, |a, b| (a - b) * (a - b))
}

/// The sum of `term` over pairs of values, in sixteen partial sums that fit vector registers.
fn lanes(a: &[f32], b: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (a_blocks, a_rest) = a.as_chunks::<16>();
    let (b_blocks, b_rest) = b.as_chunks::<16>();
    let mut sums = [0.0_f32; 16];
    for (a, b) in a_blocks.iter().zip(b_blocks) {
        for (sum, (&a, &b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += term(a, b);
        }
    }
    let rest: f32 = a_rest.iter().zip(b_rest).map(|(&a, &b)| term(a, b)).sum();
    sums.iter().sum::<f32>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_become_unit_vectors() {
        let rows = normalized_rows(&[3.0, 4.0, 0.0, 0.0, 0.0, -1e30], 2).unwrap();
        assert_eq!(rows, [0.6, 0.8, 0.0, 0.0, 0.0, -1.0]);
        assert!(normalized_rows(&[], 3).unwrap().is_empty());
    }

    #[test]
    fn bad_values_are_named() {
        for value in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            let rows = [0.0, 1.0, 2.0, 3.0, value, 5.0];
            for error in [
                normalized_rows(&rows, 3).unwrap_err(),
                Points::new(&rows, 3).unwrap_err(),
            ] {
                assert!(matches!(
                    error,
                    Error::NotFinite {
                        row: 1,
                        column: 1,
                        ..
                    }
                ));
            }
        }
        let error = normalized_rows(&[0.0; 5], 2).unwrap_err();
        assert!(matches!(error, Error::Size { expected: 6, .. }));
        assert!(matches!(
            normalized_rows(&[0.0], 0),
            Err(Error::Setting { .. })
        ));
        assert!(matches!(
            Points::new(&[1.0, 1.0, 1e19, 1e19], 2),
            Err(Error::NotFinite { row: 1, .. })
        ));
    }

    #[test]
    fn costs_are_distances_without_the_points_own_length() {
        let rows: Vec<f32> = (0..600 * 19)
            .map(|i| ((i * 37) % 101) as f32 / 50.0)
            .collect();
        let points = Points::new(&rows, 19).unwrap();
        let centers = [points.point(3), points.point(599)].concat();
        let mut costs = vec![0.0; 600 * 2];
        points.costs(&centers, &mut costs);
        for (n, costs) in costs.chunks_exact(2).enumerate() {
            let own = dot(points.point(n), points.point(n));
            for (cost, center) in costs.iter().zip(centers.chunks_exact(19)) {
                let expected = squared_distance(points.point(n), center);
                assert!((cost + own - expected).abs() < 1e-3);
            }
        }
    }
}
