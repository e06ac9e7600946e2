use std::collections::BTreeSet;
use std::fs;

use plm_core::rng::Seed;

use super::{real, sources};
use crate::repro::tasks::Shots;

const SHOTS: Shots = Shots {
    train: 2,
    dev: 1,
    test: 3,
};

#[test]
fn rows_are_in_order() {
    let mut names = BTreeSet::new();
    let mut kinds = BTreeSet::new();
    for source in sources::all() {
        assert!(names.insert(source.name), "{}", source.name);
        kinds.insert(source.kind);
        let words: BTreeSet<&str> = source.labels.iter().map(|(_, word)| *word).collect();
        assert_eq!(words.len(), source.labels.len(), "{}", source.name);
    }
    assert!(names.len() >= 20 && kinds.len() >= 8);
}

#[test]
fn what_is_not_there_is_listed() {
    let store = tempfile::tempdir().unwrap();
    let (tasks, missing) = real(store.path(), Seed::new(1), SHOTS).unwrap();
    assert!(tasks.is_empty());
    assert!(missing.contains(&"sentconv".to_owned()));
    let assets: BTreeSet<&str> = sources::all().map(|source| source.asset).collect();
    assert_eq!(missing.len(), assets.len());
}

#[test]
fn tables_give_tasks() {
    let store = tempfile::tempdir().unwrap();
    let folder = store.path().join("vicomtech-hate");
    fs::create_dir(&folder).unwrap();
    let mut table = "file_id\tsplit\tlabel\ttext\n".to_owned();
    for i in 0..6 {
        table += &format!("a{i}\t-\tnoHate\tgood morning {i}\nb{i}\t-\thate\tgo away {i}\n");
        table += "c\t-\trelation\tleft out\nd\t-\tnoHate\ttwice\n";
    }
    fs::write(folder.join("sentences.tsv"), &table).unwrap();
    let (tasks, _) = real(store.path(), Seed::new(1), SHOTS).unwrap();
    let [task] = tasks.as_slice() else {
        panic!("{tasks:?}")
    };
    assert_eq!(task.name, "forum-hate");
    assert_eq!(
        (task.train.len(), task.dev.len(), task.test.len()),
        (4, 2, 6)
    );
    let all = task.train.iter().chain(&task.dev).chain(&task.test);
    let texts: BTreeSet<&str> = all.map(|example| example.text.as_str()).collect();
    assert_eq!(texts.len(), 12);
    assert!(!texts.contains("left out"));
    let again = real(store.path(), Seed::new(1), SHOTS).unwrap().0;
    assert_eq!(tasks, again);
    assert_ne!(tasks, real(store.path(), Seed::new(2), SHOTS).unwrap().0);

    let many = Shots { train: 6, ..SHOTS };
    let (tasks, missing) = real(store.path(), Seed::new(1), many).unwrap();
    assert!(tasks.is_empty());
    assert!(missing.iter().any(|text| text.starts_with("forum-hate: ")));
}

#[test]
fn malformed_files_name_file_and_line() {
    let store = tempfile::tempdir().unwrap();
    let folder = store.path().join("sentconv");
    fs::create_dir(&folder).unwrap();
    let fail = || format!("{:#}", real(store.path(), Seed::new(1), SHOTS).unwrap_err());
    assert!(fail().contains("stsa.binary.train"));
    fs::write(folder.join("stsa.binary.train"), "1 fine\n7 odd\n").unwrap();
    assert!(
        fail().contains("stsa.binary.train:2: label `7`"),
        "{}",
        fail()
    );
    fs::write(folder.join("stsa.binary.train"), "1 fine\n\nodd\n").unwrap();
    assert!(
        fail().contains("stsa.binary.train:3: no space"),
        "{}",
        fail()
    );
}

#[test]
fn sections_of_one_file_give_tasks() {
    let store = tempfile::tempdir().unwrap();
    let folder = store.path().join("clinc150");
    fs::create_dir(&folder).unwrap();
    let list = |from: usize| -> String {
        let items: Vec<String> = (from..from + 3)
            .flat_map(|i| {
                ["no", "yes", "maybe", "weather"].map(|l| format!("[\"{l} {i}\",\"{l}\"]"))
            })
            .collect();
        items.join(",")
    };
    let text = format!(
        "{{\"train\":[{}],\"val\":[],\"test\":[{}]}}",
        list(0),
        list(3)
    );
    fs::write(folder.join("data_full.json"), text).unwrap();
    let (tasks, missing) = real(store.path(), Seed::new(1), SHOTS).unwrap();
    let [task] = tasks.as_slice() else {
        panic!("{tasks:?}")
    };
    assert_eq!(task.label_words, ["no", "yes", "perhaps"]);
    assert_eq!(
        (task.train.len(), task.dev.len(), task.test.len()),
        (6, 3, 9)
    );
    assert!(missing.iter().any(|text| text.starts_with("clinc-road: ")));

    fs::write(folder.join("data_full.json"), "{\"train\":[]}").unwrap();
    let error = real(store.path(), Seed::new(1), SHOTS)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("data_full.json: has no section `val`"),
        "{error}"
    );
}

#[test]
fn objects_give_pairs() {
    let store = tempfile::tempdir().unwrap();
    let folder = store.path().join("fewglue32");
    for set in ["BoolQ", "CB", "WiC"] {
        fs::create_dir_all(folder.join(set)).unwrap();
        for part in ["train", "dev32", "val"] {
            fs::write(folder.join(format!("{set}/{part}.jsonl")), "").unwrap();
        }
    }
    let line = |i: usize| {
        let label = i.is_multiple_of(2);
        format!(
            "{{\"word\":\"bank\",\"sentence1\":\"{i}\",\"sentence2\":\"b\",\"label\":{label}}}\n"
        )
    };
    let lines: String = (0..12).map(line).collect();
    fs::write(folder.join("WiC/val.jsonl"), lines).unwrap();
    let (tasks, _) = real(store.path(), Seed::new(1), SHOTS).unwrap();
    assert_eq!(tasks.len(), 1);
    let example = &tasks[0].train[0];
    assert!(example.text.starts_with("bank : "));
    assert_eq!(example.pair.as_deref(), Some("b"));

    fs::write(folder.join("WiC/val.jsonl"), "\n{\"word\":\"bank\"}\n").unwrap();
    let error = real(store.path(), Seed::new(1), SHOTS)
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("WiC/val.jsonl:2: has no text or number `sentence1`"),
        "{error}"
    );
}
