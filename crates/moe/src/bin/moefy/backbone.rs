//! Models as stacks of layers, whatever their head.

use burn::tensor::{Int, Tensor};
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel, EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderInput, EncoderModel, Gpt2ForQuestionAnswering,
    Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2LmHeadModel, Gpt2Model,
    Seq2SeqInput, Stack, T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model, shift_right,
};
use plm_core::nn::{Ffn, Tapped};
use plm_moe::Capture;

use crate::texts::Texts;

/// What a model's layers made of a batch.
pub(crate) struct Ran {
    /// Output of the last layer, `[batch, length, width]`.
    pub(crate) hidden: Tensor<3>,
    /// What the feed-forward layers of each stack read, where that was asked for.
    pub(crate) tapped: Vec<(Stack, Tapped)>,
}

/// A model whose layers can be run without its head.
pub(crate) trait Backbone {
    /// Runs all layers over a batch; with `tap`, hands out what the feed-forward layers read.
    fn read(&self, texts: &Texts, tap: bool) -> Ran;
}

/// What a stack of `layers` layers is given.
fn input(ids: Tensor<2, Int>, layers: usize, tap: bool) -> EncoderInput {
    let input = EncoderInput::ids(ids);
    if tap {
        input.with_taps(Capture::taps(layers))
    } else {
        input
    }
}

/// Models of one stack; the last part leads from an output's `tapped` to the layers' own.
macro_rules! one_stack {
    ($($model:ident.$layers:ident$(.$list:ident)? => tapped$(.$own:ident)?),+ $(,)?) => {$(
        impl<F: Ffn> Backbone for $model<F> {
            fn read(&self, texts: &Texts, tap: bool) -> Ran {
                let layers = self.$layers$(.$list)?.len();
                let input = input(texts.source.ids.clone(), layers, tap);
                let output = self.forward(&input.with_padding(texts.source.mask.clone()));
                Ran {
                    hidden: output.last_hidden_state,
                    tapped: vec![(Stack::Encoder, output.tapped$(.$own)?)],
                }
            }
        }
    )+};
}

macro_rules! two_stacks {
    ($($model:ident),+) => {$(
        impl<F: Ffn> Backbone for $model<F> {
            fn read(&self, texts: &Texts, tap: bool) -> Ran {
                let config = &self.config;
                let target = texts.target.as_ref().unwrap_or(&texts.source).ids.clone();
                let ids = shift_right(target, config.decoder_start_token_id, config.pad_token_id);
                let encoder = input(texts.source.ids.clone(), self.encoder.layers.len(), tap);
                let encoder = encoder.with_padding(texts.source.mask.clone());
                // Padding follows the target, where the causal mask hides it.
                let decoder = input(ids, self.decoder.layers.len(), tap);
                let output = self.forward(&Seq2SeqInput::new(encoder, decoder));
                Ran {
                    hidden: output.decoder.last_hidden_state,
                    tapped: vec![
                        (Stack::Encoder, output.encoder.tapped),
                        (Stack::Decoder, output.decoder.tapped.own),
                    ],
                }
            }
        }
    )+};
}

/// Models with a head.
macro_rules! headed {
    ($($model:ident.$base:ident),+ $(,)?) => {$(
        impl<F: Ffn> Backbone for $model<F> {
            fn read(&self, texts: &Texts, tap: bool) -> Ran {
                self.$base.read(texts, tap)
            }
        }
    )+};
}

one_stack!(
    EncoderModel.layers => tapped,
    T5EncoderModel.encoder.layers => tapped,
    Gpt2Model.layers => tapped.own,
);
two_stacks!(T5Model, BartModel);
headed!(
    EncoderForMaskedLM.encoder,
    EncoderForSequenceClassification.encoder,
    EncoderForTokenClassification.encoder,
    EncoderForQuestionAnswering.encoder,
    T5ForConditionalGeneration.model,
    T5ForSequenceClassification.model,
    T5ForTokenClassification.model,
    T5ForQuestionAnswering.model,
    BartForConditionalGeneration.model,
    BartForSequenceClassification.model,
    BartForQuestionAnswering.model,
    Gpt2LmHeadModel.model,
    Gpt2ForSequenceClassification.model,
    Gpt2ForTokenClassification.model,
    Gpt2ForQuestionAnswering.model,
);
