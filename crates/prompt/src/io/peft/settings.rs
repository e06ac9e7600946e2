//! The settings of an adapter.

use std::path::Path;

use serde_json::{Map, Value};

use crate::{Error, Result};

/// Settings that PEFT 0.21 knows for the kinds that are read.
const KNOWN: [&str; 26] = [
    "auto_mapping",
    "base_model_name_or_path",
    "encoder_dropout",
    "encoder_hidden_size",
    "encoder_num_layers",
    "encoder_reparameterization_type",
    "inference_mode",
    "modules_to_save",
    "num_attention_heads",
    "num_layers",
    "num_ranks",
    "num_tasks",
    "num_transformer_submodules",
    "num_virtual_tokens",
    "peft_type",
    "peft_version",
    "prompt_tuning_init",
    "prompt_tuning_init_state_dict_path",
    "prompt_tuning_init_task",
    "prompt_tuning_init_text",
    "revision",
    "task_type",
    "token_dim",
    "tokenizer_kwargs",
    "tokenizer_name_or_path",
    "trust_remote_code",
];

/// A kind of adapter that holds a soft prompt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeftKind {
    /// `PROMPT_TUNING`: the prompt itself.
    PromptTuning,
    /// `P_TUNING`: what the encoder of the prompt gave; the encoder is not stored.
    PTuning,
    /// `MULTITASK_PROMPT_TUNING`: a shared prompt times a matrix of low rank for each task.
    MultitaskPromptTuning,
}

/// The head of the model that an adapter is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PeftTask {
    /// `FEATURE_EXTRACTION`: the model's outputs as they are. PEFT has no task of its own for masked
    /// language models; with this one it gives their logits.
    FeatureExtraction,
    /// `SEQ_2_SEQ_LM`: an encoder-decoder model.
    SequenceToSequence,
    /// `CAUSAL_LM`: a decoder.
    CausalLanguageModel,
}

impl PeftTask {
    /// Its name in PEFT.
    pub fn name(self) -> &'static str {
        match self {
            Self::FeatureExtraction => "FEATURE_EXTRACTION",
            Self::SequenceToSequence => "SEQ_2_SEQ_LM",
            Self::CausalLanguageModel => "CAUSAL_LM",
        }
    }
}

/// The settings of an adapter, those needed here checked.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Settings {
    /// All settings.
    pub(super) map: Map<String, Value>,
    pub(super) kind: PeftKind,
    /// Slots of the prompt.
    pub(super) slots: usize,
    /// How many times as many rows are stored, where it is given.
    pub(super) submodules: Option<usize>,
    /// Numbers of a row, where they are given.
    pub(super) width: Option<usize>,
}

impl Settings {
    /// Checks the settings in the file at `path`.
    pub(super) fn parse(path: &Path, map: Map<String, Value>) -> Result<Self> {
        let kind = kind(path, map.get("peft_type"))?;
        let count = |key: &str, expected: &str| match map.get(key) {
            None | Some(Value::Null) => Ok(None),
            Some(value) => match value.as_u64().and_then(|count| usize::try_from(count).ok()) {
                Some(count) if count > 0 => Ok(Some(count)),
                _ => Err(Error::entry(path, key, value.to_string(), expected)),
            },
        };
        let expected = "must be the number of slots, at least 1";
        let slots = count("num_virtual_tokens", expected)?
            .ok_or_else(|| Error::entry(path, "num_virtual_tokens", "missing", expected))?;
        let submodules = count("num_transformer_submodules", "must be 1 or 2")?;
        if let Some(found) = submodules.filter(|&count| count > 2) {
            let key = "num_transformer_submodules";
            return Err(Error::entry(path, key, found.to_string(), "must be 1 or 2"));
        }
        let width = count("token_dim", "must be the width of the prompt, at least 1")?;
        Ok(Self {
            map,
            kind,
            slots,
            submodules,
            width,
        })
    }

    /// The settings that this version of PEFT does not know.
    pub(super) fn unknown(&self) -> Vec<&str> {
        let keys = self.map.keys().map(String::as_str);
        keys.filter(|key| !KNOWN.contains(key)).collect()
    }
}

fn kind(path: &Path, value: Option<&Value>) -> Result<PeftKind> {
    let Some(Value::String(kind)) = value else {
        let found = value.map_or("missing".to_owned(), Value::to_string);
        let expected = "must be the kind of the adapter, such as \"PROMPT_TUNING\"";
        return Err(Error::entry(path, "peft_type", found, expected));
    };
    let reason = match kind.as_str() {
        "PROMPT_TUNING" => return Ok(PeftKind::PromptTuning),
        "P_TUNING" => return Ok(PeftKind::PTuning),
        "MULTITASK_PROMPT_TUNING" => return Ok(PeftKind::MultitaskPromptTuning),
        "PREFIX_TUNING" => {
            "it holds keys and values for every layer, which no prompt at the input equals; train \
             an adapter of the kind PROMPT_TUNING instead"
        }
        _ => {
            "it holds no soft prompt; read are PROMPT_TUNING, P_TUNING and MULTITASK_PROMPT_TUNING"
        }
    };
    Err(Error::AdapterKind {
        path: path.to_path_buf(),
        kind: kind.clone(),
        reason,
    })
}
