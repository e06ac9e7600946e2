//! The encoder with a classifier of sequences.

use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};

use super::input::{EncoderInput, EncoderOutput};
use super::model::{EncoderModel, first};
use crate::config::{EncoderConfig, EncoderFamily};
use crate::kernel::{self, Activation};
use crate::nn::{DropoutContext, FeedForward, Ffn, apply, apply_activated, site, zero_linear};

/// From one vector per example to class scores, with the inner layer that some families have.
#[derive(Module, Debug)]
pub struct ClassificationHead {
    /// RoBERTa's, MPNet's (tanh) or DistilBERT's (ReLU) inner layer.
    pub dense: Option<Linear>,
    /// To the classes.
    pub output: Linear,
    /// Activation of the inner layer.
    #[module(skip)]
    pub activation: Activation,
    /// Dropout before the inner layer.
    #[module(skip)]
    pub dense_dropout: f64,
    /// Dropout before the last layer.
    #[module(skip)]
    pub dropout: f64,
}

impl ClassificationHead {
    fn new(config: &EncoderConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        let (has_dense, activation) = match config.family {
            EncoderFamily::Bert => (false, Activation::Tanh),
            EncoderFamily::Roberta | EncoderFamily::Mpnet => (true, Activation::Tanh),
            EncoderFamily::DistilBert => (true, Activation::Relu),
        };
        let dense_dropout = match config.family {
            EncoderFamily::Roberta | EncoderFamily::Mpnet => config.classifier_dropout,
            EncoderFamily::Bert | EncoderFamily::DistilBert => 0.0,
        };
        Self {
            dense: has_dense.then(|| zero_linear(width, width, true, device)),
            output: zero_linear(width, config.num_labels, true, device),
            activation,
            dense_dropout,
            dropout: config.classifier_dropout,
        }
    }

    /// Class scores.
    ///
    /// # Shapes
    /// - x: `[batch, hidden]`
    /// - result: `[batch, classes]`
    pub fn forward(&self, x: Tensor<2>, dropout: &DropoutContext) -> Tensor<2> {
        let mut x = x;
        if let Some(dense) = &self.dense {
            let mask = dropout.site(site::HEAD, self.dense_dropout);
            x = apply_activated(dense, kernel::dropout(x, mask.as_ref()), self.activation);
        }
        let mask = dropout.site(site::FINAL, self.dropout);
        apply(&self.output, kernel::dropout(x, mask.as_ref()))
    }
}

/// An encoder with class scores per sequence: `BertForSequenceClassification` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForSequenceClassification<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// The head.
    pub classifier: ClassificationHead,
}

impl EncoderForSequenceClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        let with_pooler = config.family == EncoderFamily::Bert;
        Self {
            encoder: EncoderModel::new(config, with_pooler, device),
            classifier: ClassificationHead::new(config, device),
        }
    }
}

impl<F: Ffn> EncoderForSequenceClassification<F> {
    /// The encoder's output and class scores, `[batch, classes]`; where the scores are all that is wanted,
    /// [`logits`](Self::logits) costs less.
    ///
    /// # Panics
    /// As [`EncoderModel::forward`].
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<2>) {
        let output = self.encoder.forward(input);
        let pooled = match &output.pooler_output {
            Some(pooled) => pooled.clone(),
            None => first(&output.last_hidden_state),
        };
        let logits = self.classifier.forward(pooled, &input.dropout);
        (output, logits)
    }

    /// Class scores alone: the same as [`forward`](Self::forward) gives, without what the last layer would
    /// compute for tokens that nobody reads. That saves about an eighth of a model of six layers and two
    /// fifths of one of two layers, in training too.
    ///
    /// # Shapes
    /// - result: `[batch, classes]`
    ///
    /// # Panics
    /// As [`EncoderModel::forward`].
    pub fn logits(&self, input: &EncoderInput) -> Tensor<2> {
        let pooled = self.encoder.pooled(input);
        self.classifier.forward(pooled, &input.dropout)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(usize, F) -> G,
    ) -> EncoderForSequenceClassification<G> {
        EncoderForSequenceClassification {
            encoder: self.encoder.map_ffn(map),
            classifier: self.classifier,
        }
    }
}
