//! Saving: what lands on disk, and what happens when it cannot.

use std::fs;
use std::path::Path;

use burn::module::{Lora, Module};
use burn::tensor::{Device, Tensor};
use expect_test::expect;

use super::super::{
    LoadOptions, NonFinite, SaveDtype, SaveOptions, TensorSource, fingerprint, load_into, save,
};
use super::{TOY, Toy, ToyForMaskedLm, check_headed, devices, fixture};
use crate::Error;

fn loaded(device: &Device) -> ToyForMaskedLm {
    let source = TensorSource::open(fixture("f32")).unwrap();
    let fresh = ToyForMaskedLm::new(device);
    load_into(fresh, &source, &TOY, &LoadOptions::new())
        .unwrap()
        .0
}

/// What lies in `directory`, sorted.
fn listing(directory: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn files_are_those_of_the_python_library_byte_for_byte() {
    let kinds = [
        ("f32", SaveDtype::F32),
        ("f16", SaveDtype::F16),
        ("bf16", SaveDtype::Bf16),
    ];
    for device in devices() {
        let model = loaded(&device);
        for (name, dtype) in kinds {
            let root = tempfile::tempdir().unwrap();
            let dir = root.path().join("saved");
            let options = SaveOptions::new().dtype(dtype);
            let report = save(&dir, &model, &TOY, &options).unwrap();
            assert_eq!(report.tensors.len(), 18);
            let written = fs::read(dir.join("model.safetensors")).unwrap();
            let expected = fs::read(fixture(name).join("saved.safetensors")).unwrap();
            assert!(written == expected, "{name}");
        }
    }
}

#[test]
fn shards_and_index_are_those_of_the_python_library() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let options = SaveOptions::new().max_shard_bytes(1200);
    let report = save(&dir, &loaded(&devices()[0]), &TOY, &options).unwrap();
    assert_eq!(report.bytes, 2572);
    assert_eq!(listing(&dir), listing(&fixture("sharded")));
    for file in listing(&dir) {
        let written = fs::read(dir.join(&file)).unwrap();
        let expected = fs::read(fixture("sharded").join(&file)).unwrap();
        assert!(written == expected, "{file}");
    }
}

#[test]
fn a_base_model_is_saved_without_prefix() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("new/saved");
    save(&dir, &loaded(&devices()[0]).base, &TOY, &SaveOptions::new()).unwrap();
    let source = TensorSource::open(&dir).unwrap();
    assert_eq!(source.len(), 15);
    assert!(source.contains("encoder.layer.1.output.LayerNorm.bias"));
}

#[test]
fn companions_replace_those_of_their_names() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let model = loaded(&devices()[0]);
    let old = SaveOptions::new()
        .companion("config.json", "{}")
        .companion("vocab.txt", "old");
    save(&dir, &model, &TOY, &old).unwrap();
    let new = SaveOptions::new()
        .companion("config.json", "{\"a\": 1}")
        .companion("1_Pooling/config.json", b"{}".to_vec());
    save(&dir, &model, &TOY, &new).unwrap();
    assert_eq!(
        listing(&dir),
        ["1_Pooling", "config.json", "model.safetensors", "vocab.txt"]
    );
    assert_eq!(
        fs::read_to_string(dir.join("config.json")).unwrap(),
        "{\"a\": 1}"
    );
    assert_eq!(listing(root.path()), ["saved"], "nothing is left beside");
    let source = TensorSource::open(&dir).unwrap();
    let fresh = ToyForMaskedLm::new(&devices()[0]);
    check_headed(
        &load_into(fresh, &source, &TOY, &LoadOptions::new())
            .unwrap()
            .0,
    );
}

