//! Writing and reading converted models; files that are not what they should be.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use burn::module::Module as _;
use burn::tensor::Device;
use plm_core::checkpoint::{SaveDtype, SaveOptions, fingerprint};
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::models::{EncoderForSequenceClassification, EncoderInput, Pretrained};
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use plm_moe::calibrate::{Trainable, freeze_but};
use plm_moe::exec::Planner;
use plm_moe::{
    ContributionRouterConfig, Converted, Error, LayerId, Metric, MlpRouterConfig, MoeConfig,
    MoeFfn, MoeLayer, Partition, Policy, Router, RouterKind, SharedPlanner, SplitKind, absorb,
    convert, load, save, with_experts, with_sparse_experts,
};

use super::support::{
    NEURONS, WIDTH, assert_close, captured, classifier, devices, encoder_config, ids, numbers,
    tolerance,
};

type Model = EncoderForSequenceClassification;

fn routers() -> Vec<RouterKind> {
    vec![
        RouterKind::Groundtruth,
        RouterKind::Random,
        RouterKind::Similarity(Metric::Euclidean),
        RouterKind::Mlp(MlpRouterConfig {
            epochs: 1,
            ..MlpRouterConfig::default()
        }),
        RouterKind::Contribution(ContributionRouterConfig {
            hidden_size: 8,
            epochs: 1,
            ..ContributionRouterConfig::default()
        }),
    ]
}

fn converted(
    router: RouterKind,
    device: &Device,
) -> (
    Pretrained<Model>,
    Converted<EncoderForSequenceClassification<MoeFfn>>,
) {
    let dense = classifier(device);
    let config = MoeConfig {
        expert_size: 4,
        router,
        share: 0.25,
        fill: Some(plm_moe::Fill::Mean),
        ..MoeConfig::default()
    };
    let capture = captured(&dense.model, device);
    let converted = convert(dense.model.clone(), &capture, &config, |_, _| ()).unwrap();
    (dense, converted)
}

fn logits<F: Ffn>(model: &EncoderForSequenceClassification<F>, device: &Device) -> Vec<f32> {
    let input = EncoderInput::ids(ids(3, 7, device));
    numbers(model.forward(&input).1)
}

#[test]
fn what_was_written_is_read_back() {
    for (name, device) in devices() {
        for router in routers() {
            let folder = tempfile::tempdir().unwrap();
            let dir = folder.path().join("model");
            let (dense, converted) = converted(router, &device);
            save(&dir, &dense, &converted.layers, &SaveOptions::new()).unwrap();
            let loaded = load::<Model>(&dir, &device).unwrap();
            let what = format!("{router:?} on {name}");
            let expected = logits(&dense.model, &device);
            let again = logits(&loaded.dense.model, &device);
            assert_close(&again, &expected, 10.0 * tolerance(name), &what);
            let experts = with_experts(loaded.dense.model, &loaded.layers);
            let expected = logits(&converted.model, &device);
            assert_close(
                &logits(&experts, &device),
                &expected,
                tolerance(name),
                &what,
            );
            for (id, layer) in &converted.layers {
                let own = &loaded.layers[id];
                assert_eq!(own.partition, layer.partition, "{what}");
                assert_eq!(own.policy, layer.policy, "{what}");
                assert_eq!(own.mean, layer.mean, "{what}");
                assert_eq!(own.division, layer.division, "{what}");
                let (found, report) = (&own.report, &layer.report);
                assert_eq!(found.capture, report.capture, "{what}");
                assert_eq!(found.recall, report.recall, "{what}");
                assert_eq!(found.norms, report.norms, "{what}");
                let predicted = matches!(router, RouterKind::Contribution(_));
                assert_eq!(report.norms.is_some(), predicted, "{what}");
            }
        }
    }
}

