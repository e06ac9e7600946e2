//! The encoder's heads: masked LM, sequence, token and span classification.

use burn::module::{Module, Param};
use burn::nn::{Embedding, Initializer, Linear};
use burn::tensor::{Device, Int, Tensor};

use super::input::{EncoderInput, EncoderOutput};
use super::model::{EncoderModel, first};
use crate::config::{EncoderConfig, EncoderFamily};
use crate::kernel::{self, Activation};
use crate::nn::{
    DropoutContext, FeedForward, Ffn, LayerNorm, apply, apply_activated, site, zero_embedding,
    zero_linear,
};

/// The head of masked language modelling: transform, then a score for every word.
#[derive(Module, Debug)]
pub struct MaskedLMHead {
    /// The transform's linear map.
    pub dense: Linear,
    /// The transform's normalisation.
    pub norm: LayerNorm,
    /// Decoder of its own, `[vocabulary, hidden]`; the word table where absent (tied).
    pub decoder: Option<Embedding>,
    /// Bias of the scores, `[vocabulary]`.
    pub bias: Param<Tensor<1>>,
    /// Activation of the transform.
    #[module(skip)]
    pub activation: Activation,
}

impl MaskedLMHead {
    fn new(config: &EncoderConfig, device: &Device) -> Self {
        let (width, vocabulary) = (config.hidden_size, config.vocab_size);
        // RoBERTa and MPNet use GELU here whatever the layers use.
        let activation = match config.family {
            EncoderFamily::Roberta | EncoderFamily::Mpnet => Activation::Gelu,
            EncoderFamily::Bert | EncoderFamily::DistilBert => config.hidden_act,
        };
        Self {
            dense: zero_linear(width, width, true, device),
            norm: LayerNorm::new(width, config.layer_norm_eps, device),
            decoder: (!config.tie_word_embeddings)
                .then(|| zero_embedding(vocabulary, width, device)),
            bias: Initializer::Zeros.init([vocabulary], device),
            activation,
        }
    }

    /// Scores of all words, or of the vocabulary ids `rows`.
    ///
    /// # Shapes
    /// - hidden: `[..., hidden]`
    /// - words: the word table, `[vocabulary, hidden]`
    /// - rows: `[chosen]`
    /// - result: `[..., vocabulary or chosen]`
    pub fn forward<const D: usize>(
        &self,
        hidden: Tensor<D>,
        words: Tensor<2>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<D> {
        let hidden = apply_activated(&self.dense, hidden, self.activation);
        let hidden = self.norm.forward(hidden);
        let mut table = match &self.decoder {
            Some(decoder) => decoder.weight.val(),
            None => words,
        };
        let mut bias = self.bias.val();
        if let Some(rows) = rows {
            table = table.select(0, rows.clone());
            bias = bias.select(0, rows);
        }
        kernel::linear(hidden, table.transpose(), Some(bias))
    }
}

/// An encoder with the masked-LM head: `BertForMaskedLM` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForMaskedLM<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// The head.
    pub head: MaskedLMHead,
}

impl EncoderForMaskedLM {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            head: MaskedLMHead::new(config, device),
        }
    }
}

impl<F: Ffn> EncoderForMaskedLM<F> {
    /// The encoder's output and the scores of every word at every position.
    ///
    /// # Shapes
    /// - scores: `[batch, length, vocabulary]`
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<3>) {
        let output = self.encoder.forward(input);
        let words = self.encoder.embeddings.word.weight.val();
        let hidden = output.last_hidden_state.clone();
        let logits = self.head.forward(hidden, words, None);
        (output, logits)
    }

    /// Scores at chosen places only, and of chosen words only.
    ///
    /// # Shapes
    /// - hidden: `[batch, length, hidden]`
    /// - places: `[places]`, each `example * length + position`
    /// - rows: vocabulary ids, `[chosen]`; all words where absent
    /// - result: `[places, chosen]`
    pub fn logits_at(
        &self,
        hidden: Tensor<3>,
        places: Tensor<1, Int>,
        rows: Option<Tensor<1, Int>>,
    ) -> Tensor<2> {
        let [batch, length, width] = hidden.dims();
        let picked = hidden.reshape([batch * length, width]).select(0, places);
        let words = self.encoder.embeddings.word.weight.val();
        self.head.forward(picked, words, rows)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> EncoderForMaskedLM<G> {
        EncoderForMaskedLM {
            encoder: self.encoder.map_ffn(map),
            head: self.head,
        }
    }
}

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
    /// The encoder's output and class scores, `[batch, classes]`.
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<2>) {
        let output = self.encoder.forward(input);
        let pooled = match &output.pooler_output {
            Some(pooled) => pooled.clone(),
            None => first(&output.last_hidden_state),
        };
        let logits = self.classifier.forward(pooled, &input.dropout);
        (output, logits)
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

/// An encoder with class scores per token: `BertForTokenClassification` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForTokenClassification<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// To the classes.
    pub classifier: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl EncoderForTokenClassification {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            classifier: zero_linear(config.hidden_size, config.num_labels, true, device),
            dropout: match config.family {
                EncoderFamily::DistilBert | EncoderFamily::Mpnet => config.hidden_dropout_prob,
                EncoderFamily::Bert | EncoderFamily::Roberta => config.classifier_dropout,
            },
        }
    }
}

impl<F: Ffn> EncoderForTokenClassification<F> {
    /// The encoder's output and class scores, `[batch, length, classes]`.
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<3>) {
        let output = self.encoder.forward(input);
        let mask = input.dropout.site(site::FINAL, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let logits = apply(&self.classifier, hidden);
        (output, logits)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(
        self,
        map: impl FnMut(usize, F) -> G,
    ) -> EncoderForTokenClassification<G> {
        EncoderForTokenClassification {
            encoder: self.encoder.map_ffn(map),
            classifier: self.classifier,
            dropout: self.dropout,
        }
    }
}

/// An encoder with start and end scores per token: `BertForQuestionAnswering` and its relatives.
#[derive(Module, Debug)]
pub struct EncoderForQuestionAnswering<F: Ffn = FeedForward> {
    /// The encoder.
    pub encoder: EncoderModel<F>,
    /// To the two scores.
    pub output: Linear,
    /// Dropout before it.
    #[module(skip)]
    pub dropout: f64,
}

impl EncoderForQuestionAnswering {
    /// A model of zeros, to be filled by a checkpoint or by [`crate::nn::init`].
    pub fn new(config: &EncoderConfig, device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(config, false, device),
            output: zero_linear(config.hidden_size, 2, true, device),
            dropout: config.qa_dropout,
        }
    }
}

impl<F: Ffn> EncoderForQuestionAnswering<F> {
    /// The encoder's output, start scores and end scores, `[batch, length]` each.
    pub fn forward(&self, input: &EncoderInput) -> (EncoderOutput, Tensor<2>, Tensor<2>) {
        let output = self.encoder.forward(input);
        let mask = input.dropout.site(site::FINAL, self.dropout);
        let hidden = kernel::dropout(output.last_hidden_state.clone(), mask.as_ref());
        let scores = apply(&self.output, hidden);
        let start = scores.clone().narrow(2, 0, 1).squeeze_dim(2);
        let end = scores.narrow(2, 1, 1).squeeze_dim(2);
        (output, start, end)
    }

    /// The same model with other feed-forward blocks.
    pub fn map_ffn<G: Ffn>(self, map: impl FnMut(usize, F) -> G) -> EncoderForQuestionAnswering<G> {
        EncoderForQuestionAnswering {
            encoder: self.encoder.map_ffn(map),
            output: self.output,
            dropout: self.dropout,
        }
    }
}
