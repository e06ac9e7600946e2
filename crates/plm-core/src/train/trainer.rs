//! The training loop's entry point.

use burn::module::Module;
use burn::tensor::Device;

use super::batches::Batches;
use super::config::TrainConfig;
use super::observer::Observer;
use super::optimizer::Optimizer;
use super::params::{check_stateless, check_unshared};
use super::passes::{Backward, OneByOne};
use super::replicas::OnReplicas;
use super::report::TrainReport;
use super::run::Run;
use super::step::{Evaluation, EvaluationContext, StepContext, StepLoss};
use crate::{Error, Result};

/// How the batches of a step are worked on.
pub(super) type BackwardRef<'f, M, T> = &'f mut dyn Backward<M, T>;
/// The caller's function from a model to a metric.
pub(super) type EvaluateFn<'f, M> = &'f mut dyn FnMut(&M, &EvaluationContext) -> Result<Evaluation>;

/// One explicit training loop over any burn module.
///
/// A run that is stopped at any moment and started again with the same settings, data and initial
/// model gives the same weights as one never stopped, bit for bit on CPU devices, if the step
/// function depends on nothing but the model, the batch and its [`StepContext`].
///
/// ```
/// use burn::nn::{Linear, LinearConfig};
/// use burn::tensor::Tensor;
/// use plm_core::rng::Seed;
/// use plm_core::train::{
///     AdamWConfig, Evaluation, Optimizer, ShuffledIndices, StepLoss, TrainConfig, Trainer, Until,
/// };
///
/// # fn main() -> plm_core::Result<()> {
/// let device = plm_core::device::parse(plm_core::device::available()[0])?;
/// let model = LinearConfig::new(1, 1).init(&device);
/// // Learn y = 3x from four points.
/// let points = [-1.0_f32, 0.0, 0.5, 1.0];
/// let loss_of = |model: &Linear, rows: &[usize]| {
///     let x: Vec<f32> = rows.iter().map(|&row| points[row]).collect();
///     let x = Tensor::<1>::from_floats(x.as_slice(), &device).reshape([rows.len(), 1]);
///     (model.forward(x.clone()) - x * 3.0).square().mean()
/// };
/// let config = TrainConfig::new(Until::Steps(200));
/// let mut trainer = Trainer::new(config, Optimizer::adamw(AdamWConfig::default(), 0.1))?;
/// let (model, report) = trainer.fit_evaluated(
///     model,
///     &mut ShuffledIndices::new(4, 2, Seed::new(1))?,
///     |model, rows, _context| Ok(StepLoss::new(loss_of(model, &rows), rows.len() as f64)),
///     |model, _context| {
///         let loss: f32 = loss_of(model, &[0, 1, 2, 3]).into_scalar();
///         Ok(Evaluation::new(-f64::from(loss)))
///     },
/// )?;
/// assert_eq!(report.step, 200);
/// assert!(report.best.unwrap().metric > -1e-3);
/// # let _ = model;
/// # Ok(())
/// # }
/// ```
pub struct Trainer<'o> {
    pub(super) config: TrainConfig,
    pub(super) optimizer: Optimizer,
    pub(super) observers: Vec<&'o mut dyn Observer>,
}

impl<'o> Trainer<'o> {
    /// A trainer with these settings.
    ///
    /// # Errors
    /// [`Error::Config`](crate::Error::Config) where a setting is out of range.
    pub fn new(config: TrainConfig, optimizer: Optimizer) -> Result<Self> {
        config.check()?;
        optimizer.check()?;
        Ok(Self {
            config,
            optimizer,
            observers: Vec::new(),
        })
    }

    /// Adds a listener.
    pub fn with_observer(mut self, observer: &'o mut dyn Observer) -> Self {
        self.observers.push(observer);
        self
    }

    /// The settings.
    pub fn config(&self) -> &TrainConfig {
        &self.config
    }

    /// The optimizer, with its state after a run.
    pub fn optimizer(&self) -> &Optimizer {
        &self.optimizer
    }

    /// Trains `model` on `batches` with the loss that `step` gives.
    ///
    /// A model on a plain device is put on its autodiff device first. The state of the optimizer
    /// carries over where this is called again without checkpoints, but for parameters whose shape has
    /// changed, see [`Optimizer::step`].
    ///
    /// `batches` go on from where they stand. The rest of an epoch that was begun before counts as one;
    /// where only the end of one is left, that is passed over.
    ///
    /// # Errors
    /// What `step` or `batches` give;
    /// [`Error::NotFiniteGradients`](crate::Error::NotFiniteGradients) where gradients are not finite
    /// beyond what the settings allow;
    /// [`Error::Invalid`](crate::Error::Invalid) where the loss depends on no trainable parameter, a
    /// weight is negative or not finite, an epoch has no batch, or a parameter sits at two paths of the
    /// model;
    /// [`Error::Checkpoint`](crate::Error::Checkpoint) where a checkpoint does not fit this run;
    /// [`Error::Io`](crate::Error::Io) where checkpoints or metrics cannot be written.
    pub fn fit<M, B, S>(&mut self, model: M, batches: &mut B, step: S) -> Result<(M, TrainReport)>
    where
        M: Module,
        B: Batches,
        S: FnMut(&M, B::Batch, &StepContext) -> Result<StepLoss>,
    {
        self.run(model, batches, &mut OneByOne(step), None)
    }

