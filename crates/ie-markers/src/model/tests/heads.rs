//! What follows from the form of the heads.

use burn::module::Param;
use burn::tensor::Tensor;
use plm_core::check::SizeError;
use plm_core::config::EncoderFamily;
use plm_core::models::Pretrained;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::rng::Seed;
use plm_core::text::BatchBy;

use crate::Error;
use crate::encode::MarkerEncoder;
use crate::heads::{
    Head, HeadConfig, LevitatedPairConfig, LevitatedPairFeature, NerFeature, NerHeadConfig,
    RelationHeadConfig, SolidPairConfig, SpanConcatConfig, TaggerConfig, TokenPairConfig,
};
use crate::layout::{MarkerRow, PairRow, SpanRow, SubjectRow, TokenPairRow, WordRow};
use crate::model::{
    Headed, HeadedConfig, LevitatedPairRelations, MarkerNer, MarkerRelations, RowClassifier,
    SequenceTagger, SolidPairRelations, SpanConcatNer, TokenPairRelations, predict,
    predict_relations,
};
use crate::testing::{config, device, devices, distance, group, pair, tokens, values};
use crate::train::{Labeled, LabeledRelations, Learner, Objective};

pub(super) const OFF: DropoutContext = DropoutContext {
    mode: DropoutMode::Off,
    example_ids: None,
};

pub(super) fn model<H: Head>(head: &H::Config) -> Headed<H> {
    let config = HeadedConfig {
        encoder: config(EncoderFamily::Bert),
        head: head.clone(),
    };
    Pretrained::new(&config, Seed::new(5), &device())
        .unwrap()
        .model
}

fn subject_rows() -> Vec<SubjectRow> {
    let row = |start, subject| SubjectRow {
        row: MarkerRow {
            tokens: tokens(start, 8),
            groups: vec![pair(0, 1), pair(3, 3), pair(2, 6)],
        },
        subject,
    };
    vec![row(1, [2, 5]), row(4, [1, 3])]
}

fn zeros(linear: &mut burn::nn::Linear) {
    linear.weight = Param::from_tensor(linear.weight.val().zeros_like());
    if let Some(bias) = &mut linear.bias {
        *bias = Param::from_tensor(bias.val().zeros_like());
    }
}

#[test]
fn without_objects_part_all_objects_of_a_subject_score_alike() {
    let mut model: MarkerRelations = model(&RelationHeadConfig::new(5, 3));
    let rows = subject_rows();
    let own: Vec<_> = rows.iter().collect();
    zeros(&mut model.head.object);
    let scores = model.scores(&own, MarkerEncoder::Factorized, &OFF).unwrap();
    let scores = scores.relations;
    let one = |index: usize| scores.clone().narrow(0, index, 1);
    assert!(distance(one(0), one(1)) < 1e-6 && distance(one(0), one(2)) < 1e-6);
    assert!(distance(one(3), one(5)) < 1e-6);
    assert!(distance(one(0), one(3)) > 1e-3, "two subjects");
}

#[test]
fn without_subject_part_the_score_is_the_objects() {
    let mut model: MarkerRelations = model(&RelationHeadConfig::new(5, 3));
    zeros(&mut model.head.subject);
    // The same text and objects with another subject: the solid markers stay where they are.
    let mut rows = subject_rows();
    rows[1].row = rows[0].row.clone();
    let own: Vec<_> = rows.iter().collect();
    let scores = model.scores(&own, MarkerEncoder::Factorized, &OFF).unwrap();
    let all = scores.relations;
    let (first, second) = (all.clone().narrow(0, 0, 3), all.clone().narrow(0, 3, 3));
    assert!(distance(first.clone(), second) < 1e-5);
    assert!(distance(first.clone().narrow(0, 0, 1), first.narrow(0, 1, 1)) > 1e-3);
    // It is W₂ of the objects' two states.
    let marked: Vec<_> = rows.iter().map(|row| &row.row).collect();
    let states = MarkerEncoder::Dense
        .encode(&model.encoder, &marked, &OFF)
        .unwrap();
    let at = |marker| {
        states
            .markers_at(&[(0, 0, marker), (0, 1, marker)])
            .unwrap()
    };
    let feature = Tensor::cat(vec![at(0), at(1)], 1);
    let expected = feature.matmul(model.head.object.weight.val());
    assert!(distance(all.narrow(0, 0, 2), expected) < 1e-5);
}

