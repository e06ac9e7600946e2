//! Small networks on Gaussian classes: what amalgamation does where the truth is known.
//!
//! Eight classes in 16 dimensions, two teachers of four classes each, one student for all.

use std::collections::BTreeMap;

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::activation::relu;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::kernel;
use plm_core::nn::init::{Init, initialize, normal};
use plm_core::nn::{DropoutContext, DropoutMode, apply, zero_linear};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Optimizer, ShuffledIndices, StepLoss, TrainConfig, Trainer, Until,
};
use plm_distill::Integration;
use plm_distill::amalgamate::{Weighting, concatenated};
use plm_distill::labels::LabelSpace;
use plm_distill::loss::{kl_rows, kl_to_rows, log_probabilities};
use plm_distill::score::{McScore, deterministic_score};
use rand::RngExt;

const CLASSES: usize = 8;
const WIDTH: usize = 16;
const TRAIN: usize = 2000;
const TEST: usize = 4000;
const PASSES: u64 = 16;
const DROPOUT: f64 = 0.1;

/// Two linear maps with a ReLU and dropout between them.
#[derive(Module, Debug)]
struct Network {
    inner: Linear,
    outer: Linear,
}

impl Network {
    fn new(hidden: usize, classes: usize, seed: Seed, device: &Device) -> Self {
        let zeros = Self {
            inner: zero_linear(WIDTH, hidden, true, device),
            outer: zero_linear(hidden, classes, true, device),
        };
        initialize(zeros, seed, |path| match path {
            "inner.weight" => Init::Normal((2.0 / WIDTH as f64).sqrt()),
            "outer.weight" => Init::Normal((1.0 / hidden as f64).sqrt()),
            _ => Init::Constant(0.0),
        })
    }

    fn forward(&self, x: Tensor<2>, dropout: DropoutMode) -> Tensor<2> {
        let mask = DropoutContext::from(dropout).site(0, DROPOUT);
        let hidden = kernel::dropout(relu(apply(&self.inner, x)), mask.as_ref());
        apply(&self.outer, hidden)
    }
}

/// Points and their classes.
struct Data {
    points: Tensor<2>,
    classes: Vec<usize>,
}

impl Data {
    fn draw(means: &[f32], count: usize, seed: Seed, device: &Device) -> Self {
        let mut rng = seed.stream("classes");
        let classes: Vec<usize> = (0..count).map(|_| rng.random_range(0..CLASSES)).collect();
        let noise = normal(seed, "noise", count * WIDTH, 0.8);
        let values: Vec<f32> = noise
            .iter()
            .enumerate()
            .map(|(place, noise)| means[classes[place / WIDTH] * WIDTH + place % WIDTH] + noise)
            .collect();
        let data = TensorData::new(values, [count, WIDTH]);
        Self {
            points: Tensor::from_data(data, device),
            classes,
        }
    }

    fn accuracy(&self, network: &Network) -> f64 {
        let scores = host(network.forward(self.points.clone(), DropoutMode::Off));
        self.share_right(&scores)
    }

    fn share_right(&self, scores: &[Vec<f64>]) -> f64 {
        let right = scores.iter().zip(&self.classes);
        let right = right.filter(|(row, class)| largest(row) == **class).count();
        right as f64 / self.classes.len() as f64
    }
}

/// Accuracies by method.
pub(super) type Accuracies = BTreeMap<&'static str, f64>;

/// How the teachers are.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant {
    /// Added to all class scores of the second teacher.
    pub(super) offset: f64,
    /// Hidden units of the teachers.
    pub(super) hidden: [usize; 2],
}

