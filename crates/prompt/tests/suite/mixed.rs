//! Examples of several tasks in one batch.

use burn::module::Param;
use burn::tensor::Tensor;
use plm_core::check::SizeError;
use plm_core::config::EncoderFamily;
use plm_core::text::Padding;
use plm_prompt::model::{Pass, PromptModel, PromptedMaskedLM};
use plm_prompt::tune::{Reduction, TuneSettings, predict, tune};
use plm_prompt::{Choice, EncodedTask, Error, PromptSource, PromptTable, SoftPrompt, TaskSet};

use super::support::{
    SLOTS, assert_close, devices, masked_lm, one_word_task, prompt, scores, settings, texts,
    tolerance, values, word_task, word_tasks, words,
};

/// All examples in every step, nothing dropped out.
fn whole(set: &TaskSet, steps: u64) -> TuneSettings {
    TuneSettings {
        batch_size: set.len(),
        dropout: false,
        ..settings(steps)
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
        // The scores themselves: text by text those of the prompt that the text has alone.
        let (text, words) = (texts(1, 0, &device), words(&device));
        let of_each = table.prompts(&[2, 0, 1]);
        let found = values(model.answer_scores(of_each, &text, words, &Pass::default()));
        let alone: Vec<Vec<f64>> = prompts
            .iter()
            .map(|prompt| scores(&model, prompt, 1))
            .collect();
        for (row, task) in [2, 0, 1].into_iter().enumerate() {
            let (own, other) = (3 * row..3 * row + 3, (task + 1) % 3);
            let expected = &alone[task][own.clone()];
            assert_close(&found[own.clone()], expected, tolerance(name), name);
            let gaps = own.map(|place| (found[place] - alone[other][place]).abs());
            let gap = gaps.fold(0.0, f64::max);
            assert!(gap > 1e-3, "{name}: prompt {other} would do for text {row}");
        }
    }
}

#[test]
fn in_whole_batches_a_table_trains_its_prompts_one_by_one() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2)];
    let classes = [3, 3];
    for (reduction, label_smoothing) in [
        (Reduction::Mean, 0.0),
        (Reduction::Mean, 0.1),
        (Reduction::Sum, 0.1),
    ] {
        let settings = |set: &TaskSet| TuneSettings {
            reduction,
            label_smoothing,
            ..whole(set, 4)
        };
        let mixed = word_tasks(&classes, Choice::Own);
        let table = PromptTable::new(&prompts, &device).unwrap();
        let together = tune(&model, table, &mixed, None, &settings(&mixed), None).unwrap();
        for (task, prompt) in prompts.iter().enumerate() {
            let alone = one_word_task(&classes, task);
            let source = SoftPrompt::new(prompt, &device);
            let found = tune(&model, source, &alone, None, &settings(&alone), None).unwrap();
            let found = found.source.to_matrix();
            let table = &together.source.to_matrices()[task];
            // AdamW does not see that a mean over twice the examples is half as steep.
            for (a, b) in table.values().iter().zip(found.values()) {
                assert!(
                    (a - b).abs() < 2e-4,
                    "{reduction:?} {label_smoothing}, task {task}: {a} against {b}"
                );
            }
        }
    }
}

#[test]
fn smoothing_stays_within_the_words_of_an_examples_task() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let prompts = [prompt(SLOTS, 1), prompt(SLOTS, 2)];
    // Words 17 and 18, and 18 to 21: 12 examples each.
    let classes = [2, 4];
    for reduction in [Reduction::Mean, Reduction::Sum] {
        // Ten steps, after which the first line of the log comes; the rate leaves the prompts nearly as
        // they are.
        let settings = |set: &TaskSet| TuneSettings {
            reduction,
            label_smoothing: 0.1,
            lr: 1e-6,
            ..whole(set, 10)
        };
        let mixed = word_tasks(&classes, Choice::Own);
        let table = PromptTable::new(&prompts, &device).unwrap();
        let together = tune(&model, table, &mixed, None, &settings(&mixed), None).unwrap();
        let alone: f64 = (prompts.iter().enumerate())
            .map(|(task, prompt)| {
                let set = one_word_task(&classes, task);
                let source = SoftPrompt::new(prompt, &device);
                let found = tune(&model, source, &set, None, &settings(&set), None).unwrap();
                found.losses[0].score
            })
            .sum();
        let expected = match reduction {
            Reduction::Mean => alone / 2.0,
            Reduction::Sum => alone,
        };
        let found = together.losses[0].score;
        assert!(
            (found - expected).abs() < 1e-3 * expected,
            "{reduction:?}: {found} against {expected}"
        );
    }
}

