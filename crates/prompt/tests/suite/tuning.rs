//! Prompt tuning on the embedded model and on small random ones.

use plm_core::config::EncoderFamily;
use plm_core::kernel;
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_core::train::{CheckpointConfig, Every, Until};
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::tune::{Family, TextExample, TextSet, TuneSettings, predict, tune, tune_text};
use plm_prompt::{
    Choice, Error, PromptInit, PromptTable, SoftPrompt, TaskEncoder, TaskSet, TextForm,
};

use super::support::{
    SLOTS, bart, devices, gpt2, masked_lm, mini, one_word_task, opinion_sets, opinions, prompt, t5,
    tensor, texts, values, word_tasks, words,
};

fn settings(steps: u64) -> TuneSettings {
    TuneSettings {
        until: Until::Steps(steps),
        evaluate: Every::Never,
        batch_size: 8,
        ..TuneSettings::new(Family::MaskedLM, 256)
    }
}

/// All parameters of a model, as one list.
fn weights<M: burn::module::Module>(model: &M) -> Vec<f64> {
    struct All(Vec<f64>);
    impl burn::module::ModuleVisitor for All {
        fn visit_float<const D: usize>(
            &mut self,
            param: &burn::module::Param<burn::tensor::Tensor<D>>,
        ) {
            self.0.extend(values(param.val()));
        }
    }
    let mut all = All(Vec::new());
    model.visit(&mut all);
    all.0
}

#[test]
fn only_the_prompt_changes_and_it_learns() {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let (training, test) = opinion_sets(&tokenizer);
    let before = weights(&model.model);
    let start = PromptInit::default()
        .prompt(8, &model.words(), &tokenizer, Seed::new(1))
        .unwrap();
    let source = SoftPrompt::new(&start, &device);
    let settings = TuneSettings {
        evaluate: Every::Steps(10),
        evaluate_initial: true,
        ..settings(40)
    };
    let tuned = tune(&model, source, &training, Some(&test), &settings, None).unwrap();
    assert_eq!(weights(&model.model), before);
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
    assert_eq!(test.majority(), [0.5]);
}

#[test]
fn no_steps_is_zero_shot() {
    let (_, device) = devices().remove(0);
    let (model, tokenizer) = mini(&device);
    let (training, test) = opinion_sets(&tokenizer);
    let start = PromptInit::Normal(0.02)
        .prompt(4, &model.words(), &tokenizer, Seed::new(1))
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
fn the_same_seed_gives_the_same_prompt_and_a_stopped_run_goes_on() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device);
        let set = word_tasks(&[3], Choice::Own);
        let dir = tempfile::tempdir().unwrap();
        let start = prompt(SLOTS, 1);
        let run = |steps, checkpoint: Option<CheckpointConfig>| {
            let settings = TuneSettings {
                checkpoint,
                ..settings(steps)
            };
            let source = SoftPrompt::new(&start, &device);
            let tuned = tune(&model, source, &set, None, &settings, None).unwrap();
            tuned.source.to_matrix()
        };
        let straight = run(12, None);
        assert_eq!(run(12, None), straight, "{name}");
        let place = || Some(CheckpointConfig::new(dir.path()));
        let half = run(7, place());
        assert_ne!(half, straight, "{name}");
        assert_eq!(run(12, place()), straight, "{name}");
    }
}

#[test]
fn a_mixed_batch_is_its_tasks_one_by_one() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Roberta, &device);
        let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2), prompt(SLOTS, 3)];
        let classes = [2, 3, 4];
        let mixed = word_tasks(&classes, Choice::Own);
        let table = PromptTable::new(&prompts, &device).unwrap();
        assert_eq!(table.to_matrices(), prompts);
        let together = predict(&model, &table, &mixed, 7, &Pass::default()).unwrap();
        let accuracies = together.accuracies(&mixed);
        for (task, prompt) in prompts.iter().enumerate() {
            let only: Vec<usize> = (0..mixed.len())
                .filter(|&index| mixed.task(index) == task)
                .collect();
            // The same task by itself, under the same label words.
            let alone = one_word_task(&classes, task);
            let source = SoftPrompt::new(prompt, &device);
            let found = predict(&model, &source, &alone, 64, &Pass::default()).unwrap();
            let picked: Vec<_> = only.iter().map(|&index| together.classes[index]).collect();
            assert_eq!(picked, found.classes, "{name}");
            assert!(found.classes.iter().all(Option::is_some), "{name}");
            assert_eq!(
                accuracies[task],
                Some(found.mean_accuracy(&alone)),
                "{name}"
            );
        }
    }
}

