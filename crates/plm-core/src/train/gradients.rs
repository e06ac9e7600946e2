//! Gradients by parameter path: accumulation, global norm, clipping.

use std::collections::HashMap;

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::{Device, Gradients as Tape, Tensor, Transaction};

use super::flat::{Flat, Sum};
use super::params::Place;
use crate::kernel::precision::to_dtype;
use crate::{Error, Result};

/// The gradients of one training step, keyed by parameter path.
///
/// Frozen parameters have no entry.
#[derive(Debug, Clone)]
pub struct Gradients {
    entries: Vec<(String, Flat)>,
    index: HashMap<String, usize>,
    /// What all entries are still to be multiplied by: kept apart so that averaging and clipping
    /// cost no pass over the data.
    scale: f64,
}

impl Default for Gradients {
    fn default() -> Self {
        Self::new()
    }
}

impl Gradients {
    /// No gradients.
    pub fn new() -> Self {
        Self {
            entries: Vec::new(),
            index: HashMap::new(),
            scale: 1.0,
        }
    }

    /// Runs the backward pass of `loss` and collects the gradients of `module`'s parameters.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `loss` is not one number or depends on no trainable parameter of
    /// `module`.
    pub fn of<M: Module>(loss: &Tensor<1>, module: &M) -> Result<Self> {
        if loss.dims() != [1] {
            return Err(Error::invalid(
                "loss",
                format!("has {} elements, must have 1", loss.dims()[0]),
            ));
        }
        if !loss.is_tracked() {
            return Err(Error::invalid(
                "loss",
                "depends on no trainable parameter: is the whole model frozen, or on a plain device?",
            ));
        }
        let mut visitor = Collector {
            place: Place::default(),
            tape: loss.backward(),
            gradients: Self::new(),
        };
        module.visit(&mut visitor);
        if visitor.gradients.is_empty() {
            return Err(Error::invalid(
                "loss",
                "depends on no trainable parameter of this model: was it computed with another one?",
            ));
        }
        Ok(visitor.gradients)
    }

