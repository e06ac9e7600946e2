//! Settings of encoder and head in one `config.json`.

use plm_core::config::{ConfigFile, EncoderConfig, ModelConfig};
use serde_json::{Map, Value};

use crate::heads::HeadConfig;

/// The field of `config.json` that holds the settings of the head.
pub(super) const HEAD_FIELD: &str = "marker_head";

/// The settings of a [`super::Headed`]: the encoder's under their usual names, the head's under
/// `marker_head`.
#[derive(Debug, Clone, PartialEq)]
pub struct HeadedConfig<C> {
    /// The encoder's.
    pub encoder: EncoderConfig,
    /// The head's.
    pub head: C,
}

impl<C: HeadConfig> ModelConfig for HeadedConfig<C> {
    fn from_file(file: &ConfigFile) -> plm_core::Result<Self> {
        let encoder = EncoderConfig::from_file(file)?;
        let head: C = file.required(HEAD_FIELD)?;
        head.check()
            .map_err(|error| file.error(HEAD_FIELD, error.to_string()))?;
        Ok(Self { encoder, head })
    }

    fn to_fields(&self) -> Map<String, Value> {
        let mut fields = self.encoder.to_fields();
        let head = serde_json::to_value(&self.head).unwrap_or(Value::Null);
        fields.insert(HEAD_FIELD.to_owned(), head);
        fields
    }
}