#[test]
fn what_is_not_of_the_checkpoint_is_kept() {
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    let model = loaded(&devices()[0]);
    let old = SaveOptions::new()
        .max_shard_bytes(1200)
        .companion("config.json", "{}")
        .companion("1_Pooling/config.json", "old");
    save(&home, &model, &TOY, &old).unwrap();
    fs::create_dir_all(home.join("photos/2020")).unwrap();
    for name in ["letter.txt", "photos/2020/a", "1_Pooling/note"] {
        fs::write(home.join(name), "dear").unwrap();
    }
    fs::write(home.join("pytorch_model.bin"), "of old weights").unwrap();
    let new = SaveOptions::new()
        .companion("config.json", "{\"a\": 1}")
        .companion("1_Pooling/config.json", "new");
    save(&home, &model, &TOY, &new).unwrap();
    let expected = [
        "1_Pooling",
        "config.json",
        "letter.txt",
        "model.safetensors",
        "photos",
    ];
    assert_eq!(listing(&home), expected);
    for name in ["letter.txt", "photos/2020/a", "1_Pooling/note"] {
        assert_eq!(fs::read_to_string(home.join(name)).unwrap(), "dear");
    }
    let pooling = fs::read_to_string(home.join("1_Pooling/config.json")).unwrap();
    assert_eq!(pooling, "new");
    assert_eq!(listing(root.path()), ["home"], "nothing is left beside");

    // A folder in the place of a file is not lost either.
    fs::remove_file(home.join("config.json")).unwrap();
    fs::create_dir(home.join("config.json")).unwrap();
    let error = save(&home, &model, &TOY, &new).unwrap_err().to_string();
    assert!(error.contains("config.json: is to be a file"), "{error}");
    assert_eq!(listing(&home), expected);
    assert_eq!(listing(root.path()), ["home"]);
}

#[test]
fn tokens_that_an_old_tokenizer_added_go_with_it() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let model = loaded(&devices()[0]);
    save(&dir, &model, &TOY, &SaveOptions::new()).unwrap();
    fs::write(dir.join("added_tokens.json"), "{}").unwrap();
    save(&dir, &model, &TOY, &SaveOptions::new()).unwrap();
    assert_eq!(listing(&dir), ["added_tokens.json", "model.safetensors"]);
    let options = SaveOptions::new().companion("tokenizer.json", "{}");
    save(&dir, &model, &TOY, &options).unwrap();
    assert_eq!(listing(&dir), ["model.safetensors", "tokenizer.json"]);
}

#[test]
fn an_open_source_outlives_its_replacement() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let model = loaded(&devices()[0]);
    save(&dir, &model, &TOY, &SaveOptions::new()).unwrap();
    let source = TensorSource::open(&dir).unwrap();
    let before = source.fingerprint().unwrap();
    let half = SaveOptions::new().dtype(SaveDtype::F16);
    save(&dir, &model, &TOY, &half).unwrap();
    assert_eq!(source.fingerprint().unwrap(), before);
    assert_ne!(fingerprint(&dir).unwrap(), before);
}

#[test]
fn companions_stay_inside_and_are_no_weights() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let model = loaded(&devices()[0]);
    for name in [
        "",
        "../x",
        "/x",
        "a/../../x",
        "x/",
        "model.safetensors",
        "a.index.json",
    ] {
        let options = SaveOptions::new().companion(name, "x");
        let error = save(&dir, &model, &TOY, &options).unwrap_err();
        assert!(matches!(error, Error::Invalid { .. }), "{name}: {error}");
    }
    let twice = SaveOptions::new().companion("a", "1").companion("a", "2");
    assert!(matches!(
        save(&dir, &model, &TOY, &twice),
        Err(Error::Io { .. })
    ));
    assert!(listing(root.path()).is_empty());
}

