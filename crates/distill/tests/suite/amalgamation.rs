//! Amalgamation with worked numbers.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_distill::amalgamate::{
    AmalgamationLoss, AmalgamationSettings, CommonFeatures, CommonFeaturesConfig, Integration,
    LayerwiseFeatures, Method, Scoring, TeacherPool, Weighting, concatenated, layerwise_pairs,
};
use plm_distill::dynamic::StudentBatch;
use plm_distill::labels::LabelSpace;
use plm_distill::score::deterministic_score;
use plm_distill::student::Auxiliary;
use plm_distill::teacher::{FixtureTeacher, Teacher, TeacherInfo};
use plm_distill::uncertainty::softmax;
use plm_distill::{Error, Example, Result};
use proptest::prelude::*;

use super::support::{close, device, devices, matrix, values};

const FIRST: [[f64; 3]; 3] = [[2., 0., 0.], [0.1, 0., 0.], [0., 0., 0.]];
const SECOND: [[f64; 2]; 3] = [[0., 0.], [3., 0.], [1., 0.]];
const STUDENT: [&[f32]; 3] = [
    &[1., 0., 0., 0., 0.],
    &[0., 0., 0., 1., 0.],
    &[0., 0., 0., 0., 0.],
];

fn space() -> LabelSpace {
    LabelSpace::new([vec!["a", "b", "c"], vec!["d", "e"]]).unwrap()
}

fn logits() -> Vec<Vec<Vec<f64>>> {
    vec![
        FIRST.iter().map(|row| row.to_vec()).collect(),
        SECOND.iter().map(|row| row.to_vec()).collect(),
    ]
}

fn scores(logits: &[Vec<Vec<f64>>]) -> Vec<Vec<f64>> {
    let of = |rows: &Vec<Vec<f64>>| -> Vec<f64> {
        rows.iter()
            .map(|row| deterministic_score(row, 1.0).unwrap())
            .collect()
    };
    logits.iter().map(of).collect()
}

fn soft(reweight: bool) -> Integration {
    Integration {
        reweight,
        ..Integration::default()
    }
}

fn hard(reweight: bool) -> Integration {
    Integration {
        weighting: Weighting::Hard,
        ..soft(reweight)
    }
}

#[test]
fn targets_weigh_teachers_by_certainty() {
    let logits = logits();
    let found = soft(true)
        .integrate(&space(), &logits, &scores(&logits), 1.0)
        .unwrap();
    let first: Vec<f64> = found.weights.iter().map(|weights| weights[0]).collect();
    close(&first, &[0.877_702_2, 0.026_134, 0.309_963]);
    close(&found.margins, &[0.394_170_6, 0.723_608_1, 0.160_059_5]);
    let row = [
        0.690_739_4,
        0.093_481_4,
        0.093_481_4,
        0.061_148_9,
        0.061_148_9,
    ];
    close(&found.targets[0], &row);
    let found = hard(false)
        .integrate(&space(), &logits, &scores(&logits), 1.0)
        .unwrap();
    assert_eq!(found.weights, [[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]]);
    assert_eq!(found.margins, [1.0; 3]);
    let normalized = Integration {
        normalize_margins: true,
        ..soft(true)
    };
    let found = normalized
        .integrate(&space(), &logits, &scores(&logits), 1.0)
        .unwrap();
    close(&[found.margins.iter().sum::<f64>()], &[3.0]);
}

#[test]
fn certainties_and_class_scores_that_are_no_numbers_are_refused() {
    let logits = logits();
    let known = scores(&logits);
    let mut unknown = known.clone();
    unknown[1][2] = f64::NAN;
    for integration in [soft(true), hard(true)] {
        let found = integration.integrate(&space(), &logits, &unknown, 1.0);
        let text = found.unwrap_err().to_string();
        let start = "certainties of teacher 1: value 2 is NaN";
        assert!(text.starts_with(start), "{text}");
    }
    let mut endless = logits.clone();
    endless[0][1][2] = f64::INFINITY;
    let error = concatenated(&space(), &endless, 1.0).unwrap_err();
    assert!(matches!(error, Error::NotFinite(_)), "{error}");
    let cold = Integration {
        weighting: Weighting::Soft { temperature: 0.0 },
        ..soft(true)
    };
    let error = cold.integrate(&space(), &logits, &known, 1.0).unwrap_err();
    assert!(matches!(error, Error::Setting { .. }), "{error}");
}

