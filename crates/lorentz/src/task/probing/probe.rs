//! The probes.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{apply, zero_linear};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::geometry::{distance_from_origin, distance_pairwise, lift};
use crate::nn::{TimeFromSpace, TimeFromSpaceConfig};
use crate::{Curvature, Result};

/// A map of words' vectors into a space whose squared distances are read as steps of a tree.
pub trait Probe: Module {
    /// Numbers of a word's vector.
    fn width(&self) -> usize;

    /// The squared distances of all pairs of words.
    ///
    /// # Shapes
    /// - states: `[batch, words, width]`
    /// - result: `[batch, words, words]`
    fn distances(&self, states: Tensor<3>) -> Tensor<3>;

    /// The squared distances from the origin.
    ///
    /// # Shapes
    /// - states: `[batch, words, width]`
    /// - result: `[batch, words]`
    fn depths(&self, states: Tensor<3>) -> Tensor<2>;
}

/// Settings of a probe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProbeConfig {
    /// Numbers of a word's vector.
    pub width: usize,
    /// Dimensions of the probe's space; a point of it in the Lorentz model has a time besides.
    pub dimensions: usize,
    /// Whether the vectors are points of a hyperboloid of this curvature, which a Lorentz probe takes as
    /// they are; otherwise it lifts them to one. The Euclidean probe takes all numbers either way.
    pub points: bool,
    /// Of the Lorentz probe's space and of the vectors' where they are points.
    pub curvature: Curvature,
}

impl ProbeConfig {
    /// For vectors that are no points, with k = 1.
    pub fn new(width: usize, dimensions: usize) -> Self {
        Self {
            width,
            dimensions,
            points: false,
            curvature: Curvature::UNIT,
        }
    }

    /// For points of a hyperboloid with k = 1.
    pub fn of_points(width: usize, dimensions: usize) -> Self {
        Self {
            points: true,
            ..Self::new(width, dimensions)
        }
    }

    /// A Euclidean probe.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where a size is 0.
    pub fn init_euclidean(&self, seed: Seed, device: &Device) -> Result<EuclideanProbe> {
        self.check()?;
        let probe = EuclideanProbe {
            linear: zero_linear(self.width, self.dimensions, false, device),
        };
        Ok(initialize(probe, seed, |_| Init::Glorot))
    }

    /// A Lorentz probe.
    ///
    /// # Errors
    /// As [`ProbeConfig::init_euclidean`].
    pub fn init_lorentz(&self, seed: Seed, device: &Device) -> Result<LorentzProbe> {
        self.check()?;
        let config = TimeFromSpaceConfig {
            bias: false,
            input_curvature: self.curvature,
            output_curvature: self.curvature,
            ..TimeFromSpaceConfig::new(self.width + usize::from(!self.points), self.dimensions + 1)
        };
        Ok(LorentzProbe {
            layer: config.init(seed, device)?,
            points: self.points,
        })
    }

    fn check(&self) -> Result<()> {
        if self.width > 0 && self.dimensions > 0 {
            return Ok(());
        }
        let reason = format!(
            "is {} with `dimensions` {}, both must be at least 1",
            self.width, self.dimensions
        );
        Err(plm_core::Error::config("ProbeConfig", "width", reason).into())
    }
}

/// |B(x − y)|² and |B x|² (Hewitt and Manning 2019, sections 2.2 and 2.3).
#[derive(Module, Debug)]
pub struct EuclideanProbe {
    /// B: `[width, dimensions]`.
    pub linear: Linear,
}

impl Probe for EuclideanProbe {
    fn width(&self) -> usize {
        self.linear.weight.val().dims()[0]
    }

    fn distances(&self, states: Tensor<3>) -> Tensor<3> {
        let x = apply(&self.linear, states);
        let squares = x.clone().square().sum_dim(2);
        let products = x.clone().matmul(x.swap_dims(1, 2)).mul_scalar(2.0);
        (squares.clone() + squares.swap_dims(1, 2) - products).clamp_min(0.0)
    }

    fn depths(&self, states: Tensor<3>) -> Tensor<2> {
        let x = apply(&self.linear, states);
        x.square().sum_dim(2).squeeze_dim(2)
    }
}

/// The squared geodesic distances of points that a [`TimeFromSpace`] layer makes.
#[derive(Module, Debug)]
pub struct LorentzProbe {
    /// The layer.
    pub layer: TimeFromSpace,
    #[module(skip)]
    points: bool,
}

impl LorentzProbe {
    fn map(&self, states: Tensor<3>) -> Tensor<3> {
        let curvature = self.layer.curvature();
        let points = match self.points {
            true => states,
            false => lift(states, curvature),
        };
        self.layer.forward(points)
    }
}

impl Probe for LorentzProbe {
    fn width(&self) -> usize {
        let components = self.layer.linear.weight.val().dims()[0];
        components - usize::from(!self.points)
    }

    fn distances(&self, states: Tensor<3>) -> Tensor<3> {
        let points = self.map(states);
        distance_pairwise(points.clone(), points, self.layer.curvature()).square()
    }

    fn depths(&self, states: Tensor<3>) -> Tensor<2> {
        let distances = distance_from_origin(self.map(states), self.layer.curvature());
        distances.square().squeeze_dim(2)
    }
}
