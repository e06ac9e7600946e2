//! Teachers: live, cached, lazy.

use burn::tensor::Device;
use plm_core::device::is_host;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::nn::{DropoutMode, LayerDropout};
use plm_core::rng::Seed;
use plm_core::train::checksum;
use plm_distill::cache::TeacherCache;
use plm_distill::score::{McScore, McSettings, McSites, deterministic_score};
use plm_distill::teacher::{
    CachedTeacher, FixtureTeacher, LazyTeacher, LiveTeacher, Request, Teacher, TeacherInfo,
    TeacherOptions, precompute,
};
use plm_distill::{Error, Example};

use super::support::{
    classifier, close, config, device, devices, encoder, teacher, texts, tokenizer, values,
};

fn settings(sites: McSites) -> McSettings {
    McSettings {
        passes: 5,
        seed: 3,
        sites,
    }
}

fn scores(scores: &[McScore]) -> Vec<f64> {
    scores.iter().map(|score| f64::from(score.score)).collect()
}

#[test]
fn scores_depend_on_seed_and_text_not_on_the_batch() {
    for (_, device) in devices() {
        let mut live = teacher("t", classifier(2, 3, 1, &device), &device);
        let texts = texts(7, 3);
        let rows: Vec<&Example> = texts.iter().collect();
        for sites in [McSites::All, McSites::Classifier] {
            let settings = settings(sites);
            let whole = live.scores(&rows, &settings).unwrap();
            let mut single = Vec::new();
            for row in rows.iter().rev() {
                single.extend(live.scores(&[row], &settings).unwrap());
            }
            single.reverse();
            close(&scores(&whole), &scores(&single));
            let other = McSettings {
                seed: 4,
                ..settings.clone()
            };
            assert_ne!(whole, live.scores(&rows, &other).unwrap());
            assert!(whole.iter().all(|score| score.variance > 0.0));
        }
    }
}

/// A model without dropout.
fn calm(device: &Device) -> EncoderForSequenceClassification {
    let mut config = config(2, 3);
    config.hidden_dropout_prob = 0.0;
    config.attention_probs_dropout_prob = 0.0;
    config.classifier_dropout = 0.0;
    Pretrained::new(&config, Seed::new(1), device)
        .unwrap()
        .model
}

#[test]
fn passes_without_dropout_are_the_single_one() {
    let device = device();
    let model = calm(&device);
    let texts = texts(4, 3);
    let rows: Vec<&Example> = texts.iter().collect();
    let input = encoder().input(&rows, 0, &device).unwrap();
    let single = values(model.logits(&input));
    let passes: Vec<Vec<f64>> = (0..5)
        .map(|pass| {
            let mode = DropoutMode::Mc { seed: 3, pass };
            values(model.logits(&input.clone().with_dropout(mode)))
        })
        .collect();
    assert!(passes.iter().all(|pass| *pass == single), "{passes:?}");
    for row in 0..rows.len() {
        let logits: Vec<&[f64]> = (passes.iter())
            .map(|pass| &pass[3 * row..3 * (row + 1)])
            .collect();
        let found = McScore::from_passes(&logits).unwrap();
        let alone = deterministic_score(logits[0], 1.0).unwrap();
        assert_eq!((found.variance, found.score), (0.0, alone as f32));
    }
}

#[test]
fn a_model_without_dropout_gives_no_scores() {
    let device = device();
    let mut live = teacher("calm", calm(&device), &device);
    let texts = texts(2, 3);
    let rows: Vec<&Example> = texts.iter().collect();
    for sites in [McSites::All, McSites::Classifier] {
        let error = live.scores(&rows, &settings(sites)).unwrap_err();
        assert!(
            matches!(&error, Error::NoDropout { name } if name == "calm"),
            "{error}"
        );
    }
    let none = McSettings {
        passes: 0,
        ..McSettings::default()
    };
    assert!(
        live.scores(&rows, &none)
            .unwrap_err()
            .to_string()
            .contains("passes")
    );
}

