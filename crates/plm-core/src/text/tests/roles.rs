//! Special tokens, vocabulary checks and extension, batches, limits on length.

use super::parity::fixture;
use crate::text::{
    EncodeOptions, SpecialToken, Tokenizer, Truncation, TruncationReport, TruncationStrategy,
};

fn load(name: &str) -> Tokenizer {
    Tokenizer::from_dir(fixture(name)).unwrap()
}

#[test]
fn roles_of_every_family() {
    use SpecialToken::{Bos, Cls, Eos, Mask, Pad, Sep, Unk};
    let ids = |name| [Pad, Cls, Sep, Mask, Bos, Eos, Unk].map(|role| load(name).special(role));
    let some = |list: [u32; 7]| list.map(Some);
    let bert = [Some(0), Some(2), Some(3), Some(4), None, None, Some(1)];
    assert_eq!(ids("wordpiece"), bert);
    assert_eq!(ids("vocab"), bert);
    assert_eq!(ids("mpnet"), some([0, 2, 3, 4, 2, 3, 1]));
    assert_eq!(ids("roberta"), some([1, 0, 2, 4, 0, 2, 3]));
    let end = Some(0);
    assert_eq!(ids("gpt2"), [None, None, None, None, end, end, end]);
    let t5 = [Some(0), None, None, None, None, Some(1), Some(2)];
    assert_eq!(ids("t5"), t5);
    assert_eq!(load("t5").special_ids(), [0, 1, 2, 3, 4]);
    assert_eq!(load("wordpiece").special_ids(), (0..9).collect::<Vec<_>>());
    assert_eq!(load("wordpiece").model_max_length(), Some(512));
    assert_eq!(load("vocab").model_max_length(), None);
    let error = load("gpt2").require(Mask).unwrap_err().to_string();
    assert!(error.contains("no mask token"), "{error}");
}

#[test]
fn a_tokenizer_of_another_vocabulary_is_refused() {
    let tokenizer = load("wordpiece");
    let size = tokenizer.vocabulary_size();
    tokenizer.check_vocabulary(size).unwrap();
    tokenizer.check_vocabulary(size + 7).unwrap();
    let text = tokenizer
        .check_vocabulary(size - 1)
        .unwrap_err()
        .to_string();
    let last = format!("id {}", size - 1);
    assert!(
        text.contains(&last) && text.contains("another vocabulary"),
        "{text}"
    );
    assert!(tokenizer.check_vocabulary(0).is_err());
    let text = load("vocab").check_vocabulary(0).unwrap_err().to_string();
    assert!(text.contains("vocab.txt"), "{text}");
}

#[test]
fn added_tokens_are_found_whole() {
    let mut tokenizer = load("wordpiece");
    let old = tokenizer.vocabulary_size();
    let ids = tokenizer
        .add_tokens(&["<prompt0>", "[MASK]", "<prompt1>"], true)
        .unwrap();
    let new = u32::try_from(old).unwrap();
    assert_eq!(ids, [new, 4, new + 1]);
    assert_eq!(tokenizer.vocabulary_size(), old + 2);
    let plain = EncodeOptions::new().without_special_tokens();
    let encoding = tokenizer.encode("the <prompt1> <prompt0>", &plain).unwrap();
    assert_eq!(encoding.ids[1..], [new + 1, new]);
    assert!(tokenizer.special_ids().contains(&new));
    let words = tokenizer.add_tokens(&["Lighthousekeeping"], false).unwrap();
    let encoding = tokenizer.encode("lighthousekeeping", &plain).unwrap();
    assert_eq!(encoding.ids, words, "normalized like the text");
    assert!(!tokenizer.special_ids().contains(&words[0]));
    assert!(tokenizer.add_tokens(&[""], true).is_err());

    let dir = tempfile::tempdir().unwrap();
    tokenizer.save(dir.path()).unwrap();
    let again = Tokenizer::from_dir(dir.path()).unwrap();
    assert_eq!(again.vocabulary(), tokenizer.vocabulary());
    assert_eq!(again.token_to_id("<prompt1>"), Some(new + 1));
}

