use plm_core::rng::Seed;
use plm_event_contrast::amr::TokenSpan;
use plm_event_contrast::finetune::EventLabels;
use plm_event_contrast::generate::{GeneratedSentence, GeneratorConfig, generate};
use plm_event_contrast::gin::{Gin, GinConfig, NodeVectors, SentenceGraphs};
use plm_event_contrast::jcsc::{Jcsc, RoleAware};
use plm_event_contrast::liberal::{CandidateVectors, GoldClasses, LiberalCandidates, join};
use plm_event_contrast::pairs::{PairSettings, SentencePairs, Trigger, extract, extract_any};
use plm_event_contrast::score::{LiberalScoring, Mention};
use plm_event_contrast::text::{EventContrast, EventEncoder, SpanVectors};

use super::graph_pretraining::event_graphs;
use super::support::{aligned, bert, corpus, device, span_encoder};

/// The gold triggers and arguments of sentences.
fn gold(sentences: &[GeneratedSentence]) -> (GoldClasses, GoldClasses) {
    let documents: Vec<_> = sentences.iter().map(|each| each.document.clone()).collect();
    let labels = EventLabels::of(&documents);
    let (mut triggers, mut arguments) = (GoldClasses::default(), GoldClasses::default());
    for (sentence, document) in documents.iter().enumerate() {
        for event in &document.events {
            let span = event.mentions[0].span;
            let trigger = (span.start, span.end);
            triggers.mentions.push(Mention::trigger(sentence, trigger));
            triggers
                .classes
                .push(labels.type_class(&event.event_type).unwrap());
            for argument in &event.arguments {
                let span = document.spans(argument.filler)[0];
                let span = (span.start, span.end);
                arguments
                    .mentions
                    .push(Mention::argument(sentence, span, trigger));
                arguments
                    .classes
                    .push(labels.role_class(&argument.role).unwrap());
            }
        }
    }
    (triggers, arguments)
}

#[test]
fn clusters_of_text_graph_and_both_are_scored() {
    let (encoder, device) = (span_encoder(64), device());
    let sentences = corpus(60, 1, 1).unlabeled;
    let settings = PairSettings { keep_named: true };
    let pairs: Vec<_> = aligned(&sentences)
        .iter()
        .map(|graph| extract(graph, settings))
        .collect();
    let candidates = LiberalCandidates::new(&pairs).unwrap();
    let (triggers, arguments) = gold(&sentences);
    let graphs = event_graphs(&sentences);
    let tokens: Vec<Vec<String>> = sentences.iter().map(|s| s.tokens().to_vec()).collect();
    let vectors = NodeVectors::hashed(&graphs, &tokens, 16, Seed::new(2)).unwrap();
    let graphs = SentenceGraphs::new(graphs, vectors, 4).unwrap();
    let config = GinConfig {
        token_width: 16,
        position_width: 4,
        hidden: 16,
        output: 16,
        ..GinConfig::default()
    };
    let gin = Gin::new(config, Seed::new(3), &device).unwrap();
    let contrast = EventContrast::default();
    let model = EventEncoder::new(bert(&device), &contrast, Seed::new(1), &device);
    let text = |model: &EventEncoder, states| {
        candidates
            .text_vectors(model, states, &encoder, 16, &device)
            .unwrap()
    };
    let of_graph = candidates
        .graph_vectors(&gin, &graphs, 16, &device)
        .unwrap();
    assert!(of_graph.triggers.values.iter().any(|&value| value != 0.0));
    let mut jcsc = Jcsc::new(6..=6, 6..=6);
    jcsc.iterations = 2;
    let score = |vectors: &_, aware| {
        let fit = candidates.cluster(vectors, &jcsc, aware).unwrap();
        let scoring = LiberalScoring::default();
        candidates
            .score(&fit, &scoring, &triggers, &arguments)
            .unwrap()
    };
    let untrained = text(&model, false);
    let both = join(&text(&model, true), &of_graph).unwrap();
    for (vectors, aware) in [
        (&of_graph, None),
        (&both, None),
        (&both, Some(RoleAware { lambda: 0.5 })),
    ] {
        let report = score(vectors, aware);
        // Only "after" and "though" clauses name triggers that are none.
        assert!(report.triggers.coverage.recall() > 0.95);
        assert!(report.arguments.coverage.recall() > 0.95);
        let found = report.triggers.clusters.unwrap().b_cubed.f1;
        assert!(found > 0.15, "{found}");
    }
    let found = score(&untrained, None).triggers.clusters.unwrap();
    assert!(found.b_cubed.f1 > 0.15, "{found:?}");
}

