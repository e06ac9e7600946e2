//! Beam search on models small enough to try every translation.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::generate::{Beginning, GenerationConfig, GenerativeModel};
use plm_core::models::EncoderInput;
use plm_core::nn::DecoderCache;
use plm_core::rng::Seed;
use proptest::prelude::*;
use rand::RngExt;

use super::model::SPECIAL;
use crate::task::translation::batch::source_input;
use crate::task::translation::{BeamSearch, Translation};
use crate::testing::devices;

/// Scores that depend on the token before and on nothing else: row `i` holds those after token `i`.
struct Table {
    scores: Vec<Vec<f32>>,
    device: Device,
}

impl GenerativeModel for Table {
    fn begin(&self, input: &EncoderInput, _: &GenerationConfig) -> plm_core::Result<Beginning> {
        let [rows, _] = input.tokens.dims();
        Ok(Beginning {
            cache: DecoderCache::default(),
            prompt: vec![vec![SPECIAL.start]; rows],
        })
    }

    fn step(&self, ids: Tensor<2, Int>, _: &mut DecoderCache) -> Tensor<2> {
        let ids: Vec<i64> = ids.into_data().iter().collect();
        let values: Vec<f32> = ids
            .iter()
            .flat_map(|&id| self.scores[id as usize].clone())
            .collect();
        let shape = [ids.len(), self.scores.len()];
        Tensor::from_data(TensorData::new(values, shape), &self.device)
    }

    fn device(&self) -> Device {
        self.device.clone()
    }

    fn vocab_size(&self) -> usize {
        self.scores.len()
    }

    fn max_positions(&self) -> Option<usize> {
        None
    }
}

/// A table behind a prompt of two tokens.
struct Prompted(Table);

impl GenerativeModel for Prompted {
    fn begin(&self, input: &EncoderInput, _: &GenerationConfig) -> plm_core::Result<Beginning> {
        let [rows, _] = input.tokens.dims();
        Ok(Beginning {
            cache: DecoderCache::default(),
            prompt: vec![vec![SPECIAL.start, 3]; rows],
        })
    }

    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2> {
        self.0.step(ids, cache)
    }

    fn device(&self) -> Device {
        self.0.device()
    }

    fn vocab_size(&self) -> usize {
        self.0.vocab_size()
    }

    fn max_positions(&self) -> Option<usize> {
        None
    }
}

fn search(table: &Table, search: BeamSearch, rows: usize) -> Vec<Translation> {
    let sources = vec![&[3_i64][..]; rows];
    let input = source_input(&sources, SPECIAL, &table.device).unwrap();
    search.search(table, &input, SPECIAL).unwrap()
}

fn beams(beams: usize, length_penalty: f64, max_length: usize) -> BeamSearch {
    BeamSearch {
        beams,
        length_penalty,
        max_length,
    }
}

/// Probabilities as scores; what is left out is impossible.
fn table(rows: &[(usize, &[(usize, f32)])], tokens: usize) -> Table {
    let mut scores = vec![vec![-1e9; tokens]; tokens];
    for (row, entries) in rows {
        for &(token, probability) in *entries {
            scores[*row][token] = probability.ln();
        }
    }
    Table {
        scores,
        device: devices()[0].clone(),
    }
}

/// "3" has probability 0.6 × 0.5 = 0.3 and "4 5 9" has 0.4 × 1 × 0.9 × 0.8 = 0.288, each with its
/// end. Divided by (7/6)^α and (9/6)^α, the longer wins from
/// α = ln(ln 0.288 / ln 0.3) / ln(9/7) = 0.1327 on.
#[test]
fn the_length_penalty_decides_as_by_hand() {
    let table = table(
        &[
            (1, &[(3, 0.6), (4, 0.4)]),
            (3, &[(2, 0.5), (6, 0.5)]),
            (6, &[(7, 0.5), (8, 0.5)]),
            (7, &[(2, 1.0)]),
            (8, &[(2, 1.0)]),
            (4, &[(5, 1.0)]),
            (5, &[(9, 0.9), (6, 0.1)]),
            (9, &[(2, 0.8), (6, 0.2)]),
        ],
        10,
    );
    let best = |alpha| search(&table, beams(4, alpha, 8), 1).remove(0);
    for (alpha, ids, probability, length) in [
        (0.0, vec![3], 0.3_f64, 2.0),
        (0.12, vec![3], 0.3, 2.0),
        (0.15, vec![4, 5, 9], 0.288, 4.0),
        (1.0, vec![4, 5, 9], 0.288, 4.0),
    ] {
        let found = best(alpha);
        assert_eq!(found.ids, ids, "{alpha}");
        assert!(found.finished);
        let expected = probability.ln() / ((5.0 + length) / 6.0_f64).powf(alpha);
        assert!((found.score - expected).abs() < 1e-5, "{alpha}: {found:?}");
    }
    // Greedy search takes 3, then the earlier of two equals, which is the end.
    assert_eq!(search(&table, BeamSearch::greedy(8), 1)[0].ids, [3]);
}

