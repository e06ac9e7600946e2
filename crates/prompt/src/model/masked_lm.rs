//! BERT, RoBERTa and their relatives with a masked-LM head.

use burn::tensor::{Bool, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, EncoderOutput};
use plm_core::nn::{FeedForward, Ffn, Positions, TapPositions, Taps};
use plm_core::text::{Batch, SpecialToken, Tokenizer};

use super::embed::{before, column, frozen_on_autodiff, padding, places, single};
use super::{Pass, PromptModel, PromptStyle, ReadOut};
use crate::io::{to_absolute, to_zero_position};
use crate::soft_prompt::matrix_of;
use crate::{Error, PromptMatrix, Result};

/// A masked language model that reads a soft prompt before the text and answers at a mask.
///
/// The paper's scheme (Su et al. 2022, RoBERTa) is the default: slots have no position, slot 0 holds
/// the mask's word vector and is read.
#[derive(Debug, Clone)]
pub struct PromptedMaskedLM<F: Ffn = FeedForward> {
    /// The model.
    pub model: EncoderForMaskedLM<F>,
    /// What slots have for positions.
    pub style: PromptStyle,
    /// Where the answer is read.
    pub read_out: ReadOut,
    /// Id of the mask token.
    pub mask_id: usize,
    /// Id of the token that begins a text.
    pub first_id: usize,
}

impl<F: Ffn> PromptedMaskedLM<F> {
    /// `model` with the paper's scheme.
    ///
    /// # Errors
    /// [`Error::Core`] where the tokenizer has no mask token or none that begins a text, or does not
    /// fit the model.
    pub fn new(model: EncoderForMaskedLM<F>, tokenizer: &Tokenizer) -> Result<Self> {
        tokenizer.check_vocabulary(model.encoder.config.vocab_size)?;
        Ok(Self {
            model,
            style: PromptStyle::ZeroPosition,
            read_out: ReadOut::MaskSlot,
            mask_id: tokenizer.require(SpecialToken::Mask)? as usize,
            first_id: tokenizer.require(SpecialToken::Cls)? as usize,
        })
    }

    /// With another style and another place of the answer.
    pub fn with_layout(mut self, style: PromptStyle, read_out: ReadOut) -> Self {
        self.style = style;
        self.read_out = read_out;
        self
    }

    /// The mask's word vector, `[1, width]`.
    pub fn mask_vector(&self) -> Tensor<2> {
        let words = self.words();
        words.narrow(0, self.mask_id, 1)
    }

    /// The position vectors that `slots` slots take in the style [`PromptStyle::Absolute`], row by row.
    ///
    /// # Errors
    /// [`Error::TooLong`] where the model has too few positions.
    pub fn slot_positions(&self, slots: usize) -> Result<Vec<f32>> {
        let embeddings = &self.model.encoder.embeddings;
        let table = embeddings.position.weight.val();
        let first = embeddings.first_position;
        let limit = table.dims()[0] - first;
        if slots > limit {
            return Err(Error::TooLong {
                slots,
                tokens: 0,
                limit,
            });
        }
        let rows = table.narrow(0, first, slots);
        Ok(rows.into_data().iter::<f32>().collect())
    }

    /// The prompt that acts in the style [`PromptStyle::Absolute`], read at its first slot
    /// ([`ReadOut::FirstSlot`]), as `prompt` does in the paper's scheme: what PEFT can run.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where this model reads prompts in another way than the paper's; as
    /// [`crate::io::to_absolute`] and [`PromptedMaskedLM::slot_positions`].
    pub fn to_absolute(&self, prompt: &PromptMatrix) -> Result<PromptMatrix> {
        if self.layout() != Some((PromptStyle::ZeroPosition, ReadOut::MaskSlot)) {
            return Err(Error::Unsupported {
                backbone: "masked language model",
                reason: "only prompts without positions whose answer is read at the mask's slot can be \
                         rewritten (`PromptStyle::ZeroPosition`, `ReadOut::MaskSlot`); one of the style \
                         `Absolute` that is read at its first slot is what PEFT runs already",
            });
        }
        let mask = matrix_of(self.mask_vector());
        to_absolute(prompt, &self.slot_positions(prompt.rows())?, mask.values())
    }

    /// The prompt that acts in the paper's scheme as `prompt` does in the style
    /// [`PromptStyle::Absolute`].
    ///
    /// # Errors
    /// As [`crate::io::to_zero_position`] and [`PromptedMaskedLM::slot_positions`].
    pub fn to_zero_position(&self, prompt: &PromptMatrix) -> Result<PromptMatrix> {
        let mask = matrix_of(self.mask_vector());
        to_zero_position(prompt, &self.slot_positions(prompt.rows())?, mask.values())
    }

    /// What the encoder makes of prompts and text; the text begins behind the slots (and behind the
    /// mask token where the answer is read there).
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    /// - hidden states of the result: `[batch, slots (+ 1) + length, width]`
    ///
    /// # Panics
    /// If sizes do not fit.
    pub fn forward(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        pass: &Pass,
        taps: Taps,
    ) -> EncoderOutput {
        self.model
            .encoder
            .forward(&self.input(prompts, text, pass, taps))
    }

