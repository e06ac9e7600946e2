//! Projectors between models.

use burn::module::Module;
use plm_core::rng::Seed;
use plm_core::train::{Every, Until, checksum, count_params};
use plm_prompt::projector::{
    DistanceSettings, ProjectedPrompts, ProjectorConfig, ProjectorWeights, PromptProjector, Squash,
    fit_distance,
};
use plm_prompt::tune::{Family, TuneSettings, tune};
use plm_prompt::{Error, PromptMatrix, PromptSource};

use super::support::{SLOTS, WIDTH, devices, mini, opinion_sets, prompt, values};

fn config() -> ProjectorConfig {
    ProjectorConfig {
        hidden: 32,
        ..ProjectorConfig::new(SLOTS, WIDTH, WIDTH)
    }
}

#[test]
fn sizes_are_those_of_the_paper() {
    let (_, device) = devices().remove(0);
    let count = |source, target| {
        let config = ProjectorConfig {
            normalize: false,
            ..ProjectorConfig::new(2, source, target)
        };
        let projector = PromptProjector::new(&config, Seed::new(1), &device).unwrap();
        count_params(&projector.train()).trainable
    };
    // n d h + h + h n d' + n d' with n = 2 and h = 768; n = 100 gives the published 118,042,368.
    assert_eq!(
        count(768, 768),
        2 * 768 * 768 + 768 + 768 * 2 * 768 + 2 * 768
    );
    assert_eq!(
        count(768, 1024),
        2 * 768 * 768 + 768 + 768 * 2 * 1024 + 2 * 1024
    );
    let published = |n: usize, d: usize, t: usize| n * d * 768 + 768 + 768 * n * t + n * t;
    assert_eq!(published(100, 768, 768), 118_042_368);
    assert_eq!(published(100, 768, 1024), 137_728_768);
}

#[test]
fn projected_slots_are_normalized_and_repeatable() {
    for (name, device) in devices() {
        for squash in [Squash::LeakyRelu, Squash::Tanh] {
            for weights in [ProjectorWeights::Uniform, ProjectorWeights::Normal] {
                let config = ProjectorConfig {
                    squash,
                    weights,
                    target_slots: 3,
                    target_width: 24,
                    ..config()
                };
                let projector = PromptProjector::new(&config, Seed::new(1), &device).unwrap();
                let (one, two) = (prompt(SLOTS, 1), prompt(SLOTS, 2));
                let found = projector.project(&[one.clone(), two, one]).unwrap();
                assert_eq!(found[0], found[2], "{name}");
                assert_ne!(found[0], found[1], "{name}");
                for row in 0..3 {
                    let row = found[1].row(row);
                    let mean = row.iter().sum::<f32>() / 24.0;
                    let variance = row.iter().map(|v| (v - mean).powi(2)).sum::<f32>() / 24.0;
                    assert!(mean.abs() < 1e-4, "{name}: {mean}");
                    assert!((variance - 1.0).abs() < 1e-2, "{name}: {variance}");
                }
            }
        }
    }
}

#[test]
fn distance_minimizing_fits_a_pair() {
    for (name, device) in devices() {
        let config = ProjectorConfig {
            normalize: false,
            ..config()
        };
        let projector = PromptProjector::new(&config, Seed::new(1), &device).unwrap();
        let (source, target) = (prompt(SLOTS, 1), prompt(SLOTS, 2));
        let settings = DistanceSettings {
            steps: 400,
            lr: 3e-3,
            ..DistanceSettings::default()
        };
        let sources = std::slice::from_ref(&source);
        let targets = std::slice::from_ref(&target);
        let (fitted, _) = fit_distance(projector, sources, targets, &settings).unwrap();
        let found = &fitted.project(sources).unwrap()[0];
        let distance: f32 = found
            .values()
            .iter()
            .zip(target.values())
            .map(|(a, b)| (a - b).powi(2))
            .sum();
        assert!(distance < 1e-6, "{name}: {distance}");
    }
}

#[test]
fn task_tuning_changes_the_projector_and_nothing_else() {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let (training, test) = opinion_sets(&tokenizer);
    let config = ProjectorConfig {
        hidden: 64,
        ..ProjectorConfig::new(4, WIDTH, 256)
    };
    let projector = PromptProjector::new(&config, Seed::new(1), &device).unwrap();
    let before = values(projector.inner.weight.val());
    let sources = [PromptMatrix::new(4, WIDTH, prompt(4, 1).values().to_vec()).unwrap()];
    let source = ProjectedPrompts::new(projector, &sources).unwrap();
    let fixed = values(source.sources.val());
    let settings = TuneSettings {
        until: Until::Steps(40),
        evaluate: Every::Steps(10),
        evaluate_initial: true,
        batch_size: 8,
        dropout: false,
        lr: 5e-3,
        ..TuneSettings::new(Family::MaskedLM, 256)
    };
    let weights = checksum(&model.model, |_| true);
    let tuned = tune(&model, source, &training, Some(&test), &settings, None).unwrap();
    assert_eq!(checksum(&model.model, |_| true), weights);
    assert_ne!(values(tuned.source.projector.inner.weight.val()), before);
    assert_eq!(values(tuned.source.sources.val()), fixed);
    let best = tuned
        .curve
        .iter()
        .map(|point| point.score)
        .fold(0.0, f64::max);
    assert!(best > tuned.curve[0].score, "{:?}", tuned.curve);
    assert_eq!(tuned.source.prompts(&[0]).dims(), [1, 4, 256]);
}

#[test]
fn what_does_not_fit_is_refused() {
    let (_, device) = devices().remove(0);
    let projector = PromptProjector::new(&config(), Seed::new(1), &device).unwrap();
    let wide = PromptMatrix::new(SLOTS, 2, vec![0.0; 2 * SLOTS]).unwrap();
    let few = prompt(3, 1);
    for wrong in [wide, few] {
        assert!(matches!(
            projector.project(std::slice::from_ref(&wrong)),
            Err(Error::Size(_))
        ));
        let good = [prompt(SLOTS, 1)];
        let settings = DistanceSettings::default();
        let found = fit_distance(projector.clone(), &good, &[wrong], &settings);
        assert!(found.is_err());
    }
    assert!(fit_distance(projector.clone(), &[], &[], &DistanceSettings::default()).is_err());
    let none = ProjectorConfig {
        hidden: 0,
        ..config()
    };
    assert!(PromptProjector::new(&none, Seed::new(1), &device).is_err());
}
