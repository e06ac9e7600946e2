//! The training loop that routers share: Adam, with the best epoch kept.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use rand::seq::SliceRandom;

use crate::host::{matrix, values};
use crate::{Error, Result};

/// Rows that are scored at a time.
const CHUNK: usize = 1024;

/// A router that learns.
pub(super) trait Trainable: Module {
    /// See [`super::Router::scores`].
    fn forward(&self, x: Tensor<2>) -> Tensor<2>;

    /// What training makes small.
    ///
    /// # Shapes
    /// - scores, targets: `[tokens, experts]`
    /// - result: `[1]`
    fn loss(scores: Tensor<2>, targets: Tensor<2>) -> Tensor<1>;

    /// Targets of one batch from its contributions.
    fn scale(_contributions: &mut [f32]) {}
}

/// Input rows and the experts' contributions to each.
pub(super) struct Labeled {
    /// `[tokens, width]`.
    pub(super) rows: Vec<f32>,
    /// `[tokens, experts]`.
    pub(super) contributions: Vec<f32>,
    pub(super) width: usize,
    pub(super) experts: usize,
}

impl Labeled {
    pub(super) fn tokens(&self) -> usize {
        self.rows.len() / self.width
    }
}

/// Rate, length and order of a training.
pub(super) struct Steps {
    pub(super) lr: f64,
    pub(super) epochs: usize,
    pub(super) batch_size: usize,
    pub(super) seed: Seed,
}

/// What training gave.
pub(super) struct Trained<R> {
    pub(super) router: R,
    /// The measure before training and after every epoch that gave finite scores.
    pub(super) history: Vec<f64>,
    /// The epoch kept: 0 is the router that training began with.
    pub(super) best: usize,
}

/// Trains on `data` and keeps the router of the best `measure`, the first one's included.
///
/// An epoch after which `measure` meets numbers that are not finite ends the training, as further steps
/// would not mend the router; it is not in the history.
///
/// # Errors
/// Those of `measure`, [`Error::NotFinite`] for the first router only.
pub(super) fn train<R: Trainable>(
    initial: R,
    data: &Labeled,
    steps: &Steps,
    device: &Device,
    measure: impl Fn(&R) -> Result<f64>,
) -> Result<Trained<R>> {
    let mut history = vec![measure(&initial)?];
    let mut best = (0, initial.clone());
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), steps.lr);
    let mut router = initial.train();
    let device = device.clone().autodiff();
    let mut order: Vec<usize> = (0..data.tokens()).collect();
    for epoch in 0..steps.epochs {
        order.shuffle(&mut steps.seed.at(epoch as u64).stream("order"));
        for batch in order.chunks(steps.batch_size) {
            let x = gather(&data.rows, data.width, batch);
            let mut targets = gather(&data.contributions, data.experts, batch);
            R::scale(&mut targets);
            let x = matrix(&x, batch.len(), data.width, &device);
            let targets = matrix(&targets, batch.len(), data.experts, &device);
            let loss = R::loss(router.forward(x), targets);
            let gradients = Gradients::of(&loss, &router)?;
            router = optimizer.step(router, gradients, 1.0);
        }
        let plain = router.valid();
        let value = match measure(&plain) {
            Err(Error::NotFinite { .. }) => break,
            value => value?,
        };
        if value > history[best.0] {
            best = (epoch + 1, plain);
        }
        history.push(value);
    }
    Ok(Trained {
        router: best.1,
        history,
        best: best.0,
    })
}

/// Scores of all rows, on the host.
pub(super) fn score_rows(
    rows: &[f32],
    width: usize,
    device: &Device,
    score: impl Fn(Tensor<2>) -> Tensor<2>,
) -> Vec<f32> {
    rows.chunks(CHUNK * width)
        .flat_map(|rows| values(score(matrix(rows, rows.len() / width, width, device))))
        .collect()
}

fn gather(rows: &[f32], width: usize, order: &[usize]) -> Vec<f32> {
    let mut out = Vec::with_capacity(order.len() * width);
    for &row in order {
        out.extend_from_slice(&rows[row * width..(row + 1) * width]);
    }
    out
}
