//! Bytes that are no such file, or no longer: errors, never a panic.

use std::fs;
use std::path::Path;

use plm_prompt::io::{
    PeftAdapter, PromptFile, PromptInfo, list_entries, load_npy, load_safetensors_entry,
};
use plm_prompt::model::PromptStyle;
use proptest::prelude::*;

use super::{fixture, prompt};

/// Gives `content` to every reader; whether each of them took it, in this order: our own file, a tensor,
/// `.npy`, the weights of an adapter, its settings.
fn read(folder: &Path, content: &[u8]) -> [bool; 5] {
    let path = folder.join("file");
    fs::write(&path, content).unwrap();
    let own = PromptFile::load(&path).is_ok();
    let tensor = list_entries(&path).is_ok_and(|entries| {
        let mut read = entries
            .iter()
            .map(|e| load_safetensors_entry(&path, &e.name).is_ok());
        read.all(|good| good)
    });
    let npy = load_npy(&path).is_ok();
    let good = fixture("peft/multitask");
    let adapter = |changed: &str, other: &str| {
        let directory = folder.join(changed);
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join(changed), content).unwrap();
        fs::copy(good.join(other), directory.join(other)).unwrap();
        PeftAdapter::load(&directory).is_ok()
    };
    let weights = adapter("adapter_model.safetensors", "adapter_config.json");
    let settings = adapter("adapter_config.json", "adapter_model.safetensors");
    [own, tensor, npy, weights, settings]
}

/// A good file for each reader.
fn good(folder: &Path) -> [Vec<u8>; 4] {
    let path = folder.join("good");
    let info = PromptInfo::new("t5", "00112233", PromptStyle::Absolute);
    let file = PromptFile {
        prompt: prompt(2, 3),
        info,
    };
    file.save(&path).unwrap();
    let mut npy = b"\x93NUMPY\x01\x00\x3b\x00".to_vec();
    npy.extend(b"{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }");
    npy.extend([0; 24]);
    let adapter = fixture("peft/multitask");
    [
        fs::read(&path).unwrap(),
        npy,
        fs::read(adapter.join("adapter_model.safetensors")).unwrap(),
        fs::read(adapter.join("adapter_config.json")).unwrap(),
    ]
}

#[test]
fn every_truncated_file_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    for content in good(folder.path()) {
        assert!(read(folder.path(), &content).contains(&true));
        let step = content.len() / 200 + 1;
        for length in (0..content.len()).step_by(step) {
            let taken = read(folder.path(), &content[..length]);
            assert_eq!(taken, [false; 5], "{length} of {}", content.len());
        }
    }
}

#[test]
fn lengths_that_lie_ask_for_no_memory() {
    let folder = tempfile::tempdir().unwrap();
    for length in [u64::MAX, 1 << 40, 100_000_001, 9] {
        let content = [&length.to_le_bytes()[..], b"{}"].concat();
        assert_eq!(read(folder.path(), &content), [false; 5]);
        let error = list_entries(folder.path().join("file")).unwrap_err();
        let text = format!("the header claims {length} bytes, at most 2");
        assert!(error.to_string().contains(&text), "{error}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn arbitrary_bytes_never_panic(content in prop::collection::vec(any::<u8>(), 0..300), kind in 0..4) {
        let folder = tempfile::tempdir().unwrap();
        let length = (content.len() as u64).to_le_bytes();
        let start: &[u8] = match kind {
            0 => &[],
            1 => &length,
            2 => b"\x93NUMPY\x01\x00\x40\x00{'descr': '<f4', ",
            _ => b"{\"peft_type\": \"P_TUNING\", ",
        };
        read(folder.path(), &[start, &content].concat());
    }

    #[test]
    fn changed_bytes_never_panic(
        which in 0_usize..4,
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
    ) {
        let folder = tempfile::tempdir().unwrap();
        let mut content = good(folder.path())[which].clone();
        for (at, byte) in changes {
            let at = at.index(content.len());
            content[at] = byte;
        }
        read(folder.path(), &content);
    }
}
