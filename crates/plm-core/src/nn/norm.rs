//! Normalization layers.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};

use crate::kernel::{self, SiteMask};

/// Layer normalization over the last axis (Ba et al. 2016).
#[derive(Module, Debug)]
pub struct LayerNorm {
    /// Scale, `[width]`.
    pub gamma: Param<Tensor<1>>,
    /// Shift, `[width]`.
    pub beta: Param<Tensor<1>>,
    /// Added to the variance.
    #[module(skip)]
    pub epsilon: f64,
}

impl LayerNorm {
    /// The identity scale and shift for vectors of `width`.
    pub fn new(width: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            gamma: burn::nn::Initializer::Ones.init([width], device),
            beta: burn::nn::Initializer::Zeros.init([width], device),
            epsilon,
        }
    }

    /// Normalizes the last axis.
    ///
    /// # Shapes
    /// - x and result: `[..., width]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        kernel::layer_norm(x, self.gamma.val(), self.beta.val(), self.epsilon)
    }

    /// Normalizes `dropout(x) + residual`.
    ///
    /// # Shapes
    /// - x, residual and result: `[batch, ..., width]`
    pub fn forward_add<const D: usize>(
        &self,
        x: Tensor<D>,
        residual: Tensor<D>,
        mask: Option<&SiteMask>,
    ) -> Tensor<D> {
        let (gamma, beta) = (self.gamma.val(), self.beta.val());
        kernel::add_layer_norm(x, residual, gamma, beta, self.epsilon, mask)
    }
}

/// Root-mean-square normalization over the last axis (Zhang and Sennrich 2019), as in T5.
#[derive(Module, Debug)]
pub struct RmsNorm {
    /// Scale, `[width]`.
    pub gamma: Param<Tensor<1>>,
    /// Added to the mean square.
    #[module(skip)]
    pub epsilon: f64,
}

impl RmsNorm {
    /// The identity scale for vectors of `width`.
    pub fn new(width: usize, epsilon: f64, device: &Device) -> Self {
        Self {
            gamma: burn::nn::Initializer::Ones.init([width], device),
            epsilon,
        }
    }

    /// Normalizes the last axis.
    ///
    /// # Shapes
    /// - x and result: `[..., width]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        kernel::rms_norm(x, self.gamma.val(), self.epsilon)
    }
}
