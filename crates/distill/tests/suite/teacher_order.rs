//! Amalgamation does not depend on the order of its teachers.

use std::collections::BTreeMap;

use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_distill::amalgamate::{
    AmalgamationLoss, AmalgamationSettings, CommonFeatures, CommonFeaturesConfig, Integration,
    LayerwiseConfig, LayerwiseFeatures, Method, Scoring, TeacherPool, Weighting,
};
use plm_distill::dynamic::StudentBatch;
use plm_distill::labels::LabelSpace;
use plm_distill::score::{McScore, McSettings};
use plm_distill::student::Auxiliary;
use plm_distill::teacher::{Observation, Request, Teacher, TeacherInfo};
use plm_distill::{Example, Result};

use super::support::{close, devices, matrix, values};

/// Width of the student.
const WIDTH: usize = 4;
/// Widths of the teachers.
const WIDTHS: [usize; 2] = [2, 3];

/// A teacher of one layer that is asked about all texts at once.
struct Given {
    info: TeacherInfo,
    logits: Tensor<2>,
    hidden: Tensor<3>,
}

impl Given {
    fn new(rows: &[&[f32]], labels: &[&str], width: usize, device: &Device) -> Self {
        let info = TeacherInfo {
            name: format!("of {}", labels[0]),
            classes: labels.len(),
            labels: None,
            tokenizer: String::new(),
            max_length: 8,
            layers: 1,
            hidden_size: width,
        };
        Self {
            info: info.with_labels(labels.iter().copied()).unwrap(),
            logits: matrix(rows, device),
            hidden: states(width, device),
        }
    }
}

impl Teacher for Given {
    fn info(&self) -> &TeacherInfo {
        &self.info
    }

    fn observe(&mut self, _: &[&Example], request: &Request) -> Result<Observation> {
        let hidden = request.hidden.iter();
        Ok(Observation {
            logits: self.logits.clone(),
            hidden: hidden.map(|&index| (index, self.hidden.clone())).collect(),
        })
    }

    fn scores(&mut self, _: &[&Example], _: &McSettings) -> Result<Vec<McScore>> {
        unreachable!("scores are those of one pass")
    }

    fn forwards(&self) -> u64 {
        0
    }
}

/// Vectors of two texts of two tokens.
fn states(width: usize, device: &Device) -> Tensor<3> {
    let values: Vec<f32> = (0..4 * width)
        .map(|place| ((place * 7 + width) % 11) as f32 / 5.0 - 1.0)
        .collect();
    Tensor::from_data(TensorData::new(values, [2, 2, width]), device)
}

/// What stands before `first` along `axis`, and what stands behind, change places.
fn turned<const D: usize>(x: Tensor<D>, axis: usize, first: usize) -> Tensor<D> {
    let rest = x.dims()[axis] - first;
    let parts = vec![
        x.clone().narrow(axis, first, rest),
        x.narrow(axis, 0, first),
    ];
    Tensor::cat(parts, axis)
}

/// The maps of `method`, for teachers in this or in the other order.
fn maps(method: Method, is_turned: bool, device: &Device) -> Auxiliary {
    let mut auxiliary = Auxiliary::none();
    match method {
        Method::Dfa => {
            let config = LayerwiseConfig {
                student: WIDTH,
                teachers: WIDTHS.to_vec(),
                layers: 1,
            };
            let mut features = LayerwiseFeatures::new(&config, Seed::new(1), device);
            if is_turned {
                let [encode, decode] = [&features.encode[0], &features.decode[0]];
                let encode = Linear {
                    weight: Param::from_tensor(turned(encode.weight.val(), 0, WIDTHS[0])),
                    bias: encode.bias.clone(),
                };
                let bias = decode
                    .bias
                    .as_ref()
                    .map(|bias| turned(bias.val(), 0, WIDTHS[0]));
                let decode = Linear {
                    weight: Param::from_tensor(turned(decode.weight.val(), 1, WIDTHS[0])),
                    bias: bias.map(Param::from_tensor),
                };
                features.encode = vec![encode];
                features.decode = vec![decode];
                features.widths.reverse();
            }
            auxiliary.layerwise = Some(features);
        }
        Method::Cfl => {
            let config = CommonFeaturesConfig {
                student: WIDTH,
                teachers: WIDTHS.to_vec(),
                common: 3,
            };
            let mut features = CommonFeatures::new(&config, Seed::new(1), device);
            if is_turned {
                features.teachers.reverse();
                features.decode_inner.reverse();
                features.decode_outer.reverse();
            }
            auxiliary.common = Some(features);
        }
        _ => {}
    }
    auxiliary
}

/// The loss with the teachers, and the student's columns, in this or in the other order.
fn loss(method: Method, teachers_turned: bool, student_turned: bool, device: &Device) -> f64 {
    let mut lists = vec![vec!["a", "b", "c"], vec!["d", "e"]];
    let first: [&[f32]; 2] = [&[2., 0., -1.], &[0.1, 0.5, 0.]];
    let second: [&[f32]; 2] = [&[0., 0.5], &[3., 0.]];
    let mut teachers = [
        Given::new(&first, &lists[0], WIDTHS[0], device),
        Given::new(&second, &lists[1], WIDTHS[1], device),
    ];
    if teachers_turned {
        lists.reverse();
        teachers.reverse();
    }
    let space = LabelSpace::new(lists).unwrap();
    let teachers = teachers.iter_mut().map(|t| t as &mut dyn Teacher).collect();
    let mut pool = TeacherPool::new(&space, teachers).unwrap();
    let student: [&[f32]; 2] = [&[1., 0.5, 0., -0.5, 0.2], &[0., 0.3, -1., 1., 0.4]];
    let mut logits = matrix(&student, device);
    if student_turned {
        logits = turned(logits, 1, 3);
    }
    let examples: Vec<Example> = ["x", "y"].map(Example::new).into();
    let examples: Vec<&Example> = examples.iter().collect();
    let batch = StudentBatch {
        examples: &examples,
        labels: None,
        logits,
        hidden: &BTreeMap::from([(1, states(WIDTH, device))]),
        padding: Tensor::<2>::zeros([2, 2], device).bool(),
    };
    let settings = AmalgamationSettings::new(method).with_scoring(Scoring::Deterministic);
    let auxiliary = maps(method, teachers_turned, device);
    let loss = AmalgamationLoss::new(&settings);
    values(loss.of(&batch, &mut pool, &auxiliary).unwrap().0)[0]
}

#[test]
fn losses_stay_when_teachers_change_places() {
    let hard = Integration {
        weighting: Weighting::Hard,
        ..Integration::default()
    };
    for (_, device) in devices() {
        for method in [
            Method::Muka(Integration::default()),
            Method::Muka(hard),
            Method::Vanilla,
            Method::Uhc,
            Method::Dfa,
            Method::Cfl,
        ] {
            let there = loss(method, false, false, &device);
            close(&[loss(method, true, true, &device)], &[there]);
            // With the student's columns left where they were, each loss on class scores moves by .46
            // at least.
            let crossed = loss(method, true, false, &device);
            assert!((crossed - there).abs() > 0.4, "{method:?}");
        }
    }
}