#[test]
fn a_new_relation_model_costs_the_logarithms_of_its_classes() {
    let head = RelationHeadConfig::new(12, 8);
    let encoder = plm_core::config::EncoderConfig {
        initializer_range: 0.02,
        ..config(EncoderFamily::Bert)
    };
    let objective = Objective {
        encoder: MarkerEncoder::Factorized,
        nil_weight: 1.0,
    };
    let examples: Vec<_> = subject_rows()
        .into_iter()
        .map(|row| LabeledRelations {
            row,
            relations: vec![0, 4, 11],
            entities: vec![1, 7, 0],
        })
        .collect();
    let own: Vec<_> = examples.iter().collect();
    for (name, device) in devices() {
        let config = HeadedConfig {
            encoder: encoder.clone(),
            head: head.clone(),
        };
        let model: MarkerRelations = Pretrained::new(&config, Seed::new(1), &device)
            .unwrap()
            .model;
        let loss = model.loss(&own, &objective, &OFF).unwrap();
        // Two rows of three objects: the auxiliary head counts targets.
        assert_eq!(loss.weight, 6.0);
        let loss: f32 = loss.mean.into_scalar();
        let expected = (12.0_f32).ln() + (8.0_f32).ln();
        assert!(
            (loss - expected).abs() < 0.2,
            "{name}: {loss}, expected about {expected}"
        );
        // Scores of zeros cost exactly that.
        let mut flat = model;
        zeros(&mut flat.head.subject);
        zeros(&mut flat.head.object);
        zeros(flat.head.entity.as_mut().unwrap());
        let loss = flat.loss(&own, &objective, &OFF).unwrap().mean;
        let loss: f32 = loss.into_scalar();
        assert!((loss - expected).abs() < 1e-5, "{name}: {loss}");
    }
}

#[test]
fn dropout_acts_in_every_head_and_form() {
    let on = DropoutContext::from(DropoutMode::Train { seed: 3 });
    let row = MarkerRow {
        tokens: tokens(1, 8),
        groups: vec![pair(0, 1), pair(3, 4)],
    };
    for (one_dropout, bilinear, feature) in [
        (true, false, NerFeature::PlMarker),
        (false, true, NerFeature::PlMarker),
        (false, false, NerFeature::Levitated),
    ] {
        let head = NerHeadConfig {
            one_dropout,
            bilinear,
            feature,
            ..NerHeadConfig::new(4)
        };
        let mut model: MarkerNer = model(&head);
        // Only the head drops.
        model.encoder.embeddings.dropout = 0.0;
        for layer in &mut model.encoder.layers {
            layer.dropout = plm_core::nn::LayerDropout::default();
        }
        let run = |dropout| {
            model
                .logits(&[&row], MarkerEncoder::Shared, dropout)
                .unwrap()
        };
        assert_eq!(run(&OFF).dims(), [2, 4]);
        assert!(distance(run(&OFF), run(&on)) > 1e-3, "{head:?}");
        assert!(distance(run(&on), run(&on)) == 0.0, "{head:?}");
    }
}

