//! Generation: caches, sampling, settings.

use std::path::Path;
use std::sync::Arc;

use burn::tensor::{Int, Tensor, TensorData};
use plm_core::checkpoint::SaveOptions;
use plm_core::generate::{EarlyStopping, GenerationConfig, GenerativeModel, generate};
use plm_core::models::{
    BartForConditionalGeneration, EncoderInput, Gpt2LmHeadModel, Pretrained, PretrainedModel,
    T5ForConditionalGeneration,
};
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::rng::Seed;
use serde_json::{Value, json};

use super::decoder_support::stack_input;
use super::fixture::{Fixture, check_close, devices};

/// Scores behind a cache equal those of one pass over everything.
fn cache_equals_no_cache<M: PretrainedModel + GenerativeModel>(name: &str) {
    let fixture = Fixture::open(name);
    for (device_name, device) in devices() {
        let model = Pretrained::<M>::load(&fixture.dir, &device).unwrap().model;
        let input = stack_input(&fixture, "generate.", &device);
        let settings = GenerationConfig::default();
        let beginning = model.begin(&input, &settings).unwrap();
        let mut rows = beginning.prompt.clone();
        let mut cache = beginning.cache.clone();
        let ids = |rows: &[Vec<i64>], from: usize| {
            let fresh: Vec<i64> = rows.iter().flat_map(|row| row[from..].to_vec()).collect();
            let length = rows[0].len() - from;
            Tensor::<2, Int>::from_data(TensorData::new(fresh, [rows.len(), length]), &device)
        };
        for step in 0..6 {
            let read = cache.length;
            let with = model.step(ids(&rows, read), &mut cache);
            let without = model.step(ids(&rows, 0), &mut beginning.cache.clone());
            let values = |x: Tensor<2>| x.into_data().try_to_vec::<f32>().unwrap();
            let what = format!("step {step} of {name}");
            check_close(&values(with), &values(without), device_name, &what);
            for (row, ids) in rows.iter_mut().enumerate() {
                ids.push(7 + (step * 5 + row as i64 * 3) % 40);
            }
        }
    }
}

#[test]
fn t5_cache() {
    cache_equals_no_cache::<T5ForConditionalGeneration>("t5-lm");
}

#[test]
fn bart_cache() {
    cache_equals_no_cache::<BartForConditionalGeneration>("bart-lm");
}

#[test]
fn gpt2_cache() {
    cache_equals_no_cache::<Gpt2LmHeadModel>("gpt2-lm");
}

fn named(input: EncoderInput, names: &[u64]) -> EncoderInput {
    input.with_dropout_context(DropoutContext {
        mode: DropoutMode::Off,
        example_ids: Some(Arc::from(names)),
    })
}

#[test]
fn samples_do_not_depend_on_the_batch() {
    let fixture = Fixture::open("t5-lm");
    let (_, device) = devices().remove(0);
    let model = Pretrained::<T5ForConditionalGeneration>::load(&fixture.dir, &device)
        .unwrap()
        .model;
    let settings = GenerationConfig {
        do_sample: true,
        top_k: 0,
        num_return_sequences: 3,
        max_new_tokens: Some(8),
        ..GenerationConfig::read(&fixture.dir).unwrap()
    };
    let ids = fixture.ints::<2>("generate.input_ids", &device);
    let mask = fixture.hidden::<2>("generate.attention_mask", &device);
    let sample = |from: usize, count: usize, seed| {
        let ids = ids.clone().narrow(0, from, count);
        let mask = mask.clone().narrow(0, from, count);
        let names: Vec<u64> = (from..from + count).map(|row| 40 + row as u64).collect();
        let input = named(EncoderInput::ids(ids).with_padding(mask), &names);
        generate(&model, &input, &settings, Seed::new(seed)).unwrap()
    };
    let whole = sample(0, 3, 5);
    for row in 0..3 {
        let alone = sample(row, 1, 5);
        let ids = |all: &[plm_core::generate::Hypothesis]| -> Vec<Vec<i64>> {
            all.iter()
                .map(|hypothesis| hypothesis.ids.clone())
                .collect()
        };
        assert_eq!(ids(&alone.hypotheses[0]), ids(&whole.hypotheses[row]));
        let first = &alone.hypotheses[0];
        assert!(first.iter().any(|other| other.ids != first[0].ids));
    }
    assert_ne!(whole.sequences(), sample(0, 3, 6).sequences());
}

