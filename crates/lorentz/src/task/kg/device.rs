//! Training on any device by automatic differentiation.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Int, Tensor, TensorData};

use super::batch::Batch;
use super::config::{CompletionConfig, EntityGeometry};
use super::fit::CompletionLearner;
use super::real::Real;
use super::tables::CompletionTables;
use crate::geometry::lift;
use crate::nn::sigmoid;
use crate::optim::{
    Clip, EuclideanAdamConfig, ManifoldOptimizer, ManifoldOptimizerConfig, NormKind,
    RiemannianAdamConfig, RiemannianConfig, StepLimits,
};
use crate::{Curvature, ManifoldParam, Result};

/// The model of the Lorentz space as a module of burn, for devices. Its records lack margin and scale: for
/// files take [`CompletionModel::to_tables`] and [`CompletionTables::save`].
#[derive(Module, Debug)]
pub struct CompletionModel {
    /// Entities: `[E, d_model]`.
    pub entities: ManifoldParam<2>,
    /// Matrices of the relations: `[R, d_model, d_model]`, a row for each output.
    pub relation_weights: Param<Tensor<3>>,
    /// Biases of the relations: `[R, d_model]`; the first of each is not used.
    pub relation_biases: Param<Tensor<2>>,
    /// Biases of entities as heads: `[E]`.
    pub head_bias: Param<Tensor<1>>,
    /// Biases of entities as tails: `[E]`.
    pub tail_bias: Param<Tensor<1>>,
    #[module(skip)]
    margin: f64,
    #[module(skip)]
    scale: f64,
}

impl CompletionModel {
    /// A model with the numbers of `tables` in their precision.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the tables are Euclidean or their sizes do not fit.
    pub fn from_tables<T: Real>(tables: &CompletionTables<T>, device: &Device) -> Result<Self> {
        tables.check()?;
        if tables.geometry != EntityGeometry::Lorentz {
            let reason = "Euclidean, but this model lives in Lorentz space";
            return Err(plm_core::Error::invalid("geometry", reason).into());
        }
        let d = tables.d_model;
        let entities = tables.head_biases.len();
        let relations = tables.relation_biases.len() / d;
        let points = tensor(&tables.entities, [entities, d], device);
        Ok(Self {
            entities: ManifoldParam::from_points(points, Curvature::UNIT)?,
            relation_weights: parameter(&tables.relation_weights, [relations, d, d], device),
            relation_biases: parameter(&tables.relation_biases, [relations, d], device),
            head_bias: parameter(&tables.head_biases, [entities], device),
            tail_bias: parameter(&tables.tail_biases, [entities], device),
            margin: tables.margin.widen(),
            scale: tables.scale.widen(),
        })
    }

    /// Reads the numbers from the device.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where a number is not finite.
    pub fn to_tables<T: Real>(&self) -> Result<CompletionTables<T>> {
        let tables = CompletionTables {
            geometry: EntityGeometry::Lorentz,
            d_model: self.entities.val().dims()[1],
            margin: T::narrow(self.margin),
            scale: T::narrow(self.scale),
            entities: numbers(self.entities.val()),
            relation_weights: numbers(self.relation_weights.val()),
            relation_biases: numbers(self.relation_biases.val()),
            head_biases: numbers(self.head_bias.val()),
            tail_biases: numbers(self.tail_bias.val()),
        };
        tables.check()?;
        Ok(tables)
    }

    /// The scores of the batch's candidates, `[triples, width]`.
    ///
    /// # Panics
    /// Where the batch is empty or names an entity or a relation that the model lacks, as in
    /// [`CompletionModel::loss`].
    pub fn scores(&self, batch: &Batch) -> Tensor<2> {
        let entities = self.entities.val();
        let device = entities.device();
        let [_, d] = entities.dims();
        let (rows, width) = (batch.triples().len(), batch.width());
        let heads = ids(batch.triples().iter().map(|triple| triple.head), &device);
        let tails = ids(batch.candidates().iter().copied(), &device);

        let x = entities.clone().select(0, heads.clone());
        let maps = batch.groups().iter().map(|(relation, range)| {
            let relation = *relation as usize;
            let x = x.clone().slice([range.clone(), 0..d]);
            let weights = self.relation_weights.val();
            let weights = weights.slice([relation..relation + 1, 0..d, 0..d]);
            let bias = self.relation_biases.val();
            let bias = bias.slice([relation..relation + 1, 1..d]);
            self.transform(x.matmul(weights.reshape([d, d]).transpose()), bias)
        });
        let points = Tensor::cat(maps.collect(), 0);
        let time = points.clone().narrow(1, 0, 1);
        let query = Tensor::cat(vec![time.neg(), points.narrow(1, 1, d - 1)], 1);
        let candidates = entities.select(0, tails.clone()).reshape([rows, width, d]);
        let inner = candidates.matmul(query.reshape([rows, d, 1]));
        let head_bias = self.head_bias.val().select(0, heads).reshape([rows, 1]);
        let tail_bias = self.tail_bias.val().select(0, tails);
        inner
            .reshape([rows, width])
            .mul_scalar(2.0)
            .add_scalar(self.margin)
            + head_bias
            + tail_bias.reshape([rows, width])
    }

