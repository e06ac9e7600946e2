//! How badly clusters fit similarities.

use crate::cluster::Similarity;
use crate::{Error, Result};

/// The sum over pairs of items of their similarity s if they are in different clusters and of 1 − s
/// if they share one (Huang et al. 2016): a score of correlation clustering, lower is better.
///
/// The diagonal does not count. ETypeClus counts half of it, a constant.
///
/// # Errors
/// [`Error::Core`] where there is not one label for each item.
pub fn clustering_objective(labels: &[usize], similarity: &Similarity) -> Result<f64> {
    if labels.len() != similarity.n() {
        let reason = format!("{} for {} items", labels.len(), similarity.n());
        return Err(Error::invalid("labels", reason));
    }
    let cost = |a: usize, b: usize| match labels[a] == labels[b] {
        true => 1.0 - similarity.get(a, b),
        false => similarity.get(a, b),
    };
    Ok((0..labels.len())
        .map(|a| (0..a).map(|b| cost(a, b)).sum::<f64>())
        .sum())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_pairs_of_equal_items() {
        let rows = [1.0, 0.0, 1.0, 0.0, 0.0, 1.0, 0.0, 1.0];
        let similarity = Similarity::cosine(&rows, 2).unwrap();
        for (labels, expected) in [
            ([0, 0, 1, 1], 0.0),
            ([0, 0, 0, 0], 4.0),
            ([0, 1, 2, 3], 2.0),
            ([0, 1, 0, 1], 4.0),
        ] {
            assert_eq!(
                clustering_objective(&labels, &similarity).unwrap(),
                expected
            );
        }
        assert!(clustering_objective(&[0; 3], &similarity).is_err());
    }
}