#[test]
fn half_precision_weights_keep_their_experts() {
    let (_, device) = devices().remove(0);
    let options = SaveOptions::new().dtype(SaveDtype::Bf16);
    for router in [routers()[1], routers()[2]] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("model");
        let (dense, converted) = converted(router, &device);
        save(&dir, &dense, &converted.layers, &options).unwrap();
        let loaded = load::<Model>(&dir, &device).unwrap();
        let expected = logits(&dense.model, &device);
        let again = logits(&loaded.dense.model, &device);
        assert_close(&again, &expected, 0.05, "bf16");
        // Rounded inputs may choose otherwise: all experts are compared.
        let mut layers = loaded.layers;
        for (id, layer) in &mut layers {
            assert_eq!(layer.partition, converted.layers[id].partition);
            assert_eq!(layer.mean, converted.layers[id].mean);
            layer.policy = Policy::All;
        }
        let experts = with_experts(loaded.dense.model, &layers);
        assert_close(&logits(&experts, &device), &expected, 0.05, "experts");
    }
}

#[test]
fn tuned_experts_are_saved_and_run_fast() {
    let (name, device) = devices().remove(0);
    let (dense, converted) = converted(RouterKind::Similarity(Metric::Cosine), &device);
    let before = logits(&converted.model, &device);
    let model = freeze_but(converted.model, Trainable::All).train();
    let tracked = device.clone().autodiff();
    let (_, scores) = model.forward(&EncoderInput::ids(ids(3, 7, &tracked)));
    let gradients = Gradients::of(&scores.square().mean(), &model).unwrap();
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), 1e-2);
    let tuned = optimizer.step(model, gradients, 1.0);
    let expected = logits(&tuned.valid(), &device);
    assert_ne!(expected, before);

    let mut layers = converted.layers;
    let mut few = layers.clone();
    few.pop_last();
    assert!(matches!(
        absorb(tuned.clone(), &mut few),
        Err(Error::Size { .. })
    ));
    let model = absorb(tuned, &mut layers).unwrap();
    let tuned = Pretrained { model, ..dense };
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    save(&dir, &tuned, &layers, &SaveOptions::new()).unwrap();
    let loaded = load::<Model>(&dir, &device).unwrap();
    let again = with_experts(loaded.dense.model.clone(), &loaded.layers);
    assert_close(
        &logits(&again, &device),
        &expected,
        tolerance(name),
        "masked",
    );
    let planner = SharedPlanner::new(Planner {
        dense: false,
        ..Planner::default()
    });
    let fast = with_sparse_experts(loaded.dense.model, &loaded.layers, &planner).unwrap();
    assert_close(&logits(&fast, &device), &expected, 1e-4, "fast");
    for layer in layers.values_mut() {
        layer.policy = Policy::All;
    }
    let every = with_experts(tuned.model.clone(), &layers);
    let dense = logits(&tuned.model, &device);
    assert_close(
        &logits(&every, &device),
        &dense,
        10.0 * tolerance(name),
        "all",
    );
}

/// A written model to be spoiled.
fn written(device: &Device) -> tempfile::TempDir {
    written_with(routers()[3], device)
}

fn written_with(router: RouterKind, device: &Device) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let (dense, converted) = converted(router, device);
    save(
        folder.path().join("model"),
        &dense,
        &converted.layers,
        &SaveOptions::new(),
    )
    .unwrap();
    folder
}

fn refusal(dir: &Path, device: &Device) -> String {
    load::<Model>(dir, device).unwrap_err().to_string()
}

#[test]
fn other_weights_are_refused() {
    let (_, device) = devices().remove(0);
    let folder = written(&device);
    let dir = folder.path().join("model");
    let path = dir.join("model.safetensors");
    let mut bytes = fs::read(&path).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    fs::write(&path, bytes).unwrap();
    let error = refusal(&dir, &device);
    assert!(
        error.contains("moe.json") && error.contains("fingerprint"),
        "{error}"
    );
}

#[test]
fn tensors_of_another_conversion_are_refused() {
    let (_, device) = devices().remove(0);
    // Equal but for the centers, of which both have as many.
    let routers = [
        RouterKind::Similarity(Metric::Cosine),
        RouterKind::Representative,
    ];
    let folders = routers.map(|router| written_with(router, &device));
    let [own, other] = folders.each_ref().map(|folder| folder.path().join("model"));
    let paths = [&own, &other].map(|dir| dir.join("moe.safetensors"));
    let sums = paths.each_ref().map(|path| fingerprint(path).unwrap());
    assert_ne!(sums[0], sums[1]);
    assert_eq!(fingerprint(&own).unwrap(), fingerprint(&other).unwrap());
    fs::copy(&paths[1], &paths[0]).unwrap();
    let error = refusal(&own, &device);
    assert!(error.contains("moe.safetensors"), "{error}");
    for sum in &sums {
        assert!(error.contains(sum), "{sum} is not in {error}");
    }
    load::<Model>(&other, &device).unwrap();
}