#[test]
fn dropout_is_that_of_the_models_parts() {
    let device = device();
    let model = classifier(2, 3, 1, &device);
    let key = |model| {
        teacher("t", model, &device)
            .cache_key(None, &[])
            .unwrap()
            .config
    };
    let mut other = model.clone();
    other.encoder.layers[1].dropout.attention = 0.3;
    assert_eq!(key(model.clone()), key(model.clone()));
    assert_ne!(key(model.clone()), key(other));
    // The settings still speak of dropout, but no part has one.
    let mut calm = model;
    calm.classifier.dropout = 0.0;
    calm.encoder.embeddings.dropout = 0.0;
    for layer in &mut calm.encoder.layers {
        layer.dropout = LayerDropout::default();
    }
    let texts = texts(2, 3);
    let rows: Vec<&Example> = texts.iter().collect();
    let score = |model, sites| teacher("t", model, &device).scores(&rows, &settings(sites));
    let refused = score(calm.clone(), McSites::All);
    assert!(matches!(refused, Err(Error::NoDropout { .. })));
    calm.encoder.embeddings.dropout = 0.5;
    let found = score(calm.clone(), McSites::All).unwrap();
    assert!(found.iter().all(|score| score.variance > 0.0));
    let refused = score(calm, McSites::Classifier);
    assert!(matches!(refused, Err(Error::NoDropout { .. })));
}

/// What two teachers say of `rows`: class scores, the first token's vectors, scores of the passes.
fn said(
    teachers: [&mut dyn Teacher; 2],
    rows: &[&Example],
    settings: &McSettings,
) -> [Vec<Vec<f64>>; 2] {
    let request = Request {
        hidden: vec![0, 2],
        first_token: true,
        length: 0,
    };
    teachers.map(|teacher| {
        let answer = teacher.observe(rows, &request).unwrap();
        let mut said = vec![values(answer.logits)];
        said.extend(answer.hidden.into_values().map(values::<3>));
        said.push(scores(&teacher.scores(rows, settings).unwrap()));
        said
    })
}

/// Every list differs by `bound` at most, as a share of the larger of 1 and its largest number.
#[track_caller]
fn near([found, expected]: &[Vec<Vec<f64>>; 2], bound: f64) {
    assert_eq!(found.len(), expected.len());
    for (found, expected) in found.iter().zip(expected) {
        assert_eq!(found.len(), expected.len());
        let largest = expected.iter().fold(1.0, |most: f64, x| most.max(x.abs()));
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() <= bound * largest, "{a}, expected {b}");
        }
    }
}

