use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::models::{EncoderForMaskedLM, EncoderModel, MaskedLMHead};
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{apply, zero_linear};
use plm_core::rng::Seed;

use super::{EventContrast, ScoreFunction};
use crate::{Error, Result};

/// The linear maps of triggers and arguments whose cosine is the score.
#[derive(Module, Debug)]
pub struct Projections {
    /// The map of triggers, `[hidden, hidden]`.
    pub trigger: Linear,
    /// The map of arguments, `[hidden, hidden]`.
    pub argument: Linear,
}

/// A text encoder with what pre-training compares its spans by.
#[derive(Module, Debug)]
pub struct EventEncoder {
    /// The encoder: what is kept after pre-training.
    pub encoder: EncoderModel,
    /// The masked-LM head, where masked words are predicted too.
    pub head: Option<MaskedLMHead>,
    /// The maps of cosine scores.
    pub projections: Option<Projections>,
    /// The matrix of bilinear scores, `[hidden, hidden]`.
    pub bilinear: Option<Linear>,
}

impl EventEncoder {
    /// `encoder` with new maps for the score of `contrast`: Glorot weights from `seed`, biases 0.
    pub fn new(
        encoder: EncoderModel,
        contrast: &EventContrast,
        seed: Seed,
        device: &Device,
    ) -> Self {
        let width = encoder.config.hidden_size;
        let device = device.clone().inner();
        let (projections, bilinear) = match contrast.score {
            ScoreFunction::Cosine { .. } => {
                let linear = || zero_linear(width, width, true, &device);
                let maps = Projections {
                    trigger: linear(),
                    argument: linear(),
                };
                (Some(initialize(maps, seed, rule)), None)
            }
            ScoreFunction::Bilinear => {
                let map = zero_linear(width, width, false, &device);
                (None, Some(initialize(map, seed, rule)))
            }
        };
        Self {
            encoder,
            head: None,
            projections,
            bilinear,
        }
    }

    /// As [`EventEncoder::new`], with the masked-LM head of `model`.
    pub fn from_masked_lm(
        model: EncoderForMaskedLM,
        contrast: &EventContrast,
        seed: Seed,
        device: &Device,
    ) -> Self {
        Self {
            head: Some(model.head),
            ..Self::new(model.encoder, contrast, seed, device)
        }
    }

    /// Checks that spans are compared by `score`.
    pub(super) fn check_score(&self, score: ScoreFunction) -> Result<()> {
        let fits = match score {
            ScoreFunction::Cosine { .. } => self.projections.is_some(),
            ScoreFunction::Bilinear => self.projections.is_none() && self.bilinear.is_some(),
        };
        if fits {
            return Ok(());
        }
        let reason = format!(
            "compares spans by other maps than those of {score:?}; make it by `EventEncoder::new` \
             with the same `EventContrast`"
        );
        Err(Error::invalid("model", reason))
    }

    /// Spans as triggers: projected and of length 1, or multiplied by the bilinear matrix.
    ///
    /// # Shapes
    /// - pooled: `[spans, hidden]`, the result the same
    pub fn triggers(&self, pooled: Tensor<2>) -> Tensor<2> {
        match (&self.projections, &self.bilinear) {
            (Some(maps), _) => unit(apply(&maps.trigger, pooled)),
            (None, Some(matrix)) => apply(matrix, pooled),
            (None, None) => pooled,
        }
    }

    /// Spans as arguments: projected and of length 1, or as they are.
    ///
    /// # Shapes
    /// As [`EventEncoder::triggers`].
    pub fn arguments(&self, pooled: Tensor<2>) -> Tensor<2> {
        match &self.projections {
            Some(maps) => unit(apply(&maps.argument, pooled)),
            None => pooled,
        }
    }
}

fn rule(path: &str) -> Init {
    if path.ends_with("bias") {
        Init::Constant(0.0)
    } else {
        Init::Glorot
    }
}

/// Rows divided by their length + 1e-8. The square is kept off 0, where the root has no gradient.
pub(crate) fn unit(rows: Tensor<2>) -> Tensor<2> {
    let square = rows.clone().square().sum_dim(1).clamp_min(1e-24);
    rows / square.sqrt().add_scalar(1e-8)
}
