//! What all heads have in common.

use burn::module::{Module, ModuleDisplay};
use burn::nn::Linear;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::KeyRule;
use plm_core::config::EncoderConfig;
use plm_core::kernel;
use plm_core::nn::{DropoutContext, apply};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Error, Result};

/// The dropout site of features and of encoder outputs, apart from those of plm-core's layers. Encoder
/// outputs take two sites, texts first.
pub(crate) const FEATURE_SITE: u64 = 1 << 36;

/// The settings of a head, as they stand in `config.json`.
pub trait HeadConfig: Clone + PartialEq + std::fmt::Debug + Serialize + DeserializeOwned {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming the setting, its value and the limit.
    fn check(&self) -> Result<()>;
}

/// A head over an encoder: the `head` field of [`crate::model::Headed`].
pub trait Head: Module + ModuleDisplay + 'static {
    /// Its settings.
    type Config: HeadConfig;

    /// What stands behind the family's name in the field `architectures`.
    const NAME: &'static str;

    /// The names of its tensors in files; paths begin with `head.`.
    const KEYS: &'static [&'static [KeyRule<'static>]];

    /// A head of zeros.
    fn new(config: &Self::Config, encoder: &EncoderConfig, device: &Device) -> Self;
}

/// At least one class.
pub(super) fn check_classes(name: &'static str, classes: usize) -> Result<()> {
    if classes > 0 {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: "0".to_owned(),
        limit: "must be at least 1",
    })
}

/// A probability below 1.
pub(super) fn check_dropout(dropout: f64) -> Result<()> {
    if (0.0..1.0).contains(&dropout) {
        return Ok(());
    }
    Err(Error::Setting {
        name: "dropout",
        value: dropout.to_string(),
        limit: "must be in [0, 1)",
    })
}

/// Scores of features after dropout.
///
/// # Shapes
/// - feature: `[items, width]`
/// - result: `[items, classes]`
pub(super) fn score(
    classifier: &Linear,
    feature: Tensor<2>,
    dropout: &DropoutContext,
    prob: f64,
) -> Tensor<2> {
    apply(classifier, drop_features(feature, dropout, prob))
}

/// Dropout of features, whose rows are spans or pairs and not examples of the batch.
pub(super) fn drop_features(feature: Tensor<2>, dropout: &DropoutContext, prob: f64) -> Tensor<2> {
    let of_rows = DropoutContext::from(dropout.mode);
    let mask = of_rows.site(FEATURE_SITE + 2, prob);
    kernel::dropout(feature, mask.as_ref())
}
