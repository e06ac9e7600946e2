//! Loading good and incomplete checkpoints.

use std::collections::HashMap;
use std::fs;

use burn::module::{Lora, Module, ParamId};
use burn::nn::{Linear, LinearConfig};
use burn::tensor::{DType, FloatDType};
use safetensors::tensor::{TensorView, serialize_to_file};
use safetensors::{Dtype, SafeTensors};

use super::super::{
    KeyRule, KeyTable, LoadOptions, LoadReport, NonFinite, TensorSource, load_into,
};
use super::{TOY, Toy, ToyForMaskedLm, check_base, check_headed, devices, fixture, read, values};
use crate::Error;

const HEADED: usize = 18;
const BASE: usize = 15;

fn load(name: &str, device: &burn::tensor::Device) -> (ToyForMaskedLm, LoadReport) {
    let source = TensorSource::open(fixture(name)).unwrap();
    load_into(
        ToyForMaskedLm::new(device),
        &source,
        &TOY,
        &LoadOptions::new(),
    )
    .unwrap()
}

#[test]
fn every_kind_of_file_gives_the_same_values() {
    let kinds = [
        ("f32", None),
        ("f16", Some(Dtype::F16)),
        ("bf16", Some(Dtype::BF16)),
        ("sharded", None),
        ("torch", None),
        ("torch-legacy", Some(Dtype::F16)),
        ("torch-sharded", None),
    ];
    for device in devices() {
        for (name, converted) in kinds {
            let (model, report) = load(name, &device);
            check_headed(&model);
            assert_eq!(report.applied.len(), HEADED, "{name}");
            assert!(report.missing.is_empty() && report.unused.is_empty());
            match converted {
                Some(dtype) => {
                    assert_eq!(report.converted.len(), HEADED, "{name}");
                    assert!(report.converted.iter().all(|(_, found)| *found == dtype));
                }
                None => assert!(report.converted.is_empty(), "{name}"),
            }
            assert_eq!(model.bias.val().dtype(), DType::F32);
        }
    }
}

#[test]
fn extras_of_old_files_are_reported() {
    let (_, report) = load("f32", &devices()[0]);
    assert_eq!(report.ignored, ["toy.embeddings.position_ids"]);
    let tie = (
        "toy.embeddings.word_embeddings.weight".to_owned(),
        "cls.predictions.decoder.weight".to_owned(),
    );
    assert_eq!(report.tied, [tie]);
}

#[test]
fn a_base_model_loads_with_and_without_prefix() {
    for device in devices() {
        for (name, unused) in [("f32", 4), ("bare-old", 0), ("torch", 4)] {
            let source = TensorSource::open(fixture(name)).unwrap();
            let (toy, report) =
                load_into(Toy::new(&device), &source, &TOY, &LoadOptions::new()).unwrap();
            check_base(&toy);
            assert_eq!(report.applied.len(), BASE);
            assert_eq!(report.unused.len(), unused, "{name}: {:?}", report.unused);
        }
    }
}

#[test]
fn a_head_may_be_new() {
    let device = &devices()[0];
    let source = TensorSource::open(fixture("bare-old")).unwrap();
    let error = load_into(
        ToyForMaskedLm::new(device),
        &source,
        &TOY,
        &LoadOptions::new(),
    )
    .unwrap_err()
    .to_string();
    for path in ["transform.weight", "transform.bias", "`bias`"] {
        assert!(error.contains(path), "{error}");
    }
    assert!(
        error.contains("cls.predictions.transform.dense.weight"),
        "{error}"
    );

    let fresh = ToyForMaskedLm::new(device);
    let before = read(&fresh.transform.weight);
    let options = LoadOptions::new()
        .allow_missing("transform")
        .allow_missing("cls.predictions.bias");
    let (model, report) = load_into(fresh, &source, &TOY, &options).unwrap();
    check_base(&model.base);
    assert_eq!(read(&model.transform.weight), before);
    assert_eq!(
        report.missing,
        ["transform.weight", "transform.bias", "bias"]
    );
}