#[test]
fn the_bilinear_score_is_added() {
    let head = NerHeadConfig {
        bilinear: true,
        ..NerHeadConfig::new(3)
    };
    let model: MarkerNer = model(&head);
    let row = MarkerRow {
        tokens: tokens(1, 8),
        groups: vec![pair(0, 1), pair(3, 4)],
    };
    let run = |model: &MarkerNer| model.logits(&[&row], MarkerEncoder::Dense, &OFF).unwrap();
    let mut plain = model.clone();
    plain.head.bilinear = None;
    let added = run(&model) - run(&plain);
    // By hand for the second span and class 2: xᵀ W y.
    let bilinear = model.head.bilinear.as_ref().unwrap();
    let states = MarkerEncoder::Dense
        .encode(&model.encoder, &[&row], &OFF)
        .unwrap();
    let side = |marker, token| {
        let marker = states.markers_at(&[(0, 1, marker)]).unwrap();
        let feature = Tensor::cat(vec![marker, states.text_at(&[(0, token)]).unwrap()], 1);
        let reduced = plm_core::nn::apply(&bilinear.reduce, feature);
        plm_core::kernel::activate(reduced, plm_core::kernel::Activation::Gelu)
    };
    let product = bilinear.product.weight.val().narrow(1, 2 * 16, 16);
    let expected = side(0, 3).matmul(product).matmul(side(1, 4).transpose());
    let found = added.narrow(0, 1, 1).narrow(1, 2, 1);
    assert!(distance(found, expected) < 1e-5);
}

#[test]
fn predictions_come_back_in_order_as_log_probabilities() {
    let model: MarkerNer = model(&NerHeadConfig::new(4));
    let rows = crate::testing::rows();
    let only_pairs: Vec<MarkerRow> = rows
        .into_iter()
        .map(|mut row| {
            row.groups.retain(|group| group.markers.len() == 2);
            row
        })
        .collect();
    let by = BatchBy::Count(2);
    let found = predict(&model, &only_pairs, MarkerEncoder::Factorized, by).unwrap();
    let counts: Vec<_> = found.iter().map(Vec::len).collect();
    assert_eq!(counts, [20, 1, 0]);
    for (row, scores) in only_pairs.iter().zip(&found).take(2) {
        let logits = model.logits(&[row], MarkerEncoder::Dense, &OFF).unwrap();
        let expected = values(burn::tensor::activation::log_softmax(logits, 1));
        for (a, b) in scores.concat().iter().zip(&expected) {
            assert!((a - b).abs() < 1e-5);
        }
    }
    let sum: f32 = found[1][0].iter().map(|value| value.exp()).sum();
    assert!((sum - 1.0).abs() < 1e-5);
}

#[test]
fn predictions_of_relations_hold_both_heads() {
    let rows = subject_rows();
    let by = BatchBy::Count(8);
    let with: MarkerRelations = model(&RelationHeadConfig::new(5, 3));
    let found = predict_relations(&with, &rows, MarkerEncoder::Factorized, by).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[1].relations.len(), found[1].relations[0].len()),
        (3, 5)
    );
    assert_eq!(
        (found[1].entities.len(), found[1].entities[2].len()),
        (3, 3)
    );
    let head = RelationHeadConfig {
        entities: None,
        ..RelationHeadConfig::new(5, 3)
    };
    let without: MarkerRelations = model(&head);
    let found = predict_relations(&without, &rows, MarkerEncoder::Factorized, by).unwrap();
    assert!(found[0].entities.is_empty() && found[0].relations.len() == 3);
}

