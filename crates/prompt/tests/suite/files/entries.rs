//! Prompts as tensors of a safetensors file.

use std::fs;

use half::{bf16, f16};
use plm_prompt::io::{Entry, list_entries, load_safetensors_entry, split_entry};
use safetensors::Dtype;

use super::{bytes, prompt, tensors};

#[test]
fn prompts_of_tasks_are_listed_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t5.safetensors");
    let sst2 = prompt(2, 3);
    let halves = |to: fn(f32) -> [u8; 2]| -> Vec<u8> {
        sst2.values().iter().flat_map(|&value| to(value)).collect()
    };
    let content = tensors(
        &[],
        &[
            ("sst2", Dtype::F32, vec![2, 3], bytes(sst2.values())),
            (
                "b16",
                Dtype::BF16,
                vec![2, 3],
                halves(|value| bf16::from_f32(value).to_le_bytes()),
            ),
            (
                "h16",
                Dtype::F16,
                vec![2, 3],
                halves(|value| f16::from_f32(value).to_le_bytes()),
            ),
            ("flat", Dtype::F32, vec![6], bytes(sst2.values())),
            ("ids", Dtype::U8, vec![2, 1], vec![1, 2]),
            ("wide", Dtype::F32, vec![1, 0], vec![]),
        ],
    );
    fs::write(&path, content).unwrap();
    let names: Vec<Entry> = list_entries(&path).unwrap();
    let names: Vec<_> = names
        .iter()
        .map(|e| (e.name.as_str(), e.rows, e.width))
        .collect();
    assert_eq!(
        names,
        [("b16", 2, 3), ("h16", 2, 3), ("sst2", 2, 3), ("wide", 1, 0)]
    );
    for key in ["sst2", "b16", "h16"] {
        assert_eq!(load_safetensors_entry(&path, key).unwrap(), sst2, "{key}");
    }
    for (key, text) in [
        ("squad", "no tensor `squad`; there are: "),
        ("flat", "`flat` is of shape [6]; a prompt has two axes"),
        ("ids", "`ids` is of type U8"),
        ("wide", "width = 0"),
    ] {
        let error = load_safetensors_entry(&path, key).unwrap_err().to_string();
        assert!(
            error.contains("t5.safetensors") && error.contains(text),
            "{error}"
        );
    }
    assert!(list_entries(folder.path().join("none")).is_err());
}

#[test]
fn places_are_split() {
    for (place, file, name) in [
        ("a.safetensors#b", "a.safetensors", Some("b")),
        ("a.safetensors#b#c", "a.safetensors", Some("b#c")),
        ("a#b.safetensors", "a#b.safetensors", None),
        ("a.safetensors#", "a.safetensors", Some("")),
        ("a.npy", "a.npy", None),
    ] {
        let (path, key) = split_entry(place);
        assert_eq!((path.to_str(), key), (Some(file), name));
    }
}