#[test]
fn spoiled_records_are_refused() {
    let (_, device) = devices().remove(0);
    let folder = written(&device);
    let dir = folder.path().join("model");
    let path = dir.join("moe.json");
    let text = fs::read_to_string(&path).unwrap();
    let spoiled = |from: &str, to: &str| {
        assert!(text.contains(from), "{from} is not in {text}");
        fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = refusal(&dir, &device);
        assert!(error.contains("moe"), "{error}");
        error
    };
    let version = spoiled("\"format\": 2", "\"format\": 7");
    assert!(version.contains('7') && version.contains('2'), "{version}");
    spoiled("\"format\": 2,", "");
    spoiled("\"tensors_sha256\": \"", "\"tensors_sha256\": \"0");
    spoiled("\"experts\": 8", "\"experts\": 7");
    spoiled("\"experts\": 8", "\"experts\": 99999999");
    spoiled("\"neurons\": 32", "\"neurons\": 64");
    spoiled("\"enc.0\"", "\"enc.5\"");
    spoiled("{", "");
    fs::write(&path, text.replacen("\"top_k\": 2", "\"top_k\": 9", 1)).unwrap();
    assert!(refusal(&dir, &device).contains('9'));
    let share = "\"max\": { \"tau\": 5.0 }";
    fs::write(&path, text.replacen("\"top_k\": 2", share, 1)).unwrap();
    let error = refusal(&dir, &device);
    assert!(
        error.contains("moe.json") && error.contains("tau"),
        "{error}"
    );
    fs::remove_file(&path).unwrap();
    assert!(refusal(&dir, &device).contains("moe.json"));
}

#[test]
fn records_that_do_not_say_how_neurons_were_divided_are_read() {
    let (_, device) = devices().remove(0);
    let folder = written(&device);
    let dir = folder.path().join("model");
    let path = dir.join("moe.json");
    let loaded = load::<Model>(&dir, &device).unwrap();
    for layer in loaded.layers.values() {
        assert_eq!(layer.division.unwrap().split, SplitKind::Cluster);
    }
    let bytes = fs::read(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    for layer in record["layers"].as_object_mut().unwrap().values_mut() {
        layer.as_object_mut().unwrap().remove("division").unwrap();
    }
    fs::write(&path, record.to_string()).unwrap();
    let loaded = load::<Model>(&dir, &device).unwrap();
    assert!(loaded.layers.values().all(|one| one.division.is_none()));
}

/// Makes the record name the tensors as they are, where they can be opened.
fn sign(dir: &Path) {
    let Ok(sum) = fingerprint(dir.join("moe.safetensors")) else {
        return;
    };
    let path = dir.join("moe.json");
    let bytes = fs::read(&path).unwrap();
    let mut record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
    record["tensors_sha256"] = sum.into();
    fs::write(&path, record.to_string()).unwrap();
}

#[test]
fn arbitrary_bytes_never_panic() {
    let (_, device) = devices().remove(0);
    let folder = written(&device);
    let dir = folder.path().join("model");
    for name in ["moe.safetensors", "moe.json"] {
        let path = dir.join(name);
        let whole = fs::read(&path).unwrap();
        for length in [0, 1, 7, 8, 9, 100, whole.len() / 2, whole.len() - 1] {
            fs::write(&path, &whole[..length]).unwrap();
            assert!(
                refusal(&dir, &device).contains(name),
                "{name} cut to {length}"
            );
        }
        for place in (0..whole.len().min(4_000)).step_by(37) {
            let mut bytes = whole.clone();
            bytes[place] ^= 0x55;
            fs::write(&path, bytes).unwrap();
            if name == "moe.safetensors" {
                sign(&dir);
            }
            // A changed number may go unseen; a panic may not happen.
            let _ = load::<Model>(&dir, &device);
        }
        fs::write(&path, whole).unwrap();
        sign(&dir);
    }
    load::<Model>(&dir, &device).unwrap();
}

#[test]
fn layers_of_another_model_are_refused() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let (dense, mut converted) = converted(routers()[0], &device);
    let dir = folder.path().join("model");
    let refused = |model: &Pretrained<Model>, layers: &BTreeMap<LayerId, MoeLayer>| {
        let error = save(&dir, model, layers, &SaveOptions::new()).unwrap_err();
        assert!(matches!(error, Error::Size { .. }), "{error}");
        assert!(!dir.exists());
        error.to_string()
    };
    let small = encoder_config(EncoderFamily::Bert);
    for (config, part) in [
        (
            EncoderConfig {
                hidden_size: 2 * WIDTH,
                ..small.clone()
            },
            "an input row",
        ),
        (
            EncoderConfig {
                intermediate_size: 2 * NEURONS,
                ..small
            },
            "a token's neurons",
        ),
    ] {
        let other = Pretrained::<Model>::new(&config, Seed::new(1), &device).unwrap();
        let error = refused(&other, &converted.layers);
        assert!(error.contains(part) && error.contains("enc.0"), "{error}");
    }
    let mut divided = converted.layers.clone();
    let first = divided.values_mut().next().unwrap();
    first.partition = Partition::new(&[0, 1], 2).unwrap();
    assert!(refused(&dense, &divided).contains("partition"));
    converted.layers.pop_last();
    assert!(refused(&dense, &converted.layers).contains("layers"));
}

