//! Equality with Python's tokenizers; `make_text.py` beside the fixtures made the numbers.

use std::path::PathBuf;

use serde::Deserialize;

use crate::text::{
    BytePairStyle, BytePairTraining, EncodeOptions, Encoding, OffsetUnit, TextInput, Tokenizer,
    Truncation, TruncationSide, TruncationStrategy, WordPieceTraining,
};

pub(super) fn fixture(name: &str) -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests/fixtures/text", name]
        .iter()
        .collect()
}

#[derive(Deserialize)]
struct Expected {
    vocabulary: usize,
    single: Vec<Single>,
    pair: Vec<Pair>,
    words: Vec<Words>,
    word_pairs: Vec<WordPair>,
    truncation: Vec<Cut>,
    windows: Vec<Windows>,
    decode: Vec<Decode>,
}

#[derive(Deserialize, Debug)]
struct Record {
    ids: Vec<u32>,
    type_ids: Vec<u32>,
    offsets: Vec<(usize, usize)>,
    word_ids: Vec<Option<u32>>,
    sequence_ids: Vec<Option<usize>>,
    special_tokens_mask: Vec<u8>,
}

#[derive(Deserialize)]
struct Single {
    text: String,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct Pair {
    first: String,
    second: String,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct Words {
    words: Vec<String>,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct WordPair {
    first: Vec<String>,
    second: Vec<String>,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct Cut {
    first: String,
    second: Option<String>,
    max_length: usize,
    strategy: TruncationStrategy,
    side: TruncationSide,
    lost: usize,
    #[serde(flatten)]
    record: Record,
}

#[derive(Deserialize)]
struct Windows {
    first: String,
    second: Option<String>,
    max_length: usize,
    stride: usize,
    strategy: TruncationStrategy,
    windows: Vec<Record>,
}

#[derive(Deserialize)]
struct Decode {
    ids: Vec<u32>,
    #[serde(default)]
    skip: bool,
    text: String,
}

fn assert_same(encoding: &Encoding, record: &Record, case: &str) {
    assert_eq!(encoding.ids, record.ids, "ids of {case}");
    assert_eq!(encoding.type_ids, record.type_ids, "type ids of {case}");
    assert_eq!(encoding.offsets, record.offsets, "offsets of {case}");
    assert_eq!(encoding.word_ids, record.word_ids, "word ids of {case}");
    assert_eq!(
        encoding.sequence_ids, record.sequence_ids,
        "sides of {case}"
    );
    let mask: Vec<bool> = record.special_tokens_mask.iter().map(|&m| m != 0).collect();
    assert_eq!(encoding.special_tokens_mask, mask, "special mask of {case}");
}

fn input<'a>(first: &'a str, second: Option<&'a str>) -> TextInput<'a> {
    (first, second).into()
}

fn check(name: &str, tokenizer: &Tokenizer) {
    let text = std::fs::read_to_string(fixture(&format!("expected_{name}.json"))).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let plain = EncodeOptions::new();
    assert_eq!(tokenizer.vocabulary_size(), expected.vocabulary);
    for case in &expected.single {
        let encoding = tokenizer.encode(&case.text, &plain).unwrap();
        assert_same(&encoding, &case.record, &format!("{name} {:?}", case.text));
        assert_eq!(encoding.truncated, 0);
    }
    for case in &expected.pair {
        let encoding = tokenizer
            .encode((case.first.as_str(), case.second.as_str()), &plain)
            .unwrap();
        let label = format!("{name} {:?} {:?}", case.first, case.second);
        assert_same(&encoding, &case.record, &label);
    }
    for case in &expected.words {
        let encoding = tokenizer.encode(&case.words, &plain).unwrap();
        assert_same(&encoding, &case.record, &format!("{name} {:?}", case.words));
    }
    for case in &expected.word_pairs {
        let encoding = tokenizer
            .encode((&case.first, &case.second), &plain)
            .unwrap();
        assert_same(&encoding, &case.record, &format!("{name} {:?}", case.first));
    }
    assert!(expected.truncation.iter().any(|case| case.lost > 0));
    for case in &expected.truncation {
        let cut = Truncation::new(case.max_length)
            .with_strategy(case.strategy)
            .with_side(case.side);
        let options = plain.with_truncation(cut);
        let text = input(&case.first, case.second.as_deref());
        let encoding = tokenizer.encode(text, &options).unwrap();
        let label = format!("{name} {cut:?} {:?} {:?}", case.first, case.second);
        assert_same(&encoding, &case.record, &label);
        assert_eq!(encoding.truncated, case.lost, "{label}");
    }
    assert!(expected.windows.iter().any(|case| case.windows.len() > 2));
    for case in &expected.windows {
        let cut = Truncation::new(case.max_length).with_strategy(case.strategy);
        let text = input(&case.first, case.second.as_deref());
        let windows = tokenizer
            .encode_windows(text, &cut, case.stride, &plain)
            .unwrap();
        assert_eq!(windows.len(), case.windows.len(), "{name} {cut:?}");
        for (index, (window, record)) in windows.iter().zip(&case.windows).enumerate() {
            assert_same(window, record, &format!("{name} window {index} of {cut:?}"));
        }
    }
    for case in &expected.decode {
        let text = tokenizer.decode(&case.ids, case.skip).unwrap();
        assert_eq!(text, case.text, "{name} {:?}", case.ids);
    }
    check_bytes(tokenizer, &expected);
}

/// Byte offsets are the same spans as character offsets; where byte-level tokens share a
/// character, each spans all of it.
fn check_bytes(tokenizer: &Tokenizer, expected: &Expected) {
    let options = EncodeOptions::new().with_offsets(OffsetUnit::Bytes);
    let byte_level = tokenizer.clone().with_prefix_space().is_ok();
    let mut same = 0;
    for case in &expected.single {
        let mut boundaries: Vec<usize> = case.text.char_indices().map(|(at, _)| at).collect();
        boundaries.push(case.text.len());
        let encoding = tokenizer.encode(&case.text, &options).unwrap();
        let chars = &case.record.offsets;
        assert_eq!(encoding.offsets.len(), chars.len());
        for (&bytes, &(start, end)) in encoding.offsets.iter().zip(chars) {
            let span = (boundaries[start], boundaries[end]);
            assert!(case.text.get(bytes.0..bytes.1).is_some());
            assert!(bytes.0 <= span.0 && span.1 <= bytes.1, "{:?}", case.text);
            assert!(byte_level || bytes == span, "{:?}", case.text);
            same += usize::from(bytes == span && start < end);
        }
    }
    assert!(same > 100);
}

#[test]
fn tokenizer_json() {
    check(
        "wordpiece",
        &Tokenizer::from_dir(fixture("wordpiece")).unwrap(),
    );
    let file = fixture("wordpiece/tokenizer.json");
    check("wordpiece", &Tokenizer::from_file(file).unwrap());
}

#[test]
fn unigram_tokenizer_json() {
    check("t5", &Tokenizer::from_dir(fixture("t5")).unwrap());
}

#[test]
fn vocab_txt_lower_case_cased_and_mpnet() {
    for name in ["vocab", "cased", "mpnet"] {
        check(name, &Tokenizer::from_dir(fixture(name)).unwrap());
    }
}

#[test]
fn byte_level_vocab_json_and_merges() {
    let roberta = Tokenizer::from_dir(fixture("roberta")).unwrap();
    check("roberta", &roberta);
    let error = roberta.encode(["two", "words"].as_slice(), &EncodeOptions::new());
    assert!(error.unwrap_err().to_string().contains("prefix space"));
    check("roberta_prefix", &roberta.with_prefix_space().unwrap());
    check("gpt2", &Tokenizer::from_dir(fixture("gpt2")).unwrap());
}

#[test]
fn the_family_follows_from_the_vocabulary_without_config_json() {
    for name in ["vocab", "roberta", "gpt2"] {
        let dir = tempfile::tempdir().unwrap();
        for file in ["vocab.txt", "vocab.json", "merges.txt"] {
            let from = fixture(name).join(file);
            if from.exists() {
                std::fs::copy(from, dir.path().join(file)).unwrap();
            }
        }
        check(name, &Tokenizer::from_dir(dir.path()).unwrap());
    }
}

#[test]
fn saving_keeps_everything() {
    for name in ["wordpiece", "cased", "mpnet", "roberta", "gpt2", "t5"] {
        let dir = tempfile::tempdir().unwrap();
        let before = Tokenizer::from_dir(fixture(name)).unwrap();
        before.save(dir.path()).unwrap();
        let after = Tokenizer::from_dir(dir.path()).unwrap();
        check(name, &after);
        assert_eq!(before.special_ids(), after.special_ids());
        assert_eq!(before.model_max_length(), after.model_max_length());
        let left: Vec<_> = std::fs::read_dir(dir.path()).unwrap().collect();
        assert_eq!(left.len(), 3, "no temporary file stays");
    }
}

#[test]
fn training_gives_the_vocabulary_that_python_gives() {
    let corpus = std::fs::read_to_string(fixture("corpus.txt")).unwrap();
    let training = WordPieceTraining {
        vocab_size: 320,
        min_frequency: 2,
        lowercase: true,
        unused: 4,
        limit_alphabet: Some(60),
    };
    let trained = training.train(corpus.lines()).unwrap();
    let python = Tokenizer::from_dir(fixture("wordpiece")).unwrap();
    assert_eq!(trained.vocabulary(), python.vocabulary());
    check("wordpiece", &trained);
    for (name, style) in [
        ("roberta", BytePairStyle::Roberta),
        ("gpt2", BytePairStyle::Gpt2),
    ] {
        let training = BytePairTraining {
            vocab_size: 420,
            min_frequency: 2,
            style,
        };
        check(name, &training.train(corpus.lines()).unwrap());
    }
}

#[test]
fn training_needs_text_and_room() {
    let empty = WordPieceTraining::default().train(["", " "].iter());
    assert!(empty.unwrap_err().to_string().contains("no character"));
    let small = WordPieceTraining {
        vocab_size: 69,
        ..Default::default()
    };
    assert!(
        small
            .train(["a"].iter())
            .unwrap_err()
            .to_string()
            .contains("69")
    );
    let bytes = BytePairTraining {
        vocab_size: 256,
        min_frequency: 1,
        style: BytePairStyle::Roberta,
    };
    assert!(bytes.train(["a"].iter()).is_err());
}
