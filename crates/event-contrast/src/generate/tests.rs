//! The corpus keeps what it promises.

use std::collections::{BTreeMap, HashSet};

use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, Tokenizer};
use proptest::prelude::*;

use super::event_kinds::EVENT_KINDS;
use super::lexicon::{
    ADJECTIVES, CONCESSIONS, LOCATIONS, NAMES, Pool, SCENERY, STATES, TIMES, TOWNS,
};
use super::*;
use crate::data::{EventDocument, Filler};

fn small() -> GeneratorConfig {
    GeneratorConfig {
        unlabeled: 300,
        labeled: 200,
        development: 50,
        test: 200,
        ..GeneratorConfig::default()
    }
}

fn corpus(config: &GeneratorConfig) -> GeneratedCorpus {
    generate(config, Seed::new(5)).unwrap()
}

fn all(corpus: &GeneratedCorpus) -> impl Iterator<Item = &GeneratedSentence> {
    let parts = [
        &corpus.unlabeled,
        &corpus.labeled,
        &corpus.development,
        &corpus.test,
    ];
    parts.into_iter().flatten()
}

/// Type, trigger and object of every event.
fn events(document: &EventDocument) -> Vec<(String, String, String)> {
    let word = |span| document.tokens(span).unwrap().concat().to_lowercase();
    let object = |event: &crate::data::Event| {
        let kind = EVENT_KINDS
            .iter()
            .find(|kind| kind.name == event.event_type);
        let role = kind.unwrap().object.role;
        let argument = event.arguments.iter().find(|a| a.role == role).unwrap();
        word(document.spans(argument.filler)[0])
    };
    document
        .events
        .iter()
        .map(|event| {
            let trigger = word(event.mentions[0].span);
            (event.event_type.clone(), trigger, object(event))
        })
        .collect()
}

#[test]
fn spans_stand_at_their_words() {
    for sentence in all(&corpus(&small())) {
        let document = &sentence.document;
        document.validate().unwrap();
        assert!(!document.events.is_empty());
        let tokens = sentence.tokens();
        assert_eq!(tokens.last().unwrap(), ".");
        let roots: HashSet<usize> = document
            .events
            .iter()
            .map(|e| e.mentions[0].span.start)
            .collect();
        assert_eq!(roots.len(), document.events.len());
        for event in &document.events {
            let at = event.mentions[0].span.start;
            let kind = EVENT_KINDS
                .iter()
                .find(|kind| kind.name == event.event_type);
            let trigger = kind
                .unwrap()
                .triggers
                .iter()
                .find(|t| t.past == tokens[at] || t.participle == tokens[at])
                .unwrap_or_else(|| panic!("{} in {tokens:?}", tokens[at]));
            let concept = format!("{}-01", trigger.lemma);
            let node = sentence
                .graph
                .nodes
                .iter()
                .position(|node| node.concept == concept && node.span == Some((at, at + 1)));
            let node = node.unwrap_or_else(|| panic!("{concept} in {}", sentence.penman(true)));
            // Gold arguments are edges of the graph to nodes at the same words, and no others.
            let mut spans: Vec<_> = event
                .arguments
                .iter()
                .map(|argument| document.spans(argument.filler)[0])
                .map(|span| Some((span.start, span.end)))
                .collect();
            let leaving = sentence.graph.edges.iter().filter(|edge| {
                let linked = ["after", "concession"];
                let to = &sentence.graph.nodes[edge.target].concept;
                edge.source == node && edge.role != linked[1] && to != linked[0]
            });
            let mut targets: Vec<_> = leaving
                .map(|edge| sentence.graph.nodes[edge.target].span)
                .collect();
            spans.sort_unstable();
            targets.sort_unstable();
            assert_eq!(spans, targets, "{}", sentence.penman(true));
            assert!(event.arguments.len() >= 2);
        }
        for entity in &document.entities {
            let at = entity.mentions[0].span.start;
            let word = tokens[at].to_lowercase();
            let said = sentence.graph.nodes.iter().any(|node| {
                let concept = node.concept.trim_matches('"').to_lowercase();
                node.span == Some((at, at + 1)) && concept == word
            });
            assert!(said, "{word} in {}", sentence.penman(true));
        }
    }
}