    /// The mean binary cross-entropy of the batch's candidates, `[1]`.
    pub fn loss(&self, batch: &Batch) -> Tensor<1> {
        let scores = self.scores(batch);
        let right = scores.clone().narrow(1, 0, 1).sum();
        // A quotient's derivative would be in single precision.
        let share = (batch.candidates().len() as f64).recip();
        let softplus = scores.clone().clamp_min(0.0) + scores.abs().neg().exp().log1p();
        (softplus.sum() - right).mul_scalar(share)
    }

    /// The transformed heads of z, `[rows, d]`, of one relation.
    fn transform(&self, z: Tensor<2>, bias: Tensor<2>) -> Tensor<2> {
        let [_, d] = z.dims();
        let sigma = sigmoid(z.clone().narrow(1, 0, 1));
        let beyond = sigma.mul_scalar(self.scale).add_scalar(0.1);
        let height = beyond.clone() * beyond.add_scalar(2.0);
        let w = z.narrow(1, 1, d - 1) + bias;
        let squares = w.clone().square().sum_dim(1);
        let share = height / squares.add_scalar(1e-6);
        lift(w * share.sqrt(), Curvature::UNIT)
    }
}

/// The learner for any device: the gradients of [`CompletionModel::loss`] by automatic differentiation,
/// steps by [`ManifoldOptimizer`].
#[derive(Clone)]
pub struct DeviceLearner {
    model: CompletionModel,
    optimizer: ManifoldOptimizer,
    learning_rate: f64,
}

impl DeviceLearner {
    /// A learner that starts from `tables` on `device`, which need not have automatic differentiation.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting that is out of its limits or contradicts the
    /// tables, or where the tables are Euclidean or their sizes do not fit.
    pub fn new<T: Real>(
        config: CompletionConfig,
        tables: &CompletionTables<T>,
        device: &Device,
    ) -> Result<Self> {
        config.check()?;
        tables.check_settings(&config)?;
        let model = CompletionModel::from_tables(tables, &device.clone().autodiff())?;
        let points = RiemannianAdamConfig {
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            epsilon: config.epsilon,
            limits: StepLimits {
                max_step: Some(config.max_step),
                max_space_norm: Some(config.max_space_norm),
                stabilize: None,
                sparse: true,
            },
            ..RiemannianAdamConfig::default()
        };
        let euclidean = EuclideanAdamConfig {
            beta_1: config.beta_1,
            beta_2: config.beta_2,
            epsilon: config.epsilon,
            ..EuclideanAdamConfig::default()
        };
        let optimizer = ManifoldOptimizerConfig {
            points: RiemannianConfig::Adam(points),
            euclidean,
            clip: config.clip.map(|max_norm| Clip {
                max_norm,
                kind: NormKind::Ambient,
            }),
        };
        Ok(Self {
            optimizer: ManifoldOptimizer::new(&model, optimizer)?,
            model,
            learning_rate: config.learning_rate,
        })
    }

    /// The model as it is now.
    pub fn model(&self) -> &CompletionModel {
        &self.model
    }
}

impl CompletionLearner for DeviceLearner {
    type Number = f32;

    fn step(&mut self, batch: &Batch) -> Result<f64> {
        let loss = self.model.loss(batch);
        let value: f64 = numbers::<f64, 1>(loss.clone())[0];
        if !value.is_finite() {
            let reason = format!("{value}; lower the learning rate");
            return Err(plm_core::Error::invalid("loss", reason).into());
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &self.model);
        let model = self.model.clone();
        self.model = self.optimizer.step(self.learning_rate, model, gradients);
        Ok(value)
    }

    fn tables(&self) -> Result<CompletionTables<f32>> {
        self.model.to_tables()
    }
}

fn tensor<T: Real, const D: usize>(values: &[T], shape: [usize; D], device: &Device) -> Tensor<D> {
    Tensor::from_data(TensorData::new(values.to_vec(), shape), (device, T::DTYPE))
}

fn parameter<T: Real, const D: usize>(
    values: &[T],
    shape: [usize; D],
    device: &Device,
) -> Param<Tensor<D>> {
    Param::from_tensor(tensor(values, shape, device))
}

fn numbers<T: Real, const D: usize>(tensor: Tensor<D>) -> Vec<T> {
    tensor.into_data().iter::<T>().collect()
}

fn ids(values: impl Iterator<Item = u32>, device: &Device) -> Tensor<1, Int> {
    let values: Vec<i64> = values.map(i64::from).collect();
    let count = values.len();
    Tensor::from_data(TensorData::new(values, [count]), device)
}
