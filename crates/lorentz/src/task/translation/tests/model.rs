//! Both translators: what they see, and the cache.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::generate::{GenerationConfig, generate};
use plm_core::models::{EncoderInput, RowOverride};
use plm_core::nn::{AttentionMask, DropoutMode, Positions, Taps};
use plm_core::rng::Seed;

use crate::nn::{ResidualKind, TransformerConfig};
use crate::optim::{ManifoldOptimizer, ManifoldOptimizerConfig};
use crate::task::translation::batch::source_input;
use crate::task::translation::*;
use crate::testing::{devices, gap_of, values};

pub(super) const SPECIAL: SpecialIds = SpecialIds {
    pad: 0,
    start: 1,
    end: 2,
};

pub(super) fn config(residual: ResidualKind) -> TranslatorConfig {
    let transformer = TransformerConfig {
        residual,
        dropout: 0.2,
        attention_dropout: 0.2,
        ..TransformerConfig::new(8, 2, 2)
    };
    TranslatorConfig {
        max_length: 12,
        ..TranslatorConfig::new(9, 11, SPECIAL, transformer)
    }
}

fn ids(rows: &[&[i64]], device: &Device) -> Tensor<2, Int> {
    let shape = [rows.len(), rows[0].len()];
    Tensor::from_data(TensorData::new(rows.concat(), shape), device)
}

const SOURCES: [&[i64]; 2] = [&[3, 4, 5, 6], &[7, 8]];

/// Step by step behind the cache, one token or several at a time, as all at once.
fn check_cache<M: Translator>(model: &M, device: &Device) {
    let input = source_input(&SOURCES, SPECIAL, device).unwrap();
    let target = ids(&[&[1, 4, 5, 6, 10], &[1, 9, 3, 3, 8]], device);
    let whole = model.scores(&input, target.clone()).unwrap();
    let settings = GenerationConfig::default();
    for cuts in [vec![1, 1, 1, 1, 1], vec![2, 3], vec![1, 4]] {
        let beginning = model.begin(&input, &settings).unwrap();
        assert_eq!(beginning.prompt, [[1], [1]]);
        let mut cache = beginning.cache;
        let mut read = 0;
        for count in cuts {
            let part = target.clone().narrow(1, read, count);
            let found = values(model.step(part, &mut cache));
            read += count;
            let expected = values(whole.clone().narrow(1, read - 1, 1));
            assert!(gap_of(&found, &expected) < 2e-5, "{found:?} {expected:?}");
        }
        // Rows swapped in the middle go on as the other row.
        cache = model.begin(&input, &settings).unwrap().cache;
        model.step(target.clone().narrow(1, 0, 2), &mut cache);
        cache.select(&[1, 0, 1]);
        let rows = target.clone().select(
            0,
            Tensor::<1, Int>::from_data(TensorData::new(vec![1_i64, 0, 1], [3]), device),
        );
        let found = values(model.step(rows.narrow(1, 2, 1), &mut cache));
        let expected = values(whole.clone().narrow(1, 2, 1));
        let (first, second) = expected.split_at(11);
        assert!(gap_of(&found, &[second, first, second].concat()) < 2e-5);
    }
}

#[test]
fn the_cache_changes_nothing() {
    for device in devices() {
        for residual in [ResidualKind::Linear, ResidualKind::Centroid] {
            let model = config(residual).init_lorentz(Seed::new(5), &device);
            check_cache(&model.unwrap(), &device);
        }
        let model = config(ResidualKind::Linear).init_euclidean(Seed::new(5), &device);
        check_cache(&model.unwrap(), &device);
    }
}

