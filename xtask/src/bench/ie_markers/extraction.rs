//! Entities, then relations between given entities, from words to what is decoded; PyTorch in the published
//! layout, and in one without its padding. Both sides have the same weights, and the other one compares its
//! scores with ours before anything is measured.

use std::ops::Range;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, Entity, Sentence, Source, WordSpan};
use plm_ie_markers::heads::{NerHeadConfig, RelationHeadConfig};
use plm_ie_markers::labels::{LabelSet, RelationSpace};
use plm_ie_markers::layout::{MarkerRow, SubjectRow};
use plm_ie_markers::markers::MarkerInit;
use plm_ie_markers::model::{MarkerNer, MarkerRelations, load_base, predict, predict_relations};
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

/// The padding of the other side.
const LAYOUTS: [&str; 2] = ["published", "tight"];

/// Both stages on a batch of sentences, then each of them on a sentence that grows.
pub(super) fn cases(stages: Stages) -> Vec<Case> {
    let stages = Rc::new(stages);
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
    let mut cases: Vec<Case> = (LAYOUTS.into_iter())
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
    cases
}

/// Gives `linear` the other side's weights: of class `i` and component `j` of `components` it is
/// `((37 i + 11 j) mod 101 - 50) / 500`. The bias of a new head is 0.
fn set_weights(linear: &mut Linear, components: Range<usize>) {
    let old = linear.weight.val();
    let [inputs, classes] = old.dims();
    let values = components.flat_map(|j| {
        let value = move |i: usize| (((37 * i + 11 * j) % 101) as f32 - 50.0) / 500.0;
        (0..classes).map(value)
    });
    let data = TensorData::new(values.collect::<Vec<f32>>(), [inputs, classes]);
    linear.weight = Param::from_tensor(Tensor::from_data(data, &old.device()));
}

/// The models.
pub(super) struct Stages {
    entities: EntityStage<MarkerNer>,
    relations: RelationStage<MarkerRelations>,
}

impl Stages {
    /// The encoder in `folder` with the heads that the other side has, and the markers as they are there.
    pub(super) fn new(folder: &Path, device: &Device) -> Result<Self> {
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
            &[MarkerInit::Keep],
            Seed::new(1),
        )?;
        let mut model = entities.model().clone();
        let width = model.model.encoder.config.hidden_size;
        set_weights(&mut model.model.head.classifier, 0..4 * width);
        let entities = EntityStage::new(
            model,
            labels.clone(),
            entities.settings().clone(),
            entities.markers().to_vec(),
        )?;
        let relations: RelationStage<MarkerRelations> = RelationStage::create(
            load_base(folder, device)?,
            &RelationHeadConfig::new(space.classes(), labels.classes()),
            labels.clone(),
            space.clone(),
            RelationSettings {
                limit: OBJECTS,
                ..RelationSettings::new(PUBLISHED_LENGTHS[1])
            },
            &[MarkerInit::Keep],
            Seed::new(2),
        )?;
        let mut model = relations.model().clone();
        set_weights(&mut model.model.head.subject, 0..2 * width);
        set_weights(&mut model.model.head.object, 2 * width..4 * width);
        let relations = RelationStage::new(
            model,
            labels,
            space,
            relations.settings().clone(),
            relations.markers().to_vec(),
        )?;
        Ok(Self {
            entities,
            relations,
        })
    }

    /// The log-probabilities of every span of `documents` by start and end, and of every pair of their
    /// entities, each with itself, too.
    fn scores(&self, documents: &[Document]) -> Result<[Vec<Vec<f32>>; 2]> {
        let how = Computation::default();
        let (examples, _) = self.entities.examples(documents)?;
        let rows: Vec<MarkerRow> = examples.into_iter().map(|one| one.row).collect();
        let found = predict(&self.entities.model().model, &rows, how.encoder, how.batch)?;
        let entities = found.into_iter().flatten().collect();
        let (examples, _) = self.relations.examples(documents)?;
        // In rows without a subject, which are for training, the solid markers stand behind the text.
        let rows: Vec<SubjectRow> = (examples.into_iter().map(|one| one.row))
            .filter(|one| one.subject[1] + 1 < one.row.tokens.len())
            .collect();
        let model = &self.relations.model().model;
        let found = predict_relations(model, &rows, how.encoder, how.batch)?;
        let relations = found.into_iter().flat_map(|one| one.relations).collect();
        Ok([entities, relations])
    }

    /// The requests that make the other side compare its scores of two sentences with ours; it fails where one
    /// differs by more than `bound`.
    pub(super) fn comparisons(&self, bound: f64) -> Result<Vec<Value>> {
        let task = Task {
            sentences: 2,
            words: 12,
            width: WIDTH,
            entities: 2,
        };
        let (documents, texts) = task.documents();
        let [entities, relations] = self.scores(&documents)?;
        let scores = json!({"entities": entities, "relations": relations});
        let requests = LAYOUTS.into_iter().map(|layout| {
            let mut request = task.request("compare", layout, &texts);
            request["scores"] = scores.clone();
            request["bound"] = bound.into();
            request
        });
        Ok(requests.collect())
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
        let request = self.request("extract", layout, &texts);
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

    /// What the peer is asked to do with `texts`.
    fn request(self, op: &str, layout: &str, texts: &Value) -> Value {
        json!({
            "op": op,
            "layout": layout,
            "texts": texts,
            "width": self.width,
            "lengths": PUBLISHED_LENGTHS,
            "pairs": [SPANS, OBJECTS],
        })
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
