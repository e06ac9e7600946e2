//! The constraint that one side's clusters put on the other side.

use crate::cluster::Similarity;
use crate::{Error, Result};

/// The similarities plus F: ln(1 + |L_p ∩ L_q| / |L_p ∪ L_q|) for items p and q, where L_p are the
/// clusters of what p is linked to.
///
/// F is 0 where both sets are empty; ETypeClus divides 0 by 0 there.
///
/// # Shapes
/// - linked: for each item the items of the other side that it is linked to
/// - labels: the cluster of each item of the other side
///
/// # Errors
/// [`Error::Core`] where there is not one list for each item, or a list names an item without a
/// label.
pub fn constrained(
    base: &Similarity,
    linked: &[Vec<usize>],
    labels: &[usize],
) -> Result<Similarity> {
    if linked.len() != base.n() {
        let reason = format!("{} lists for {} items", linked.len(), base.n());
        return Err(Error::invalid("links", reason));
    }
    let clusters: Vec<Vec<usize>> = linked
        .iter()
        .map(|items| {
            let known: Option<Vec<usize>> =
                items.iter().map(|&at| labels.get(at).copied()).collect();
            let mut known = known.ok_or_else(|| {
                let reason = format!("{items:?} with {} labels on the other side", labels.len());
                Error::invalid("links", reason)
            })?;
            known.sort_unstable();
            known.dedup();
            Ok(known)
        })
        .collect::<Result<_>>()?;
    Similarity::from_pairs(base.n(), |p, q| {
        base.get(p, q) + overlap(&clusters[p], &clusters[q])
    })
}

/// F of two ascending sets.
fn overlap(a: &[usize], b: &[usize]) -> f64 {
    let both = a
        .iter()
        .filter(|item| b.binary_search(item).is_ok())
        .count();
    match a.len() + b.len() - both {
        0 => 0.0,
        either => (both as f64 / either as f64).ln_1p(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overlaps_are_as_worked_by_hand() {
        for (a, b, expected) in [
            (&[1, 4][..], &[1, 4][..], 2.0_f64.ln()),
            (&[1], &[1, 4], 1.5_f64.ln()),
            (&[1, 4], &[4, 7], (4.0_f64 / 3.0).ln()),
            (&[1], &[2], 0.0),
            (&[1], &[], 0.0),
            (&[], &[], 0.0),
        ] {
            assert!((overlap(a, b) - expected).abs() < 1e-12);
            assert_eq!(overlap(a, b), overlap(b, a));
        }
    }

    #[test]
    fn clusters_and_not_items_are_compared() {
        let base = Similarity::new(3, vec![0.25; 9]).unwrap();
        let linked = [vec![0, 1], vec![2], vec![]];
        let found = constrained(&base, &linked, &[5, 5, 5]).unwrap();
        assert!((found.get(0, 1) - 0.25 - 2.0_f64.ln()).abs() < 1e-12);
        assert_eq!((found.get(0, 2), found.get(2, 2)), (0.25, 0.25));
        let apart = constrained(&base, &linked, &[5, 6, 6]).unwrap();
        assert!((apart.get(0, 1) - 0.25 - 1.5_f64.ln()).abs() < 1e-12);
        assert!(constrained(&base, &linked, &[5, 5]).is_err());
        assert!(constrained(&base, &linked[..2], &[5, 5, 5]).is_err());
    }
}
