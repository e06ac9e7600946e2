//! Training of both translators.

use std::ops::ControlFlow;

use plm_core::rng::Seed;
use plm_core::text::BatchBy;
use plm_core::train::Schedule;

use crate::data::generate::ReverseCopy;
use crate::nn::TransformerConfig;
use crate::task::translation::*;
use crate::testing::devices;

fn task() -> (ReverseCopy, TranslatorConfig) {
    let task = ReverseCopy {
        symbols: 3,
        min_length: 1,
        max_length: 3,
    };
    let config = TranslatorConfig {
        max_length: 6,
        embedding_dropout: 0.0,
        ..TranslatorConfig::new(6, 6, ReverseCopy::SPECIAL, TransformerConfig::new(16, 2, 1))
    };
    (task, config)
}

fn settings(steps: u64, learning_rate: f64) -> TrainSettings {
    TrainSettings {
        batch: BatchBy::Count(16),
        stretch: 1,
        learning_rate,
        schedule: Schedule::Noam {
            width: 16,
            warmup: 40,
        },
        ..TrainSettings::new(steps, 16, Seed::new(3))
    }
}

/// Short reverses are learned, and translated as they are scored.
fn check<M: Translator>(
    init: impl Fn(&burn::tensor::Device) -> M,
    task: ReverseCopy,
    rate: f64,
    device: &burn::tensor::Device,
) {
    let pairs = task.generate(400, Seed::new(1)).unwrap();
    let training = device.clone().autodiff();
    let mut losses = Vec::new();
    let model = train(
        init(&training),
        &pairs,
        &settings(300, rate),
        &training,
        |progress| {
            losses.push(progress.loss);
            Ok(ControlFlow::Continue(()))
        },
    )
    .unwrap()
    .valid();
    assert_eq!(losses.len(), 300);
    assert!(losses[299] < 0.3 * losses[0], "{losses:?}");
    let held = task.generate(60, Seed::new(2)).unwrap();
    let found = evaluate(&model, &held, 25, device).unwrap();
    assert!(found.token_accuracy > 0.95, "{found:?}");
    let tokens: usize = held.iter().map(|pair| pair.target.len() + 1).sum();
    assert_eq!(found.tokens, tokens);
    let whole = evaluate(&model, &held, 60, device).unwrap();
    assert!((whole.loss - found.loss).abs() < 1e-4);

    let sources: Vec<Vec<i64>> = held.iter().map(|pair| pair.source.clone()).collect();
    for search in [
        BeamSearch::greedy(6),
        BeamSearch {
            beams: 3,
            length_penalty: 1.0,
            max_length: 6,
        },
    ] {
        let translations = search.translate(&model, &sources, 16, device).unwrap();
        let right = translations
            .iter()
            .zip(&held)
            .filter(|(found, pair)| found.ids == pair.target)
            .count();
        assert!(right > 50, "{right} of 60");
    }
}

#[test]
fn both_translators_learn_to_reverse() {
    let (task, config) = task();
    for device in devices() {
        let lorentz = |device: &_| config.init_lorentz(Seed::new(4), device).unwrap();
        check(lorentz, task, 0.8, &device);
        let euclidean = |device: &_| config.init_euclidean(Seed::new(4), device).unwrap();
        check(euclidean, task, 0.5, &device);
    }
}

#[test]
fn training_repeats_by_seed_stops_when_told_and_keeps_points() {
    let (task, config) = task();
    let device = devices()[0].clone().autodiff();
    let pairs = task.generate(50, Seed::new(1)).unwrap();
    let run = |seed: u64| {
        let settings = TrainSettings {
            seed: Seed::new(seed),
            ..settings(30, 2.0)
        };
        let mut losses = Vec::new();
        let model = config.init_lorentz(Seed::new(4), &device).unwrap();
        let model = train(model, &pairs, &settings, &device, |progress| {
            losses.push(progress.loss);
            Ok(match progress.step {
                12 => ControlFlow::Break(()),
                _ => ControlFlow::Continue(()),
            })
        });
        (losses, model.unwrap())
    };
    let (first, model) = run(3);
    assert_eq!(first.len(), 12);
    assert_eq!(first, run(3).0);
    assert_ne!(first, run(5).0);
    for points in [
        &model.source.points,
        &model.target.points,
        &model.head.centers,
    ] {
        points.check().unwrap();
    }
}