    /// As [`Trainer::fit`], and evaluates with `evaluate` as often as the settings say.
    ///
    /// `evaluate` gets the model on the plain device, without dropout flags of burn's own layers.
    /// Its inputs must be on the plain device too: forward passes on an autodiff device that no
    /// backward pass follows hold their memory.
    ///
    /// # Errors
    /// As [`Trainer::fit`], and what `evaluate` gives.
    pub fn fit_evaluated<M, B, S, E>(
        &mut self,
        model: M,
        batches: &mut B,
        step: S,
        mut evaluate: E,
    ) -> Result<(M, TrainReport)>
    where
        M: Module,
        B: Batches,
        S: FnMut(&M, B::Batch, &StepContext) -> Result<StepLoss>,
        E: FnMut(&M, &EvaluationContext) -> Result<Evaluation>,
    {
        self.run(model, batches, &mut OneByOne(step), Some(&mut evaluate))
    }

    /// As [`Trainer::fit`] on several devices at a time: data parallelism.
    ///
    /// Each device gets a copy of the model at every optimizer step, and the batches of the step are
    /// dealt out in turn; `step` is called in a thread for each device, with the copy and the
    /// (autodiff) device that its inputs must be on, with gradient checkpointing where `model` has it.
    /// Gradients are brought to the device that `model` is on and added there in the order of the batches.
    /// The settings' `accumulation` is the number of batches in a step; it should be a multiple of the
    /// number of devices.
    ///
    /// The result does not depend on the devices further than their arithmetic does: a run may be stopped
    /// on two devices and go on with four. A device may be named more than once.
    ///
    /// # Errors
    /// As [`Trainer::fit`]; [`Error::Config`](crate::Error::Config) where there is no device, or more than
    /// batches in a step; [`Error::Invalid`](crate::Error::Invalid) where `model` has running statistics,
    /// as batch normalization does: copies would share them.
    pub fn fit_parallel<M, B, S>(
        &mut self,
        model: M,
        devices: &[Device],
        batches: &mut B,
        step: S,
    ) -> Result<(M, TrainReport)>
    where
        M: Module,
        B: Batches<Batch: Send>,
        S: Fn(&M, &Device, B::Batch, &StepContext) -> Result<StepLoss> + Sync,
    {
        let model = self.for_devices(model, devices)?;
        let mut backward = OnReplicas::new(devices, step);
        self.run(model, batches, &mut backward, None)
    }

    /// As [`Trainer::fit_parallel`], and evaluates as [`Trainer::fit_evaluated`] does, on the model's own
    /// device.
    ///
    /// # Errors
    /// As [`Trainer::fit_parallel`], and what `evaluate` gives.
    pub fn fit_parallel_evaluated<M, B, S, E>(
        &mut self,
        model: M,
        devices: &[Device],
        batches: &mut B,
        step: S,
        mut evaluate: E,
    ) -> Result<(M, TrainReport)>
    where
        M: Module,
        B: Batches<Batch: Send>,
        S: Fn(&M, &Device, B::Batch, &StepContext) -> Result<StepLoss> + Sync,
        E: FnMut(&M, &EvaluationContext) -> Result<Evaluation>,
    {
        let model = self.for_devices(model, devices)?;
        let mut backward = OnReplicas::new(devices, step);
        self.run(model, batches, &mut backward, Some(&mut evaluate))
    }

    /// `model` in training, if copies of it on `devices` can be trained.
    fn for_devices<M: Module>(&self, model: M, devices: &[Device]) -> Result<M> {
        let (count, most) = (devices.len(), self.config.accumulation);
        if count == 0 || count > most {
            return Err(Error::config(
                "TrainConfig",
                "accumulation",
                format!("is {most} with {count} devices; each device needs a batch of the step"),
            ));
        }
        let model = model.train();
        check_stateless(&model)?;
        Ok(model)
    }

    fn run<'r, M: Module, B: Batches>(
        &'r mut self,
        model: M,
        batches: &'r mut B,
        backward: BackwardRef<'r, M, B::Batch>,
        evaluate: Option<EvaluateFn<'r, M>>,
    ) -> Result<(M, TrainReport)> {
        check_unshared(&model)?;
        Run::start(self, model.train(), batches, backward, evaluate)?.finish()
    }
}
