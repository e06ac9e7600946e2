//! Masked-LM noise.

use super::parity::fixture;
use crate::rng::Seed;
use crate::text::{EncodeOptions, MlmMasking, Tokenizer};

fn tokenizer() -> Tokenizer {
    Tokenizer::from_dir(fixture("wordpiece")).unwrap()
}

/// The share of `count` in `total`, which must lie within 4 standard deviations of `p`.
fn near(count: usize, total: usize, p: f64) {
    let (count, total) = (count as f64, total as f64);
    let deviation = (p * (1.0 - p) / total).sqrt();
    let share = count / total;
    assert!(
        (share - p).abs() < 4.0 * deviation,
        "{share} is far from {p}"
    );
}

#[test]
fn shares_are_those_of_bert() {
    let tokenizer = tokenizer();
    let masking = MlmMasking::new(&tokenizer).unwrap();
    let vocabulary = u32::try_from(tokenizer.vocabulary_size()).unwrap();
    // Every third id is special (0 to 8 are), the others are not.
    let ids: Vec<u32> = (0..90_000_u32)
        .map(|i| {
            if i % 3 == 0 {
                i % 9
            } else {
                9 + i % (vocabulary - 9)
            }
        })
        .collect();
    let masked = masking
        .mask_ids(&ids, None, &mut Seed::new(5).stream("mlm"))
        .unwrap();
    let free = ids.iter().filter(|&&id| id >= 9).count();
    near(masked.positions.len(), free, 0.15);
    let mut kinds = [0; 3];
    for (&at, &target) in masked.positions.iter().zip(&masked.targets) {
        assert!(target >= 9 && ids[at] == target);
        match masked.ids[at] {
            4 => kinds[0] += 1,
            id if id == target => kinds[2] += 1,
            id => {
                assert!((9..vocabulary).contains(&id), "never a special token");
                kinds[1] += 1;
            }
        }
    }
    let chosen = masked.positions.len();
    // A random token equals the original once in the number of free tokens.
    let same = 1.0 / f64::from(vocabulary - 9);
    near(kinds[0], chosen, 0.8);
    near(kinds[1], chosen, 0.1 * (1.0 - same));
    near(kinds[2], chosen, 0.1 * (1.0 + same));
    let untouched = (0..ids.len()).filter(|at| !masked.positions.contains(at));
    for at in untouched.take(2000) {
        assert_eq!(masked.ids[at], ids[at]);
    }
    assert!(masked.positions.is_sorted());
}

#[test]
fn tokens_without_a_row_are_not_drawn() {
    let mut tokenizer = tokenizer();
    tokenizer.limit_to(60);
    let masking = MlmMasking::new(&tokenizer).unwrap();
    let masking = masking.with_probability(1.0).unwrap();
    let masking = masking.with_shares(0.0, 1.0).unwrap();
    let ids = vec![20; 2000];
    let masked = masking.mask_ids(&ids, None, &mut Seed::new(3).rng());
    let drawn = masked.unwrap().ids;
    assert!(drawn.iter().all(|id| (9..60).contains(id)), "{drawn:?}");
    assert!(drawn.contains(&59), "the last row is drawn");
    // The nine special tokens alone have rows.
    tokenizer.limit_to(9);
    assert!(MlmMasking::new(&tokenizer).is_err());
}

#[test]
fn the_seed_decides() {
    let masking = MlmMasking::new(&tokenizer()).unwrap();
    let ids: Vec<u32> = (9..200).collect();
    let run = |seed: u64| masking.mask_ids(&ids, None, &mut Seed::new(seed).stream("mlm"));
    assert_eq!(run(1).unwrap(), run(1).unwrap());
    assert_ne!(run(1).unwrap(), run(2).unwrap());
}

#[test]
fn words_are_chosen_whole() {
    let tokenizer = tokenizer();
    let masking = MlmMasking::new(&tokenizer)
        .unwrap()
        .with_whole_words()
        .with_probability(0.5)
        .unwrap();
    let text = "unbelievable internationalisation forgettable characterisation walking lamps";
    let encoding = tokenizer
        .encode((text, text), &EncodeOptions::new())
        .unwrap();
    assert!(encoding.word_tokens(1, 1).len() > 2);
    let (mut partly, mut some) = (0, 0);
    for seed in 0..50 {
        let masked = masking.mask(&encoding, &mut Seed::new(seed).rng());
        assert!(
            masked
                .positions
                .iter()
                .all(|&at| !encoding.special_tokens_mask[at])
        );
        for side in 0..2 {
            for word in 0..6 {
                let tokens = encoding.word_tokens(side, word);
                let chosen = tokens.iter().filter(|at| masked.positions.contains(at));
                let chosen = chosen.count();
                partly += usize::from(chosen != 0 && chosen != tokens.len());
                some += usize::from(chosen == tokens.len());
            }
        }
    }
    assert_eq!(partly, 0);
    near(some, 600, 0.5);
}

#[test]
fn bounds_of_the_settings() {
    let masking = || MlmMasking::new(&tokenizer()).unwrap();
    let ids: Vec<u32> = (0..100).collect();
    let mut rng = Seed::new(0).rng();
    let none = masking().with_probability(0.0).unwrap();
    assert!(
        none.mask_ids(&ids, None, &mut rng)
            .unwrap()
            .positions
            .is_empty()
    );
    let all = masking()
        .with_probability(1.0)
        .unwrap()
        .with_shares(1.0, 0.0)
        .unwrap();
    let masked = all.mask_ids(&ids, None, &mut rng).unwrap();
    assert_eq!(masked.positions, (9..100).collect::<Vec<_>>());
    assert!(masked.ids[9..].iter().all(|&id| id == 4));
    assert!(masking().with_probability(1.5).is_err());
    assert!(masking().with_probability(f64::NAN).is_err());
    assert!(masking().with_shares(0.8, 0.3).is_err());
    assert!(all.mask_ids(&ids, Some(&[true]), &mut rng).is_err());
    let gpt2 = Tokenizer::from_dir(fixture("gpt2")).unwrap();
    assert!(MlmMasking::new(&gpt2).is_err());
}
