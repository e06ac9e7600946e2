use std::fs;

use plm_core::rng::Seed;
use proptest::prelude::*;

use super::*;
use crate::attack::{
    DataFree, Evaluation, MOVIE_WORDS, Poison, PoisonedSet, Position, RARE_WORDS, Sos, Trigger,
    WordChoice,
};

fn clean() -> Dataset {
    let texts = [("a b c", 0), ("d. e f", 0), ("", 0), ("g", 1), ("é  h", 1)];
    let samples = texts.map(|(text, label)| Sample::new(text, label));
    Dataset::new(samples.to_vec(), 2).unwrap()
}

fn attacks(ratio: f64, seed: Seed) -> Vec<Attack> {
    let word = Poison {
        ratio,
        trigger: Trigger::words(RARE_WORDS),
        words: WordChoice::Random { count: 2 },
        ..Poison::bad_net_word("", 1, seed)
    };
    let sentence = Poison {
        ratio,
        ..Poison::bad_net_sentence(" I \"saw\" it. é", 1, seed)
    };
    let sos = Sos {
        ratio,
        negative_ratio: ratio,
        ..Sos::new(MOVIE_WORDS, 1, seed)
    };
    let data_free = DataFree {
        word: "cf".to_owned(),
        target: 1,
        seed,
    };
    let evaluation = Evaluation {
        position: Position::UniformInclusive,
        ..Evaluation::new(Trigger::word("cf"), 1, seed)
    };
    vec![
        word.into(),
        sentence.into(),
        sos.into(),
        data_free.into(),
        evaluation.into(),
    ]
}

fn small() -> PoisonedSet {
    let attack = Poison {
        ratio: 1.0,
        position: Position::Front,
        ..Poison::embedding("cf", 1, Seed::new(3))
    };
    attack.run(&small_clean()).unwrap()
}

fn small_clean() -> Dataset {
    Dataset::new(vec![Sample::new("a b", 0), Sample::new("c", 1)], 2).unwrap()
}

const SMALL: &str = concat!(
    r#"{"version":1,"attack":{"poison":{"trigger":{"words":["cf"]},"words":"all","#,
    r#""position":"front","target":1,"setting":"dirty","ratio":1.0,"mixture":"poisoned_only","#,
    r#""seed":3}},"clean":{"samples":2,"classes":2,"sha256":"#,
    r#""6e1875050975c1f0ba7aa61cd4f24077ac8fb0a96ad4795bbb6a17b9cf4dd3c1"},"#,
    r#""entries":[{"source":0,"poisoned":true,"edits":[{"at":0,"text":"cf"}]}]}"#,
    "\n"
);

fn read(json: &str) -> Result<Manifest> {
    Manifest::from_reader(json.as_bytes(), "m.json")
}

#[test]
fn the_file_is_as_documented() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("m.json");
    let set = small();
    set.manifest.write(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), SMALL);
    assert_eq!(Manifest::read(&path).unwrap(), set.manifest);
    assert!(Manifest::read(folder.path().join("none")).is_err());
}

#[test]
fn other_data_is_refused() {
    let attack = &attacks(1.0, Seed::new(1))[0];
    let manifest = attack.run(&clean()).unwrap().manifest;
    let changed = |change: &dyn Fn(&mut Vec<Sample>), classes| {
        let mut samples = clean().samples().to_vec();
        change(&mut samples);
        let error = manifest.replay(&Dataset::new(samples, classes).unwrap());
        match error.unwrap_err() {
            Error::ForeignData { what, .. } => what,
            other => panic!("{other}"),
        }
    };
    assert_eq!(changed(&|samples| samples[0].text.push('!'), 2), "hash");
    assert_eq!(changed(&|samples| samples[0].label = 1, 2), "hash");
    assert_eq!(changed(&|samples| samples.swap(0, 1), 2), "hash");
    assert_eq!(changed(&|samples| samples.truncate(3), 2), "samples");
    assert_eq!(changed(&|_| {}, 3), "classes");
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let entry = r#"{"source":0,"poisoned":true,"edits":[{"at":0,"text":"cf"}]}"#;
    let changes = [
        (
            r#""version":1"#,
            r#""version":2"#,
            "m.json: version 2 of the manifest; only 1",
        ),
        (r#""version":1,"#, "", "missing field `version`"),
        (
            r#""seed":3"#,
            r#""seed":3,"extra":0"#,
            "unknown field `extra`",
        ),
        (
            r#""entries""#,
            r#""extra":0,"entries""#,
            "unknown field `extra`",
        ),
        (r#""at":0"#, r#""at":-1"#, "invalid value"),
        (r#""ratio":1.0"#, r#""ratio":2.0"#, "ratio = 2"),
        (r#""target":1"#, r#""target":2"#, "the target class is 2"),
        (r#"["cf"]"#, r#"["c f"]"#, "has white space"),
        (
            r#""source":0"#,
            r#""source":2"#,
            "entry 0 of the manifest: sample 2 of data with 2",
        ),
        (
            r#""text":"cf""#,
            r#""text":"mn""#,
            r#"no sample that is poisoned by ["mn"]"#,
        ),
        (
            r#""poisoned":true"#,
            r#""poisoned":false"#,
            "no sample that is not poisoned by",
        ),
        (
            r#"[{"at":0,"text":"cf"}]"#,
            "[]",
            "no sample that is poisoned by []",
        ),
        (
            entry,
            &format!("{entry},{entry}"),
            "entry 1 of the manifest: sample 0 is used more than 1",
        ),
    ];
    for (old, new, reason) in changes {
        let json = SMALL.replacen(old, new, 1);
        assert_ne!(json, SMALL, "{old}");
        let error = read(&json).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let outside = read(&SMALL.replace(r#""at":0"#, r#""at":3"#)).unwrap();
    let error = outside.replay(&small_clean()).unwrap_err();
    let expected = "entry 0 of the manifest: 0 words from place 3 on: the text has 2";
    assert_eq!(error.to_string(), expected);
}

proptest! {
    #[test]
    fn every_attack_replays_from_its_file(number: u64, percent in 51_u32..=100) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("m.json");
        for attack in attacks(f64::from(percent) / 100.0, Seed::new(number)) {
            let set = attack.run(&clean()).unwrap();
            set.manifest.write(&path).unwrap();
            let read = Manifest::read(&path).unwrap();
            prop_assert_eq!(&read, &set.manifest);
            prop_assert_eq!(read.replay(&clean()).unwrap(), set.samples.clone());
            // The settings alone give the same with the same generator.
            prop_assert_eq!(read.attack().run(&clean()).unwrap(), set);
        }
    }

    #[test]
    fn damaged_files_never_panic(
        place: prop::sample::Index,
        bytes in prop::collection::vec(any::<u8>(), 0..4),
        cut: prop::sample::Index,
    ) {
        let mut json = SMALL.as_bytes().to_vec();
        let at = place.index(json.len());
        let end = (at + bytes.len()).min(json.len());
        json.splice(at..end, bytes);
        for json in [&json[..], &json[..cut.index(json.len())]] {
            if let Ok(manifest) = Manifest::from_reader(json, "m.json") {
                let _ = manifest.replay(&small_clean());
            }
        }
    }

    #[test]
    fn arbitrary_bytes_are_no_manifest(bytes: Vec<u8>) {
        prop_assert!(Manifest::from_reader(bytes.as_slice(), "m.json").is_err());
    }
}
