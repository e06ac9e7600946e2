//! Losses and gradients of whole models as PyTorch gives them (`fixtures/README.md`).

use std::collections::BTreeMap;
use std::path::PathBuf;

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained};
use plm_core::nn::Taps;
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_distill::amalgamate::{
    AmalgamationLoss, AmalgamationSettings, CommonFeatures, Integration, LayerwiseFeatures, Method,
    Scoring, TeacherPool, Weighting,
};
use plm_distill::dynamic::{
    Adoption, DynamicLoss, DynamicSettings, HiddenObjective, LayerMatch, ObjectiveWeights,
    Selection, Spaced, Strategy, StudentBatch,
};
use plm_distill::labels::LabelSpace;
use plm_distill::loss::{
    HiddenLoss, HiddenNorm, HiddenPart, LogitLoss, kl_to_rows, log_probabilities,
};
use plm_distill::score::{McScore, McSettings, deterministic_score};
use plm_distill::student::{Auxiliary, Learner};
use plm_distill::teacher::{Observation, Request, Teacher, TeacherInfo};
use plm_distill::{Example, Result};
use safetensors::SafeTensors;

use super::support::{devices, values};

struct Fixture(Vec<u8>);

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures")
}

impl Fixture {
    fn open() -> Self {
        Self(std::fs::read(folder().join("expected.safetensors")).unwrap())
    }

    fn floats(&self, name: &str) -> (Vec<usize>, Vec<f64>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        let values = view.data().chunks_exact(4);
        let values = values.map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()).into());
        (view.shape().to_vec(), values.collect())
    }

    fn ints(&self, name: &str) -> (Vec<usize>, Vec<i64>) {
        let file = SafeTensors::deserialize(&self.0).unwrap();
        let view = file.tensor(name).unwrap_or_else(|_| panic!("{name}"));
        let values = view.data().chunks_exact(8);
        let values = values.map(|bytes| i64::from_le_bytes(bytes.try_into().unwrap()));
        (view.shape().to_vec(), values.collect())
    }

    /// The rows of a matrix.
    fn rows(&self, name: &str) -> Vec<Vec<f64>> {
        let (shape, values) = self.floats(name);
        values.chunks(shape[1]).map(<[f64]>::to_vec).collect()
    }

    fn single(&self, name: &str) -> f64 {
        self.floats(name).1[0]
    }

    /// The linear map `aux.NAME`.
    fn map(&self, name: &str, device: &Device) -> Linear {
        let (shape, weight) = self.floats(&format!("aux.{name}.weight"));
        let weight: Vec<f32> = weight.iter().map(|&value| value as f32).collect();
        let weight = Tensor::<2>::from_data(TensorData::new(weight, shape), device);
        let bias: Vec<f32> = self
            .floats(&format!("aux.{name}.bias"))
            .1
            .iter()
            .map(|&v| v as f32)
            .collect();
        Linear {
            weight: Param::from_tensor(weight.transpose()),
            bias: Some(Param::from_tensor(Tensor::from_data(
                bias.as_slice(),
                device,
            ))),
        }
    }

    fn input(&self, device: &Device) -> (EncoderInput, Tensor<2, Bool>) {
        let (shape, ids) = self.ints("input_ids");
        let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, shape.clone()), device);
        let visible = self.ints("attention_mask").1;
        let hidden: Vec<bool> = visible.iter().map(|&value| value == 0).collect();
        let padding = Tensor::<2, Bool>::from_data(TensorData::new(hidden, shape), device);
        (
            EncoderInput::ids(ids).with_padding(padding.clone()),
            padding,
        )
    }

    fn labels(&self) -> Vec<usize> {
        self.ints("labels")
            .1
            .iter()
            .map(|&label| label as usize)
            .collect()
    }
}

fn load(name: &str, device: &Device) -> EncoderForSequenceClassification {
    Pretrained::load(folder().join(name), device).unwrap().model
}