/// Padding and later target tokens leave no trace; source tokens and earlier target tokens do.
fn check_sight<M: Translator>(model: &M, device: &Device) {
    let scores = |sources: &[&[i64]], targets: &[&[i64]]| {
        let input = source_input(sources, SPECIAL, device).unwrap();
        model.scores(&input, ids(targets, device)).unwrap()
    };
    let both = scores(&SOURCES, &[&[1, 4, 5], &[1, 4, 5]]);
    let row = |of: &Tensor<3>, row| values(of.clone().narrow(0, row, 1));
    let alone = scores(&[&[7, 8]], &[&[1, 4, 5]]);
    assert!(gap_of(&row(&both, 1), &row(&alone, 0)) < 1e-5);
    assert!(gap_of(&row(&both, 0), &row(&alone, 0)) > 1e-4);
    let other = scores(&SOURCES, &[&[1, 4, 9], &[1, 9, 5]]);
    let first =
        |of: &Tensor<3>, row, length| values(of.clone().narrow(0, row, 1).narrow(1, 0, length));
    assert!(gap_of(&first(&both, 0, 2), &first(&other, 0, 2)) < 1e-6);
    assert!(gap_of(&row(&both, 0), &row(&other, 0)) > 1e-4);
    assert!(gap_of(&first(&both, 1, 1), &first(&other, 1, 1)) < 1e-6);
    assert!(gap_of(&first(&both, 1, 2), &first(&other, 1, 2)) > 1e-4);

    let drop = |seed| {
        let input = source_input(&SOURCES, SPECIAL, device).unwrap();
        let input = input.with_dropout(DropoutMode::Train { seed });
        let target = ids(&[&[1, 4], &[1, 5]], device);
        values(model.scores(&input, target).unwrap())
    };
    assert_eq!(drop(1), drop(1));
    assert_ne!(drop(1), drop(2));
}

#[test]
fn padding_and_what_lies_ahead_leave_no_trace() {
    for device in devices() {
        let config = config(ResidualKind::Linear);
        check_sight(
            &config.init_lorentz(Seed::new(5), &device).unwrap(),
            &device,
        );
        let euclidean = config.init_euclidean(Seed::new(5), &device).unwrap();
        check_sight(&euclidean, &device);
    }
}

#[test]
fn the_twins_have_nearly_the_same_size() {
    use burn::module::Module;
    let device = &devices()[0];
    let config = TranslatorConfig {
        transformer: TransformerConfig::new(64, 4, 2),
        ..config(ResidualKind::Linear)
    };
    let lorentz = config.init_lorentz(Seed::new(1), device).unwrap();
    let euclidean = config.init_euclidean(Seed::new(1), device).unwrap();
    let [a, b] = [lorentz.num_params(), euclidean.num_params()].map(|count| count as f64);
    assert!((a / b - 1.0).abs() < 0.05, "{a} {b}");
    // Classes begin at the points of the target's tokens, as parameters of their own.
    let points = values(lorentz.target.points.val());
    assert_eq!(values(lorentz.head.centers.val()), points);
    let registry = ManifoldOptimizer::new(&lorentz, ManifoldOptimizerConfig::default()).unwrap();
    assert_eq!(registry.registry().len(), 3);
}

#[test]
fn too_long_sequences_and_bad_settings_are_refused() {
    let device = &devices()[0];
    let config = config(ResidualKind::Linear);
    let long = vec![3_i64; 12];
    let input = source_input(&[&long], SPECIAL, device).unwrap();
    let target = || ids(&[&[1]], device);
    let text = |result: crate::Result<Tensor<3>>| result.unwrap_err().to_string();
    let lorentz = config.init_lorentz(Seed::new(1), device).unwrap();
    let euclidean = config.init_euclidean(Seed::new(1), device).unwrap();
    for error in [
        text(lorentz.scores(&input, target())),
        text(euclidean.scores(&input, target())),
    ] {
        assert!(
            error.contains("13 tokens") && error.contains("12"),
            "{error}"
        );
    }
    let change = |change: fn(&mut TranslatorConfig)| {
        let mut config = config;
        change(&mut config);
        let euclidean = config.init_euclidean(Seed::new(1), device).map(|_| ());
        assert!(euclidean.is_err());
        let lorentz = config.init_lorentz(Seed::new(1), device).map(|_| ());
        lorentz.unwrap_err().to_string()
    };
    assert!(change(|c| c.special.pad = 1).contains("special"));
    assert!(change(|c| c.special.end = 9).contains("below 9"));
    assert!(change(|c| c.max_length = 0).contains("max_length"));
    assert!(change(|c| c.embedding_dropout = 1.0).contains("embedding_dropout"));
    assert!(change(|c| c.transformer.heads = 3).contains("heads"));
    assert!(change(|c| c.transformer.layers = 0).contains("`layers` is 0"));
    assert!(change(|c| c.transformer.d_model = 0).contains("`d_model` is 0"));
    assert!(change(|c| c.transformer.d_feed_forward = 0).contains("`d_feed_forward` is 0"));
}

type Change = fn(EncoderInput, &Device) -> EncoderInput;