#[test]
fn what_cannot_be_trained_is_refused() {
    let (task, config) = task();
    let device = devices()[0].clone().autodiff();
    let pairs = task.generate(5, Seed::new(1)).unwrap();
    let error = |pairs: &[TokenPair], settings: TrainSettings| {
        let model = config.init_lorentz(Seed::new(4), &device).unwrap();
        let found = train(model, pairs, &settings, &device, |_| {
            Ok(ControlFlow::Continue(()))
        });
        found.map(|_| ()).unwrap_err().to_string()
    };
    assert!(error(&[], settings(1, 1.0)).contains("pairs"));
    assert!(error(&pairs, settings(1, f64::NAN)).contains("learning_rate"));
    let small = TrainSettings {
        batch: BatchBy::Tokens(1),
        ..settings(1, 1.0)
    };
    assert!(error(&pairs, small).contains("budget"));
    let long = TokenPair {
        source: vec![3; 6],
        target: vec![3],
    };
    assert!(error(std::slice::from_ref(&long), settings(1, 1.0)).contains("max_length"));
    // A pair that is too long ends nothing half way.
    let late = [pairs.clone(), vec![long]].concat();
    let text = "pair 5: has 7 tokens with its start or end, the model reads 6";
    let one_by_one = TrainSettings {
        batch: BatchBy::Count(1),
        ..settings(9, 1.0)
    };
    let mut updates = 0;
    let model = config.init_lorentz(Seed::new(4), &device).unwrap();
    let trained = train(model, &late, &one_by_one, &device, |_| {
        updates += 1;
        Ok(ControlFlow::Continue(()))
    });
    let refused = trained.map(|_| ()).unwrap_err().to_string();
    assert!(refused.contains(text) && updates == 0, "{refused}");
    let model = config.init_lorentz(Seed::new(4), &devices()[0]).unwrap();
    let refused = evaluate(&model, &late, 4, &devices()[0]).unwrap_err();
    assert!(refused.to_string().contains(text), "{refused}");
    assert!(evaluate(&model, &[], 4, &devices()[0]).is_err());
    assert!(evaluate(&model, &pairs, 0, &devices()[0]).is_err());
}

/// Sources have ids below 6, targets below 8.
#[test]
fn ids_that_the_model_lacks_are_refused() {
    fn refuses<M: Translator>(init: impl Fn(&burn::tensor::Device) -> M) {
        let device = &devices()[0];
        let tracked = device.clone().autodiff();
        let pair = |source: i64, target: i64| TokenPair {
            source: vec![3, source],
            target: vec![target],
        };
        for (source, target, text) in [
            (
                6,
                3,
                "pair 1, token 1 of the source: is 6, the model has ids from 0 to below 6",
            ),
            (-1, 3, "pair 1, token 1 of the source: is -1,"),
            (
                3,
                8,
                "pair 1, token 0 of the target: is 8, the model has ids from 0 to below 8",
            ),
        ] {
            let pairs = [pair(5, 7), pair(source, target)];
            let model = init(&tracked);
            let trained = train(model, &pairs, &settings(1, 1.0), &tracked, |_| {
                Ok(ControlFlow::Continue(()))
            });
            let measured = evaluate(&init(device), &pairs, 2, device);
            for refused in [trained.map(|_| ()), measured.map(|_| ())] {
                let error = refused.unwrap_err().to_string();
                assert!(error.contains(text), "{error}");
            }
        }
        let sources = [vec![3], vec![4, 6]];
        let refused = BeamSearch::greedy(4).translate(&init(device), &sources, 2, device);
        let error = refused.unwrap_err().to_string();
        let text = "sequence 1, token 1 of the source: is 6";
        assert!(error.contains(text), "{error}");
    }
    let (_, config) = task();
    let config = TranslatorConfig {
        target_symbols: 8,
        ..config
    };
    refuses(|device| config.init_lorentz(Seed::new(4), device).unwrap());
    refuses(|device| config.init_euclidean(Seed::new(4), device).unwrap());
}