/// How far values may differ, relative to the largest of a tensor.
fn bound(device: &str) -> f64 {
    match device {
        "flex" | "ndarray" => 1e-4,
        _ => 5e-3,
    }
}

#[track_caller]
fn close(what: &str, found: &[f64], expected: &[f64], bound: f64) {
    assert_eq!(found.len(), expected.len(), "{what}");
    let scale = expected
        .iter()
        .fold(1e-9, |max: f64, value| max.max(value.abs()));
    for (a, b) in found.iter().zip(expected) {
        assert!((a - b).abs() <= bound * scale, "{what}: {a}, expected {b}");
    }
}

/// A teacher that reads the fixture's ids: example `i` is row `i`.
struct Rows {
    info: TeacherInfo,
    logits: Tensor<2>,
    hidden: BTreeMap<usize, Tensor<3>>,
}

impl Rows {
    fn new(fixture: &Fixture, name: &str, device: &Device) -> Self {
        let model = load(name, device);
        let layers = model.encoder.layers.len();
        let (input, _) = fixture.input(device);
        let taps = Taps {
            hidden_states: (0..=layers).collect(),
            ..Taps::default()
        };
        let (output, logits) = model.forward(&input.with_taps(taps));
        Self {
            info: TeacherInfo {
                name: name.to_owned(),
                classes: logits.dims()[1],
                labels: None,
                tokenizer: String::new(),
                max_length: 20,
                layers,
                hidden_size: model.encoder.config.hidden_size,
            },
            logits,
            hidden: output.tapped.hidden_states,
        }
    }
}

impl Teacher for Rows {
    fn info(&self) -> &TeacherInfo {
        &self.info
    }

    fn observe(&mut self, examples: &[&Example], request: &Request) -> Result<Observation> {
        let rows: Vec<i64> = examples
            .iter()
            .map(|example| example.name.parse().unwrap())
            .collect();
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &self.logits.device());
        let states = |index: &usize| {
            let states = self.hidden[index].clone().select(0, rows.clone());
            if request.first_token {
                states.narrow(1, 0, 1)
            } else {
                states
            }
        };
        Ok(Observation {
            logits: self.logits.clone().select(0, rows.clone()),
            hidden: request
                .hidden
                .iter()
                .map(|index| (*index, states(index)))
                .collect(),
        })
    }

    fn scores(&mut self, _: &[&Example], _: &McSettings) -> Result<Vec<McScore>> {
        unreachable!("the fixtures have scores of one pass")
    }

    fn forwards(&self) -> u64 {
        0
    }
}

/// A student with its batch on the autodiff device.
struct Case<'f> {
    fixture: &'f Fixture,
    learner: Learner,
    examples: Vec<Example>,
    labels: Vec<usize>,
    /// Whether the loss is told of no padding.
    takes_all: bool,
    bound: f64,
}

type Parts = BTreeMap<String, f64>;

impl<'f> Case<'f> {
    fn new(
        fixture: &'f Fixture,
        student: &str,
        auxiliary: Auxiliary,
        device: (&str, &Device),
    ) -> Self {
        let learner = Learner {
            classifier: load(student, device.1),
            auxiliary,
        };
        Self {
            fixture,
            learner: learner.train(),
            examples: (0..6).map(|row| Example::new(row.to_string())).collect(),
            labels: fixture.labels(),
            takes_all: false,
            bound: bound(device.0),
        }
    }