    /// Number of parameters with a gradient.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The paths of the parameters that have a gradient.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        self.entries.iter().map(|(path, _)| path.as_str())
    }

    /// A copy of the gradient of the parameter at `path`, flat, as single-precision numbers.
    pub fn get(&self, path: &str) -> Option<Vec<f32>> {
        let (_, grad) = &self.entries[*self.index.get(path)?];
        let mut grad = grad.clone();
        if self.scale != 1.0 {
            grad.scale(self.scale);
        }
        let data = grad.to_data();
        Some(data.iter::<f32>().collect())
    }

    /// Adds `other` to these, parameter by parameter.
    ///
    /// # Panics
    /// If one path has gradients of different lengths.
    pub fn accumulate(&mut self, mut other: Self) {
        if self.is_empty() {
            *self = other;
            return;
        }
        if self.scale != other.scale {
            self.settle();
            other.settle();
        }
        for (path, grad) in other.entries {
            match self.index.get(&path) {
                Some(&at) => self.entries[at].1.add(grad),
                None => self.push(path, grad),
            }
        }
    }

    /// Moves the gradients to `device`, in one transfer where they come from another one.
    pub fn to_device(mut self, device: &Device) -> Self {
        let device = device.clone().inner();
        let mut moving = Vec::new();
        let mut transfer = Transaction::default();
        for (place, (_, grad)) in self.entries.iter().enumerate() {
            if let Flat::Device(tensor) = grad
                && tensor.device() != device
            {
                moving.push((place, tensor.dtype()));
                transfer = transfer.register(tensor.clone());
            }
        }
        if moving.is_empty() {
            return self;
        }
        for ((place, dtype), data) in moving.into_iter().zip(transfer.execute()) {
            self.entries[place].1 = Flat::from_data(data, &device, dtype);
        }
        self
    }

    /// Multiplies all gradients by `factor`.
    pub fn scale(&mut self, factor: f64) {
        self.scale *= factor;
    }

    /// The Euclidean norm over all gradients as if they were one vector.
    ///
    /// Reads numbers from the device, once. NaN or infinite where a gradient is.
    pub fn norm(&self) -> f64 {
        let mut total = 0.0;
        let mut tensors: Vec<Tensor<1>> = Vec::new();
        for (_, grad) in &self.entries {
            match grad.sum_of_squares() {
                Sum::Number(sum) => total += sum,
                Sum::Tensor(sum) => tensors.push(sum),
            }
        }
        if !tensors.is_empty() {
            let sums = Tensor::cat(tensors, 0).into_data();
            total += sums.iter::<f64>().sum::<f64>();
        }
        total.sqrt() * self.scale.abs()
    }

    /// Scales all gradients down so that their global norm is at most `max_norm`; returns the norm
    /// that they had.
    ///
    /// The rule of `torch.nn.utils.clip_grad_norm_`: multiply by `min(1, max_norm / (norm + 1e-6))`.
    /// Gradients whose norm is not finite are left as they are.
    pub fn clip_norm(&mut self, max_norm: f64) -> f64 {
        let norm = self.norm();
        self.clip_norm_to(norm, max_norm);
        norm
    }

    /// As [`Gradients::clip_norm`] where `norm` is known.
    pub(crate) fn clip_norm_to(&mut self, norm: f64, max_norm: f64) {
        let factor = max_norm / (norm + 1e-6);
        if factor < 1.0 && norm.is_finite() {
            self.scale(factor);
        }
    }

    /// As [`Gradients::clip_norm`] without waiting for the device: what GPUs need to keep their
    /// queues full. Gradients that are not finite go through.
    pub fn clip_norm_async(&mut self, max_norm: f64) {
        self.settle();
        let mut number = 0.0;
        let mut tensors: Vec<Tensor<1>> = Vec::new();
        for (_, grad) in &self.entries {
            match grad.sum_of_squares() {
                Sum::Number(sum) => number += sum,
                Sum::Tensor(sum) => tensors.push(sum),
            }
        }
        if tensors.is_empty() {
            self.clip_norm_to(number.sqrt(), max_norm);
            return;
        }
        let norm = Tensor::cat(tensors, 0).sum().add_scalar(number).sqrt();
        let factor = norm
            .add_scalar(1e-6)
            .recip()
            .mul_scalar(max_norm)
            .clamp_max(1.0);
        for (_, grad) in &mut self.entries {
            let tensor = grad.to_tensor(&factor.device());
            let factor = to_dtype(factor.clone(), tensor.dtype());
            *grad = Flat::Device(tensor.mul(factor));
        }
    }

    /// The path of the first gradient with a number that is NaN or infinite.
    pub fn first_non_finite(&self) -> Option<&str> {
        self.entries
            .iter()
            .find(|(_, grad)| {
                let sum = match grad.sum_of_squares() {
                    Sum::Number(sum) => sum,
                    Sum::Tensor(sum) => sum.into_data().iter::<f64>().sum(),
                };
                !sum.is_finite()
            })
            .map(|(path, _)| path.as_str())
    }

    /// The gradients by path and the factor that they are still to be multiplied by.
    pub(crate) fn into_parts(self) -> (HashMap<String, Flat>, f64) {
        (self.entries.into_iter().collect(), self.scale)
    }

    fn push(&mut self, path: String, grad: Flat) {
        self.index.insert(path.clone(), self.entries.len());
        self.entries.push((path, grad));
    }

    /// Carries out the pending multiplication.
    fn settle(&mut self) {
        if self.scale != 1.0 {
            for (_, grad) in &mut self.entries {
                grad.scale(self.scale);
            }
            self.scale = 1.0;
        }
    }
}

struct Collector {
    place: Place,
    tape: Tape,
    gradients: Gradients,
}

impl ModuleVisitor for Collector {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        if let Some(grad) = param.base().grad_remove(&mut self.tape) {
            self.gradients
                .push(self.place.path(), Flat::from_tensor(grad));
        }
    }
    fn enter_module(&mut self, name: &str, container: &str) {
        self.place.enter(name, container);
    }
    fn exit_module(&mut self, _name: &str, _container: &str) {
        self.place.exit();
    }
}
