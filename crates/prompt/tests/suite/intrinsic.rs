//! Auto-encoders of prompts, subspace search and tuning inside the subspace.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::models::loss::cross_entropy;
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_core::train::{Every, Until, count_params};
use plm_prompt::intrinsic::{
    AutoEncoderConfig, AutoEncoderKind, IntrinsicPrompt, PromptAutoEncoder, PromptDecoder,
    SubspaceObjective, SubspaceSearch,
};
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::tune::{Family, TuneSettings, predict, tune};
use plm_prompt::{Choice, Error, PromptMatrix, PromptSource, TaskEncoder, TaskSet, TextForm};

use super::support::{
    SLOTS, WIDTH, assert_close, devices, masked_lm, mini, opinions, prompt, tensor, texts,
    tolerance, values, word_tasks, words,
};

fn config(kind: AutoEncoderKind, dimensions: usize) -> AutoEncoderConfig {
    AutoEncoderConfig {
        hidden: 24,
        kind,
        ..AutoEncoderConfig::new(SLOTS, WIDTH, dimensions)
    }
}

fn reconstruction_only(steps: u64) -> TuneSettings {
    TuneSettings {
        until: Until::Steps(steps),
        evaluate: Every::Never,
        lr: 1e-2,
        batch_size: 8,
        dropout: false,
        ..TuneSettings::new(Family::MaskedLM, 256)
    }
}

/// Four tasks with the same texts: what a search needs beside prompts.
fn tasks(count: usize) -> (plm_prompt::model::PromptedMaskedLM, TaskSet) {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let encoder = TaskEncoder::new(&tokenizer, TextForm::Masked);
    let task = encoder.train(&opinions()).unwrap();
    let tasks = vec![task; count];
    let set = TaskSet::new(&tasks, Choice::Own, Padding::of(&tokenizer).unwrap()).unwrap();
    (model, set)
}

fn wide(seed: u64) -> PromptMatrix {
    let values = plm_core::nn::init::normal(Seed::new(seed), "prompt", 4 * 256, 0.5);
    PromptMatrix::new(4, 256, values).unwrap()
}

#[test]
fn numbers_of_parameters_are_those_of_the_paper() {
    let (_, device) = devices().remove(0);
    // D = 100 · 768 = 76,800 in the paper; a tenth of the slots here, the formula for both.
    let count = |slots: usize, dimensions: usize| {
        let (d, h) = (slots * 768, 768);
        (d * dimensions + dimensions, h * dimensions + h + h * d + d)
    };
    assert_eq!(count(100, 5), (384_005, 59_063_808));
    assert_eq!(count(100, 250), (19_200_250, 59_251_968));
    let config = AutoEncoderConfig::new(2, 768, 5);
    let found = PromptAutoEncoder::new(&config, Seed::new(1), &device).unwrap();
    let (encoder, decoder) = count(2, 5);
    assert_eq!(
        count_params(&found.encoder.clone().train()).trainable,
        encoder
    );
    assert_eq!(
        count_params(&found.decoder.clone().train()).trainable,
        decoder
    );
    let inside = IntrinsicPrompt::new(found.decoder, Seed::new(1));
    assert_eq!(count_params(&inside.train()).trainable, 5);
}

#[test]
fn every_form_gives_prompts_and_gradients() {
    for (name, device) in devices() {
        for kind in AutoEncoderKind::ALL {
            let found = PromptAutoEncoder::new(&config(kind, 3), Seed::new(1), &device).unwrap();
            let prompts = Tensor::cat(
                vec![
                    tensor(&prompt(SLOTS, 1), &device),
                    tensor(&prompt(SLOTS, 2), &device),
                ],
                0,
            );
            let points = found.encoder.forward(prompts.clone());
            let per_slot = kind == AutoEncoderKind::PerSlot;
            assert_eq!(points.dims(), [2, if per_slot { SLOTS } else { 1 }, 3]);
            let back = found.decoder.forward(points);
            assert_eq!(back.dims(), [2, SLOTS, WIDTH], "{name} {kind:?}");
            let both = values(found.forward(prompts));
            assert_close(&values(back), &both, tolerance(name), &format!("{kind:?}"));

            let source = IntrinsicPrompt::new(found.decoder, Seed::new(3));
            let source = source.train();
            let gradients = source.prompts(&[0]).powi_scalar(2).sum().backward();
            let own = values(source.point.val().grad(&gradients).unwrap());
            assert!(own.iter().any(|&value| value != 0.0), "{name} {kind:?}");
            let frozen = source.decoder.output.weight.val().grad(&gradients);
            assert!(frozen.is_none(), "{name} {kind:?}");
        }
    }
}

