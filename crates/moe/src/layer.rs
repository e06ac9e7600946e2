//! Names of feed-forward layers, and models as collections of them.

use std::fmt;
use std::str::FromStr;

use burn::module::Module;
use plm_core::models::{
    BartForConditionalGeneration, BartForQuestionAnswering, BartForSequenceClassification,
    BartModel, EncoderForMaskedLM, EncoderForQuestionAnswering, EncoderForSequenceClassification,
    EncoderForTokenClassification, EncoderModel, Gpt2ForQuestionAnswering,
    Gpt2ForSequenceClassification, Gpt2ForTokenClassification, Gpt2LmHeadModel, Gpt2Model, Stack,
    T5EncoderModel, T5ForConditionalGeneration, T5ForQuestionAnswering,
    T5ForSequenceClassification, T5ForTokenClassification, T5Model,
};
use plm_core::nn::Ffn;

use crate::Error;

/// Which feed-forward layer of a model.
///
/// Written `enc.3` or `dec.3`. Models of one stack have encoder layers only, GPT-2 too.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LayerId {
    /// The stack.
    pub stack: Stack,
    /// Number in the stack, from 0.
    pub index: usize,
}

impl LayerId {
    /// Layer `index` of the encoder, or of the only stack.
    pub fn encoder(index: usize) -> Self {
        Self {
            stack: Stack::Encoder,
            index,
        }
    }

    /// Layer `index` of the decoder.
    pub fn decoder(index: usize) -> Self {
        Self {
            stack: Stack::Decoder,
            index,
        }
    }
}

impl fmt::Display for LayerId {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stack = match self.stack {
            Stack::Encoder => "enc",
            Stack::Decoder => "dec",
        };
        write!(out, "{stack}.{}", self.index)
    }
}

impl FromStr for LayerId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        let read = || {
            let (stack, index) = text.split_once('.')?;
            let stack = match stack {
                "enc" => Stack::Encoder,
                "dec" => Stack::Decoder,
                _ => return None,
            };
            let index = index.parse().ok()?;
            Some(Self { stack, index })
        };
        read().ok_or_else(|| Error::Setting {
            name: "layer",
            value: text.to_owned(),
            limit: "must read enc.NUMBER or dec.NUMBER",
        })
    }
}

/// A model whose feed-forward layers can be looked at and replaced: every backbone of `plm-core`
/// with every head.
pub trait FeedForwards: Module {
    /// Its feed-forward block.
    type Ffn: Ffn + Clone;

    /// The same model with feed-forward blocks of type `G`.
    type With<G: Ffn + Clone>: FeedForwards<Ffn = G>;

    /// The same model with `map` applied to every feed-forward block.
    fn replace_ffns<G: Ffn + Clone>(
        self,
        map: impl FnMut(LayerId, Self::Ffn) -> G,
    ) -> Self::With<G>;

    /// Its feed-forward blocks in order, the encoder's first.
    ///
    /// Weights are shared with the model, not copied.
    fn ffns(&self) -> Vec<(LayerId, Self::Ffn)> {
        let mut found = Vec::new();
        self.clone().replace_ffns(|layer, ffn| {
            found.push((layer, ffn.clone()));
            ffn
        });
        found
    }
}

macro_rules! one_stack {
    ($($model:ident),+) => {$(
        impl<F: Ffn + Clone> FeedForwards for $model<F> {
            type Ffn = F;
            type With<G: Ffn + Clone> = $model<G>;

            fn replace_ffns<G: Ffn + Clone>(
                self,
                mut map: impl FnMut(LayerId, F) -> G,
            ) -> $model<G> {
                self.map_ffn(|index, ffn| map(LayerId::encoder(index), ffn))
            }
        }
    )+};
}

macro_rules! two_stacks {
    ($($model:ident),+) => {$(
        impl<F: Ffn + Clone> FeedForwards for $model<F> {
            type Ffn = F;
            type With<G: Ffn + Clone> = $model<G>;

            fn replace_ffns<G: Ffn + Clone>(
                self,
                mut map: impl FnMut(LayerId, F) -> G,
            ) -> $model<G> {
                self.map_ffn(|stack, index, ffn| map(LayerId { stack, index }, ffn))
            }
        }
    )+};
}

one_stack!(
    EncoderModel,
    EncoderForMaskedLM,
    EncoderForSequenceClassification,
    EncoderForTokenClassification,
    EncoderForQuestionAnswering,
    T5EncoderModel,
    T5ForTokenClassification,
    Gpt2Model,
    Gpt2LmHeadModel,
    Gpt2ForSequenceClassification,
    Gpt2ForTokenClassification,
    Gpt2ForQuestionAnswering
);
two_stacks!(
    T5Model,
    T5ForConditionalGeneration,
    T5ForQuestionAnswering,
    T5ForSequenceClassification,
    BartModel,
    BartForConditionalGeneration,
    BartForSequenceClassification,
    BartForQuestionAnswering
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for layer in [LayerId::encoder(0), LayerId::decoder(23)] {
            assert_eq!(layer.to_string().parse::<LayerId>().unwrap(), layer);
        }
        for text in ["", "enc", "enc.", "enc.-1", "mid.0", "0"] {
            assert!(text.parse::<LayerId>().is_err(), "{text}");
        }
    }
}
