//! The isometries of the hyperboloid: rotations, boosts and their products.
//!
//! Both satisfy Mᵀ J M = J with J = diag(−1, 1, …, 1), and every isometry that keeps the direction of
//! time and the orientation of space is a rotation after a boost. They act on hyperboloids of every
//! curvature alike.

#[cfg(test)]
mod tests;

use burn::tensor::{Tensor, TensorData};

use crate::{Error, Result};

/// A Lorentz transformation of vectors with one time and n space components.
#[derive(Debug, Clone, PartialEq)]
pub struct LorentzTransform {
    width: usize,
    rows: Vec<f64>,
}

impl LorentzTransform {
    /// The identity for points with `n` space components.
    ///
    /// # Errors
    /// [`Error::Core`] where `n` is 0.
    pub fn identity(n: usize) -> Result<Self> {
        if n == 0 {
            return Err(Error::invalid("n", "is 0, must be at least 1"));
        }
        let width = n + 1;
        let rows = (0..width * width)
            .map(|at| f64::from(u8::from(at % (width + 1) == 0)))
            .collect();
        Ok(Self { width, rows })
    }

    /// The boost [[γ, −γ vᵀ], [−γ v, I + γ² / (1 + γ) v vᵀ]] with γ = 1 / √(1 − |v|²): to a frame that
    /// moves with `velocity`.
    ///
    /// # Errors
    /// [`Error::Core`] unless |v| < 1.
    pub fn boost(velocity: &[f64]) -> Result<Self> {
        let square: f64 = velocity.iter().map(|v| v * v).sum();
        if square >= 1.0 || square.is_nan() {
            return Err(Error::invalid(
                "velocity",
                format!("has the norm {}, must be below 1", square.sqrt()),
            ));
        }
        let gamma = 1.0 / (1.0 - square).sqrt();
        let mut boost = Self::identity(velocity.len())?;
        boost.set(0, 0, gamma);
        for (i, vi) in velocity.iter().enumerate() {
            boost.set(0, i + 1, -gamma * vi);
            boost.set(i + 1, 0, -gamma * vi);
            for (j, vj) in velocity.iter().enumerate() {
                let unit = f64::from(u8::from(i == j));
                let mixed = gamma * gamma / (1.0 + gamma) * vi * vj;
                boost.set(i + 1, j + 1, unit + mixed);
            }
        }
        Ok(boost)
    }

    /// The rotation [[1, 0], [0, R]] of space.
    ///
    /// # Shapes
    /// - matrix: n rows of n numbers
    ///
    /// # Errors
    /// [`Error::Core`] unless the rows form an orthogonal matrix with determinant 1, both up to 1e-9.
    pub fn rotation(matrix: &[Vec<f64>]) -> Result<Self> {
        let n = matrix.len();
        let mut rotation = Self::identity(n)?;
        for (i, row) in matrix.iter().enumerate() {
            if row.len() != n {
                return Err(Error::invalid(
                    "rotation",
                    format!("row {i} has {} numbers, must have {n}", row.len()),
                ));
            }
            for (j, &value) in row.iter().enumerate() {
                rotation.set(i + 1, j + 1, value);
            }
        }
        let (defect, determinant) = (rotation.defect(), determinant(matrix.to_vec()));
        if !(defect <= 1e-9 && (determinant - 1.0).abs() <= 1e-9) {
            return Err(Error::invalid(
                "rotation",
                format!(
                    "is off orthogonality by {defect:e} with determinant {determinant}, must be an \
                     orthogonal matrix with determinant 1"
                ),
            ));
        }
        Ok(rotation)
    }

    /// The rotation by `angle` (radians) from space axis `i` to space axis `j`, of `n`.
    ///
    /// # Errors
    /// [`Error::Core`] unless the axes differ and are below `n`, and the angle is finite.
    pub fn plane_rotation(n: usize, i: usize, j: usize, angle: f64) -> Result<Self> {
        let mut rotation = Self::identity(n)?;
        if i == j || i >= n || j >= n || !angle.is_finite() {
            return Err(Error::invalid(
                "plane rotation",
                format!("of axes {i} and {j} by {angle}: needs two axes below {n} and an angle"),
            ));
        }
        let (sine, cosine) = angle.sin_cos();
        for (row, column, value) in [(i, i, cosine), (j, j, cosine), (j, i, sine), (i, j, -sine)] {
            rotation.set(row + 1, column + 1, value);
        }
        Ok(rotation)
    }

