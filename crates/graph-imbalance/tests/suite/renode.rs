//! Weights: another implementation's numbers and invariants.

use plm_graph_imbalance::renode::{Rank, ReNode, Ties};
use proptest::prelude::*;

use super::shared::permutation;
use super::totoro::cases;

#[test]
fn python_gives_the_same() {
    let mut compared = 0;
    for case in cases() {
        for expected in &case.weights {
            let renode = ReNode::new(expected.w_min, expected.w_max).unwrap();
            let found = renode.weights(&case.train, &case.conflict).unwrap();
            super::shared::assert_close(&found, &expected.weights, 1e-14, "weights");
            compared += 1;
        }
    }
    assert!(compared >= 3, "{compared}");
}

proptest! {
    #[test]
    fn weights_fall_with_the_conflict(
        conflict in proptest::collection::vec(0_u8..30, 2..40),
        w_min in 0.0_f64..2.0,
        spread in 0.0_f64..2.0,
        shared: bool,
        seed: u64,
    ) {
        let train = permutation(conflict.len(), seed);
        let conflict: Vec<f64> = conflict.iter().map(|&value| f64::from(value) / 7.0).collect();
        let w_max = w_min + spread;
        let renode = ReNode::new(w_min, w_max)
            .unwrap()
            .with_ties(if shared { Ties::Average } else { Ties::Stable });
        let weights = renode.weights(&train, &conflict).unwrap();
        let mean = weights.iter().sum::<f64>() / weights.len() as f64;
        prop_assert!((mean - 0.5 * (w_min + w_max)).abs() < 1e-12);
        for (a, b) in weights.iter().zip(&conflict) {
            prop_assert!((w_min - 1e-15..=w_max + 1e-15).contains(a));
            for (other, conflict) in weights.iter().zip(&conflict) {
                prop_assert!(conflict <= b || other <= a);
                prop_assert!(!shared || conflict != b || other == a);
            }
        }
        if !shared {
            let (low, high) = weights.iter().fold((f64::MAX, 0.0_f64), |(l, h), &w| (l.min(w), h.max(w)));
            prop_assert!((low - w_min).abs() < 1e-15 && (high - w_max).abs() < 1e-15);
        }
        // The order in which nodes are given does not matter.
        let order = permutation(train.len(), seed.wrapping_add(1));
        let pick = |values: &[f64]| order.iter().map(|&at| values[at as usize]).collect::<Vec<_>>();
        let nodes: Vec<u32> = order.iter().map(|&at| train[at as usize]).collect();
        prop_assert_eq!(renode.weights(&nodes, &pick(&conflict)).unwrap(), pick(&weights));
        // Nor do their names, but for the order of ties.
        let names = permutation(train.len(), seed.wrapping_add(2));
        let named: Vec<u32> = train.iter().map(|&node| 7 * names[node as usize] + 3).collect();
        for (at, weight) in renode.weights(&named, &conflict).unwrap().iter().enumerate() {
            let tied = conflict.iter().filter(|&other| *other == conflict[at]).count() > 1;
            prop_assert!(*weight == weights[at] || (tied && !shared));
        }
        // The paper's ranks have a mean that is lower by (w_max − w_min)/(2|L|).
        let paper = renode.with_rank(Rank::Paper).weights(&train, &conflict).unwrap();
        let count = paper.len() as f64;
        let mean = paper.iter().sum::<f64>() / count;
        prop_assert!((mean - 0.5 * (w_min + w_max) + spread / (2.0 * count)).abs() < 1e-12);
        let off = ReNode::new(1.0, 1.0).unwrap().weights(&train, &conflict).unwrap();
        prop_assert!(off.iter().all(|&weight| weight == 1.0));
    }
}
