//! New models and new heads, and what is saved with them.

use std::fs;
use std::path::Path;

use plm_core::Error;
use plm_core::checkpoint::SaveOptions;
use plm_core::config::{EncoderConfig, EncoderFamily, T5Config};
use plm_core::kernel::Activation;
use plm_core::models::{
    BartForConditionalGeneration, BartForSequenceClassification, BartModel, EncoderForMaskedLM,
    EncoderForQuestionAnswering, EncoderForSequenceClassification, EncoderForTokenClassification,
    EncoderModel, Gpt2ForSequenceClassification, Gpt2LmHeadModel, Gpt2Model, Pretrained,
    PretrainedModel, T5EncoderModel, T5ForConditionalGeneration, T5ForSequenceClassification,
    T5ForTokenClassification, T5Model,
};
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::decoder_support::{both_inputs, stack_input};
use super::decoder_vocabulary as words;
use super::fixture::{Fixture, devices};
use super::tensors::values;

type Classifier = EncoderForSequenceClassification;

fn encoder(family: EncoderFamily) -> EncoderConfig {
    EncoderConfig {
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 4,
        intermediate_size: 24,
        max_position_embeddings: 32,
        num_labels: 3,
        ..EncoderConfig::of(family, 50)
    }
}

/// A copy of the fixture called `name` with another `config.json`.
fn changed(name: &str, change: impl FnOnce(&mut Map<String, Value>)) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let good = Fixture::open(name).dir;
    let weights = "model.safetensors";
    fs::copy(good.join(weights), folder.path().join(weights)).unwrap();
    let text = fs::read(good.join("config.json")).unwrap();
    let mut fields: Map<String, Value> = serde_json::from_slice(&text).unwrap();
    change(&mut fields);
    let text = Value::Object(fields).to_string();
    fs::write(folder.path().join("config.json"), text).unwrap();
    folder
}

/// A new model is the same when it is read again.
fn survives<M: PretrainedModel>(config: &M::Config) {
    let (_, device) = devices().remove(0);
    let what = M::architecture(config);
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.path().join(name));
    let model = Pretrained::<M>::new(config, Seed::new(1), &device).unwrap();
    model.save(&first, &SaveOptions::new()).unwrap();
    let again = Pretrained::<M>::load(&first, &device).unwrap();
    assert_eq!(again.settings().unwrap(), *config, "{what}");
    again.save(&second, &SaveOptions::new()).unwrap();
    let weights = |dir: &Path| fs::read(dir.join("model.safetensors")).unwrap();
    assert!(weights(&first) == weights(&second), "{what}");
}

#[test]
fn new_models_of_every_family_are_read_again() {
    for family in [
        EncoderFamily::Bert,
        EncoderFamily::Roberta,
        EncoderFamily::Mpnet,
        EncoderFamily::DistilBert,
    ] {
        let config = encoder(family);
        survives::<EncoderModel>(&config);
        survives::<EncoderForMaskedLM>(&config);
        survives::<Classifier>(&config);
        survives::<EncoderForTokenClassification>(&config);
        survives::<EncoderForQuestionAnswering>(&config);
    }
    for tied in [true, false] {
        survives::<T5ForConditionalGeneration>(&words::t5(tied));
        survives::<BartForConditionalGeneration>(&words::bart(tied));
        survives::<Gpt2LmHeadModel>(&words::gpt2(tied));
    }
    survives::<T5Model>(&words::t5(true));
    survives::<T5EncoderModel>(&words::t5(true));
    survives::<T5ForSequenceClassification>(&words::t5(true));
    survives::<T5ForTokenClassification>(&words::t5(true));
    survives::<BartModel>(&words::bart(true));
    survives::<BartForSequenceClassification>(&words::bart(true));
    survives::<Gpt2Model>(&words::gpt2(true));
    survives::<Gpt2ForSequenceClassification>(&words::gpt2(true));
}

#[test]
fn gated_blocks_keep_their_activation() {
    for activation in [
        Activation::Gelu,
        Activation::GeluTanh,
        Activation::Relu,
        Activation::Silu,
    ] {
        survives::<T5Model>(&T5Config {
            gated: true,
            activation,
            ..words::t5(true)
        });
    }
}