    /// This transformation after `first`.
    ///
    /// # Errors
    /// [`Error::Core`] where the two have different sizes.
    pub fn after(&self, first: &Self) -> Result<Self> {
        if self.width != first.width {
            return Err(Error::invalid(
                "first",
                format!("has {} components, must have {}", first.width, self.width),
            ));
        }
        let mut product = self.clone();
        for i in 0..self.width {
            for j in 0..self.width {
                let sum = (0..self.width)
                    .map(|m| self.get(i, m) * first.get(m, j))
                    .sum();
                product.set(i, j, sum);
            }
        }
        Ok(product)
    }

    /// The inverse J Mᵀ J.
    pub fn inverse(&self) -> Self {
        let mut inverse = self.clone();
        for i in 0..self.width {
            for j in 0..self.width {
                let sign = if (i == 0) == (j == 0) { 1.0 } else { -1.0 };
                inverse.set(i, j, sign * self.get(j, i));
            }
        }
        inverse
    }

    /// The largest entry of |Mᵀ J M − J|.
    pub fn defect(&self) -> f64 {
        let mut worst: f64 = 0.0;
        for i in 0..self.width {
            for j in 0..self.width {
                let sum: f64 = (0..self.width)
                    .map(|m| sign(m) * self.get(m, i) * self.get(m, j))
                    .sum();
                let expected = if i == j { sign(i) } else { 0.0 };
                let gap = (sum - expected).abs();
                worst = if gap <= worst || worst.is_nan() {
                    worst
                } else {
                    gap
                };
            }
        }
        worst
    }

    /// Number of components, time included.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The entry in row `i` and column `j`, both below [`LorentzTransform::width`].
    ///
    /// # Panics
    /// If one is not.
    pub fn get(&self, i: usize, j: usize) -> f64 {
        assert!(i < self.width && j < self.width, "entry within the matrix");
        self.rows[i * self.width + j]
    }

    /// M x for all vectors of a tensor, in its type. Tangent vectors go to the tangent spaces at the
    /// images of their points.
    ///
    /// # Shapes
    /// - vectors, result: `[.., n + 1]`
    ///
    /// # Errors
    /// [`Error::Core`] where the vectors have another number of components.
    pub fn apply<const D: usize>(&self, vectors: Tensor<D>) -> Result<Tensor<D>> {
        let dims = vectors.dims();
        if dims[D - 1] != self.width {
            return Err(Error::invalid(
                "vectors",
                format!("have {} components, must have {}", dims[D - 1], self.width),
            ));
        }
        let options = (&vectors.device(), vectors.dtype());
        let transposed = Tensor::<2>::from_data(
            TensorData::new(self.rows.clone(), [self.width, self.width]),
            options,
        )
        .transpose();
        let rows = dims[..D - 1].iter().product();
        let flat: Tensor<2> = vectors.reshape([rows, self.width]);
        Ok(flat.matmul(transposed).reshape(dims))
    }

    fn set(&mut self, i: usize, j: usize, value: f64) {
        self.rows[i * self.width + j] = value;
    }
}

fn sign(axis: usize) -> f64 {
    if axis == 0 { -1.0 } else { 1.0 }
}

/// By elimination with row pivots.
fn determinant(mut rows: Vec<Vec<f64>>) -> f64 {
    let mut product = 1.0;
    for column in 0..rows.len() {
        let size = |row: &Vec<f64>| row[column].abs();
        let pivot = (column..rows.len())
            .max_by(|&a, &b| size(&rows[a]).total_cmp(&size(&rows[b])))
            .unwrap_or(column);
        if pivot != column {
            rows.swap(pivot, column);
            product = -product;
        }
        let (done, rest) = rows.split_at_mut(column + 1);
        let top = &done[column];
        product *= top[column];
        for row in rest {
            let share = row[column] / top[column];
            for (value, top) in row.iter_mut().zip(top).skip(column) {
                *value -= share * top;
            }
        }
    }
    product
}