#[test]
fn the_points_gradient_agrees_with_differences() {
    let (_, device) = devices().remove(0);
    let kind = AutoEncoderKind::TanhDecoder;
    let decoder = PromptDecoder::new(&config(kind, 3), Seed::new(1), &device).unwrap();
    let goal = values(tensor(&prompt(SLOTS, 1), &device));
    let loss_at = |point: Vec<f32>| -> f64 {
        let source = IntrinsicPrompt::at(decoder.clone(), point).unwrap();
        values(source.prompts(&[0]))
            .iter()
            .zip(&goal)
            .map(|(a, b)| (a - b).powi(2))
            .sum()
    };
    let point = vec![0.3, -0.2, 0.5];
    let source = IntrinsicPrompt::at(decoder.clone(), point.clone()).unwrap();
    let source = source.train();
    let target = tensor(&prompt(SLOTS, 1), &source.point.val().device());
    let loss = (source.prompts(&[0]) - target).square().sum();
    let gradients = loss.backward();
    let found = values(source.point.val().grad(&gradients).unwrap());
    for place in 0..3 {
        let mut high = point.clone();
        let mut low = point.clone();
        high[place] += 1e-2;
        low[place] -= 1e-2;
        let expected = (loss_at(high) - loss_at(low)) / 2e-2;
        let error = (found[place] - expected).abs();
        assert!(error < 2e-3 * expected.abs().max(1.0), "{place}: {error}");
    }
    assert!(IntrinsicPrompt::at(decoder.clone(), vec![0.0; 4]).is_err());
    let found = IntrinsicPrompt::at(decoder, vec![0.0, f32::NAN, 0.0]);
    assert!(matches!(found, Err(Error::NotFinite(_))));
}

#[test]
fn as_many_dimensions_as_prompts_hold_them_all() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = word_tasks(&[2, 2, 2], Choice::Own);
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2), prompt(SLOTS, 3)];
    let config = config(AutoEncoderKind::Linear, 3);
    let auto_encoder = PromptAutoEncoder::new(&config, Seed::new(1), &device).unwrap();
    let objective = SubspaceObjective {
        alpha: 1.0,
        reconstruction: true,
        task_loss: false,
    };
    let search = SubspaceSearch::new(auto_encoder, &prompts, &objective).unwrap();
    let settings = TuneSettings {
        batch_size: set.len(),
        schedule: plm_core::train::Schedule::Linear {
            warmup: 0,
            total: 4_000,
        },
        ..reconstruction_only(4_000)
    };
    let found = tune(&model, search, &set, None, &settings, None).unwrap();
    let back = found.source.auto_encoder.reconstruct(&prompts).unwrap();
    for (prompt, back) in prompts.iter().zip(&back) {
        for (a, b) in prompt.values().iter().zip(back.values()) {
            assert!((a - b).abs() < 1e-4, "{a} against {b}");
        }
    }
}

#[test]
fn the_search_trains_the_auto_encoder_and_the_point_takes_over() {
    let (model, set) = tasks(2);
    let device = model.device();
    let prompts = [wide(1), wide(2)];
    let config = AutoEncoderConfig {
        hidden: 32,
        ..AutoEncoderConfig::new(4, 256, 5)
    };
    let auto_encoder = PromptAutoEncoder::new(&config, Seed::new(1), &device).unwrap();
    let objective = SubspaceObjective::default();
    let search = SubspaceSearch::new(auto_encoder, &prompts, &objective).unwrap();
    let targets = values(search.targets.val());
    let settings = TuneSettings {
        lr: 1e-3,
        ..reconstruction_only(5)
    };
    let found = tune(&model, search, &set, None, &settings, None).unwrap();
    assert_eq!(values(found.source.targets.val()), targets);
    // Where a prompt's own point is taken, the prompt in the subspace is the reconstruction.
    let auto_encoder = &found.source.auto_encoder;
    let point = auto_encoder
        .encoder
        .forward(tensor_of(&prompts[0], &device));
    let point: Vec<f32> = point.into_data().iter::<f32>().collect();
    let source = IntrinsicPrompt::at(auto_encoder.decoder.clone(), point).unwrap();
    let back = auto_encoder.reconstruct(&prompts).unwrap();
    let both = [source.to_matrix(), back[0].clone()];
    for (a, b) in both[0].values().iter().zip(both[1].values()) {
        assert!((a - b).abs() < 1e-5);
    }
    let inside = predict(&model, &source, &set, 64, &Pass::default()).unwrap();
    assert_eq!(inside.classes.len(), set.len());

    let decoder = values(source.decoder.output.weight.val());
    let before = values(source.point.val());
    let tuned = tune(&model, source, &set, None, &reconstruction_only(3), None).unwrap();
    assert_eq!(values(tuned.source.decoder.output.weight.val()), decoder);
    assert_ne!(values(tuned.source.point.val()), before);
}

