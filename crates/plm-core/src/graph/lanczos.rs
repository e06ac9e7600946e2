//! Lanczos iteration with full reorthogonalisation and thick restarts.
//!
//! The projected matrix H = Vᵀ A V is kept whole: reorthogonalising against every basis vector gives
//! its next column anyway, and a restart then needs no special structure.

use rand::RngExt;

use super::spectral::dense_pairs;
use crate::rng::{Seed, StreamRng};
use crate::{Error, Result};

/// A symmetric operator and when to stop.
pub(super) struct Lanczos<'a> {
    pub(super) n: usize,
    pub(super) multiply: &'a dyn Fn(&[f64]) -> Vec<f64>,
    pub(super) tolerance: f64,
    pub(super) restarts: usize,
}

/// An eigenvalue and its unit eigenvector.
pub(super) struct Pair {
    pub(super) value: f64,
    pub(super) vector: Vec<f64>,
}

/// The `k` largest eigenpairs, descending.
pub(super) fn largest(solver: &Lanczos<'_>, k: usize) -> Result<Vec<Pair>> {
    let k = k.min(solver.n);
    if k == 0 {
        return Ok(Vec::new());
    }
    let mut rng = Seed::new(0).stream("lanczos");
    let mut found = solver.run(k, &[], &mut rng)?;
    // One Krylov space holds one vector of each eigenspace. Further copies of a multiple eigenvalue
    // lie in the complement of what was found.
    while found.len() < solver.n {
        let Some(next) = solver.run(1, &found, &mut rng)?.pop() else {
            break;
        };
        let worst = found[k - 1].value;
        let scale = found[0].value.abs().max(worst.abs()).max(f64::MIN_POSITIVE);
        if next.value <= worst + 10.0 * solver.tolerance * scale {
            break;
        }
        found.pop();
        let at = found.partition_point(|pair| pair.value >= next.value);
        found.insert(at, next);
    }
    Ok(found)
}

impl Lanczos<'_> {
    /// The `want` largest eigenpairs in the orthogonal complement of `locked`.
    fn run(&self, want: usize, locked: &[Pair], rng: &mut StreamRng) -> Result<Vec<Pair>> {
        let space = self.n - locked.len();
        let limit = (3 * want + 40).min(space);
        let mut basis = Basis {
            vectors: Vec::with_capacity(limit),
            projected: vec![0.0; limit * limit],
            limit,
        };
        let mut next = basis.random(self.n, locked, rng);
        let mut scale = 0.0_f64;
        for _ in 0..=self.restarts {
            let mut rest = 0.0;
            while basis.vectors.len() < limit {
                basis.vectors.push(next);
                let image = (self.multiply)(&basis.vectors[basis.vectors.len() - 1]);
                let length = norm(&image);
                if !length.is_finite() {
                    return Err(Error::invalid(
                        "eigenvectors",
                        format!("a product with a unit vector has length {length}"),
                    ));
                }
                scale = scale.max(length);
                next = basis.project(image, locked);
                rest = norm(&next);
                if rest > f64::EPSILON * 16.0 * scale {
                    next.iter_mut().for_each(|value| *value /= rest);
                } else {
                    // The basis spans an invariant space: go on with a new direction, if any.
                    rest = 0.0;
                    if basis.vectors.len() < space {
                        next = basis.random(self.n, locked, rng);
                    }
                }
            }
            let (values, rotation) = dense_pairs(&basis.projected, limit)?;
            let bound = self.tolerance * scale;
            let converged = (limit - want..limit)
                .all(|at| limit == space || rest * rotation[(limit - 1, at)].abs() <= bound);
            let kept = match converged {
                true => want,
                false => want + (limit - want) / 2,
            };
            let kept_values: Vec<f64> = (limit - kept..limit).rev().map(|at| values[at]).collect();
            let vectors = basis.rotate(kept, |row, at| rotation[(row, limit - 1 - at)]);
            if converged {
                return Ok(kept_values
                    .into_iter()
                    .zip(vectors)
                    .map(|(value, vector)| Pair { value, vector })
                    .collect());
            }
            basis.restart(kept_values, vectors);
        }
        Err(Error::invalid(
            "eigenvectors",
            format!(
                "{want} pairs of size {} did not reach a residual of {:e} in {} restarts",
                self.n, self.tolerance, self.restarts
            ),
        ))
    }
}

/// Orthonormal vectors and the operator projected on them.
struct Basis {
    vectors: Vec<Vec<f64>>,
    projected: Vec<f64>,
    limit: usize,
}

impl Basis {
    /// The part of the newest vector's image outside the basis; its part inside goes into the
    /// projected matrix.
    fn project(&mut self, mut image: Vec<f64>, locked: &[Pair]) -> Vec<f64> {
        let newest = self.vectors.len() - 1;
        let mut column = vec![0.0; self.vectors.len()];
        // Twice: the first pass loses digits when it removes nearly everything.
        for _ in 0..2 {
            for (coefficient, vector) in column.iter_mut().zip(&self.vectors) {
                *coefficient += remove(&mut image, vector);
            }
            for pair in locked {
                remove(&mut image, &pair.vector);
            }
        }
        for (at, coefficient) in column.into_iter().enumerate() {
            self.projected[at * self.limit + newest] = coefficient;
            self.projected[newest * self.limit + at] = coefficient;
        }
        image
    }

    /// A random unit vector orthogonal to the basis and to `locked`.
    fn random(&self, n: usize, locked: &[Pair], rng: &mut StreamRng) -> Vec<f64> {
        loop {
            let mut vector: Vec<f64> = (0..n).map(|_| rng.random_range(-1.0..1.0)).collect();
            let before = norm(&vector);
            for _ in 0..2 {
                for known in &self.vectors {
                    remove(&mut vector, known);
                }
                for pair in locked {
                    remove(&mut vector, &pair.vector);
                }
            }
            let length = norm(&vector);
            if length > 1e-8 * before {
                vector.iter_mut().for_each(|value| *value /= length);
                // What is left of a nearly dependent draw carries rounding of the removed part.
                for known in self.vectors.iter().chain(locked.iter().map(|p| &p.vector)) {
                    remove(&mut vector, known);
                }
                let length = norm(&vector);
                vector.iter_mut().for_each(|value| *value /= length);
                return vector;
            }
        }
    }

    /// `kept` combinations of the basis vectors.
    fn rotate(&self, kept: usize, rotation: impl Fn(usize, usize) -> f64) -> Vec<Vec<f64>> {
        (0..kept)
            .map(|at| {
                let mut sum = vec![0.0; self.vectors.first().map_or(0, Vec::len)];
                for (row, vector) in self.vectors.iter().enumerate() {
                    let factor = rotation(row, at);
                    for (sum, value) in sum.iter_mut().zip(vector) {
                        *sum += factor * value;
                    }
                }
                sum
            })
            .collect()
    }

    fn restart(&mut self, values: Vec<f64>, vectors: Vec<Vec<f64>>) {
        self.projected.fill(0.0);
        for (at, value) in values.into_iter().enumerate() {
            self.projected[at * self.limit + at] = value;
        }
        self.vectors = vectors;
    }
}

/// Subtracts from `vector` its part along the unit vector `direction`, whose length it returns.
fn remove(vector: &mut [f64], direction: &[f64]) -> f64 {
    let part: f64 = vector.iter().zip(direction).map(|(a, b)| a * b).sum();
    for (value, direction) in vector.iter_mut().zip(direction) {
        *value -= part * direction;
    }
    part
}

fn norm(vector: &[f64]) -> f64 {
    vector.iter().map(|value| value * value).sum::<f64>().sqrt()
}
