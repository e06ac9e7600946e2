//! Clustering of trigger and argument representations without labels.
//!
//! [`Similarity`] holds pairwise cosines; [`SpectralClustering`] cuts them by the normalized
//! Laplacian and [`KMeans`]; [`average_linkage`] is the agglomerative baseline; [`cluster_names`]
//! names each cluster by its most central item.

mod affinity;
mod agglomerative;
mod kmeans;
mod lloyd;
mod names;
mod seeding;
mod similarity;
mod spectral;

pub use affinity::Affinity;
pub use agglomerative::{Dendrogram, Merge, average_linkage};
pub use kmeans::{KMeans, KMeansFit};
pub use names::{central_items, cluster_names};
pub use similarity::{MAX_ITEMS, Similarity};
pub(crate) use similarity::{normalize, unit_rows};
pub use spectral::{SpectralClustering, SpectralEmbedding};

/// The labels renumbered in the order in which they first occur.
fn renumber(labels: &[usize]) -> Vec<usize> {
    let mut number = std::collections::HashMap::new();
    labels
        .iter()
        .map(|&label| {
            let next = number.len();
            *number.entry(label).or_insert(next)
        })
        .collect()
}

/// Whether `k` clusters can be made of `n` items.
fn check_clusters(k: usize, n: usize) -> crate::Result<()> {
    if (1..=n).contains(&k) {
        return Ok(());
    }
    Err(crate::Error::invalid(
        "number of clusters",
        format!("{k} of {n} items; must be at least 1 and at most the number of items"),
    ))
}
