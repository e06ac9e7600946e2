//! T5 and BART: slots before the encoder's text, the answer as the first word that the decoder writes.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::same_size;
use plm_core::generate::{Generation, GenerationConfig, generate};
use plm_core::models::{
    BartForConditionalGeneration, EncoderInput, Seq2SeqInput, Stack, T5ForConditionalGeneration,
};
use plm_core::nn::{FeedForward, TapPositions, Taps};
use plm_core::rng::Seed;
use plm_core::text::Batch;

use super::embed::{before, frozen_on_autodiff, padding, places, single};
use super::seq2seq_lm::Seq2SeqLM;
use super::{Pass, PromptModel, TextModel};
use crate::Result;

/// T5 or BART with a soft prompt before the encoder's text. The decoder gets none.
///
/// T5's positions are relative, so a slot's place counts; BART's slots have positions of their own.
///
/// A class is answered by the first word of the decoder's text. T5 writes it at once; BART writes `<s>`
/// first, so that its decoder is given `</s> <s>` and read one place later. Targets of
/// [`TextModel::target_scores`] are whole texts: BART's begin with `<s>`, as its tokenizer puts it.
#[derive(Debug, Clone)]
pub struct PromptedSeq2Seq<M> {
    /// The model.
    pub model: M,
    /// Whether padding is hidden, while training and while scoring. The authors' training of T5 lets the
    /// encoder attend to it, their evaluation does not: for their way score with a model that hides it.
    pub hide_padding: bool,
    /// The token that is the whole text when neurons are stimulated (T5: `<extra_id_0>`).
    pub probe_id: usize,
    /// The stack whose neurons are looked at and switched off.
    pub neurons: Stack,
    /// What the decoder reads between its start token and the first word of an answer: nothing for T5,
    /// `<s>` (id 0) for BART.
    pub answer_prefix: Vec<usize>,
}

/// T5 with a soft prompt.
pub type PromptedT5<F = FeedForward> = PromptedSeq2Seq<T5ForConditionalGeneration<F>>;
/// BART with a soft prompt.
pub type PromptedBart<F = FeedForward> = PromptedSeq2Seq<BartForConditionalGeneration<F>>;

impl<M: Seq2SeqLM> PromptedSeq2Seq<M> {
    /// `model` with padding hidden and the decoder's neurons looked at.
    pub fn new(model: M, probe_id: usize) -> Self {
        Self {
            answer_prefix: model.answer_prefix(),
            model,
            hide_padding: true,
            probe_id,
            neurons: Stack::Decoder,
        }
    }

    /// The encoder's input: slots before word vectors.
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    pub fn encoder_input(&self, prompts: Tensor<3>, text: &Batch, pass: &Pass) -> EncoderInput {
        let [batch, length] = text.ids.dims();
        let [_, slots, width] = prompts.dims();
        let ids = text.ids.clone().reshape([batch * length]);
        let words = self.model.table().select(0, ids) * self.model.word_scale();
        let embeds = before(prompts, words.reshape([batch, length, width]));
        let mut input = EncoderInput::embeds(embeds).with_dropout_context(pass.dropout.clone());
        if self.hide_padding {
            input = input.with_padding(padding(slots, text.mask.clone()));
        }
        if self.neurons == Stack::Encoder {
            input.ffn_masks.clone_from(&pass.neuron_masks);
        }
        input
    }

    /// Both inputs; the decoder reads `ids`.
    fn input(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        ids: Tensor<2, Int>,
        pass: &Pass,
    ) -> Seq2SeqInput {
        let mut decoder = EncoderInput::ids(ids).with_dropout_context(pass.dropout.clone());
        if self.neurons == Stack::Decoder {
            decoder.ffn_masks.clone_from(&pass.neuron_masks);
        }
        Seq2SeqInput::new(self.encoder_input(prompts, text, pass), decoder)
    }

