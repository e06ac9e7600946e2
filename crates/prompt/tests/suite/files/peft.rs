//! Adapters that PEFT wrote, and ours beside them. The fixtures are made by `make_prompts.py`.
//!
//! Where the environment variable `PLM_SAVED` names a folder, our adapters stay there, one for each
//! family and one for each prompt that is exported from the paper's scheme, for `check_saved.py` beside the
//! fixtures.

use std::fs;
use std::path::{Path, PathBuf};

use plm_prompt::Error;
use plm_prompt::io::{
    PeftAdapter, PeftBase, PeftKind, PeftTask, list_entries, load_safetensors_entry, to_absolute,
    to_zero_position,
};
use serde_json::Value;

use super::{diverged, expected, fixture, prompt};

const FAMILIES: [(&str, PeftTask, usize); 5] = [
    ("bert-mlm", PeftTask::FeatureExtraction, 4),
    ("roberta-mlm", PeftTask::FeatureExtraction, 4),
    ("t5-lm", PeftTask::SequenceToSequence, 4),
    ("bart-lm", PeftTask::SequenceToSequence, 4),
    ("gpt2-lm", PeftTask::CausalLanguageModel, 4),
];

fn settings(directory: &Path) -> Value {
    let text = fs::read(directory.join("adapter_config.json")).unwrap();
    serde_json::from_slice(&text).unwrap()
}

/// Where the adapter called `name` is saved.
fn place(temporary: &tempfile::TempDir, name: &str) -> PathBuf {
    match std::env::var_os("PLM_SAVED") {
        Some(folder) => PathBuf::from(folder).join(name),
        None => temporary.path().join(name),
    }
}

#[test]
fn what_peft_saved_is_read() {
    for (name, task, _) in FAMILIES {
        let adapter = PeftAdapter::load(fixture(name).join("adapter")).unwrap();
        assert_eq!(
            adapter.prompt(None).unwrap(),
            expected(name, "prompt"),
            "{name}"
        );
        assert_eq!(adapter.kind(), PeftKind::PromptTuning);
        assert_eq!(adapter.base_model(), Some(name));
        assert_eq!(adapter.task_type(), Some(task.name()));
        assert_eq!((adapter.tasks(), adapter.unused_rows()), (0, 0));
        assert_eq!(adapter.unknown_settings(), [""; 0]);
        assert_eq!(adapter.kept_tensors().count(), 0);
    }
}