#[test]
fn numbers_are_read_back_to_the_last_bit() {
    let (_, device) = devices().remove(0);
    let (dense, mut converted) = converted(routers()[1], &device);
    // Of 16 digits that are not read back by rounding twice.
    let tau = 10.0 / 11.0;
    for layer in converted.layers.values_mut() {
        layer.policy = Policy::Max { tau };
        layer.report.capture = 1.0 / 11.0;
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    save(&dir, &dense, &converted.layers, &SaveOptions::new()).unwrap();
    for layer in load::<Model>(&dir, &device).unwrap().layers.values() {
        assert_eq!(layer.policy, Policy::Max { tau });
        assert_eq!(layer.report.capture, 1.0 / 11.0);
    }
}

#[test]
fn layers_that_could_not_be_read_back_are_not_written() {
    let (_, device) = devices().remove(0);
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    let (dense, converted) = converted(routers()[2], &device);
    type Change = fn(&mut MoeLayer);
    let cases: [(Change, &str); 7] = [
        (|layer| layer.policy = Policy::TopK(9), "9 of 8 experts"),
        (|layer| layer.policy = Policy::Max { tau: 5.0 }, "tau = 5"),
        (|layer| layer.mean.as_mut().unwrap().truncate(31), "mean"),
        (|layer| layer.mean.as_mut().unwrap()[3] = f32::NAN, "mean"),
        (|layer| layer.report.recall = f64::NAN, "report"),
        (
            |layer| {
                if let Router::Centroid(own) = &mut layer.router {
                    own.centers = own.centers.clone().mul_scalar(f32::INFINITY);
                }
            },
            "centers",
        ),
        (
            |layer| {
                if let Router::Centroid(own) = &mut layer.router {
                    own.centers = own.centers.clone().narrow(0, 0, 7);
                }
            },
            "centers",
        ),
    ];
    for (change, text) in cases {
        let mut layers = converted.layers.clone();
        change(layers.values_mut().next_back().unwrap());
        let error = save(&dir, &dense, &layers, &SaveOptions::new()).unwrap_err();
        assert!(error.to_string().contains(text), "{text}: {error}");
        assert!(!dir.exists(), "{text}");
    }
    save(&dir, &dense, &converted.layers, &SaveOptions::new()).unwrap();
}

#[test]
fn routers_without_biases_are_read_back_with_zeros() {
    let (name, device) = devices().remove(0);
    let (dense, mut converted) = converted(routers()[4], &device);
    for layer in converted.layers.values_mut() {
        if let Router::Contribution(own) = &mut layer.router {
            own.output.bias = None;
        }
    }
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("model");
    save(&dir, &dense, &converted.layers, &SaveOptions::new()).unwrap();
    let loaded = load::<Model>(&dir, &device).unwrap();
    let expected = with_experts(dense.model, &converted.layers);
    let found = with_experts(loaded.dense.model, &loaded.layers);
    assert_close(
        &logits(&found, &device),
        &logits(&expected, &device),
        tolerance(name),
        name,
    );
}
