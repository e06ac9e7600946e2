//! Tuning of models that write.

use plm_core::check::SizeError;
use plm_core::text::{Padding, PaddingSide};
use plm_core::train::Every;
use plm_prompt::model::TextModel;
use plm_prompt::tune::{TextExample, TextSet, TuneSettings, tune_text};
use plm_prompt::{Error, PromptTable, SoftPrompt};

use super::support::{SLOTS, bart, devices, gpt2, prompt, settings, t5};

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

/// A text and a target of so many tokens.
fn sized(tokens: usize, target: usize) -> TextExample {
    TextExample {
        task: 0,
        ids: vec![5; tokens],
        target: vec![7; target],
    }
}

/// What a step of tuning on `examples` says.
fn refusal<M: TextModel>(model: &M, examples: &[TextExample], padding: Padding) -> Option<Error> {
    let set = TextSet::new(examples.to_vec(), padding).unwrap();
    let source = SoftPrompt::new(&prompt(SLOTS, 1), &model.device());
    tune_text(model, source, &set, None, &settings(1), None).err()
}

#[test]
fn targets_without_positions_are_refused() {
    let (_, device) = devices().remove(0);
    let (t5, bart, gpt2) = (t5(false, &device), bart(true, &device), gpt2(&device));
    let plain = Padding::new(0);
    // 40 positions, of which 5 are slots: 20 tokens of text leave GPT-2 15.
    assert!(refusal(&gpt2, &[sized(20, 15)], plain).is_none());
    let found = refusal(&gpt2, &[sized(20, 16)], plain).unwrap();
    let sizes = matches!(
        found,
        Error::TargetTooLong {
            tokens: 16,
            limit: 15
        }
    );
    assert!(sizes, "{found}");
    // The longest text and the longest target may meet in one batch, padding counts.
    assert!(refusal(&gpt2, &[sized(20, 1), sized(1, 16)], plain).is_some());
    let wide = plain.with_multiple_of(16);
    assert!(refusal(&gpt2, &[sized(20, 3)], wide).is_none());
    assert!(refusal(&gpt2, &[sized(20, 4)], wide).is_some());
    let wider = plain.with_min_length(36);
    assert!(matches!(
        refusal(&gpt2, &[sized(20, 1)], wider),
        Some(Error::TooLong { tokens: 36, .. })
    ));
    // BART's decoder has 40 positions of its own, T5 has no limit.
    assert!(refusal(&bart, &[sized(20, 40)], plain).is_none());
    assert!(matches!(
        refusal(&bart, &[sized(20, 41)], plain),
        Some(Error::TargetTooLong { limit: 40, .. })
    ));
    assert!(refusal(&t5, &[sized(60, 60)], plain).is_none());
}

#[test]
fn sources_and_padding_that_do_not_fit_are_refused() {
    let (_, device) = devices().remove(0);
    let left = Padding::new(0).with_side(PaddingSide::Left);
    let error = TextSet::new(vec![sized(2, 1)], left).unwrap_err();
    assert!(error.to_string().contains("right"), "{error}");
    let mut second = sized(2, 1);
    second.task = 1;
    let set = TextSet::new(vec![sized(2, 1), second], Padding::new(0)).unwrap();
    let table = PromptTable::new(&[prompt(SLOTS, 1)], &device).unwrap();
    let found = tune_text(&t5(false, &device), table, &set, None, &settings(1), None);
    assert!(matches!(
        found,
        Err(Error::Size(SizeError { expected: 2, .. }))
    ));
}