#[test]
fn a_cache_says_what_the_teacher_said() {
    for (_, device) in devices() {
        let folder = tempfile::tempdir().unwrap();
        let mut live = teacher("t", classifier(2, 3, 1, &device), &device);
        let before = checksum(live.model(), |_| true);
        let texts = texts(9, 3);
        let rows: Vec<&Example> = texts.iter().collect();
        let settings = settings(McSites::All);
        let key = live.cache_key(Some(&settings), &[0, 2]).unwrap();
        let mut cache = TeacherCache::open(folder.path(), key.clone()).unwrap();
        // A run that is stopped and started again asks about the rest only.
        assert_eq!(
            precompute(&mut live, &rows[..4], &mut cache, 3, |_| ()).unwrap(),
            4
        );
        drop(cache);
        let mut cache = TeacherCache::open(folder.path(), key.clone()).unwrap();
        assert_eq!(
            precompute(&mut live, &rows, &mut cache, 3, |_| ()).unwrap(),
            5
        );
        drop(cache);
        let cache = TeacherCache::open(folder.path(), key).unwrap();
        let mut cached = CachedTeacher::new(live.info().clone(), cache, &device).unwrap();
        // Rounding depends on the shape of a batch: of those that filled it the cache says the same bit for
        // bit, where the same product is always computed in the same way.
        let (same, other) = match is_host(&device) {
            true => (0.0, 1e-6),
            false => (1e-5, 1e-5),
        };
        for filled in [&rows[..4], &rows[4..]] {
            let mut filled = filled.to_vec();
            filled.sort_by_key(|text| text.text.len());
            for batch in filled.chunks(3) {
                near(&said([&mut cached, &mut live], batch, &settings), same);
            }
        }
        near(&said([&mut cached, &mut live], &rows, &settings), other);
        assert_eq!(cached.forwards(), 0);
        assert_eq!(before, checksum(live.model(), |_| true));

        let mut ask = |hidden: Vec<usize>, first_token| {
            let request = Request {
                hidden,
                first_token,
                length: 0,
            };
            cached.observe(&rows, &request).unwrap_err().to_string()
        };
        assert!(ask(vec![1], true).contains("[0, 2]"));
        assert!(ask(vec![2], false).contains("first token"));
        let other = McSettings {
            passes: 6,
            ..settings
        };
        assert!(
            cached
                .scores(&rows, &other)
                .unwrap_err()
                .to_string()
                .contains("passes: 6")
        );
        let stranger = Example::new("unseen words");
        let error = cached
            .observe(&[&stranger], &Request::default())
            .unwrap_err();
        assert!(error.to_string().contains("unseen words"), "{error}");
        let changed = Example::new("other words").with_name(&texts[0].name);
        assert!(cached.observe(&[&changed], &Request::default()).is_err());
    }
}

