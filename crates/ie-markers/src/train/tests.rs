//! Small models learn small data by heart.

mod accumulation;

use std::cell::Cell;

use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::models::Pretrained;
use plm_core::rng::Seed;
use plm_core::text::BatchBy;
use plm_core::train::StopReason;

use super::{FitSettings, Labeled, LabeledRelations, fit};
use crate::Error;
use crate::encode::MarkerEncoder;
use crate::heads::{
    Head, LevitatedPairConfig, NerHeadConfig, RelationHeadConfig, SolidPairConfig,
    SpanConcatConfig, TaggerConfig,
};
use crate::layout::{MarkerRow, PairRow, SpanRow, SubjectRow, WordRow};
use crate::model::{
    Headed, HeadedConfig, LevitatedPairRelations, MarkerNer, MarkerRelations, RowClassifier,
    SequenceTagger, SolidPairRelations, SpanConcatNer, predict, predict_relations,
};
use crate::testing::{config, device, devices, group, pair};

/// Eight sentences with their entities `(first, last, class)`: words from 20 on begin or end names of
/// class 1, those from 30 on names of class 2. Word 10 comes before every other name.
type Sentence = (&'static [u32], &'static [(usize, usize, usize)]);
const SENTENCES: [Sentence; 8] = [
    (&[2, 10, 20, 21, 11, 3], &[(2, 3, 1)]),
    (&[2, 12, 11, 30, 3], &[(3, 3, 2)]),
    (&[2, 22, 12, 10, 31, 32, 3], &[(1, 1, 1), (4, 5, 2)]),
    (&[2, 11, 12, 13, 3], &[]),
    (&[2, 33, 11, 20, 3], &[(1, 1, 2), (3, 3, 1)]),
    (&[2, 13, 21, 22, 10, 12, 3], &[(2, 3, 1)]),
    (&[2, 10, 11, 31, 3], &[(3, 3, 2)]),
    (&[2, 23, 24, 13, 32, 33, 3], &[(1, 2, 1), (4, 5, 2)]),
];

/// All spans of at most three words and their classes.
fn spans(sentence: &Sentence) -> (Vec<[usize; 2]>, Vec<usize>) {
    let (tokens, entities) = sentence;
    let (mut spans, mut labels) = (Vec::new(), Vec::new());
    for first in 1..tokens.len() - 1 {
        for last in first..(first + 3).min(tokens.len() - 1) {
            spans.push([first, last]);
            let own = entities.iter().find(|one| (one.0, one.1) == (first, last));
            labels.push(own.map_or(0, |one| one.2));
        }
    }
    (spans, labels)
}

fn marked(sentence: &Sentence) -> Labeled<MarkerRow> {
    let (spans, labels) = spans(sentence);
    let groups = spans.iter().map(|&[first, last]| pair(first, last));
    Labeled {
        row: MarkerRow {
            tokens: sentence.0.to_vec(),
            groups: groups.collect(),
        },
        labels,
    }
}

fn model<H: Head>(head: &H::Config, device: &burn::tensor::Device) -> Headed<H> {
    let encoder = EncoderConfig {
        hidden_size: 32,
        intermediate_size: 64,
        initializer_range: 0.1,
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        ..config(EncoderFamily::Bert)
    };
    let config = HeadedConfig {
        encoder,
        head: head.clone(),
    };
    Pretrained::new(&config, Seed::new(11), device)
        .unwrap()
        .model
}

/// 120 steps over all eight sentences at once.
fn settings() -> FitSettings {
    FitSettings {
        epochs: 120,
        batch_size: 8,
        lr: 3e-3,
        ..FitSettings::default()
    }
}

/// F1 of the classes above 0.
fn f1<M: RowClassifier>(model: &M, examples: &[Labeled<M::Row>]) -> f64
where
    M::Row: Clone,
{
    let rows: Vec<M::Row> = examples.iter().map(|example| example.row.clone()).collect();
    let encoder = MarkerEncoder::Factorized;
    let scores = predict(model, &rows, encoder, BatchBy::Count(4)).unwrap();
    let gold = examples.iter().flat_map(|example| example.labels.clone());
    f1_of(gold.collect(), scores.into_iter().flatten())
}

