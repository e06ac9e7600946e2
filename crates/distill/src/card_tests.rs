use proptest::prelude::*;

use super::*;

const WEIGHTS: &str = "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae";

fn text() -> String {
    format!(
        "path = \"../model\"\nlabels = [\"World\", \"Sports\"]\ntokenizer = \"bert\"\n\
         max_length = 128\ndataset = \"ag_news\"\nweights = \"{WEIGHTS}\"\n"
    )
}

fn parse(text: &str) -> Result<TeacherCard> {
    TeacherCard::parse(text.as_bytes(), "teacher.toml")
}

fn card() -> TeacherCard {
    parse(&text()).unwrap()
}

#[test]
fn cards_are_read_and_written_back() {
    let card = card();
    assert_eq!(card.labels, ["World", "Sports"]);
    assert_eq!((card.max_length, card.license.as_deref()), (128, None));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("teacher.toml");
    let odd = TeacherCard {
        labels: vec!["体育 \"娱乐\"\n".to_owned(), "\\ '''".to_owned()],
        dataset: None,
        license: Some("MIT".to_owned()),
        ..card.clone()
    };
    for card in [card, odd] {
        card.save(&path).unwrap();
        assert_eq!(TeacherCard::load(&path).unwrap(), card);
    }
}

#[test]
fn the_model_lies_beside_the_card() {
    let card = card();
    assert_eq!(
        card.model_dir("/teachers/a/teacher.toml"),
        Path::new("/teachers/a/../model")
    );
    assert_eq!(card.model_dir("teacher.toml"), Path::new("../model"));
    let absolute = TeacherCard {
        path: "/models/a".into(),
        ..card
    };
    assert_eq!(
        absolute.model_dir("/teachers/a/teacher.toml"),
        Path::new("/models/a")
    );
}

#[test]
fn mistakes_name_file_line_and_key() {
    for (old, new, parts) in [
        ("dataset", "data_set", ["teacher.toml:5", "`data_set`"]),
        ("max_length = 128\n", "", ["teacher.toml:", "`max_length`"]),
        ("128", "\"128\"", ["teacher.toml:4", "string"]),
        ("128", "-1", ["teacher.toml:4", "-1"]),
        ("128", "0", ["`max_length` is 0", "at least 1"]),
        (
            "\"Sports\"",
            "\"World\"",
            ["teacher.toml: labels", "`World`"],
        ),
        ("\"Sports\"", "\"\"", ["teacher.toml: labels", "label 1"]),
        (", \"Sports\"", "", ["`labels` is a list of 1", "two"]),
        ("../model", "", ["`path` is empty", "directory"]),
        ("bert", "", ["`tokenizer` is empty", "name"]),
        ("ag_news", "ag/news", ["teacher.toml", "`ag/news`"]),
        ("2c26", "2C26", ["`weights` is `2C26", "64 digits"]),
        ("2c26", "2c2g", ["`weights` is `2c2g", "64 digits"]),
        ("2c26", "", ["`weights` is `b46b", "64 digits"]),
        ("= 128", "128", ["teacher.toml:4", "expected"]),
    ] {
        let text = text();
        assert!(text.contains(old), "{old}");
        let error = parse(&text.replace(old, new)).unwrap_err().to_string();
        assert!(
            parts.iter().all(|part| error.contains(part)),
            "{error} lacks {parts:?}"
        );
    }
    assert!(TeacherCard::load("/no/such/teacher.toml").is_err());
}

#[test]
fn faulty_cards_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("teacher.toml");
    let faulty = TeacherCard {
        max_length: 0,
        ..card()
    };
    assert!(faulty.save(&path).is_err());
    assert!(!path.exists());
}

#[test]
fn a_card_fits_its_model_only() {
    let card = card();
    let facts = ModelFacts {
        labels: 2,
        tokenizer: "bert",
        max_length: Some(128),
        weights: WEIGHTS,
    };
    card.check(facts).unwrap();
    card.check(ModelFacts {
        max_length: None,
        ..facts
    })
    .unwrap();
    for (facts, property) in [
        (ModelFacts { labels: 4, ..facts }, "number of labels"),
        (
            ModelFacts {
                tokenizer: "roberta",
                ..facts
            },
            "tokenizer",
        ),
        (
            ModelFacts {
                max_length: Some(127),
                ..facts
            },
            "max_length",
        ),
        (
            ModelFacts {
                weights: "00",
                ..facts
            },
            "weights",
        ),
    ] {
        let error = card.check(facts);
        assert!(
            matches!(error, Err(Error::CardMismatch { what, .. }) if what == property),
            "{error:?}"
        );
    }
}

#[test]
fn nesting_is_limited() {
    for deep in ["path = [", "path = {a = ", "[a.", "a."] {
        let unit = deep.trim_start_matches("path = ");
        let text = format!("{deep}{}", unit.repeat(100_000));
        assert!(parse(&text).is_err());
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(
        bytes in prop_oneof![
            prop::collection::vec(any::<u8>(), 0..100),
            "(path|labels|\\[|\\]|=|\"|\n|#|\\{|\\}|\\PC){0,40}".prop_map(String::into_bytes),
        ],
    ) {
        let _ = TeacherCard::parse(&bytes, "f");
    }

    #[test]
    fn damaged_cards_are_refused_or_valid(place: prop::sample::Index, byte: u8) {
        let mut bytes = text().into_bytes();
        *place.get_mut(&mut bytes) = byte;
        if let Ok(card) = TeacherCard::parse(&bytes, "f") {
            prop_assert!(card.validate().is_ok());
        }
    }
}
