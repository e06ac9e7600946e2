//! The Lorentz linear layer.

use burn::module::{Module, Param};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::check::positive;
use plm_core::kernel::{self, Activation, SiteMask};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::linear_output::{Parity, bounded_point};
use super::parameter::{head_count, parameter, point_width, uniform_linear};
use crate::geometry::{space, time};
use crate::kernel::{self as fused, Affine};
use crate::{Curvature, Error, Result};

/// The largest λ. Gradients hold squared times over the square of the 10⁻⁶ that directions are divided
/// with: λ² 10¹², which must leave room in single precision.
const LARGEST_SCALE: f64 = 1e12;

/// Settings of a [`LorentzLinear`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LorentzLinearConfig {
    /// Components of an input, all its heads together.
    pub d_input: usize,
    /// Components of an output, all its heads together.
    pub d_output: usize,
    /// Number of points that an input holds in a row.
    pub input_heads: usize,
    /// Number of points that an output holds in a row.
    pub output_heads: usize,
    /// Whether there is a bias.
    pub bias: bool,
    /// Activation of the input, its time included.
    pub activation: Option<Activation>,
    /// λ before training: how far the time of an output can rise. At most 10¹², so that squares of times
    /// are finite in single precision, gradients included.
    pub scale: f64,
    /// Of both spaces; the layer does not use the input's.
    pub curvature: Curvature,
    /// A variant of the authors' code instead of the one without its defects.
    pub parity: Option<Parity>,
}

impl LorentzLinearConfig {
    /// One point to one point, with a bias, without an activation, with λ = 10 and k = 1.
    pub fn new(d_input: usize, d_output: usize) -> Self {
        Self {
            d_input,
            d_output,
            input_heads: 1,
            output_heads: 1,
            bias: true,
            activation: None,
            scale: 10.0,
            curvature: Curvature::UNIT,
            parity: None,
        }
    }

    /// As [`LorentzLinearConfig::new`], in this variant with the λ that the authors start it with.
    pub fn variant(d_input: usize, d_output: usize, parity: Option<Parity>) -> Self {
        let plain = Self::new(d_input, d_output);
        let scale = match parity {
            Some(Parity::Mt) => Parity::MT_SCALE,
            None | Some(Parity::Gcn | Parity::Kg) => plain.scale,
        };
        Self {
            scale,
            parity,
            ..plain
        }
    }

    /// A layer of these settings. Weights are uniform within ±1/√d_output but for those of the input's
    /// times, which are 0: at first the layer contains no boost. Biases are 0. [`Parity`] has its own
    /// bounds.
    ///
    /// # Errors
    /// [`Error::Core`] naming the setting, its value and the limit.
    pub fn init(&self, seed: Seed, device: &Device) -> Result<LorentzLinear> {
        const ORIGIN: &str = "LorentzLinearConfig";
        point_width(ORIGIN, "d_input", self.d_input)?;
        point_width(ORIGIN, "d_output", self.d_output)?;
        head_count(ORIGIN, "input_heads", self.input_heads, self.d_input)?;
        head_count(ORIGIN, "output_heads", self.output_heads, self.d_output)?;
        positive(ORIGIN, "scale", self.scale)?;
        if self.scale > LARGEST_SCALE {
            let reason = format!("is {}, must be at most {LARGEST_SCALE:e}", self.scale);
            return Err(Error::config(ORIGIN, "scale", reason));
        }
        if self.parity.is_some() && self.curvature != Curvature::UNIT {
            return Err(Error::config(
                ORIGIN,
                "parity",
                format!("needs k = 1, but k is {}", self.curvature.k()),
            ));
        }
        let bound = match self.parity {
            None | Some(Parity::Gcn) => (self.d_output as f64).sqrt().recip(),
            Some(Parity::Mt) => 0.02,
            // Kaiming's rule on a tensor `[relations, d, d]`, of which it takes d² for the inputs.
            Some(Parity::Kg) => (6.0 / (self.d_input * self.d_output) as f64).sqrt(),
        };
        let d_head = self.d_input / self.input_heads;
        let starts_with_boost = self.parity == Some(Parity::Kg);
        let silent = |input: usize| !starts_with_boost && input.is_multiple_of(d_head);
        let widths = [self.d_input, self.d_output];
        let log_scale = parameter(vec![self.scale.ln() as f32], [1], device);
        Ok(LorentzLinear {
            linear: uniform_linear(widths, self.bias, bound, silent, seed, device),
            log_scale: log_scale.set_require_grad(self.parity != Some(Parity::Kg)),
            output_heads: self.output_heads,
            activation: self.activation,
            curvature: self.curvature,
            parity: self.parity,
        })
    }
}