    /// The encoder's input: slots and words as vectors, with their positions.
    fn input(&self, prompts: Tensor<3>, text: &Batch, pass: &Pass, taps: Taps) -> EncoderInput {
        let embeddings = &self.model.encoder.embeddings;
        let device = prompts.device().inner();
        let [batch, length] = text.ids.dims();
        let [_, slots, _] = prompts.dims();
        let (ids, front) = match self.read_out {
            ReadOut::MaskToken => {
                let mask = column(self.mask_id, batch, &text.ids.device());
                (Tensor::cat(vec![mask, text.ids.clone()], 1), slots + 1)
            }
            ReadOut::MaskSlot | ReadOut::FirstSlot => (text.ids.clone(), slots),
        };
        let words = embeddings.words(ids, None);
        let embeds = before(self.filled(prompts), words);
        let first = embeddings.first_position;
        let positions = match self.style {
            PromptStyle::Absolute => Positions::Default,
            PromptStyle::ZeroPosition if slots == 0 => Positions::Default,
            PromptStyle::ZeroPosition => zero_at(slots, front + length, first, &device, batch),
        };
        let mut input = EncoderInput::embeds(embeds)
            .with_padding(padding(front, text.mask.clone()))
            .with_positions(positions)
            .with_dropout_context(pass.dropout.clone())
            .with_taps(taps);
        input.ffn_masks.clone_from(&pass.neuron_masks);
        input
    }

    /// The prompts with the mask's vector in slot 0 where it is read there.
    fn filled(&self, prompts: Tensor<3>) -> Tensor<3> {
        let [batch, slots, width] = prompts.dims();
        if self.read_out != ReadOut::MaskSlot || slots == 0 {
            return prompts;
        }
        let mask = self
            .mask_vector()
            .unsqueeze::<3>()
            .expand([batch, 1, width]);
        if slots == 1 {
            return mask;
        }
        Tensor::cat(vec![mask, prompts.narrow(1, 1, slots - 1)], 1)
    }

    /// The position where the answer is read.
    fn answer(&self, slots: usize) -> usize {
        match self.read_out {
            ReadOut::MaskSlot | ReadOut::FirstSlot => 0,
            ReadOut::MaskToken => slots,
        }
    }
}

/// Positions that are zero at the first `slots` and count on from `first + slots` behind them.
fn zero_at(
    slots: usize,
    length: usize,
    first: usize,
    device: &burn::tensor::Device,
    batch: usize,
) -> Positions {
    let ids: Vec<i64> = (0..length)
        .map(|place| if place < slots { first } else { first + place } as i64)
        .collect();
    let zero: Vec<bool> = (0..length).map(|place| place < slots).collect();
    let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [1, length]), device);
    let zero = Tensor::<2, Bool>::from_data(TensorData::new(zero, [1, length]), device);
    Positions::ZeroAt {
        ids: ids.expand([batch, length]),
        zero: zero.expand([batch, length]),
    }
}

impl<F: Ffn> PromptModel for PromptedMaskedLM<F> {
    fn width(&self) -> usize {
        self.model.encoder.config.hidden_size
    }

    fn words(&self) -> Tensor<2> {
        self.model.encoder.embeddings.word.weight.val()
    }

    /// Without dropout of the embeddings, as in the authors' code: what is trained is not dropped out.
    fn tracked(&self) -> Self {
        let mut model = frozen_on_autodiff(&self.model);
        model.encoder.embeddings.dropout = 0.0;
        Self {
            model,
            ..self.clone()
        }
    }

    fn max_length(&self) -> Option<usize> {
        let embeddings = &self.model.encoder.embeddings;
        let rows = self.model.encoder.config.max_position_embeddings;
        Some(rows.saturating_sub(embeddings.first_position + self.read_out.extra()))
    }

    fn min_slots(&self) -> usize {
        self.read_out.min_slots()
    }

    fn unread_slots(&self) -> usize {
        self.read_out.unread()
    }

    fn layout(&self) -> Option<(PromptStyle, ReadOut)> {
        Some((self.style, self.read_out))
    }

    fn answer_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        words: Tensor<1, Int>,
        pass: &Pass,
    ) -> Tensor<2> {
        let answer = self.answer(prompts.dims()[1]);
        let input = self.input(prompts, text, pass, Taps::default());
        let hidden = match self.read_out {
            ReadOut::MaskSlot | ReadOut::FirstSlot => self.model.encoder.first_token(&input),
            ReadOut::MaskToken => self.model.encoder.forward(&input).last_hidden_state,
        };
        let [batch, length, _] = hidden.dims();
        let device = hidden.device().inner();
        let places = places(batch, length, |_| answer, &device);
        self.model.logits_at(hidden, places, Some(words))
    }

    fn stimulated_neurons(&self, prompts: Tensor<3>) -> Vec<Tensor<2>> {
        let [batch, slots, _] = prompts.dims();
        let text = single(self.first_id, batch, &prompts.device());
        let layers = self.model.encoder.layers.len();
        let taps = Taps {
            ffn_activations: (0..layers).collect(),
            positions: TapPositions::Same(vec![self.answer(slots)]),
            ..Taps::default()
        };
        let tapped = self.forward(prompts, &text, &Pass::default(), taps).tapped;
        let values = tapped.ffn_activations.into_values();
        values.map(|value| value.squeeze_dim(1)).collect()
    }
}
