//! Students cut out of larger models.

use std::path::Path;

use burn::tensor::Device;
use plm_core::config::ModelConfig;
use plm_core::models::{EncoderForSequenceClassification, EncoderModel, Pretrained};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use crate::labels::check_names;
use crate::{Error, Result};

/// Which layers of a model a student keeps, numbered from 0.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "keep", rename_all = "snake_case", deny_unknown_fields)]
pub enum LayerChoice {
    /// All of them.
    All,
    /// The first ones: DynamicKD's students.
    First {
        /// How many.
        count: usize,
    },
    /// 0, n, 2n and so on.
    EveryNth {
        /// n.
        n: usize,
    },
    /// These, in this order; DistilBERT has 0, 2, 4, 7, 9, 11 of 12.
    List {
        /// Numbers of layers.
        layers: Vec<usize>,
    },
}

impl LayerChoice {
    /// The numbers of the kept layers of a model with `total`.
    ///
    /// # Errors
    /// [`Error::Layer`] for a layer that the model does not have, [`Error::Setting`] where none is kept.
    pub fn layers(&self, total: usize) -> Result<Vec<usize>> {
        let layers: Vec<usize> = match self {
            Self::All => (0..total).collect(),
            // One too many is enough to be refused below.
            Self::First { count } => (0..total.saturating_add(1).min(*count)).collect(),
            Self::EveryNth { n: 0 } => Vec::new(),
            Self::EveryNth { n } => (0..total).step_by(*n).collect(),
            Self::List { layers } => layers.clone(),
        };
        if layers.is_empty() {
            return Err(Error::Setting {
                name: "layers",
                value: format!("{self:?}"),
                limit: "must keep at least one layer",
            });
        }
        match layers.iter().find(|&&layer| layer >= total) {
            Some(&layer) => Err(Error::Layer { layer, total }),
            None => Ok(layers),
        }
    }
}

/// `encoder` with only `layers`, in this order.
///
/// # Panics
/// If it has no layer of such a number.
pub fn cut_layers<F: Ffn>(encoder: EncoderModel<F>, layers: &[usize]) -> EncoderModel<F> {
    let mut cut = encoder;
    cut.layers = layers
        .iter()
        .map(|&layer| cut.layers[layer].clone())
        .collect();
    cut.config.num_hidden_layers = layers.len();
    cut
}

/// A student with the layers `choice` of the checkpoint in `dir`, its embeddings and pooler, and a new
/// head for the classes `labels`, drawn from `seed`. The checkpoint may be a base model or a teacher.
///
/// # Errors
/// [`Error::Core`] where the checkpoint cannot be read, [`Error::Classes`] for fewer than two labels,
/// [`Error::EmptyLabel`] and [`Error::DuplicateLabel`] for labels that tell no classes apart, and those of
/// [`LayerChoice::layers`].
pub fn student_from(
    dir: impl AsRef<Path>,
    choice: &LayerChoice,
    labels: &[String],
    seed: Seed,
    device: &Device,
) -> Result<Pretrained<EncoderForSequenceClassification>> {
    if labels.len() < 2 {
        let found = labels.len();
        return Err(Error::Classes { found });
    }
    check_names("labels", labels)?;
    let mut student = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
        dir,
        labels.len(),
        seed,
        device,
    )?;
    let layers = choice.layers(student.model.encoder.layers.len())?;
    student.model.encoder = cut_layers(student.model.encoder, &layers);
    // The count of layers has another name in some families.
    for (key, value) in student.model.encoder.config.to_fields() {
        if matches!(key.as_str(), "num_hidden_layers" | "n_layers") {
            student.config.set(&key, value);
        }
    }
    student.config.set_labels(labels);
    Ok(student)
}