#[test]
fn graphs_are_whole() {
    for sentence in all(&corpus(&small())) {
        let graph = &sentence.graph;
        let named = graph.nodes.iter().filter(|node| !node.constant);
        let variables: HashSet<&str> = named.clone().map(|node| node.variable.as_str()).collect();
        assert_eq!(variables.len(), named.count());
        let text = sentence.penman(true);
        let count = |mark: char| text.chars().filter(|&c| c == mark).count();
        assert_eq!(count('('), variables.len(), "{text}");
        assert_eq!(count(')'), variables.len(), "{text}");
        assert_eq!(text.matches(" :").count(), graph.edges.len(), "{text}");
        assert_eq!(text.matches("~e.").count(), graph.nodes.len(), "{text}");
        let block = sentence.jamr();
        assert_eq!(block.matches("# ::node\t").count(), graph.nodes.len());
        assert_eq!(block.matches("# ::edge\t").count(), graph.edges.len());
        assert!(block.contains(&format!("# ::tok {}\n", sentence.tokens().join(" "))));
    }
}

#[test]
fn test_words_are_not_labeled() {
    let corpus = corpus(&small());
    let gather = |sentences: &[GeneratedSentence]| -> (HashSet<_>, HashSet<_>) {
        let found = sentences.iter().flat_map(|s| events(&s.document));
        let found: Vec<_> = found.collect();
        let triggers = found.iter().map(|e| (e.0.clone(), e.1.clone()));
        let objects = found.iter().map(|e| (e.0.clone(), e.2.clone()));
        (triggers.clone().collect(), objects.clone().collect())
    };
    let test = gather(&corpus.test);
    for labeled in [&corpus.labeled, &corpus.development] {
        let labeled = gather(labeled);
        assert!(test.0.is_disjoint(&labeled.0));
        assert!(test.1.is_disjoint(&labeled.1));
    }
    // Pre-training has met nearly all of both.
    let unlabeled = gather(&corpus.unlabeled);
    let met = test.0.iter().filter(|t| unlabeled.0.contains(t)).count();
    assert!(met * 10 >= test.0.len() * 9, "{met} of {}", test.0.len());
    for held in &corpus.held_out {
        assert_eq!(held.triggers.len(), 2);
        assert!(!held.fillers.is_empty());
    }
    let held = corpus.held_out.iter().flat_map(|held| &held.triggers);
    let held: HashSet<&str> = held.flat_map(|t| [t.0, t.1]).collect();
    for (_, trigger) in &test.0 {
        assert!(held.contains(trigger.as_str()), "{trigger}");
    }
}

#[test]
fn without_holding_out_the_parts_share_words() {
    let config = GeneratorConfig {
        held_out_triggers: 0,
        held_out_fillers: 0.0,
        ..small()
    };
    let corpus = corpus(&config);
    let triggers = |sentences: &[GeneratedSentence]| -> HashSet<String> {
        let found = sentences.iter().flat_map(|s| events(&s.document));
        found.map(|event| event.1).collect()
    };
    let (test, labeled) = (triggers(&corpus.test), triggers(&corpus.labeled));
    assert!(test.intersection(&labeled).count() * 10 > test.len() * 8);
}

#[test]
fn types_are_balanced() {
    let corpus = corpus(&small());
    for part in [&corpus.labeled, &corpus.test] {
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for event in part.iter().flat_map(|s| &s.document.events) {
            *counts.entry(&event.event_type).or_default() += 1;
            let name = corpus.event_types[event.type_id.unwrap() - 1];
            assert_eq!(name, event.event_type);
        }
        assert_eq!(counts.len(), 16);
        let (least, most) = (counts.values().min(), counts.values().max());
        assert!(most.unwrap() - least.unwrap() <= 1, "{counts:?}");
    }
}

#[test]
fn the_seed_decides() {
    let config = small();
    let first = corpus(&config);
    assert_eq!(first, corpus(&config));
    let other = generate(&config, Seed::new(6)).unwrap();
    assert_ne!(first.labeled, other.labeled);
    let longer = GeneratorConfig {
        labeled: 210,
        ..config
    };
    assert_eq!(corpus(&longer).labeled[..200], first.labeled);
    let distinct: HashSet<String> = all(&first).map(|s| s.tokens().join(" ")).collect();
    assert!(distinct.len() * 100 > all(&first).count() * 95);
}

#[test]
fn sentences_share_arguments() {
    let corpus = corpus(&GeneratorConfig {
        min_events: 2,
        ..small()
    });
    let shared = |sentence: &&GeneratedSentence| {
        let mut seen = HashSet::new();
        let events = sentence.document.events.iter();
        events
            .flat_map(|event| &event.arguments)
            .any(|argument| match argument.filler {
                Filler::Entity(entity) => !seen.insert(entity),
                _ => false,
            })
    };
    let count = corpus.unlabeled.iter().filter(shared).count();
    assert!(count * 10 > corpus.unlabeled.len() * 6, "{count}");
}