fn f1_of(gold: Vec<usize>, scores: impl Iterator<Item = Vec<f32>>) -> f64 {
    let best =
        |scores: Vec<f32>| (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let found: Vec<usize> = scores.map(|scores| best(scores).unwrap()).collect();
    assert_eq!(found.len(), gold.len());
    let count = |classes: &[usize]| classes.iter().filter(|&&class| class > 0).count() as f64;
    let hits = found
        .iter()
        .zip(&gold)
        .filter(|(a, b)| a == b && **a > 0)
        .count() as f64;
    2.0 * hits / (count(&found) + count(&gold))
}

#[test]
fn eight_sentences_are_learned_by_heart() {
    let examples: Vec<_> = SENTENCES.iter().map(marked).collect();
    for (name, device) in devices() {
        let model: MarkerNer = model(&NerHeadConfig::new(3), &device);
        assert!(f1(&model, &examples) < 0.9, "{name}: nothing to learn");
        let (model, report) = fit(model, &examples, &settings(), None, None).unwrap();
        assert!(report.step < 200, "{name}: {} steps", report.step);
        assert_eq!(f1(&model, &examples), 1.0, "{name}");
    }
}

#[test]
fn the_dense_encoder_learns_them_too() {
    let examples: Vec<_> = SENTENCES.iter().map(marked).collect();
    let model: MarkerNer = model(&NerHeadConfig::new(3), &device());
    let settings = FitSettings {
        encoder: MarkerEncoder::Dense,
        batch_size: 4,
        accumulation: 2,
        ..settings()
    };
    let (model, report) = fit(model, &examples, &settings, None, None).unwrap();
    assert_eq!(report.step, 120);
    assert_eq!(f1(&model, &examples), 1.0);
}

#[test]
fn baselines_learn_them() {
    let device = device();
    let concat: Vec<_> = SENTENCES
        .iter()
        .map(|sentence| {
            let (spans, labels) = spans(sentence);
            let tokens = sentence.0.to_vec();
            Labeled {
                row: SpanRow { tokens, spans },
                labels,
            }
        })
        .collect();
    let start: SpanConcatNer = model(&SpanConcatConfig::new(3), &device);
    let (trained, _) = fit(start, &concat, &settings(), None, None).unwrap();
    assert_eq!(f1(&trained, &concat), 1.0, "spans");

    // O, B-1, I-1, B-2, I-2.
    let tagged: Vec<_> = SENTENCES
        .iter()
        .map(|(tokens, entities)| {
            let mut labels = vec![0; tokens.len() - 2];
            for &(first, last, class) in *entities {
                labels[first - 1] = 2 * class - 1;
                labels[first..last].fill(2 * class);
            }
            let row = WordRow {
                tokens: tokens.to_vec(),
                words: (1..tokens.len() - 1).collect(),
            };
            Labeled { row, labels }
        })
        .collect();
    let start: SequenceTagger = model(&TaggerConfig::new(5), &device);
    let (trained, _) = fit(start, &tagged, &settings(), None, None).unwrap();
    assert_eq!(f1(&trained, &tagged), 1.0, "tags");
}

/// Relation of two words: 1 where the first is the greater, 2 where it is the smaller one by far.
fn relation(first: u32, second: u32) -> usize {
    match first.cmp(&second) {
        std::cmp::Ordering::Greater => 1,
        _ if second > first + 5 => 2,
        _ => 0,
    }
}

const PAIRS: [[u32; 2]; 8] = [
    [20, 30],
    [30, 20],
    [21, 22],
    [22, 21],
    [23, 33],
    [33, 31],
    [24, 24],
    [20, 21],
];

#[test]
fn relation_models_learn_pairs() {
    let device = device();
    let relations: Vec<_> = PAIRS
        .iter()
        .map(|&[first, second]| LabeledRelations {
            row: SubjectRow {
                row: MarkerRow {
                    tokens: vec![2, 44, first, 45, 11, second, 3],
                    groups: vec![pair(5, 5), pair(2, 2)],
                },
                subject: [1, 3],
            },
            relations: vec![relation(first, second), 0],
            entities: vec![1 + usize::from(second >= 30), 1 + usize::from(first >= 30)],
        })
        .collect();
    let start: MarkerRelations = model(&RelationHeadConfig::new(3, 3), &device);
    let (trained, _) = fit(start, &relations, &settings(), None, None).unwrap();
    let rows: Vec<_> = relations
        .iter()
        .map(|example| example.row.clone())
        .collect();
    let encoder = MarkerEncoder::Shared;
    let found = predict_relations(&trained, &rows, encoder, BatchBy::Tokens(64)).unwrap();
    let gold = |labels: fn(&LabeledRelations) -> &Vec<usize>| {
        relations
            .iter()
            .flat_map(|example| labels(example).clone())
            .collect()
    };
    let scores = found.iter().flat_map(|one| one.relations.clone());
    assert_eq!(f1_of(gold(|one| &one.relations), scores), 1.0, "relations");
    let scores = found.iter().flat_map(|one| one.entities.clone());
    assert_eq!(f1_of(gold(|one| &one.entities), scores), 1.0, "entities");

    let solid: Vec<_> = PAIRS
        .iter()
        .map(|&[first, second]| Labeled {
            row: PairRow {
                tokens: vec![2, 44, first, 45, 11, 46, second, 47, 3],
                subject: 1,
                object: 5,
            },
            labels: vec![relation(first, second)],
        })
        .collect();
    let start: SolidPairRelations = model(&SolidPairConfig::new(3), &device);
    let (trained, _) = fit(start, &solid, &settings(), None, None).unwrap();
    assert_eq!(f1(&trained, &solid), 1.0, "solid");

    let levitated: Vec<_> = PAIRS
        .iter()
        .map(|&[first, second]| Labeled {
            row: MarkerRow {
                tokens: vec![2, first, 11, second, 3],
                groups: vec![group(&[1, 1, 3, 3]), group(&[3, 3, 1, 1])],
            },
            labels: vec![relation(first, second), relation(second, first)],
        })
        .collect();
    let start: LevitatedPairRelations = model(&LevitatedPairConfig::new(3), &device);
    let (trained, _) = fit(start, &levitated, &settings(), None, None).unwrap();
    assert_eq!(f1(&trained, &levitated), 1.0, "levitated");
}

#[test]
fn the_best_model_is_kept_and_runs_repeat() {
    let examples: Vec<_> = SENTENCES.iter().map(marked).collect();
    let start: MarkerNer = model(&NerHeadConfig::new(3), &device());
    let settings = FitSettings {
        epochs: 6,
        batch_size: 3,
        patience: Some(3),
        ..settings()
    };
    // The second evaluation is called the best; patience ends the run three later.
    let run = || {
        let asked = Cell::new(0);
        let second = std::cell::RefCell::new(None);
        let mut score = |model: &MarkerNer| {
            asked.set(asked.get() + 1);
            if asked.get() == 2 {
                *second.borrow_mut() = Some(model.clone());
                return Ok(2.0);
            }
            Ok(1.0)
        };
        let (best, report) =
            fit(start.clone(), &examples, &settings, Some(&mut score), None).unwrap();
        (best, second.into_inner().unwrap(), report)
    };
    let (best, second, report) = run();
    assert_eq!(report.stopped, StopReason::Patience);
    assert_eq!(report.best.unwrap().metric, 2.0);
    let weights = |model: &MarkerNer| crate::testing::values(model.head.classifier.weight.val());
    assert_eq!(weights(&best), weights(&second));
    assert_ne!(weights(&best), weights(&start));
    assert_eq!(weights(&run().0), weights(&best));
    let mut refuse = |_: &MarkerNer| {
        Err(Error::Empty {
            what: "held-out sentences",
            fix: "give some",
        })
    };
    let failed = fit(start, &examples, &settings, Some(&mut refuse), None);
    assert!(matches!(
        failed,
        Err(Error::Empty {
            what: "held-out sentences",
            ..
        })
    ));
}

#[test]
fn wrong_settings_and_examples_are_refused() {
    let start = || -> MarkerNer { model(&NerHeadConfig::new(3), &device()) };
    let mut examples: Vec<_> = SENTENCES.iter().map(marked).collect();
    for wrong in [
        FitSettings {
            batch_size: 0,
            ..settings()
        },
        FitSettings {
            accumulation: 0,
            ..settings()
        },
        FitSettings {
            warmup_ratio: 1.5,
            ..settings()
        },
        FitSettings {
            nil_weight: -1.0,
            ..settings()
        },
    ] {
        assert!(matches!(
            fit(start(), &examples, &wrong, None, None),
            Err(Error::Setting { .. })
        ));
    }
    examples[3].labels[1] = 3;
    let error = fit(start(), &examples, &settings(), None, None).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Class {
                example: 3,
                target: 1,
                ..
            }
        ),
        "{error}"
    );
    let empty = [Labeled {
        row: MarkerRow {
            tokens: vec![2, 3],
            groups: Vec::new(),
        },
        labels: Vec::new(),
    }];
    let error = fit(start(), &empty, &settings(), None, None).unwrap_err();
    assert!(matches!(error, Error::Empty { .. }), "{error}");
}