#[test]
fn settings_of_new_models_are_checked() {
    let (_, device) = devices().remove(0);
    let bert = encoder(EncoderFamily::Bert);
    for (config, part) in [
        (
            EncoderConfig {
                num_attention_heads: 3,
                ..bert.clone()
            },
            "`num_attention_heads` is 3",
        ),
        (
            EncoderConfig {
                num_labels: 0,
                ..bert.clone()
            },
            "`num_labels` is 0",
        ),
        (
            EncoderConfig {
                pad_token_id: 50,
                ..bert.clone()
            },
            "`pad_token_id` is 50",
        ),
        (
            EncoderConfig {
                family: EncoderFamily::DistilBert,
                ..bert
            },
            "`type_vocab_size: 2`",
        ),
        (
            EncoderConfig {
                layer_norm_eps: 1e-5,
                ..encoder(EncoderFamily::DistilBert)
            },
            "`layer_norm_eps: 1e-5`",
        ),
    ] {
        let error = Pretrained::<Classifier>::new(&config, Seed::new(1), &device).unwrap_err();
        assert!(
            matches!(error, Error::Config { .. } | Error::Invalid { .. }),
            "{error}"
        );
        let text = error.to_string();
        assert!(
            text.contains("new model") && text.contains(part),
            "`{part}` is not in: {text}"
        );
    }
    // A tied head is scaled.
    let config = T5Config {
        scale_decoder_outputs: false,
        ..words::t5(true)
    };
    let error = Pretrained::<T5Model>::new(&config, Seed::new(1), &device).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("tie_word_embeddings: true"), "{text}");
}

#[test]
fn a_new_head_is_drawn_by_its_path() {
    let (_, device) = devices().remove(0);
    let dir = Fixture::open("bert-seqcls").dir;
    let seed = Seed::new(7);
    let old = Pretrained::<Classifier>::load(&dir, &device).unwrap().model;
    let new = Pretrained::<Classifier>::load_with_new_head(&dir, 5, seed, &device).unwrap();
    let new = new.model;
    let path = "classifier.output.weight";
    let drawn = normal(seed.child("head"), path, 16 * 5, 0.3);
    assert_eq!(values(new.classifier.output.weight.val()), drawn);
    let bias = new.classifier.output.bias.unwrap();
    assert_eq!(values(bias.val()), [0.0; 5]);
    let pooler = |model: Classifier| values(model.encoder.pooler.unwrap().weight.val());
    let read = values(new.encoder.pooler.unwrap().weight.val());
    assert_eq!(read, pooler(old));
}

#[test]
fn a_new_head_has_no_problem_type() {
    let (_, device) = devices().remove(0);
    let key = "problem_type";
    let dir = changed("bert-seqcls", |fields| {
        fields.insert(key.to_owned(), json!("regression"));
    });
    let mut old = Pretrained::<Classifier>::load(&dir, &device).unwrap();
    let names = ["bad", "fair", "good"].map(str::to_owned);
    old.config.set_labels(&names);
    assert_eq!(old.config.fields()[key], "regression");
    let new = Pretrained::<Classifier>::load_with_new_head(&dir, 3, Seed::new(1), &device);
    assert!(!new.unwrap().config.fields().contains_key(key));
}

/// The model of the fixture called `name` with these `eos_token_id`, written and read again.
fn with_ends<M: PretrainedModel>(name: &str, ends: &Value) -> plm_core::Result<Pretrained<M>> {
    let (_, device) = devices().remove(0);
    let dir = changed(name, |fields| {
        fields.insert("eos_token_id".to_owned(), ends.clone());
    });
    let saved = dir.path().join("saved");
    Pretrained::<M>::load(&dir, &device)?.save(&saved, &SaveOptions::new())?;
    let again = Pretrained::<M>::load(&saved, &device)?;
    assert_eq!(again.config.fields()["eos_token_id"], *ends, "{name}");
    Ok(again)
}

