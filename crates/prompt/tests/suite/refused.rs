//! What training and scoring refuse.

use burn::module::Param;
use burn::tensor::{DType, FloatDType, Tensor};
use plm_core::config::EncoderFamily;
use plm_core::text::Padding;
use plm_prompt::model::Pass;
use plm_prompt::tune::{Predictions, TextExample, TextSet, TuneSettings, predict, tune, tune_text};
use plm_prompt::{Choice, EncodedExample, EncodedTask, Error, SoftPrompt, TaskSet};

use super::support::{
    SLOTS, WIDTH, devices, masked_lm, one_word_task, prompt, settings, t5, word_task,
};

#[test]
fn tokens_beyond_the_models_words_are_refused() {
    // The models have the words 0 to 23.
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
    let found = |task: EncodedTask, padding: u32| {
        let set = TaskSet::new(&[task], Choice::Own, Padding::new(padding)).unwrap();
        let scored = predict(&model, &source, &set, 64, &Pass::default()).err();
        let tuned = tune(&model, source.clone(), &set, None, &settings(1), None).err();
        let [scored, tuned] = [scored, tuned].map(|error| error.map(|error| error.to_string()));
        assert_eq!(scored, tuned);
        scored
    };
    let named = |found: Option<String>, what: &str| {
        let text = found.unwrap();
        assert!(
            text.starts_with(&format!("token 24 of the {what}")),
            "{text}"
        );
        assert!(text.contains("24 words"), "{text}");
    };
    let mut beyond = word_task(0, 2);
    beyond.examples[3].ids[1] = 24;
    named(found(beyond, 0), "texts");
    // Its label words are 23 and 24.
    named(found(word_task(6, 2), 0), "label words");
    let mut uneven = word_task(0, 2);
    uneven.examples[0].ids.truncate(3);
    named(found(uneven.clone(), 24), "padding");
    assert_eq!(found(uneven, 23), None);
    // Texts of one length have no padding.
    assert_eq!(found(word_task(0, 2), 24), None);
}

#[test]
fn texts_and_targets_beyond_the_models_words_are_refused() {
    let (_, device) = devices().remove(0);
    let model = t5(false, &device);
    let found = |ids: Vec<u32>, target: Vec<u32>| {
        let task = 0;
        let examples = vec![TextExample { task, ids, target }];
        let set = TextSet::new(examples, Padding::new(0)).unwrap();
        let source = SoftPrompt::new(&prompt(SLOTS, 1), &device);
        tune_text(&model, source, &set, None, &settings(1), None).err()
    };
    assert!(found(vec![23, 1], vec![23, 1]).is_none());
    for (error, expected) in [
        (found(vec![24, 1], vec![7, 1]), "texts"),
        (found(vec![5, 1], vec![24, 1]), "targets"),
    ] {
        let named =
            matches!(&error, Some(Error::UnknownToken { what, id: 24, .. }) if *what == expected);
        assert!(named, "{expected}: {error:?}");
    }
}

#[test]
fn examples_without_tokens_or_of_unknown_classes_are_refused() {
    let mut task = word_task(0, 2);
    task.examples[5].label = 2;
    let found = TaskSet::single(&task, Padding::new(0));
    assert!(matches!(
        found,
        Err(Error::Label {
            example: 5,
            label: 2,
            classes: 2,
            ..
        })
    ));
    task.examples[5] = EncodedExample {
        ids: Vec::new(),
        label: 0,
    };
    let found = TaskSet::single(&task, Padding::new(0));
    assert!(matches!(found, Err(Error::NoTokens { example: 5, .. })));
    task.examples.remove(5);
    assert!(TaskSet::single(&task, Padding::new(0)).is_ok());
}

#[test]
fn scores_that_are_no_numbers_choose_no_class() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let set = one_word_task(&[2], 0);
    let vectors = Tensor::<2>::full([SLOTS, WIDTH], f32::NAN, &device);
    let source = SoftPrompt {
        vectors: Param::from_tensor(vectors),
    };
    let found = predict(&model, &source, &set, 64, &Pass::default());
    assert!(matches!(found, Err(Error::NotFinite(_))), "{found:?}");
    // They do not choose the best evaluation either.
    let settings = TuneSettings {
        evaluate_initial: true,
        ..settings(1)
    };
    let found = tune(&model, source, &set, Some(&set), &settings, None).err();
    assert!(matches!(found, Some(Error::NotFinite(_))), "{found:?}");
}

#[test]
fn prompts_of_another_number_type_are_refused() {
    for (name, device) in devices() {
        if !device.supports_dtype(DType::BF16) {
            continue;
        }
        let model = masked_lm(EncoderFamily::Bert, &device);
        let set = one_word_task(&[2], 0);
        let vectors = Tensor::<2>::zeros([SLOTS, WIDTH], &device).cast(FloatDType::BF16);
        let source = SoftPrompt {
            vectors: Param::from_tensor(vectors),
        };
        let found = predict(&model, &source, &set, 64, &Pass::default());
        let types = matches!(
            found,
            Err(Error::NumberType {
                prompt: DType::BF16,
                model: DType::F32
            })
        );
        assert!(types, "{name}: {found:?}");
    }
}

#[test]
#[should_panic(expected = "examples of their set")]
fn predictions_of_another_set_are_not_counted() {
    let set = one_word_task(&[2], 0);
    let classes = vec![Some(0)];
    Predictions { classes }.accuracies(&set);
}
