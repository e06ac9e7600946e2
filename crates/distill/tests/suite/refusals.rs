//! Runs whose classes, tokens or labels do not fit are refused before they begin.

use burn::tensor::Device;
use plm_core::check::SizeError;
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_distill::amalgamate::{AmalgamationSettings, Method, Scoring, TeacherPool};
use plm_distill::dynamic::{DynamicSettings, HiddenObjective, Spaced};
use plm_distill::fit::{FitSettings, Select, amalgamate, distill};
use plm_distill::labels::LabelSpace;
use plm_distill::loss::{HiddenLoss, HiddenPart};
use plm_distill::student::{Prepared, predict};
use plm_distill::teacher::{LiveTeacher, Teacher, TeacherOptions};
use plm_distill::{Error, Example, Result, TextEncoder};

use super::support::{classifier, config, device, encoder, fit, labels, teacher, texts, tokenizer};

fn prepared<'e>(texts: &'e [Example], names: &[&str]) -> Prepared<'e> {
    let rows: Vec<&Example> = texts.iter().collect();
    let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
    Prepared::new(&encoder(), &rows, &names).unwrap()
}

fn without_labels(texts: &[Example]) -> Vec<Example> {
    let bare = |text: &Example| Example::new(&text.text).with_name(&text.name);
    texts.iter().map(bare).collect()
}

/// Distills three classes from `teacher`.
fn run(
    teacher: &mut dyn Teacher,
    texts: (&Prepared<'_>, Option<&Prepared<'_>>),
    dynamic: &DynamicSettings,
    fit: &FitSettings,
    device: &Device,
) -> Result<()> {
    let student = classifier(2, 3, 9, device);
    let teachers = &mut [teacher];
    distill(
        student, texts.0, texts.1, teachers, dynamic, fit, None, device,
    )
    .map(|_| ())
}

fn named(names: [&str; 3], device: &Device) -> LiveTeacher {
    let model = classifier(2, 3, 1, device);
    teacher("named", model, device).with_labels(names).unwrap()
}

#[test]
fn classes_of_distillation_are_compared_by_name() {
    let device = device();
    let texts = texts(6, 3);
    let plain = DynamicSettings::default();
    let train = prepared(&texts, &["0", "1", "2"]);
    let mut right = named(["0", "1", "2"], &device);
    run(&mut right, (&train, None), &plain, &fit(), &device).unwrap();
    let mut turned = named(["0", "2", "1"], &device);
    let error = run(&mut turned, (&train, None), &plain, &fit(), &device).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::ClassName { index: 1, .. }), "{text}");
    assert!(text.contains("`named`"), "{text}");
    // A label that the student has no class for.
    let wide = prepared(&texts, &["0", "1", "2", "3"]);
    let error = run(&mut right, (&wide, None), &plain, &fit(), &device).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Size(SizeError {
                found: 4,
                expected: 3,
                ..
            })
        ),
        "{error}"
    );
    let other = prepared(&texts, &["2", "1", "0"]);
    let by_accuracy = FitSettings {
        select: Select::ValAcc,
        ..fit()
    };
    let both = (&train, Some(&other));
    let error = run(&mut right, both, &plain, &by_accuracy, &device).unwrap_err();
    let text = error.to_string();
    assert!(matches!(error, Error::ClassName { index: 0, .. }), "{text}");
    assert!(text.contains("validation"), "{text}");
    // Texts that are not looked at need not fit.
    run(&mut right, both, &plain, &fit(), &device).unwrap();
}

