//! The formats' own layouts.

use crate::Result;
use crate::data::{
    Column, ConllFormat, ConllReader, Example, GlueReader, GlueTask, JsonLines, LabeledLines,
    Lines, TaggedSentence, Target, TextEncoding, read_dygie, read_json,
};

fn glue(task: GlueTask, text: &str) -> Vec<Result<Example>> {
    GlueReader::labeled(text.as_bytes(), "train.tsv", task)
        .unwrap()
        .collect()
}

fn only(task: GlueTask, text: &str) -> (String, Option<String>, Target) {
    let mut all = glue(task, text);
    assert_eq!(all.len(), 1);
    let example = all.remove(0).unwrap();
    (example.text, example.pair, example.target.unwrap())
}

#[test]
fn every_glue_task_finds_its_columns() {
    let pair = |a: &str, b: &str, target| (a.to_owned(), Some(b.to_owned()), target);
    let class = Target::Class;
    let cola = only(GlueTask::Cola, "gj04\t0\t*\tThe \"car\" honked.\n");
    assert_eq!(cola, ("The \"car\" honked.".to_owned(), None, class(0)));
    let sst2 = only(GlueTask::Sst2, "sentence\tlabel\nfine \" film \t1\n");
    assert_eq!(sst2, ("fine \" film ".to_owned(), None, class(1)));
    let mrpc = "\u{feff}Quality\t#1 ID\t#2 ID\t#1 String\t#2 String\r\n1\t7\t8\ta\tb\r\n";
    assert_eq!(only(GlueTask::Mrpc, mrpc), pair("a", "b", class(1)));
    let qqp = "id\tqid1\tqid2\tquestion1\tquestion2\tis_duplicate\n1\t2\t3\ta\tb\t0\n";
    assert_eq!(only(GlueTask::Qqp, qqp), pair("a", "b", class(0)));
    let stsb = "index\tgenre\tfilename\tyear\told_index\tsource1\tsource2\tsentence1\tsentence2\tscore\n\
                0\tg\tf\t2012\t1\tn\tn\ta\tb\t3.800\n";
    assert_eq!(
        only(GlueTask::Stsb, stsb),
        pair("a", "b", Target::Score(3.8))
    );
    let mnli = "index\tpromptID\tpairID\tgenre\tsentence1_binary_parse\tsentence2_binary_parse\t\
                sentence1_parse\tsentence2_parse\tsentence1\tsentence2\tlabel1\tgold_label\n\
                0\t1\t1n\tg\tp\tq\tr\ts\ta\tb\tneutral\tcontradiction\n";
    assert_eq!(only(GlueTask::Mnli, mnli), pair("a", "b", class(2)));
    let qnli = "index\tquestion\tsentence\tlabel\n0\ta\tb\tnot_entailment\n";
    assert_eq!(only(GlueTask::Qnli, qnli), pair("a", "b", class(1)));
    let rte = "index\tsentence1\tsentence2\tlabel\n0\ta\tb\tentailment\n";
    assert_eq!(only(GlueTask::Rte, rte), pair("a", "b", class(0)));
    let wnli = "index\tsentence1\tsentence2\tlabel\n0\ta\tb\t1\n";
    assert_eq!(only(GlueTask::Wnli, wnli), pair("a", "b", class(1)));
    for task in GlueTask::ALL {
        assert_eq!(
            task.labels().is_empty(),
            task == GlueTask::Stsb,
            "{}",
            task.name()
        );
    }
}

#[test]
fn test_files_have_no_labels() {
    let text = "index\tsentence\n0\tBill whistled.\n";
    let mut test = GlueReader::unlabeled(text.as_bytes(), "t", GlueTask::Cola).unwrap();
    let example = test.next().unwrap().unwrap();
    assert_eq!(
        (example.text.as_str(), example.target),
        ("Bill whistled.", None)
    );
    let rte = "index\tsentence1\tsentence2\n0\ta\tb\n";
    let error = GlueReader::labeled(rte.as_bytes(), "test.tsv", GlueTask::Rte).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("test.tsv: has no column `label`"),
        "{error}"
    );
    assert_eq!(glue(GlueTask::Rte, "").len(), 0);
}

