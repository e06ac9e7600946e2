//! Settings of transformers that would change the text and are not supported here.

use serde_json::Value;

use crate::Result;
use crate::config::ConfigFile;

/// Their names, each with the number that changes nothing, if there is one. `null`, `false` and empty
/// lists change nothing either.
const UNSUPPORTED: [(&str, Option<f64>); 26] = [
    ("bad_words_ids", None),
    ("begin_suppress_tokens", None),
    ("constraints", None),
    ("diversity_penalty", Some(0.0)),
    ("dola_layers", None),
    ("encoder_no_repeat_ngram_size", Some(0.0)),
    ("encoder_repetition_penalty", Some(1.0)),
    ("epsilon_cutoff", Some(0.0)),
    ("eta_cutoff", Some(0.0)),
    ("exponential_decay_length_penalty", None),
    ("force_words_ids", None),
    ("forced_decoder_ids", None),
    ("guidance_scale", Some(1.0)),
    ("max_time", None),
    ("min_p", Some(0.0)),
    ("num_beam_groups", Some(1.0)),
    ("penalty_alpha", Some(0.0)),
    ("remove_invalid_values", None),
    ("renormalize_logits", None),
    ("sequence_bias", None),
    ("stop_strings", None),
    ("suppress_tokens", None),
    ("token_healing", None),
    ("top_h", None),
    ("typical_p", Some(1.0)),
    ("watermarking_config", None),
];

/// Refuses settings that generation would not heed.
///
/// # Errors
/// [`crate::Error::Config`] naming the first of them and its value.
pub(super) fn refuse_unsupported(file: &ConfigFile) -> Result<()> {
    for (key, neutral) in UNSUPPORTED {
        let Some(value) = file.fields().get(key) else {
            continue;
        };
        let changes = match value {
            Value::Null | Value::Bool(false) => false,
            Value::Number(number) => neutral.is_none() || number.as_f64() != neutral,
            Value::Array(list) => !list.is_empty(),
            Value::Object(map) => !map.is_empty(),
            Value::Bool(true) | Value::String(_) => true,
        };
        if changes {
            return Err(file.error(key, format!("is {value}: this setting is not supported")));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::generate::GenerationConfig;

    fn read(fields: &Value) -> crate::Result<GenerationConfig> {
        GenerationConfig::from_fields("here", fields.as_object().unwrap().clone())
    }

    #[test]
    fn settings_that_are_not_heeded_are_refused_by_name() {
        for fields in [
            json!({"bad_words_ids": [[3]]}),
            json!({"num_beam_groups": 2}),
            json!({"typical_p": 0.9}),
            json!({"renormalize_logits": true}),
            json!({"max_time": 2.0}),
            json!({"stop_strings": "end"}),
            json!({"sequence_bias": {"x": 1.0}}),
            json!({"watermarking_config": {"bias": 2.0}}),
        ] {
            let text = read(&fields).unwrap_err().to_string();
            let key = fields.as_object().unwrap().keys().next().unwrap();
            assert!(text.contains("here") && text.contains(key), "{text}");
        }
    }

    #[test]
    fn values_that_change_nothing_are_taken() {
        let fields = json!({
            "bad_words_ids": null, "num_beam_groups": 1, "diversity_penalty": 0.0, "typical_p": 1.0,
            "renormalize_logits": false, "suppress_tokens": [], "encoder_no_repeat_ngram_size": 0,
            "watermarking_config": null, "transformers_version": "4.30.0", "penalty_alpha": null,
        });
        assert_eq!(read(&fields).unwrap(), GenerationConfig::default());
    }

    #[test]
    fn an_explicit_zero_of_new_tokens_lifts_the_length() {
        let settings = read(&json!({"min_length": 9, "min_new_tokens": 0})).unwrap();
        assert_eq!((settings.min_length, settings.min_new_tokens), (0, 0));
        let settings = read(&json!({"min_length": 9})).unwrap();
        assert_eq!(settings.min_length, 9);
    }
}
