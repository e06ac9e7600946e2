//! Intrinsic subspace tuning: only a point of the subspace is trained (Qin et al. 2021, section 3.3).

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use plm_core::check::{finite, same_size};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use plm_core::train::freeze;

use super::PromptDecoder;
use crate::Result;
use crate::matrix::PromptMatrix;
use crate::soft_prompt::matrix_of;
use crate::source::PromptSource;

/// A prompt given by a point of a subspace: d_I trainable numbers in place of slots × width.
#[derive(Module, Debug)]
pub struct IntrinsicPrompt {
    /// The point z, `[points, dimensions]`; one point but for
    /// [`AutoEncoderKind::PerSlot`](super::AutoEncoderKind::PerSlot).
    pub point: Param<Tensor<2>>,
    /// Out of the subspace; not trained.
    pub decoder: PromptDecoder,
}

impl IntrinsicPrompt {
    /// A point drawn from N(0, .02) in the subspace of `decoder`.
    pub fn new(decoder: PromptDecoder, seed: Seed) -> Self {
        let config = decoder.config;
        let (points, dimensions) = (config.points(), config.dimensions);
        let values = normal(seed, "point", points * dimensions, 0.02);
        Self::from_values(decoder, values, points, dimensions)
    }

    /// The point `values`, point by point: what an encoder makes of a prompt, say.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) where the subspace has another number of dimensions;
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a number that is not finite.
    pub fn at(decoder: PromptDecoder, values: Vec<f32>) -> Result<Self> {
        let config = decoder.config;
        let (points, dimensions) = (config.points(), config.dimensions);
        same_size(
            "numbers of a point of the subspace",
            values.len(),
            points * dimensions,
        )?;
        finite("point of the subspace", values.iter().copied())?;
        Ok(Self::from_values(decoder, values, points, dimensions))
    }

    fn from_values(
        decoder: PromptDecoder,
        values: Vec<f32>,
        points: usize,
        dimensions: usize,
    ) -> Self {
        let device = decoder.device();
        let data = TensorData::new(values, [points, dimensions]);
        Self {
            point: Param::from_tensor(Tensor::from_data(data, &device)),
            decoder: freeze(decoder.valid(), |_| true),
        }
    }

    /// The prompt on the host: where prompt tuning can go on from.
    pub fn to_matrix(&self) -> PromptMatrix {
        matrix_of(self.clone().valid().prompts(&[0]).squeeze_dim(0))
    }
}

impl PromptSource for IntrinsicPrompt {
    fn prompts(&self, _tasks: &[usize]) -> Tensor<3> {
        self.decoder.forward(self.point.val().unsqueeze())
    }
}