#[test]
fn glue_mistakes_name_the_line() {
    let text = "sentence\tlabel\ngood\t2\nbad\nfine\t1\n";
    let all = glue(GlueTask::Sst2, text);
    let error = |i: usize| all[i].as_ref().unwrap_err().to_string();
    assert_eq!(
        error(0),
        "train.tsv:2: label `2` is not one of [\"0\", \"1\"]"
    );
    assert!(
        error(1).starts_with("train.tsv:3: has 1 fields"),
        "{}",
        error(1)
    );
    assert_eq!(all[2].as_ref().unwrap().line, 4);
    let cola = glue(GlueTask::Cola, "gj04\t1\t*\n");
    assert!(
        cola[0]
            .as_ref()
            .unwrap_err()
            .to_string()
            .contains("column 4")
    );
    for score in ["5.5", "-1", "NaN", "x"] {
        let text = format!("sentence1\tsentence2\tscore\na\tb\t{score}\n");
        assert!(glue(GlueTask::Stsb, &text)[0].is_err(), "{score}");
    }
}

#[test]
fn json_mistakes_name_line_and_column() {
    let text = b"{\"a\": 1}\n\n  \n{\"a\": }\n{\"a\": 2}\n{\"b\": 2}\n";
    #[derive(serde::Deserialize)]
    struct Value {
        a: u32,
    }
    let all: Vec<Result<Value>> = JsonLines::new(&text[..], "f.jsonl").collect();
    assert_eq!(all[0].as_ref().ok().unwrap().a, 1);
    let error = |i: usize| all[i].as_ref().err().unwrap().to_string();
    assert_eq!(error(1), "f.jsonl:4: column 7: expected value");
    assert_eq!(all[2].as_ref().ok().unwrap().a, 2);
    assert!(error(3).starts_with("f.jsonl:6: ") && error(3).contains("missing field `a`"));
    let whole = read_json::<Vec<u8>>(&b"[1,\n2,\nx]"[..], "f.json", 100).unwrap_err();
    assert!(whole.to_string().starts_with("f.json:3: "), "{whole}");
    assert!(read_json::<Vec<u8>>(&b"[1, 2]"[..], "f.json", 5).is_err());
    assert_eq!(
        read_json::<Vec<u8>>(&b"[1, 2]"[..], "f.json", 6).unwrap(),
        [1, 2]
    );
}

fn conll(text: &str, format: ConllFormat) -> Vec<Result<TaggedSentence>> {
    ConllReader::new(Lines::new(text.as_bytes(), "f.conll"), format).collect()
}

#[test]
fn sentences_documents_and_columns() {
    let text = "-DOCSTART- -X- -X- O\n\nEU NNP B-NP B-ORG\nrejects VBZ B-VP O\n\n\n\
                Peter NNP B-NP B-PER\n-DOCSTART- -X- O O\n\nLast\tX\tY\tO\r\n";
    let all: Vec<_> = conll(text, ConllFormat::conll2003())
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(all[0].tokens, ["EU", "rejects"]);
    assert_eq!(all[0].tags, ["B-ORG", "O"]);
    let places: Vec<_> = all.iter().map(|s| (s.document, s.line)).collect();
    assert_eq!(places, [(1, 3), (1, 7), (2, 10)]);
    let chunks = ConllFormat::conll2003().with_tag(Column::Last(1));
    assert_eq!(
        conll(text, chunks)[0].as_ref().unwrap().tags,
        ["B-NP", "B-VP"]
    );
    let swapped = ConllFormat::tab_separated()
        .with_token(Column::First(1))
        .with_tag(Column::First(0))
        .with_comment("# ");
    let all = conll("# id 1\nO\ttwo words\nB-X\t#\n", swapped);
    assert_eq!(all[0].as_ref().unwrap().tokens, ["two words", "#"]);
}

