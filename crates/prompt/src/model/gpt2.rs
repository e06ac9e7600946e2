//! GPT-2: slots before the text, the answer as the next word.

use burn::tensor::{Int, Tensor};
use plm_core::models::{EncoderInput, Gpt2LmHeadModel, Gpt2Model};
use plm_core::nn::{FeedForward, Ffn, TapPositions, Taps};
use plm_core::text::Batch;

use super::embed::{before, frozen_on_autodiff, padding, places, single};
use super::{Pass, PromptModel, TextModel};

/// GPT-2 that reads a soft prompt before a text that is padded on the right. Slots have positions of
/// their own, as in PEFT.
#[derive(Debug, Clone)]
pub struct PromptedGpt2<F: Ffn = FeedForward> {
    /// The model.
    pub model: Gpt2LmHeadModel<F>,
    /// The token that is the whole text when neurons are stimulated (GPT-2: `<|endoftext|>`).
    pub probe_id: usize,
}

impl<F: Ffn> PromptedGpt2<F> {
    /// `model`, stimulated with the token `probe_id`.
    pub fn new(model: Gpt2LmHeadModel<F>, probe_id: usize) -> Self {
        Self { model, probe_id }
    }

    fn layers(&self) -> &Gpt2Model<F> {
        &self.model.model
    }

    /// Slots before word vectors.
    ///
    /// # Shapes
    /// - prompts: `[batch or 1, slots, width]`
    pub fn input(&self, prompts: Tensor<3>, text: &Batch, pass: &Pass) -> EncoderInput {
        let [_, slots, _] = prompts.dims();
        let words = self.layers().word.forward(text.ids.clone());
        let mut input = EncoderInput::embeds(before(prompts, words))
            .with_padding(padding(slots, text.mask.clone()))
            .with_dropout_context(pass.dropout.clone());
        input.ffn_masks.clone_from(&pass.neuron_masks);
        input
    }
}

impl<F: Ffn> PromptModel for PromptedGpt2<F> {
    fn width(&self) -> usize {
        self.layers().config.n_embd
    }

    fn words(&self) -> Tensor<2> {
        self.layers().word.weight.val()
    }

    fn tracked(&self) -> Self {
        Self {
            model: frozen_on_autodiff(&self.model),
            ..self.clone()
        }
    }

    fn max_length(&self) -> Option<usize> {
        Some(self.layers().config.n_positions)
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
        let slots = prompts.dims()[1];
        let hidden = self
            .layers()
            .forward(&self.input(prompts, text, pass))
            .last_hidden_state;
        let [batch, length, _] = hidden.dims();
        let last = |row: usize| (slots + text.lengths[row]).saturating_sub(1);
        let places = places(batch, length, last, &hidden.device().inner());
        self.model.logits_at(hidden, places, Some(words))
    }

    fn stimulated_neurons(&self, prompts: Tensor<3>) -> Vec<Tensor<2>> {
        let [batch, slots, _] = prompts.dims();
        let text = single(self.probe_id, batch, &prompts.device());
        let layers = self.layers().layers.len();
        let input = self
            .input(prompts, &text, &Pass::default())
            .with_taps(Taps {
                ffn_activations: (0..layers).collect(),
                positions: TapPositions::Same(vec![slots]),
                ..Taps::default()
            });
        let tapped = self.layers().forward(&input).tapped.own;
        let values = tapped.ffn_activations.into_values();
        values.map(|value| value.squeeze_dim(1)).collect()
    }
}

impl<F: Ffn> TextModel for PromptedGpt2<F> {
    /// The positions that slots and text leave: the target stands behind them.
    fn target_room(&self, slots: usize, tokens: usize) -> Option<usize> {
        let limit = self.max_length()?;
        Some(limit.saturating_sub(slots + tokens))
    }

    /// The targets follow the text: example by example, without the padding between them.
    fn target_scores(
        &self,
        prompts: Tensor<3>,
        text: &Batch,
        targets: Tensor<2, Int>,
        pass: &Pass,
    ) -> Tensor<2> {
        let slots = prompts.dims()[1];
        let [batch, length] = text.ids.dims();
        let [_, answer] = targets.dims();
        let joined = joined(text, targets);
        let hidden = self
            .layers()
            .forward(&self.input(prompts, &joined, pass))
            .last_hidden_state;
        // The state at the text's last token scores the first target, and so on.
        let device = hidden.device().inner();
        let total = slots + length + answer;
        let places: Vec<i64> = (0..batch)
            .flat_map(|row| {
                let first = row * total + (slots + text.lengths[row]).saturating_sub(1);
                (first..first + answer).map(|place| place as i64)
            })
            .collect();
        let places = Tensor::<1, Int>::from_data(places.as_slice(), &device);
        self.model.logits_at(hidden, places, None)
    }
}

/// Text and targets behind each other; what [`plm_core::models::loss::IGNORE_INDEX`] marks becomes
/// the token 0 behind all that counts.
fn joined(text: &Batch, targets: Tensor<2, Int>) -> Batch {
    let [batch, length] = text.ids.dims();
    let [_, answer] = targets.dims();
    let device = text.ids.device();
    let width = length + answer;
    let own: Vec<i64> = text.ids.clone().into_data().iter::<i64>().collect();
    let goal: Vec<i64> = targets.into_data().iter::<i64>().collect();
    let mut ids = vec![0_i64; batch * width];
    let mut hidden = vec![true; batch * width];
    let mut lengths = Vec::with_capacity(batch);
    for row in 0..batch {
        let read = text.lengths[row];
        let goal = goal[row * answer..(row + 1) * answer].iter();
        let tokens = own[row * length..row * length + read].iter().chain(goal);
        for (place, &id) in (row * width..).zip(tokens) {
            ids[place] = id.max(0);
            hidden[place] = id < 0;
        }
        lengths.push(read + answer);
    }
    let shape = [batch, width];
    let ids = Tensor::<2, Int>::from_data(burn::tensor::TensorData::new(ids, shape), &device);
    Batch {
        token_type_ids: ids.zeros_like(),
        mask: Tensor::from_data(burn::tensor::TensorData::new(hidden, shape), &device),
        ids,
        lengths,
    }
}