    /// What the decoder reads before the first word of an answer, `[batch, tokens]`: that word is read
    /// at the last of these places.
    fn beginning(&self, batch: usize, device: &Device) -> Tensor<2, Int> {
        let ids: Vec<i64> = std::iter::once(self.model.start_id())
            .chain(self.answer_prefix.iter().copied())
            .map(|id| id as i64)
            .collect();
        let shape = [batch, ids.len()];
        Tensor::from_data(TensorData::new(ids.repeat(batch), shape), device)
    }

    /// Writes answers.
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    ///
    /// # Errors
    /// As [`PromptModel::check`], and as [`generate`]; [`Error::Size`](crate::Error::Size) for several
    /// prompts that are not one for each text.
    pub fn generate(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        settings: &GenerationConfig,
        seed: Seed,
    ) -> Result<Generation> {
        let [count, slots, width] = prompts.dims();
        let [batch, length] = text.ids.dims();
        if count != 1 {
            same_size("prompts of a batch", count, batch)?;
        }
        self.check(slots, width, length)?;
        let input = self.encoder_input(prompts, text, &Pass::default());
        Ok(generate(&self.model, &input, settings, seed)?)
    }
}

impl<M: Seq2SeqLM> PromptModel for PromptedSeq2Seq<M> {
    fn width(&self) -> usize {
        self.model.width()
    }

    fn words(&self) -> Tensor<2> {
        self.model.table()
    }

    fn tracked(&self) -> Self {
        Self {
            model: frozen_on_autodiff(&self.model),
            ..self.clone()
        }
    }

    /// All positions of the encoder, which has as many as the decoder.
    fn max_length(&self) -> Option<usize> {
        self.model.max_positions()
    }

    fn min_slots(&self) -> usize {
        0
    }

    fn answer_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        words: Tensor<1, Int>,
        pass: &Pass,
    ) -> Tensor<2> {
        let [batch, _] = text.ids.dims();
        let beginning = self.beginning(batch, &text.ids.device());
        let output = self.model.run(&self.input(prompts, text, beginning, pass));
        let hidden = output.decoder.last_hidden_state;
        let [_, length, _] = hidden.dims();
        let device = hidden.device().inner();
        let places = places(batch, length, |_| length - 1, &device);
        self.model.scores_at(hidden, places, Some(words))
    }

    fn stimulated_neurons(&self, prompts: Tensor<3>) -> Vec<Tensor<2>> {
        let [batch, slots, _] = prompts.dims();
        let device = prompts.device();
        let text = single(self.probe_id, batch, &device);
        let beginning = self.beginning(batch, &device);
        let mut input = self.input(prompts, &text, beginning, &Pass::default());
        let position = match self.neurons {
            Stack::Encoder => slots,
            Stack::Decoder => self.answer_prefix.len(),
        };
        let taps = Taps {
            ffn_activations: (0..self.model.layers(self.neurons)).collect(),
            positions: TapPositions::Same(vec![position]),
            ..Taps::default()
        };
        match self.neurons {
            Stack::Encoder => input.encoder.taps = taps,
            Stack::Decoder => input.decoder.taps = taps,
        }
        let output = self.model.run(&input);
        let values = match self.neurons {
            Stack::Encoder => output.encoder.tapped.ffn_activations,
            Stack::Decoder => output.decoder.tapped.own.ffn_activations,
        };
        let values = values.into_values();
        values.map(|value| value.squeeze_dim(1)).collect()
    }
}

impl<M: Seq2SeqLM> TextModel for PromptedSeq2Seq<M> {
    /// All positions of the decoder, which has as many as the encoder.
    fn target_room(&self, _slots: usize, _tokens: usize) -> Option<usize> {
        self.model.max_positions()
    }

    fn target_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        targets: Tensor<2, Int>,
        pass: &Pass,
    ) -> Tensor<2> {
        let [batch, length] = targets.dims();
        let ids = self.model.shifted(targets);
        let output = self.model.run(&self.input(prompts, text, ids, pass));
        let hidden = output.decoder.last_hidden_state;
        let places = Tensor::arange(0..(batch * length) as i64, &hidden.device().inner());
        self.model.scores_at(hidden, places, None)
    }
}
