//! Training students from start to end.

use std::ops::ControlFlow;

use plm_core::models::EncoderForSequenceClassification;
use plm_core::train::{CheckpointConfig, Event, Every, Observer, checksum};
use plm_distill::amalgamate::{AmalgamationSettings, Method, Scoring, TeacherPool};
use plm_distill::dynamic::{DynamicSettings, HiddenObjective, Selection, Spaced, Strategy};
use plm_distill::fit::{FitSettings, Select, amalgamate, distill};
use plm_distill::labels::LabelSpace;
use plm_distill::loss::HiddenLoss;
use plm_distill::score::McSettings;
use plm_distill::student::Prepared;
use plm_distill::teacher::{LiveTeacher, Teacher, TeacherOptions};
use plm_distill::{Error, Example, Integration};

use super::support::{
    WIDTH, classifier, config, device, devices, encoder, fit, labels, teacher, texts, tokenizer,
};

/// Two teachers of three classes.
fn teachers(device: &burn::tensor::Device) -> [LiveTeacher; 2] {
    [
        teacher("small", classifier(2, 3, 1, device), device),
        teacher("large", classifier(4, 3, 2, device), device),
    ]
}

fn prepared(texts: &[Example], classes: usize) -> Prepared<'_> {
    let rows: Vec<&Example> = texts.iter().collect();
    Prepared::new(&encoder(), &rows, &labels(classes)).unwrap()
}

#[test]
fn a_student_comes_closer_to_its_teachers_and_they_stay() {
    for (_, device) in devices() {
        let mut pair = teachers(&device);
        let before: Vec<String> = pair.iter().map(|t| checksum(t.model(), |_| true)).collect();
        let texts = texts(12, 3);
        let train = prepared(&texts, 3);
        let hidden = |project: bool| {
            let mut matches = Spaced::new(2, 4, HiddenLoss::default()).unwrap().matches;
            matches.iter_mut().for_each(|pair| pair.project = project);
            HiddenObjective {
                weight: 1.0,
                teacher: None,
                matches,
            }
        };
        for settings in [
            DynamicSettings::default(),
            DynamicSettings {
                hidden: Some(hidden(false)),
                ..DynamicSettings::default()
            },
            DynamicSettings {
                hidden: Some(hidden(true)),
                selection: Selection {
                    strategy: Strategy::Entropy,
                    ratio: 0.5,
                },
                ..DynamicSettings::default()
            },
        ] {
            let mut teachers: Vec<&mut dyn Teacher> =
                pair.iter_mut().map(|t| t as &mut dyn Teacher).collect();
            let loss_after = |epochs, teachers: &mut [&mut dyn Teacher]| {
                let fit = FitSettings { epochs, ..fit() };
                let student = classifier(2, 3, 9, &device);
                let (_, report) = distill(
                    student, &train, None, teachers, &settings, &fit, None, &device,
                )
                .unwrap();
                report
            };
            let short = loss_after(1, &mut teachers);
            let long = loss_after(12, &mut teachers);
            assert_eq!(short.examples, 12);
            assert!(
                long.parts["kd.1"] < short.parts["kd.1"],
                "{long:?} {short:?}"
            );
        }
        let after: Vec<String> = pair.iter().map(|t| checksum(t.model(), |_| true)).collect();
        assert_eq!(before, after);
    }
}

/// Ends a run after some steps.
struct Stop(u64);

impl Observer for Stop {
    fn event(&mut self, event: &Event<'_>) -> ControlFlow<()> {
        match event {
            Event::Step(record) if record.step == self.0 => ControlFlow::Break(()),
            _ => ControlFlow::Continue(()),
        }
    }
}