/// What a pass over whole targets does not heed, and what a translation step by step does not besides.
#[test]
fn inputs_that_are_not_heeded_are_refused() {
    fn refuses<M: Translator>(model: &M, device: &Device) {
        let input = || source_input(&SOURCES, SPECIAL, device).unwrap();
        let target = || ids(&[&[1, 4], &[1, 5]], device);
        let settings = GenerationConfig::default();
        let begins = |input: &EncoderInput| model.begin(input, &settings).map(|_| ());
        model.scores(&input(), target()).unwrap();
        begins(&input()).unwrap();
        let never: [(Change, &str); 6] = [
            (
                |input, device| input.with_token_types(zeros(device)),
                "`token_type_ids`",
            ),
            (
                |input, device| input.with_positions(Positions::Ids(zeros(device))),
                "`positions`",
            ),
            (
                |input, device| {
                    let rows = Tensor::zeros([1, 8], device);
                    input.with_row_override(RowOverride { ids: vec![3], rows })
                },
                "`row_override`",
            ),
            (
                |input, device| input.with_ffn_mask(0, Tensor::ones([1, 1, 32], device)),
                "`ffn_masks`",
            ),
            (
                |input, _| {
                    let hidden_states = [0].into();
                    input.with_taps(Taps {
                        hidden_states,
                        ..Taps::default()
                    })
                },
                "`taps`",
            ),
            (
                |input, device| {
                    let hidden = TensorData::new(vec![false; 25], [1, 5, 5]);
                    let hidden = Tensor::from_data(hidden, device);
                    input.with_mask(AttentionMask::Pairwise(hidden))
                },
                "`mask`",
            ),
        ];
        for (change, field) in never {
            let input = change(input(), device);
            let scored = model.scores(&input, target()).unwrap_err().to_string();
            let begun = begins(&input).unwrap_err().to_string();
            assert!(
                scored.contains(field) && begun.contains(field),
                "{scored}, {begun}"
            );
        }
        for mode in [
            DropoutMode::Train { seed: 1 },
            DropoutMode::Mc { seed: 1, pass: 0 },
        ] {
            let input = input().with_dropout(mode);
            model.scores(&input, target()).unwrap();
            let begun = begins(&input).unwrap_err().to_string();
            assert!(begun.contains("`dropout`"), "{begun}");
        }
        let unknown = EncoderInput::ids(ids(&[&[3, 2], &[9, 2]], device));
        let begun = begins(&unknown).unwrap_err().to_string();
        assert!(
            begun.contains("sequence 1, token 0 of the source: is 9"),
            "{begun}"
        );
    }
    fn zeros(device: &Device) -> Tensor<2, Int> {
        Tensor::zeros([2, 5], device)
    }
    for device in devices() {
        let config = config(ResidualKind::Linear);
        refuses(
            &config.init_lorentz(Seed::new(5), &device).unwrap(),
            &device,
        );
        refuses(
            &config.init_euclidean(Seed::new(5), &device).unwrap(),
            &device,
        );
    }
}

/// Greedy search is that of `plm_core`.
#[test]
fn greedy_search_agrees_with_generate() {
    for device in devices() {
        let config = config(ResidualKind::Linear);
        let model = config.init_lorentz(Seed::new(8), &device).unwrap();
        let input = source_input(&SOURCES, SPECIAL, &device).unwrap();
        let settings = GenerationConfig {
            max_new_tokens: Some(9),
            eos_token_id: vec![SPECIAL.end],
            pad_token_id: Some(SPECIAL.pad),
            ..GenerationConfig::default()
        };
        let found = BeamSearch::greedy(9)
            .search(&model, &input, SPECIAL)
            .unwrap();
        let expected = generate(&model, &input, &settings, Seed::new(1)).unwrap();
        for (found, expected) in found.iter().zip(expected.best()) {
            let mut ids = found.ids.clone();
            if found.finished {
                ids.push(SPECIAL.end);
            }
            // An untrained model may choose padding or start, which the search never does.
            if !expected.ids.iter().any(|id| [0, 1].contains(id)) {
                assert_eq!(ids, expected.ids);
                assert!((found.score - f64::from(expected.score)).abs() < 1e-4);
            }
        }
        let usable = |ids: &[i64]| !ids.iter().any(|id| [0, 1].contains(id));
        assert!(expected.best().any(|one| usable(&one.ids)));
    }
}
