//! Signed distances to hyperplanes, as features and as class scores.

use burn::module::{Module, Param};
use burn::tensor::{Device, Tensor};
use plm_core::check::at_least;
use plm_core::kernel::{self, Activation};
use plm_core::nn::init::uniform;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::parameter::{glorot, parameter, point_width};
use crate::geometry::stable::{asinhc_root, sqrt_or_zero};
use crate::geometry::{Precision, lift};
use crate::{Curvature, Result};

/// Settings of [`PointToHyperplane`] and [`HyperplaneHead`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HyperplaneConfig {
    /// Components of an input point.
    pub d_input: usize,
    /// Number of hyperplanes: space components of an output point, or classes.
    pub hyperplanes: usize,
    /// Of both spaces.
    pub curvature: Curvature,
}

impl HyperplaneConfig {
    /// With k = 1.
    pub fn new(d_input: usize, hyperplanes: usize) -> Self {
        Self {
            d_input,
            hyperplanes,
            curvature: Curvature::UNIT,
        }
    }

    /// A layer whose hyperplanes pass through the origin, with normals by Glorot's rule.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init(
        &self,
        activation: Option<Activation>,
        seed: Seed,
        device: &Device,
    ) -> Result<PointToHyperplane> {
        Ok(PointToHyperplane {
            hyperplanes: self.hyperplanes(seed, device)?,
            activation,
        })
    }

    /// Class scores whose hyperplanes pass through the origin, with normals by Glorot's rule.
    ///
    /// # Errors
    /// As [`HyperplaneConfig::init`].
    pub fn init_head(&self, seed: Seed, device: &Device) -> Result<HyperplaneHead> {
        Ok(HyperplaneHead {
            hyperplanes: self.hyperplanes(seed, device)?,
        })
    }

    fn hyperplanes(&self, seed: Seed, device: &Device) -> Result<Hyperplanes> {
        point_width("HyperplaneConfig", "d_input", self.d_input)?;
        at_least("HyperplaneConfig", "hyperplanes", self.hyperplanes, 1)?;
        let (inputs, outputs) = (self.d_input - 1, self.hyperplanes);
        let normals = uniform(seed, "normal", inputs * outputs, glorot(inputs, outputs));
        Ok(Hyperplanes {
            normal: parameter(normals, [inputs, outputs], device),
            bias: parameter(vec![0.0; outputs], [outputs], device),
            curvature: self.curvature,
        })
    }
}

/// The hyperplanes {x : ⟨v, x⟩ = 0} with v = (|u| sinh(b/√k), cosh(b/√k) u): those at the signed
/// distance b from the origin, at right angles to u.
#[derive(Module, Debug)]
pub struct Hyperplanes {
    /// u, one column for each hyperplane: `[d_input − 1, hyperplanes]`.
    pub normal: Param<Tensor<2>>,
    /// b: `[hyperplanes]`.
    pub bias: Param<Tensor<1>>,
    #[module(skip)]
    curvature: Curvature,
}

impl Hyperplanes {
    /// ⟨v, x⟩ = √k |u| sinh(d/√k) with the signed distance d of x, and |u|².
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - result: `[.., hyperplanes]` and `[1, hyperplanes]`
    fn products<const D: usize>(&self, x: Tensor<D>) -> (Tensor<D>, Tensor<2>) {
        let normal = self.normal.val();
        let squares = normal.clone().square().sum_dim(0);
        let angle = self.bias.val().div_scalar(self.curvature.radius());
        let angle = angle.unsqueeze::<2>();
        let times = sqrt_or_zero(squares.clone()) * angle.clone().sinh();
        let columns = Tensor::cat(vec![times.neg(), normal * angle.cosh()], 0);
        (kernel::linear(x, columns, None), squares)
    }
}

/// The points whose space components are ⟨v, x⟩ of one hyperplane each, activated where an activation
/// is set (intrinsic Lorentz networks; "fully connected" after the distance to hyperplanes).
///
/// The bias is a distance; elsewhere it is divided by |u| first, which has a pole at u = 0.
#[derive(Module, Debug)]
pub struct PointToHyperplane {
    /// The hyperplanes.
    pub hyperplanes: Hyperplanes,
    #[module(skip)]
    activation: Option<Activation>,
}

impl PointToHyperplane {
    /// The points of `x`.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - result: `[.., hyperplanes + 1]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (products, _) = self.hyperplanes.products(x);
        let space = match self.activation {
            Some(activation) => kernel::activate(products, activation),
            None => products,
        };
        lift(space, self.hyperplanes.curvature)
    }
}

/// Multinomial logistic regression: the score of a class is |u| times the signed distance to its
/// hyperplane (Ganea et al. 2018; Bdeir et al., ICLR 2024, for the Lorentz model).
#[derive(Module, Debug)]
pub struct HyperplaneHead {
    /// One hyperplane for each class.
    pub hyperplanes: Hyperplanes,
}

impl HyperplaneHead {
    /// The scores √k |u| asinh(⟨v, x⟩ / (√k |u|)) of all classes.
    ///
    /// # Shapes
    /// - x: `[.., d_input]`
    /// - result: `[.., classes]`
    pub fn forward<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        let (products, squares) = self.hyperplanes.products(x);
        let k = self.hyperplanes.curvature.k();
        let tiny = Precision::of(squares.dtype()).tiny;
        let lengths = sqrt_or_zero(squares)
            .clamp_min(tiny.sqrt())
            .unsqueeze::<D>();
        let sines = products.clone() / lengths;
        products * asinhc_root(sines.square().div_scalar(k))
    }
}