    /// Runs `loss`, and compares the total and the gradients with those of `name`.
    fn check(
        &self,
        name: &str,
        device: &Device,
        loss: impl FnOnce(&StudentBatch<'_>, &Auxiliary) -> (Tensor<1>, Parts),
    ) -> (Parts, Gradients) {
        let device = device.clone().autodiff();
        let (input, padding) = self.fixture.input(&device);
        let layers = self.learner.classifier.encoder.layers.len();
        let taps = Taps {
            hidden_states: (0..=layers).collect(),
            ..Taps::default()
        };
        let (output, logits) = self.learner.classifier.forward(&input.with_taps(taps));
        let padding = if self.takes_all {
            let [rows, length] = padding.dims();
            let none = TensorData::new(vec![false; rows * length], [rows, length]);
            Tensor::<2, Bool>::from_data(none, &device)
        } else {
            padding
        };
        let examples: Vec<&Example> = self.examples.iter().collect();
        let batch = StudentBatch {
            examples: &examples,
            labels: Some(&self.labels),
            logits,
            hidden: &output.tapped.hidden_states,
            padding,
        };
        let (loss, parts) = loss(&batch, &self.learner.auxiliary);
        let expected = self.fixture.single(&format!("{name}.loss"));
        close(name, &values(loss.clone()), &[expected], self.bound);
        let gradients = Gradients::of(&loss, &self.learner).unwrap();
        for (path, stored) in [
            ("embeddings.norm.gamma", "bert.embeddings.LayerNorm.weight"),
            (
                "layers.0.attention.value.bias",
                "bert.encoder.layer.0.attention.self.value.bias",
            ),
            (
                "layers.1.ffn.outer.bias",
                "bert.encoder.layer.1.output.dense.bias",
            ),
        ] {
            let path = format!("classifier.encoder.{path}");
            self.gradient(name, stored, &gradients, &path, false);
        }
        let path = "classifier.classifier.output.weight";
        self.gradient(name, "classifier.weight", &gradients, path, true);
        (parts, gradients)
    }

    /// Compares the gradients of the auxiliary map at `path` with those of `stored`.
    fn map(&self, case: &str, stored: &str, gradients: &Gradients, path: &str) {
        let (weight, path) = (format!("{stored}.weight"), format!("auxiliary.{path}"));
        self.gradient(case, &weight, gradients, &format!("{path}.weight"), true);
        self.bias(case, stored, gradients, &path);
    }

    /// Compares those of the bias of the map at `path`.
    fn bias(&self, case: &str, stored: &str, gradients: &Gradients, path: &str) {
        let stored = format!("{stored}.bias");
        self.gradient(case, &stored, gradients, &format!("{path}.bias"), false);
    }

    fn gradient(&self, case: &str, stored: &str, gradients: &Gradients, path: &str, turned: bool) {
        let what = format!("{case}.grad.{stored}");
        let (shape, expected) = self.fixture.floats(&what);
        let found = gradients
            .get(path)
            .unwrap_or_else(|| vec![0.0; expected.len()]);
        let mut found: Vec<f64> = found.iter().map(|&value| value.into()).collect();
        if turned {
            // PyTorch has a row for each class.
            let (classes, width) = (shape[0], shape[1]);
            found = (0..classes * width)
                .map(|place| found[place % width * classes + place / width])
                .collect();
        }
        close(&what, &found, &expected, self.bound);
    }
}

/// Runs `each` on every device.
fn everywhere(each: impl Fn(&Fixture, (&str, &Device))) {
    let fixture = Fixture::open();
    for (name, device) in devices() {
        each(&fixture, (name, &device));
    }
}

fn dynamic(
    case: &Case<'_>,
    name: &str,
    settings: &DynamicSettings,
    teachers: &[&str],
    device: &Device,
) -> (Parts, Gradients) {
    let mut rows: Vec<Rows> = teachers
        .iter()
        .map(|teacher| Rows::new(case.fixture, teacher, device))
        .collect();
    case.check(name, device, |batch, auxiliary| {
        let mut teachers: Vec<&mut dyn Teacher> = rows
            .iter_mut()
            .map(|teacher| teacher as &mut dyn Teacher)
            .collect();
        let loss = DynamicLoss::new(settings, &auxiliary.projections);
        let mut rng = Seed::new(1).stream("selection");
        let (loss, parts) = loss.of(batch, &mut teachers, &mut rng).unwrap();
        (loss, parts.values())
    })
}

const KL: LogitLoss = LogitLoss::Kl { temperature: 2.0 };

#[test]
fn class_scores_and_adoption() {
    everywhere(|fixture, device| {
        let case = Case::new(fixture, "student", Auxiliary::none(), device);
        let only = |ce_weight, kd_weight, logit_loss| DynamicSettings {
            ce_weight,
            kd_weight,
            logit_loss,
            ..DynamicSettings::default()
        };
        let one = ["teacher-small"];
        let first = LogitLoss::Kl { temperature: 1.0 };
        for (name, settings) in [
            ("ce", only(1.0, 0.0, KL)),
            ("kd.kl_t1", only(0.0, 1.0, first)),
            ("kd.kl_t2", only(0.0, 1.0, KL)),
            ("kd.mse", only(0.0, 1.0, LogitLoss::Mse)),
        ] {
            dynamic(&case, name, &settings, &one, device.1);
        }
        for (mode, adoption) in [
            ("static", Adoption::Static),
            ("hard", Adoption::Hard),
            ("soft", Adoption::Soft),
            ("soft_instance", Adoption::SoftInstance),
        ] {
            for (kind, logit_loss) in [("kl", KL), ("mse", LogitLoss::Mse)] {
                for (gradient, detach_weights) in [("detached", true), ("attached", false)] {
                    let settings = DynamicSettings {
                        adoption,
                        teacher_weights: match adoption {
                            Adoption::Static => vec![0.3, 0.7],
                            _ => Vec::new(),
                        },
                        detach_weights,
                        ..only(1.0, 1.0, logit_loss)
                    };
                    let name = format!("adopt.{mode}.{kind}.{gradient}");
                    let both = ["teacher-small", "teacher-large"];
                    let (parts, _) = dynamic(&case, &name, &settings, &both, device.1);
                    for (part, stored) in [("ce", "ce"), ("kd.0", "small"), ("kd.1", "large")] {
                        let expected = fixture.single(&format!("{name}.{stored}"));
                        close(&name, &[parts[part]], &[expected], case.bound);
                    }
                }
            }
        }
    });
}

#[test]
fn selection() {
    everywhere(|fixture, device| {
        let case = Case::new(fixture, "student", Auxiliary::none(), device);
        for (name, strategy) in [
            ("margin", Strategy::Margin),
            ("ce_b", Strategy::CrossEntropyBoth),
        ] {
            for (kind, logit_loss) in [("kl", KL), ("mse", LogitLoss::Mse)] {
                let settings = DynamicSettings {
                    logit_loss,
                    selection: Selection {
                        strategy,
                        ratio: 0.5,
                    },
                    ..DynamicSettings::default()
                };
                let name = format!("select.{name}.{kind}");
                let (parts, _) = dynamic(&case, &name, &settings, &["teacher-small"], device.1);
                assert_eq!((parts["selected"], parts["teacher_answers"]), (3.0, 3.0));
            }
        }
        let (_, flat) = fixture.floats("logits.student");
        let logits: Vec<Vec<f64>> = flat.chunks(3).map(<[f64]>::to_vec).collect();
        for (name, strategy) in [
            ("entropy", Strategy::Entropy),
            ("entropy_r", Strategy::EntropyReversed),
            ("confidence", Strategy::Confidence),
            ("confidence_r", Strategy::ConfidenceReversed),
            ("margin", Strategy::Margin),
            ("ce", Strategy::CrossEntropy),
            ("ce_r", Strategy::CrossEntropyReversed),
            ("ce_b", Strategy::CrossEntropyBoth),
        ] {
            let selection = Selection {
                strategy,
                ratio: 0.5,
            };
            let mut rng = Seed::new(1).stream("selection");
            let rows = selection
                .choose(&logits, Some(&case.labels), &mut rng)
                .unwrap();
            let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
            assert_eq!(
                rows,
                fixture.ints(&format!("select.rows.{name}")).1,
                "{name}"
            );
        }
    });
}

/// The forms of the loss on hidden states by name.
fn forms() -> [(&'static str, HiddenLoss); 5] {
    let masked = HiddenLoss::default();
    let all = HiddenLoss {
        mask_padding: false,
        ..masked
    };
    [
        ("masked", masked),
        ("all", all),
        (
            "seq",
            HiddenLoss {
                norm: HiddenNorm::Sequence,
                ..all
            },
        ),
        (
            "raw",
            HiddenLoss {
                norm: HiddenNorm::None,
                ..masked
            },
        ),
        (
            "cls",
            HiddenLoss {
                part: HiddenPart::FirstToken,
                ..masked
            },
        ),
    ]
}

fn objective(
    weights: ObjectiveWeights,
    matches: Vec<LayerMatch>,
    detach_weights: bool,
) -> DynamicSettings {
    DynamicSettings {
        ce_weight: 0.5,
        weights,
        detach_weights,
        hidden: Some(HiddenObjective {
            weight: 4.0,
            teacher: None,
            matches,
        }),
        ..DynamicSettings::default()
    }
}

#[test]
fn objectives() {
    everywhere(|fixture, device| {
        let case = Case::new(fixture, "student", Auxiliary::none(), device);
        for (form, loss) in forms() {
            let matches = Spaced::new(2, 4, loss).unwrap().matches;
            for (mode, weights) in [
                ("none", ObjectiveWeights::Static),
                ("uncertainty", ObjectiveWeights::Uncertainty),
                ("uncertainty_r", ObjectiveWeights::UncertaintyReversed),
            ] {
                for (gradient, detach) in [(".detached", true), (".attached", false)] {
                    let gradient = if mode == "none" { "" } else { gradient };
                    let name = format!("objective.{mode}.{form}{gradient}");
                    let settings = objective(weights, matches.clone(), detach);
                    let (parts, _) = dynamic(&case, &name, &settings, &["teacher-small"], device.1);
                    let pairs = fixture.floats(&format!("{name}.pairs")).1;
                    for (student, expected) in pairs.iter().enumerate() {
                        let found = parts[&format!("hidden.{student}-{}", 2 * student)];
                        close(&name, &[found], &[*expected], case.bound);
                    }
                }
            }
        }
        let deep = Spaced::new(2, 8, HiddenLoss::default()).unwrap().matches;
        let settings = DynamicSettings {
            logit_loss: KL,
            ..objective(ObjectiveWeights::Uncertainty, deep, true)
        };
        dynamic(
            &case,
            "objective_deep",
            &settings,
            &["teacher-large"],
            device.1,
        );
    });
}

#[test]
fn learnt_projections() {
    everywhere(|fixture, device| {
        for (form, loss) in [("masked", forms()[0].1), ("raw", forms()[3].1)] {
            let auxiliary = Auxiliary {
                projections: (0..3)
                    .map(|number| Some(fixture.map(&format!("projection.{number}"), device.1)))
                    .collect(),
                ..Auxiliary::none()
            };
            let case = Case::new(fixture, "student-narrow", auxiliary, device);
            let mut matches = Spaced::new(2, 4, loss).unwrap().matches;
            matches.iter_mut().for_each(|pair| pair.project = true);
            let settings = objective(ObjectiveWeights::Uncertainty, matches, true);
            let name = format!("projected.{form}");
            let (_, gradients) = dynamic(&case, &name, &settings, &["teacher-small"], device.1);
            if form == "masked" {
                for number in 0..3 {
                    let path = format!("projections.{number}");
                    case.map(&name, &format!("projection.{number}"), &gradients, &path);
                }
            }
        }
    });
}

fn amalgamated(
    case: &Case<'_>,
    name: &str,
    method: Method,
    temperature: f64,
    space: &LabelSpace,
    device: &Device,
) -> (Parts, Gradients) {
    let mut first = Rows::new(case.fixture, "union-first", device);
    let mut second = Rows::new(case.fixture, "union-second", device);
    let settings = AmalgamationSettings {
        temperature,
        ..AmalgamationSettings::new(method).with_scoring(Scoring::Deterministic)
    };
    case.check(name, device, |batch, auxiliary| {
        let mut pool = TeacherPool::new(space, vec![&mut first, &mut second]).unwrap();
        AmalgamationLoss::new(&settings)
            .of(batch, &mut pool, auxiliary)
            .unwrap()
    })
}

fn disjoint() -> LabelSpace {
    LabelSpace::new([vec!["art", "business", "climate"], vec!["dance", "energy"]]).unwrap()
}

#[test]
fn amalgamation_of_class_scores() {
    everywhere(|fixture, device| {
        let case = Case::new(fixture, "union-student", Auxiliary::none(), device);
        let space = disjoint();
        let muka = |weighting, reweight| {
            Method::Muka(Integration {
                weighting,
                reweight,
                normalize_margins: false,
            })
        };
        let soft = Weighting::Soft { temperature: 0.2 };
        for (form, reweight) in [("plain", false), ("delta", true)] {
            for (name, weighting, temperature) in [
                ("soft", soft, 1.0),
                ("hard", Weighting::Hard, 1.0),
                ("soft_t2", soft, 2.0),
            ] {
                let name = format!("muki.{name}.{form}");
                amalgamated(
                    &case,
                    &name,
                    muka(weighting, reweight),
                    temperature,
                    &space,
                    device.1,
                );
            }
        }
        for (name, method, temperature) in [
            ("vkd.t1", Method::Vanilla, 1.0),
            ("vkd.t2", Method::Vanilla, 2.0),
            ("uhc.t1", Method::Uhc, 1.0),
            ("uhc.t2", Method::Uhc, 2.0),
        ] {
            amalgamated(&case, name, method, temperature, &space, device.1);
        }
    });
}

/// Both teachers know class 2, none class 3, for which the space has no column.
#[test]
fn amalgamation_of_overlapping_label_sets() {
    let fixture = Fixture::open();
    let space = LabelSpace::new([vec!["4", "0", "2"], vec!["2", "1"]]).unwrap();
    let logits = ["logits.union_first", "logits.union_second"].map(|name| fixture.rows(name));
    let score = |row: &Vec<f64>| deterministic_score(row, 1.0).unwrap();
    let scores: Vec<Vec<f64>> = (logits.iter())
        .map(|rows| rows.iter().map(score).collect())
        .collect();
    let found = Integration::default()
        .integrate(&space, &logits, &scores, 1.0)
        .unwrap();
    let mut targets = vec![vec![0.0; 5]; 6];
    for (row, target) in targets.iter_mut().zip(&found.targets) {
        for (name, p) in space.names().iter().zip(target) {
            row[name.parse::<usize>().unwrap()] = *p;
        }
    }
    let by_text: Vec<Vec<f64>> = (0..6)
        .map(|text| scores.iter().map(|scores| scores[text]).collect())
        .collect();
    for (name, found) in [
        ("muki.score", by_text.concat()),
        ("muki.weight.soft", found.weights.concat()),
        ("muki.delta", found.margins.clone()),
        ("muki.soft_overlap.target", targets.concat()),
    ] {
        close(name, &found, &fixture.floats(name).1, 1e-5);
    }
    for (name, device) in devices() {
        let matrix = |rows: &[Vec<f64>]| {
            let values: Vec<f32> = rows.concat().iter().map(|&value| value as f32).collect();
            Tensor::<2>::from_data(TensorData::new(values, [6, 5]), &device)
        };
        let student = log_probabilities(&matrix(&fixture.rows("logits.union_student")), 1.0);
        let rows = values(kl_to_rows(student, matrix(&targets)));
        let mean = |rows: &[f64]| rows.iter().sum::<f64>() / 6.0;
        let weighed: Vec<f64> = (rows.iter().zip(&found.margins))
            .map(|(row, margin)| row * margin)
            .collect();
        for (form, found) in [("plain", mean(&rows)), ("delta", mean(&weighed))] {
            let what = format!("muki.soft_overlap.{form}.loss");
            close(&what, &[found], &[fixture.single(&what)], bound(name));
        }
    }
}

/// The maps of deep feature amalgamation, the student's last layer first.
fn layerwise(fixture: &Fixture, device: &Device) -> Auxiliary {
    let layers = |name: &str| -> Vec<Linear> {
        let map = |layer| fixture.map(&format!("dfa.layer.{layer}.{name}"), device);
        [2, 1].map(map).into()
    };
    Auxiliary {
        layerwise: Some(LayerwiseFeatures {
            encode: layers("encoder"),
            decode: layers("decoder"),
            student: layers("student"),
            widths: vec![24, 16],
        }),
        ..Auxiliary::none()
    }
}

/// The maps of common feature learning.
fn common(fixture: &Fixture, device: &Device) -> Auxiliary {
    let map = |name: &str| fixture.map(&format!("cfl.{name}"), device);
    Auxiliary {
        common: Some(CommonFeatures {
            student: map("align.student"),
            teachers: vec![map("align.0"), map("align.1")],
            extract_inner: map("shared.0"),
            extract_outer: map("shared.1"),
            decode_inner: vec![map("decoder.0.0"), map("decoder.1.0")],
            decode_outer: vec![map("decoder.0.1"), map("decoder.1.1")],
        }),
        ..Auxiliary::none()
    }
}

/// The maps' names in the module and in the fixture.
fn names(method: Method) -> Vec<(String, String)> {
    if method == Method::Cfl {
        return [
            ("student", "align.student"),
            ("teachers.1", "align.1"),
            ("extract_inner", "shared.0"),
            ("extract_outer", "shared.1"),
            ("decode_inner.0", "decoder.0.0"),
            ("decode_outer.1", "decoder.1.1"),
        ]
        .map(|(own, stored)| (format!("common.{own}"), format!("cfl.{stored}")))
        .into();
    }
    let maps = [
        ("encode", "encoder"),
        ("decode", "decoder"),
        ("student", "student"),
    ];
    let of = |(own, stored): (&str, &str)| {
        [(0, 2), (1, 1)].map(|(place, layer)| {
            let own = format!("layerwise.{own}.{place}");
            (own, format!("dfa.layer.{layer}.{stored}"))
        })
    };
    maps.into_iter().flat_map(of).collect()
}

#[test]
fn amalgamation_of_hidden_states() {
    everywhere(|fixture, device| {
        let space = disjoint();
        for (method, form, takes_all) in [
            (Method::Dfa, "masked", false),
            (Method::Dfa, "all", true),
            (Method::Cfl, "masked", false),
            (Method::Cfl, "all", true),
        ] {
            let auxiliary = match method {
                Method::Dfa => layerwise(fixture, device.1),
                _ => common(fixture, device.1),
            };
            let case = Case {
                takes_all,
                ..Case::new(fixture, "union-student", auxiliary, device)
            };
            let name = format!("{}.{form}", method.name());
            let (parts, gradients) = amalgamated(&case, &name, method, 1.0, &space, device.1);
            for part in ["amalgamation", "reconstruction"] {
                let what = format!("{name}.{part}");
                let sum = fixture.floats(&what).1.iter().sum::<f64>();
                close(&what, &[parts[part]], &[sum], case.bound);
            }
            for (own, stored) in names(method) {
                // Gradients of weights are stored with masked padding only.
                if takes_all {
                    case.bias(&name, &stored, &gradients, &format!("auxiliary.{own}"));
                } else {
                    case.map(&name, &stored, &gradients, &own);
                }
            }
        }
    });
}