#[test]
fn baselines_look_where_their_rows_say() {
    let encoder = MarkerEncoder::Factorized;
    let text = tokens(1, 8);

    let tagger: SequenceTagger = model(&TaggerConfig::new(3));
    let words = |words: Vec<usize>| WordRow {
        tokens: text.clone(),
        words,
    };
    let run = |row: &WordRow| tagger.logits(&[row], encoder, &OFF).unwrap();
    let both = run(&words(vec![1, 4]));
    assert!(distance(both.clone().narrow(0, 1, 1), run(&words(vec![4]))) < 1e-6);
    assert!(distance(both.narrow(0, 0, 1), run(&words(vec![4]))) > 1e-3);
    assert!(matches!(
        tagger.logits(&[&words(vec![8])], encoder, &OFF),
        Err(Error::Place {
            index: 8,
            count: 8,
            ..
        })
    ));

    let concat: SpanConcatNer = model(&SpanConcatConfig {
        one_dropout: false,
        ..SpanConcatConfig::new(3)
    });
    let spans = |spans: Vec<[usize; 2]>| SpanRow {
        tokens: text.clone(),
        spans,
    };
    let run = |row: &SpanRow| concat.logits(&[row], encoder, &OFF).unwrap();
    let both = run(&spans(vec![[1, 2], [2, 1]]));
    assert!(distance(both.clone().narrow(0, 0, 1), both.narrow(0, 1, 1)) > 1e-3);

    let solid: SolidPairRelations = model(&SolidPairConfig::new(3));
    let pair_row = |subject, object| PairRow {
        tokens: text.clone(),
        subject,
        object,
    };
    let run = |row: &PairRow| solid.logits(&[row], encoder, &OFF).unwrap();
    assert_eq!(run(&pair_row(1, 5)).dims(), [1, 3]);
    assert!(distance(run(&pair_row(1, 5)), run(&pair_row(5, 1))) > 1e-3);

    let tokens: TokenPairRelations = model(&TokenPairConfig::new(3));
    assert_eq!(tokens.head.classifier.weight.dims(), [64, 3]);
    let run = |pairs: Vec<[[usize; 2]; 2]>| {
        let row = TokenPairRow {
            tokens: text.clone(),
            pairs,
        };
        tokens.logits(&[&row], encoder, &OFF)
    };
    let both = run(vec![[[1, 2], [5, 5]], [[5, 5], [1, 2]]]).unwrap();
    let alone = run(vec![[[5, 5], [1, 2]]]).unwrap();
    assert!(distance(both.clone().narrow(0, 1, 1), alone) < 1e-5);
    assert!(distance(both.clone().narrow(0, 0, 1), both.narrow(0, 1, 1)) > 1e-3);
    assert!(run(vec![[[1, 2], [5, 99]]]).is_err());

    for (feature, width) in [
        (LevitatedPairFeature::Starts, 32),
        (LevitatedPairFeature::All, 64),
    ] {
        let levitated: LevitatedPairRelations = model(&LevitatedPairConfig {
            feature,
            ..LevitatedPairConfig::new(3)
        });
        assert_eq!(levitated.head.classifier.weight.dims(), [width, 3]);
        let mut row = MarkerRow {
            tokens: text.clone(),
            groups: vec![group(&[1, 2, 4, 6]), group(&[0, 0, 3, 3])],
        };
        let packed = levitated.logits(&[&row], encoder, &OFF).unwrap();
        row.groups.remove(0);
        let alone = levitated.logits(&[&row], encoder, &OFF).unwrap();
        assert!(distance(packed.narrow(0, 1, 1), alone) < 1e-5);
        row.groups.push(pair(0, 1));
        let error = levitated.logits(&[&row], encoder, &OFF).unwrap_err();
        assert!(matches!(
            error,
            Error::Size(SizeError {
                found: 2,
                expected: 4,
                ..
            })
        ));
    }
}

#[test]
fn settings_and_labels_are_checked() {
    let levitated = NerHeadConfig {
        feature: NerFeature::Levitated,
        bilinear: true,
        ..NerHeadConfig::new(3)
    };
    assert!(levitated.check().is_err());
    assert!(NerHeadConfig::new(0).check().is_err());
    assert!(RelationHeadConfig::new(5, 0).check().is_err());
    let dropout = TaggerConfig {
        dropout: 1.0,
        ..TaggerConfig::new(3)
    };
    assert!(dropout.check().is_err());

    let model: MarkerNer = model(&NerHeadConfig::new(3));
    let example = |labels| Labeled {
        row: MarkerRow {
            tokens: tokens(0, 5),
            groups: vec![pair(0, 1), pair(2, 2)],
        },
        labels,
    };
    assert!(model.check(0, &example(vec![0, 2])).is_ok());
    assert!(matches!(
        model.check(0, &example(vec![0])),
        Err(Error::Size(_))
    ));
    let error = model
        .check(7, &example(vec![0, 3]))
        .unwrap_err()
        .to_string();
    assert!(error.contains("example 7: target 1 is class 3"), "{error}");
}
