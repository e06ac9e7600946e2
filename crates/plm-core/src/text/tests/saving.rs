//! What the files of a directory held is still in them after the tokenizer was saved over itself.

use std::path::Path;

use serde_json::{Value, json};

use super::parity::fixture;
use crate::text::{EncodeOptions, Tokenizer};

fn read(dir: &Path, name: &str) -> Value {
    serde_json::from_slice(&std::fs::read(dir.join(name)).unwrap()).unwrap()
}

#[test]
fn limits_of_the_definition_are_kept_and_not_heeded() {
    let dir = tempfile::tempdir().unwrap();
    // The stride is beyond the limit: what is not heeded is not checked either.
    let truncation = json!({
        "direction": "Left", "max_length": 2, "strategy": "OnlyFirst", "stride": 5
    });
    let padding = json!({
        "strategy": {"Fixed": 40}, "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 3,
        "pad_type_id": 1, "pad_token": "[SEP]"
    });
    let good = fixture("wordpiece").join("tokenizer.json");
    let text = std::fs::read_to_string(good).unwrap();
    let bare = r#""truncation":null,"padding":null"#;
    assert!(text.contains(bare));
    let limits = format!(r#""truncation":{truncation},"padding":{padding}"#);
    let text = text.replacen(bare, &limits, 1);
    std::fs::write(dir.path().join("tokenizer.json"), text).unwrap();

    let encode = |dir: &Path| {
        let tokenizer = Tokenizer::from_dir(dir).unwrap();
        let text = "the keeper of the lighthouse";
        tokenizer.encode(text, &EncodeOptions::new()).unwrap()
    };
    let plain = encode(&fixture("wordpiece"));
    assert_eq!(encode(dir.path()), plain);
    for _ in 0..2 {
        let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
        tokenizer.save(dir.path()).unwrap();
        let saved = read(dir.path(), "tokenizer.json");
        assert_eq!(saved["truncation"], truncation);
        assert_eq!(saved["padding"], padding);
        assert_eq!(encode(dir.path()), plain);
    }
}

#[test]
fn tokens_that_only_the_map_lists_stay_in_it() {
    let dir = tempfile::tempdir().unwrap();
    let vocabulary = "vocab.txt";
    std::fs::copy(
        fixture("vocab").join(vocabulary),
        dir.path().join(vocabulary),
    )
    .unwrap();
    let listed = json!(["[unused1]", {"content": "[E1]", "lstrip": true}]);
    let name = "special_tokens_map.json";
    let map = json!({"additional_special_tokens": listed, "mask_token": {"content": "[MASK]"}});
    std::fs::write(dir.path().join(name), map.to_string()).unwrap();
    let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
    tokenizer.save(dir.path()).unwrap();
    let saved = read(dir.path(), name);
    assert_eq!(saved["additional_special_tokens"], listed);
    assert_eq!(saved["mask_token"], json!("[MASK]"));
    let settings = read(dir.path(), "tokenizer_config.json");
    assert_eq!(settings.get("additional_special_tokens"), None);
    let again = Tokenizer::from_dir(dir.path()).unwrap();
    assert_eq!(again.vocabulary(), tokenizer.vocabulary());
    assert_eq!(again.special_ids(), tokenizer.special_ids());
}
