use proptest::prelude::*;

use super::{Direction, LabelSet, NIL, RelationSpace};
use crate::data::{Document, Entity, RelationMention, Sentence, WordSpan};

fn relation(subject: usize, object: usize, label: &str) -> RelationMention {
    RelationMention {
        subject: WordSpan::new(subject, subject),
        object: WordSpan::new(object, object),
        label: label.to_owned(),
    }
}

fn space() -> RelationSpace {
    RelationSpace::new(vec!["S"], vec!["a", "b", "c"]).unwrap()
}

#[test]
fn class_counts_are_those_of_the_data_sets() {
    let classes = |symmetric: usize, all: usize| {
        let names: Vec<String> = (0..all).map(|i| format!("r{i}")).collect();
        let (symmetric, asymmetric) = names.split_at(symmetric);
        RelationSpace::new(symmetric.to_vec(), asymmetric.to_vec())
            .unwrap()
            .classes()
    };
    // ACE05 has 6 relations, one of them symmetric; SciERC 7, two of them symmetric.
    assert_eq!([classes(1, 6), classes(2, 7)], [12, 13]);
    assert_eq!([classes(0, 6), classes(0, 7)], [13, 15]);
}

#[test]
fn classes_have_names_and_inverses() {
    let space = space();
    assert_eq!(space.class("S").unwrap(), 1);
    assert_eq!(space.class("c").unwrap(), 4);
    assert!(space.class("d").is_err());
    assert_eq!(space.label(4), Some(("c", false)));
    assert_eq!(space.label(7), Some(("c", true)));
    assert_eq!((space.label(NIL), space.label(8)), (None, None));
    assert_eq!(
        (0..9).map(|c| space.inverse(c)).collect::<Vec<_>>(),
        [0, 1, 5, 6, 7, 2, 3, 4, 8]
    );
    assert_eq!(space.swap(b"NSabcABC").unwrap(), b"NSABCabc");
    assert!(space.swap(b"NS").is_err());
    assert!(space.is_symmetric("S") && !space.is_symmetric("a") && !space.is_symmetric("x"));
}

