use proptest::prelude::*;

use super::*;

fn json(text: &str) -> Result<Corpus> {
    Corpus::read_json_lines(text.as_bytes(), "data.jsonl")
}

fn tsv(text: &str) -> Result<Corpus> {
    Corpus::read_table(text.as_bytes(), "data.tsv", TableFormat::tsv())
}

fn csv(text: &str) -> Result<Corpus> {
    Corpus::read_csv(text.as_bytes(), "data.csv")
}

fn example(name: &str, text: &str, label: &str) -> Example {
    Example::new(text).with_name(name).with_label(label)
}

/// `result` is an error whose text holds all `parts`.
fn assert_error<T: std::fmt::Debug>(result: Result<T>, parts: &[&str]) {
    let error = result.unwrap_err().to_string();
    for part in parts {
        assert!(error.contains(part), "{error} lacks {part}");
    }
}

#[test]
fn json_lines_with_ids_of_either_kind() {
    let lines = concat!(
        r#"{"id": 7, "text": "a", "label": -1, "extra": {"x": [1]}}"#,
        "\n\n",
        r#"{"id": "x", "sentence": "b", "text_b": "c", "label": "Sci/Tech"}"#,
        "\n",
        r#"{"id": 18446744073709551615, "text": "", "label": null}"#,
    );
    let expected = [
        example("7", "a", "-1"),
        example("x", "b", "Sci/Tech").with_pair("c"),
        Example::new("").with_name(u64::MAX.to_string()),
    ];
    assert_eq!(json(lines).unwrap().examples(), expected);
}

#[test]
fn examples_without_ids_are_named_by_row_and_text() {
    let corpus = json("{\"text\": \"a\"}\n\n{\"text\": \"a\"}\n").unwrap();
    let hash = Example::new("a").text_hash();
    let names: Vec<_> = corpus.examples().iter().map(|e| e.name.clone()).collect();
    assert_eq!(names, [format!("1-{hash:016x}"), format!("2-{hash:016x}")]);
    assert_eq!(corpus, tsv("text\na\na\n").unwrap());
}

#[test]
fn tables_of_either_kind() {
    let expected = [
        example("1", "a, \"b\"", "x"),
        Example::new("c").with_name("2"),
    ];
    let tabs = "label\tsentence\tid\nx\ta, \"b\"\t1\n\tc\t2\n";
    for read in [tsv, csv] {
        assert_eq!(read(tabs).unwrap().examples(), expected);
    }
    let commas = "\u{feff}label,\"text\",id,note\nx,\"a, \"\"b\"\"\",1,\n,c,2,z\n";
    assert_eq!(csv(commas).unwrap().examples(), expected);
    // A lone column needs no delimiter, and commas are what the name promises.
    assert_eq!(csv("text\n\"a, b\"\n").unwrap().examples()[0].text, "a, b");
    let with_pair = tsv("text\ttext_b\tid\na\tb\t1\na\t\t2\n").unwrap();
    let pairs: Vec<_> = with_pair
        .examples()
        .iter()
        .map(|e| e.pair.as_deref())
        .collect();
    assert_eq!(pairs, [Some("b"), None]);
}

#[test]
fn an_open_quote_does_not_swallow_rows_between_tabs() {
    let corpus = csv("label\tsentence\n1\t\"open\n2\tnext\n3\tlast\"\n").unwrap();
    assert_eq!(corpus.len(), 3);
    assert_eq!(corpus.examples()[0].text, "\"open");
}

#[test]
fn missing_columns_are_named_with_those_that_exist() {
    assert_error(
        tsv("label\tbody\n1\tx\n"),
        &["data.tsv", "`sentence`", "label", "body"],
    );
    assert_error(csv("label,body\n"), &["data.csv", "`text`", "body"]);
    assert_error(csv(""), &["data.csv", "`text`", "[]"]);
    assert_error(
        tsv("text\tid\tsentence\n"),
        &["`text`", "`sentence`", "columns 1 and 3"],
    );
    assert_error(tsv("text\tlabel\tlabel\n"), &["`label`", "2 and 3"]);
    let line = "{\"text\": \"a\"}\n{\"body\": \"a\"}\n";
    assert_error(json(line), &["data.jsonl:2", "`text`", "body"]);
    assert_error(
        json("{\"text\": \"a\", \"sentence\": \"b\"}"),
        &["data.jsonl:1", "duplicate"],
    );
    assert_error(
        json("{\"text\": \"a\", \"label\": 0.5}"),
        &["0.5", "integer"],
    );
    assert_error(tsv("text\tid\na\n"), &["data.tsv:2", "1 fields"]);
}