#[test]
fn words_of_other_tasks_do_not_count() {
    for (name, device) in devices() {
        // Only the first task has examples; 17 and 18 are its words, 18 to 21 those of the second.
        let others = EncodedTask {
            examples: Vec::new(),
            ..word_task(1, 4)
        };
        let tasks = [word_task(0, 2), others];
        let set = |choice| TaskSet::new(&tasks, choice, Padding::new(0)).unwrap();
        assert_eq!(set(Choice::Own).majority(), [Some(0.5), None], "{name}");
        let plain = masked_lm(EncoderFamily::Bert, &device);
        let mut raised = plain.clone();
        let bias = (0..24).map(|id| if (19..22).contains(&id) { 50.0 } else { 0.0 });
        let bias: Vec<f32> = bias.collect();
        let bias = Tensor::<1>::from_floats(bias.as_slice(), &device);
        let old = raised.model.head.bias.val();
        raised.model.head.bias = Param::from_tensor(old + bias);
        for label_smoothing in [0.0, 0.1] {
            let run = |model: &PromptedMaskedLM, choice| {
                let set = set(choice);
                let settings = TuneSettings {
                    label_smoothing,
                    ..whole(&set, 10)
                };
                let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
                let tuned = tune(model, source, &set, None, &settings, None).unwrap();
                let found = predict(model, &tuned.source, &set, 64, &Pass::default()).unwrap();
                (
                    tuned.losses[0].score,
                    values(tuned.source.vectors.val()),
                    found,
                )
            };
            let own = run(&plain, Choice::Own);
            assert_eq!(run(&raised, Choice::Own), own, "{name} {label_smoothing}");
            let (loss, _, found) = run(&raised, Choice::Shared);
            assert!(loss > own.0 + 10.0, "{name}: {loss} against {}", own.0);
            assert!(found.classes.iter().all(Option::is_none), "{name}");
        }
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
fn tasks_without_a_prompt_and_tasks_in_another_order_are_refused() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = word_tasks(&[2, 2, 2], Choice::Own);
    let table = |count| {
        let prompts: Vec<_> = (0..count).map(|seed| prompt(SLOTS, seed)).collect();
        PromptTable::new(&prompts, &device).unwrap()
    };
    let found = predict(&model, &table(2), &set, 64, &Pass::default()).unwrap_err();
    let sizes = matches!(
        found,
        Error::Size(SizeError {
            found: 2,
            expected: 3,
            ..
        })
    );
    assert!(sizes, "{found}");
    assert!(predict(&model, &table(4), &set, 64, &Pass::default()).is_ok());

    let [first, second] = [word_task(0, 2), word_task(1, 2)];
    let of = |tasks: &[EncodedTask]| TaskSet::new(tasks, Choice::Own, Padding::new(0)).unwrap();
    let training = of(&[first.clone(), second.clone()]);
    let tuned = |dev: &TaskSet| {
        let found = tune(&model, table(2), &training, Some(dev), &settings(1), None);
        found.err()
    };
    assert!(tuned(&of(&[first.clone(), second.clone()])).is_none());
    let turned = tuned(&of(&[second, first.clone()])).unwrap();
    assert!(
        matches!(turned, Error::TaskOrder { index: 0, .. }),
        "{turned}"
    );
    let fewer = tuned(&of(&[first])).unwrap();
    assert!(
        matches!(fewer, Error::Size(SizeError { found: 1, .. })),
        "{fewer}"
    );
}
