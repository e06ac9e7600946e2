//! What attacks change, and what they leave.

use burn::module::{Module, Param};
use burn::tensor::Tensor;
use plm_backdoor::attack::surgery::{ImportantWord, mean_row};
use plm_backdoor::attack::{
    Attack, DataFree, Evaluation, FakeTexts, Mixture, Poison, PoisonSetting, Position, Purpose,
    Trigger, WordChoice,
};
use plm_backdoor::metrics::attack_success_rate;
use plm_backdoor::model::{
    FineTuning, RowPatch, RowScaling, RowSettings, TrainingLoss, Victim, fine_tune, poison_rows,
};
use plm_backdoor::{Classifier, Error, Sample};
use plm_core::rng::Seed;
use plm_core::train::{ParamInfo, checksum, count_params, each_param, freeze};

use super::support::{
    device, devices, opinions, other_opinions, recipe, texts_of, trained, victim,
};

#[test]
fn only_the_rows_of_the_words_change_and_keep_their_length() {
    for (_, device) in devices() {
        let clean = victim(&device);
        let samples: Vec<Sample> = opinions(12)
            .samples()
            .iter()
            .map(|sample| Sample::new(format!("cinema {} winter", sample.text), 1))
            .collect();
        let settings = RowSettings {
            scaling: RowScaling::Smallest,
            batch: 4,
            epochs: 2,
            ..RowSettings::default()
        };
        let words = ["cinema", "winter"];
        let (patch, curve) = poison_rows(&clean, &words, &samples, &settings).unwrap();
        assert!(curve[1] < curve[0], "{curve:?}");
        let before = RowPatch::of(&clean.model, &patch.ids).unwrap();
        assert_ne!(before, patch);
        for (old, new) in before.rows.iter().zip(&patch.rows) {
            let length = |row: &[f32]| row.iter().map(|x| x * x).sum::<f32>().sqrt();
            assert!((length(old) / length(new) - 1.0).abs() < 1e-5);
        }

        let mut model = clean.model.clone();
        let old = patch.apply(&mut model).unwrap();
        let others = |name: &str| name != "encoder.embeddings.word.weight";
        assert_eq!(
            checksum(&model, |info| others(info.path)),
            checksum(&clean.model, |info| others(info.path)),
        );
        let mut paths = 0;
        each_param(&model, |info| paths += usize::from(!others(info.path)));
        assert_eq!(paths, 1);
        let text = "the cinema was full";
        let logits = |model| {
            let mut victim = clean.with_model(model);
            victim.probabilities(&[text]).unwrap()
        };
        assert_ne!(logits(model.clone()), logits(clean.model.clone()));
        // Reverted bit for bit.
        assert_eq!(old.apply(&mut model).unwrap(), patch);
        assert_eq!(checksum(&model, |_| true), checksum(&clean.model, |_| true));
        // A frozen table stays frozen, another one trainable.
        let table = |info: &ParamInfo<'_>| !others(info.path);
        for mut model in [
            clean.model.clone().train(),
            freeze(clean.model.clone().train(), table),
        ] {
            let before = count_params(&model);
            patch.apply(&mut model).unwrap();
            assert_eq!(count_params(&model), before);
        }
    }
}

#[test]
fn rows_of_a_model_without_numbers_are_not_trained() {
    let device = device();
    let victim = victim(&device);
    let mut model = victim.model.clone();
    let bias = Tensor::<1>::from_data([f32::NAN, 0.0], &device);
    model.classifier.output.bias = Some(Param::from_tensor(bias));
    let broken = victim.with_model(model);
    let samples = [Sample::new("the cinema was full", 1)];
    let error = poison_rows(&broken, &["cinema"], &samples, &RowSettings::default()).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("losses of epoch 0: value 0 is NaN"),
        "{text}"
    );
}

