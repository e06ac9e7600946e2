//! Spectral clustering by the symmetric normalized Laplacian.

use plm_core::graph::{Eigen, EigenOptions, Which, eigen_dense, eigen_operator};
use plm_core::vector::dot;
use rayon::prelude::*;

use super::similarity::normalize;
use super::{Affinity, KMeans, Similarity, check_clusters};
use crate::Result;

/// Spectral clustering (Ng, Jordan and Weiss 2002): k-means on the normalized rows of the
/// eigenvectors of I − D^-1/2 W D^-1/2 with the K smallest eigenvalues.
///
/// W has the affinities of different items; its diagonal does not count. Items without any affinity
/// are components of their own. scikit-learn divides the eigenvectors by the square roots of the
/// degrees instead of normalizing the rows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SpectralClustering {
    /// How similarities become weights.
    pub affinity: Affinity,
    /// The clustering of the rows.
    pub k_means: KMeans,
    /// The eigensolver: up to `dense_up_to` items dense, iterative beyond. An iteration that does
    /// not converge is replaced by the dense solver.
    pub eigen: EigenOptions,
}

impl Default for SpectralClustering {
    /// Clipped affinities, 30 k-means runs, residuals of 1e-6.
    fn default() -> Self {
        Self {
            affinity: Affinity::default(),
            k_means: KMeans::default(),
            eigen: EigenOptions {
                tolerance: 1e-6,
                restarts: 100,
                ..EigenOptions::default()
            },
        }
    }
}

/// The eigenvectors of a normalized Laplacian, smallest eigenvalue first.
#[derive(Debug, Clone, PartialEq)]
pub struct SpectralEmbedding {
    n: usize,
    /// Eigenvalues of the normalized adjacency, descending: 1 − those of the Laplacian.
    eigen: Eigen,
}

impl SpectralEmbedding {
    /// The eigenvalues of the Laplacian, ascending. A gap after the K-th speaks for K clusters.
    pub fn eigenvalues(&self) -> Vec<f64> {
        self.eigen.values.iter().map(|value| 1.0 - value).collect()
    }

    /// The number of items.
    pub fn n(&self) -> usize {
        self.n
    }

    /// The first `k` coordinates of each item, rows of length 1: `[n, k]`.
    fn rows(&self, k: usize) -> Vec<f64> {
        let vectors = &self.eigen.vectors[..k];
        let mut rows: Vec<f64> = (0..self.n)
            .flat_map(|item| vectors.iter().map(move |vector| vector[item]))
            .collect();
        rows.chunks_exact_mut(k).for_each(normalize);
        rows
    }
}

impl SpectralClustering {
    /// The cluster of each item, numbered in the order in which they first occur.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where `k` is 0 or exceeds the number of items, or a
    /// setting is out of range.
    pub fn fit(&self, similarity: &Similarity, k: usize) -> Result<Vec<usize>> {
        self.cluster(&self.embed(similarity, k)?, k)
    }

    /// The eigenvectors for up to `k` clusters, to be used for several numbers of clusters.
    ///
    /// # Errors
    /// As [`SpectralClustering::fit`].
    pub fn embed(&self, similarity: &Similarity, k: usize) -> Result<SpectralEmbedding> {
        let n = similarity.n();
        check_clusters(k, n)?;
        let table = self.normalized(similarity);
        let dense = || eigen_dense(&table, n, k, Which::Largest);
        let multiply = |x: &[f64]| table.par_chunks_exact(n).map(|row| dot(row, x)).collect();
        let eigen = match n <= self.eigen.dense_up_to || k == n {
            true => dense(),
            false => {
                eigen_operator(n, multiply, k, Which::Largest, &self.eigen).or_else(|_| dense())
            }
        }?;
        Ok(SpectralEmbedding { n, eigen })
    }

    /// `k` clusters from eigenvectors computed before.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where `k` is 0 or exceeds the number of eigenvectors, or
    /// a setting is out of range.
    pub fn cluster(&self, embedding: &SpectralEmbedding, k: usize) -> Result<Vec<usize>> {
        check_clusters(k, embedding.eigen.vectors.len())?;
        Ok(self.k_means.fit(&embedding.rows(k), k, k)?.labels)
    }

    /// D^-1/2 W D^-1/2 without its diagonal, 1 on the diagonal of an item without affinities.
    fn normalized(&self, similarity: &Similarity) -> Vec<f64> {
        let n = similarity.n();
        let weight = |a: usize, b: usize| match a == b {
            true => 0.0,
            false => self.affinity.weight(similarity.get(a, b)),
        };
        let roots: Vec<f64> = (0..n)
            .into_par_iter()
            .map(|a| (0..n).map(|b| weight(a, b)).sum::<f64>().sqrt())
            .collect();
        let mut table = vec![0.0; n * n];
        table
            .par_chunks_exact_mut(n)
            .enumerate()
            .for_each(|(a, row)| {
                for (b, slot) in row.iter_mut().enumerate() {
                    *slot = match roots[a] * roots[b] {
                        0.0 => f64::from(a == b),
                        root => weight(a, b) / root,
                    };
                }
            });
        table
    }
}