/// A sentence with one event has nothing to contrast, but an event to be found.
#[test]
fn single_events_are_candidates() {
    let config = GeneratorConfig {
        unlabeled: 40,
        labeled: 1,
        development: 1,
        test: 1,
        event_types: 6,
        min_events: 1,
        max_events: 2,
        distractors: 0.0,
        held_out_triggers: 0,
        held_out_fillers: 0.0,
        ..GeneratorConfig::default()
    };
    let sentences = generate(&config, Seed::new(11)).unwrap().unlabeled;
    let settings = PairSettings { keep_named: true };
    let (triggers, _) = gold(&sentences);
    let covered = |pairs: &[Option<SentencePairs>]| {
        let candidates = LiberalCandidates::new(pairs).unwrap().triggers;
        let found = |mention: &&Mention| {
            let (sentence, (start, end)) = (mention.sentence, mention.span);
            candidates.contains(&(sentence, TokenSpan::new(start, end)))
        };
        triggers.mentions.iter().filter(found).count() as f64 / triggers.mentions.len() as f64
    };
    let graphs = aligned(&sentences);
    let contrasted: Vec<_> = graphs
        .iter()
        .map(|graph| extract(graph, settings))
        .collect();
    let all: Vec<_> = graphs
        .iter()
        .map(|graph| extract_any(graph, settings))
        .collect();
    let (contrasted, all) = (covered(&contrasted), covered(&all));
    assert!(all > 0.95 && contrasted < 0.9, "{contrasted} {all}");
}

/// Vectors that say the gold type give the gold clusters.
#[test]
fn gold_vectors_give_gold_clusters() {
    let sentences = corpus(30, 1, 1).unlabeled;
    let settings = PairSettings { keep_named: true };
    let graphs = aligned(&sentences);
    let pairs: Vec<_> = graphs
        .iter()
        .map(|graph| extract(graph, settings))
        .collect();
    let candidates = LiberalCandidates::new(&pairs).unwrap();
    let (triggers, arguments) = gold(&sentences);
    let one_hot = |sentence: usize, span: TokenSpan| {
        let own = Mention::trigger(sentence, (span.start, span.end));
        let at = triggers.mentions.iter().position(|other| *other == own);
        let class = at.map_or(0, |at| triggers.classes[at]);
        (0..7).map(move |other| f32::from(u8::from(other == class)))
    };
    let vectors = |width, values| SpanVectors { width, values };
    let rows = candidates
        .triggers
        .iter()
        .flat_map(|&(s, span)| one_hot(s, span));
    let vectors = CandidateVectors {
        triggers: vectors(7, rows.collect()),
        arguments: vectors(1, vec![1.0; candidates.arguments.len()]),
    };
    let mut jcsc = Jcsc::new(6..=6, 1..=1);
    jcsc.iterations = 0;
    let fit = candidates.cluster(&vectors, &jcsc, None).unwrap();
    let scoring = LiberalScoring::default();
    let report = candidates
        .score(&fit, &scoring, &triggers, &arguments)
        .unwrap();
    assert_eq!(report.triggers.coverage.precision(), 1.0);
    assert_eq!(report.triggers.clusters.unwrap().b_cubed.f1, 1.0);
    assert!(report.arguments.clusters.unwrap().b_cubed.f1 < 1.0);
    assert!(LiberalCandidates::new(&[None]).is_err());
}

/// Four triggers of one meaning with the same two arguments: only the roles differ.
#[test]
fn roles_tell_triggers_apart() {
    let span = |at: usize| TokenSpan::new(at, at + 1);
    let trigger = |at: usize, roles: [&[&str]; 2]| Trigger {
        trigger: span(at),
        arguments: vec![span(4), span(5)],
        roles: roles
            .map(|roles| -> Vec<String> { roles.iter().map(|&role| role.to_owned()).collect() })
            .into(),
        negatives: Vec::new(),
    };
    let candidates = |second: [&[&str]; 2]| {
        let first: [&[&str]; 2] = [&["ARG0"], &["ARG1"]];
        let pairs = SentencePairs {
            id: "one".to_owned(),
            tokens: vec!["w".to_owned(); 6],
            auto_aligned: false,
            triggers: vec![
                trigger(0, first),
                trigger(1, first),
                trigger(2, second),
                trigger(3, second),
            ],
        };
        LiberalCandidates::new(&[Some(pairs)]).unwrap()
    };
    let vectors = CandidateVectors {
        triggers: SpanVectors {
            width: 2,
            values: [1.0, 0.0].repeat(4),
        },
        arguments: SpanVectors {
            width: 2,
            values: vec![1.0, 0.0, 0.0, 1.0],
        },
    };
    // With swapped roles what fills a role is orthogonal: two groups of similarity 1 within and 0
    // between.
    let swapped = candidates([&["arg1"], &["ARG0"]]);
    let mut jcsc = Jcsc::new(2..=2, 1..=1);
    jcsc.iterations = 0;
    let by_roles = Some(RoleAware { lambda: 0.0 });
    let fit = swapped.cluster(&vectors, &jcsc, by_roles).unwrap();
    assert_eq!(fit.trigger_labels, [0, 0, 1, 1]);
    let roles = |candidates: &LiberalCandidates| -> Vec<u32> {
        let links = candidates.links.links().iter();
        links.map(|link| link.role).collect()
    };
    assert_eq!(roles(&swapped), [1, 2, 1, 2, 2, 1, 2, 1]);

    // An argument in two roles is linked twice and counts once.
    let twice = candidates([&["ARG0", "ARG2"], &[]]);
    assert_eq!(roles(&twice), [1, 2, 1, 2, 1, 3, 0, 1, 3, 0]);
    let scoring = LiberalScoring::default();
    let none = GoldClasses::default();
    let report = twice.score(&fit, &scoring, &none, &none).unwrap();
    assert_eq!(report.arguments.coverage.system, 8);
}
