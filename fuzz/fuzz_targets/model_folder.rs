//! Folders of models: settings and weights, converted layers, saved stages of extraction. What does not
//! fit is refused before it takes memory.

#![no_main]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use burn::tensor::Device;
use libfuzzer_sys::fuzz_target;
use plm_core::checkpoint::{SaveOptions, fingerprint};
use plm_core::config::{ConfigFile, Gpt2Config, ModelConfig};
use plm_core::device;
use plm_core::models::{
    BartModel, EncoderForSequenceClassification, EncoderModel, Gpt2LmHeadModel, Pretrained,
    PretrainedModel, T5EncoderModel,
};
use plm_core::rng::Seed;
use plm_fuzz::{kind, parts, subfolder};
use plm_ie_markers::model::{MarkerNer, MarkerRelations};
use plm_ie_markers::pipeline::{EntityStage, Extractor, RelationStage};
use serde_json::{Value, json};

fn host() -> Device {
    device::parse("flex").unwrap()
}

/// Settings, a zero byte, weights.
fn model<M: PretrainedModel>(bytes: &[u8]) {
    let folder = subfolder("model");
    let [config, weights] = parts(bytes);
    fs::write(folder.join("config.json"), config).unwrap();
    fs::write(folder.join("model.safetensors"), weights).unwrap();
    if let Ok(model) = Pretrained::<M>::load(&folder, &host()) {
        let written = subfolder("model-written");
        let _ = fs::remove_dir_all(&written);
        model.save(&written, &SaveOptions::new()).unwrap();
        Pretrained::<M>::load(&written, &host()).unwrap();
    }
    let _ = Pretrained::<M>::load_with_new_head(&folder, 3, Seed::new(1), &host());
}

/// A folder with a small GPT-2, and the fingerprint of its weights.
fn small() -> (PathBuf, String) {
    let fields = json!({
        "model_type": "gpt2", "n_embd": 2, "n_layer": 1, "n_head": 1, "n_inner": 4,
        "n_positions": 4, "vocab_size": 4, "activation_function": "relu",
    });
    let Value::Object(fields) = fields else {
        unreachable!("an object");
    };
    let config = Gpt2Config::from_file(&ConfigFile::from_fields("small", fields)).unwrap();
    let folder = subfolder("parent").join("small");
    let model = Pretrained::<Gpt2LmHeadModel>::new(&config, Seed::new(1), &host()).unwrap();
    model.save(&folder, &SaveOptions::new()).unwrap();
    let found = fingerprint(&folder).unwrap();
    (folder, found)
}

/// `moe.json`, a zero byte, the tensors of its layers, beside a good model; the fingerprints that the file
/// names are made right.
fn converted(bytes: &[u8]) {
    static SMALL: OnceLock<(PathBuf, String)> = OnceLock::new();
    let (folder, weights) = SMALL.get_or_init(small);
    let [record, tensors] = parts(bytes);
    let file = folder.join("moe.safetensors");
    fs::write(&file, tensors).unwrap();
    let mut written = record.to_vec();
    if let Ok(Value::Object(mut fields)) = serde_json::from_slice::<Value>(record) {
        if let Some(sum) = fields.get_mut("weights_sha256") {
            *sum = json!(weights);
        }
        if let (Some(sum), Ok(own)) = (fields.get_mut("tensors_sha256"), fingerprint(&file)) {
            *sum = json!(own);
        }
        written = json!(fields).to_string().into_bytes();
    }
    fs::write(folder.join("moe.json"), written).unwrap();
    if let Ok(loaded) = plm_moe::load::<Gpt2LmHeadModel>(folder, &host()) {
        assert_eq!(loaded.layers.len(), 1);
    }
}

fn stages(folder: &Path, bytes: &[u8]) {
    for name in ["extraction.json", "extractor.json"] {
        fs::write(folder.join(name), bytes).unwrap();
    }
    assert!(EntityStage::<MarkerNer>::load(folder, &host()).is_err());
    assert!(RelationStage::<MarkerRelations>::load(folder, &host()).is_err());
    assert!(Extractor::<MarkerNer, MarkerRelations>::from_dir(folder, &host()).is_err());
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    match kind % 7 {
        0 => model::<Gpt2LmHeadModel>(bytes),
        1 => model::<EncoderModel>(bytes),
        2 => model::<EncoderForSequenceClassification>(bytes),
        3 => model::<T5EncoderModel>(bytes),
        4 => model::<BartModel>(bytes),
        5 => converted(bytes),
        _ => stages(&subfolder("stages"), bytes),
    }
});
