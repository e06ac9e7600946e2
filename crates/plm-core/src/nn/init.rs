//! Random initialization, reproducible across devices.
//!
//! Every parameter draws from its own stream, named after its path, so the values depend neither on
//! the order of fields nor on what else is initialized.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{Tensor, TensorData};
use rand::RngExt;

use crate::rng::Seed;

/// How the parameters of a new model are drawn.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Init {
    /// Leave as it is.
    Keep,
    /// All entries this value.
    Constant(f64),
    /// Normal with mean 0 and this standard deviation.
    Normal(f64),
    /// Uniform within ±√(6 / (a + b)), a and b the last two axes: the input and output widths of a
    /// linear map (Glorot and Bengio 2010, equation 16). A vector counts as one row.
    Glorot,
}

/// BERT's rule: weights of linear maps and embeddings normal with deviation `range`, biases 0,
/// normalization at identity.
pub fn bert_rule(range: f64) -> impl Fn(&str) -> Init {
    move |path| {
        if path.ends_with(".gamma") || path == "gamma" {
            Init::Constant(1.0)
        } else if path.ends_with("bias") && !path.ends_with("relative_bias")
            || path.ends_with("beta")
        {
            Init::Constant(0.0)
        } else {
            Init::Normal(range)
        }
    }
}

/// `module` with parameters drawn by `rule`, which is asked with each parameter's path.
pub fn initialize<M: Module>(module: M, seed: Seed, rule: impl Fn(&str) -> Init) -> M {
    let mut mapper = Initializer {
        seed,
        rule,
        path: Vec::new(),
    };
    module.map(&mut mapper)
}

struct Initializer<R> {
    seed: Seed,
    rule: R,
    path: Vec<String>,
}

impl<R: Fn(&str) -> Init> ModuleMapper for Initializer<R> {
    fn enter_module(&mut self, name: &str, _container_type: &str) {
        self.path.push(name.to_owned());
    }

    fn exit_module(&mut self, _name: &str, _container_type: &str) {
        self.path.pop();
    }

    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        let path = self.path.join(".");
        let dims: [usize; D] = param.lazy_shape().dims();
        let count: usize = dims.iter().product();
        let values = match (self.rule)(&path) {
            Init::Keep => return param,
            Init::Constant(value) => vec![value as f32; count],
            Init::Normal(deviation) => normal(self.seed, &path, count, deviation),
            Init::Glorot => {
                let inputs = D.checked_sub(2).map_or(1, |axis| dims[axis]);
                let widths = inputs + dims.last().copied().unwrap_or(1);
                uniform(self.seed, &path, count, (6.0 / widths.max(1) as f64).sqrt())
            }
        };
        let tensor = Tensor::from_data(TensorData::new(values, dims), &param.lazy_device());
        let id = param.id;
        param.transform_for_load(tensor, id)
    }
}

/// `count` normal numbers of mean 0 from the stream called `name` (Box-Muller).
pub fn normal(seed: Seed, name: &str, count: usize, deviation: f64) -> Vec<f32> {
    let mut rng = seed.stream(name);
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        let radius = (-2.0 * (1.0 - rng.random::<f64>()).ln()).sqrt() * deviation;
        let angle = std::f64::consts::TAU * rng.random::<f64>();
        values.push((radius * angle.cos()) as f32);
        values.push((radius * angle.sin()) as f32);
    }
    values.truncate(count);
    values
}

/// `count` numbers uniform in `[-bound, bound)` from the stream called `name`.
pub fn uniform(seed: Seed, name: &str, count: usize, bound: f64) -> Vec<f32> {
    let mut rng = seed.stream(name);
    (0..count)
        .map(|_| ((2.0 * rng.random::<f64>() - 1.0) * bound) as f32)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::zero_linear;

    #[test]
    fn glorot_fills_its_interval() {
        for name in crate::device::available() {
            let device = crate::device::parse(name).unwrap();
            let rule = |path: &str| match path {
                "bias" => Init::Constant(0.5),
                _ => Init::Glorot,
            };
            let layer = zero_linear(50, 100, true, &device);
            let layer = initialize(layer, Seed::new(3), rule);
            let weight: Vec<f32> = layer.weight.val().into_data().iter().collect();
            let bound = (6.0_f32 / 150.0).sqrt();
            assert!(weight.iter().all(|w| w.abs() <= bound), "{name}");
            // A uniform number has variance bound² / 3 = 2 / 150; 5000 of them come within 5 %.
            let variance = weight.iter().map(|w| w * w).sum::<f32>() / 5000.0;
            assert!((variance * 75.0 - 1.0).abs() < 0.05, "{name}: {variance}");
            let bias: Vec<f32> = layer.bias.unwrap().val().into_data().iter().collect();
            assert_eq!(bias, [0.5; 100], "{name}");
        }
    }
}