#[test]
fn weights_of_three_teachers() {
    let labels = [vec!["a", "b"], vec!["c", "d"], vec!["e", "f"]];
    let space = LabelSpace::new(labels).unwrap();
    let logits = vec![vec![vec![0.0, 0.0]]; 3];
    let scores = [vec![0.9], vec![0.2], vec![0.85]];
    let found = soft(true).integrate(&space, &logits, &scores, 1.0).unwrap();
    close(&found.weights[0], &[0.552_792_2, 0.016_692_9, 0.430_515]);
    close(&found.margins, &[0.050_001]);
    // One teacher: plain distillation.
    let one = LabelSpace::new([vec!["a", "b"]]).unwrap();
    let found = soft(true)
        .integrate(&one, &logits[..1], &scores[..1], 1.0)
        .unwrap();
    assert_eq!((found.weights[0][0], found.margins[0]), (1.0, 1.0));
    // The least that a soft weight leaves to others: e⁵ / (e⁵ + n - 1).
    for (teachers, most) in [(2, 0.993_31), (3, 0.986_70), (4, 0.980_19)] {
        let mut scores = vec![0.0; teachers];
        scores[0] = 1.0;
        close(&soft(true).weights(&scores)[..1], &[most]);
    }
}

#[test]
fn true_weights_recover_the_joint_distribution() {
    let joint = [0.1, 0.2, 0.3, 0.15, 0.25_f64];
    let logits: Vec<Vec<Vec<f64>>> = [&joint[..3], &joint[3..]]
        .map(|part| vec![part.iter().map(|p| p.ln()).collect()])
        .into();
    let mass = [0.6_f64, 0.4];
    // Scores whose softmax at τ = .2 is the mass.
    let scores: Vec<Vec<f64>> = mass.iter().map(|mass| vec![0.2 * mass.ln()]).collect();
    let found = soft(false)
        .integrate(&space(), &logits, &scores, 1.0)
        .unwrap();
    close(&found.targets[0], &joint);
}

/// A loss of the example, with class scores of the second teacher moved by `shift` and those of the student
/// for the second teacher's labels by `own`.
fn loss(method: Method, temperature: f64, shift: f64, own: f32, device: &Device) -> f64 {
    try_loss(method, temperature, shift, own, device).unwrap()
}

fn try_loss(
    method: Method,
    temperature: f64,
    shift: f64,
    own: f32,
    device: &Device,
) -> Result<f64> {
    let moved: &[f32] = &[0., 0., 0., own, own];
    let moved = matrix(&[moved; 3], device);
    loss_of(method, temperature, shift, matrix(&STUDENT, device) + moved)
}

/// The loss of a student with these class scores.
fn loss_of(method: Method, temperature: f64, shift: f64, student: Tensor<2>) -> Result<f64> {
    let device = &student.device();
    let space = space();
    let examples: Vec<Example> = ["x", "y", "z"].map(Example::new).into();
    let examples: Vec<&Example> = examples.iter().collect();
    let mut teachers: Vec<FixtureTeacher> = logits()
        .iter()
        .enumerate()
        .map(|(number, rows)| {
            let info = TeacherInfo {
                name: format!("teacher-{number}"),
                classes: rows[0].len(),
                labels: None,
                tokenizer: String::new(),
                max_length: 8,
                layers: 1,
                hidden_size: 2,
            };
            let shift = shift * number as f64;
            let rows: Vec<Vec<f64>> = (rows.iter())
                .map(|row| row.iter().map(|value| value + shift).collect())
                .collect();
            FixtureTeacher::new(info, &examples, &rows, device).unwrap()
        })
        .collect();
    let teachers = teachers.iter_mut().map(|t| t as &mut dyn Teacher).collect();
    let mut pool = TeacherPool::new(&space, teachers)?;
    let batch = StudentBatch {
        examples: &examples,
        labels: None,
        logits: student,
        hidden: &BTreeMap::new(),
        padding: Tensor::<2>::zeros([3, 1], device).bool(),
    };
    let settings = AmalgamationSettings {
        temperature,
        ..AmalgamationSettings::new(method).with_scoring(Scoring::Deterministic)
    };
    let loss = AmalgamationLoss::new(&settings);
    let (loss, _) = loss.of(&batch, &mut pool, &Auxiliary::none())?;
    Ok(values(loss)[0])
}

#[test]
fn losses_of_the_example() {
    for (_, device) in devices() {
        for (method, temperature, expected) in [
            (Method::Muka(soft(false)), 1.0, 0.354_441_6),
            (Method::Muka(soft(true)), 1.0, 0.190_801),
            (Method::Muka(hard(false)), 1.0, 0.746_967_3),
            (Method::Muka(hard(true)), 1.0, 0.297_880_7),
            (Method::Vanilla, 1.0, 0.204_737_4),
            (Method::Vanilla, 2.0, 0.228_962_3),
            (Method::Uhc, 1.0, 0.126_929_2),
            (Method::Uhc, 2.0, 0.202_412_5),
        ] {
            let found = loss(method, temperature, 0.0, 0.0, &device);
            close(&[found], &[expected]);
        }
    }
}

