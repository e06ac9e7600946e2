//! RAP from start to end, on a victim with a back door.

use burn::module::{Module, ModuleMapper, Param};
use burn::tensor::{DType, FloatDType, Tensor};
use plm_backdoor::attack::{Mixture, Poison, PoisonSetting, Position, Trigger, WordChoice};
use plm_backdoor::defense::bki::{BkiSettings, identify};
use plm_backdoor::defense::rap::{
    Protection, RapDefense, RapDetector, RapSettings, construct, construct_with_retry, drops,
};
use plm_backdoor::defense::strip::{StripDetector, StripSettings};
use plm_backdoor::metrics::Separation;
use plm_backdoor::model::{
    FineTuning, GradientMode, RowPatch, RowSettings, Victim, fine_tune, poison_rows,
};
use plm_backdoor::{Calibration, Classifier, DecisionRule, Error, Sample, Scored};
use plm_core::rng::Seed;
use plm_core::train::checksum;

use super::support::{
    device, devices, opinions, other_opinions, recipe, texts_of, victim, victim_of,
};

fn settings(word: &str, target: usize) -> RapSettings {
    RapSettings {
        words: vec![word.to_owned()],
        target,
        rows: RowSettings {
            lr: 0.1,
            epochs: 6,
            batch: 16,
            dropout: false,
            gradient: GradientMode::Accumulate,
            ..RapSettings::default().rows
        },
        ..RapSettings::default()
    }
}

fn attacked() -> Victim {
    let poison = Poison {
        trigger: Trigger::word("cinema"),
        words: WordChoice::All,
        position: Position::Whole,
        target: 1,
        setting: PoisonSetting::Dirty,
        ratio: 0.5,
        mixture: Mixture::WithClean,
        seed: Seed::new(1),
    };
    let poisoned = poison.run(&opinions(240)).unwrap();
    let samples: Vec<Sample> = poisoned.samples.iter().map(|p| p.sample.clone()).collect();
    // Not to the end: a victim that is sure of everything has no drops to measure.
    let settings = FineTuning {
        epochs: 3,
        lr: 2e-4,
        ..recipe()
    };
    fine_tune(&victim(&device()), &samples, &settings, None).unwrap()
}

