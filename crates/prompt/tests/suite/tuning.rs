//! Prompt tuning on the embedded model and on small random ones.

use plm_core::config::EncoderFamily;
use plm_core::rng::Seed;
use plm_core::train::Every;
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::tune::{TuneSettings, predict, tune};
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