#[test]
fn of_a_list_of_ends_the_first_is_used_and_all_are_kept() {
    let t5 = with_ends::<T5ForSequenceClassification>("t5-seqcls", &json!([1, 3])).unwrap();
    assert_eq!(t5.settings().unwrap().eos_token_id, 1);
    let fixture = Fixture::open("t5-seqcls");
    let (name, device) = devices().remove(0);
    let (_, logits) = t5
        .model
        .forward(&both_inputs(&fixture, "", &device))
        .unwrap();
    fixture.check("logits", logits, name);
    let bart = with_ends::<BartForSequenceClassification>("bart-seqcls", &json!([2, 3])).unwrap();
    assert_eq!(bart.settings().unwrap().eos_token_id, 2);
    let gpt2 = with_ends::<Gpt2LmHeadModel>("gpt2-lm", &json!([1, 2])).unwrap();
    assert_eq!(gpt2.settings().unwrap().eos_token_id, Some(1));
    for wrong in [json!([]), json!(["end"]), json!([-1]), json!("end")] {
        let error = with_ends::<T5ForSequenceClassification>("t5-seqcls", &wrong).unwrap_err();
        assert!(error.to_string().contains("eos_token_id"), "{error}");
    }
}

#[test]
fn given_files_take_the_place_of_the_models_own() {
    let (_, device) = devices().remove(0);
    let bert = Fixture::open("bert-mlm").dir;
    let mut model = Pretrained::<EncoderForMaskedLM>::load(bert, &device).unwrap();
    model.tokenizer = Some(words::tokenizer("wordpiece"));
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("saved");
    let read = |name: &str| fs::read(dir.join(name)).unwrap();
    let options = SaveOptions::new()
        .companion("config.json", "{}")
        .companion("tokenizer.json", "[]");
    let report = model.save(&dir, &options).unwrap();
    assert_eq!(read("config.json"), b"{}");
    assert_eq!(read("tokenizer.json"), b"[]");
    assert!(!read("tokenizer_config.json").is_empty());
    for name in ["config.json", "tokenizer.json"] {
        let written = report.files.iter().filter(|file| *file == name);
        assert_eq!(written.count(), 1, "{name}");
    }
    let twice = options.companion("config.json", "[]");
    let error = model.save(&dir, &twice).unwrap_err();
    assert!(matches!(error, Error::Invalid { .. }), "{error}");
    assert!(error.to_string().contains("`config.json`"), "{error}");
    assert_eq!(read("config.json"), b"{}");
}

/// Writes a base model, without a prefix in its names, and reads it again.
fn check_saved_base<M: PretrainedModel>(model: &Pretrained<M>) {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("saved");
    let report = model.save(&dir, &SaveOptions::new()).unwrap();
    let mut names = report.tensors.iter();
    assert!(!names.any(|name| name.starts_with("transformer.")));
    Pretrained::<M>::load(&dir, &device).unwrap();
}

#[test]
fn base_models_of_t5_read_the_files_of_classifiers() {
    let (name, device) = devices().remove(0);
    let fixture = Fixture::open("t5-seqcls");
    let whole = Pretrained::<T5ForSequenceClassification>::load(&fixture.dir, &device).unwrap();
    let base = Pretrained::<T5Model>::load(&fixture.dir, &device).unwrap();
    let input = both_inputs(&fixture, "", &device);
    let run = |model: &T5Model| values(model.forward(&input).decoder.last_hidden_state);
    assert_eq!(run(&base.model), run(&whole.model.model));
    check_saved_base(&base);
    for (file, key) in [
        ("t5-seqcls", "encoder_last_hidden_state"),
        ("t5-tokcls", "last_hidden_state"),
    ] {
        let fixture = Fixture::open(file);
        let encoder = Pretrained::<T5EncoderModel>::load(&fixture.dir, &device).unwrap();
        let output = encoder.model.forward(&stack_input(&fixture, "", &device));
        fixture.check(key, output.last_hidden_state, name);
        check_saved_base(&encoder);
    }
    // Those of language models have no prefix, in old files the word table three times.
    for file in ["t5-lm", "t5-lm-oldkeys"] {
        let dir = Fixture::open(file).dir;
        Pretrained::<T5Model>::load(&dir, &device).unwrap();
        Pretrained::<T5EncoderModel>::load(&dir, &device).unwrap();
    }
}