#[test]
fn two_rows_with_one_id_are_an_error_at_both_lines() {
    let lines = "{\"id\": 1, \"text\": \"a\"}\n\n{\"id\": \"1\", \"text\": \"b\"}\n";
    assert_error(json(lines), &["data.jsonl", "line 3", "`1`", "line 1"]);
    assert_error(
        tsv("id\ttext\n5\ta\n6\tb\n5\tc\n"),
        &["line 4", "`5`", "line 2"],
    );
    let twice = Corpus::new([Example::new("a"), Example::new("a")]);
    assert!(matches!(
        twice,
        Err(Error::DuplicateId {
            first: 1,
            second: 2,
            ..
        })
    ));
}

#[test]
fn files_are_read_by_their_extension() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        Corpus::open(path)
    };
    let expected = Corpus::new([example("1", "a", "x")]).unwrap();
    assert_eq!(
        write("a.tsv", "id\ttext\tlabel\n1\ta\tx\n").unwrap(),
        expected
    );
    assert_eq!(write("a.csv", "id,text,label\n1,a,x\n").unwrap(), expected);
    assert_eq!(
        write("b.csv", "id\tsentence\tlabel\n1\ta\tx\n").unwrap(),
        expected
    );
    let line = "{\"id\": 1, \"text\": \"a\", \"label\": \"x\"}";
    assert_eq!(write("a.jsonl", line).unwrap(), expected);
    assert_error(write("a.txt", "a"), &["a.txt", ".jsonl", ".csv"]);
    assert_error(Corpus::open(folder.path().join("none.tsv")), &["none.tsv"]);
}

#[test]
fn rows_are_selected_and_corpora_joined() {
    let corpus = Corpus::new(["a", "b", "c"].map(|text| example(text, text, "Sci/Tech"))).unwrap();
    let picked = corpus.select(&[2, 0]).unwrap();
    assert_eq!(picked.examples()[0].name, "c");
    assert_eq!(picked.len(), 2);
    assert!(matches!(
        corpus.select(&[3]),
        Err(Error::Row { row: 3, rows: 3 })
    ));
    assert!(matches!(
        corpus.select(&[1, 1]),
        Err(Error::DuplicateId { .. })
    ));
    assert!(Corpus::concat([corpus.clone(), corpus.clone()]).is_err());
    let named = |dataset| corpus.clone().of_dataset(dataset);
    let both = Corpus::concat([named("ag").unwrap(), named("tnews").unwrap()]).unwrap();
    assert_eq!(both.len(), 6);
    assert_eq!(
        both.examples()[3],
        example("tnews/a", "a", "tnews/Sci/Tech")
    );
    assert!(matches!(named("a/b"), Err(Error::Dataset { .. })));
    assert!(matches!(named(""), Err(Error::Dataset { .. })));
}

#[test]
fn nesting_is_limited() {
    for deep in ["[", "{\"a\":"] {
        let line = format!("{{\"text\": \"a\", \"x\": {}", deep.repeat(100_000));
        assert_error(json(&line), &["data.jsonl:1", "recursion"]);
    }
}

fn examples() -> impl Strategy<Value = Vec<Example>> {
    let text = || prop_oneof!["\\PC{0,6}", "[\"\\\\\n\r\t,a\u{feff}]{0,6}"];
    let option = || prop::option::of(text());
    prop::collection::vec((text(), option(), option()), 0..6).prop_map(|rows| {
        let rows = rows.into_iter().enumerate();
        rows.map(|(row, (text, pair, label))| Example {
            pair,
            label,
            ..Example::new(text.clone()).with_name(format!("{row} {text}"))
        })
        .collect()
    })
}

proptest! {
    #[test]
    fn json_lines_give_back_what_was_written(examples in examples()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("corpus.jsonl");
        let corpus = Corpus::new(examples).unwrap();
        corpus.write_json_lines(&path).unwrap();
        prop_assert_eq!(Corpus::open(&path).unwrap(), corpus);
    }

    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..200),
            "(text|sentence|id|label|[\t,\"\n\r]|\\PC){0,40}".prop_map(String::into_bytes),
            "[{](\"(text|id|label)\": ?(\"a\"|1|-2|null|[{}]|[\\[]|1e99),? ?){0,4}[}]?"
                .prop_map(String::into_bytes),
        ],
    ) {
        let read = [
            Corpus::read_json_lines(&bytes[..], "f"),
            Corpus::read_csv(&bytes[..], "f"),
            Corpus::read_table(&bytes[..], "f", TableFormat::tsv()),
            Corpus::read_table(&bytes[..], "f", TableFormat::csv().with_header(false)),
        ];
        for corpus in read.into_iter().flatten() {
            prop_assert!(corpus.len() <= bytes.len());
        }
    }
}
