use burn::tensor::Device;
use plm_core::rng::Seed;
use plm_core::train::{CheckpointConfig, Every, Observer, TrainReport, checksum};
use plm_event_contrast::amr::TokenSpan;
use plm_event_contrast::pairs::{PairSettings, PairSource};
use plm_event_contrast::text::{
    ContrastSentence, ContrastTrigger, EventContrast, EventEncoder, PairPlan, SpanEncoder,
    TextPretraining, pretrain_text, retrieval_scores,
};

use super::support::{aligned, bert, corpus, device, masked_bert, span_encoder, stop_after};

fn sentences(encoder: &SpanEncoder, count: usize) -> Vec<ContrastSentence> {
    let graphs = aligned(&corpus(count, 1, 1).unlabeled);
    let settings = PairSettings { keep_named: true };
    let pairs = PairSource::Amr(&graphs, settings).pairs();
    ContrastSentence::all(encoder, &pairs).unwrap()
}

fn settings() -> TextPretraining {
    TextPretraining {
        epochs: 20,
        lr: 3e-3,
        warmup_ratio: 0.1,
        ..TextPretraining::default()
    }
}

#[test]
fn retrieval_rises() {
    let (encoder, device) = (span_encoder(64), device());
    let all = sentences(&encoder, 320);
    let (train, test) = all.split_at(all.len() - 60);
    let contrast = EventContrast::default();
    let model = EventEncoder::new(bert(&device), &contrast, Seed::new(1), &device);
    let score = |model: &EventEncoder| {
        let scores = retrieval_scores(model, test, &encoder, 32, &device).unwrap();
        scores.by_maps
    };
    let before = score(&model);
    let (model, report) =
        pretrain_text(model, train, &encoder, &settings(), None, &device).unwrap();
    let after = score(&model);
    let losses = report.best.unwrap().metric;
    let figures = format!("{before:?} {after:?} {losses}");
    assert!(after.contrasted > 80, "{figures}");
    assert!(after.in_sentence > before.in_sentence + 0.3, "{figures}");
    assert!(after.overall > before.overall + 0.2, "{figures}");
}

#[test]
fn negatives_of_the_own_sentence_can_be_left_out() {
    let encoder = span_encoder(64);
    let sentences = sentences(&encoder, 6);
    let sentences: Vec<&ContrastSentence> = sentences.iter().collect();
    // Negatives of the own and of other sentences.
    let count = |contrast: EventContrast, same_sentence: bool| {
        let contrast = EventContrast {
            same_sentence,
            ..contrast
        };
        let plan = PairPlan::new(&sentences, &contrast, Seed::new(1));
        let (mut own, mut others) = (0, 0);
        for pair in &plan.pairs {
            for span in pair
                .argument_negatives
                .iter()
                .chain(&pair.trigger_negatives)
            {
                if span.sentence == pair.trigger.sentence {
                    own += 1;
                } else {
                    others += 1;
                }
            }
        }
        (own, others)
    };
    let (own, others) = count(EventContrast::released(), true);
    assert!(own > 0 && others == 0, "{own} {others}");
    assert_eq!(count(EventContrast::released(), false), (0, 0));
    let (own, others) = count(EventContrast::paper(), true);
    assert!(own > 0 && others > 0, "{own} {others}");
    let (own, others) = count(EventContrast::paper(), false);
    assert!(own == 0 && others > 0, "{own} {others}");
}

#[test]
fn states_are_compared_without_maps() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = sentences(&encoder, 30);
    let model = EventEncoder::new(
        bert(&device),
        &EventContrast::default(),
        Seed::new(1),
        &device,
    );
    let score =
        |model: &EventEncoder| retrieval_scores(model, &sentences, &encoder, 16, &device).unwrap();
    let found = score(&model);
    assert_eq!(
        (found.by_states.contrasted, found.by_states.triggers),
        (found.by_maps.contrasted, found.by_maps.triggers)
    );
    let other = EventEncoder {
        projections: None,
        ..model
    };
    assert_eq!(score(&other).by_states, found.by_states);
}

fn run(
    dir: &std::path::Path,
    sentences: &[ContrastSentence],
    encoder: &SpanEncoder,
    observer: Option<&mut dyn Observer>,
    device: &Device,
) -> (String, TrainReport) {
    let settings = TextPretraining {
        epochs: 2,
        mlm_weight: 0.5,
        checkpoint: Some(CheckpointConfig {
            every: Every::Steps(2),
            ..CheckpointConfig::new(dir)
        }),
        ..settings()
    };
    let contrast = settings.contrast;
    let model = EventEncoder::from_masked_lm(masked_bert(device), &contrast, Seed::new(1), device);
    let (model, report) =
        pretrain_text(model, sentences, encoder, &settings, observer, device).unwrap();
    (checksum(&model, |_| true), report)
}