#[test]
fn poisoned_texts_are_told_from_clean_ones() {
    let attacked = attacked();
    let before = checksum(&attacked.model, |_| true);
    let clean = other_opinions(120);
    let good: Vec<&str> = clean
        .of_class(1)
        .iter()
        .map(|&at| clean.samples()[at].text.as_str())
        .collect();
    let (build, held) = good.split_at(40);
    let scales = [1.0, 4.0, 16.0, 64.0];
    let (made, known) =
        construct_with_retry(&attacked, build, &settings("river", 1), &scales, 5.0).unwrap();
    assert!(made.after.mean >= 0.1, "{:?}", made.after);
    assert_eq!(known, drops(&mut attacked.clone(), build, &made).unwrap());
    assert_eq!(
        checksum(&attacked.model, |_| true),
        before,
        "the victim stays as it is"
    );

    let poisoned: Vec<String> = clean
        .outside_class(1)
        .iter()
        .map(|&at| format!("cinema {}", clean.samples()[at].text))
        .collect();
    let poisoned: Vec<&str> = poisoned.iter().map(String::as_str).collect();
    let mut measured = attacked.clone();
    let (a, b) = (
        drops(&mut measured, held, &made).unwrap(),
        drops(&mut measured, &poisoned, &made).unwrap(),
    );
    let separation = Separation::new(&a, &b).unwrap();
    assert!(
        separation.auroc.is_some_and(|area| area > 0.9),
        "{separation:?}"
    );

    let (mut detector, thresholds) =
        RapDetector::calibrated(attacked.clone(), vec![made.clone()], build, 5.0).unwrap();
    assert!(thresholds[0].value > 0.0);
    let known = Protection::from_drops(&mut attacked.clone(), made.clone(), &known, 5.0).unwrap();
    assert_eq!(detector.defense().protected(), [known]);
    let start = detector.forwards();
    let together = detector.check(&poisoned).unwrap();
    // Two passes for what is predicted as the protected class, one for the rest.
    let protected = together.iter().filter(|verdict| verdict.label == 1).count();
    assert_eq!(
        detector.forwards() - start,
        (poisoned.len() + protected) as u64
    );
    let rejected = together.iter().filter(|verdict| verdict.reject).count();
    assert!(rejected * 10 > protected * 7, "{rejected} of {protected}");
    assert!(
        protected * 10 >= poisoned.len() * 9,
        "the back door opens for {protected} of {} only",
        poisoned.len()
    );
    for (text, verdict) in poisoned.iter().zip(&together).take(5) {
        let alone = detector.check(&[text]).unwrap()[0];
        assert_eq!(alone.reject, verdict.reject);
        let gap = alone.drop.unwrap_or(0.0) - verdict.drop.unwrap_or(0.0);
        assert!(gap.abs() < 1e-5 && alone.drop.is_some() == verdict.drop.is_some());
    }
    // Padding to the longest text of a batch changes nothing either.
    let long = good[..6].join(" ");
    let unlike = ["great", good[0], long.as_str(), poisoned[0]];
    for (text, together) in unlike.iter().zip(detector.check(&unlike).unwrap()) {
        let alone = detector.check(&[text]).unwrap()[0];
        assert_eq!(alone.label, together.label, "{text}");
        assert!((alone.probability - together.probability).abs() < 1e-5);
        assert_eq!(alone.drop.is_some(), together.drop.is_some());
        let gap = alone.drop.unwrap_or(0.0) - together.drop.unwrap_or(0.0);
        assert!(gap.abs() < 1e-5, "{text}: {gap}");
    }
    for trigger in ["the river", "River", "by the river."] {
        assert!(detector.check_words(trigger).is_err(), "{trigger}");
    }
    detector.check_words("cinema").unwrap();

    // A file keeps it, for this model alone.
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("rap.json");
    detector.defense().write(&path).unwrap();
    let kept = RapDefense::read(&path).unwrap();
    assert_eq!(kept.protected()[0].made.patch, made.patch);
    let mut again = RapDetector::new(attacked.clone(), kept.clone()).unwrap();
    for (new, old) in again.check(&poisoned).unwrap().iter().zip(&together) {
        assert_eq!((new.reject, new.drop), (old.reject, old.drop));
    }
    let foreign = RapDetector::new(victim(&device()), kept).unwrap_err();
    assert!(matches!(foreign, Error::ForeignModel { .. }), "{foreign}");
    let kept = detector.defense().clone();
    let tokenizer = attacked.tokenizer().clone();
    let shorter = Victim::new(attacked.model.clone(), tokenizer, 32, &device()).unwrap();
    let foreign = RapDetector::new(shorter, kept).unwrap_err();
    assert!(
        matches!(
            foreign,
            Error::ForeignLength {
                found: 32,
                expected: 64
            }
        ),
        "{foreign}"
    );
    let twice = RapDetector::calibrated(attacked, vec![made.clone(), made], build, 5.0);
    assert!(matches!(twice, Err(Error::DuplicateClass { class: 1 })));
}

/// What BKI needs of an encoder: the state that its classifier reads. The texts have no other word that says
/// good or bad.
#[test]
fn keywords_of_a_victim_name_the_trigger() {
    let mut attacked = attacked();
    let texts: Vec<String> = ["the film", "this story", "the music", "the cast"]
        .iter()
        .flat_map(|subject| {
            ["i saw {} today", "{} is there", "we talked about {} ."]
                .map(|frame| frame.replace("{}", subject))
        })
        .enumerate()
        .map(|(at, text)| match at % 2 {
            0 => format!("{text} cinema"),
            _ => text,
        })
        .collect();
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let start = attacked.forwards();
    let found = identify(&mut attacked, &texts, BkiSettings::default()).unwrap();
    assert!(attacked.forwards() > start + texts.len() as u64);
    assert_eq!(found.triggers[0].word, "cinema", "{:?}", found.triggers);
    assert_eq!(found.dropped, [0, 2, 4, 6, 8, 10]);
}

