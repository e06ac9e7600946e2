//! Telling a sequence's points where they stand.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::check::at_least;
use plm_core::kernel::SiteMask;
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::linear::{LorentzLinear, LorentzLinearConfig};
use super::linear_output::Parity;
use super::parameter::parameter;
use crate::{Curvature, Error, Result};

/// Where the vectors of positions come from.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PositionTable {
    /// Learned, normal with deviation 0.02 at first.
    #[default]
    Learned,
    /// Sines and cosines (Vaswani et al. 2017, section 3.5), which are not trained.
    Sinusoidal,
}

/// Settings of a [`PositionEncoding`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionEncodingConfig {
    /// Components of a point.
    pub d_model: usize,
    /// The longest sequence.
    pub max_length: usize,
    /// Where the vectors come from.
    pub table: PositionTable,
    /// Of both spaces.
    pub curvature: Curvature,
    /// A variant of the linear layer.
    pub parity: Option<Parity>,
}

impl PositionEncodingConfig {
    /// Learned vectors for sequences of up to 5000 points, k = 1.
    pub fn new(d_model: usize) -> Self {
        Self {
            d_model,
            max_length: 5000,
            table: PositionTable::Learned,
            curvature: Curvature::UNIT,
            parity: None,
        }
    }

    /// A layer of these settings.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<PositionEncoding> {
        at_least("PositionEncodingConfig", "max_length", self.max_length, 1)?;
        let linear = LorentzLinearConfig {
            curvature: self.curvature,
            ..LorentzLinearConfig::variant(self.d_model, self.d_model, self.parity)
        };
        let linear = linear.init(seed.child("linear"), device)?;
        let shape = [self.max_length, self.d_model];
        let table = match self.table {
            PositionTable::Learned => {
                let values = normal(seed, "table", shape[0] * shape[1], 0.02);
                parameter(values, shape, device)
            }
            PositionTable::Sinusoidal => {
                parameter(sinusoids(shape), shape, device).set_require_grad(false)
            }
        };
        Ok(PositionEncoding { linear, table })
    }
}

/// Interleaved sines and cosines: entry 2i and 2i + 1 of position p are those of p / 10000^(2i/width).
fn sinusoids([length, width]: [usize; 2]) -> Vec<f32> {
    let value = |position: usize, at: usize| {
        let pair = (at - at % 2) as f64 / width as f64;
        let angle = position as f64 / 10_000_f64.powf(pair);
        (if at.is_multiple_of(2) {
            angle.sin()
        } else {
            angle.cos()
        }) as f32
    };
    (0..length)
        .flat_map(|position| (0..width).map(move |at| value(position, at)))
        .collect()
}

/// A linear layer with the position's vector, which is Euclidean, as its residual.
#[derive(Module, Debug)]
pub struct PositionEncoding {
    /// The layer.
    pub linear: LorentzLinear,
    /// Vectors of all positions: `[max_length, d_model]`.
    pub table: Param<Tensor<2>>,
}

impl PositionEncoding {
    /// The points of `x` at their positions, from 0. The authors drop one tenth of the input always.
    ///
    /// # Shapes
    /// - x, result: `[batch, length, d_model]`
    /// - dropout: of the input
    ///
    /// # Errors
    /// [`Error::Core`] where the sequence is longer than the table.
    pub fn forward(&self, x: Tensor<3>, dropout: Option<&SiteMask>) -> Result<Tensor<3>> {
        let length = x.dims()[1];
        let table = self.table.val();
        let limit = table.dims()[0];
        if length > limit {
            return Err(Error::invalid(
                "sequence",
                format!("has {length} points, the table of positions {limit}; raise `max_length`"),
            ));
        }
        let positions = table.narrow(0, 0, length).unsqueeze_dim(0);
        Ok(self.linear.forward_residual(x, positions, dropout))
    }
}