#[test]
fn identifiers_devices_and_gradients_stay() {
    for device in devices() {
        let device = device.autodiff();
        let mut fresh = ToyForMaskedLm::new(&device);
        fresh.base = fresh.base.no_grad();
        let ids =
            |toy: &ToyForMaskedLm| -> [ParamId; 2] { [toy.base.words.weight.id, toy.bias.id] };
        let before = ids(&fresh);
        let source = TensorSource::open(fixture("bf16")).unwrap();
        let (model, _) = load_into(fresh, &source, &TOY, &LoadOptions::new()).unwrap();
        check_headed(&model);
        assert_eq!(ids(&model), before);
        assert!(!model.base.words.weight.val().is_require_grad());
        assert!(model.bias.val().is_require_grad());
        assert!(model.bias.val().device().is_autodiff());
    }
}

#[test]
fn a_module_in_half_precision_stays_so() {
    let device = &devices()[0];
    let mut fresh = ToyForMaskedLm::new(device);
    fresh.bias = fresh.bias.map(|bias| bias.cast(FloatDType::BF16));
    let source = TensorSource::open(fixture("f32")).unwrap();
    let (model, _) = load_into(fresh, &source, &TOY, &LoadOptions::new()).unwrap();
    assert_eq!(model.bias.val().dtype(), DType::BF16);
    check_headed(&model);
}

#[test]
fn adapters_over_weights_are_left_alone() {
    let device = &devices()[0];
    let toy = Toy::new(device).apply_lora(Lora::new(2, 4.0));
    let source = TensorSource::open(fixture("f32")).unwrap();
    let (toy, report) = load_into(toy, &source, &TOY, &LoadOptions::new()).unwrap();
    assert_eq!(report.applied.len(), BASE);
    assert!(toy.layers[0].inner.weight.adapter().is_some());
    // A new adapter adds nothing, so the effective weights are those of the file.
    check_base(&toy);
}

#[test]
fn enum_variants_are_not_part_of_a_path() {
    #[derive(Module, Debug)]
    enum Either {
        Full(Linear),
    }
    #[derive(Module, Debug)]
    struct Holder {
        either: Either,
    }
    let table = KeyTable {
        prefixes: &["toy."],
        head: &[&[KeyRule::linear("cls.predictions.transform.dense", "either")]],
        ..KeyTable::default()
    };
    let source = TensorSource::open(fixture("f32")).unwrap();
    let holder = Holder {
        either: Either::Full(LinearConfig::new(8, 8).init(&devices()[0])),
    };
    let options = LoadOptions::new().allow_unused("toy").allow_unused("cls");
    let (_, report) = load_into(holder, &source, &table, &options).unwrap();
    assert_eq!(report.applied, ["either.weight", "either.bias"]);
    assert_eq!(report.unused.len(), BASE + 3);
}

/// Rewrites the `f32` checkpoint with `change` applied to its tensors.
fn edited(
    change: impl FnOnce(&mut HashMap<String, (Dtype, Vec<usize>, Vec<u8>)>),
) -> (tempfile::TempDir, TensorSource) {
    let file = fs::read(fixture("f32").join("model.safetensors")).unwrap();
    let mut tensors = SafeTensors::deserialize(&file)
        .unwrap()
        .iter()
        .map(|(name, view)| {
            let parts = (view.dtype(), view.shape().to_vec(), view.data().to_vec());
            (name.to_owned(), parts)
        })
        .collect();
    change(&mut tensors);
    let dir = tempfile::tempdir().unwrap();
    let views = tensors.iter().map(|(name, (dtype, shape, bytes))| {
        (name, TensorView::new(*dtype, shape.clone(), bytes).unwrap())
    });
    serialize_to_file(views, None, &dir.path().join("model.safetensors")).unwrap();
    let source = TensorSource::open(dir.path()).unwrap();
    (dir, source)
}

fn refused(source: &TensorSource, options: &LoadOptions) -> String {
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    match load_into(fresh, source, &TOY, options).unwrap_err() {
        Error::Checkpoint { path, reason } => {
            assert_eq!(path, source.path());
            reason
        }
        other => panic!("{other}"),
    }
}

