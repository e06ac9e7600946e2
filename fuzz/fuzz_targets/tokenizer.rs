//! Tokenizers: one that is read encodes any text, and its own files give the same tokens.

#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use plm_core::text::{EncodeOptions, Tokenizer};
use plm_fuzz::{catching, folder, kind, parts};

/// The tokenizer in a folder with these files alone.
fn from_files(files: &[(&str, &[u8])]) -> Option<Tokenizer> {
    let path = folder().join("tokenizer");
    let _ = fs::remove_dir_all(&path);
    fs::create_dir(&path).unwrap();
    for (name, bytes) in files {
        fs::write(path.join(name), bytes).unwrap();
    }
    Tokenizer::from_dir(path).ok()
}

fn check(bytes: &[u8]) {
    let (kind, bytes) = kind(bytes);
    let [text, one, two] = parts(bytes);
    let text = String::from_utf8_lossy(text);
    let found = match kind % 5 {
        0 => Tokenizer::from_bytes("tokenizer.json", one).ok(),
        1 => from_files(&[("tokenizer.json", one), ("tokenizer_config.json", two)]),
        2 => from_files(&[
            ("vocab.txt", one),
            ("config.json", br#"{"model_type": "bert"}"#),
        ]),
        3 => from_files(&[("vocab.json", one), ("merges.txt", two)]),
        _ => from_files(&[("vocab.txt", one), ("tokenizer_config.json", two)]),
    };
    let Some(tokenizer) = found else {
        return;
    };
    let Ok(encoding) = tokenizer.encode(&*text, &EncodeOptions::new()) else {
        return;
    };
    let _ = tokenizer.decode(&encoding.ids, true);
    let Ok(files) = tokenizer.to_files() else {
        return;
    };
    let files: Vec<_> = files
        .iter()
        .map(|(name, text)| (*name, text.as_bytes()))
        .collect();
    let again = from_files(&files).unwrap();
    let again = again.encode(&*text, &EncodeOptions::new()).unwrap();
    assert_eq!(again.ids, encoding.ids);
}

fuzz_target!(|bytes: &[u8]| catching(|| check(bytes)));
