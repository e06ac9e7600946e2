//! Broken directories give typed errors that name the file; nothing panics.

use std::fs;
use std::path::{Path, PathBuf};

use plm_core::Error;
use plm_core::generate::GenerationConfig;
use plm_core::models::{EncoderForMaskedLM, EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::EncodeOptions;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::fixture::{Fixture, devices};

/// A copy of a good checkpoint with a small tokenizer and settings for generation, to be broken.
struct Broken {
    dir: tempfile::TempDir,
}

impl Broken {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let good = Fixture::open("bert-mlm").dir;
        for name in ["config.json", "model.safetensors"] {
            fs::copy(good.join(name), dir.path().join(name)).unwrap();
        }
        let name = "generation_config.json";
        let generation = Fixture::open("bart-lm").dir.join(name);
        fs::copy(generation, dir.path().join(name)).unwrap();
        let texts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/text/wordpiece");
        let name = "tokenizer.json";
        fs::copy(texts.join(name), dir.path().join(name)).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn config(&self, change: impl FnOnce(&mut serde_json::Map<String, Value>)) -> &Self {
        let path = self.path("config.json");
        let mut value: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        change(value.as_object_mut().unwrap());
        fs::write(path, value.to_string()).unwrap();
        self
    }

    fn weights(&self, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> &Self {
        let path = self.path("model.safetensors");
        let bytes = change(fs::read(&path).unwrap());
        fs::write(path, bytes).unwrap();
        self
    }

    fn error(&self) -> Error {
        load(self.dir.path()).expect_err("a broken directory")
    }

    #[track_caller]
    fn says(&self, parts: &[&str]) {
        let text = self.error().to_string();
        for part in parts {
            assert!(text.contains(part), "`{part}` is not in: {text}");
        }
    }
}

fn load(dir: &Path) -> plm_core::Result<Pretrained<EncoderForMaskedLM>> {
    let (_, device) = devices().remove(0);
    Pretrained::load(dir, &device)
}

#[test]
fn the_untouched_copy_loads() {
    assert!(load(Broken::new().dir.path()).is_ok());
}

#[test]
fn settings_are_checked_by_name() {
    let with = |key: &'static str, value: Value, parts: &[&str]| {
        let broken = Broken::new();
        broken.config(|fields| {
            if value.is_null() {
                fields.remove(key);
            } else {
                fields.insert(key.to_owned(), value);
            }
        });
        let mut all = vec!["config.json", key];
        all.extend(parts);
        broken.says(&all);
    };
    with("hidden_size", Value::Null, &["missing"]);
    with("hidden_size", json!("wide"), &["wide"]);
    with("hidden_size", json!(-3), &["-3"]);
    with("num_attention_heads", json!(3), &["3", "hidden_size", "16"]);
    with("num_hidden_layers", json!(0), &["0"]);
    with("num_hidden_layers", json!(1_000_000), &["1000000", "4096"]);
    with("vocab_size", json!(1_u64 << 60), &["2^30"]);
    with("hidden_act", json!("swoosh"), &["swoosh"]);
    with("hidden_dropout_prob", json!(1.5), &["1.5", "[0, 1)"]);
    with("pad_token_id", json!(4000), &["4000", "60"]);
    with("layer_norm_eps", json!(0.0), &["0"]);
    with("model_type", json!("mamba"), &["mamba", "roberta"]);
    with("model_type", Value::Null, &["missing"]);
    with("is_decoder", json!(true), &["true", "encoders"]);
    with("add_cross_attention", json!(true), &["true", "encoders"]);
}

#[test]
fn a_config_that_is_no_object_names_the_file() {
    for text in ["", "[1, 2]", "{\"hidden_size\": ", "\u{0}\u{1}"] {
        let broken = Broken::new();
        fs::write(broken.path("config.json"), text).unwrap();
        broken.says(&["config.json"]);
    }
    let broken = Broken::new();
    fs::remove_file(broken.path("config.json")).unwrap();
    assert!(matches!(broken.error(), Error::Io { .. }));
}

#[test]
fn weights_of_another_size_are_listed() {
    let broken = Broken::new();
    broken.config(|fields| {
        fields.insert("intermediate_size".to_owned(), json!(24));
    });
    broken.says(&["intermediate.dense.weight", "[20, 16]", "[24, 16]"]);
    let broken = Broken::new();
    broken.config(|fields| {
        fields.insert("num_hidden_layers".to_owned(), json!(3));
    });
    broken.says(&["encoder.layer.2"]);
    let broken = Broken::new();
    broken.config(|fields| {
        fields.insert("num_hidden_layers".to_owned(), json!(1));
    });
    broken.says(&["encoder.layer.1"]);
}

#[test]
fn a_new_head_asks_for_no_memory_before_the_weights_fit() {
    let (_, device) = devices().remove(0);
    let broken = Broken::new();
    broken.config(|fields| {
        fields.insert("hidden_size".to_owned(), json!(1 << 30));
    });
    let dir = broken.dir.path();
    let seed = Seed::new(1);
    let loaded =
        Pretrained::<EncoderForSequenceClassification>::load_with_new_head(dir, 3, seed, &device);
    let text = loaded.unwrap_err().to_string();
    assert!(
        text.contains("word_embeddings") && text.contains("[60, 1073741824]"),
        "{text}"
    );
}

#[test]
fn damaged_weight_files_name_the_file() {
    let changes: [fn(Vec<u8>) -> Vec<u8>; 5] = [
        |bytes| bytes[..bytes.len() / 2].to_vec(),
        |_| Vec::new(),
        |mut bytes| {
            bytes[..8].copy_from_slice(&u64::MAX.to_le_bytes());
            bytes
        },
        |bytes| bytes.iter().map(|byte| byte ^ 0x5a).collect(),
        |mut bytes| {
            bytes.truncate(5);
            bytes
        },
    ];
    for change in changes {
        let broken = Broken::new();
        broken.weights(change).says(&["model.safetensors"]);
    }
}

#[test]
fn a_weight_that_is_not_a_number_is_refused_by_name() {
    let broken = Broken::new();
    broken.weights(|mut bytes| {
        let end = bytes.len();
        bytes[end - 4..].copy_from_slice(&f32::NAN.to_le_bytes());
        bytes
    });
    let dir = broken.dir.path().display().to_string();
    broken.says(&[&dir, "model.safetensors", "not finite", "weight"]);
}

#[test]
fn tokens_that_the_model_has_no_row_for_are_reported_and_refused_in_use() {
    let broken = Broken::new();
    let mini = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/plm-mini");
    fs::copy(mini.join("tokenizer.json"), broken.path("tokenizer.json")).unwrap();
    let mut model = load(broken.dir.path()).unwrap();
    let beyond = &model.report.beyond_vocabulary;
    assert_eq!(beyond.len(), 8192 - 60);
    assert_eq!(beyond[0], ("[unused55]".to_owned(), 60));
    let encode = |model: &Pretrained<EncoderForMaskedLM>, text| {
        model.tokenizer()?.encode(text, &EncodeOptions::new())
    };
    assert!(encode(&model, "[unused3]").is_ok());
    let error = encode(&model, "the").unwrap_err();
    assert!(matches!(error, Error::Tokenizer { .. }));
    let text = error.to_string();
    assert!(
        text.contains("`the` has id 399") && text.contains("vocab_size is 60"),
        "{text}"
    );
    let file = broken.path("tokenizer.json").display().to_string();
    assert!(text.contains(&file), "{text}");
    let error = model.copy_token("[unused3]", "the").unwrap_err();
    assert!(matches!(error, Error::Tokenizer { .. }));
    assert!(error.to_string().contains("`the` has id 399"), "{error}");
    // A model that grows has a row for each.
    model.add_tokens(&["zyzzyva"], false, Seed::new(1)).unwrap();
    assert_eq!(model.settings().unwrap().vocab_size, 8193);
    assert!(encode(&model, "the").is_ok());
}

#[test]
fn a_sentencepiece_model_alone_says_what_to_do() {
    let broken = Broken::new();
    fs::remove_file(broken.path("tokenizer.json")).unwrap();
    fs::write(broken.path("spiece.model"), b"x").unwrap();
    let mut model = load(broken.dir.path()).unwrap();
    assert!(model.tokenizer.is_none());
    let refusals = [
        model.tokenizer().unwrap_err(),
        model.add_tokens(&["x"], false, Seed::new(1)).unwrap_err(),
    ];
    for error in refusals {
        let text = error.to_string();
        assert!(
            text.contains("spiece.model") && text.contains("tokenizer.json"),
            "{text}"
        );
    }
}

#[test]
fn a_missing_directory_and_a_file_in_its_place_are_errors() {
    let broken = Broken::new();
    assert!(load(&broken.path("nowhere")).is_err());
    assert!(load(&broken.path("config.json")).is_err());
    fs::remove_file(broken.path("model.safetensors")).unwrap();
    broken.says(&[&broken.dir.path().display().to_string()]);
    // Not even the superuser reads a directory as a file.
    for name in ["config.json", "model.safetensors"] {
        let broken = Broken::new();
        fs::remove_file(broken.path(name)).unwrap();
        fs::create_dir(broken.path(name)).unwrap();
        broken.says(&[&broken.path(name).display().to_string()]);
    }
}

#[cfg(unix)]
#[test]
fn links_to_nowhere_are_errors_that_name_the_path() {
    for name in ["config.json", "model.safetensors"] {
        let broken = Broken::new();
        fs::remove_file(broken.path(name)).unwrap();
        std::os::unix::fs::symlink("nowhere", broken.path(name)).unwrap();
        let text = broken.error().to_string();
        let dir = broken.dir.path().display().to_string();
        assert!(text.contains(&dir) && text.contains(name), "{text}");
    }
}

#[cfg(unix)]
#[test]
fn a_directory_without_permission_is_an_error_that_names_it() {
    use std::os::unix::fs::PermissionsExt;

    let broken = Broken::new();
    let dir = broken.dir.path();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o000)).unwrap();
    // The superuser may read it all the same: for that user there is nothing to check.
    let allowed = fs::read_dir(dir).is_ok();
    let result = load(dir);
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    if allowed {
        return;
    }
    let error = result.expect_err("a directory that may not be read");
    assert!(matches!(error, Error::Io { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains(&dir.display().to_string()), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn arbitrary_bytes_never_panic(
        bytes in prop::collection::vec(any::<u8>(), 0..2000),
        file in prop::sample::select(vec![
            "config.json",
            "generation_config.json",
            "model.safetensors",
            "tokenizer.json",
        ]),
        at in any::<prop::sample::Index>(),
        splice in any::<bool>(),
    ) {
        let broken = Broken::new();
        let path = broken.path(file);
        let mut content = fs::read(&path).unwrap();
        if splice {
            let at = at.index(content.len());
            let end = (at + bytes.len()).min(content.len());
            content.splice(at..end, bytes);
        } else {
            content = bytes;
        }
        fs::write(path, content).unwrap();
        // Either outcome is right; reaching it is what is tested.
        let dir = broken.dir.path();
        let errors = [load(dir).err(), GenerationConfig::read(dir).err()];
        for error in errors.into_iter().flatten() {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
