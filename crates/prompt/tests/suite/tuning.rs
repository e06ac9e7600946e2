//! Prompt tuning on the embedded model and on small random ones.

use plm_core::config::EncoderFamily;
use plm_core::rng::Seed;
use plm_core::train::{Every, Schedule, Until};
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::tune::{Family, Reduction, TuneSettings, predict, tune};
use plm_prompt::{Choice, Error, PromptInit, SoftPrompt};

use super::support::{SLOTS, devices, masked_lm, mini, opinion_sets, prompt, settings, word_tasks};

#[test]
fn a_prompt_learns() {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let (training, test) = opinion_sets(&tokenizer);
    let start = PromptInit::default()
        .prompt(8, 1, &model.words(), &tokenizer, Seed::new(1))
        .unwrap();
    let source = SoftPrompt::new(&start, &device);
    let settings = TuneSettings {
        evaluate: Every::Steps(10),
        evaluate_initial: true,
        ..settings(40)
    };
    let tuned = tune(&model, source, &training, Some(&test), &settings, None).unwrap();
    assert_ne!(tuned.source.to_matrix(), start);
    assert_eq!(
        plm_core::train::count_params(&burn::module::Module::train(tuned.source.clone())).trainable,
        8 * 256
    );
    assert_eq!(tuned.curve.len(), 5);
    assert!(tuned.warning().is_none());
    let found = predict(&model, &tuned.source, &test, 64, &Pass::default()).unwrap();
    let best = tuned
        .curve
        .iter()
        .map(|point| point.score)
        .fold(0.0, f64::max);
    assert_eq!(found.mean_accuracy(&test), best);
    assert!(best >= 0.9, "{:?}", tuned.curve);
    assert_eq!(test.majority(), [Some(0.5)]);
}

#[test]
fn no_steps_is_zero_shot() {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let (training, test) = opinion_sets(&tokenizer);
    let start = PromptInit::Normal(0.02)
        .prompt(4, 1, &model.words(), &tokenizer, Seed::new(1))
        .unwrap();
    let source = SoftPrompt::new(&start, &device);
    let zero = predict(&model, &source, &test, 5, &Pass::default()).unwrap();
    let tuned = tune(&model, source, &training, Some(&test), &settings(0), None).unwrap();
    assert_eq!(tuned.source.to_matrix(), start);
    let after = predict(&model, &tuned.source, &test, 64, &Pass::default()).unwrap();
    assert_eq!(zero, after);
    assert_eq!(tuned.curve[0].score, zero.mean_accuracy(&test));
}

#[test]
fn a_rate_that_learns_nothing_is_warned_of() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = word_tasks(&[3], Choice::Own);
    let settings = TuneSettings {
        lr: 1e-12,
        evaluate: Every::Steps(2),
        evaluate_initial: true,
        ..settings(6)
    };
    let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
    let tuned = tune(&model, source, &set, Some(&set), &settings, None).unwrap();
    assert!(tuned.warning().unwrap().contains("learning rate"));
}

#[test]
fn epsilon_is_the_optimizers() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = word_tasks(&[3], Choice::Own);
    let start = prompt(SLOTS, 1);
    // The largest change of one step, as a share of the rate: AdamW's first step is the gradient over its
    // size and epsilon.
    let moved = |epsilon: f64| {
        let settings = TuneSettings {
            lr: 0.01,
            epsilon,
            ..settings(1)
        };
        let source = SoftPrompt::new(&start, &device);
        let tuned = tune(&model, source, &set, None, &settings, None).unwrap();
        let found = tuned.source.to_matrix();
        let pairs = found.values().iter().zip(start.values());
        let changes = pairs.map(|(found, start)| f64::from(found - start).abs());
        changes.fold(0.0, f64::max) / 0.01
    };
    let (plain, large) = (
        moved(TuneSettings::new(Family::Bart, 768).epsilon),
        moved(1e6),
    );
    assert!((plain - 1.0).abs() < 1e-2, "{plain}");
    assert!(large < 1e-3, "{large}");
}

#[test]
fn the_second_papers_settings_are_at_hand() {
    let settings = TuneSettings::few_shot(100_000);
    assert_eq!(
        (settings.until, settings.evaluate),
        (Until::Steps(100_000), Every::Steps(1_000))
    );
    let (warmup, total) = (10_000, 100_000);
    assert_eq!(settings.schedule, Schedule::Linear { warmup, total });
    assert_eq!(settings.reduction, Reduction::Sum);
    let numbers = (
        settings.epsilon,
        settings.max_grad_norm,
        settings.label_smoothing,
    );
    assert_eq!(numbers, (1e-8, Some(0.1), 0.1));
    // Few steps are evaluated too.
    assert_eq!(TuneSettings::few_shot(20).evaluate, Every::Steps(1));
    let projector = TuneSettings::projector();
    assert_eq!((projector.lr, projector.dropout), (5e-3, false));
    for settings in [settings, projector] {
        settings.check().unwrap();
    }
}

#[test]
fn settings_out_of_their_limits_are_refused() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = word_tasks(&[3], Choice::Own);
    for change in [
        (|s: &mut TuneSettings| s.lr = f64::NAN) as fn(&mut TuneSettings),
        |s| s.batch_size = 0,
        |s| s.evaluation_batch = 0,
        |s| s.label_smoothing = 1.0,
    ] {
        let mut settings = settings(1);
        change(&mut settings);
        let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
        let error = tune(&model, source, &set, None, &settings, None).unwrap_err();
        assert!(matches!(error, Error::Setting { .. }), "{error}");
    }
    let wide = plm_prompt::PromptMatrix::new(2, 8, vec![0.0; 16]).unwrap();
    let source = SoftPrompt::new(&wide, &device);
    let error = tune(&model, source, &set, None, &settings(1), None).unwrap_err();
    assert!(error.to_string().contains("projector"), "{error}");
}
