//! Averages of weights over training.

use burn::module::Module;

use super::snapshot::Snapshot;
use crate::{Error, Result};
use burn::tensor::{DType, TensorData};

/// An exponential moving average of a model's single-precision parameters, held on the host.
///
/// After each update the average is `decay · average + (1 - decay) · parameter`; the first update
/// copies the parameters. A run that is resumed goes on with [`WeightAverage::resume`].
#[derive(Debug, Clone)]
pub struct WeightAverage {
    decay: f64,
    average: Option<Snapshot>,
}

impl WeightAverage {
    /// An average with this decay; 0.999 is usual.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `decay` is outside `[0, 1)`.
    pub fn new(decay: f64) -> Result<Self> {
        if !(0.0..1.0).contains(&decay) {
            return Err(Error::invalid(
                "decay",
                format!("is {decay}, must lie in [0, 1)"),
            ));
        }
        Ok(Self {
            decay,
            average: None,
        })
    }

    /// Goes on with an `average` that [`WeightAverage::average`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `decay` is outside `[0, 1)` or `average` holds nothing or anything but
    /// floating-point numbers. Whether it fits the model shows in the next update.
    pub fn resume(decay: f64, average: Snapshot) -> Result<Self> {
        let refuse = |reason: String| Error::invalid("average", reason);
        let mut resumed = Self::new(decay)?;
        let tensors = average.tensors();
        if tensors.is_empty() {
            return Err(refuse("holds no parameter".to_owned()));
        }
        if let Some((path, data)) = tensors.iter().find(|(_, data)| !data.dtype().is_float()) {
            let found = data.dtype();
            return Err(refuse(format!(
                "`{path}` has elements of type {found:?}, no floating-point numbers"
            )));
        }
        resumed.average = Some(average);
        Ok(resumed)
    }

    /// Takes in the parameters of `module`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a parameter has another shape or path than in the updates before.
    pub fn update<M: Module>(&mut self, module: &M) -> Result<()> {
        let mut now = Snapshot::of(module).into_tensors();
        let Some(average) = self.average.take() else {
            self.average = Some(Snapshot::from_tensors(now));
            return Ok(());
        };
        let average = average.into_tensors();
        if now.len() != average.len() {
            return Err(Error::invalid(
                "parameters",
                format!("are {}, {} expected", now.len(), average.len()),
            ));
        }
        for (path, old) in average {
            let new = now
                .get_mut(&path)
                .filter(|new| new.shape() == old.shape() && new.dtype() == old.dtype())
                .ok_or_else(|| {
                    Error::invalid(
                        "parameters",
                        format!("`{path}` is gone or has changed shape"),
                    )
                })?;
            if new.dtype() == DType::F32 {
                let values: Vec<f32> = old
                    .iter::<f64>()
                    .zip(new.iter::<f64>())
                    .map(|(old, new)| (self.decay * old + (1.0 - self.decay) * new) as f32)
                    .collect();
                *new = TensorData::new(values, new.shape().clone());
            }
        }
        self.average = Some(Snapshot::from_tensors(now));
        Ok(())
    }

    /// The averaged parameters; nothing before the first update. [`Snapshot::apply`] puts them into
    /// a model.
    pub fn average(&self) -> Option<&Snapshot> {
        self.average.as_ref()
    }
}