#[test]
fn a_table_trains_its_prompts_one_by_one() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2)];
    let whole = |set: &TaskSet| TuneSettings {
        batch_size: set.len(),
        dropout: false,
        ..settings(4)
    };
    let mixed = word_tasks(&[3, 3], Choice::Own);
    let table = PromptTable::new(&prompts, &device).unwrap();
    let together = tune(&model, table, &mixed, None, &whole(&mixed), None).unwrap();
    for (task, prompt) in prompts.iter().enumerate() {
        let alone = one_word_task(&[3, 3], task);
        let source = SoftPrompt::new(prompt, &device);
        let found = tune(&model, source, &alone, None, &whole(&alone), None).unwrap();
        let found = found.source.to_matrix();
        let table = &together.source.to_matrices()[task];
        // AdamW does not see that the mixed loss, a mean over twice the examples, is half as steep.
        for (a, b) in table.values().iter().zip(found.values()) {
            assert!((a - b).abs() < 2e-4, "task {task}: {a} against {b}");
        }
    }
}

#[test]
fn words_that_are_no_label_do_not_count() {
    for (name, device) in devices() {
        let model = masked_lm(EncoderFamily::Bert, &device).tracked();
        let device = model.device();
        let text = texts(0, 0, &device);
        let slots = tensor(&prompt(SLOTS, 1), &device);
        let bias = model.model.head.bias.val();
        let scores = model.answer_scores(slots, &text, words(&device), &Pass::default());
        let targets = burn::tensor::Tensor::from_ints([0, 2, 1], &device);
        let loss = |scores| -> f64 {
            let loss = kernel::cross_entropy(scores, targets.clone(), None, 0.0);
            f64::from(loss.into_scalar::<f32>())
        };
        // A constant on all scores changes nothing, and no other word enters.
        let plain = loss(scores.clone());
        assert!((loss(scores.clone() + 7.0) - plain).abs() < 1e-5, "{name}");
        assert_eq!(scores.dims(), [3, 3], "{name}");
        assert_eq!(bias.dims(), [24], "{name}");
    }
}

#[test]
fn shared_verbalizers_may_answer_with_another_tasks_word() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2), prompt(SLOTS, 3)];
    let table = PromptTable::new(&prompts, &device).unwrap();
    let shared = word_tasks(&[2, 2, 2], Choice::Shared);
    let found = predict(&model, &table, &shared, 64, &Pass::default()).unwrap();
    let own = word_tasks(&[2, 2, 2], Choice::Own);
    let restricted = predict(&model, &table, &own, 64, &Pass::default()).unwrap();
    assert!(restricted.classes.iter().all(Option::is_some));
    assert!(found.classes.iter().any(Option::is_none));
    assert!(found.mean_accuracy(&shared) <= restricted.mean_accuracy(&own));
}

