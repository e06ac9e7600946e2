//! Windows with noise, and the loss at the places that it chose.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, loss};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::MlmMasking;

/// One batch with its noise.
#[derive(Debug, Clone)]
pub(crate) struct MaskedWindows {
    /// The ids to feed, window after window.
    pub(crate) ids: Vec<i64>,
    /// Number of windows.
    pub(crate) windows: usize,
    /// The chosen places of `ids`, ascending.
    pub(crate) places: Vec<i64>,
    /// The original ids at `places`.
    pub(crate) targets: Vec<i64>,
}

impl MaskedWindows {
    /// `windows`, all of one length, with noise drawn from `seed`.
    pub(super) fn draw(
        windows: &[Vec<u32>],
        masking: &MlmMasking,
        seed: Seed,
    ) -> plm_core::Result<Self> {
        let length = windows[0].len();
        let mut rng = seed.rng();
        let (mut ids, mut places, mut targets) = (Vec::new(), Vec::new(), Vec::new());
        for (row, window) in windows.iter().enumerate() {
            let masked = masking.mask_ids(window, None, &mut rng)?;
            let chosen = masked.positions.iter();
            ids.extend(masked.ids.iter().map(|&id| i64::from(id)));
            places.extend(chosen.map(|&at| (row * length + at) as i64));
            targets.extend(masked.targets.iter().map(|&id| i64::from(id)));
        }
        Ok(Self {
            ids,
            windows: windows.len(),
            places,
            targets,
        })
    }

    /// How many places are chosen.
    pub(crate) fn count(&self) -> usize {
        self.places.len()
    }

    /// Mean loss at the chosen places, and how many are right.
    pub(super) fn loss(
        &self,
        model: &EncoderForMaskedLM,
        dropout: DropoutMode,
        device: &Device,
    ) -> (Tensor<1>, Tensor<1>) {
        let count = self.count();
        let length = self.ids.len() / self.windows;
        let list = |ids: &[i64]| {
            Tensor::<1, Int>::from_data(TensorData::new(ids.to_vec(), [ids.len()]), device)
        };
        let ids = list(&self.ids).reshape([self.windows, length]);
        let (places, targets) = (list(&self.places), list(&self.targets));
        let input = EncoderInput::ids(ids).with_dropout(dropout);
        let hidden = model.encoder.forward(&input).last_hidden_state;
        let logits = model.logits_at(hidden, places, None);
        let best = logits.clone().detach().argmax(1).reshape([count]);
        let hits = best.equal(targets.clone()).float().sum();
        (loss::cross_entropy(logits, targets), hits)
    }
}
