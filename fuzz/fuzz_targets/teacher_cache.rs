//! Caches of teachers: a manifest, or a shard under a manifest with its right size and sum.

#![no_main]

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use plm_distill::cache::{CacheKey, Record, TeacherCache, info, verify};
use plm_distill::score::{McScore, McSettings};
use plm_fuzz::{kind, sha256, subfolder};
use serde_json::{Value, json};

fn key(full: bool) -> CacheKey {
    CacheKey {
        weights: "a1".to_owned(),
        config: "b2".to_owned(),
        tokenizer: "c3".to_owned(),
        max_length: 128,
        precision: "f32".to_owned(),
        classes: 2,
        scoring: full.then(McSettings::default),
        first_token: if full { vec![0, 12] } else { Vec::new() },
        hidden_size: if full { 3 } else { 0 },
    }
}

/// A folder with a cache of two rows, and its manifest.
fn good(full: bool) -> (PathBuf, Value) {
    let folder = subfolder(if full { "full" } else { "plain" });
    let mut cache = TeacherCache::open(&folder, key(full)).unwrap();
    for id in 1..3 {
        let score = McScore {
            score: 0.25,
            mutual_information: 0.5,
            variance: 0.125,
        };
        let record = Record {
            logits: vec![1.0, -1.0],
            score: full.then_some(score),
            first_token: vec![0.5; if full { 6 } else { 0 }],
        };
        cache.insert(id, id + 100, record).unwrap();
    }
    cache.flush().unwrap();
    let manifest = fs::read(folder.join("manifest.json")).unwrap();
    let manifest = serde_json::from_slice(&manifest).unwrap();
    (folder, manifest)
}

fn shard(bytes: &[u8], full: bool, rows: u8) {
    static FOLDERS: OnceLock<[(PathBuf, Value); 2]> = OnceLock::new();
    let (folder, manifest) = &FOLDERS.get_or_init(|| [good(false), good(true)])[usize::from(full)];
    let mut manifest = manifest.clone();
    let entry = &mut manifest["shards"][0];
    entry["rows"] = json!(if rows == 3 { u64::MAX } else { u64::from(rows) });
    entry["bytes"] = json!(bytes.len());
    entry["sha256"] = json!(sha256(bytes));
    fs::write(folder.join("shard-000000.safetensors"), bytes).unwrap();
    fs::write(folder.join("manifest.json"), manifest.to_string()).unwrap();
    let report = verify(folder).unwrap();
    match TeacherCache::open(folder, key(full)) {
        Ok(cache) => {
            assert_eq!(cache.len() as u64, report.rows);
            assert!(report.problems.is_empty());
        }
        Err(_) => assert_eq!(report.problems.len(), 1),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    if kind & 3 == 3 {
        let folder = subfolder("manifest");
        fs::write(folder.join("manifest.json"), bytes).unwrap();
        let opened = TeacherCache::open(&folder, key(false)).is_ok();
        assert!(!opened || info(&folder).is_ok());
        let _ = verify(&folder);
    } else {
        shard(bytes, kind & 3 == 1, kind >> 2 & 3);
    }
});
