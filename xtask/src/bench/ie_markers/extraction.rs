//! Entities, then relations between given entities, from words to what is decoded; PyTorch in the published
//! layout, and in one without its padding.

use std::path::Path;
use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, Entity, Sentence, Source, WordSpan};
use plm_ie_markers::heads::{NerHeadConfig, RelationHeadConfig};
use plm_ie_markers::labels::{LabelSet, RelationSpace};
use plm_ie_markers::markers::{published_entity_init, published_relation_init};
use plm_ie_markers::model::{MarkerNer, MarkerRelations, load_base};
use plm_ie_markers::pipeline::{
    Computation, EntitySettings, EntityStage, RelationSettings, RelationStage,
};
use serde_json::{Value, json};

use super::{OBJECTS, PUBLISHED_LENGTHS, RELATIONS, SPANS, TYPES};
use crate::bench::Case;

/// Words of a candidate at most.
const WIDTH: usize = 8;
/// Words of one sentence whose entities are looked for.
const WORDS: [usize; 4] = [12, 24, 48, 96];
/// Given entities of the longest one whose relations are looked for.
const ENTITIES: [usize; 4] = [2, 4, 8, 16];

/// Both stages on a batch of sentences, then each of them on a sentence that grows.
pub(super) fn cases(folder: &Path, device: &Device) -> Result<Vec<Case>> {
    let stages = Rc::new(Stages::new(folder, device)?);
    let both = Task {
        sentences: 8,
        words: 24,
        width: WIDTH,
        entities: 4,
    };
    let id = format!(
        "extract.b{}.w{}.e{}",
        both.sentences, both.words, both.entities
    );
    let mut cases: Vec<Case> = (["published", "tight"].into_iter())
        .map(|layout| both.case(&id, &stages, layout))
        .collect();
    for words in WORDS {
        let task = Task {
            sentences: 1,
            words,
            width: WIDTH,
            entities: 0,
        };
        cases.push(task.case(&format!("entities.b1.w{words}"), &stages, "tight"));
    }
    let words = WORDS[3];
    for entities in ENTITIES {
        let task = Task {
            sentences: 1,
            words,
            width: 0,
            entities,
        };
        let id = format!("relations.b1.w{words}.e{entities}");
        cases.push(task.case(&id, &stages, "tight"));
    }
    Ok(cases)
}

/// The models.
struct Stages {
    entities: EntityStage<MarkerNer>,
    relations: RelationStage<MarkerRelations>,
}

impl Stages {
    fn new(folder: &Path, device: &Device) -> Result<Self> {
        let names =
            |kind: &'static str, count: usize| (0..count).map(move |n| format!("{kind}{n}"));
        let labels = LabelSet::new(names("T", TYPES))?;
        let space = RelationSpace::new(names("S", RELATIONS[0]), names("R", RELATIONS[1]))?;
        let entities: EntityStage<MarkerNer> = EntityStage::create(
            load_base(folder, device)?,
            &NerHeadConfig::new(labels.classes()),
            labels.clone(),
            EntitySettings {
                width: WIDTH,
                limit: SPANS,
                ..EntitySettings::new(PUBLISHED_LENGTHS[0])
            },
            &published_entity_init(),
            Seed::new(1),
        )?;
        let relations: RelationStage<MarkerRelations> = RelationStage::create(
            load_base(folder, device)?,
            &RelationHeadConfig::new(space.classes(), labels.classes()),
            labels,
            space,
            RelationSettings {
                limit: OBJECTS,
                ..RelationSettings::new(PUBLISHED_LENGTHS[1])
            },
            &published_relation_init(),
            Seed::new(2),
        )?;
        Ok(Self {
            entities,
            relations,
        })
    }
}

/// What both sides look for, and in how many sentences of how many words.
#[derive(Clone, Copy)]
struct Task {
    sentences: usize,
    words: usize,
    /// Words of a candidate at most; 0 leaves entities out.
    width: usize,
    /// Given entities of a sentence; 0 leaves relations out.
    entities: usize,
}

impl Task {
    /// The case with the peer's `layout` behind `id`.
    fn case(self, id: &str, stages: &Rc<Stages>, layout: &str) -> Case {
        let (documents, texts) = self.documents();
        let request = json!({
            "op": "extract",
            "layout": layout,
            "texts": texts,
            "width": self.width,
            "lengths": PUBLISHED_LENGTHS,
            "pairs": [SPANS, OBJECTS],
        });
        let stages = Rc::clone(stages);
        let ours = move || {
            let how = Computation::default();
            let mut found = documents.clone();
            if self.width > 0 {
                let cut = stages.entities.predict(&mut found, &how)?;
                ensure!(cut.cut.is_empty(), "spans were cut");
            }
            if self.entities > 0 {
                let cut = stages.relations.predict(&mut found, Source::Gold, &how)?;
                ensure!(cut.cut.is_empty(), "pairs were cut");
            }
            std::hint::black_box(found);
            Ok(())
        };
        let case = Case::timed(format!("{id}.{layout}"), ours);
        case.peer(request).rounds(3)
    }

    /// Documents of one sentence each, and for the peer their words with the first and last word of each
    /// entity.
    fn documents(self) -> (Vec<Document>, Value) {
        let words = [
            "the", "model", "learns", "from", "data", "and", "a", "graph", "of", "words", "in",
            "text",
        ];
        let word =
            |sentence: usize, place: usize| words[(5 * place + place / 7 + sentence) % words.len()];
        let sentences: Vec<Vec<String>> = (0..self.sentences)
            .map(|sentence| {
                (0..self.words)
                    .map(|place| word(sentence, place).to_owned())
                    .collect()
            })
            .collect();
        let span = |entity: usize| [5 * entity + 1, 5 * entity + 2];
        let spans: Vec<[usize; 2]> = (0..self.entities).map(span).collect();
        let document = |(number, words): (usize, &Vec<String>)| {
            let mut sentence = Sentence::new(words.iter());
            sentence.entities = (spans.iter().enumerate())
                .map(|(entity, &[start, end])| Entity {
                    span: WordSpan::new(start, end),
                    label: format!("T{}", entity % TYPES),
                })
                .collect();
            Document::new(number.to_string(), vec![sentence])
        };
        let documents = sentences.iter().enumerate().map(document).collect();
        (
            documents,
            json!({"sentences": sentences, "entities": vec![spans; self.sentences]}),
        )
    }
}