const WORDS: &str = "toy.embeddings.word_embeddings.weight";
const DECODER: &str = "cls.predictions.decoder.weight";
const NORM: &str = "toy.embeddings.LayerNorm.weight";

#[test]
fn all_offenders_are_named_at_once() {
    let (_dir, source) = edited(|tensors| {
        tensors.remove("toy.encoder.layer.1.output.c_proj.bias");
        tensors
            .get_mut("cls.predictions.transform.dense.bias")
            .unwrap()
            .1 = vec![2, 4];
        let extra = (Dtype::F32, vec![1], vec![0; 4]);
        tensors.insert("toy.encoder.layer.2.output.c_proj.bias".to_owned(), extra);
        tensors.get_mut(NORM).unwrap().0 = Dtype::I32;
    });
    let reason = refused(&source, &LoadOptions::new());
    let lines = [
        "missing: `toy.encoder.layer.1.output.c_proj.bias` for the parameter `base.layers.1.outer.bias`",
        "shape: `cls.predictions.transform.dense.bias` for `transform.bias` is [2, 4], expected [8]",
        "unexpected: `toy.encoder.layer.2.output.c_proj.bias` of shape [1]",
        "type: `toy.embeddings.LayerNorm.weight` for `base.norm.gamma` is I32",
    ];
    for line in lines {
        assert!(reason.contains(line), "{reason}");
    }
    assert_eq!(reason.lines().count(), lines.len(), "{reason}");
}

#[test]
fn transposed_shapes_are_those_of_the_file() {
    let (_dir, source) = edited(|tensors| {
        let name = "toy.encoder.layer.0.intermediate.dense.weight";
        tensors.get_mut(name).unwrap().1 = vec![8, 12];
    });
    let reason = refused(&source, &LoadOptions::new());
    assert!(reason.contains("is [8, 12], expected [12, 8]"), "{reason}");
}

#[test]
fn weights_that_are_not_finite_are_refused_unless_allowed() {
    let (_dir, source) = edited(|tensors| {
        for (at, value) in [(0, f32::NAN), (3, f32::INFINITY)] {
            let bytes = &mut tensors.get_mut(NORM).unwrap().2;
            bytes[at * 4..at * 4 + 4].copy_from_slice(&value.to_le_bytes());
        }
    });
    let reason = refused(&source, &LoadOptions::new());
    let place = format!("not finite: 2 of 8 values of `{NORM}` in model.safetensors");
    assert_eq!(reason, place);
    let options = LoadOptions::new().non_finite(NonFinite::Allow);
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    let (model, _) = load_into(fresh, &source, &TOY, &options).unwrap();
    let gamma = read(&model.base.norm.gamma);
    assert!(gamma[0].is_nan() && gamma[3].is_infinite() && gamma[1].is_finite());
}

#[test]
fn f64_files_load_and_overflow_counts_as_not_finite() {
    let wide = |factor: f64| {
        edited(|tensors| {
            let (dtype, _, bytes) = tensors.get_mut(NORM).unwrap();
            *dtype = Dtype::F64;
            *bytes = values(NORM, 8)
                .into_iter()
                .flat_map(|value| (f64::from(value) * factor).to_le_bytes())
                .collect();
        })
    };
    let (_dir, source) = wide(1.0);
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    let (model, report) = load_into(fresh, &source, &TOY, &LoadOptions::new()).unwrap();
    check_headed(&model);
    assert_eq!(report.converted, [(NORM.to_owned(), Dtype::F64)]);
    let (_dir, source) = wide(1e300);
    assert!(refused(&source, &LoadOptions::new()).contains("not finite"));
}

#[test]
fn tied_tensors_may_have_either_name_but_not_two_values() {
    let (_dir, source) = edited(|tensors| {
        let words = tensors.remove(WORDS).unwrap();
        tensors.insert(DECODER.to_owned(), words);
    });
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    let (model, _) = load_into(fresh, &source, &TOY, &LoadOptions::new()).unwrap();
    check_headed(&model);

    let (_dir, source) = edited(|tensors| tensors.get_mut(DECODER).unwrap().2[0] ^= 1);
    assert!(
        refused(&source, &LoadOptions::new()).contains("tied: `cls.predictions.decoder.weight`")
    );
    // The base model alone does not care about the decoder.
    let toy = Toy::new(&devices()[0]);
    load_into(toy, &source, &TOY, &LoadOptions::new()).unwrap();
}

