//! Nodes that are not ancestors.

use plm_core::rng::StreamRng;
use rand::RngExt;

/// A node drawn evenly from those that are neither `node` nor one of its `ancestors` (ascending). None
/// where there is no such node.
pub(super) fn draw_negative(
    nodes: usize,
    node: u32,
    ancestors: &[u32],
    rng: &mut StreamRng,
) -> Option<u32> {
    let itself = usize::from(ancestors.binary_search(&node).is_err());
    let others = nodes
        .checked_sub(ancestors.len() + itself)
        .filter(|&n| n > 0)?;
    let mut drawn = rng.random_range(0..others as u32);
    // The drawn number counts allowed nodes: it moves up past each forbidden one.
    let mut forbidden = ancestors.iter().copied().peekable();
    let mut own = (itself == 1).then_some(node);
    loop {
        let next = match (forbidden.peek(), own) {
            (Some(&a), Some(n)) => a.min(n),
            (Some(&a), None) => a,
            (None, Some(n)) => n,
            (None, None) => return Some(drawn),
        };
        if next > drawn {
            return Some(drawn);
        }
        drawn += 1;
        if own == Some(next) {
            own = None;
        } else {
            forbidden.next();
        }
    }
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;

    use super::*;

    #[test]
    fn all_other_nodes_come_equally_often() {
        for ancestors in [&[0, 4, 5][..], &[], &[1, 2, 3, 4, 5, 6], &[2, 3]] {
            let mut rng = Seed::new(3).rng();
            let mut counts = [0; 8];
            for _ in 0..4000 {
                counts[draw_negative(8, 3, ancestors, &mut rng).unwrap() as usize] += 1;
            }
            let allowed = (0..8_u32).filter(|n| *n != 3 && !ancestors.contains(n));
            let expected = 4000 / allowed.clone().count() as i32;
            for (node, count) in counts.iter().enumerate() {
                if allowed.clone().any(|n| n as usize == node) {
                    assert!((count - expected).abs() < expected / 5 + 20, "{counts:?}");
                } else {
                    assert_eq!(*count, 0, "{ancestors:?} {counts:?}");
                }
            }
        }
        assert_eq!(draw_negative(2, 1, &[0], &mut Seed::new(3).rng()), None);
        assert_eq!(draw_negative(1, 0, &[], &mut Seed::new(3).rng()), None);
    }
}
