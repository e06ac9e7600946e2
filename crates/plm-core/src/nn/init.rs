//! Random initialisation, reproducible across devices.
//!
//! Every parameter draws from its own stream, named after its path, so the values depend neither on
//! the order of fields nor on what else is initialised.

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
}

/// BERT's rule: weights of linear maps and embeddings normal with deviation `range`, biases 0,
/// normalisation at identity.
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
