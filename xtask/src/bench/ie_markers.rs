//! `bench ie-markers`: what packing and the factorized encoder save, and extraction beside the published
//! layout.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{
    AttentionContext, AttentionMask, DropoutContext, LayerContext, Positions, Tapped, Taps,
};
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, Entity, Sentence, Source, WordSpan};
use plm_ie_markers::encode::{encode_dense, encode_factorized};
use plm_ie_markers::heads::{NerHeadConfig, RelationHeadConfig};
use plm_ie_markers::labels::{LabelSet, RelationSpace};
use plm_ie_markers::layout::{MarkerGroup, MarkerPair, MarkerRow};
use plm_ie_markers::markers::{published_entity_init, published_relation_init};
use plm_ie_markers::model::{MarkerNer, MarkerRelations, load_base};
use plm_ie_markers::pipeline::{
    Computation, EntitySettings, EntityStage, RelationSettings, RelationStage,
};
use serde_json::{Value, json};

use super::heap::peak_heap_while;
use super::{Case, Context, Plan};

/// Tokens of the text and spans that are packed with it.
const TEXT: usize = 128;
const SPANS: usize = 256;
/// What PL-Marker's scripts for SciERC pad texts to: entities, relations.
const PUBLISHED_LENGTHS: [usize; 2] = [512, 256];
/// Objects of a row in them.
const OBJECTS: usize = 16;
/// Rows of a batch of one span each.
const SINGLE_BATCH: usize = 16;
/// Sentences, their words and entities.
const SENTENCES: usize = 8;
const WORDS: usize = 24;
const ENTITIES: usize = 4;
/// Entity types and relations: those of SciERC.
const TYPES: usize = 6;
const RELATIONS: [usize; 2] = [2, 5];

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let minilm = context.store.dir("minilm-l6")?;
    let load = json!({
        "op": "load",
        "dir": minilm,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
        "types": TYPES,
        "relations": 1 + RELATIONS[0] + 2 * RELATIONS[1],
    });
    let mut cases = layouts(&minilm, &device)?;
    cases.extend(extraction(&minilm, &device)?);
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}

/// States of one row.
type Forward = fn(&EncoderModel, &MarkerRow, &Device) -> Tensor<3>;

/// The layouts of one text with all its markers.
fn layouts(folder: &Path, device: &Device) -> Result<Vec<Case>> {
    let model = Rc::new(load_base(folder, device)?.model);
    let row = Rc::new(packed_row()?);
    let calm = DropoutContext::default();
    let expected = encode_dense(&model, &[row.as_ref()], &calm)?.text();
    for forward in [padded_states, published_states] {
        let states = forward(&model, &row, device).slice([0..1, 0..TEXT]);
        let gap: f32 = (expected.clone() - states).abs().max().into_scalar();
        ensure!(gap < 1e-4, "the padded layout has other states: {gap}");
    }

    let factorized = || {
        let (model, row, device) = (Rc::clone(&model), Rc::clone(&row), device.clone());
        move || {
            let states = encode_factorized(&model, &[row.as_ref()], &DropoutContext::default())?;
            std::hint::black_box(states);
            Ok(device.sync()?)
        }
    };
    let dense = |forward: Forward| {
        let (model, row, device) = (Rc::clone(&model), Rc::clone(&row), device.clone());
        move || {
            std::hint::black_box(forward(&model, &row, &device));
            Ok(device.sync()?)
        }
    };
    let id = format!("packed.n{TEXT}.m{SPANS}");
    let published = format!(
        "one sequence padded to {} + 2 · {SPANS}",
        PUBLISHED_LENGTHS[0]
    );
    let mut cases = Vec::new();
    let singles: Vec<MarkerRow> = (row.groups.iter())
        .map(|group| MarkerRow::new(row.tokens.clone(), vec![group.clone()]))
        .collect::<Result<_, _>>()?;
    let (own, place) = (Rc::clone(&model), device.clone());
    let case = Case::timed(format!("{id}.single"), factorized()).rounds(3);
    cases.push(case.baseline("one span a row", move || {
        for rows in singles.chunks(SINGLE_BATCH) {
            std::hint::black_box(encode_dense(&own, rows, &DropoutContext::default())?);
        }
        Ok(place.sync()?)
    }));
    let (own, one, place) = (Rc::clone(&model), Rc::clone(&row), device.clone());
    let case = Case::timed(format!("{id}.dense"), factorized()).rounds(7);
    cases.push(case.baseline("one sequence without padding", move || {
        std::hint::black_box(encode_dense(
            &own,
            &[one.as_ref()],
            &DropoutContext::default(),
        )?);
        Ok(place.sync()?)
    }));
    let layouts: [(&str, String, Forward); 2] = [
        ("padded", published.clone(), padded_states),
        (
            "published",
            format!("{published}, all scores at a time"),
            published_states,
        ),
    ];
    for (name, side, forward) in layouts {
        let case = Case::timed(format!("{id}.{name}"), factorized()).rounds(7);
        cases.push(case.baseline(side.clone(), dense(forward)));
        let (mut ours, mut theirs) = (factorized(), dense(forward));
        let case = Case::value(format!("{id}.{name}.memory"), "MiB", move || {
            peak_heap_while(&mut ours)
        });
        let case = case.baseline_value(side, move || peak_heap_while(&mut theirs));
        cases.push(case.warmup(1).rounds(3));
    }
    Ok(cases)
}