#[test]
fn a_resumed_run_is_an_uninterrupted_one() {
    let device = device();
    let texts = texts(10, 3);
    let train = prepared(&texts, 3);
    let settings = DynamicSettings {
        selection: Selection {
            strategy: Strategy::Random,
            ratio: 0.5,
        },
        ..DynamicSettings::default()
    };
    let folder = tempfile::tempdir().unwrap();
    let run = |checkpoint: Option<CheckpointConfig>, stop: Option<u64>| {
        let mut pair = teachers(&device);
        let mut teachers: Vec<&mut dyn Teacher> =
            pair.iter_mut().map(|t| t as &mut dyn Teacher).collect();
        let fit = FitSettings {
            checkpoint,
            ..fit()
        };
        let student = classifier(2, 3, 9, &device);
        let mut observer = Stop(stop.unwrap_or(u64::MAX));
        let observer: &mut dyn Observer = &mut observer;
        let (student, report) = distill(
            student,
            &train,
            None,
            &mut teachers,
            &settings,
            &fit,
            Some(observer),
            &device,
        )
        .unwrap();
        (checksum(&student, |_| true), report.train.step)
    };
    let (whole, steps) = run(None, None);
    assert_eq!(steps, 6);
    let mut checkpoint = CheckpointConfig::new(folder.path().join("run"));
    checkpoint.every = Every::Steps(1);
    assert_eq!(run(Some(checkpoint.clone()), Some(4)).1, 4);
    assert_eq!(run(Some(checkpoint), None), (whole, 6));
}

/// Two teachers with labels `0 1 2` and `3 4`.
fn union(device: &burn::tensor::Device) -> (LabelSpace, [LiveTeacher; 2]) {
    let space = LabelSpace::new([vec!["0", "1", "2"], vec!["3", "4"]]).unwrap();
    let teachers = [
        teacher("first", classifier(2, 3, 1, device), device),
        teacher("second", classifier(2, 2, 2, device), device),
    ];
    (space, teachers)
}

fn method_run(
    method: Method,
    fit: &FitSettings,
    device: &burn::tensor::Device,
    labeled: bool,
) -> Result<
    (
        EncoderForSequenceClassification,
        std::collections::BTreeMap<String, f64>,
    ),
    Error,
> {
    let (space, mut pair) = union(device);
    let mut texts = texts(10, 5);
    if !labeled {
        texts.iter_mut().for_each(|text| text.label = None);
    }
    let train = prepared(&texts, 5);
    let teachers = pair.iter_mut().map(|t| t as &mut dyn Teacher).collect();
    let mut pool = TeacherPool::new(&space, teachers)?;
    let scoring = Scoring::MonteCarlo(McSettings {
        passes: 3,
        ..McSettings::default()
    });
    let settings = AmalgamationSettings::new(method).with_scoring(scoring);
    let validation = (fit.select != Select::Last).then_some(&train);
    let student = classifier(2, 5, 9, device);
    let (student, report) = amalgamate(
        student, &train, validation, &mut pool, &settings, fit, None, device,
    )?;
    Ok((student, report.parts))
}

#[test]
fn every_method_trains_without_labels_but_the_upper_bound() {
    for (_, device) in devices() {
        let plain = fit();
        for method in [
            Method::Muka(Integration::default()),
            Method::Vanilla,
            Method::Uhc,
            Method::Dfa,
            Method::Cfl,
        ] {
            let loss = |epochs| {
                let fit = FitSettings {
                    epochs,
                    ..plain.clone()
                };
                let (_, parts) = method_run(method, &fit, &device, false).unwrap();
                parts["kd"]
            };
            assert!(loss(14) < loss(1), "{method:?}");
        }
        let error = method_run(Method::Supervised, &plain, &device, false).unwrap_err();
        assert!(matches!(error, Error::Unlabeled { .. }), "{error}");
        method_run(Method::Supervised, &plain, &device, true).unwrap();
    }
}

#[test]
fn labels_of_some_texts_do_no_harm_where_none_is_looked_at() {
    let device = device();
    let (space, mut pair) = union(&device);
    let mut texts = texts(10, 5);
    texts[3].label = None;
    let rows: Vec<&Example> = texts.iter().collect();
    let error = Prepared::new(&encoder(), &rows, &labels(5)).unwrap_err();
    assert!(
        matches!(&error, Error::PartlyLabeled { unlabeled: 1, .. }),
        "{error}"
    );
    assert!(error.to_string().contains("without_labels"), "{error}");
    let train = Prepared::without_labels(&encoder(), &rows).unwrap();
    assert_eq!((&train.labels, train.names.len()), (&None, 0));
    let teachers = pair.iter_mut().map(|t| t as &mut dyn Teacher).collect();
    let mut pool = TeacherPool::new(&space, teachers).unwrap();
    let mut run = |method| {
        let settings = AmalgamationSettings::new(method).with_scoring(Scoring::Deterministic);
        let student = classifier(2, 5, 9, &device);
        amalgamate(
            student,
            &train,
            None,
            &mut pool,
            &settings,
            &fit(),
            None,
            &device,
        )
        .map(|(_, report)| report.examples)
    };
    let muka = Method::Muka(Integration::default());
    assert_eq!(run(muka).unwrap(), 20);
    let error = run(Method::Supervised).unwrap_err();
    assert!(matches!(error, Error::Unlabeled { .. }), "{error}");
}

