//! Splits of the reference code, and properties of our own.

use std::path::Path;

use plm_core::rng::Seed;
use plm_graph_imbalance::graph::Labels;
use plm_graph_imbalance::split::{
    BalancedSplit, LongTail, RandomSplit, ReferenceSplits, StepImbalance, Validation, draw_sizes,
};
use proptest::prelude::*;

#[test]
fn reference_splits_are_read_whole() {
    let labels: Vec<u32> = (0..90).map(|v| (v * v + v / 7) % 4).collect();
    let labels = Labels::complete(&labels).unwrap();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/split/splits.json");
    let splits = ReferenceSplits::read(path).unwrap();
    assert_eq!(splits.seeds().collect::<Vec<_>>(), ["0", "1", "2"]);
    for seed in ["0", "1", "2"] {
        let split = splits.get(seed, &labels).unwrap();
        split.check(&labels).unwrap();
        assert_eq!(
            (split.train.len(), split.valid.len(), split.test.len()),
            (16, 12, 62)
        );
        // Validation nodes are the first of each class that are not trained on.
        let class = |node: &u32| labels.get(*node).unwrap();
        for valid in &split.valid {
            let later = |test: &&u32| class(test) == class(valid);
            assert!(split.test.iter().filter(later).all(|test| test > valid));
        }
    }
}

proptest! {
    #[test]
    fn every_split_is_one(
        classes in proptest::collection::vec(proptest::option::weighted(0.9, 0_u32..3), 0..80),
        train_each in 0_usize..9,
        valid_each in 0_usize..9,
        ratio in 1.0_f64..8.0,
        ascending: bool,
        seed: u64,
    ) {
        let labels = Labels::new(classes, 3).unwrap();
        let labeled: usize = labels.counts().iter().sum();
        let validation = if ascending { Validation::Ascending } else { Validation::Random };
        let seed = Seed::new(seed);
        let step = StepImbalance { labeled_share: 0.2, ratio, valid_each, validation, ..StepImbalance::default() };
        let tail = LongTail { largest: train_each, ratio, valid_each, validation };
        let random = RandomSplit { train: 3 * train_each, valid: valid_each };
        let drawn = [
            BalancedSplit { train_each, valid_each, validation }.draw(&labels, seed),
            step.draw(&labels, seed),
            tail.draw(&labels, seed),
            random.draw(&labels, seed),
        ];
        let enough = train_each > 0 && labels.counts().iter().all(|&count| count >= train_each + valid_each);
        prop_assert_eq!(drawn[0].is_ok(), enough);
        for split in drawn.into_iter().flatten() {
            prop_assert!(split.check(&labels).is_ok());
            prop_assert_eq!(split.train.len() + split.valid.len() + split.test.len(), labeled);
            for nodes in [&split.train, &split.valid, &split.test] {
                prop_assert!(nodes.is_sorted());
            }
        }
        prop_assert!(draw_sizes(&labels, &[1, 1], 0, validation, seed).is_err());
    }
}