#[test]
fn sampling_the_best_of_one_is_greedy() {
    let fixture = Fixture::open("gpt2-lm");
    let (_, device) = devices().remove(0);
    let model = Pretrained::<Gpt2LmHeadModel>::load(&fixture.dir, &device)
        .unwrap()
        .model;
    let input = stack_input(&fixture, "generate.", &device);
    let greedy = GenerationConfig::read(&fixture.dir).unwrap();
    let sampled = GenerationConfig {
        do_sample: true,
        top_k: 1,
        ..greedy.clone()
    };
    let run = |settings| generate(&model, &input, settings, Seed::new(3)).unwrap();
    assert_eq!(run(&greedy), run(&sampled));
}

#[test]
fn wrong_settings_are_named() {
    let cases = [
        ("num_beams", json!(0)),
        ("temperature", json!(0.0)),
        ("top_p", json!(1.5)),
        ("repetition_penalty", json!(-1.0)),
        ("early_stopping", json!("sometimes")),
        ("num_return_sequences", json!(2)),
        ("max_new_tokens", json!(-3)),
        ("eos_token_id", json!([1, -2])),
        ("length_penalty", json!("long")),
    ];
    for (key, value) in cases {
        let fields = [(key.to_owned(), value)].into_iter().collect();
        let error = GenerationConfig::from_fields("here", fields).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("here") && text.contains(key), "{text}");
    }
}

#[test]
fn settings_that_do_not_fit_the_model_are_named() {
    let fixture = Fixture::open("gpt2-lm");
    let (_, device) = devices().remove(0);
    let model = Pretrained::<Gpt2LmHeadModel>::load(&fixture.dir, &device)
        .unwrap()
        .model;
    let input = stack_input(&fixture, "generate.", &device);
    let base = GenerationConfig::default();
    let cases = [
        (
            "max_length",
            GenerationConfig {
                max_length: Some(6),
                ..base.clone()
            },
        ),
        (
            "max_new_tokens",
            GenerationConfig {
                max_new_tokens: Some(36),
                ..base.clone()
            },
        ),
        (
            "eos_token_id",
            GenerationConfig {
                eos_token_id: vec![72],
                ..base.clone()
            },
        ),
    ];
    for (key, settings) in cases {
        let error = generate(&model, &input, &settings, Seed::new(1)).unwrap_err();
        assert!(error.to_string().contains(key), "{error}");
    }
    // As in transformers, a minimum above the limit holds up to the limit.
    let settings = GenerationConfig {
        min_length: 99,
        max_new_tokens: Some(4),
        ..GenerationConfig::read(&fixture.dir).unwrap()
    };
    let found = generate(&model, &input, &settings, Seed::new(1)).unwrap();
    assert!(
        found
            .best()
            .all(|best| best.ids.len() == 4 && !best.finished)
    );
    let right = input.with_padding(fixture.hidden("attention_mask", &device).narrow(1, 0, 6));
    let error = generate(&model, &right, &base, Seed::new(1)).unwrap_err();
    assert!(error.to_string().contains("left"), "{error}");
}

#[test]
fn settings_for_generation_are_saved_with_the_model() {
    let dir = Fixture::open("bart-lm").dir;
    let (_, device) = devices().remove(0);
    let model = Pretrained::<BartForConditionalGeneration>::load(&dir, &device).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("saved");
    let read = |dir: &Path| std::fs::read(dir.join("generation_config.json")).unwrap();
    model.save(&saved, &SaveOptions::new()).unwrap();
    assert_eq!(read(&saved), read(&dir));
    let own = SaveOptions::new().companion("generation_config.json", "{}");
    model.save(&saved, &own).unwrap();
    assert_eq!(read(&saved), b"{}");
}

#[test]
fn settings_are_read_from_either_file() {
    let settings = GenerationConfig::read(Fixture::open("bart-lm").dir).unwrap();
    assert_eq!(settings.eos_token_id, [2]);
    assert_eq!(settings.forced_eos_token_id, [2]);
    assert_eq!(settings.pad_token_id, Some(1));
    assert_eq!(settings.decoder_start_token_id, Some(2));
    // No generation_config.json there.
    let settings = GenerationConfig::read(Fixture::open("t5-seqcls").dir).unwrap();
    assert_eq!(settings.eos_token_id, [1]);
    let fields = json!({"early_stopping": "never", "eos_token_id": [3, 4, 3]});
    let Value::Object(fields) = fields else {
        unreachable!()
    };
    let settings = GenerationConfig::from_fields("here", fields).unwrap();
    assert_eq!(settings.early_stopping, EarlyStopping::Never);
    assert_eq!(settings.eos_token_id, [3, 4]);
}
