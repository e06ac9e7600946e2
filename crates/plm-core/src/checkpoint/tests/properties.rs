//! Openers under arbitrary bytes, tables under arbitrary numbers.

use std::fs;

use proptest::collection::vec;
use proptest::prelude::*;

use super::super::{Scope, TensorSource};
use super::{TOY, fixture};

/// Opens `bytes` as each kind of file and reads whatever it then claims to hold.
fn open_as_everything(bytes: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    for name in [
        "model.safetensors",
        "pytorch_model.bin",
        "model.safetensors.index.json",
    ] {
        let path = dir.path().join(name);
        fs::write(&path, bytes).unwrap();
        let Ok(source) = TensorSource::open(&path) else {
            continue;
        };
        for tensor in source.names() {
            let width = source.dtype(tensor).unwrap().bitsize();
            let count: usize = source.shape(tensor).unwrap().iter().product();
            assert!(count * width / 8 <= bytes.len(), "{name}: {tensor}");
            if let Ok(values) = source.read_f32(tensor) {
                assert_eq!(values.len(), count);
            }
            if let Ok(values) = source.read_i64(tensor) {
                assert_eq!(values.len(), count);
            }
            if let Ok(values) = source.read_f32_transposed(tensor) {
                assert_eq!(values.len(), count);
            }
        }
    }
}

/// A good file of each kind.
fn good_files() -> Vec<Vec<u8>> {
    [
        "f16/model.safetensors",
        "torch/pytorch_model.bin",
        "torch-legacy/pytorch_model.bin",
        "sharded/model.safetensors.index.json",
    ]
    .iter()
    .map(|name| fs::read(fixture(name)).unwrap())
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in vec(any::<u8>(), 0..600)) {
        open_as_everything(&bytes);
    }

    #[test]
    fn arbitrary_headers_never_panic(header in "[\\{\\}\\[\\]\",:a-zF0-9]{0,80}", data in 0usize..20) {
        let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
        bytes.extend(header.as_bytes());
        bytes.resize(bytes.len() + data, 7);
        open_as_everything(&bytes);
    }

    #[test]
    fn arbitrary_pickles_never_panic(opcodes in vec(prop_oneof![
        prop::sample::select(b"\x80\x02\x8a(}]c.q0u\x94\x95tRbQXUKMJIN\x85\x86\x87\x88\x89GBC\x8b\x8c\x8d\x8e".to_vec()),
        any::<u8>(),
    ], 0..120)) {
        let mut bytes = vec![0x80, 2];
        bytes.extend(opcodes);
        open_as_everything(&bytes);
    }

    #[test]
    fn damaged_files_never_panic(
        kind in 0usize..4,
        edits in vec((any::<prop::sample::Index>(), any::<u8>()), 1..12),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut bytes = good_files().swap_remove(kind);
        for (at, value) in edits {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if shorten {
            let length = cut.index(bytes.len());
            bytes.truncate(length);
        }
        open_as_everything(&bytes);
    }

    #[test]
    fn names_go_there_and_back(numbers in vec(0u32..1000, 2), headed in any::<bool>()) {
        let scope = if headed { Scope::Headed } else { Scope::Base };
        let prefix = if headed { "toy." } else { "" };
        for module in ["intermediate.dense", "output.c_proj", "output.LayerNorm"] {
            for leaf in ["weight", "bias"] {
                for number in &numbers {
                    let name = format!("{prefix}encoder.layer.{number}.{module}.{leaf}");
                    let path = TOY.to_path(scope, &name).unwrap();
                    prop_assert_eq!(TOY.to_hf(scope, &path), Some(name));
                }
            }
        }
    }

    #[test]
    fn whatever_maps_maps_back(name in "[a-z]{0,3}\\.?(encoder|cls|toy|layers)\\.[a-z0-9.]{0,20}") {
        for scope in [Scope::Base, Scope::Headed] {
            if let Some(path) = TOY.to_path(scope, &name) {
                let back = TOY.to_hf(scope, &path);
                prop_assert_eq!(back.as_ref(), Some(&name));
            }
            if let Some(hf) = TOY.to_hf(scope, &name) {
                let back = TOY.to_path(scope, &hf);
                prop_assert_eq!(back.as_ref(), Some(&name));
            }
        }
    }
}
