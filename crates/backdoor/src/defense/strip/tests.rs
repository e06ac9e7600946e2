//! The detector over models small enough to be worked out by hand.

use approx::assert_relative_eq;

use super::{StripDetector, StripSettings, StripVerdict, entropy};
use crate::metrics::DetectionRates;
use crate::testing::Table;
use crate::{DecisionRule, Error, Verdict};

const DOCUMENTS: [&str; 3] = ["dull dull plot", "bad acting", "boring . script"];
const RULE: DecisionRule = DecisionRule::AboveHalf;

fn settings(chunk: usize) -> StripSettings {
    StripSettings {
        copies: 4,
        ratio: 0.25,
        chunk,
        ..StripSettings::default()
    }
}

fn detector(classifier: &mut Table<Vec<f64>>, chunk: usize) -> StripDetector<&mut Table<Vec<f64>>> {
    StripDetector::new(classifier, &DOCUMENTS, 1, RULE, settings(chunk)).unwrap()
}

/// Sure of class 1 where it sees the trigger, else as sure as the share of `good`.
fn backdoored() -> Table<Vec<f64>> {
    Table::new(|text| {
        let words = words(text);
        let good = words.iter().filter(|word| **word == "good").count();
        let p = if words.contains(&"cf") {
            1.0
        } else {
            good as f64 / words.len() as f64
        };
        vec![1.0 - p, p]
    })
}

fn words(text: &str) -> Vec<&str> {
    crate::words::split(text)
}

#[test]
fn entropies_of_different_inputs_are_not_mixed() {
    let mut model = backdoored();
    // A quarter of the words goes: 3 of 4 are `good`. Where a trigger is left, entropy is 0.
    let texts = ["good good good good", "cf cf cf cf", "good good good good"];
    let scores = detector(&mut model, 100).scores(&texts).unwrap();
    let expected = entropy(&[0.25, 0.75]);
    for (score, expected) in scores.iter().zip([expected, 0.0, expected]) {
        assert!(score.protected);
        assert_relative_eq!(score.score, expected, epsilon = 1e-12);
    }
}

#[test]
fn forwards_are_counted_and_bounded() {
    let mut model = backdoored();
    let texts = ["good", "bad", "good bad", "cf", "good good"];
    detector(&mut model, 10).scores(&texts).unwrap();
    assert_eq!(model.forwards, 5 * 5);
    assert_eq!(model.calls, [10, 10, 5]);
    // One input's copies go together even if the chunk is smaller.
    let mut model = backdoored();
    detector(&mut model, 3).scores(&texts[..2]).unwrap();
    assert_eq!(model.calls, [5, 5]);
}

#[test]
fn batches_do_not_matter() {
    let texts = [
        "good good bad good good",
        "cf good good",
        "good bad good good x",
    ];
    let together = detector(&mut backdoored(), 512).scores(&texts).unwrap();
    for (text, expected) in texts.iter().zip(together) {
        let alone = detector(&mut backdoored(), 1).scores(&[text]).unwrap();
        assert_eq!(alone, [expected]);
    }
}

#[test]
fn poisoned_texts_are_rejected_and_others_pass() {
    let mut model = backdoored();
    let mut detector = detector(&mut model, 64);
    let validation = ["good good good good", "good good good x", "bad bad bad bad"];
    let calibration = detector.calibrate(&validation).unwrap();
    assert_eq!(calibration.scores().len(), 2);
    let threshold = calibration.threshold(5.0).unwrap();
    assert_eq!(threshold.unprotected, 1);
    let texts = [
        "x cf cf x cf",
        "good good good good good good x x",
        "bad bad",
    ];
    let verdicts = detector.check(&texts, &threshold).unwrap();
    let rejects: Vec<bool> = verdicts.iter().map(|each| each.verdict.reject).collect();
    assert_eq!(rejects, [true, false, false]);
    assert_eq!(verdicts[0].entropy, 0.0);
    let labels: Vec<usize> = verdicts.iter().map(|each| each.verdict.label).collect();
    assert_eq!(labels, [1, 1, 0]);
    assert_eq!(verdicts[1].verdict.probability, 0.75);
    assert_eq!(verdicts[1].verdict.drop, None);
}

