//! Checkpoints of training: one file is the input, and the manifest has its right size and sum.

#![no_main]

use std::collections::BTreeMap;
use std::fs;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plm_core::train::{CheckpointStore, MetricsWriter};
use plm_fuzz::{file, kind, sha256, subfolder};
use serde_json::json;

const NAMES: [&str; 3] = ["state.json", "model.safetensors", "optimizer.safetensors"];

/// A good state.
const STATE: &str = concat!(
    r#"{"step":7,"epoch":1,"seed":3,"sampler":{"next":2},"best":{"step":5,"metric":"0.25"},"waited":1,"#,
    r#""evaluated":7,"non_finite":0,"non_finite_run":0,"window":{"sum":"1.5","weight":"2"},"frozen":null,"metrics_len":17}"#,
);

fuzz_target!(|bytes: &[u8]| {
    static STORE: OnceLock<CheckpointStore> = OnceLock::new();
    let store = STORE.get_or_init(|| CheckpointStore::open(subfolder("store"), 1).unwrap());
    let (kind, bytes) = kind(bytes);
    let (step, number) = (7, usize::from(kind) % 4);
    if number == 3 {
        let _ = MetricsWriter::open(file("metrics.jsonl", bytes), u64::from(kind >> 2));
        return;
    }
    let _ = store.steps().unwrap();
    let folder = store.path(step);
    fs::create_dir_all(&folder).unwrap();
    let mut files = BTreeMap::new();
    for (place, name) in NAMES.into_iter().enumerate() {
        let content = match place {
            place if place == number => bytes,
            0 => STATE.as_bytes(),
            _ => b"\x08\0\0\0\0\0\0\0{}      ",
        };
        fs::write(folder.join(name), content).unwrap();
        files.insert(
            name,
            json!({"bytes": content.len(), "sha256": sha256(content)}),
        );
    }
    let manifest = json!({"format": 1, "files": files});
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    let Ok(found) = store.load(step) else {
        return;
    };
    store.save(&found).unwrap();
    let again = store.load(step).unwrap();
    for (found, again) in [
        (found.model.tensors(), again.model.tensors()),
        (&found.optimizer, &again.optimizer),
    ] {
        let content = |tensors: &BTreeMap<String, burn::tensor::TensorData>| -> Vec<_> {
            let tensors = tensors.iter();
            tensors
                .map(|(name, data)| (name.clone(), data.as_bytes().to_vec()))
                .collect()
        };
        assert_eq!(content(found), content(again));
    }
});