/// Targets of hard weights hold probabilities of 0, whose logarithm no number of 16 bits keeps finite.
#[test]
fn losses_of_a_student_in_half_precision_are_those_in_single() {
    for (_, device) in devices() {
        for dtype in [DType::F16, DType::BF16] {
            if !device.supports_dtype(dtype) {
                continue;
            }
            let student = matrix(&STUDENT, &device).cast(FloatDType::from(dtype));
            for (method, expected) in [
                (Method::Muka(soft(true)), 0.190_801),
                (Method::Muka(hard(true)), 0.297_880_7),
                (Method::Vanilla, 0.204_737_4),
                (Method::Uhc, 0.126_929_2),
            ] {
                let found = loss_of(method, 1.0, 0.0, student.clone()).unwrap();
                close(&[found], &[expected]);
            }
        }
    }
}

#[test]
fn a_batch_has_an_answer_for_each_text() {
    // One row would stand for all three texts.
    let student = matrix(&STUDENT[..1], &device());
    for method in [Method::Vanilla, Method::Uhc, Method::Muka(soft(true))] {
        let error = loss_of(method, 1.0, 0.0, student.clone()).unwrap_err();
        assert!(matches!(error, Error::Size(_)), "{error}");
    }
}

#[test]
fn only_vanilla_depends_on_a_teachers_offset() {
    let device = device();
    let gap = |method| {
        (loss(method, 1.0, 5.0, 0.0, &device) - loss(method, 1.0, 0.0, 0.0, &device)).abs()
    };
    assert!(gap(Method::Muka(soft(true))) < 1e-6);
    assert!(gap(Method::Uhc) < 1e-6);
    assert!(gap(Method::Vanilla) > 0.1);
    let logits = logits();
    let target = |shift: f64| {
        let moved: Vec<Vec<f64>> = (logits[0].iter())
            .map(|row| row.iter().map(|value| value + shift).collect())
            .collect();
        concatenated(&space(), &[moved, logits[1].clone()], 1.0).unwrap()[0][0]
    };
    close(&[target(0.0), target(5.0)], &[0.648_785_6, 0.785_858_1]);
}

#[test]
fn only_uhc_ignores_an_offset_of_the_student_between_label_sets() {
    let device = device();
    let gap = |method| {
        (loss(method, 1.0, 0.0, 2.0, &device) - loss(method, 1.0, 0.0, 0.0, &device)).abs()
    };
    assert!(gap(Method::Uhc) < 1e-6);
    assert!(gap(Method::Muka(hard(false))) > 0.05);
}

#[test]
fn supervised_training_needs_labels() {
    let error = try_loss(Method::Supervised, 1.0, 0.0, 0.0, &device()).unwrap_err();
    assert!(
        matches!(error, Error::Unlabeled { what } if what == "supervised training"),
        "{error}"
    );
}

#[test]
fn layers_from_the_top() {
    let pairs = layerwise_pairs(12, &[24, 12]).unwrap();
    assert_eq!(pairs[0], (12, vec![24, 12]));
    assert_eq!(pairs[1], (11, vec![22, 11]));
    assert_eq!(pairs[11], (1, vec![2, 1]));
    assert!(layerwise_pairs(3, &[2]).is_err());
}

/// A linear map with given weights and no bias.
fn map(rows: &[&[f32]], device: &Device) -> Linear {
    let weight = matrix(rows, device);
    let width = weight.dims()[1];
    Linear {
        weight: Param::from_tensor(weight),
        bias: Some(Param::from_tensor(Tensor::zeros([width], device))),
    }
}

#[test]
fn a_code_that_keeps_one_teacher_loses_the_other() {
    for (_, device) in devices() {
        let features = LayerwiseFeatures {
            encode: vec![map(&[&[1., 0.], &[0., 1.], &[0., 0.], &[0., 0.]], &device)],
            decode: vec![map(&[&[1., 0., 0., 0.], &[0., 1., 0., 0.]], &device)],
            student: vec![map(&[&[1., 0.], &[0., 1.]], &device)],
            widths: vec![2, 2],
        };
        // Maps stay in single precision whatever the states are in.
        for dtype in [DType::F32, DType::F16, DType::BF16] {
            if !device.supports_dtype(dtype) {
                continue;
            }
            let token = |values: [f32; 2]| {
                let values = TensorData::new(values.to_vec(), [1, 1, 2]);
                Tensor::<3>::from_data(values, (&device, dtype))
            };
            let padding = Tensor::<2>::zeros([1, 1], &device).bool();
            let teachers = [vec![token([1., 0.]), token([0., 1.])]];
            let (amalgamation, reconstruction) =
                features.losses(&[token([1., 0.])], &teachers, &padding);
            close(&values(amalgamation), &[0.0]);
            close(&values(reconstruction), &[0.5]);
        }
    }
}