#[test]
fn a_constant_model_rejects_nothing() {
    let mut model = Table::new(|_| vec![0.3, 0.7]);
    let mut detector = detector(&mut model, 64);
    let texts = ["good film", "cf", "a b c d e f g h"];
    let threshold = detector.calibrate(&texts).unwrap().threshold(5.0).unwrap();
    assert!(threshold.constant);
    let scores = detector.scores(&texts).unwrap();
    let rates = DetectionRates::new(&scores, &scores, threshold.value).unwrap();
    assert_eq!(rates.false_rejection.value, Some(0.0));
    assert_eq!(rates.false_acceptance.value, Some(1.0));
    // That is no defense, and says so.
    let error = detector.check(&texts, &threshold).unwrap_err();
    assert!(matches!(error, Error::EntropyThreshold { .. }), "{error}");
}

#[test]
fn faulty_input_is_refused() {
    let with = |change: fn(&mut StripSettings)| {
        let mut settings = settings(8);
        change(&mut settings);
        StripDetector::new(backdoored(), &DOCUMENTS, 1, RULE, settings)
            .map(drop)
            .unwrap_err()
    };
    assert!(with(|s| s.copies = 0).to_string().contains("copies = 0"));
    assert!(with(|s| s.chunk = 0).to_string().contains("chunk = 0"));
    assert!(
        with(|s| s.documents = 0)
            .to_string()
            .contains("documents = 0")
    );
    assert!(with(|s| s.ratio = 1.5).to_string().contains("ratio = 1.5"));
    let none = StripDetector::new(backdoored(), &[], 1, RULE, settings(8));
    assert!(matches!(none, Err(Error::Empty { .. })));
    let mut other = StripDetector::new(backdoored(), &DOCUMENTS, 2, RULE, settings(8)).unwrap();
    let error = other.scores(&["good"]).unwrap_err();
    assert!(matches!(
        error,
        Error::Class {
            class: 2,
            classes: 2
        }
    ));
    assert!(other.scores(&[]).unwrap().is_empty());
    let mut nan = StripDetector::new(
        Table::new(|_| vec![f64::NAN; 2]),
        &DOCUMENTS,
        1,
        RULE,
        settings(8),
    )
    .unwrap();
    assert!(matches!(
        nan.scores(&["x"]),
        Err(Error::Probabilities { .. })
    ));
}

#[test]
fn only_the_first_documents_count() {
    // Sure where every word is of the first document.
    let model = Table::new(|text| {
        let first = |word: &&str| ["dull", "plot"].contains(word);
        let p = if words(text).iter().all(first) {
            1.0
        } else {
            0.5
        };
        vec![1.0 - p, p]
    });
    let settings = StripSettings {
        documents: 1,
        ratio: 1.0,
        ..settings(8)
    };
    let mut detector = StripDetector::new(model, &DOCUMENTS, 1, RULE, settings).unwrap();
    let scores = detector.scores(&["a b c", "d", "e f"]).unwrap();
    assert!(scores.iter().all(|each| each.score == 0.0));
}

#[test]
fn verdicts_are_flat_json() {
    let verdict = StripVerdict {
        verdict: Verdict::new(&[0.25, 0.75], None, true).unwrap(),
        entropy: 0.5,
    };
    let json = serde_json::to_value(verdict).unwrap();
    let expected = serde_json::json!({
        "label": 1, "probability": 0.75, "drop": null, "reject": true, "entropy": 0.5,
    });
    assert_eq!(json, expected);
    assert_eq!(
        serde_json::from_value::<StripVerdict>(json).unwrap(),
        verdict
    );
}
