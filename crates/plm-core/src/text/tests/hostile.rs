//! Files that are not tokenizers: typed errors, no panics.

use std::path::Path;

use proptest::prelude::*;

use super::parity::fixture;
use crate::Error;
use crate::text::{EncodeOptions, Tokenizer};

fn dir(files: &[(&str, &[u8])]) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        std::fs::write(dir.path().join(name), bytes).unwrap();
    }
    dir
}

fn refusal(files: &[(&str, &[u8])]) -> String {
    Tokenizer::from_dir(dir(files).path())
        .unwrap_err()
        .to_string()
}

#[test]
fn what_is_wrong_is_named() {
    let missing = Tokenizer::from_dir("/nonexistent/dir").unwrap_err();
    assert!(missing.to_string().contains("tokenizer.json"), "{missing}");
    for name in ["spiece.model", "sentencepiece.bpe.model"] {
        let text = refusal(&[(name, b"x")]);
        assert!(text.contains(&format!("its {name} must be")), "{text}");
    }
    assert!(refusal(&[("tokenizer.json", b"")]).contains("tokenizer.json"));
    assert!(refusal(&[("tokenizer.json", &[0; 64])]).contains("tokenizer.json"));
    assert!(refusal(&[("vocab.txt", b"")]).contains("empty"));
    assert!(refusal(&[("vocab.txt", b"[CLS]\na\0b\n")]).contains("vocab.txt:2: holds a NUL"));
    assert!(refusal(&[("vocab.txt", b"[CLS]\n\n\xff\n")]).contains("vocab.txt:3: not UTF-8"));
    assert!(refusal(&[("vocab.txt", b"[CLS]\n[SEP]\n")]).contains("[UNK]"));
    assert!(refusal(&[("vocab.txt", b"[UNK]\na\n")]).contains("model_type"));
    let llama = br#"{"model_type": "llama"}"#;
    assert!(refusal(&[("vocab.txt", b"[UNK]\n"), ("config.json", llama)]).contains("llama"));
    let merges = refusal(&[
        ("vocab.json", br#"{"<s>": 0, "a": 1, "b": 2}"#),
        ("merges.txt", b"#version: 0.2\na b\n"),
    ]);
    assert!(
        merges.contains("merges.txt:2") && merges.contains("`ab`"),
        "{merges}"
    );
    let odd = refusal(&[("vocab.json", br#"{"<s>": 0}"#), ("merges.txt", b"a b c\n")]);
    assert!(odd.contains("merges.txt:1"), "{odd}");
    let huge = refusal(&[("vocab.json", br#"{"a": 4294967296}"#), ("merges.txt", b"")]);
    assert!(huge.contains("vocab.json"), "{huge}");
}

#[test]
fn two_tokens_with_one_id_are_refused() {
    let model = br#"{"version": "1.0", "added_tokens": [],
        "model": {"type": "BPE", "vocab": {"a": 0, "b": 0}, "merges": []}}"#;
    for text in [
        refusal(&[("tokenizer.json", model)]),
        refusal(&[
            (
                "vocab.json",
                br#"{"<s>": 0, "</s>": 1, "<unk>": 2, "<pad>": 3, "<mask>": 4, "a": 5, "b": 5}"#,
            ),
            ("merges.txt", b""),
        ]),
    ] {
        assert!(text.contains("`a` and `b`"), "{text}");
    }
}

#[test]
fn contradicting_files_are_refused() {
    let good = std::fs::read(fixture("wordpiece/tokenizer.json")).unwrap();
    let with = |config: &str| {
        refusal(&[
            ("tokenizer.json", &good),
            ("tokenizer_config.json", config.as_bytes()),
        ])
    };
    let pad = with(r#"{"pad_token": "<none>"}"#);
    assert!(pad.contains("pad_token") && pad.contains("<none>"), "{pad}");
    let ids = with(r#"{"added_tokens_decoder": {"3": {"content": "[CLS]"}}}"#);
    assert!(
        ids.contains("[CLS]") && ids.contains('3') && ids.contains('2'),
        "{ids}"
    );
    assert!(with("[]").contains("tokenizer_config.json"));
    let text = String::from_utf8(good.clone()).unwrap();
    let moved = text.replacen(
        r#""id":2,"content":"[CLS]""#,
        r#""id":7,"content":"[CLS]""#,
        1,
    );
    assert_ne!(moved, text);
    let error = refusal(&[("tokenizer.json", moved.as_bytes())]);
    assert!(error.contains("[CLS]") && error.contains('7'), "{error}");
}

#[test]
fn definitions_on_which_the_wrapped_crate_panics() {
    let bpe = |prefix: &str, merges: &str| {
        format!(
            r#"{{"version": "1.0", "model": {{"type": "BPE", "continuing_subword_prefix": "{prefix}",
            "vocab": {{"a": 0, "é": 1, "aé": 2}}, "merges": [{merges}]}}}}"#
        )
    };
    // Merges longer than every token, and a prefix cut inside a character.
    for json in [
        bpe("", r#""aé aé""#),
        bpe("x", r#""a é""#),
        bpe("long", r#"["a", "é"]"#),
    ] {
        let error = Tokenizer::from_bytes(Path::new("t.json"), json.as_bytes()).unwrap_err();
        assert!(matches!(error, Error::Format { .. }), "{error}");
    }
    let unknown = br###"{"version": "1.0", "model": {"type": "WordPiece", "unk_token": "[UNK]",
        "continuing_subword_prefix": "##", "max_input_chars_per_word": 9, "vocab": {"a": 0}}}"###;
    let tokenizer = Tokenizer::from_bytes("t.json", unknown).unwrap();
    let error = tokenizer.encode("b", &EncodeOptions::new()).unwrap_err();
    assert!(matches!(error, Error::Tokenizer { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_directory_is_not_a_file() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("tokenizer.json")).unwrap();
    let error = Tokenizer::from_dir(dir.path()).unwrap_err();
    assert!(matches!(error, Error::Io { .. }), "{error}");
}

#[test]
fn oversized_files_are_refused_before_they_are_read_whole() {
    let dir = tempfile::tempdir().unwrap();
    let file = std::fs::File::create(dir.path().join("vocab.txt")).unwrap();
    file.set_len((256 << 20) + 1).unwrap();
    let text = Tokenizer::from_dir(dir.path()).unwrap_err().to_string();
    assert!(text.contains("larger than 268435456 bytes"), "{text}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_bytes_never_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        for files in [
            [("tokenizer.json", bytes.as_slice()), ("config.json", b"{}")],
            [("vocab.txt", bytes.as_slice()), ("config.json", br#"{"model_type": "bert"}"#)],
            [("vocab.json", br#"{"<s>": 0}"#), ("merges.txt", bytes.as_slice())],
            [("vocab.json", bytes.as_slice()), ("merges.txt", b"")],
        ] {
            let _ = Tokenizer::from_dir(dir(&files).path());
        }
    }

    #[test]
    fn a_damaged_definition_never_panics(
        name in prop::sample::select(vec!["wordpiece", "t5"]),
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        cut in prop::option::of(any::<prop::sample::Index>()),
        text in "\\PC{0,20}",
    ) {
        let mut bytes = std::fs::read(fixture(name).join("tokenizer.json")).unwrap();
        for (at, byte) in edits {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        if let Ok(tokenizer) = Tokenizer::from_bytes("damaged.json", &bytes) {
            let _ = tokenizer.encode(text.as_str(), &EncodeOptions::new());
        }
    }
}