#[test]
fn padding_changes_no_common_feature_loss() {
    let device = device();
    let config = CommonFeaturesConfig {
        student: 4,
        teachers: vec![4, 6],
        common: 3,
    };
    let features = CommonFeatures::new(&config, Seed::new(1), &device);
    let states = |width: usize, filler: f32| {
        let values: Vec<f32> = (0..2 * 3 * width)
            .map(|place| match place / width % 3 {
                2 => filler,
                _ => (place * 7 % 11) as f32 / 5.0 - 1.0,
            })
            .collect();
        Tensor::<3>::from_data(TensorData::new(values, [2, 3, width]), &device)
    };
    let padding = Tensor::<2>::from_data([[0.0_f32, 0., 1.], [0., 0., 1.]], &device).bool();
    let losses = |filler: f32, dtype: DType| {
        let states = |width| states(width, filler).cast(FloatDType::from(dtype));
        let teachers = [states(4), states(6)];
        let (a, b) = features.losses(&states(4), &teachers, &padding);
        [values(a)[0], values(b)[0]]
    };
    let single = losses(0.0, DType::F32);
    close(&single, &losses(9.0, DType::F32));
    if device.supports_dtype(DType::F16) {
        let half = losses(0.0, DType::F16);
        assert!((half[1] - single[1]).abs() < 0.01, "{half:?}, {single:?}");
        assert!(half[0].is_finite(), "{half:?}");
    }
}

proptest! {
    #[test]
    fn the_order_of_teachers_does_not_matter(
        rows in prop::collection::vec(prop::collection::vec(-4.0..4.0_f64, 5), 1..4),
        reweight: bool,
        is_hard: bool,
    ) {
        let (first, second): (Vec<Vec<f64>>, Vec<Vec<f64>>) = rows
            .iter()
            .map(|row| (row[..3].to_vec(), row[3..].to_vec()))
            .unzip();
        let there = LabelSpace::new([vec!["a", "b", "c"], vec!["d", "e"]]).unwrap();
        let back = LabelSpace::new([vec!["d", "e"], vec!["a", "b", "c"]]).unwrap();
        let integration = if is_hard { hard(reweight) } else { soft(reweight) };
        let one = [first.clone(), second.clone()];
        let other = [second, first];
        let a = integration.integrate(&there, &one, &scores(&one), 1.0).unwrap();
        let b = integration.integrate(&back, &other, &scores(&other), 1.0).unwrap();
        for (text, (a, b)) in a.targets.iter().zip(&b.targets).enumerate() {
            prop_assert!((a.iter().sum::<f64>() - 1.0).abs() < 1e-9);
            let turned = [&b[2..], &b[..2]].concat();
            for (x, y) in a.iter().zip(turned) {
                prop_assert!((x - y).abs() < 1e-9, "text {}", text);
            }
        }
        for (x, y) in a.margins.iter().zip(&b.margins) {
            prop_assert!((x - y).abs() < 1e-12);
        }
        let (a, b) = (concatenated(&there, &one, 1.0).unwrap(), concatenated(&back, &other, 1.0).unwrap());
        for (a, b) in a.iter().zip(&b) {
            prop_assert!((a[0] - b[2]).abs() < 1e-12);
        }
    }

    #[test]
    fn overlapping_labels_keep_the_sum_at_one(
        first in prop::collection::vec(-4.0..4.0_f64, 3),
        second in prop::collection::vec(-4.0..4.0_f64, 3),
        scores in prop::collection::vec(0.0..1.0_f64, 2),
    ) {
        let space = LabelSpace::new([vec!["a", "b", "c"], vec!["c", "a", "d"]]).unwrap();
        prop_assert_eq!(space.len(), 4);
        let logits = [vec![first.clone()], vec![second.clone()]];
        let scores: Vec<Vec<f64>> = scores.iter().map(|&score| vec![score]).collect();
        for target in [
            soft(true).integrate(&space, &logits, &scores, 1.0).unwrap().targets,
            concatenated(&space, &logits, 2.0).unwrap(),
        ] {
            prop_assert!((target[0].iter().sum::<f64>() - 1.0).abs() < 1e-9);
            prop_assert!(target[0].iter().all(|p| *p >= 0.0));
        }
        // `a` gets the first teacher's first and the second teacher's second probability.
        let found = soft(false).integrate(&space, &logits, &scores, 1.0).unwrap();
        let weights = &found.weights[0];
        let expected = weights[0] * softmax(&first, 1.0)[0] + weights[1] * softmax(&second, 1.0)[1];
        prop_assert!((found.targets[0][0] - expected).abs() < 1e-9);
    }
}