#[test]
fn sets_are_read_from_documents_and_from_files() {
    let mut sentence = Sentence::new(["x", "y"]);
    sentence.relations = vec![
        relation(0, 1, "b"),
        relation(1, 0, "S"),
        relation(0, 1, "a"),
    ];
    sentence.entities = ["Z", "A", "Z"]
        .map(|label| Entity {
            span: WordSpan::new(0, 0),
            label: label.to_owned(),
        })
        .to_vec();
    let documents = [Document::new("d", vec![sentence])];
    let space = RelationSpace::from_documents(&documents, &["S"]).unwrap();
    assert_eq!(space.labels(), ["S", "a", "b"]);
    let json = serde_json::to_string(&space).unwrap();
    assert_eq!(json, r#"{"symmetric":["S"],"asymmetric":["a","b"]}"#);
    assert_eq!(serde_json::from_str::<RelationSpace>(&json).unwrap(), space);
    let error = RelationSpace::from_documents(&documents, &["T"])
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("\"T\"") && error.contains("\"S\""),
        "{error}"
    );

    let types = LabelSet::from_documents(&documents).unwrap();
    assert_eq!(
        (types.types(), types.classes()),
        (&["A".to_owned(), "Z".to_owned()][..], 3)
    );
    assert_eq!((types.class("Z").unwrap(), types.label(2)), (2, Some("Z")));
    assert_eq!((types.label(NIL), types.label(3)), (None, None));
    let json = serde_json::to_string(&types).unwrap();
    assert_eq!(serde_json::from_str::<LabelSet>(&json).unwrap(), types);
    for bad in [r#"["A","A"]"#, r#"[""]"#] {
        assert!(serde_json::from_str::<LabelSet>(bad).is_err());
        let bad = format!(r#"{{"symmetric":[],"asymmetric":{bad}}}"#);
        assert!(serde_json::from_str::<RelationSpace>(&bad).is_err());
    }
    let both = r#"{"symmetric":["A"],"asymmetric":["A"]}"#;
    assert!(serde_json::from_str::<RelationSpace>(both).is_err());
}

#[test]
fn targets_go_both_ways() {
    let space = space();
    let gold = [
        relation(0, 1, "a"),
        relation(1, 2, "S"),
        relation(2, 3, "b"),
        relation(3, 2, "c"),
        relation(0, 1, "b"),
        relation(0, 1, "a"),
    ];
    let targets = space.targets(&gold).unwrap();
    let class = |subject, object| {
        targets.class(
            WordSpan::new(subject, subject),
            WordSpan::new(object, object),
        )
    };
    assert_eq!([class(0, 1), class(1, 0)], [2, 5]);
    assert_eq!([class(1, 2), class(2, 1)], [1, 1]);
    assert_eq!([class(2, 3), class(3, 2)], [3, 4]);
    assert_eq!([class(0, 3), class(3, 0)], [NIL, NIL]);
    assert_eq!((targets.conflicts, targets.pairs().count()), (1, 6));
    assert!(space.targets(&[relation(0, 1, "x")]).is_err());
}

#[test]
fn two_directions_decide_together() {
    let space = RelationSpace::new(vec!["S"], vec!["a"]).unwrap();
    let ln = |row: [f64; 4]| row.map(f64::ln);
    // Classes N, S, a, a inverse. Sums: N ln .06, S ln .02, a ln .25 (.5 · .5), inverse ln .02.
    let forward = ln([0.3, 0.1, 0.5, 0.1]);
    let backward = ln([0.2, 0.2, 0.1, 0.5]);
    let found = space
        .decode_pair(Some(&forward[..]), Some(&backward[..]))
        .unwrap()
        .unwrap();
    assert_eq!((found.label, found.direction), (1, Direction::Forward));
    assert!((found.score - 0.5_f64.ln()).abs() < 1e-12);
    let found = space
        .decode_pair(Some(&backward[..]), Some(&forward[..]))
        .unwrap()
        .unwrap();
    assert_eq!((found.label, found.direction), (1, Direction::Backward));
    assert!((found.score - 0.5_f64.ln()).abs() < 1e-12);
    // One direction alone, in f32.
    let alone = [0.0_f32, 5.0, 0.0, 0.0];
    let found = space.decode_pair(None, Some(&alone[..])).unwrap().unwrap();
    assert_eq!((found.label, found.direction), (0, Direction::Forward));
    let expected = 5.0 - (3.0 + 5.0_f64.exp()).ln();
    assert!((found.score - expected).abs() < 1e-12);
    assert_eq!(
        space
            .decode_pair(Some(&[9.0_f32, 0.0, 0.0, 0.0][..]), None)
            .unwrap(),
        None
    );
}

#[test]
fn without_inverse_classes_each_direction_decides_alone() {
    let space = RelationSpace::new(vec!["S"], vec!["a", "b"])
        .unwrap()
        .without_inverses();
    assert_eq!(
        (space.classes(), space.inverse(1), space.inverse(2)),
        (4, 1, NIL)
    );
    let targets = space
        .targets(&[relation(0, 1, "a"), relation(1, 2, "S")])
        .unwrap();
    let word = |at| WordSpan::new(at, at);
    let class = |x, y| targets.class(word(x), word(y));
    assert_eq!(
        [class(0, 1), class(1, 0), class(1, 2), class(2, 1)],
        [2, NIL, 1, 1]
    );
    assert_eq!(targets.pairs().count(), 3);

    let ln = |row: [f64; 4]| row.map(f64::ln);
    let (a, b) = (ln([0.2, 0.1, 0.6, 0.1]), ln([0.1, 0.2, 0.2, 0.5]));
    let found = space.decode(Some(&a[..]), Some(&b[..])).unwrap();
    let names: Vec<_> = found.iter().map(|one| (one.label, one.direction)).collect();
    assert_eq!(names, [(1, Direction::Forward), (2, Direction::Backward)]);
    assert!((found[1].score - 0.5_f64.ln()).abs() < 1e-12);

    let (low, high) = (ln([0.2, 0.5, 0.2, 0.1]), ln([0.1, 0.7, 0.1, 0.1]));
    let found = space.decode(Some(&low[..]), Some(&high[..])).unwrap();
    assert_eq!(
        (found.len(), found[0].label, found[0].direction),
        (1, 0, Direction::Forward)
    );
    assert!((found[0].score - 0.7_f64.ln()).abs() < 1e-12);
    let nil = ln([0.7, 0.1, 0.1, 0.1]);
    assert_eq!(space.decode(Some(&nil[..]), None).unwrap(), []);
    assert!(space.decode::<f64>(None, None).is_err());
    assert!(space.decode(Some(&nil[..3]), None).is_err());
    let json = serde_json::to_string(&space).unwrap();
    assert_eq!(serde_json::from_str::<RelationSpace>(&json).unwrap(), space);
}

#[test]
fn rows_are_checked() {
    let space = RelationSpace::new(vec!["S"], vec!["a"]).unwrap();
    let error = |row: Option<&[f32]>| space.decode_pair(row, None).unwrap_err().to_string();
    assert!(error(None).contains("at least one direction"));
    assert!(error(Some(&[0.0; 3])).contains("3, expected 4"));
    assert!(error(Some(&[0.0, f32::NAN, 0.0, 0.0])).contains("value 1 is NaN"));
}

proptest! {
    #[test]
    fn swapping_twice_changes_nothing(row in prop::array::uniform8(any::<u8>())) {
        let space = space();
        prop_assert_eq!(space.swap(&space.swap(&row).unwrap()).unwrap(), row.to_vec());
    }

    #[test]
    fn both_orders_give_the_same_relation(
        forward in prop::array::uniform8(-3.0..3.0_f32),
        backward in prop::array::uniform8(-3.0..3.0_f32),
    ) {
        let space = space();
        let one = space.decode_pair(Some(&forward[..]), Some(&backward[..])).unwrap();
        let two = space.decode_pair(Some(&backward[..]), Some(&forward[..])).unwrap();
        let name = |d: super::DirectedRelation, x: usize, y: usize| {
            let symmetric = d.label < space.symmetric_count();
            match d.direction {
                _ if symmetric => (d.label, 0, 0),
                Direction::Forward => (d.label, x, y),
                Direction::Backward => (d.label, y, x),
            }
        };
        prop_assert_eq!(one.map(|d| name(d, 0, 1)), two.map(|d| name(d, 1, 0)));
        let score = |d: Option<super::DirectedRelation>| d.map_or(0.0, |d| d.score);
        prop_assert!((score(one) - score(two)).abs() < 1e-12);
    }

    #[test]
    fn targets_decode_to_the_gold_relation(
        subject in 0..3_usize,
        object in 0..3_usize,
        label in 0..4_usize,
    ) {
        prop_assume!(subject != object);
        let space = space();
        let name = space.labels()[label].clone();
        let targets = space.targets(&[relation(subject, object, &name)]).unwrap();
        let at = |i| WordSpan::new(i, i);
        let row = |subject, object| {
            let class = targets.class(at(subject), at(object));
            let logit = |c| if c == class { 4.0_f32 } else { 0.0 };
            (0..8).map(logit).collect::<Vec<_>>()
        };
        let (x, y) = (subject.min(object), subject.max(object));
        let (forward, backward) = (row(x, y), row(y, x));
        let found = space.decode_pair(Some(&forward[..]), Some(&backward[..])).unwrap().unwrap();
        prop_assert_eq!(found.label, label);
        if label >= space.symmetric_count() {
            prop_assert_eq!(found.direction == Direction::Forward, subject == x);
        }
    }
}
