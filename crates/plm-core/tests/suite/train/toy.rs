//! A small regression problem and the models that learn it.

use burn::module::Module;
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{Device, Tensor, TensorData, activation};
use plm_core::rng::Seed;
use plm_core::train::{Snapshot, StepContext};
use rand::RngExt;

/// Every device of this build, the fast processor one first.
pub(super) fn devices() -> Vec<Device> {
    plm_core::device::available()
        .into_iter()
        .map(|name| plm_core::device::parse(name).expect("it is available"))
        .collect()
}

#[derive(Module, Debug)]
pub(super) struct Mlp {
    pub(super) first: Linear,
    pub(super) second: Linear,
}

impl Mlp {
    pub(super) fn new(width: usize, device: &Device) -> Self {
        let model = Self {
            first: LinearConfig::new(4, width).init(device),
            second: LinearConfig::new(width, 1).init(device),
        };
        // burn initializes from a generator that all threads of the process share.
        let mut seed = 0;
        let tensors = Snapshot::of(&model)
            .into_tensors()
            .into_iter()
            .map(|(path, data)| {
                seed += 1;
                let values = numbers(Seed::new(seed), data.num_elements(), 0.3);
                (path, TensorData::new(values, data.shape().clone()))
            })
            .collect();
        Snapshot::from_tensors(tensors)
            .apply(model)
            .expect("made of its own paths")
    }

    pub(super) fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        self.second.forward(activation::tanh(self.first.forward(x)))
    }
}

/// `count` numbers in `(-scale, scale)`.
pub(super) fn numbers(seed: Seed, count: usize, scale: f32) -> Vec<f32> {
    let mut rng = seed.rng();
    (0..count)
        .map(|_| (rng.random::<f32>() * 2.0 - 1.0) * scale)
        .collect()
}

/// Points and what is to be said of them.
pub(super) struct Data {
    pub(super) x: Vec<f32>,
    pub(super) y: Vec<f32>,
}

impl Data {
    pub(super) fn new(count: usize) -> Self {
        let x = numbers(Seed::new(99), count * 4, 1.0);
        let y = x
            .chunks(4)
            .map(|p| p[0] * p[1] - 0.5 * p[2] + 0.2 * p[3])
            .collect();
        Self { x, y }
    }

    pub(super) fn rows(&self, rows: &[usize], device: &Device) -> (Tensor<2>, Tensor<2>) {
        let x: Vec<f32> = rows
            .iter()
            .flat_map(|&row| self.x[row * 4..row * 4 + 4].iter().copied())
            .collect();
        let y: Vec<f32> = rows.iter().map(|&row| self.y[row]).collect();
        (
            Tensor::from_data(TensorData::new(x, [rows.len(), 4]), device),
            Tensor::from_data(TensorData::new(y, [rows.len(), 1]), device),
        )
    }

    /// The mean squared error on these rows.
    pub(super) fn loss(&self, model: &Mlp, rows: &[usize], device: &Device) -> Tensor<1> {
        let (x, y) = self.rows(rows, device);
        (model.forward(x) - y).square().mean()
    }

    /// The loss with noise on the inputs that the step's seed decides.
    pub(super) fn noisy_loss(
        &self,
        model: &Mlp,
        rows: &[usize],
        context: &StepContext,
        device: &Device,
    ) -> Tensor<1> {
        let (x, y) = self.rows(rows, device);
        let noise = numbers(context.seed.child("noise"), rows.len() * 4, 0.05);
        let noise = Tensor::from_data(TensorData::new(noise, [rows.len(), 4]), device);
        (model.forward(x + noise) - y).square().mean()
    }

    pub(super) fn mean_loss(&self, model: &Mlp, device: &Device) -> f64 {
        let rows: Vec<usize> = (0..self.y.len()).collect();
        f64::from(self.loss(model, &rows, device).into_scalar::<f32>())
    }
}

/// All bits of a model's parameters.
pub(super) fn bits<M: Module>(model: &M) -> Vec<(String, Vec<u8>)> {
    Snapshot::of(model)
        .into_tensors()
        .into_iter()
        .map(|(path, data)| (path, data.as_bytes().to_vec()))
        .collect()
}