#[test]
fn conll_mistakes_name_the_line_and_cost_one_sentence() {
    let text = "a O\nlone\nb O\n\nc O\n";
    let all = conll(text, ConllFormat::conll2003());
    let error = all[0].as_ref().unwrap_err().to_string();
    assert_eq!(error, "f.conll:2: 1 column, a token and a tag are needed");
    assert_eq!(all[1].as_ref().unwrap().tokens, ["c"]);
    let third = ConllFormat::conll2003().with_tag(Column::First(2));
    assert!(conll("a O\n", third)[0].is_err());
    assert!(conll("\tO\n", ConllFormat::tab_separated())[0].is_err());
}

#[test]
fn labeled_lines_and_latin1() {
    let lines = Lines::new(&b"1 caf\xe9 noir \n\n0\tx\nlone\n0 \n"[..], "mr.all")
        .with_encoding(TextEncoding::Latin1);
    let all: Vec<_> = LabeledLines::new(lines).collect();
    let first = all[0].as_ref().unwrap();
    assert_eq!(
        (first.label.as_str(), first.text.as_str()),
        ("1", "café noir")
    );
    assert_eq!(all[1].as_ref().unwrap().line, 3);
    let error = all[2].as_ref().unwrap_err().to_string();
    assert_eq!(error, "mr.all:4: no space after the label");
    assert_eq!(all[3].as_ref().unwrap().text, "");
}

#[test]
fn dygie_layers_are_checked() {
    let read = |text: &str| {
        let mut all: Vec<_> = read_dygie(Lines::new(text.as_bytes(), "d.json")).collect();
        assert_eq!(all.len(), 1);
        all.remove(0)
    };
    let good = r#"{"doc_key": "x", "sentences": [["a", "b"], ["c"]],
        "ner": [[[0, 1, "T"]], [[2, 2, "T"]]], "relations": [[[0, 1, 2, 2, "R"]], []],
        "events": [[[[1, "E"], [2, 2, "role"]]], []], "clusters": [[[0, 0], [2, 2]]],
        "weight": 2.5}"#
        .replace('\n', " ");
    let document = read(&good).unwrap();
    assert_eq!(document.sentence_ranges(), [0..2, 2..3]);
    assert_eq!(document.cross_sentence_relations(), 1);
    assert_eq!(document.other["weight"], 2.5);
    let event = &document.events.as_ref().unwrap()[0][0];
    assert_eq!((event.trigger, event.arguments[0].start), (1, 2));
    for (from, to, named) in [
        (r#"[0, 1, "T"]"#, r#"[0, 2, "T"]"#, "ner[0]: span [0, 2]"),
        (r#"[2, 2, "T"]"#, r#"[1, 1, "T"]"#, "ner[1]: span [1, 1]"),
        (r#"[0, 1, "T"]"#, r#"[1, 0, "T"]"#, "ner[0]: span [1, 0]"),
        (r#"[0, 1, "T"]"#, r#"[0, 1, ""]"#, "label is empty"),
        (
            r#"[0, 1, 2, 2, "R"]"#,
            r#"[0, 1, 2, 3, "R"]"#,
            "relations[0]: span [2, 3]",
        ),
        (r#"[[0, 1, "T"]], "#, "", "ner: has 1 lists for 2 sentences"),
        (r#"[1, "E"]"#, r#"[2, "E"]"#, "events[0]: span [2, 2]"),
        (
            r#"[2, 2, "role"]"#,
            r#"[3, 3, "role"]"#,
            "events[0]: span [3, 3]",
        ),
        (r#"[0, 0], [2, 2]"#, r#"[0, 9]"#, "clusters[0]: span [0, 9]"),
        (
            r#"["a", "b"]"#,
            r#"["a", ""]"#,
            "sentences[0]: token 1 is empty",
        ),
        (r#"[0, 1, "T"]"#, r#"[-1, 1, "T"]"#, "invalid value"),
        (r#"[0, 1, "T"]"#, r#"[0, 1, "T", 0.5]"#, "d.json:1: column"),
        (r#"[1, "E"], "#, "", "d.json:1: column"),
        (r#"[[1, "E"], [2, 2, "role"]]"#, "[]", "no trigger"),
    ] {
        let bad = good.replacen(from, to, 1);
        assert_ne!(bad, good, "{from}");
        let error = read(&bad).unwrap_err().to_string();
        assert!(
            error.starts_with("d.json:1: ") && error.contains(named),
            "{error}"
        );
    }
}
