//! Losses, adoption and objective with worked numbers.

use std::collections::BTreeMap;

use burn::tensor::{DType, Device, FloatDType, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_distill::dynamic::{
    Adoption, DynamicLoss, DynamicSettings, HiddenObjective, LayerMatch, ObjectiveWeights,
    Selection, Strategy, StudentBatch,
};
use plm_distill::loss::{
    HiddenLoss, HiddenNorm, HiddenPart, LogitLoss, cross_entropy_rows, kl_rows, kl_to_rows,
    log_probabilities, mmd, mse_rows,
};
use plm_distill::score::{McScore, McSettings};
use plm_distill::teacher::{FixtureTeacher, Observation, Request, Teacher, TeacherInfo};
use plm_distill::uncertainty::{entropy_rows, uncertainty_rows};
use plm_distill::{Error, Example, Result};

use super::support::{close, device, devices, matrix, values};

const STUDENT: [&[f32]; 4] = [
    &[1., 2., 3.],
    &[0., 0., 0.],
    &[4., 0., -4.],
    &[0.5, 0.4, 0.3],
];
const SMALL: [&[f32]; 4] = [&[3., 2., 1.], &[1., 2., 3.], &[5., 0., -5.], &[0., 1., 0.]];
const LARGE: [&[f32]; 4] = [&[1., 2., 4.], &[0., 0., 1.], &[3., 0., -3.], &[1., 0., 0.]];
const UNCERTAINTY: [f64; 4] = [0.757_679_1, 1.0, 0.084_684_1, 0.996_973_4];

#[test]
fn divergences_of_class_scores() {
    for (name, device) in devices() {
        let (student, teacher) = (matrix(&STUDENT, &device), matrix(&SMALL, &device));
        let rows = values(kl_rows(&student, &teacher, 1.0));
        close(&rows, &[1.150_420_8, 0.266_216_7, 0.004_936_1, 0.126_615]);
        for (temperature, expected) in [(1.0, 0.387_047_2), (2.0, 0.443_529_4), (5.0, 0.499_344_7)]
        {
            let loss = LogitLoss::Kl { temperature };
            close(&values(loss.rows(&student, &teacher).mean()), &[expected]);
        }
        close(&values(kl_rows(&student, &student, 2.0)), &[0.0; 4]);
        let close_to = |teacher: [&[f32]; 4], expected| {
            let rows = mse_rows(&student, &matrix(&teacher, &device)).mean();
            close(&values(rows), &[expected]);
        };
        close_to(SMALL, 2.058_333_3);
        close_to(LARGE, 0.375);
        let labels = Tensor::from_data([2_i64, 0, 0, 1], &device);
        let loss = cross_entropy_rows(&student, labels).mean();
        close(&values(loss), &[0.656_660_1]);
        // KL([.9, .1] ‖ uniform) = ln 2 - H.
        let sure = matrix(&[&[0.9_f32.ln(), 0.1_f32.ln()]], &device);
        let even = matrix(&[&[0.0, 0.0]], &device);
        close(&values(kl_rows(&even, &sure, 1.0)), &[0.368_064_2]);
        let target = matrix(&[&[1.0, 0.0]], &device);
        let found = kl_to_rows(log_probabilities(&even, 1.0), target);
        close(&values(found), &[std::f64::consts::LN_2]);
        let _ = name;
    }
}

/// At a high temperature T²·KL nears Σ (centered difference)² / (2 classes). In single precision the
/// difference of the logarithms cancels, so only devices with double precision can show it.
#[test]
fn hot_divergences_are_squared_differences() {
    let mut seen = 0;
    for (_, device) in devices() {
        if !device.supports_dtype(DType::F64) {
            continue;
        }
        seen += 1;
        let exact = |rows: [&[f32]; 4]| {
            let values: Vec<f64> = rows.concat().iter().map(|&value| value.into()).collect();
            Tensor::<2>::from_data(TensorData::new(values, [4, 3]), (&device, DType::F64))
        };
        let loss = LogitLoss::Kl {
            temperature: 1000.0,
        };
        let found = values(loss.rows(&exact(STUDENT), &exact(SMALL)));
        close(
            &found,
            &[1.333_333_1, 0.333_333_3, 0.333_329_7, 0.114_469_1],
        );
        let limit = [4.0 / 3.0, 1.0 / 3.0, 1.0 / 3.0, 0.114_444_4];
        for (found, limit) in found.iter().zip(limit) {
            assert!((found - limit).abs() < 1e-4, "{found}, limit {limit}");
        }
    }
    assert!(seen > 0, "no device has double precision");
}

#[test]
fn uncertainty_of_class_scores() {
    for (_, device) in devices() {
        let rows = |rows: &[&[f32]]| values(uncertainty_rows(&matrix(rows, &device)).unwrap());
        close(&rows(&STUDENT), &UNCERTAINTY);
        let log = |p: f32| p.ln();
        close(&rows(&[&[log(0.9), log(0.1)]]), &[0.468_995_6]);
        let quarter = [log(0.5), log(0.25), log(0.25)];
        close(&rows(&[&quarter]), &[0.946_394_6]);
        // One class has all probability: exactly 0, and a gradient that is a number.
        assert_eq!(rows(&[&[1000., 0., -1000.]]), [0.0]);
        let extreme = matrix(&[&[1000., 0., -1000.]], &device.clone().autodiff()).require_grad();
        let gradients = entropy_rows(&extreme).sum().backward();
        let gradient = extreme.grad(&gradients).unwrap();
        assert!(values(gradient).iter().all(|value| value.is_finite()));
        let one = Tensor::<2>::zeros([2, 1], &device);
        let text = uncertainty_rows(&one).unwrap_err().to_string();
        assert!(text.contains("two"), "{text}");
    }
}

fn example_uncertainty(device: &Device) -> Tensor<1> {
    uncertainty_rows(&matrix(&STUDENT, device)).unwrap()
}

#[test]
fn uncertain_examples_go_to_the_small_teacher() {
    let shares = Adoption::Hard.shares(&example_uncertainty(&device()), 2);
    let mut rows: Vec<Vec<usize>> = shares.iter().map(|share| share.rows.clone()).collect();
    rows.iter_mut().for_each(|rows| rows.sort_unstable());
    assert_eq!(rows, [[1, 3], [0, 2]]);
    for (batch, sizes) in [
        (1, vec![(1, 1)]),
        (2, vec![(0, 1), (1, 1)]),
        (3, vec![(0, 1), (1, 2)]),
    ] {
        let uncertainty = Tensor::<1>::ones([batch], &device());
        let found: Vec<(usize, usize)> = (Adoption::Hard.shares(&uncertainty, 2).iter())
            .map(|share| (share.teacher, share.rows.len()))
            .collect();
        assert_eq!(found, sizes);
    }
    let sixteen = Tensor::<1>::ones([16], &device());
    let shares = Adoption::Hard.shares(&sixteen, 3);
    let sizes: Vec<usize> = shares.iter().map(|share| share.rows.len()).collect();
    assert_eq!(sizes, [5, 5, 6]);
}

#[test]
fn soft_weights_lie_between_neighboring_teachers() {
    let uncertainty = Tensor::<1>::from_data([0.0_f32, 0.25, 0.5, 1.0], &device());
    let weights: Vec<Vec<f64>> = (Adoption::SoftInstance.shares(&uncertainty, 3).into_iter())
        .map(|share| values(share.weights.unwrap()))
        .collect();
    // The most capable teacher has number 2.
    close(&weights[0], &[0.0, 0.0, 0.0, 1.0]);
    close(&weights[1], &[0.0, 0.5, 1.0, 0.0]);
    close(&weights[2], &[1.0, 0.5, 0.0, 0.0]);
}

/// The example's texts.
fn examples() -> Vec<Example> {
    ["a", "b", "c", "d"].map(Example::new).into()
}

/// A teacher that gives these class scores for the example's texts.
fn table(name: &str, rows: [&[f32]; 4], examples: &[&Example], device: &Device) -> FixtureTeacher {
    let info = TeacherInfo {
        name: name.to_owned(),
        classes: 3,
        labels: None,
        tokenizer: String::new(),
        max_length: 8,
        layers: 1,
        hidden_size: 2,
    };
    let rows: Vec<Vec<f64>> = (rows.iter())
        .map(|row| row.iter().map(|&value| f64::from(value)).collect())
        .collect();
    FixtureTeacher::new(info, examples, &rows, device).unwrap()
}

/// The example's loss and the number of answers of both teachers.
fn loss_of(settings: &DynamicSettings, answers: [[&[f32]; 4]; 2]) -> (f64, [u64; 2]) {
    let device = device();
    let examples = examples();
    let examples: Vec<&Example> = examples.iter().collect();
    let mut small = table("small", answers[0], &examples, &device);
    let mut large = table("large", answers[1], &examples, &device);
    let batch = StudentBatch {
        examples: &examples,
        labels: Some(&[2, 0, 0, 1]),
        logits: matrix(&STUDENT, &device),
        hidden: &BTreeMap::new(),
        padding: Tensor::<2>::zeros([4, 1], &device).bool(),
    };
    let teachers: &mut [&mut dyn Teacher] = &mut [&mut small, &mut large];
    let mut rng = Seed::new(1).stream("selection");
    let (loss, parts) = DynamicLoss::new(settings, &[])
        .of(&batch, teachers, &mut rng)
        .unwrap();
    assert!((parts.uncertainty - 0.709_834_2).abs() < 1e-6);
    (values(loss)[0], [small.asked(), large.asked()])
}

fn only_teachers(adoption: Adoption, logit_loss: LogitLoss) -> DynamicSettings {
    DynamicSettings {
        ce_weight: 0.0,
        adoption,
        logit_loss,
        ..DynamicSettings::default()
    }
}

#[test]
fn adoption_of_two_teachers() {
    let kl = LogitLoss::Kl { temperature: 1.0 };
    for (adoption, loss, expected, asked) in [
        (
            Adoption::Static,
            LogitLoss::Mse,
            2.058_333_3 + 0.375,
            [4, 4],
        ),
        (Adoption::Hard, LogitLoss::Mse, 2.45 + 0.5, [2, 2]),
        (Adoption::Hard, kl, 0.196_415_9 + 0.050_556_8, [2, 2]),
        (Adoption::Soft, LogitLoss::Mse, 1.569_887_5, [4, 4]),
        (Adoption::Soft, kl, 0.297_560_5, [4, 4]),
        (Adoption::SoftInstance, LogitLoss::Mse, 1.916_929, [4, 4]),
        (Adoption::SoftInstance, kl, 0.325_613_6, [4, 4]),
    ] {
        let (found, answers) = loss_of(&only_teachers(adoption, loss), [SMALL, LARGE]);
        close(&[found], &[expected]);
        assert_eq!(
            answers, asked,
            "{adoption:?}: teachers see their own rows only"
        );
    }
    // Equal teachers: soft weights add up to 1, hard groups are two means.
    for (adoption, expected) in [
        (Adoption::Soft, 2.058_333_3),
        (Adoption::SoftInstance, 2.058_333_3),
        (Adoption::Hard, 4.116_666_7),
    ] {
        let (found, _) = loss_of(&only_teachers(adoption, LogitLoss::Mse), [SMALL, SMALL]);
        close(&[found], &[expected]);
    }
}

#[test]
fn a_weight_of_zero_spares_a_teacher() {
    let settings = DynamicSettings {
        teacher_weights: vec![0.0, 1.0],
        ..only_teachers(Adoption::Static, LogitLoss::Mse)
    };
    let (found, answers) = loss_of(&settings, [SMALL, LARGE]);
    close(&[found], &[0.375]);
    assert_eq!(answers, [0, 4]);
}

#[test]
fn a_teacher_sees_the_selected_examples_only() {
    let select = |ratio| {
        let settings = DynamicSettings {
            ce_weight: 1.0,
            teacher_weights: vec![1.0, 0.0],
            selection: Selection {
                strategy: Strategy::Margin,
                ratio,
            },
            ..only_teachers(Adoption::Static, LogitLoss::Mse)
        };
        loss_of(&settings, [SMALL, LARGE])
    };
    // Rows 1 and 3: mean squared differences 14/3 and .2 (= .25 + .36 + .09 over 3 = .2333).
    let (found, answers) = select(0.5);
    close(&[found], &[0.656_660_1 + (14.0 / 3.0 + 0.7 / 3.0) / 2.0]);
    assert_eq!(answers, [2, 0]);
    let (found, answers) = select(1.0);
    close(&[found], &[0.656_660_1 + 2.058_333_3]);
    assert_eq!(answers, [4, 0]);
}

#[test]
fn hidden_states() {
    let padding = |device: &Device| Tensor::<2>::zeros([1, 2], device).bool();
    for (_, device) in devices() {
        let tensor = |rows: [[f32; 2]; 2]| {
            Tensor::<3>::from_data(TensorData::new(rows.concat(), [1, 2, 2]), &device)
        };
        let student = tensor([[3., 4.], [0., 2.]]);
        let teacher = tensor([[4., 3.], [2., 0.]]);
        let rows = |loss: HiddenLoss| values(loss.rows(&student, &teacher, &padding(&device)));
        let plain = HiddenLoss::default();
        close(&rows(plain), &[0.52]);
        let sequence = HiddenLoss {
            norm: HiddenNorm::Sequence,
            ..plain
        };
        close(&rows(sequence), &[0.105_572_8]);
        let first = HiddenLoss {
            part: HiddenPart::FirstToken,
            ..plain
        };
        close(&rows(first), &[0.08]);
        // Its own states, of another length.
        let equal = plain.rows(&student, &(student.clone() * 7.0), &padding(&device));
        close(&values(equal), &[0.0]);
        // Opposite vectors differ most, by 4 / width; all others by less.
        let opposite = student.clone() * -1.0;
        let opposite = plain.rows(&student, &opposite, &padding(&device));
        close(&values(opposite), &[2.0]);
        let states = |step: usize| {
            let values: Vec<f32> = (0..5 * 3 * 8)
                .map(|place| (place * step % 23) as f32 - 11.0)
                .collect();
            Tensor::<3>::from_data(TensorData::new(values, [5, 3, 8]), &device)
        };
        let none = Tensor::<2>::zeros([5, 3], &device).bool();
        let gaps = values(plain.rows(&states(7), &states(5), &none));
        assert!(gaps.iter().all(|gap| (0.01..0.5).contains(gap)), "{gaps:?}");
        // The second token is padding.
        let hidden = Tensor::<2>::from_data([[0.0_f32, 1.0]], &device).bool();
        close(&values(plain.rows(&student, &teacher, &hidden)), &[0.04]);
        let all = HiddenLoss {
            mask_padding: false,
            ..plain
        };
        close(&values(all.rows(&student, &teacher, &hidden)), &[0.52]);
        // A vector of zeros has no direction, and still a finite gradient.
        let zeros = Tensor::<3>::zeros([1, 2, 2], &device.clone().autodiff()).require_grad();
        let wanted = Tensor::from_inner(teacher.clone());
        let padding = Tensor::from_inner(padding(&device));
        let gradients = plain.rows(&zeros, &wanted, &padding).sum().backward();
        let gradient = values(zeros.grad(&gradients).unwrap());
        assert!(
            gradient.iter().all(|value| value.is_finite()),
            "{gradient:?}"
        );
    }
}

/// A teacher that also shows hidden states, the same for all numbers.
struct Shown {
    scores: FixtureTeacher,
    hidden: Tensor<3>,
}

impl Teacher for Shown {
    fn info(&self) -> &TeacherInfo {
        self.scores.info()
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        let answer = self.scores.observe(examples, &Request::default())?;
        let hidden = request.hidden.iter();
        Ok(Observation {
            hidden: hidden.map(|&index| (index, self.hidden.clone())).collect(),
            ..answer
        })
    }

    fn scores(&mut self, examples: &[&Example], settings: &McSettings) -> Result<Vec<McScore>> {
        self.scores.scores(examples, settings)
    }

    fn forwards(&self) -> u64 {
        self.scores.forwards()
    }
}

/// Squared differences of class scores 8/3, 14/3, 2/3 and .7/3, of hidden states .4, .3, .2 and .1: weighted
/// by 1 - U and U, by U and 1 - U, and not at all.
#[test]
fn objective_follows_the_uncertainty() {
    let device = device();
    let examples = examples();
    let examples: Vec<&Example> = examples.iter().collect();
    // One token of one number.
    let states =
        |rows: [f32; 4]| Tensor::<3>::from_data(TensorData::new(rows.to_vec(), [4, 1, 1]), &device);
    let own = BTreeMap::from([(0, states([0.4_f32, 0.3, 0.2, 0.1].map(f32::sqrt)))]);
    let batch = StudentBatch {
        examples: &examples,
        labels: None,
        logits: matrix(&STUDENT, &device),
        hidden: &own,
        padding: Tensor::<2>::zeros([4, 1], &device).bool(),
    };
    let pair = LayerMatch {
        student: 0,
        teacher: 0,
        loss: HiddenLoss {
            norm: HiddenNorm::None,
            ..HiddenLoss::default()
        },
        weight: 1.0,
        project: false,
    };
    for (weights, expected) in [
        (ObjectiveWeights::Uncertainty, 0.494_202_9),
        (ObjectiveWeights::UncertaintyReversed, 1.814_130_4),
        (ObjectiveWeights::Static, 2.308_333_3),
    ] {
        let settings = DynamicSettings {
            weights,
            hidden: Some(HiddenObjective {
                weight: 1.0,
                teacher: None,
                matches: vec![pair],
            }),
            ..only_teachers(Adoption::Static, LogitLoss::Mse)
        };
        let mut teacher = Shown {
            scores: table("shown", SMALL, &examples, &device),
            hidden: states([0.0; 4]),
        };
        let mut rng = Seed::new(1).stream("selection");
        let (loss, parts) = DynamicLoss::new(&settings, &[])
            .of(&batch, &mut [&mut teacher], &mut rng)
            .unwrap();
        close(&values(loss), &[expected]);
        // One answer tells class scores and hidden states.
        assert_eq!((parts.teacher_answers, teacher.forwards()), (4, 4));
    }
}

#[test]
fn a_loss_without_teachers_or_with_labels_that_do_not_fit_is_refused() {
    let device = device();
    let examples = examples();
    let examples: Vec<&Example> = examples.iter().collect();
    let refused = |settings: &DynamicSettings, labels: &[usize]| {
        let batch = StudentBatch {
            examples: &examples,
            labels: Some(labels),
            logits: matrix(&STUDENT, &device),
            hidden: &BTreeMap::new(),
            padding: Tensor::<2>::zeros([4, 1], &device).bool(),
        };
        let mut rng = Seed::new(1).stream("selection");
        let loss = DynamicLoss::new(settings, &[]).of(&batch, &mut [], &mut rng);
        loss.map(|(_, parts)| parts).unwrap_err()
    };
    let plain = DynamicSettings::default();
    let error = refused(&plain, &[2, 0, 0, 1]);
    assert!(
        matches!(error, Error::Empty { what: "teachers" }),
        "{error}"
    );
    let alone = DynamicSettings {
        kd_weight: 0.0,
        ..plain
    };
    let error = refused(&alone, &[2, 0, 0]);
    assert!(matches!(error, Error::Size(_)), "{error}");
    let error = refused(&alone, &[2, 0, 0, 3]);
    assert!(
        matches!(error, Error::Setting { name: "labels", .. }),
        "{error}"
    );
}

#[test]
fn a_batch_has_an_answer_for_each_example() {
    let device = device();
    let examples = examples();
    let examples: Vec<&Example> = examples.iter().collect();
    let mut teacher = table("table", SMALL, &examples, &device);
    let batch = StudentBatch {
        examples: &examples[..1],
        labels: None,
        logits: matrix(&STUDENT, &device),
        hidden: &BTreeMap::new(),
        padding: Tensor::<2>::zeros([4, 1], &device).bool(),
    };
    let settings = only_teachers(Adoption::Static, LogitLoss::Mse);
    let mut rng = Seed::new(1).stream("selection");
    let loss = DynamicLoss::new(&settings, &[]).of(&batch, &mut [&mut teacher], &mut rng);
    let error = loss.map(|_| ()).unwrap_err();
    assert!(matches!(error, Error::Size(_)), "{error}");
    assert_eq!(teacher.asked(), 0);
}

/// In f16 the least number above 0 is 6e-8, and squares of more than 255 are infinite.
#[test]
fn losses_of_half_precision_are_those_of_single() {
    let mut seen = 0;
    for (_, device) in devices() {
        for dtype in [DType::F16, DType::BF16] {
            if !device.supports_dtype(dtype) {
                continue;
            }
            seen += 1;
            let near = |found: Tensor<1>, expected: f64| {
                let found = values(found.mean())[0];
                assert!(
                    (found - expected).abs() < 0.02,
                    "{dtype:?}: {found}, expected {expected}"
                );
            };
            let half = |rows: &[&[f32]]| matrix(rows, &device).cast(FloatDType::from(dtype));
            let (student, teacher) = (half(&STUDENT), half(&SMALL));
            near(kl_rows(&student, &teacher, 1.0), 0.387_047_2);
            near(mse_rows(&student, &teacher), 2.058_333_3);
            near(uncertainty_rows(&student).unwrap(), 0.709_834_2);
            let even = half(&[&[0.0, 0.0]]);
            near(entropy_rows(&even), std::f64::consts::LN_2);
            let target = half(&[&[1.0, 0.0]]);
            let log = log_probabilities(&even, 1.0).cast(FloatDType::from(dtype));
            near(kl_to_rows(log, target), std::f64::consts::LN_2);
            let unit = half(&[&[1., 0.], &[0., 1.]]);
            near(mmd(&unit, &(unit.clone() * -1.0)), 3.093_138_2);
            // Unit vectors (.6, .8) and (0, 1) against none.
            let states = |states: [f32; 4]| {
                let states = TensorData::new(states.to_vec(), [1, 2, 2]);
                Tensor::<3>::from_data(states, (&device, dtype))
            };
            let padding = Tensor::<2>::zeros([1, 2], &device).bool();
            let (none, long) = (states([0.0; 4]), states([300.0, 400.0, 0.0, 2.0]));
            near(HiddenLoss::default().rows(&none, &long, &padding), 0.5);

            // Of a model in half precision: teachers answer in single.
            let tracked = device.clone().autodiff();
            let logits = TensorData::new(STUDENT.concat(), [4, 3]);
            let logits = Tensor::<2>::from_data(logits, (&tracked, dtype)).require_grad();
            let examples = examples();
            let examples: Vec<&Example> = examples.iter().collect();
            let mut teacher = table("table", SMALL, &examples, &device);
            let batch = StudentBatch {
                examples: &examples,
                labels: Some(&[2, 0, 0, 1]),
                logits: logits.clone(),
                hidden: &BTreeMap::new(),
                padding: Tensor::<2>::zeros([4, 1], &tracked).bool(),
            };
            let settings = DynamicSettings::default();
            let mut rng = Seed::new(1).stream("selection");
            let loss = DynamicLoss::new(&settings, &[]);
            let (loss, _) = loss.of(&batch, &mut [&mut teacher], &mut rng).unwrap();
            near(loss.clone(), 0.656_660_1 + 2.058_333_3);
            let slope = values(logits.grad(&loss.backward()).unwrap());
            assert!(slope.iter().all(|slope| slope.is_finite()), "{slope:?}");
        }
    }
    assert!(seen > 0, "no device has half precision");
}

/// The loss of the authors' plug-in, mean(U · T² KL); they add 1e-6 within U's logarithm, which is seen in
/// the sixth digit.
#[test]
fn the_plug_in_weighs_divergence_by_uncertainty() {
    for (temperature, expected) in [(1.0, 0.316_128), (2.0, 0.353_083_5)] {
        let settings = DynamicSettings {
            weights: ObjectiveWeights::UncertaintyReversed,
            teacher_weights: vec![1.0, 0.0],
            ..only_teachers(Adoption::Static, LogitLoss::Kl { temperature })
        };
        let (found, _) = loss_of(&settings, [SMALL, LARGE]);
        close(&[found], &[expected]);
    }
}

#[test]
fn gradients_of_uncertainty_times_divergence() {
    for (_, device) in devices() {
        let device = device.autodiff();
        for (detach, expected) in [
            (true, [-0.435_824_9, 0.0, 0.435_824_9]),
            (false, [-0.287_319_8, 0.147_408_8, 0.139_911_2]),
        ] {
            let student = matrix(&[&[1., 2., 3.]], &device).require_grad();
            let teacher = matrix(&[&[3., 2., 1.]], &device);
            let mut uncertainty = uncertainty_rows(&student).unwrap();
            if detach {
                uncertainty = uncertainty.detach();
            }
            let loss = (uncertainty * kl_rows(&student, &teacher, 1.0)).sum();
            let gradients = loss.backward();
            close(&values(student.grad(&gradients).unwrap()), &expected);
        }
    }
}

#[test]
fn discrepancy_of_samples() {
    for (_, device) in devices() {
        let unit = matrix(&[&[1., 0.], &[0., 1.]], &device);
        close(&values(mmd(&unit, &unit)), &[0.0]);
        close(&values(mmd(&unit, &(unit.clone() * -1.0))), &[3.093_138_2]);
    }
}

#[test]
fn settings_are_checked() {
    let plain = DynamicSettings::default();
    let weight = |kd_weight| DynamicSettings {
        kd_weight,
        ..plain.clone()
    };
    let hidden = |teacher, matches: Vec<LayerMatch>| DynamicSettings {
        hidden: Some(HiddenObjective {
            weight: 1.0,
            teacher,
            matches,
        }),
        ..plain.clone()
    };
    let pair = LayerMatch {
        student: 1,
        teacher: 2,
        loss: HiddenLoss::default(),
        weight: 1.0,
        project: false,
    };
    let weighed = |weight| LayerMatch { weight, ..pair };
    let across = LayerMatch {
        loss: HiddenLoss {
            part: HiddenPart::FirstToken,
            norm: HiddenNorm::Sequence,
            ..HiddenLoss::default()
        },
        ..pair
    };
    for (settings, text) in [
        (weight(-1.0), "kd_weight"),
        (weight(f64::NAN), "kd_weight"),
        (hidden(None, vec![]), "layers to match"),
        (hidden(Some(2), vec![pair]), "hidden.teacher"),
        (hidden(None, vec![weighed(-1.0)]), "hidden.matches.weight"),
        (
            hidden(None, vec![pair, weighed(f64::NAN)]),
            "hidden.matches.weight",
        ),
        (hidden(None, vec![across]), "norm = sequence"),
        (
            DynamicSettings {
                teacher_weights: vec![1.0],
                ..plain.clone()
            },
            "teacher_weights",
        ),
        (
            DynamicSettings {
                logit_loss: LogitLoss::Kl { temperature: 0.0 },
                ..plain.clone()
            },
            "temperature",
        ),
    ] {
        let error = settings.check(2, true).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert!(
        plain
            .check(2, false)
            .unwrap_err()
            .to_string()
            .contains("label")
    );
    assert!(
        plain
            .check(0, true)
            .unwrap_err()
            .to_string()
            .contains("teachers")
    );
    plain.check(2, true).unwrap();
}