#[test]
fn a_cache_of_another_tokenizer_length_or_size_is_refused() {
    let device = device();
    let live = teacher("t", classifier(2, 3, 1, &device), &device);
    let folder = tempfile::tempdir().unwrap();
    let refused = |first_token: &[usize], change: fn(&mut TeacherInfo)| {
        let key = live.cache_key(None, first_token).unwrap();
        let dir = folder.path().join(first_token.len().to_string());
        let cache = TeacherCache::open(dir, key).unwrap();
        let mut info = live.info().clone();
        change(&mut info);
        match CachedTeacher::new(info, cache, &device) {
            Ok(_) => None,
            Err(Error::StaleCache { differences, .. }) => Some(differences[0].to_string()),
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!(refused(&[], |_| ()), None);
    let text = refused(&[], |info| info.tokenizer = "other".to_owned()).unwrap();
    assert!(text.starts_with("`tokenizer` was"), "{text}");
    let text = refused(&[], |info| info.max_length = 16).unwrap();
    assert_eq!(text, "`max_length` was 32 and is now 16");
    let text = refused(&[], |info| info.classes = 2).unwrap();
    assert_eq!(text, "`classes` was 3 and is now 2");
    // The width is that of vectors, where there are some.
    assert_eq!(refused(&[], |info| info.hidden_size = 8), None);
    let text = refused(&[0], |info| info.hidden_size = 8).unwrap();
    assert_eq!(text, "`hidden_size` was 16 and is now 8");
}

#[test]
fn a_lazy_teacher_is_asked_once() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let live = teacher("t", classifier(2, 3, 1, &device), &device);
    let key = live.cache_key(None, &[]).unwrap();
    let cache = TeacherCache::open(folder.path(), key.clone()).unwrap();
    let mut lazy = LazyTeacher::new(live.clone(), cache).unwrap();
    assert_eq!(lazy.hit_rate(), None);
    let texts = texts(6, 3);
    let rows: Vec<&Example> = texts.iter().collect();
    for chosen in [&rows[..4], &rows[2..6], &rows[..6]] {
        lazy.observe(chosen, &Request::default()).unwrap();
    }
    assert_eq!(lazy.forwards(), 6);
    close(&[lazy.hit_rate().unwrap()], &[8.0 / 14.0]);
    lazy.flush().unwrap();
    let cache = TeacherCache::open(folder.path(), key).unwrap();
    assert_eq!(cache.len(), 6);
    // The cache of another teacher is refused.
    let other = teacher("u", classifier(2, 3, 2, &device), &device);
    let error = LazyTeacher::new(other, cache).unwrap_err().to_string();
    assert!(error.contains("weights"), "{error}");
}

#[test]
fn caches_of_other_teachers_or_settings_are_refused() {
    let device = device();
    let folder = tempfile::tempdir().unwrap();
    let live = teacher("t", classifier(2, 3, 1, &device), &device);
    let key = live.cache_key(None, &[]).unwrap();
    TeacherCache::open(folder.path(), key)
        .unwrap()
        .flush()
        .unwrap();
    let scored = live.cache_key(Some(&McSettings::default()), &[]).unwrap();
    assert!(TeacherCache::open(folder.path(), scored).is_err());
    let options = TeacherOptions {
        max_length: 16,
        dropout: None,
    };
    let shorter =
        LiveTeacher::new("t", live.model().clone(), tokenizer(), options, &device).unwrap();
    let error = TeacherCache::open(folder.path(), shorter.cache_key(None, &[]).unwrap());
    let error = error.unwrap_err().to_string();
    assert!(error.contains("max_length"), "{error}");
    let noisy = TeacherOptions {
        dropout: Some(Seed::new(1)),
        ..options
    };
    let mut noisy =
        LiveTeacher::new("noisy", live.model().clone(), tokenizer(), noisy, &device).unwrap();
    assert!(matches!(
        noisy.cache_key(None, &[]),
        Err(Error::DropoutTeacher { .. })
    ));
    let texts = texts(1, 3);
    let mut ask = || {
        values(
            noisy
                .observe(&[&texts[0]], &Request::default())
                .unwrap()
                .logits,
        )
    };
    assert_ne!(ask(), ask(), "dropout draws anew for each answer");
}

#[test]
fn answers_that_are_no_numbers_are_refused() {
    let device = device();
    let texts = texts(2, 2);
    let rows: Vec<&Example> = texts.iter().collect();
    let info = TeacherInfo {
        name: "given".to_owned(),
        classes: 2,
        labels: None,
        tokenizer: String::new(),
        max_length: 8,
        layers: 1,
        hidden_size: 1,
    };
    let table = vec![vec![0.0, 1.0], vec![f64::NAN, 0.0]];
    let error = FixtureTeacher::new(info.clone(), &rows, &table, &device).unwrap_err();
    let text = error.to_string();
    assert!(text.contains("text-1") && text.contains("NaN"), "{text}");
    let mut broken = classifier(1, 2, 1, &device);
    let bias = burn::tensor::Tensor::<1>::from_data([f32::NAN, 0.0], &device);
    broken.classifier.output.bias = Some(burn::module::Param::from_tensor(bias));
    let error = teacher("broken", broken, &device).observe(&rows, &Request::default());
    let text = error.unwrap_err().to_string();
    assert!(text.contains("broken") && text.contains("text-0"), "{text}");
    let short = FixtureTeacher::new(info.clone(), &rows, &table[..1], &device);
    assert!(matches!(short, Err(Error::Size(_))));

    // Answers are found by id and text.
    let table = vec![vec![0.0, 1.0], vec![2.0, 0.0]];
    let mut given = FixtureTeacher::new(info.clone(), &rows, &table, &device).unwrap();
    let answer = given.observe(&rows[1..], &Request::default()).unwrap();
    close(&values(answer.logits), &[2.0, 0.0]);
    let changed = Example::new("other words").with_name(&texts[1].name);
    let stale = given.observe(&[&changed], &Request::default());
    assert!(matches!(stale, Err(Error::StaleRow { .. })));
    let twice = FixtureTeacher::new(info, &[rows[0], rows[0]], &table, &device);
    assert!(matches!(twice, Err(Error::CachedTwice { .. })));
    let nan = McScore {
        score: f32::NAN,
        mutual_information: 0.0,
        variance: 0.0,
    };
    let error = given.with_scores(&rows, &[nan; 2]).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("`given`") && text.contains("text-0"),
        "{text}"
    );
}