#[test]
fn classes_of_amalgamation_are_compared_by_name() {
    let device = device();
    let texts = texts(6, 3);
    let space = LabelSpace::new([vec!["0", "1"], vec!["1", "2"]]).unwrap();
    let two = |name: &str, names: [&str; 2]| {
        let model = classifier(2, 2, 1, &device);
        teacher(name, model, &device).with_labels(names).unwrap()
    };
    let (mut first, mut second) = (two("first", ["0", "1"]), two("second", ["2", "1"]));
    let error = TeacherPool::new(&space, vec![&mut first, &mut second]).err();
    let error = error.unwrap();
    assert!(
        matches!(error, Error::ClassName { index: 0, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("`second`"), "{error}");

    let mut second = two("second", ["1", "2"]);
    let mut pool = TeacherPool::new(&space, vec![&mut first, &mut second]).unwrap();
    let (right, turned) = (
        prepared(&texts, &["0", "1", "2"]),
        prepared(&texts, &["1", "0", "2"]),
    );
    let mut run = |method, train: &Prepared<'_>, validation, select| {
        let settings = AmalgamationSettings::new(method).with_scoring(Scoring::Deterministic);
        let fit = FitSettings { select, ..fit() };
        let student = classifier(2, 3, 9, &device);
        let pool = &mut pool;
        amalgamate(
            student, train, validation, pool, &settings, &fit, None, &device,
        )
        .map(|_| ())
    };
    let wrong = |result: Result<()>, part: &str| {
        let error = result.unwrap_err();
        let text = error.to_string();
        assert!(matches!(error, Error::ClassName { index: 0, .. }), "{text}");
        assert!(text.contains(part), "{text}");
    };
    let supervised = Method::Supervised;
    run(supervised, &right, None, Select::Last).unwrap();
    wrong(run(supervised, &turned, None, Select::Last), "training");
    let validation = Some(&turned);
    wrong(
        run(Method::Uhc, &right, validation, Select::ValAcc),
        "validation",
    );
    wrong(
        run(supervised, &right, validation, Select::ValKd),
        "validation",
    );
    // Nothing looks at these labels.
    run(Method::Uhc, &turned, validation, Select::ValKd).unwrap();
}

#[test]
fn a_loss_that_needs_labels_is_not_evaluated_without() {
    let device = device();
    let texts = texts(6, 3);
    let bare = without_labels(&texts);
    let (train, validation) = (
        prepared(&texts, &["0", "1", "2"]),
        prepared(&bare, &["0", "1", "2"]),
    );
    let both = (&train, Some(&validation));
    let fit = FitSettings {
        select: Select::ValKd,
        ..fit()
    };
    let mut live = teacher("t", classifier(2, 3, 1, &device), &device);
    let plain = DynamicSettings::default();
    let error = run(&mut live, both, &plain, &fit, &device).unwrap_err();
    assert!(matches!(error, Error::Unlabeled { .. }), "{error}");
    assert_eq!(live.forwards(), 0, "refused before the first step");
    let blind = DynamicSettings {
        ce_weight: 0.0,
        ..plain
    };
    run(&mut live, both, &blind, &fit, &device).unwrap();

    let space = LabelSpace::new([labels(3)]).unwrap();
    let mut pool = TeacherPool::new(&space, vec![&mut live]).unwrap();
    let settings = AmalgamationSettings::new(Method::Supervised);
    let student = classifier(2, 3, 9, &device);
    let validation = Some(&validation);
    let result = amalgamate(
        student, &train, validation, &mut pool, &settings, &fit, None, &device,
    );
    assert!(matches!(result, Err(Error::Unlabeled { .. })));
}

/// Two layers of the student beside two of the teacher, compared by `part`.
fn matching(part: HiddenPart) -> DynamicSettings {
    let loss = HiddenLoss {
        part,
        ..HiddenLoss::default()
    };
    DynamicSettings {
        hidden: Some(HiddenObjective {
            weight: 1.0,
            teacher: None,
            matches: Spaced::new(2, 2, loss).unwrap().matches,
        }),
        ..DynamicSettings::default()
    }
}

#[test]
fn tokens_of_texts_cut_elsewhere_are_not_compared() {
    let device = device();
    let texts = texts(6, 3);
    let train = prepared(&texts, &["0", "1", "2"]);
    let options = TeacherOptions {
        max_length: 16,
        dropout: None,
    };
    let model = classifier(2, 3, 1, &device);
    let mut short = LiveTeacher::new("short", model, tokenizer(), options, &device).unwrap();
    let mut run = |part| run(&mut short, (&train, None), &matching(part), &fit(), &device);
    let error = run(HiddenPart::AllTokens).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Lengths {
                found: 16,
                expected: 32,
                ..
            }
        ),
        "{error}"
    );
    run(HiddenPart::FirstToken).unwrap();
}