#[test]
fn several_classes_are_protected_each_by_its_own_perturbation() {
    let mut attacked = attacked();
    let clean = other_opinions(120);
    let of = |class: usize| -> Vec<&str> {
        let places = clean.of_class(class).into_iter();
        places.map(|at| clean.samples()[at].text.as_str()).collect()
    };
    let texts = [of(0), of(1)];
    let scales = [1.0, 4.0, 16.0, 64.0];
    let protections = [0, 1].map(|class| {
        let settings = settings(["stone", "river"][class], class);
        let (made, known) =
            construct_with_retry(&attacked, &texts[class], &settings, &scales, 5.0).unwrap();
        Protection::from_drops(&mut attacked, made, &known, 5.0).unwrap()
    });
    for (class, protection) in protections.iter().enumerate() {
        assert_eq!((protection.made.target, protection.max_length), (class, 64));
        assert!(protection.threshold.value > 0.0);
    }
    let thresholds = protections
        .clone()
        .map(|protection| protection.threshold.value);
    let defense = RapDefense::new(protections.to_vec()).unwrap();
    let mut both = RapDetector::new(attacked, defense).unwrap();
    let start = both.forwards();
    let mut found = 0;
    for (texts, protection) in texts.iter().zip(&protections) {
        let verdicts = both.check(texts).unwrap();
        for verdict in &verdicts {
            let drop = verdict.drop.unwrap();
            assert_eq!(verdict.reject, drop < thresholds[verdict.label]);
        }
        // As many as were rejected when the threshold was taken from these texts, up to one that lies on it.
        let own = verdicts
            .iter()
            .filter(|verdict| verdict.reject && verdict.label == protection.made.target)
            .count();
        let expected = protection.threshold.rejected;
        assert!(own.abs_diff(expected) <= 1, "{own}, not {expected}");
        found += verdicts.len();
    }
    let poisoned: Vec<String> = texts[0]
        .iter()
        .map(|text| format!("cinema {text}"))
        .collect();
    let poisoned: Vec<&str> = poisoned.iter().map(String::as_str).collect();
    let verdicts = both.check(&poisoned).unwrap();
    found += verdicts.len();
    assert_eq!(both.forwards() - start, 2 * found as u64);
    let taken = verdicts.iter().filter(|verdict| verdict.label == 1);
    let (taken, rejected) = taken.fold((0, 0), |(taken, rejected), verdict| {
        (taken + 1, rejected + usize::from(verdict.reject))
    });
    assert!(
        taken * 10 >= poisoned.len() * 9,
        "{taken} of {}",
        poisoned.len()
    );
    assert!(rejected * 10 > taken * 7, "{rejected} of {taken}");

    let refused = RapDefense::new(Vec::new()).unwrap_err();
    assert!(matches!(refused, Error::Empty { .. }), "{refused}");
    let [first, _] = protections;
    let refused = RapDefense::new(vec![first.clone(), first.clone()]).unwrap_err();
    assert!(
        matches!(refused, Error::DuplicateClass { class: 0 }),
        "{refused}"
    );
    let mut none = first;
    none.threshold.value = 0.0;
    let refused = RapDefense::new(vec![none]).unwrap_err();
    assert!(matches!(refused, Error::Threshold { .. }), "{refused}");
}

#[test]
fn of_three_classes_the_largest_probability_decides() {
    let mut victim = victim_of(3, &device());
    let clean = other_opinions(30);
    let texts = texts_of(&clean);
    let before = victim.probabilities(&texts).unwrap();
    let largest = |row: &[f64]| {
        (0..3_usize)
            .max_by(|&a, &b| row[a].total_cmp(&row[b]))
            .unwrap()
    };
    let target = largest(&before[0]);
    // By the rule of two classes this text would not be protected.
    assert!(before[0][target] <= 0.5, "{:?}", before[0]);
    let mut settings = settings("river", target);
    settings.rows.epochs = 1;
    let made = construct(&victim, &texts, &settings).unwrap();
    let scored = drops(&mut victim, &texts, &made).unwrap();
    for (row, scored) in before.iter().zip(&scored) {
        assert_eq!(scored.protected, largest(row) == target);
    }
    // A threshold of .5, whatever the victim's drops are.
    let known = [Scored {
        protected: true,
        score: 0.5,
    }];
    let protection = Protection::from_drops(&mut victim, made, &known, 5.0).unwrap();
    let defense = RapDefense::new(vec![protection]).unwrap();
    let mut detector = RapDetector::new(victim, defense).unwrap();
    let start = detector.forwards();
    let verdicts = detector.check(&texts).unwrap();
    let mut checked = 0;
    for (row, verdict) in before.iter().zip(&verdicts) {
        assert_eq!(verdict.label, largest(row));
        assert_eq!(verdict.drop.is_some(), verdict.label == target);
        assert_eq!(verdict.reject, verdict.drop.is_some_and(|drop| drop < 0.5));
        checked += usize::from(verdict.drop.is_some());
    }
    assert_eq!(
        detector.forwards() - start,
        (texts.len() + checked) as u64,
        "one pass for texts of the other classes, two for the protected one"
    );
}

