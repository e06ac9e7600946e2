//! Adapters with a mistake in them, and those with no more than is needed.

use std::fs;

use half::bf16;
use plm_prompt::io::PeftAdapter;
use safetensors::Dtype;
use serde_json::{Value, json};

use super::{fixture, tensors};

const WEIGHTS: &str = "adapter_model.safetensors";

/// Reads an adapter with `settings` and the tensors in `weights`.
fn load(settings: &Value, weights: &[u8]) -> Result<PeftAdapter, String> {
    let folder = tempfile::tempdir().unwrap();
    fs::write(
        folder.path().join("adapter_config.json"),
        settings.to_string(),
    )
    .unwrap();
    fs::write(folder.path().join(WEIGHTS), weights).unwrap();
    PeftAdapter::load(folder.path()).map_err(|error| error.to_string())
}

fn weights(tensors_: &[(&str, &[usize])]) -> Vec<u8> {
    let tensors_ = tensors_.iter().map(|&(name, shape)| {
        let count: usize = shape.iter().product();
        (
            name,
            Dtype::BF16,
            shape.to_vec(),
            bf16::ONE.to_le_bytes().repeat(count),
        )
    });
    tensors(&[], &tensors_.collect::<Vec<_>>())
}

#[test]
fn short_settings_and_small_types_are_enough() {
    let settings =
        json!({"peft_type": "PROMPT_TUNING", "num_virtual_tokens": 2, "new_key": {"b": 1, "a": 2}});
    for (rows, unused) in [(2, 0), (4, 2)] {
        let adapter = load(&settings, &weights(&[("prompt_embeddings", &[rows, 3])])).unwrap();
        assert_eq!(adapter.prompt(None).unwrap().values(), [1.0; 6]);
        assert_eq!(adapter.unused_rows(), unused);
        assert_eq!(adapter.unknown_settings(), ["new_key"]);
        let folder = tempfile::tempdir().unwrap();
        adapter.save(folder.path()).unwrap();
        let text = fs::read_to_string(folder.path().join("adapter_config.json")).unwrap();
        let expected = "{\n  \"new_key\": {\n    \"a\": 2,\n    \"b\": 1\n  },\n  \
                        \"num_virtual_tokens\": 2,\n  \"peft_type\": \"PROMPT_TUNING\"\n}";
        assert_eq!(text, expected);
    }
}

#[test]
fn what_holds_no_prompt_is_refused() {
    let error = PeftAdapter::load(fixture("peft/prefix"))
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("PREFIX_TUNING") && error.contains("every layer"),
        "{error}"
    );
    let error = load(&json!({"peft_type": "LORA"}), &[]).unwrap_err();
    assert!(error.contains("LORA; it holds no soft prompt"), "{error}");
    let folder = tempfile::tempdir().unwrap();
    let error = PeftAdapter::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("adapter_config.json"), "{error}");
    let settings = json!({"peft_type": "P_TUNING", "num_virtual_tokens": 1}).to_string();
    fs::write(folder.path().join("adapter_config.json"), settings).unwrap();
    fs::write(folder.path().join("adapter_model.bin"), "").unwrap();
    let error = PeftAdapter::load(folder.path()).unwrap_err().to_string();
    assert!(error.contains("a file of PyTorch"), "{error}");
}

#[test]
fn every_wrong_setting_is_named() {
    let good = json!({
        "peft_type": "PROMPT_TUNING", "num_virtual_tokens": 2, "num_transformer_submodules": 1,
        "token_dim": 3,
    });
    let file = weights(&[("prompt_embeddings", &[2, 3])]);
    assert!(load(&good, &file).is_ok());
    for (key, value, text) in [
        ("peft_type", json!(1), "`peft_type` is 1; must be the kind"),
        ("num_virtual_tokens", json!(0), "`num_virtual_tokens` is 0"),
        (
            "num_virtual_tokens",
            json!(null),
            "`num_virtual_tokens` is missing",
        ),
        (
            "num_virtual_tokens",
            json!(-2),
            "`num_virtual_tokens` is -2",
        ),
        (
            "num_virtual_tokens",
            json!(u64::MAX),
            "num_virtual_tokens 18446744073709551615",
        ),
        (
            "num_virtual_tokens",
            json!(1),
            "[2, 3]; adapter_config.json says num_virtual_tokens 1",
        ),
        ("num_transformer_submodules", json!(3), "must be 1 or 2"),
        (
            "num_transformer_submodules",
            json!(2),
            "num_transformer_submodules 2",
        ),
        ("token_dim", json!(4), "token_dim 4"),
        ("token_dim", json!("3"), "`token_dim` is \"3\""),
    ] {
        let mut settings = good.clone();
        settings[key] = value;
        let error = load(&settings, &file).unwrap_err();
        assert!(
            error.contains("adapter_") && error.contains(text),
            "{error}"
        );
    }
    let error = load(&json!([good]), &file).unwrap_err();
    assert!(error.contains("is no JSON object"), "{error}");
    let error = load(&json!({"x": "y".repeat(1 << 20)}), &file).unwrap_err();
    assert!(error.contains("too many for settings"), "{error}");
    for (file, text) in [
        (weights(&[]), "no tensor `prompt_embeddings`"),
        (weights(&[("prompt_embeddings", &[6])]), "shape [6]"),
        (
            weights(&[("prompt_embeddings", &[2, 3]), ("x", &[1])]),
            "`x` is unknown",
        ),
    ] {
        let error = load(&good, &file).unwrap_err();
        assert!(error.contains(text), "{error}");
    }
    let mut multitask = good.clone();
    multitask["peft_type"] = json!("MULTITASK_PROMPT_TUNING");
    for (cols, rows) in [
        ([1, 2, 2], [1, 1, 3]),
        ([1, 3, 1], [1, 1, 3]),
        ([2, 2, 1], [1, 1, 3]),
    ] {
        let (cols, rows) = (
            ("prefix_task_cols", &cols[..]),
            ("prefix_task_rows", &rows[..]),
        );
        let file = weights(&[("prompt_embeddings", &[2, 3]), cols, rows]);
        let error = load(&multitask, &file).unwrap_err();
        assert!(error.contains("needs [tasks, 2, ranks]"), "{error}");
    }
    assert!(
        load(&multitask, &file)
            .unwrap_err()
            .contains("no tensor `prefix_task_cols`")
    );
}
