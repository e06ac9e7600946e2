//! Agglomerative clustering with average linkage.

use super::{Similarity, check_clusters, renumber};
use crate::{Error, Result};

/// Two clusters that became one.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Merge {
    /// An item of one cluster.
    pub first: usize,
    /// An item of the other.
    pub second: usize,
    /// The mean similarity over all pairs of an item of one and an item of the other.
    pub similarity: f64,
}

/// All merges of an agglomerative clustering, most similar first.
#[derive(Debug, Clone, PartialEq)]
pub struct Dendrogram {
    n: usize,
    merges: Vec<Merge>,
}

/// Average linkage (UPGMA, Sokal and Michener 1958): the two clusters of highest mean similarity
/// become one until one is left. By chains of nearest neighbors, in O(n²).
pub fn average_linkage(similarity: &Similarity) -> Dendrogram {
    let n = similarity.n();
    let mut values = similarity.values().to_vec();
    let mut sizes = vec![1_usize; n];
    let mut chain: Vec<usize> = Vec::new();
    let mut merges = Vec::with_capacity(n.saturating_sub(1));
    while merges.len() + 1 < n {
        let top = match chain.last() {
            Some(&top) => top,
            None => {
                chain.extend(sizes.iter().position(|&size| size > 0));
                continue;
            }
        };
        let before = chain.len().checked_sub(2).map(|at| chain[at]);
        let Some(next) = nearest(&values, &sizes, top, before) else {
            break;
        };
        if before != Some(next) {
            chain.push(next);
            continue;
        }
        chain.truncate(chain.len() - 2);
        let (keep, gone) = (top.min(next), top.max(next));
        merges.push(Merge {
            first: keep,
            second: gone,
            similarity: values[keep * n + gone],
        });
        let (a, b) = (sizes[keep] as f64, sizes[gone] as f64);
        sizes[keep] += std::mem::take(&mut sizes[gone]);
        for other in (0..n).filter(|&other| sizes[other] > 0 && other != keep) {
            let mean = (a * values[keep * n + other] + b * values[gone * n + other]) / (a + b);
            values[keep * n + other] = mean;
            values[other * n + keep] = mean;
        }
    }
    merges.sort_by(|a, b| b.similarity.total_cmp(&a.similarity));
    Dendrogram { n, merges }
}

/// The cluster most similar to `top`; among equals `before`, so that chains end.
fn nearest(values: &[f64], sizes: &[usize], top: usize, before: Option<usize>) -> Option<usize> {
    let n = sizes.len();
    let row = &values[top * n..(top + 1) * n];
    let others = (0..n).filter(|&other| other != top && sizes[other] > 0);
    before
        .into_iter()
        .chain(others)
        .reduce(|best, other| if row[other] > row[best] { other } else { best })
}

impl Dendrogram {
    /// The merges, most similar first.
    pub fn merges(&self) -> &[Merge] {
        &self.merges
    }

    /// The cluster of each item when `k` clusters are left, numbered in the order in which they
    /// first occur.
    ///
    /// # Errors
    /// [`Error::Core`] where `k` is 0 or exceeds the number of items.
    pub fn clusters(&self, k: usize) -> Result<Vec<usize>> {
        check_clusters(k, self.n)?;
        Ok(self.after(self.n - k))
    }

    /// The cluster of each item after all merges of at least `similarity`.
    ///
    /// # Errors
    /// [`Error::Core`] where `similarity` is NaN.
    pub fn clusters_at(&self, similarity: f64) -> Result<Vec<usize>> {
        if similarity.is_nan() {
            return Err(Error::invalid("similarity", "NaN; must be a number"));
        }
        let count = self
            .merges
            .partition_point(|merge| merge.similarity >= similarity);
        Ok(self.after(count))
    }

    fn after(&self, count: usize) -> Vec<usize> {
        let mut parent: Vec<usize> = (0..self.n).collect();
        for merge in &self.merges[..count] {
            let (a, b) = (
                root(&mut parent, merge.first),
                root(&mut parent, merge.second),
            );
            parent[a.max(b)] = a.min(b);
        }
        let roots: Vec<usize> = (0..self.n).map(|item| root(&mut parent, item)).collect();
        renumber(&roots)
    }
}

fn root(parent: &mut [usize], mut item: usize) -> usize {
    while parent[item] != item {
        parent[item] = parent[parent[item]];
        item = parent[item];
    }
    item
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;
    use proptest::prelude::*;
    use rand::RngExt;

    use super::*;

    #[test]
    fn merges_are_as_worked_by_hand() {
        // 0 and 1 at 0.9; 2 is at (0.5 + 0.3) / 2 from them; 3 at (0.1 + 0.2 + 0.3) / 3 from all.
        let table = [
            [1.0, 0.9, 0.5, 0.1],
            [0.9, 1.0, 0.3, 0.2],
            [0.5, 0.3, 1.0, 0.3],
            [0.1, 0.2, 0.3, 1.0],
        ];
        let dendrogram = average_linkage(&Similarity::new(4, table.concat()).unwrap());
        let heights: Vec<f64> = dendrogram.merges().iter().map(|m| m.similarity).collect();
        for (found, expected) in heights.iter().zip([0.9, 0.4, 0.2]) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert_eq!(dendrogram.clusters(2).unwrap(), [0, 0, 0, 1]);
        assert_eq!(dendrogram.clusters(4).unwrap(), [0, 1, 2, 3]);
        assert_eq!(dendrogram.clusters_at(0.5).unwrap(), [0, 0, 1, 2]);
        assert_eq!(dendrogram.clusters_at(-1.0).unwrap(), [0; 4]);
        assert!(dendrogram.clusters(0).is_err() && dendrogram.clusters(5).is_err());
        assert!(dendrogram.clusters_at(f64::NAN).is_err());
        let none = average_linkage(&Similarity::new(0, Vec::new()).unwrap());
        assert!(none.merges().is_empty());
    }

    /// Mean similarities of the merges, found by comparing all pairs of clusters each time.
    fn slow(similarity: &Similarity) -> Vec<f64> {
        let mut clusters: Vec<Vec<usize>> = (0..similarity.n()).map(|item| vec![item]).collect();
        let mut heights = Vec::new();
        while clusters.len() > 1 {
            let mut best = (f64::NEG_INFINITY, 0, 0);
            for a in 0..clusters.len() {
                for b in 0..a {
                    let pairs = clusters[a].len() * clusters[b].len();
                    let sum: f64 = clusters[a]
                        .iter()
                        .flat_map(|&x| clusters[b].iter().map(move |&y| similarity.get(x, y)))
                        .sum();
                    if sum / pairs as f64 > best.0 {
                        best = (sum / pairs as f64, a, b);
                    }
                }
            }
            let gone = clusters.remove(best.1);
            clusters[best.2].extend(gone);
            heights.push(best.0);
        }
        heights
    }

    proptest! {
        #[test]
        fn chains_find_what_comparing_all_pairs_finds(n in 1_usize..14, seed in 0_u64..1_000) {
            let mut rng = Seed::new(seed).rng();
            let table: Vec<f64> = (0..n * n).map(|_| rng.random()).collect();
            let similarity = Similarity::from_pairs(n, |a, b| table[a * n + b]).unwrap();
            let merges = average_linkage(&similarity).merges;
            let expected = slow(&similarity);
            prop_assert_eq!(merges.len(), expected.len());
            for (merge, expected) in merges.iter().zip(expected) {
                prop_assert!((merge.similarity - expected).abs() < 1e-9);
            }
        }
    }
}