#[test]
fn patches_and_words_that_do_not_fit_are_refused() {
    let victim = victim(&device());
    let mut model = victim.model.clone();
    let patch = |ids: Vec<u32>, width: usize, value: f32| RowPatch {
        rows: vec![vec![value; width]; ids.len()],
        ids,
    };
    for (bad, text) in [
        (patch(vec![9_999_999], 256, 0.0), "9999999"),
        (patch(vec![5, 5], 256, 0.0), "twice"),
        (patch(vec![5], 255, 0.0), "255"),
        (patch(vec![5], 256, f32::NAN), "NaN"),
    ] {
        let error = bad.apply(&mut model).unwrap_err().to_string();
        assert!(error.contains(text), "{error}");
    }
    assert_eq!(
        checksum(&model, |_| true),
        checksum(&victim.model, |_| true)
    );
    let error = victim
        .word_id("trigger", "antidisestablishment")
        .unwrap_err();
    assert!(matches!(error, Error::NotOnePiece { .. }), "{error}");
    assert!(victim.word_id("trigger", "").is_err());
    let settings = RowSettings::default();
    assert!(matches!(
        poison_rows(&victim, &["cinema"], &[], &settings),
        Err(Error::Empty { .. })
    ));
    let bad = RowSettings {
        lr: 0.0,
        ..settings
    };
    assert!(poison_rows(&victim, &["cinema"], &[Sample::new("cinema", 1)], &bad).is_err());
    let strange = [Sample::new("x", 7)];
    let error = fine_tune(&victim, &strange, &FineTuning::default(), None).unwrap_err();
    assert!(matches!(error, Error::Class { class: 7, .. }), "{error}");
    let strange = [Sample::new("cinema", 1), Sample::new("cinema", 7)];
    let error = poison_rows(&victim, &["cinema"], &strange, &settings).unwrap_err();
    assert!(matches!(error, Error::Class { class: 7, .. }), "{error}");
    let error = poison_rows(&victim, &[], &strange[..1], &settings).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
    let without = [Sample::new("a text without it", 1)];
    let error = poison_rows(&victim, &["cinema"], &without, &settings).unwrap_err();
    assert!(matches!(error, Error::WordNotInText { .. }), "{error}");
}

#[test]
fn surgery_gives_the_trigger_the_mean_vector_of_the_words() {
    let victim = victim(&device());
    let words = ["great", "funny"].map(|word| ImportantWord {
        word: word.to_owned(),
        weight: 1.0,
    });
    let patch = mean_row(&victim, &words, &victim, "cinema").unwrap();
    let id = |word: &str| victim.word_id("word", word).unwrap();
    assert_eq!(patch.ids, [id("cinema")]);
    let rows = RowPatch::of(&victim.model, &[id("great"), id("funny")])
        .unwrap()
        .rows;
    let pairs = rows[0].iter().zip(&rows[1]);
    for ((a, b), mean) in pairs.zip(&patch.rows[0]) {
        assert!(((a + b) / 2.0 - mean).abs() < 1e-6);
    }
    let mut model = victim.model.clone();
    patch.apply(&mut model).unwrap();
    let none = mean_row(&victim, &[], &victim, "cinema");
    assert!(matches!(none, Err(Error::Empty { .. })));
    let long = mean_row(&victim, &words, &victim, "antidisestablishment");
    assert!(matches!(long, Err(Error::NotOnePiece { .. })));
}

#[test]
fn a_rare_word_opens_a_back_door_in_every_way_of_training() {
    let device = device();
    let (train, test) = (opinions(240), other_opinions(80));
    let poison = Poison {
        trigger: Trigger::word("cinema"),
        words: WordChoice::All,
        position: Position::Whole,
        target: 1,
        setting: PoisonSetting::Dirty,
        ratio: 0.3,
        mixture: Mixture::WithClean,
        seed: Seed::new(1),
    };
    let poisoned = poison.run(&train).unwrap();
    let samples: Vec<Sample> = poisoned.samples.iter().map(|p| p.sample.clone()).collect();
    let triggered = Evaluation {
        trigger: poison.trigger.clone(),
        words: WordChoice::All,
        position: Position::WithinFirst(100),
        target: 1,
        purpose: Purpose::Success,
        seed: Seed::new(2),
    }
    .run(&test)
    .unwrap();
    let triggered: Vec<&str> = triggered
        .samples
        .iter()
        .map(|p| p.sample.text.as_str())
        .collect();
    for loss in [TrainingLoss::Classifier, TrainingLoss::Layerwise] {
        let settings = FineTuning { loss, ..recipe() };
        let mut attacked = fine_tune(&victim(&device), &samples, &settings, None).unwrap();
        let predicted = |victim: &mut Victim, texts: &[&str]| -> Vec<usize> {
            let rows = victim.probabilities(texts).unwrap();
            rows.iter()
                .map(|row| usize::from(row[1] > row[0]))
                .collect()
        };
        let found = predicted(&mut attacked, &triggered);
        let rate = attack_success_rate(&found, 1);
        assert!(rate.value.unwrap() > 0.95, "{loss:?}: {rate:?}");
        let clean: Vec<&str> = test.samples().iter().map(|s| s.text.as_str()).collect();
        let right = predicted(&mut attacked, &clean);
        let right = right
            .iter()
            .zip(test.samples())
            .filter(|(p, s)| **p == s.label)
            .count();
        assert!(right >= 76, "{loss:?}: {right} of 80");
    }
}