#[test]
fn first_tokens_are_compared_with_a_teacher_of_fewer_positions() {
    let device = device();
    let texts = texts(6, 3);
    let train = prepared(&texts, &["0", "1", "2"]);
    let few = EncoderConfig {
        max_position_embeddings: 4,
        ..config(2, 3)
    };
    assert!(train.lengths().iter().any(|&length| length > 4));
    let model: EncoderForSequenceClassification =
        Pretrained::new(&few, Seed::new(1), &device).unwrap().model;
    let options = TeacherOptions {
        max_length: 4,
        dropout: None,
    };
    let mut short = LiveTeacher::new("short", model, tokenizer(), options, &device).unwrap();
    let dynamic = matching(HiddenPart::FirstToken);
    run(&mut short, (&train, None), &dynamic, &fit(), &device).unwrap();
}

#[test]
fn texts_are_no_longer_than_the_model_has_positions_for() {
    // RoBERTa's first position is that after the padding token's id.
    let roberta = EncoderConfig {
        family: EncoderFamily::Roberta,
        pad_token_id: 1,
        max_position_embeddings: 34,
        ..config(1, 2)
    };
    TextEncoder::new(tokenizer(), 32, &roberta).unwrap();
    let error = TextEncoder::new(tokenizer(), 33, &roberta).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Setting {
                name: "max_length",
                ..
            }
        ),
        "{error}"
    );
}

#[test]
fn texts_prepared_for_another_model_are_refused() {
    let device = device();
    let texts = texts(6, 3);
    let train = prepared(&texts, &["0", "1", "2"]);
    let longest = train.lengths().into_iter().max().unwrap();
    let of_length = |max_position_embeddings| EncoderConfig {
        max_position_embeddings,
        ..config(2, 3)
    };
    let model = |config: &EncoderConfig| -> EncoderForSequenceClassification {
        Pretrained::new(config, Seed::new(9), &device)
            .unwrap()
            .model
    };
    predict(&model(&of_length(longest)), &train, 4, &device).unwrap();
    let few_words = EncoderConfig {
        vocab_size: 100,
        ..config(2, 3)
    };
    for (config, is_short) in [(of_length(longest - 1), true), (few_words, false)] {
        let student = model(&config);
        let error = predict(&student, &train, 4, &device).unwrap_err();
        let fits = match is_short {
            true => matches!(
                error,
                Error::Setting {
                    name: "max_length",
                    ..
                }
            ),
            false => matches!(error, Error::Core(_)),
        };
        assert!(fits, "{error}");
        let error = error.to_string();

        let mut live = teacher("t", classifier(2, 3, 1, &device), &device);
        let found = distill(
            student.clone(),
            &train,
            None,
            &mut [&mut live],
            &DynamicSettings::default(),
            &fit(),
            None,
            &device,
        );
        assert_eq!(found.map(|_| ()).unwrap_err().to_string(), error);
        let space = LabelSpace::new([labels(3)]).unwrap();
        let mut pool = TeacherPool::new(&space, vec![&mut live]).unwrap();
        let settings = AmalgamationSettings::new(Method::Uhc);
        let found = amalgamate(
            student,
            &train,
            None,
            &mut pool,
            &settings,
            &fit(),
            None,
            &device,
        );
        assert_eq!(found.map(|_| ()).unwrap_err().to_string(), error);
        assert_eq!(live.forwards(), 0, "refused before the first step");
    }
}
