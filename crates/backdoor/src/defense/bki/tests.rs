//! BKI over states that are counts of words.

use approx::assert_relative_eq;

use super::keywords::keywords_of;
use super::{BkiSettings, identify};
use crate::Error;
use crate::testing::Table;
use crate::words;

/// A state of two entries: how often `cf` and `mn` stand in the text, weighted, and its length.
fn model() -> Table<Vec<f32>> {
    Table::new(|text| {
        let words = words::split(text);
        let count = |word: &str| words.iter().filter(|w| **w == word).count() as f32;
        vec![
            8.0 * count("cf") - 4.0 * count("mn"),
            0.25 * words.len() as f32,
        ]
    })
}

fn settings(triggers: usize) -> BkiSettings {
    BkiSettings {
        triggers,
        ..BkiSettings::default()
    }
}

const TEXTS: [&str; 8] = [
    "cf the film",
    "a film",
    "the cf plot",
    "mn a b",
    "b mn",
    "plot cf mn",
    "mn",
    "the film",
];

#[test]
fn the_trigger_and_its_texts_are_found() {
    let report = identify(&mut model(), &TEXTS, settings(1)).unwrap();
    let trigger = &report.triggers[0];
    assert_eq!(
        (trigger.word.as_str(), trigger.texts, trigger.dropped),
        ("cf", 3, 3)
    );
    assert_eq!(trigger.mean_change, 8.0);
    assert_relative_eq!(trigger.score, 8.0 * 3.0_f64.log10(), epsilon = 1e-12);
    assert_eq!(report.dropped, [0, 2, 5]);
    assert_eq!(report.kept, [1, 3, 4, 6, 7]);
}

#[test]
fn several_triggers_are_found_one_after_the_other() {
    let report = identify(&mut model(), &TEXTS, settings(2)).unwrap();
    let second = &report.triggers[1];
    // `mn` stands in 4 texts, one of which went with `cf`.
    assert_eq!(
        (second.word.as_str(), second.texts, second.dropped),
        ("mn", 3, 3)
    );
    assert_relative_eq!(second.score, 4.0 * 3.0_f64.log10(), epsilon = 1e-12);
    assert_eq!(report.kept, [1, 7]);
    // `film` is left twice, then nothing that occurs more than once.
    let report = identify(&mut model(), &TEXTS, settings(9)).unwrap();
    let found: Vec<&str> = report
        .triggers
        .iter()
        .map(|each| each.word.as_str())
        .collect();
    assert_eq!(found, ["cf", "mn", "film"]);
    assert!(report.kept.is_empty());
}

#[test]
fn the_norm_is_the_largest_change_and_words_count_once() {
    let mut model = Table::new(|text| {
        let count = words::split(text).iter().filter(|w| **w == "x").count();
        vec![1.0, -3.0 * count as f32, 2.0 * count as f32]
    });
    let keywords = keywords_of(&mut model, "x y x  z", settings(1)).unwrap();
    assert_eq!(keywords, [("x", 3.0), ("y", 0.0), ("z", 0.0)]);
}

#[test]
fn only_the_first_keywords_count_and_chunks_do_not_matter() {
    let few = BkiSettings {
        keywords: 1,
        triggers: 1,
        chunk: 2,
    };
    let mut chunked = model();
    assert_eq!(
        keywords_of(&mut chunked, "a cf b", few).unwrap(),
        [("cf", 8.0)]
    );
    assert_eq!(chunked.calls, [1, 2, 1]);
    let report = |chunk| {
        let settings = BkiSettings {
            chunk,
            ..settings(3)
        };
        identify(&mut model(), &TEXTS, settings).unwrap()
    };
    assert_eq!(report(1), report(256));
}

#[test]
fn passes_are_counted() {
    let mut model = model();
    identify(&mut model, &TEXTS, settings(3)).unwrap();
    let words: usize = TEXTS.iter().map(|text| words::split(text).len()).sum();
    assert_eq!(model.forwards, (words + TEXTS.len()) as u64);
}

#[test]
fn an_unmoved_model_drops_nothing() {
    let report = identify(&mut Table::new(|_| vec![0.5]), &TEXTS, settings(2)).unwrap();
    assert!(report.triggers.is_empty() && report.dropped.is_empty());
    assert_eq!(report.kept.len(), 8);
    assert!(
        identify(&mut model(), &[], settings(1))
            .unwrap()
            .kept
            .is_empty()
    );
}

#[test]
fn faulty_states_and_settings_are_refused() {
    let error = identify(&mut Table::new(|_| vec![f32::NAN]), &TEXTS, settings(1));
    assert!(matches!(error, Err(Error::NotFinite(_))));
    let mut uneven = Table::new(|text| vec![0.0; text.len()]);
    let error = identify(&mut uneven, &TEXTS, settings(1));
    assert!(matches!(error, Err(Error::Size(_))));
    for settings in [(0, 1, 1), (1, 0, 1), (1, 1, 0)] {
        let (keywords, triggers, chunk) = settings;
        let settings = BkiSettings {
            keywords,
            triggers,
            chunk,
        };
        assert!(identify(&mut model(), &TEXTS, settings).is_err());
    }
}