/// [`TEXT`] tokens and the first [`SPANS`] spans of up to 8 of them.
fn packed_row() -> Result<MarkerRow> {
    let tokens = (0..TEXT as u32).map(|place| 2000 + 7 * place).collect();
    let markers = MarkerPair::new(1, 2);
    let spans = (1..TEXT - 1).flat_map(|start| {
        let last = (start + 7).min(TEXT - 2);
        (start..=last).map(move |end| [start, end])
    });
    let groups = spans
        .take(SPANS)
        .map(|span| MarkerGroup::span(markers, span));
    Ok(MarkerRow::new(tokens, groups.collect())?)
}

/// The states of the published layout, by the kernel that needs no more than a few rows of scores at a time.
fn padded_states(model: &EncoderModel, row: &MarkerRow, device: &Device) -> Tensor<3> {
    model.forward(&padded(row, device)).last_hidden_state
}

/// The states of the published layout, each layer's scores as one tensor, as the original computes them.
fn published_states(model: &EncoderModel, row: &MarkerRow, device: &Device) -> Tensor<3> {
    let input = padded(row, device);
    let (taps, factors) = (Taps::default(), BTreeMap::new());
    let dropout = DropoutContext::default();
    let attention = AttentionContext {
        mask: input.mask.as_ref().map(AttentionMask::to_kernel),
        wants_weights: true,
        ..AttentionContext::default()
    };
    let context = LayerContext {
        mask: None,
        bias: None,
        dropout: &dropout,
        taps: &taps,
        ffn_masks: &factors,
    };
    let mut states = model.embeddings.forward(&input);
    for (index, layer) in model.layers.iter().enumerate() {
        let (attended, scores) = layer.attention.forward(states.clone(), &attention);
        drop(scores);
        states = layer.attention_norm.forward_add(attended, states, None);
        states = layer.feed_forward(states, index, &context, &mut Tapped::default());
    }
    states
}

