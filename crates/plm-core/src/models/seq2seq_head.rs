//! The classification head of T5 and BART.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use crate::kernel::{Activation, dropout};
use crate::nn::{DropoutContext, apply, apply_activated, site, zero_linear};

/// Class scores of a vector: a linear map, tanh, and another linear map.
#[derive(Module, Debug)]
pub struct Seq2SeqClassificationHead {
    /// The inner layer.
    pub dense: Linear,
    /// To the classes.
    pub output: Linear,
    /// Dropout before each of them.
    #[module(skip)]
    pub dropout: f64,
}

impl Seq2SeqClassificationHead {
    pub(super) fn new(width: usize, classes: usize, dropout: f64, device: &Device) -> Self {
        Self {
            dense: zero_linear(width, width, true, device),
            output: zero_linear(width, classes, true, device),
            dropout,
        }
    }

    /// Class scores.
    ///
    /// # Shapes
    /// - x: `[batch, hidden]`
    /// - result: `[batch, classes]`
    pub fn forward(&self, x: Tensor<2>, context: &DropoutContext) -> Tensor<2> {
        let mask = context.site(site::HEAD, self.dropout);
        let x = dropout(x, mask.as_ref());
        let x = apply_activated(&self.dense, x, Activation::Tanh);
        // The stacks of T5 use FINAL and DECODER + FINAL.
        let mask = context.site(site::DECODER + site::HEAD, self.dropout);
        apply(&self.output, dropout(x, mask.as_ref()))
    }
}

/// A model of two stacks with class scores per sequence, for `$model` over `$base`.
macro_rules! seq2seq_classifier {
    ($(#[$doc:meta])* $model:ident, $base:ident, $config:ident) => {
        $(#[$doc])*
        #[derive(Module, Debug)]
        pub struct $model<F: Ffn = FeedForward> {
            /// Both stacks.
            pub model: $base<F>,
            /// The head.
            pub classifier: Seq2SeqClassificationHead,
        }

        impl $model {
            /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
            pub fn new(config: &$config, device: &Device) -> Self {
                let (width, classes) = (config.d_model, config.num_labels);
                let dropout = config.classifier_dropout;
                Self {
                    model: $base::new(config, device),
                    classifier: Seq2SeqClassificationHead::new(width, classes, dropout, device),
                }
            }
        }

        impl<F: Ffn> $model<F> {
            /// The output of both stacks and class scores, `[batch, classes]`, from the decoder's
            /// state at the encoder's last end-of-sequence token. The decoder reads the encoder's ids
            /// shifted right.
            ///
            /// # Errors
            /// [`crate::Error::Invalid`] unless all examples hold equally many end-of-sequence tokens,
            /// at least one, and both stacks read ids of one length.
            ///
            /// # Panics
            /// As the base model.
            pub fn forward(&self, input: &Seq2SeqInput) -> Result<(Seq2SeqOutput, Tensor<2>)> {
                let output = self.model.forward(input);
                let hidden = output.decoder.last_hidden_state.clone();
                let eos = self.model.config.eos_token_id;
                let pooled = at_last_eos(hidden, &input.encoder.tokens, eos)?;
                let logits = self.classifier.forward(pooled, &input.decoder.dropout);
                Ok((output, logits))
            }

            /// The same model with other feed-forward blocks; `map` gets the stack, the layer's number
            /// in it and its block.
            pub fn map_ffn<G: Ffn>(self, map: impl FnMut(Stack, usize, F) -> G) -> $model<G> {
                $model {
                    model: self.model.map_ffn(map),
                    classifier: self.classifier,
                }
            }
        }
    };
}

pub(super) use seq2seq_classifier;