#[test]
fn training_that_diverges_says_so() {
    let device = device();
    let texts = texts(6, 3);
    let train = prepared(&texts, 3);
    let mut broken = classifier(2, 3, 9, &device);
    let bias = burn::tensor::Tensor::<1>::from_data([f32::NAN, 0.0, 0.0], &device);
    broken.classifier.output.bias = Some(burn::module::Param::from_tensor(bias));
    let alone = DynamicSettings {
        kd_weight: 0.0,
        ..DynamicSettings::default()
    };
    let result = distill(broken, &train, None, &mut [], &alone, &fit(), None, &device);
    let error = result.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Diverged { .. }), "{error}");
    assert!(error.to_string().contains("step 0"), "{error}");
    assert_eq!(error.exit_code(), 1);
}

#[test]
fn weights_are_chosen_with_or_without_labels() {
    let device = device();
    let with = |select| FitSettings {
        select,
        evaluate_every: Some(1),
        ..fit()
    };
    let muka = Method::Muka(Integration::default());
    method_run(muka, &with(Select::ValKd), &device, false).unwrap();
    method_run(muka, &with(Select::ValAcc), &device, true).unwrap();
    let error = method_run(muka, &with(Select::ValAcc), &device, false).unwrap_err();
    assert!(error.to_string().contains("val-kd"), "{error}");
}

#[test]
fn teachers_that_do_not_fit_are_refused() {
    let device = device();
    let texts = texts(6, 3);
    let train = prepared(&texts, 3);
    let mut other = teacher("other", classifier(2, 2, 1, &device), &device);
    let run = |teacher: &mut dyn Teacher, settings: &DynamicSettings| {
        let student = classifier(2, 3, 9, &device);
        distill(
            student,
            &train,
            None,
            &mut [teacher],
            settings,
            &fit(),
            None,
            &device,
        )
        .map(|_| ())
        .unwrap_err()
        .to_string()
    };
    let plain = DynamicSettings::default();
    assert!(run(&mut other, &plain).contains("classes of teacher `other`"));

    // Hidden states of another width need a map.
    let wide = plm_core::config::EncoderConfig {
        hidden_size: 2 * WIDTH,
        ..config(2, 3)
    };
    let wide = plm_core::models::Pretrained::new(&wide, plm_core::rng::Seed::new(1), &device)
        .unwrap()
        .model;
    let mut wide = teacher("wide", wide, &device);
    let settings = DynamicSettings {
        hidden: Some(HiddenObjective {
            weight: 1.0,
            teacher: None,
            matches: Spaced::new(2, 2, HiddenLoss::default()).unwrap().matches,
        }),
        ..plain
    };
    let text = run(&mut wide, &settings);
    assert!(text.contains("project"), "{text}");

    // Other tokens cannot be compared one by one.
    let mut tokenizer = tokenizer();
    tokenizer.add_tokens(&["redhouse"], false).unwrap();
    let grown = plm_core::config::EncoderConfig {
        vocab_size: 8193,
        ..config(2, 3)
    };
    let grown = plm_core::models::Pretrained::new(&grown, plm_core::rng::Seed::new(1), &device)
        .unwrap()
        .model;
    let options = TeacherOptions {
        max_length: 32,
        dropout: None,
    };
    let mut stranger = LiveTeacher::new("stranger", grown, tokenizer, options, &device).unwrap();
    let text = run(&mut stranger, &settings);
    assert!(
        text.contains("stranger") && text.contains("tokenizer"),
        "{text}"
    );
}