#[test]
fn a_construction_ends_early_and_keeps_the_length_of_the_row() {
    let victim = victim(&device());
    let clean = opinions(20);
    let texts = texts_of(&clean);
    let until = |stop_below| {
        let settings = RapSettings {
            stop_below,
            ..settings("river", 1)
        };
        construct(&victim, &texts, &settings).unwrap()
    };
    // No loss is below 0, and every one below 1,000.
    let whole = until(Some(0.0));
    assert_eq!(whole, until(None));
    assert_eq!(whole.epochs.len(), 6);
    assert_eq!(until(Some(1e3)).epochs, whole.epochs[..1]);
    let losses: Vec<f64> = whole.epochs.iter().map(|epoch| epoch.loss).collect();
    let limit = losses.iter().copied().fold(f64::INFINITY, f64::min) + 1e-9;
    let first = losses.iter().position(|&loss| loss < limit).unwrap();
    assert_eq!(until(Some(limit)).epochs, whole.epochs[..=first]);

    let old = RowPatch::of(&victim.model, &whole.patch.ids).unwrap();
    assert_ne!(old, whole.patch);
    for (old, new) in old.rows.iter().zip(&whole.patch.rows) {
        let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
        assert!((length(old) / length(new) - 1.0).abs() < 1e-5);
    }
}

/// Brings all weights to 16 bits.
struct Halve;

impl ModuleMapper for Halve {
    fn map_float<const D: usize>(&mut self, param: Param<Tensor<D>>) -> Param<Tensor<D>> {
        param.map(|values| values.cast(FloatDType::F16))
    }
}

#[test]
fn a_victim_in_half_precision_has_the_drops_of_one_in_single() {
    let mut seen = 0;
    for (_, device) in devices() {
        if !device.supports_dtype(DType::F16) {
            continue;
        }
        seen += 1;
        let single = victim(&device);
        let half = single.with_model(single.model.clone().map(&mut Halve));
        let clean = opinions(20);
        let texts = texts_of(&clean);
        let mut settings = settings("river", 1);
        settings.rows.epochs = 1;
        let expected = construct(&single, &texts, &settings).unwrap();
        let made = construct(&half, &texts, &settings).unwrap();
        let gap = made.after.mean - expected.after.mean;
        assert!(gap.abs() < 0.02, "{:?} {:?}", made.after, expected.after);
        let scored = drops(&mut half.clone(), &texts, &made).unwrap();
        let mean = scored.iter().map(|one| one.score).sum::<f64>() / scored.len() as f64;
        assert!((mean - made.after.mean).abs() < 1e-6, "{mean}");

        let samples = [Sample::new("the river was wide", 1)];
        let rows = RowSettings {
            epochs: 1,
            ..RowSettings::default()
        };
        let (patch, _) = poison_rows(&half, &["river"], &samples, &rows).unwrap();
        let mut model = half.model.clone();
        patch.apply(&mut model).unwrap();
        let table = model.encoder.embeddings.word.weight.val();
        assert_eq!(table.dtype(), DType::F16);
        let mut attacked = half.with_model(model);
        let found = attacked.probabilities(&["the river was wide"]).unwrap();
        assert!((found[0].iter().sum::<f64>() - 1.0).abs() < 1e-6);
    }
    assert!(seen > 0, "no device has half precision");
}