/// The layer of fully hyperbolic networks (HyboNet, arXiv:2105.14686, equation 3), with
/// z = W h(x) + b, and the residual added to it where there is one:
///
/// y = (√(k + |φ|²), φ) with φ = √(τ² − k) z_s / √(|z_s|² + 10⁻⁶) and τ = λ σ(z₀) + √k + 0.1.
///
/// τ is the output's time up to the 10⁻⁶, so outputs lie within acosh((λ + 0.1)/√k + 1) √k of the
/// origin. The authors' code has 1.1 where √k + 0.1 stands here, right for k = 1 only, and its outputs
/// leave the hyperboloid where |z_s|² < 10⁻⁸; [`Parity`] reproduces that. As in the code, and unlike
/// the paper, the residual is added to z₀ too, and the activation acts on the input's time too.
///
/// In single precision, z must stay below 10¹⁸.
#[derive(Module, Debug)]
pub struct LorentzLinear {
    /// W and b: `[d_input, d_output]`, `[d_output]`; column 0 of every head gives z₀.
    pub linear: Linear,
    /// ln λ: `[1]`.
    pub log_scale: Param<Tensor<1>>,
    #[module(skip)]
    output_heads: usize,
    #[module(skip)]
    activation: Option<Activation>,
    #[module(skip)]
    curvature: Curvature,
    #[module(skip)]
    parity: Option<Parity>,
}

impl LorentzLinear {
    /// The points of `x`.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - dropout: of the activated input, its time included
    /// - result: `[.., d_output]`, head after head
    pub fn forward<const D: usize>(&self, x: Tensor<D>, dropout: Option<&SiteMask>) -> Tensor<D> {
        self.run(x, None, dropout)
    }

    /// The points of `x` with `residual` added before the time is taken.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - residual: `[.., d_output]`, or 1 in place of an axis
    /// - dropout: of the activated input, its time included
    /// - result: `[.., d_output]`, head after head
    pub fn forward_residual<const D: usize>(
        &self,
        x: Tensor<D>,
        residual: Tensor<D>,
        dropout: Option<&SiteMask>,
    ) -> Tensor<D> {
        self.run(x, Some(residual), dropout)
    }

    /// The curvature of the outputs.
    pub fn curvature(&self) -> Curvature {
        self.curvature
    }

    fn run<const D: usize>(
        &self,
        x: Tensor<D>,
        residual: Option<Tensor<D>>,
        dropout: Option<&SiteMask>,
    ) -> Tensor<D> {
        let x = match self.activation {
            Some(activation) => kernel::activate(x, activation),
            None => x,
        };
        let x = match dropout {
            Some(mask) => kernel::dropout(x, Some(mask)),
            None => x,
        };
        let bias = self.linear.bias.as_ref().map(Param::val);
        let weight = self.linear.weight.val();
        if self.parity.is_none() && residual.is_none() {
            let map = Affine {
                weight: weight.clone(),
                bias: bias.clone(),
            };
            let (scale, heads) = (self.log_scale.val(), self.output_heads);
            if let Some(points) = fused::bounded_map(&x, &map, &scale, self.curvature, heads) {
                return points;
            }
        }
        let kg = self.parity == Some(Parity::Kg);
        let raw = kernel::linear(x, weight, bias.clone().filter(|_| !kg));
        let logits = kg.then(|| raw.clone());
        let mut z = raw;
        if let Some(bias) = bias.filter(|_| kg) {
            z = z + bias.unsqueeze::<D>();
        }
        if let Some(residual) = residual {
            z = z + residual;
        }
        if self.output_heads == 1 {
            return self.point(logits, z);
        }
        let dims = z.dims();
        let d_head = dims[D - 1] / self.output_heads;
        let rows = dims[..D - 1].iter().product();
        let heads = |z: Tensor<D>| z.reshape([rows, self.output_heads, d_head]);
        self.point::<3>(logits.map(heads), heads(z)).reshape(dims)
    }

    /// The points of z, with times from `logits` where these are given.
    fn point<const D: usize>(&self, logits: Option<Tensor<D>>, z: Tensor<D>) -> Tensor<D> {
        let scale = self.log_scale.val();
        let plain = |z: Tensor<D>| {
            let logits = time(logits.unwrap_or_else(|| z.clone()));
            bounded_point(logits, space(z), scale.clone(), self.curvature, self.parity)
        };
        if self.parity.is_some() {
            return plain(z);
        }
        fused::bounded_point(z, &scale, self.curvature, plain)
    }
}