#[test]
fn a_failure_leaves_the_old_checkpoint() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let mut model = loaded(&devices()[0]);
    save(&dir, &model, &TOY, &SaveOptions::new()).unwrap();
    let before = fingerprint(&dir).unwrap();

    let refuse = SaveOptions::new().overwrite(false);
    assert!(matches!(
        save(&dir, &model, &TOY, &refuse),
        Err(Error::Checkpoint { .. })
    ));

    // The last shard is the one that fails.
    model.bias = model.bias.map(|bias| bias * f32::NAN);
    let sharded = SaveOptions::new().max_shard_bytes(1200);
    let error = save(&dir, &model, &TOY, &sharded).unwrap_err().to_string();
    assert!(
        error.contains("not finite: 11 of 11 values of `cls.predictions.bias`"),
        "{error}"
    );

    model.bias = model
        .bias
        .map(|bias| Tensor::full(bias.shape(), 7e4, &bias.device()));
    let half = SaveOptions::new().dtype(SaveDtype::F16);
    let error = save(&dir, &model, &TOY, &half).unwrap_err().to_string();
    assert!(
        error.contains("11 of 11 values") && error.contains("too large for F16"),
        "{error}"
    );

    assert_eq!(fingerprint(&dir).unwrap(), before);
    assert_eq!(listing(root.path()), ["saved"]);
    save(&dir, &model, &TOY, &half.non_finite(NonFinite::Allow)).unwrap();
    assert_ne!(fingerprint(&dir).unwrap(), before);
}

#[test]
fn only_checkpoints_are_replaced() {
    let root = tempfile::tempdir().unwrap();
    let model = loaded(&devices()[0]);
    let home = root.path().join("home");
    fs::create_dir(&home).unwrap();
    save(&home, &model, &TOY, &SaveOptions::new()).unwrap();
    fs::remove_file(home.join("model.safetensors")).unwrap();
    fs::write(home.join("letter.txt"), "dear").unwrap();
    let error = save(&home, &model, &TOY, &SaveOptions::new()).unwrap_err();
    assert!(error.to_string().contains("holds no checkpoint"), "{error}");
    let file = home.join("letter.txt");
    for target in [&file, Path::new("/")] {
        let error = save(target, &model, &TOY, &SaveOptions::new()).unwrap_err();
        assert!(matches!(error, Error::Checkpoint { .. }), "{error}");
    }
    assert_eq!(listing(&home), ["letter.txt"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_is_an_io_error() {
    // No user may make a directory here.
    let target = Path::new("/proc/saved");
    let error = save(target, &loaded(&devices()[0]), &TOY, &SaveOptions::new()).unwrap_err();
    assert!(
        matches!(&error, Error::Io { path, .. } if path == Path::new("/proc")),
        "{error}"
    );
}

#[cfg(unix)]
#[test]
fn a_link_to_a_checkpoint_stays_a_link() {
    let root = tempfile::tempdir().unwrap();
    let (real, link) = (root.path().join("real"), root.path().join("link"));
    let model = loaded(&devices()[0]);
    save(&real, &model, &TOY, &SaveOptions::new()).unwrap();
    std::os::unix::fs::symlink(&real, &link).unwrap();
    let half = SaveOptions::new().dtype(SaveDtype::F16);
    save(&link, &model, &TOY, &half).unwrap();
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    let source = TensorSource::open(&real).unwrap();
    let dtype = source.dtype("cls.predictions.bias").unwrap();
    assert_eq!(dtype.to_string(), "F16");
}

#[test]
fn parameters_without_a_rule_are_named() {
    let root = tempfile::tempdir().unwrap();
    let dir = root.path().join("saved");
    let table = super::super::KeyTable { head: &[], ..TOY };
    let error = save(&dir, &loaded(&devices()[0]), &table, &SaveOptions::new()).unwrap_err();
    let text = error.to_string().replace(dir.to_str().unwrap(), "DIR");
    expect![[r#"
        DIR: unknown: the key table has no rule for the parameter `transform.weight`
          unknown: the key table has no rule for the parameter `transform.bias`
          unknown: the key table has no rule for the parameter `bias`"#]]
    .assert_eq(&text);

    let adapted = Toy::new(&devices()[0]).apply_lora(Lora::new(2, 4.0));
    let error = save(&dir, &adapted, &TOY, &SaveOptions::new()).unwrap_err();
    assert!(error.to_string().contains("materialize"), "{error}");
    save(&dir, &adapted.materialize(), &TOY, &SaveOptions::new()).unwrap();
}