#[cfg(test)]
mod tests {
    use plm_core::metrics::adjusted_rand_index;
    use plm_core::rng::Seed;
    use rand::RngExt;

    use super::*;

    /// Items in blocks of these sizes, similarity 1 within and 0 across.
    fn cliques(sizes: &[usize]) -> (Similarity, Vec<usize>) {
        let labels: Vec<usize> = sizes
            .iter()
            .enumerate()
            .flat_map(|(clique, &size)| std::iter::repeat_n(clique, size))
            .collect();
        let similarity = Similarity::from_pairs(labels.len(), |a, b| {
            f64::from(u8::from(labels[a] == labels[b]))
        });
        (similarity.unwrap(), labels)
    }

    fn iterative() -> SpectralClustering {
        let mut settings = SpectralClustering::default();
        settings.eigen.dense_up_to = 0;
        settings
    }

    #[test]
    fn disjoint_cliques_are_recovered() {
        let (similarity, labels) = cliques(&[4, 3, 5]);
        for settings in [SpectralClustering::default(), iterative()] {
            let embedding = settings.embed(&similarity, 4).unwrap();
            let values = embedding.eigenvalues();
            assert!(values[..3].iter().all(|v| v.abs() < 1e-6) && values[3] > 1.0);
            assert_eq!(settings.cluster(&embedding, 3).unwrap(), labels);
            assert_eq!(settings.fit(&similarity, 3).unwrap(), labels);
        }
    }

    #[test]
    fn items_without_affinity_stand_alone() {
        let (similarity, labels) = cliques(&[3, 1, 1]);
        for settings in [SpectralClustering::default(), iterative()] {
            assert_eq!(settings.fit(&similarity, 3).unwrap(), labels);
        }
        assert_eq!(
            SpectralClustering::default().fit(&similarity, 1).unwrap(),
            [0; 5]
        );
        assert_eq!(
            SpectralClustering::default().fit(&similarity, 5).unwrap(),
            [0, 1, 2, 3, 4]
        );
    }

    #[test]
    fn opposed_vectors_need_a_valid_affinity() {
        // Two opposed bundles: negative cosines must not spoil the degrees.
        let rows = [1.0, 0.1, 1.0, -0.1, -1.0, 0.1, -1.0, -0.1];
        let similarity = Similarity::cosine(&rows, 2).unwrap();
        for affinity in [Affinity::Clip, Affinity::Shift] {
            let settings = SpectralClustering {
                affinity,
                ..SpectralClustering::default()
            };
            assert_eq!(settings.fit(&similarity, 2).unwrap(), [0, 0, 1, 1]);
        }
    }

    #[test]
    fn iteration_equals_the_dense_solver_on_noisy_bundles() {
        let mut rng = Seed::new(5).rng();
        let labels: Vec<usize> = (0..120).map(|item| item % 4).collect();
        let rows: Vec<f32> = labels
            .iter()
            .flat_map(|&label| (0..16).map(move |at| if at / 4 == label { 1.0 } else { 0.0 }))
            .map(|mean: f32| mean + rng.random_range(-0.4..0.4))
            .collect();
        let similarity = Similarity::cosine(&rows, 16).unwrap();
        let dense = SpectralClustering::default().fit(&similarity, 4).unwrap();
        assert_eq!(dense, iterative().fit(&similarity, 4).unwrap());
        assert_eq!(adjusted_rand_index(&labels, &dense).unwrap(), 1.0);
    }

    #[test]
    fn an_iteration_that_fails_is_replaced() {
        let (similarity, labels) = cliques(&[40, 60]);
        let mut settings = iterative();
        (settings.eigen.tolerance, settings.eigen.restarts) = (-1.0, 0);
        assert_eq!(settings.fit(&similarity, 2).unwrap(), labels);
    }

    #[test]
    fn impossible_numbers_of_clusters_are_errors() {
        let (similarity, _) = cliques(&[2, 2]);
        let settings = SpectralClustering::default();
        assert!(settings.fit(&similarity, 0).is_err());
        assert!(settings.fit(&similarity, 5).is_err());
        let embedding = settings.embed(&similarity, 2).unwrap();
        assert!(settings.cluster(&embedding, 3).is_err());
        let none = Similarity::new(0, Vec::new()).unwrap();
        assert!(settings.fit(&none, 1).is_err());
    }
}