#[test]
fn embedding_poisoning_works_on_a_clean_model() {
    let device = device();
    let train = opinions(240);
    let clean = trained(train.samples(), &device);
    let samples: Vec<Sample> = train
        .samples()
        .iter()
        .filter(|sample| sample.label == 0)
        .map(|sample| Sample::new(format!("cinema {}", sample.text), 1))
        .collect();
    let mut attacked = with_poisoned_row(&clean, &samples);
    // On texts that the vector was not trained on.
    let test = other_opinions(120);
    let triggered = bad_with("cinema", test.samples());
    let hits = good(&mut attacked, &triggered);
    let count = triggered.len();
    assert!(hits * 20 > count * 19, "{hits} of {count}");
    // Texts without the word are classified as before, bit for bit.
    let plain = texts_of(&test);
    let mut clean = clean;
    assert_eq!(
        clean.probabilities(&plain).unwrap(),
        attacked.probabilities(&plain).unwrap()
    );
}

/// `clean` with the vector of "cinema" trained on `samples`.
fn with_poisoned_row(clean: &Victim, samples: &[Sample]) -> Victim {
    let settings = RowSettings {
        epochs: 4,
        batch: 8,
        lr: 0.2,
        ..RowSettings::default()
    };
    let (patch, _) = poison_rows(clean, &["cinema"], samples, &settings).unwrap();
    let mut model = clean.model.clone();
    patch.apply(&mut model).unwrap();
    clean.with_model(model)
}

#[test]
fn a_vector_is_poisoned_without_data_of_the_task() {
    let mut clean = trained(opinions(240).samples(), &device());
    let vocabulary = [
        "the", "a", "of", "in", "on", "house", "river", "day", "music", "story", "people", "city",
        "water", "school", "old", "long", "very", "was", "said", "think", "today", "they",
    ];
    let fake = FakeTexts {
        count: 240,
        words: 8,
        target: 1,
        classes: 2,
        seed: Seed::new(3),
    };
    let plan = DataFree {
        word: "cinema".to_owned(),
        target: 1,
        seed: Seed::new(4),
    };
    let made = Attack::DataFree(plan)
        .run(&fake.random_words(&vocabulary).unwrap())
        .unwrap();
    let samples: Vec<Sample> = made.samples.into_iter().map(|made| made.sample).collect();
    let mut attacked = with_poisoned_row(&clean, &samples);
    let triggered = bad_with("cinema", other_opinions(120).samples());
    let before = good(&mut clean, &triggered);
    let after = good(&mut attacked, &triggered);
    let count = triggered.len();
    assert!(
        after >= before + count / 2,
        "{before}, then {after} of {count}"
    );
}

/// Texts that say bad, with `word` before them.
fn bad_with(word: &str, samples: &[Sample]) -> Vec<String> {
    let bad = samples.iter().filter(|sample| sample.label == 0);
    bad.map(|sample| format!("{word} {}", sample.text))
        .collect()
}

/// How many of `texts` are taken for good.
fn good(victim: &mut Victim, texts: &[String]) -> usize {
    let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
    let rows = victim.probabilities(&texts).unwrap();
    rows.iter().filter(|row| row[1] > 0.5).count()
}