/// The published layout: text padded to 512, then all start markers, then all end markers.
fn padded(row: &MarkerRow, device: &Device) -> EncoderInput {
    let (text, room) = (row.tokens.len(), PUBLISHED_LENGTHS[0]);
    let length = room + 2 * SPANS;
    let (mut ids, mut positions) = (vec![0_i64; length], vec![0_i64; length]);
    let mut hidden = vec![true; length * length];
    for (place, &id) in row.tokens.iter().enumerate() {
        (ids[place], positions[place]) = (i64::from(id), place as i64);
        hidden[place * length..place * length + text].fill(false);
    }
    for (group, members) in row.groups.iter().enumerate() {
        let places = [room + group, room + SPANS + group];
        for (&place, marker) in places.iter().zip(&members.markers) {
            (ids[place], positions[place]) = (i64::from(marker.id), marker.position as i64);
            let row = &mut hidden[place * length..(place + 1) * length];
            row[..text].fill(false);
            places.iter().for_each(|&key| row[key] = false);
        }
    }
    let integers = |values: Vec<i64>| {
        Tensor::<2, Int>::from_data(TensorData::new(values, [1, length]), device)
    };
    let mask = Tensor::from_data(TensorData::new(hidden, [1, length, length]), device);
    EncoderInput::ids(integers(ids))
        .with_positions(Positions::Ids(integers(positions)))
        .with_mask(AttentionMask::Pairwise(mask))
}

/// Entities, then relations between given entities, from words to decoded spans; PyTorch in the published
/// layout, and in one without its padding.
fn extraction(folder: &Path, device: &Device) -> Result<Vec<Case>> {
    let names = |kind: &'static str, count: usize| (0..count).map(move |n| format!("{kind}{n}"));
    let labels = LabelSet::new(names("T", TYPES))?;
    let space = RelationSpace::new(names("S", RELATIONS[0]), names("R", RELATIONS[1]))?;
    let head = NerHeadConfig::new(labels.classes());
    let settings = EntitySettings::new(PUBLISHED_LENGTHS[0]);
    let entities: EntityStage<MarkerNer> = EntityStage::create(
        load_base(folder, device)?,
        &head,
        labels.clone(),
        settings,
        &published_entity_init(),
        Seed::new(1),
    )?;
    let head = RelationHeadConfig::new(space.classes(), labels.classes());
    let settings = RelationSettings {
        limit: OBJECTS,
        ..RelationSettings::new(PUBLISHED_LENGTHS[1])
    };
    let relations: RelationStage<MarkerRelations> = RelationStage::create(
        load_base(folder, device)?,
        &head,
        labels,
        space,
        settings,
        &published_relation_init(),
        Seed::new(2),
    )?;
    let (documents, texts) = documents();
    let stages = Rc::new((entities, relations, documents));
    let mut cases = Vec::new();
    for layout in ["published", "tight"] {
        let stages = Rc::clone(&stages);
        let ours = move || {
            let (entities, relations, documents) = stages.as_ref();
            let how = Computation::default();
            let mut found = documents.clone();
            let cut = entities.predict(&mut found, &how)?;
            ensure!(cut.cut.is_empty(), "spans were cut");
            let cut = relations.predict(&mut found, Source::Gold, &how)?;
            ensure!(cut.cut.is_empty(), "pairs were cut");
            std::hint::black_box(found);
            Ok(())
        };
        let request = json!({
            "op": "extract",
            "layout": layout,
            "texts": texts,
            "width": 8,
            "lengths": PUBLISHED_LENGTHS,
            "pairs": [SPANS, OBJECTS],
        });
        let id = format!("extract.b{SENTENCES}.w{WORDS}.e{ENTITIES}.{layout}");
        cases.push(Case::timed(id, ours).peer(request).rounds(3));
    }
    Ok(cases)
}

/// Documents of one sentence each, and for the peer their words with the first and last word of each entity.
fn documents() -> (Vec<Document>, Value) {
    let words = [
        "the", "model", "learns", "from", "data", "and", "a", "graph", "of", "words", "in", "text",
    ];
    let word =
        |sentence: usize, place: usize| words[(5 * place + place / 7 + sentence) % words.len()];
    let sentences: Vec<Vec<String>> = (0..SENTENCES)
        .map(|sentence| {
            (0..WORDS)
                .map(|place| word(sentence, place).to_owned())
                .collect()
        })
        .collect();
    let span = |entity: usize| [5 * entity + 1, 5 * entity + 2];
    let spans: Vec<[usize; 2]> = (0..ENTITIES).map(span).collect();
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
        json!({"sentences": sentences, "entities": vec![spans; SENTENCES]}),
    )
}