#[test]
fn ours_has_the_settings_of_peft_and_the_same_numbers() {
    for (name, task, heads) in FAMILIES {
        let temporary = tempfile::tempdir().unwrap();
        let folder = place(&temporary, name);
        let base = PeftBase {
            name: name.to_owned(),
            layers: 2,
            heads,
            task,
        };
        let prompt = expected(name, "prompt");
        PeftAdapter::new(prompt.clone(), &base)
            .unwrap()
            .save(&folder)
            .unwrap();
        let mut theirs = settings(&fixture(name).join("adapter"));
        theirs.as_object_mut().unwrap().remove("peft_version");
        assert_eq!(settings(&folder), theirs, "{name}");
        let weights = folder.join("adapter_model.safetensors");
        assert_eq!(
            load_safetensors_entry(&weights, "prompt_embeddings").unwrap(),
            prompt
        );
        assert_eq!(list_entries(&weights).unwrap().len(), 1);
        let header = fs::read(&weights).unwrap();
        let header = String::from_utf8_lossy(&header[8..200]);
        assert!(
            header.contains(r#""__metadata__":{"format":"pt"}"#),
            "{header}"
        );
        let text = fs::read_to_string(folder.join("adapter_config.json")).unwrap();
        let lines: Vec<_> = text.lines().collect();
        assert_eq!(lines[1], "  \"auto_mapping\": null,");
        assert!(lines[1..lines.len() - 1].is_sorted(), "{text}");
    }
}

#[test]
fn the_zero_position_prompt_is_exported_exactly() {
    let temporary = tempfile::tempdir().unwrap();
    for name in ["bert-mlm", "roberta-mlm"] {
        let [prompt, positions, absolute] =
            ["prompt", "positions", "absolute"].map(|key| expected(name, key));
        let mask = mask_vector(name);
        let exported = to_absolute(&prompt, positions.values(), &mask).unwrap();
        // The logits of PEFT for these very numbers were compared when the fixture was made.
        assert_eq!(exported, absolute, "{name}");
        let saved = PeftAdapter::load(fixture(name).join("absolute")).unwrap();
        assert_eq!(saved.prompt(None).unwrap(), absolute, "{name}");
        let base = PeftBase {
            name: name.to_owned(),
            layers: 2,
            heads: 4,
            task: PeftTask::FeatureExtraction,
        };
        let folder = place(&temporary, &format!("{name}-absolute"));
        let ours = PeftAdapter::new(exported, &base).unwrap();
        ours.save(&folder).unwrap();
        let read = PeftAdapter::load(&folder).unwrap();
        assert_eq!(read.prompt(None).unwrap(), absolute, "{name}");
        let back = to_zero_position(&absolute, positions.values(), &mask).unwrap();
        assert_eq!(back.row(0), &mask[..]);
        for row in 1..prompt.rows() {
            for (a, b) in back.row(row).iter().zip(prompt.row(row)) {
                assert!((a - b).abs() < 1e-6, "{name}: {a} {b}");
            }
        }
        // A prompt trained by PEFT does not read its answer from a mask word.
        assert!(to_zero_position(&prompt, positions.values(), &mask).is_err());
    }
}

#[test]
fn adapters_of_another_model_are_refused_where_the_model_is_named() {
    let adapter = PeftAdapter::load(fixture("bert-mlm/adapter")).unwrap();
    let width = adapter.prompt(None).unwrap().width();
    adapter.check_backbone("bert-mlm", width).unwrap();
    let name = adapter.check_backbone("roberta-mlm", width).unwrap_err();
    assert!(matches!(name, Error::Backbone { .. }), "{name}");
    let text = name.to_string();
    assert!(
        text.contains("`bert-mlm`") && text.contains("`roberta-mlm`"),
        "{text}"
    );
    let wide = adapter.check_backbone("bert-mlm", width + 1).unwrap_err();
    assert!(matches!(wide, Error::Width { .. }), "{wide}");
}

/// A tensor of one axis, which is no prompt.
fn mask_vector(name: &str) -> Vec<f32> {
    let file = fs::read(fixture(name).join("expected.safetensors")).unwrap();
    let file = safetensors::SafeTensors::deserialize(&file).unwrap();
    let bytes = file.tensor("mask_vector").unwrap().data().to_vec();
    bytes
        .as_chunks()
        .0
        .iter()
        .map(|&item| f32::from_le_bytes(item))
        .collect()
}

#[test]
fn prompts_are_replaced_only_by_their_like() {
    let mut adapter = PeftAdapter::load(fixture("bert-mlm/adapter")).unwrap();
    adapter.replace_prompt(prompt(5, 16)).unwrap();
    assert_eq!(adapter.prompt(None).unwrap(), prompt(5, 16));
    for (rows, width) in [(1, 16), (5, 1), (10, 16)] {
        let error = adapter
            .replace_prompt(prompt(rows, width))
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("5 x 16") && error.contains("new adapter"),
            "{error}"
        );
    }
    let error = adapter.prompt(Some(0)).unwrap_err().to_string();
    assert!(error.contains("0 tasks and task 0"), "{error}");
    let base = PeftBase {
        name: "x".to_owned(),
        layers: 1,
        heads: 1,
        task: PeftTask::FeatureExtraction,
    };
    assert!(PeftAdapter::new(prompt(0, 4), &base).is_err());
    let refused = |result: plm_prompt::Result<()>| {
        let error = result.unwrap_err();
        assert!(matches!(error, Error::NotFinite(_)), "{error}");
    };
    refused(PeftAdapter::new(diverged(5, 16), &base).map(|_| ()));
    refused(adapter.replace_prompt(diverged(5, 16)));
    assert_eq!(adapter.prompt(None).unwrap(), prompt(5, 16));
}