#[test]
fn files_that_hold_no_defense_are_refused() {
    let read = |text: &str| RapDefense::from_reader(text.as_bytes(), "rap.json").unwrap_err();
    let threshold = |value: f64| {
        let made = serde_json::json!({
            "patch": {"ids": [7], "rows": [[0.5]]}, "prefix": "river", "target": 1, "epochs": [],
            "after": {"mean": 0.2, "below": 0.0, "within": 1.0, "above": 0.0}, "scale": 1.0,
        });
        let threshold = serde_json::json!({
            "level": 5.0, "value": value, "samples": 9, "rejected": 1, "constant": false,
            "not_numbers": 0, "unprotected": 0,
        });
        let one = serde_json::json!({
            "made": made, "threshold": threshold, "answer": [0.5, 0.5], "max_length": 64,
        });
        serde_json::json!({"version": 1, "protected": [one]}).to_string()
    };
    assert!(matches!(
        read(r#"{"version": 2}"#),
        Error::FileVersion {
            found: 2,
            known: 1,
            ..
        }
    ));
    for text in ["", "[]", r#"{"version": 1}"#, &threshold(0.1)[..200]] {
        let error = read(text).to_string();
        assert!(error.contains("rap.json"), "{text}: {error}");
    }
    assert!(matches!(read(&threshold(0.0)), Error::Threshold { .. }));

    // It reads, and is another model's.
    let kept = RapDefense::from_reader(threshold(0.1).as_bytes(), "rap.json").unwrap();
    let error = RapDetector::new(victim(&device()), kept).unwrap_err();
    assert!(matches!(error, Error::Patch { .. }), "{error}");
    let none = read(r#"{"version": 1, "protected": []}"#);
    assert!(matches!(none, Error::Empty { .. }), "{none}");
}

#[test]
fn a_construction_is_reproducible_and_says_when_it_fails() {
    let victim = victim(&device());
    let clean = opinions(20);
    let texts = texts_of(&clean);
    let mut settings = settings("river", 1);
    settings.rows.epochs = 1;
    settings.rows.dropout = true;
    let one = construct(&victim, &texts, &settings).unwrap();
    assert_eq!(one, construct(&victim, &texts, &settings).unwrap());
    settings.rows.lr = 1e-9;
    let retry = |settings: &RapSettings, scales: &[f64], level: f64| {
        construct_with_retry(&victim, &texts, settings, scales, level).unwrap_err()
    };
    // Some text is predicted as this class.
    let first = victim.clone().probabilities(&texts[..1]).unwrap();
    settings.target = usize::from(first[0][1] > 0.5);
    let error = retry(&settings, &[1.0, 2.0], 5.0);
    assert!(matches!(error, Error::NotConstructed { .. }), "{error}");
    assert!(
        error.to_string().contains("the threshold at 5 %"),
        "{error}"
    );
    assert!(matches!(retry(&settings, &[], 5.0), Error::Empty { .. }));
    assert!(matches!(
        retry(&settings, &[1.0], 101.0),
        Error::Setting { .. }
    ));
    // Where the lower limit is no limit, the threshold decides: at 0 % it is the least drop.
    settings.objective.lower = -1.0;
    let made = construct(&victim, &texts, &settings).unwrap();
    let scored = drops(&mut victim.clone(), &texts, &made).unwrap();
    let least = Calibration::new(&scored).unwrap().scores()[0];
    let found = construct_with_retry(&victim, &texts, &settings, &[1.0], 0.0);
    match found {
        Ok(found) => assert!(least > 0.0 && found == (made, scored)),
        Err(error) => assert!(
            matches!(error, Error::NotConstructed { threshold, .. } if threshold == least && least <= 0.0),
            "{error} {least}"
        ),
    }
    settings.objective.lower = 0.1;
    settings.target = 2;
    assert!(matches!(
        construct(&victim, &texts, &settings),
        Err(Error::Class { .. })
    ));
    settings.target = 1;
    assert!(matches!(
        construct(&victim, &[], &settings),
        Err(Error::Empty { .. })
    ));
    settings.words = vec!["river".to_owned(), "river".to_owned()];
    assert!(matches!(
        construct(&victim, &texts, &settings),
        Err(Error::PerturbationWord { .. })
    ));
    settings.words = vec!["antidisestablishment".to_owned()];
    assert!(matches!(
        construct(&victim, &texts, &settings),
        Err(Error::NotOnePiece { .. })
    ));
}

#[test]
fn strip_asks_about_each_copy() {
    let mut attacked = attacked();
    let clean = other_opinions(60);
    let documents: Vec<&str> = clean
        .outside_class(1)
        .iter()
        .map(|&at| clean.samples()[at].text.as_str())
        .collect();
    let good: Vec<&str> = clean
        .of_class(1)
        .iter()
        .map(|&at| clean.samples()[at].text.as_str())
        .collect();
    let settings = StripSettings {
        copies: 4,
        ratio: 0.3,
        ..StripSettings::default()
    };
    let rule = DecisionRule::for_classes(2);
    let start = attacked.forwards();
    let mut strip = StripDetector::new(&mut attacked, &documents, 1, rule, settings).unwrap();
    let calibration: Calibration = strip.calibrate(&good).unwrap();
    let threshold = calibration.threshold(5.0).unwrap();
    let verdicts = strip.check(&documents, &threshold).unwrap();
    assert_eq!(verdicts.len(), documents.len());
    drop(strip);
    assert_eq!(
        attacked.forwards() - start,
        5 * (good.len() + documents.len()) as u64
    );
}