#[test]
fn special_tokens_that_files_name_are_found_whole() {
    let dir = tempfile::tempdir().unwrap();
    let vocab = std::fs::read_to_string(fixture("vocab/vocab.txt")).unwrap();
    let vocab = vocab.replacen("[unused1]", "[E1]", 1);
    std::fs::write(dir.path().join("vocab.txt"), vocab).unwrap();
    let write = |name: &str, json: &str| std::fs::write(dir.path().join(name), json).unwrap();
    let plain = EncodeOptions::new().without_special_tokens();
    let read = || Tokenizer::from_dir(dir.path()).unwrap();
    let ids = |tokenizer: &Tokenizer| tokenizer.encode("rain [E1]", &plain).unwrap().ids;
    write("config.json", r#"{"model_type": "bert"}"#);
    assert!(!ids(&read()).contains(&6), "brackets split words");
    for (name, json) in [
        (
            "tokenizer_config.json",
            r#"{"additional_special_tokens": ["[E1]"]}"#,
        ),
        (
            "tokenizer_config.json",
            r#"{"extra_special_tokens": {"entity": {"content": "[E1]", "lstrip": true}}}"#,
        ),
        (
            "tokenizer_config.json",
            r#"{"added_tokens_decoder": {"6": {"content": "[E1]", "special": true}}}"#,
        ),
        ("tokenizer_config.json", r#"{"bos_token": "[E1]"}"#),
        (
            "special_tokens_map.json",
            r#"{"additional_special_tokens": [{"content": "[E1]"}]}"#,
        ),
    ] {
        write("tokenizer_config.json", "{}");
        write(name, json);
        let tokenizer = read();
        assert_eq!(ids(&tokenizer).last(), Some(&6), "{json}");
        assert!(tokenizer.special_ids().contains(&6), "{json}");
        assert_eq!(tokenizer.vocabulary_size(), load("vocab").vocabulary_size());
    }
    write("special_tokens_map.json", "{}");
    write(
        "tokenizer_config.json",
        r#"{"extra_special_tokens": ["[NEW]"]}"#,
    );
    let tokenizer = read();
    let last = u32::try_from(tokenizer.vocabulary_size() - 1).unwrap();
    assert_eq!(tokenizer.token_to_id("[NEW]"), Some(last));
    assert!(tokenizer.special_ids().contains(&last));
    for bad in ["3", "[3]", r#"[""]"#] {
        write(
            "tokenizer_config.json",
            &format!(r#"{{"extra_special_tokens": {bad}}}"#),
        );
        let text = Tokenizer::from_dir(dir.path()).unwrap_err().to_string();
        assert!(text.contains("extra_special_tokens"), "{text}");
    }
}

#[test]
fn tokens_without_a_row_are_refused_where_they_are_used() {
    let mut tokenizer = load("roberta");
    let mask = tokenizer.require(SpecialToken::Mask).unwrap();
    assert!(tokenizer.limit_to(tokenizer.vocabulary_size()).is_empty());
    // BART's mask comes last in its checkpoints; here it is the fifth of all.
    let beyond = tokenizer.limit_to(4);
    assert_eq!(beyond[0], ("<mask>".to_owned(), mask));
    let text = tokenizer.require(SpecialToken::Mask).unwrap_err();
    let text = text.to_string();
    for part in ["<mask>", "vocab_size is 4", "vocab.json"] {
        assert!(text.contains(part), "{text}");
    }
    assert!(tokenizer.encode("", &EncodeOptions::new()).is_ok());
    let plain = EncodeOptions::new();
    assert!(tokenizer.encode("<mask>", &plain).is_err());
    let windows = tokenizer.encode_windows("<mask>", &Truncation::new(9), 0, &plain);
    assert!(windows.unwrap_err().to_string().contains("<mask>"));
}

#[cfg(unix)]
#[test]
fn saved_files_have_the_usual_permissions() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    load("vocab").save(dir.path()).unwrap();
    let plain = dir.path().join("plain");
    std::fs::write(&plain, "").unwrap();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode();
    for name in ["tokenizer.json", "tokenizer_config.json"] {
        assert_eq!(mode(&dir.path().join(name)), mode(&plain), "{name}");
    }
}

#[test]
fn nothing_is_added_beyond_a_gap() {
    let dir = tempfile::tempdir().unwrap();
    let vocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\na\na\nb\n";
    std::fs::write(dir.path().join("vocab.txt"), vocab).unwrap();
    let mut tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
    assert_eq!(tokenizer.token_to_id("a"), Some(5));
    let text = tokenizer.add_tokens(&["c"], false).unwrap_err().to_string();
    assert!(
        text.contains("6 tokens") && text.contains("id is 6"),
        "{text}"
    );
}

#[test]
fn batches_report_what_was_cut() {
    let tokenizer = load("vocab");
    let texts = [
        "the rain",
        "the keeper of the lighthouse climbed the stairs",
        "",
    ];
    let whole = tokenizer
        .encode_batch(texts, &EncodeOptions::new())
        .unwrap();
    let lengths: Vec<_> = whole.encodings.iter().map(|e| e.len()).collect();
    let longest = lengths[1];
    assert_eq!(
        whole.report,
        TruncationReport {
            inputs: 3,
            truncated: 0,
            tokens_lost: 0,
            longest
        }
    );
    let options = EncodeOptions::new().with_truncation(Truncation::new(5));
    let cut = tokenizer.encode_batch(texts, &options).unwrap();
    let lost = longest - 5;
    let expected = TruncationReport {
        inputs: 3,
        truncated: 1,
        tokens_lost: lost,
        longest,
    };
    assert_eq!(cut.report, expected);
    assert!(cut.encodings.iter().all(|e| e.len() <= 5));
    for (encoding, text) in cut.encodings.iter().zip(texts) {
        assert_eq!(encoding, &tokenizer.encode(text, &options).unwrap());
    }
    let mut sum = whole.report;
    sum.merge(&cut.report);
    assert_eq!((sum.inputs, sum.truncated, sum.longest), (6, 1, longest));
    let words = vec![vec!["a", "b"], vec!["c"]];
    let batch = tokenizer
        .encode_batch(&words, &EncodeOptions::new())
        .unwrap();
    assert_eq!(batch.encodings[0].word_tokens(0, 1).len(), 1);
}

#[test]
fn limits_that_cannot_be_met_are_errors() {
    let tokenizer = load("vocab");
    let long = "the keeper of the lighthouse climbed the stairs";
    let with = |cut: Truncation| EncodeOptions::new().with_truncation(cut);
    let text = tokenizer
        .encode(long, &with(Truncation::new(1)))
        .unwrap_err()
        .to_string();
    assert!(
        text.contains("max_length") && text.contains('1') && text.contains('2'),
        "{text}"
    );
    let bare = tokenizer.encode(long, &with(Truncation::new(2))).unwrap();
    assert_eq!(
        (bare.len(), bare.special_tokens_mask.clone()),
        (2, vec![true, true])
    );
    let second = Truncation::new(5).with_strategy(TruncationStrategy::OnlySecond);
    assert!(tokenizer.encode(long, &with(second)).is_err());
    assert!(tokenizer.encode((long, "rain"), &with(second)).is_err());
    let first = second.with_strategy(TruncationStrategy::OnlyFirst);
    assert!(tokenizer.encode(("rain", long), &with(first)).is_err());
    // Windows: too large a stride, both sides cut.
    let plain = EncodeOptions::new();
    for stride in [3, 4, usize::MAX] {
        let error = tokenizer.encode_windows(long, &Truncation::new(5), stride, &plain);
        assert!(error.unwrap_err().to_string().contains("stride"));
    }
    let both = tokenizer.encode_windows((long, long), &Truncation::new(9), 1, &plain);
    assert!(both.unwrap_err().to_string().contains("both sides"));
}

#[test]
fn windows_cover_every_token() {
    let tokenizer = load("vocab");
    let long = "the keeper of the lighthouse climbed the stairs to light the lamp";
    let bare = EncodeOptions::new().without_special_tokens();
    let whole = tokenizer.encode(long, &bare).unwrap();
    for stride in 0..4 {
        let windows = tokenizer
            .encode_windows(long, &Truncation::new(4), stride, &bare)
            .unwrap();
        let mut ids = windows[0].ids.clone();
        for window in &windows[1..] {
            ids.extend(&window.ids[stride..]);
        }
        assert_eq!(ids, whole.ids, "stride {stride}");
    }
}

#[test]
fn unknown_ids_do_not_decode() {
    let tokenizer = load("vocab");
    let text = tokenizer
        .decode(&[5, 99_999], true)
        .unwrap_err()
        .to_string();
    assert!(text.contains("99999"), "{text}");
}

#[test]
fn declared_tokens_are_added_with_their_ids() {
    let dir = tempfile::tempdir().unwrap();
    let vocab = std::fs::read_to_string(fixture("vocab/vocab.txt")).unwrap();
    std::fs::write(dir.path().join("vocab.txt"), vocab).unwrap();
    let plain = load("vocab").vocabulary_size();
    let write = |name: &str, json: String| std::fs::write(dir.path().join(name), json).unwrap();
    write(
        "added_tokens.json",
        format!(r#"{{"<b>": {}, "<a>": {plain}}}"#, plain + 1),
    );
    let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
    assert_eq!(tokenizer.vocabulary_size(), plain + 2);
    assert_eq!(
        tokenizer.token_to_id("<b>").map(|id| id as usize),
        Some(plain + 1)
    );

    let decoder = format!(
        r#"{{"pad_token": "<pad>", "added_tokens_decoder": {{
            "{plain}": {{"content": "<a>"}}, "2": {{"content": "[CLS]", "special": true}},
            "{}": {{"content": "<pad>", "special": true}}}}}}"#,
        plain + 2
    );
    write("tokenizer_config.json", decoder.clone());
    let text = Tokenizer::from_dir(dir.path()).unwrap_err().to_string();
    assert!(text.contains("<pad>"), "{text}");
    std::fs::remove_file(dir.path().join("added_tokens.json")).unwrap();
    let fitting = decoder.replace(&(plain + 2).to_string(), &(plain + 1).to_string());
    write("tokenizer_config.json", fitting);
    let tokenizer = Tokenizer::from_dir(dir.path()).unwrap();
    let pad = tokenizer.special(SpecialToken::Pad).map(|id| id as usize);
    assert_eq!(pad, Some(plain + 1));
    for bad in [r#"{"x": {"content": "<a>"}}"#, r#"{"3": {}}"#] {
        write(
            "tokenizer_config.json",
            format!(r#"{{"added_tokens_decoder": {bad}}}"#),
        );
        let text = Tokenizer::from_dir(dir.path()).unwrap_err().to_string();
        assert!(text.contains("added_tokens_decoder"), "{text}");
    }
}
