//! Our own file with a mistake in it.

use std::fs;

use plm_prompt::Error;
use plm_prompt::io::PromptFile;
use plm_prompt::model::ReadOut;
use safetensors::{Dtype, SafeTensors};

use super::file::example;
use super::{bytes, tensors};

/// What reading a file gives whose metadata has `key` set to `value`, or not at all.
fn changed(key: &str, value: Option<&str>) -> Result<PromptFile, Error> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&good).unwrap();
    let mut metadata: Vec<_> = header.metadata().clone().unwrap().into_iter().collect();
    metadata.retain(|(name, _)| name != key);
    metadata.extend(value.map(|value| (key.to_owned(), value.to_owned())));
    let tensor = (
        "prompt",
        Dtype::F32,
        vec![2, 3],
        bytes(example().prompt.values()),
    );
    fs::write(&path, tensors(&metadata, &[tensor])).unwrap();
    PromptFile::load(&path)
}

/// The error of such a file.
fn refused(key: &str, value: Option<&str>) -> String {
    let error = changed(key, value).unwrap_err().to_string();
    assert!(error.contains("a.safetensors"), "{error}");
    // A wrong `n` shows at the tensor.
    assert!(
        error.contains(if key == "n" { "prompt" } else { key }),
        "{error}"
    );
    error
}

#[test]
fn every_wrong_entry_is_named() {
    for (key, value, text) in [
        ("format", Some("pt"), "PeftAdapter::load"),
        ("format_version", Some("2"), "this version reads 1"),
        ("format_version", Some("x"), "must be a whole number"),
        ("n", Some("3"), "the metadata says F32 and [3, 3]"),
        ("d", Some("-3"), "must be a whole number"),
        ("backbone", Some(""), "is empty"),
        ("config_hash", Some("ABCDEF0123"), "lowercase"),
        ("config_hash", Some("abc"), "8 to 128"),
        ("style", Some("relative"), "`zero_position` or `absolute`"),
        ("read_out", Some("end"), "`first_slot` or `mask_token`"),
        ("label_words", Some("[1]"), "a JSON list of texts"),
        ("label_ids", Some("[-1, 2]"), "a JSON list of token ids"),
        ("label_ids", Some("[1]"), "for each of the 2 words"),
        ("seed", Some("1.5"), "must be a whole number"),
        ("steps", Some(""), "must be a whole number"),
        ("score", Some("NaN"), "must be finite"),
        ("scor", Some("1"), "has no such key"),
    ] {
        let error = refused(key, value);
        assert!(error.contains(text), "{key}: {error}");
    }
    for key in [
        "format_version",
        "backbone",
        "config_hash",
        "style",
        "label_words",
        "d",
    ] {
        assert!(refused(key, None).contains("missing"), "{key}");
    }
}

#[test]
fn files_that_do_not_say_where_the_answer_is_read_mean_the_masks_slot() {
    assert_eq!(example().info.read_out, ReadOut::MaskToken);
    let found = changed("read_out", None).unwrap();
    assert_eq!(found.info.read_out, ReadOut::MaskSlot);
    assert_eq!(found.prompt, example().prompt);
}

#[test]
fn other_tensors_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.safetensors");
    example().save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let (_, header) = SafeTensors::read_metadata(&good).unwrap();
    let metadata: Vec<_> = header.metadata().clone().unwrap().into_iter().collect();
    let good = (
        "prompt",
        Dtype::F32,
        vec![2, 3],
        bytes(example().prompt.values()),
    );
    let mut holed = good.clone();
    holed.3[20..24].copy_from_slice(&f32::NAN.to_le_bytes());
    for (content, text) in [
        (vec![], "no tensor `prompt`; there are: none"),
        (
            vec![("prompt", Dtype::F16, vec![2, 3], vec![0; 12])],
            "F16 and shape [2, 3]",
        ),
        (
            vec![("prompt", Dtype::F32, vec![6], vec![0; 24])],
            "shape [6]",
        ),
        (
            vec![good, ("other", Dtype::U8, vec![1], vec![0])],
            "`other` is one more tensor",
        ),
        (vec![holed], "value 5 is NaN"),
    ] {
        fs::write(&path, tensors(&metadata, &content)).unwrap();
        let error = PromptFile::load(&path).unwrap_err().to_string();
        assert!(
            error.contains("a.safetensors") && error.contains(text),
            "{error}"
        );
    }
}