#[test]
fn resumed_runs_equal_uninterrupted_ones() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = sentences(&encoder, 60);
    let dir = tempfile::tempdir().unwrap();
    let whole = run(
        &dir.path().join("whole"),
        &sentences,
        &encoder,
        None,
        &device,
    );
    let parts = dir.path().join("parts");
    let mut stop = stop_after(3);
    let (_, first) = run(&parts, &sentences, &encoder, Some(&mut stop), &device);
    assert_eq!(first.step, 3);
    let second = run(&parts, &sentences, &encoder, None, &device);
    assert_eq!(second.1.resumed_from, Some(3));
    assert_eq!(second.0, whole.0);
    assert_eq!(second.1.best, whole.1.best);
}

/// Without the contrast masked words are learned in as many steps, and the maps stay as they were.
#[test]
fn masked_words_alone_leave_the_maps() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = sentences(&encoder, 40);
    let contrast = EventContrast::default();
    let train = |contrast_weight: f64| {
        let settings = TextPretraining {
            contrast_weight,
            mlm_weight: 1.0,
            epochs: 2,
            held_out: 0.0,
            ..settings()
        };
        let model =
            EventEncoder::from_masked_lm(masked_bert(&device), &contrast, Seed::new(1), &device);
        let of = |model: &EventEncoder, under: &str| checksum(model, |param| param.is_under(under));
        let before = [of(&model, "projections"), of(&model, "encoder")];
        let (model, report) =
            pretrain_text(model, &sentences, &encoder, &settings, None, &device).unwrap();
        // Nothing is held out, so that there is nothing to choose by.
        assert_eq!(report.best, None);
        let after = [of(&model, "projections"), of(&model, "encoder")];
        let changed = [before[0] != after[0], before[1] != after[1]];
        (changed, report.step)
    };
    let (alone, steps) = train(0.0);
    assert_eq!(alone, [false, true]);
    assert_eq!(train(1.0), ([true, true], steps));
}

#[test]
fn settings_that_do_not_fit_are_refused() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = sentences(&encoder, 12);
    let refused = |settings: TextPretraining, sentences: &[ContrastSentence]| {
        let model = EventEncoder::new(bert(&device), &settings.contrast, Seed::new(1), &device);
        let result = pretrain_text(model, sentences, &encoder, &settings, None, &device);
        result.unwrap_err().to_string()
    };
    let masked = TextPretraining {
        mlm_weight: 1.0,
        ..settings()
    };
    assert!(refused(masked, &sentences).contains("masked-LM head"));
    assert!(refused(settings(), &sentences[..1]).contains("too few"));
    let cold = TextPretraining {
        contrast: EventContrast {
            score: plm_event_contrast::text::ScoreFunction::Cosine { tau: 0.0 },
            ..EventContrast::default()
        },
        ..settings()
    };
    assert!(refused(cold, &sentences).contains("`tau` is 0"));
    let nothing = TextPretraining {
        contrast_weight: 0.0,
        ..settings()
    };
    assert!(refused(nothing.clone(), &sentences).contains("`mlm_weight` are 0"));
    let unjudged = TextPretraining {
        mlm_weight: 1.0,
        ..nothing
    };
    assert!(refused(unjudged, &sentences).contains("hold out none"));
    let held_out = TextPretraining {
        held_out: 1.0,
        ..settings()
    };
    assert!(refused(held_out, &sentences).contains("held_out"));
}

#[test]
fn sentences_beyond_the_tables_of_the_encoder_are_refused() {
    let (encoder, device) = (span_encoder(200), device());
    let mut sentences = sentences(&encoder, 12);
    let contrast = EventContrast::default();
    let model = EventEncoder::new(bert(&device), &contrast, Seed::new(1), &device);
    let refused = |sentences: &[ContrastSentence], expected: &str| {
        let settings = settings();
        let trained = pretrain_text(model.clone(), sentences, &encoder, &settings, None, &device);
        let scored = retrieval_scores(&model, sentences, &encoder, 4, &device);
        for error in [trained.err(), scored.err()] {
            let error = error.unwrap().to_string();
            assert!(
                error.starts_with("sentence 1: ") && error.contains(expected),
                "{error}"
            );
        }
    };
    let tokens = vec!["city".to_owned(); 150];
    let spans = [TokenSpan::new(0, 1), TokenSpan::new(1, 2)];
    let encoded = encoder.encode(&tokens, &spans).unwrap();
    let range = |span: usize| encoded.ranges[span].clone().unwrap();
    sentences[1] = ContrastSentence {
        encoding: encoded.encoding.clone(),
        triggers: vec![ContrastTrigger {
            trigger: range(0),
            arguments: vec![range(1)],
            negatives: Vec::new(),
        }],
    };
    refused(&sentences, "the encoder takes 128");
    sentences[1] = sentences[0].clone();
    sentences[1].encoding.ids[1] = 8192;
    refused(&sentences, "the token 8192");
}

#[test]
fn maps_of_another_score_are_refused() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = sentences(&encoder, 12);
    let ways = [EventContrast::default(), EventContrast::paper()];
    for (made, used) in [(0, 1), (1, 0)] {
        let model = EventEncoder::new(bert(&device), &ways[made], Seed::new(1), &device);
        let settings = TextPretraining {
            contrast: ways[used],
            ..settings()
        };
        let result = pretrain_text(model, &sentences, &encoder, &settings, None, &device);
        let error = result.unwrap_err().to_string();
        assert!(error.contains("other maps than those of"), "{error}");
    }
}