/// Trains teachers and students with one seed.
pub(super) fn run(variant: Variant, seed: Seed, device: &Device) -> Result<Accuracies> {
    let half = CLASSES / 2;
    let mut means = normal(seed, "means", CLASSES * WIDTH, 1.0);
    for mean in means.chunks_mut(WIDTH) {
        let length = mean.iter().map(|x| x * x).sum::<f32>().sqrt();
        mean.iter_mut().for_each(|x| *x *= 2.2 / length);
    }
    let draw = |count, name| Data::draw(&means, count, seed.child(name), device);
    let (labeled, texts, test) = (
        draw(TRAIN, "labeled"),
        draw(TRAIN, "unlabeled"),
        draw(TEST, "test"),
    );
    let names =
        |from: usize| -> Vec<String> { (from..from + half).map(|c| c.to_string()).collect() };
    let space = LabelSpace::new(&[names(0), names(half)])?;
    let mut logits = Vec::new();
    let mut test_logits = Vec::new();
    let mut monte_carlo = Vec::new();
    for teacher in 0..2 {
        let own: Vec<usize> = (0..TRAIN)
            .filter(|&row| labeled.classes[row] / half == teacher)
            .collect();
        let targets: Vec<Vec<f64>> = own
            .iter()
            .map(|&row| one_hot(labeled.classes[row] - teacher * half, half))
            .collect();
        let seed = seed.child(["first", "second"][teacher]);
        let points = pick(&labeled.points, &own);
        let network = Network::new(variant.hidden[teacher], half, seed, device);
        let network = train(network, &points, seed, |student, rows, device| {
            targets_loss(student, &targets, rows, None, device)
        })?;
        let shift = variant.offset * teacher as f64;
        let ask = |points: &Tensor<2>, mode| -> Vec<Vec<f64>> {
            host(network.forward(points.clone(), mode) + shift)
        };
        logits.push(ask(&texts.points, DropoutMode::Off));
        test_logits.push(ask(&test.points, DropoutMode::Off));
        let passes: Vec<Vec<Vec<f64>>> = (0..PASSES)
            .map(|pass| {
                let seed = seed.value();
                ask(&texts.points, DropoutMode::Mc { seed, pass })
            })
            .collect();
        let score = |row: usize| -> Result<f64> {
            let rows: Vec<&[f64]> = passes.iter().map(|pass| pass[row].as_slice()).collect();
            Ok(f64::from(McScore::from_passes(&rows)?.score))
        };
        monte_carlo.push((0..TRAIN).map(score).collect::<Result<Vec<f64>>>()?);
    }
    let mut found = Accuracies::new();
    let mut student = |name, targets: &[Vec<f64>], margins: Option<&[f64]>| -> Result<()> {
        let network = Network::new(64, CLASSES, seed.child("student"), device);
        let network = train(network, &texts.points, seed, |student, rows, device| {
            targets_loss(student, targets, rows, margins, device)
        })?;
        found.insert(name, test.accuracy(&network));
        Ok(())
    };
    let gold: Vec<Vec<f64>> = texts.classes.iter().map(|&c| one_hot(c, CLASSES)).collect();
    student("supervised", &gold, None)?;
    student("vka", &concatenated(&space, &logits, 1.0)?, None)?;
    let owners: Vec<Vec<f64>> = (0..2)
        .map(|teacher| {
            let owner = |class: &usize| f64::from(u8::from(class / half == teacher));
            texts.classes.iter().map(owner).collect()
        })
        .collect();
    let hard = Integration {
        weighting: Weighting::Hard,
        reweight: false,
        normalize_margins: false,
    };
    student(
        "oracle",
        &hard.integrate(&space, &logits, &owners, 1.0)?.targets,
        None,
    )?;
    for (name, weighting) in [
        ("muka-soft", Weighting::Soft { temperature: 0.2 }),
        ("muka-hard", Weighting::Hard),
    ] {
        let integration = Integration {
            weighting,
            reweight: true,
            normalize_margins: false,
        };
        let integrated = integration.integrate(&space, &logits, &monte_carlo, 1.0)?;
        student(name, &integrated.targets, Some(&integrated.margins))?;
        let plain = match weighting {
            Weighting::Hard => "muka-hard, all margins 1",
            Weighting::Soft { .. } => "muka-soft, all margins 1",
        };
        student(plain, &integrated.targets, None)?;
    }
    let network = Network::new(64, CLASSES, seed.child("student"), device);
    let network = train(network, &texts.points, seed, |student, rows, device| {
        let within = |teacher: usize| {
            let own = student.clone().narrow(1, teacher * half, half);
            let wanted: Vec<Vec<f64>> = rows.iter().map(|&r| logits[teacher][r].clone()).collect();
            kl_rows(&own, &matrix(&wanted, device), 1.0).mean()
        };
        within(0) + within(1)
    })?;
    found.insert("uhc", test.accuracy(&network));
    let all = concatenated(&space, &test_logits, 1.0)?;
    found.insert("ensemble", test.share_right(&all));
    let deterministic: Vec<Vec<f64>> = logits
        .iter()
        .map(|rows| {
            rows.iter()
                .map(|row| deterministic_score(row, 1.0))
                .collect()
        })
        .collect::<Result<_, _>>()?;
    for (name, scores) in [
        ("selection, Monte-Carlo scores", &monte_carlo),
        ("selection, one pass", &deterministic),
    ] {
        let right = (0..TRAIN).filter(|&row| {
            let chosen = usize::from(scores[1][row] > scores[0][row]);
            chosen == texts.classes[row] / half
        });
        found.insert(name, right.count() as f64 / TRAIN as f64);
    }
    Ok(found)
}