#[test]
fn texts_are_learnt_too() {
    let (_, device) = devices().remove(0);
    let examples = |last: u32| -> Vec<TextExample> {
        (0..4)
            .map(|index| TextExample {
                task: 0,
                ids: vec![5 + index, 9, 1],
                target: vec![7, 8 + index % 2, last],
            })
            .collect()
    };
    let set = TextSet::new(examples(1), Padding::new(0)).unwrap();
    let settings = TuneSettings {
        evaluate: Every::Steps(15),
        evaluate_initial: true,
        dropout: false,
        lr: 5e-2,
        ..settings(60)
    };
    let source = || SoftPrompt::new(&prompt(SLOTS, 1), &device);
    let t5 = tune_text(
        &t5(false, &device),
        source(),
        &set,
        Some(&set),
        &settings,
        None,
    )
    .unwrap();
    let bart = tune_text(
        &bart(true, &device),
        source(),
        &set,
        Some(&set),
        &settings,
        None,
    )
    .unwrap();
    let gpt2 = tune_text(&gpt2(&device), source(), &set, Some(&set), &settings, None).unwrap();
    for (name, curve) in [("t5", t5.curve), ("bart", bart.curve), ("gpt2", gpt2.curve)] {
        let (first, last) = (curve[0].score, curve.last().unwrap().score);
        assert!(last > first + 0.05, "{name}: {curve:?}");
    }
    assert!(TextSet::new(Vec::new(), Padding::new(0)).is_err());
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
fn initializations_hold_what_they_say() {
    for (name, device) in devices() {
        let (model, tokenizer) = mini(&device);
        let words = model.words();
        let row = |id: u32| values(words.clone().narrow(0, id as usize, 1));
        let make = |init: PromptInit| init.prompt(6, &words, &tokenizer, Seed::new(5)).unwrap();
        let own = |matrix: &plm_prompt::PromptMatrix, index: usize| -> Vec<f64> {
            matrix
                .row(index)
                .iter()
                .map(|&value| f64::from(value))
                .collect()
        };
        let id = |word: &str| tokenizer.token_to_id(word).unwrap();

        let text = make(PromptInit::Text("the film".to_owned()));
        for (index, word) in ["the", "film", "the", "film", "the", "film"]
            .iter()
            .enumerate()
        {
            assert_eq!(own(&text, index), row(id(word)), "{name}");
        }
        let labels = make(PromptInit::ClassLabels(vec![id("good"), id("bad")]));
        assert_eq!(own(&labels, 0), row(id("good")), "{name}");
        assert_eq!(own(&labels, 1), row(id("bad")), "{name}");
        let sample = make(PromptInit::VocabularySample { first: Some(200) });
        for index in 0..6 {
            let known = (5..200).any(|id| row(id) == own(&sample, index));
            assert!(known, "{name}");
        }
        assert_eq!(
            sample,
            make(PromptInit::VocabularySample { first: Some(200) })
        );
        let normal = make(PromptInit::Normal(0.02));
        assert!(
            normal.values().iter().all(|value| value.abs() < 0.1),
            "{name}"
        );
        let uniform = make(PromptInit::Uniform(0.5));
        assert!(
            uniform.values().iter().all(|value| value.abs() <= 0.5),
            "{name}"
        );
        let bad = |init: PromptInit| init.prompt(6, &words, &tokenizer, Seed::new(5)).is_err();
        assert!(bad(PromptInit::Normal(f64::NAN)));
        assert!(bad(PromptInit::Text(String::new())));
        assert!(bad(PromptInit::VocabularySample { first: Some(3) }));
        assert!(bad(PromptInit::ClassLabels(vec![999_999])));
    }
}

#[test]
fn label_words_that_cannot_answer_are_refused_with_the_remedy() {
    let (_, device) = devices().remove(0);
    let (_, tokenizer) = mini(&device);
    let encoder = TaskEncoder::new(&tokenizer, TextForm::Masked);
    let with = |words: &[&str]| {
        let mut task = opinions();
        task.label_words = words.iter().map(|&word| word.to_owned()).collect();
        encoder.train(&task).unwrap_err()
    };
    let split = with(&["bad", "untranslatability"]);
    assert!(matches!(&split, Error::LabelWord { pieces, .. } if pieces.len() > 1));
    assert!(split.to_string().contains("choose a word"), "{split}");
    assert!(matches!(
        with(&["bad", "漢"]),
        Error::UnknownLabelWord { .. }
    ));
    assert!(matches!(
        with(&["bad", "bad"]),
        Error::SharedLabelWord {
            first: 0,
            second: 1,
            ..
        }
    ));
    let missing = with(&["bad"]);
    assert!(
        matches!(
            missing,
            Error::Label {
                label: 1,
                classes: 1,
                ..
            }
        ),
        "{missing}"
    );
    assert!(matches!(with(&[]), Error::Empty { .. }));
}

#[test]
fn pairs_have_one_separator_and_are_cut_on_the_longer_side() {
    let (_, device) = devices().remove(0);
    let (_, tokenizer) = mini(&device);
    let mut task = opinions();
    task.train[0].text = "the film was good .".to_owned();
    task.train[0].pair = Some("i like it very much , she said to him .".to_owned());
    let encoder = TaskEncoder::new(&tokenizer, TextForm::Masked).with_max_tokens(12);
    let encoded = encoder.train(&task).unwrap();
    let ids = &encoded.examples[0].ids;
    assert_eq!(ids.len(), 12);
    let text = tokenizer.decode(ids, false).unwrap();
    assert_eq!(ids.iter().filter(|&&id| id == 3).count(), 2, "{text}");
    assert!(encoded.report.truncated >= 1);
    let tiny = TaskEncoder::new(&tokenizer, TextForm::Masked).with_max_tokens(2);
    assert!(tiny.train(&task).is_err());
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
