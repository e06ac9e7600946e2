//! Documents with nested entities and relations, and small models of random weights.

use burn::tensor::Device;
use plm_core::config::EncoderConfig;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{Tokenizer, WordPieceTraining};

use crate::data::{Document, Entity, RelationMention, Sentence};
use crate::heads::{NerHeadConfig, RelationHeadConfig};
use crate::labels::{LabelSet, RelationSpace};
use crate::markers::{published_entity_init, published_relation_init};
use crate::model::{MarkerNer, MarkerRelations};
use crate::pipeline::{EntitySettings, EntityStage, Extractor, RelationSettings, RelationStage};
use crate::testing::span;

/// Words, entities (first word, last word, type), relations (subject, object, label; by entity).
type Toy = (
    &'static str,
    &'static [(usize, usize, &'static str)],
    &'static [(usize, usize, &'static str)],
);

const SENTENCES: [Toy; 8] = [
    (
        "Anna lives in Rome .",
        &[(0, 0, "PER"), (3, 3, "LOC")],
        &[(0, 1, "lives")],
    ),
    (
        "Anna met Carl in Oslo .",
        &[(0, 0, "PER"), (2, 2, "PER"), (4, 4, "LOC")],
        &[(0, 1, "meets")],
    ),
    (
        "The University of Rome knows Anna .",
        &[(1, 3, "ORG"), (3, 3, "LOC"), (5, 5, "PER")],
        &[(0, 1, "in"), (2, 0, "works")],
    ),
    ("It rained in the evening .", &[], &[]),
    (
        "Carl knows the University of Oslo .",
        &[(0, 0, "PER"), (3, 5, "ORG"), (5, 5, "LOC")],
        &[(1, 2, "in"), (0, 1, "works")],
    ),
    (
        "In Oslo lives Carl .",
        &[(1, 1, "LOC"), (3, 3, "PER")],
        &[(1, 0, "lives")],
    ),
    ("Rome rained .", &[(0, 0, "LOC")], &[]),
    (
        "Carl and Anna met .",
        &[(0, 0, "PER"), (2, 2, "PER")],
        &[(1, 0, "meets")],
    ),
];

fn sentence((words, entities, relations): &Toy) -> Sentence {
    let of = |at: usize| span(entities[at].0, entities[at].1);
    Sentence {
        entities: entities
            .iter()
            .map(|&(first, last, label)| Entity {
                span: span(first, last),
                label: label.to_owned(),
            })
            .collect(),
        relations: relations
            .iter()
            .map(|&(subject, object, label)| RelationMention {
                subject: of(subject),
                object: of(object),
                label: label.to_owned(),
            })
            .collect(),
        ..Sentence::new(words.split(' '))
    }
}

/// Two documents of four sentences, with their text.
pub(super) fn documents() -> Vec<Document> {
    let halves = SENTENCES.chunks(4).enumerate();
    halves
        .map(|(number, half)| {
            let mut document =
                Document::new(format!("toy {number}"), half.iter().map(sentence).collect());
            document.layers.entities = true;
            document.layers.relations = true;
            document.join_words();
            document
        })
        .collect()
}

/// The documents without the entities that lie inside of others, and without relations of these.
pub(super) fn flat_documents() -> Vec<Document> {
    let mut documents = documents();
    for sentence in documents.iter_mut().flat_map(|d| &mut d.sentences) {
        let all = sentence.entities.clone();
        sentence.entities.retain(|one| {
            let wider = |other: &&Entity| other.span.width() > one.span.width();
            !all.iter()
                .filter(wider)
                .any(|other| other.span.overlaps(one.span))
        });
        let spans: Vec<_> = sentence.entities.iter().map(|one| one.span).collect();
        let known =
            |one: &RelationMention| spans.contains(&one.subject) && spans.contains(&one.object);
        sentence.relations.retain(known);
    }
    documents
}

pub(super) fn labels() -> LabelSet {
    LabelSet::from_documents(&documents()).unwrap()
}

pub(super) fn relations() -> RelationSpace {
    RelationSpace::from_documents(&documents(), &["meets"]).unwrap()
}

pub(super) fn tokenizer() -> Tokenizer {
    let training = WordPieceTraining {
        vocab_size: 300,
        min_frequency: 1,
        unused: 8,
        ..WordPieceTraining::default()
    };
    let extra = ["entity subject object entity subject object"];
    let texts = SENTENCES.iter().map(|one| one.0).chain(extra);
    training.train(texts).unwrap()
}

/// Two layers of width 32 without dropout; `range` is the deviation of its weights.
pub(super) fn base(range: f64, device: &Device) -> Pretrained<EncoderModel> {
    let tokenizer = tokenizer();
    let config = EncoderConfig {
        hidden_size: 32,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 64,
        max_position_embeddings: 64,
        initializer_range: range,
        hidden_dropout_prob: 0.0,
        attention_probs_dropout_prob: 0.0,
        ..EncoderConfig::bert(tokenizer.vocabulary_size())
    };
    let mut base = Pretrained::new(&config, Seed::new(5), device).unwrap();
    base.tokenizer = Some(tokenizer);
    base
}

pub(super) fn entity_settings() -> EntitySettings {
    EntitySettings {
        width: 3,
        ..EntitySettings::new(40)
    }
}

pub(super) fn entity_stage(range: f64, device: &Device) -> EntityStage<MarkerNer> {
    let head = NerHeadConfig {
        dropout: 0.0,
        ..NerHeadConfig::new(labels().classes())
    };
    EntityStage::create(
        base(range, device),
        &head,
        labels(),
        entity_settings(),
        &published_entity_init(),
        Seed::new(1),
    )
    .unwrap()
}

pub(super) fn relation_stage(
    range: f64,
    settings: RelationSettings,
    device: &Device,
) -> RelationStage<MarkerRelations> {
    let head = RelationHeadConfig {
        dropout: 0.0,
        ..RelationHeadConfig::new(relations().classes(), labels().classes())
    };
    RelationStage::create(
        base(range, device),
        &head,
        labels(),
        relations(),
        settings,
        &published_relation_init(),
        Seed::new(2),
    )
    .unwrap()
}

/// An extractor that knows nothing and finds many things.
pub(super) fn extractor(settings: RelationSettings, device: &Device) -> Extractor {
    let relations = relation_stage(0.3, settings, device);
    Extractor::new(entity_stage(0.3, device), Some(relations))
}
