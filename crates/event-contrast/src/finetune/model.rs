use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Device, Int, Tensor};
use plm_core::kernel;
use plm_core::models::EncoderModel;
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::{DropoutContext, DropoutMode, apply, zero_linear};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::{ClassifierBatch, Task};
use crate::gin::{Gin, Statistics};
use crate::text::pool_maximum;
use crate::{Error, Result};

/// What an [`EventClassifier`] is for.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct ClassifierConfig {
    /// The task.
    pub task: Task,
    /// Number of classes, none (0) included.
    pub classes: usize,
    /// Whether the representation of the sentence's whole graph is looked at, beside those of the
    /// nodes.
    pub readout: bool,
    /// Dropout before the last linear map.
    pub dropout: f64,
}

/// A classifier of triggers or arguments by text, graph, or both: the pooled segments of the marked
/// text, the mean node vectors of trigger and argument and the whole graph, side by side, go through
/// one linear map. CLEVE's authors did not release how they join the two.
#[derive(Module, Debug)]
pub struct EventClassifier {
    /// The text encoder.
    pub encoder: Option<EncoderModel>,
    /// The graph network.
    pub gin: Option<Gin>,
    /// The last linear map, `[features, classes]`.
    pub output: Linear,
    /// What it is for.
    #[module(skip)]
    pub config: ClassifierConfig,
}

/// The number of the dropout before the last map, apart from those of the encoder's layers.
const DROPOUT_SITE: u64 = 1 << 40;

impl EventClassifier {
    /// A classifier over `encoder`, `gin` or both, with a new last map from `seed`.
    ///
    /// # Errors
    /// [`Error::Core`] without either, for fewer than two classes, a readout without a graph network,
    /// or a dropout out of range.
    pub fn new(
        encoder: Option<EncoderModel>,
        gin: Option<Gin>,
        config: ClassifierConfig,
        seed: Seed,
        device: &Device,
    ) -> Result<Self> {
        let refuse = |what: &str, reason: String| Err(Error::invalid(what, reason));
        if config.classes < 2 {
            return refuse("classes", format!("{}, must be at least 2", config.classes));
        }
        if !(0.0..1.0).contains(&config.dropout) {
            return refuse("dropout", format!("{}, must be in [0, 1)", config.dropout));
        }
        if config.readout && gin.is_none() {
            return refuse("readout", "needs a graph network".to_owned());
        }
        let text = encoder.as_ref().map_or(0, |encoder| {
            config.task.segments() * encoder.config.hidden_size
        });
        let graph = gin.as_ref().map_or(0, |gin| {
            let readout = if config.readout { gin.config.output } else { 0 };
            config.task.spans() * gin.config.hidden + readout
        });
        if text + graph == 0 {
            return refuse(
                "classifier",
                "has neither text encoder nor graph network".to_owned(),
            );
        }
        let output = zero_linear(text + graph, config.classes, true, &device.clone().inner());
        Ok(Self {
            encoder,
            gin,
            output: initialize(output, seed, bert_rule(0.02)),
            config,
        })
    }

    /// The score of each class.
    ///
    /// # Shapes
    /// - result: `[candidates, classes]`
    ///
    /// # Errors
    /// [`Error::Core`] where the batch lacks the text or the graphs that the model looks at.
    pub fn forward(
        &self,
        batch: &ClassifierBatch<'_>,
        statistics: Statistics,
        dropout: DropoutMode,
    ) -> Result<Tensor<2>> {
        let missing = |what: &str| Error::invalid("batch", format!("has no {what}"));
        let count = batch.candidates;
        let mut features = Vec::new();
        if let Some(encoder) = &self.encoder {
            let (input, segments) = batch.text.as_ref().ok_or_else(|| missing("text"))?;
            let input = input.clone().with_dropout(dropout);
            let hidden = encoder.forward(&input).last_hidden_state;
            let width = hidden.dims()[2];
            let pooled = pool_maximum(hidden, segments)?;
            features.push(pooled.reshape([count, self.config.task.segments() * width]));
        }
        if let Some(gin) = &self.gin {
            let graph = batch.graph.as_ref().ok_or_else(|| missing("graphs"))?;
            let output = gin.forward(&graph.batch, statistics, dropout);
            let pooled = graph
                .graphs
                .pool(output.nodes, &graph.sentences, &graph.spans)?;
            let spans = self.config.task.spans();
            features.push(pooled.reshape([count, spans * gin.config.hidden]));
            if self.config.readout {
                let places = graph.spans.iter().step_by(spans);
                let places: Vec<i64> = places.map(|&(place, _)| place as i64).collect();
                let device = output.graphs.device();
                let places = Tensor::<1, Int>::from_data(places.as_slice(), &device);
                features.push(output.graphs.select(0, places));
            }
        }
        let features = Tensor::cat(features, 1);
        let mask = DropoutContext::from(dropout).site(DROPOUT_SITE, self.config.dropout);
        Ok(apply(
            &self.output,
            kernel::dropout(features, mask.as_ref()),
        ))
    }
}