/// 30 epochs of Adam with batches of 64.
fn train(
    network: Network,
    points: &Tensor<2>,
    seed: Seed,
    loss: impl Fn(&Tensor<2>, &[usize], &Device) -> Tensor<1>,
) -> Result<Network> {
    let device = points.device().autodiff();
    let points = Tensor::from_inner(points.clone());
    let config = TrainConfig {
        seed: seed.child("steps"),
        ..TrainConfig::new(Until::Epochs(30))
    };
    let optimizer = Optimizer::adamw(AdamWConfig::default(), 3e-3);
    let count = points.dims()[0];
    let mut batches = ShuffledIndices::new(count, 64, seed.child("order"))?;
    let (network, _) = Trainer::new(config, optimizer)?.fit(
        network,
        &mut batches,
        |network: &Network, rows: Vec<usize>, context| {
            let student = network.forward(pick(&points, &rows), context.dropout());
            Ok(StepLoss::new(
                loss(&student, &rows, &device),
                rows.len() as f64,
            ))
        },
    )?;
    Ok(network.valid())
}

/// The mean of KL(target ‖ student), each row times its margin.
fn targets_loss(
    student: &Tensor<2>,
    targets: &[Vec<f64>],
    rows: &[usize],
    margins: Option<&[f64]>,
    device: &Device,
) -> Tensor<1> {
    let wanted: Vec<Vec<f64>> = rows.iter().map(|&row| targets[row].clone()).collect();
    let loss = kl_to_rows(log_probabilities(student, 1.0), matrix(&wanted, device));
    match margins {
        Some(margins) => {
            let margins: Vec<f32> = rows.iter().map(|&row| margins[row] as f32).collect();
            (loss * Tensor::from_data(margins.as_slice(), device)).mean()
        }
        None => loss.mean(),
    }
}

fn matrix(rows: &[Vec<f64>], device: &Device) -> Tensor<2> {
    let values: Vec<f32> = rows.iter().flatten().map(|&value| value as f32).collect();
    Tensor::from_data(TensorData::new(values, [rows.len(), rows[0].len()]), device)
}

fn pick(points: &Tensor<2>, rows: &[usize]) -> Tensor<2> {
    let rows: Vec<i64> = rows.iter().map(|&row| row as i64).collect();
    let rows = Tensor::from_data(TensorData::from(rows.as_slice()), &points.device());
    points.clone().select(0, rows)
}

fn host(scores: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, columns] = scores.dims();
    let values: Vec<f64> = scores.into_data().iter::<f64>().collect();
    values.chunks(columns).map(<[f64]>::to_vec).collect()
}

fn one_hot(class: usize, classes: usize) -> Vec<f64> {
    (0..classes)
        .map(|c| f64::from(u8::from(c == class)))
        .collect()
}

fn largest(row: &[f64]) -> usize {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    row.iter().position(|&value| value == top).unwrap_or(0)
}
