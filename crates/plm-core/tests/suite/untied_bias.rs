//! Masked-LM files of transformers before 5 whose decoder is not tied: its bias is the head's, under that
//! name alone.

use std::collections::BTreeMap;
use std::fs;

use burn::module::Module;
use plm_core::checkpoint::SaveOptions;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use safetensors::tensor::{TensorView, serialize_to_file};
use safetensors::{Dtype, SafeTensors};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::encoder_parity::input;
use super::fixture::{Fixture, check_close, devices};
use super::tensors::values;

type Stored = (Dtype, Vec<usize>, Vec<u8>);

const BIAS: &str = "cls.predictions.bias";
const DECODER: &str = "cls.predictions.decoder.weight";
const DECODER_BIAS: &str = "cls.predictions.decoder.bias";

/// The fixture called `name` with an untied decoder and the tensors that `change` leaves.
fn untied(name: &str, change: impl FnOnce(&mut BTreeMap<String, Stored>)) -> TempDir {
    let good = Fixture::open(name).dir;
    let dir = tempfile::tempdir().unwrap();
    let config = fs::read(good.join("config.json")).unwrap();
    let mut config: Value = serde_json::from_slice(&config).unwrap();
    config["tie_word_embeddings"] = json!(false);
    fs::write(dir.path().join("config.json"), config.to_string()).unwrap();
    let bytes = fs::read(good.join("model.safetensors")).unwrap();
    let mut tensors: BTreeMap<String, Stored> = SafeTensors::deserialize(&bytes)
        .unwrap()
        .iter()
        .map(|(name, view)| {
            let stored = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name.to_owned(), stored)
        })
        .collect();
    change(&mut tensors);
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, None, &dir.path().join("model.safetensors")).unwrap();
    dir
}

fn numbers((_, _, bytes): &Stored) -> Vec<f32> {
    bytes
        .chunks_exact(4)
        .map(|bytes| f32::from_le_bytes(bytes.try_into().unwrap()))
        .collect()
}

#[test]
fn the_bias_of_the_head_is_that_of_the_decoder() {
    let fixture = Fixture::open("bert-mlm-untied");
    let mut gap = Vec::new();
    let dir = untied("bert-mlm-untied", |tensors| {
        let own = numbers(&tensors.remove(DECODER_BIAS).unwrap());
        let bias = numbers(&tensors[BIAS]);
        gap.extend(bias.iter().zip(own).map(|(bias, own)| bias - own));
    });
    let (_, mut expected) = fixture.floats("logits");
    for (at, score) in expected.iter_mut().enumerate() {
        *score += gap[at % gap.len()];
    }
    for (name, device) in devices() {
        let model = Pretrained::<EncoderForMaskedLM>::load(dir.path(), &device).unwrap();
        let (_, logits) = model.model.forward(&input(&fixture, "", &device));
        check_close(&values(logits), &expected, name, "logits");
    }
}

#[test]
fn every_family_gets_a_bias_that_is_trained_and_saved() {
    for (name, words, decoder) in [
        (
            "bert-mlm",
            "bert.embeddings.word_embeddings.weight",
            "cls.predictions.decoder",
        ),
        (
            "roberta-mlm",
            "roberta.embeddings.word_embeddings.weight",
            "lm_head.decoder",
        ),
        (
            "mpnet-mlm",
            "mpnet.embeddings.word_embeddings.weight",
            "lm_head.decoder",
        ),
    ] {
        let fixture = Fixture::open(name);
        // A decoder of its own with the word table's values scores as the tied one.
        let dir = untied(name, |tensors| {
            let words = tensors[words].clone();
            tensors.insert(format!("{decoder}.weight"), words);
        });
        for (device_name, device) in devices() {
            let model = Pretrained::<EncoderForMaskedLM>::load(dir.path(), &device).unwrap();
            let (_, logits) = model.model.forward(&input(&fixture, "", &device));
            fixture.check("logits", logits, device_name);
            let head = &model.model.head;
            let own = head.decoder_bias.as_ref().expect("the head's");
            assert_ne!(own.id, head.bias.id, "{name}");
            assert!(own.clone().train().is_require_grad(), "{name}");
            let saved = dir.path().join(device_name);
            let report = model.save(&saved, &SaveOptions::new()).unwrap();
            let bias = format!("{decoder}.bias");
            assert!(report.tensors.contains(&bias), "{name}");
        }
    }
}

#[test]
fn the_other_tensors_of_the_head_must_be_there() {
    let (_, device) = devices().remove(0);
    for missing in [BIAS, DECODER] {
        let dir = untied("bert-mlm-untied", |tensors| {
            tensors.remove(missing).unwrap();
        });
        let error = Pretrained::<EncoderForMaskedLM>::load(dir.path(), &device).unwrap_err();
        assert!(error.to_string().contains(missing), "{error}");
    }
}