/// Greedy search falls for the first step, two beams do not.
#[test]
fn beams_find_what_greedy_search_misses() {
    let table = table(
        &[
            (1, &[(3, 0.55), (4, 0.45)]),
            (3, &[(5, 0.4), (6, 0.3), (7, 0.3)]),
            (4, &[(5, 1.0)]),
            (5, &[(2, 1.0)]),
            (6, &[(2, 1.0)]),
            (7, &[(2, 1.0)]),
        ],
        8,
    );
    let greedy = search(&table, BeamSearch::greedy(5), 3);
    let beam = search(&table, beams(2, 0.0, 5), 3);
    for row in 0..3 {
        assert_eq!(greedy[row].ids, [3, 5]);
        assert!((greedy[row].score - 0.22_f64.ln()).abs() < 1e-5);
        assert_eq!(beam[row].ids, [4, 5]);
        assert!((beam[row].score - 0.45_f64.ln()).abs() < 1e-5);
    }
}

#[test]
fn the_limit_cuts_and_says_so() {
    let table = table(&[(1, &[(3, 1.0)]), (3, &[(3, 0.9), (2, 0.1)])], 4);
    let cut = search(&table, BeamSearch::greedy(4), 1).remove(0);
    assert_eq!(cut.ids, [3, 3, 3, 3]);
    assert!(!cut.finished);
    // An ended translation goes before a cut one, whatever their scores.
    let ended = search(&table, beams(2, 0.0, 4), 1).remove(0);
    assert!(ended.finished && ended.ids == [3]);
}

#[test]
fn bad_settings_and_scores_are_refused() {
    let mut table = table(&[(1, &[(2, 1.0)])], 4);
    let input = source_input(&[&[3]], SPECIAL, &table.device).unwrap();
    let error = |table: &Table, search: BeamSearch| {
        search
            .search(table, &input, SPECIAL)
            .unwrap_err()
            .to_string()
    };
    assert!(error(&table, beams(0, 0.0, 4)).contains("beams"));
    assert!(error(&table, beams(1, 0.0, 0)).contains("max_length"));
    assert!(error(&table, beams(1, f64::NAN, 4)).contains("length_penalty"));
    assert!(error(&table, beams(1, -1.0, 4)).contains("length_penalty"));
    table.scores[1][3] = f32::NAN;
    assert!(error(&table, beams(1, 0.0, 4)).contains("NaN"));
}

/// A model whose decoder begins with more than one token, as one of words alone does.
#[test]
fn longer_prompts_are_refused() {
    let table = table(&[(1, &[(2, 1.0)])], 4);
    let input = source_input(&[&[3]], SPECIAL, &table.device).unwrap();
    let prompted = Prompted(table);
    let found = BeamSearch::greedy(4).search(&prompted, &input, SPECIAL);
    let error = found.unwrap_err().to_string();
    assert!(error.contains("prompt: has 2 tokens"), "{error}");
}

/// The best of all translations of at most `limit` tokens that end.
fn exhaustive(scores: &[Vec<f64>], alpha: f64, limit: usize) -> (Vec<i64>, f64) {
    let mut best = (Vec::new(), f64::NEG_INFINITY);
    let mut open = vec![(vec![SPECIAL.start], 0.0)];
    for length in 1..=limit {
        let mut next = Vec::new();
        for (ids, sum) in &open {
            let row = &scores[*ids.last().unwrap() as usize];
            for (token, log_probability) in row.iter().enumerate().skip(2) {
                let sum = sum + log_probability;
                if token as i64 == SPECIAL.end {
                    let score = sum / ((5.0 + length as f64) / 6.0).powf(alpha);
                    if score > best.1 {
                        best = (ids[1..].to_vec(), score);
                    }
                } else {
                    next.push(([&ids[..], &[token as i64]].concat(), sum));
                }
            }
        }
        open = next;
    }
    best
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    /// With beams enough for everything, the search is exhaustive up to its early end, which never
    /// happens before there are as many translations as beams.
    #[test]
    fn many_beams_find_the_best(seed: u64, alpha in 0.0_f64..1.5) {
        let mut rng = Seed::new(seed).rng();
        let raw: Vec<Vec<f32>> = (0..6)
            .map(|_| (0..6).map(|_| rng.random::<f32>() * 4.0).collect())
            .collect();
        let normal: Vec<Vec<f64>> = raw
            .iter()
            .map(|row| {
                let total: f64 = row.iter().map(|x| f64::from(*x).exp()).sum();
                row.iter().map(|x| f64::from(*x) - total.ln()).collect()
            })
            .collect();
        let table = Table { scores: raw, device: devices()[0].clone() };
        let found = search(&table, beams(300, alpha, 5), 2);
        let (ids, score) = exhaustive(&normal, alpha, 5);
        for found in found {
            prop_assert!((found.score - score).abs() < 1e-4, "{:?} {:?} {}", found, ids, score);
        }
    }
}