#[test]
fn a_prompts_own_point_has_the_loss_of_the_search() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let text = texts(0, 0, &device);
        let loss = |slots: Tensor<3>| -> f64 {
            let scores = model.answer_scores(slots, &text, words(&device), &Pass::default());
            let classes = Tensor::<1, Int>::from_ints([0, 2, 1], &device);
            values(cross_entropy(scores, classes))[0]
        };
        let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2)];
        let config = config(AutoEncoderKind::TanhDecoder, 3);
        let auto_encoder = PromptAutoEncoder::new(&config, Seed::new(1), &device).unwrap();
        let objective = SubspaceObjective::default();
        let search = SubspaceSearch::new(auto_encoder.clone(), &prompts, &objective).unwrap();
        let all = search.objective(&[0, 1], &[2, 1], DropoutMode::Off).prompts;
        for (task, own) in prompts.iter().enumerate() {
            let searched = loss(all.clone().narrow(0, task, 1));
            let point = auto_encoder.encoder.forward(tensor(own, &device));
            let point: Vec<f32> = point.into_data().iter::<f32>().collect();
            let inside = IntrinsicPrompt::at(auto_encoder.decoder.clone(), point).unwrap();
            let tuned = loss(inside.prompts(&[0]));
            let bound = tolerance(name) * searched.max(1.0);
            assert!(
                (searched - tuned).abs() <= bound,
                "{name}, task {task}: {searched} against {tuned}"
            );
            // Not the loss of whatever prompt there is.
            let untouched = loss(tensor(own, &device));
            assert!((searched - untouched).abs() > bound, "{name}, task {task}");
        }
    }
}

fn tensor_of(prompt: &PromptMatrix, device: &burn::tensor::Device) -> Tensor<3> {
    let shape = [1, prompt.rows(), prompt.width()];
    let data = burn::tensor::TensorData::new(prompt.values().to_vec(), shape);
    Tensor::from_data(data, device)
}

#[test]
fn the_penalty_counts_examples() {
    let (_, device) = devices().remove(0);
    let kind = AutoEncoderKind::TanhDecoder;
    let auto_encoder = PromptAutoEncoder::new(&config(kind, 3), Seed::new(1), &device).unwrap();
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2)];
    let objective = SubspaceObjective {
        alpha: 2.0,
        ..SubspaceObjective::default()
    };
    let back = auto_encoder.reconstruct(&prompts).unwrap();
    let error = |index: usize| -> f64 {
        let pairs = prompts[index].values().iter().zip(back[index].values());
        let sum: f64 = pairs.map(|(a, b)| f64::from(a - b).powi(2)).sum();
        sum / (SLOTS * WIDTH) as f64
    };
    let search = SubspaceSearch::new(auto_encoder, &prompts, &objective).unwrap();
    let mode = plm_core::nn::DropoutMode::Off;
    let found = search.objective(&[0, 1], &[3, 1], mode).penalty.unwrap();
    let found = f64::from(found.into_scalar::<f32>());
    let expected = 2.0 * (0.75 * error(0) + 0.25 * error(1));
    assert!(
        (found - expected).abs() < 1e-4 * expected,
        "{found} {expected}"
    );
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, device) = devices().remove(0);
    let kind = AutoEncoderKind::TanhDecoder;
    let new = || PromptAutoEncoder::new(&config(kind, 3), Seed::new(1), &device).unwrap();
    let objective = SubspaceObjective::default();
    assert!(SubspaceSearch::new(new(), &[prompt(3, 1)], &objective).is_err());
    assert!(SubspaceSearch::new(new(), &[], &objective).is_err());
    let good = [prompt(SLOTS, 1)];
    let nothing = SubspaceObjective {
        reconstruction: false,
        task_loss: false,
        ..objective
    };
    assert!(SubspaceSearch::new(new(), &good, &nothing).is_err());
    let bad = SubspaceObjective {
        alpha: f64::NAN,
        ..objective
    };
    assert!(SubspaceSearch::new(new(), &good, &bad).is_err());
    assert!(new().reconstruct(&[prompt(2, 1)]).is_err());
    let none = AutoEncoderConfig {
        dimensions: 0,
        ..config(kind, 3)
    };
    assert!(PromptAutoEncoder::new(&none, Seed::new(1), &device).is_err());
    let refused = PromptDecoder::new(&none, Seed::new(1), &device).err();
    assert!(matches!(refused, Some(Error::Setting { .. })));
}