#[test]
fn aliases_alone_are_enough_and_compared_with_each_other() {
    const ENCODER: &str = "toy.encoder.embed_tokens.weight";
    let table = KeyTable {
        tied: &[(WORDS, DECODER), (WORDS, ENCODER)],
        ..TOY
    };
    for (flip, tied) in [(0, true), (1, false)] {
        let (_dir, source) = edited(|tensors| {
            let mut words = tensors.remove(WORDS).unwrap();
            words.2[0] ^= flip;
            tensors.insert(ENCODER.to_owned(), words);
        });
        let fresh = ToyForMaskedLm::new(&devices()[0]);
        match load_into(fresh, &source, &table, &LoadOptions::new()) {
            Ok((model, report)) => {
                check_headed(&model);
                assert!(tied);
                assert_eq!(report.tied, [(DECODER.to_owned(), ENCODER.to_owned())]);
            }
            Err(error) => assert!(!tied && error.to_string().contains("tied"), "{error}"),
        }
    }
}

#[test]
fn tensors_may_be_allowed_to_stay_unused_with_or_without_prefix() {
    #[derive(Module, Debug)]
    struct Words {
        words: burn::nn::Embedding,
    }
    for (file, prefixes) in [
        ("f32", ["toy.embeddings.LayerNorm", "toy.encoder."]),
        ("bare-old", ["toy.embeddings.LayerNorm", "toy.encoder"]),
        ("bare-old", ["embeddings.LayerNorm", "encoder"]),
    ] {
        let source = TensorSource::open(fixture(file)).unwrap();
        let words = Words {
            words: Toy::new(&devices()[0]).words,
        };
        let options = prefixes.iter().fold(LoadOptions::new(), |options, prefix| {
            options.allow_unused(*prefix)
        });
        let (words, report) = load_into(words, &source, &TOY, &options).unwrap();
        assert_eq!(read(&words.words.weight), values(WORDS, 88));
        assert!(report.unused.len() >= 14, "{:?}", report.unused);
    }
}

#[test]
fn two_names_of_one_tensor_are_refused() {
    let table = KeyTable {
        renames: &[("toy.embeddings.position_ids", "cls.predictions.bias")],
        ..TOY
    };
    let source = TensorSource::open(fixture("f32")).unwrap();
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    let error = load_into(fresh, &source, &table, &LoadOptions::new()).unwrap_err();
    assert!(
        error.to_string().contains("names of the same tensor"),
        "{error}"
    );
}

#[test]
fn integers_are_read_as_such() {
    let source = TensorSource::open(fixture("torch")).unwrap();
    let name = "toy.embeddings.position_ids";
    let expected: Vec<i64> = (0..16).collect();
    assert_eq!(source.read_i64(name).unwrap(), expected);
    let error = source.read_f32(name).unwrap_err().to_string();
    assert!(error.contains(name) && error.contains("I64"), "{error}");
    assert!(
        source
            .read_i64(WORDS)
            .unwrap_err()
            .to_string()
            .contains("F32")
    );
    assert!(
        source
            .read_f32("nothing")
            .unwrap_err()
            .to_string()
            .contains("nothing")
    );
}

#[test]
fn the_fingerprint_is_that_of_the_content() {
    let print = |name: &str| super::super::fingerprint(fixture(name)).unwrap();
    assert_eq!(print("sharded"), print("torch-sharded"));
    assert_eq!(print("f32"), print("torch"));
    assert_ne!(print("f32"), print("sharded"));
    assert_ne!(print("f32"), print("f16"));
    assert_eq!(print("f32").len(), 64);
    let (_dir, changed) = edited(|tensors| tensors.get_mut(NORM).unwrap().2[0] ^= 1);
    assert_ne!(changed.fingerprint().unwrap(), print("f32"));
}