#[test]
fn difficulty_does_what_it_says() {
    let hard = corpus(&GeneratorConfig {
        unaligned: 1.0,
        distractors: 1.0,
        modifiers: 0.0,
        names: 0.0,
        places: 0.0,
        times: 0.0,
        ..small()
    });
    for sentence in &hard.unlabeled {
        assert!(!sentence.penman(true).contains("~e."));
        assert!(!sentence.penman(true).contains(":mod"));
        let roles = sentence.document.events.iter().flat_map(|e| &e.arguments);
        assert!(roles.clone().all(|a| a.role != "Time" && a.role != "Place"));
    }
    for sentence in &hard.unlabeled {
        assert!(sentence.penman(false).contains(":concession"));
    }
    let opened = |s: &&GeneratedSentence| s.tokens()[0].to_lowercase().ends_with("though");
    let count = hard.unlabeled.iter().filter(opened).count();
    assert!((120..=180).contains(&count), "{count}");
}

#[test]
fn words_are_in_the_small_models_vocabulary() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/plm-mini");
    let tokenizer = Tokenizer::from_dir(folder).unwrap();
    let known = |word: &str| tokenizer.token_to_id(&word.to_lowercase()).is_some();
    let corpus = corpus(&GeneratorConfig {
        event_types: 20,
        ..small()
    });
    let words: Vec<&String> = all(&corpus).flat_map(|s| s.tokens()).collect();
    let share = words.iter().filter(|w| known(w)).count() as f64 / words.len() as f64;
    assert!(share > 0.98, "{share}");
    let sentence = corpus.unlabeled[0].tokens().join(" ");
    let encoding = tokenizer.encode(&sentence, &EncodeOptions::new()).unwrap();
    assert!(encoding.len() >= corpus.unlabeled[0].tokens().len() + 2);
    // Only a few triggers are in several pieces; every other word is in one.
    let nouns = EVENT_KINDS
        .iter()
        .flat_map(|kind| kind.agent.pools.iter().chain(kind.object.pools))
        .flat_map(|pool: &Pool| pool.words());
    let times = TIMES.iter().map(|time| &time.1);
    let places = LOCATIONS.iter().map(|place| &place.1);
    for word in [NAMES, TOWNS, ADJECTIVES, SCENERY, STATES, CONCESSIONS]
        .into_iter()
        .flatten()
        .chain(nouns)
        .chain(times)
        .chain(places)
    {
        assert!(known(word), "{word}");
    }
    let triggers = EVENT_KINDS.iter().flat_map(|kind| &kind.triggers);
    let unknown: Vec<&str> = triggers.map(|t| t.past).filter(|t| !known(t)).collect();
    assert!(unknown.len() <= 5, "{unknown:?}");
}

#[test]
fn triggers_belong_to_one_type() {
    let mut seen = HashSet::new();
    for trigger in EVENT_KINDS.iter().flat_map(|kind| &kind.triggers) {
        assert!(seen.insert(trigger.past), "{}", trigger.past);
        assert!(trigger.past == trigger.participle || seen.insert(trigger.participle));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_settings_give_whole_sentences(seed in any::<u64>(), types in 2..=20_usize,
        triggers in 1..=5_usize, held in 0..5_usize, fillers in 0.0..1.0_f64,
        shares in prop::array::uniform8(0.0..=1.0_f64)) {
        let [mixing, names, modifiers, passives, places, times, distractors, unaligned] = shares;
        let config = GeneratorConfig {
            unlabeled: 20, labeled: 20, development: 5, test: 20,
            event_types: types, triggers_per_type: triggers,
            held_out_triggers: held.min(triggers - 1), held_out_fillers: fillers,
            min_events: 1, max_events: 3,
            mixing, names, modifiers, passives, places, times, distractors, unaligned,
        };
        let corpus = generate(&config, Seed::new(seed)).unwrap();
        for sentence in all(&corpus) {
            sentence.document.validate().unwrap();
            let text = sentence.penman(true);
            prop_assert_eq!(text.matches(" :").count(), sentence.graph.edges.len());
        }
        let labeled: HashSet<_> = corpus.labeled.iter().chain(&corpus.development)
            .flat_map(|s| events(&s.document)).map(|e| (e.0, e.2)).collect();
        for event in corpus.test.iter().flat_map(|s| events(&s.document)) {
            prop_assert!(fillers == 0.0 || !labeled.contains(&(event.0, event.2)));
        }
    }
}
