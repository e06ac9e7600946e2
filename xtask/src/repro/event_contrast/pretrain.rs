//! Pre-training of both encoders.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_core::train::{freeze, unfreeze};
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::gin::{
    Gin, GraphEncoder, GraphPretraining, NodeVectors, SentenceGraphs, pretrain_graph,
};
use plm_event_contrast::graph::{EventGraph, NodeChoice, RoleTypes, ViewSampler};
use plm_event_contrast::text::{
    ContrastSentence, EventContrast, EventEncoder, TextPretraining, pretrain_text,
};

use super::lab::{BATCH, Lab};

/// The text encoder and the graph network of one way.
#[derive(Debug, Clone)]
pub(super) struct Encoders {
    pub(super) text: EventEncoder,
    pub(super) gin: Gin,
}

/// The text encoder, pre-trained with `contrast` on `sentences`: the new maps first, then maps and encoder
/// together. Maps that begin at random would distort the encoder.
pub(super) fn text(
    lab: &Lab,
    sentences: &[ContrastSentence],
    contrast: &EventContrast,
    seed: Seed,
) -> Result<EventEncoder> {
    let mut model = lab.encoder(contrast, seed.child("maps"));
    let head = model.head.clone();
    let settings = |of: &TextPretraining, name: &str| TextPretraining {
        contrast: *contrast,
        seed: seed.child(name),
        ..of.clone()
    };
    let (maps, whole) = (&lab.recipe.maps, &lab.recipe.text);
    if maps.epochs > 0 {
        let settings = settings(maps, "first");
        let frozen = freeze(model, |param| {
            param.is_under("encoder") || param.is_under("head")
        });
        let trained = pretrain_text(frozen, sentences, &lab.spans, &settings, None, &lab.device)?;
        model = unfreeze(trained.0, |_| true);
        model.head = head;
    }
    if whole.epochs > 0 {
        model = encoder_too(lab, model, sentences, &settings(whole, "second"))?;
    }
    Ok(model)
}

/// The text encoder after the steps in which [`text`] trains it, with masked words alone to predict: what
/// the sentences teach without the contrast. None where the encoder has no masked-LM head.
pub(super) fn masked_words(
    lab: &Lab,
    sentences: &[ContrastSentence],
    contrast: &EventContrast,
    seed: Seed,
) -> Result<Option<EventEncoder>> {
    let model = lab.encoder(contrast, seed.child("maps"));
    let whole = &lab.recipe.text;
    if model.head.is_none() || whole.epochs == 0 {
        return Ok(None);
    }
    let settings = TextPretraining {
        contrast: *contrast,
        contrast_weight: 0.0,
        mlm_weight: if whole.mlm_weight > 0.0 {
            whole.mlm_weight
        } else {
            1.0
        },
        held_out: 0.0,
        seed: seed.child("second"),
        ..whole.clone()
    };
    Ok(Some(encoder_too(lab, model, sentences, &settings)?))
}

/// `model`, trained with `settings` but for the layers that the recipe leaves as they are.
fn encoder_too(
    lab: &Lab,
    mut model: EventEncoder,
    sentences: &[ContrastSentence],
    settings: &TextPretraining,
) -> Result<EventEncoder> {
    let frozen = lab.recipe.frozen;
    if frozen > 0 {
        model = freeze(model, |param| {
            param.is_under("encoder.embeddings")
                || (0..frozen).any(|at| param.is_under(&format!("encoder.layers.{at}")))
        });
    }
    let trained = pretrain_text(model, sentences, &lab.spans, settings, None, &lab.device)?;
    Ok(unfreeze(trained.0, |_| true))
}

/// A graph network with new weights.
pub(super) fn new_gin(lab: &Lab, seed: Seed) -> Result<Gin> {
    Ok(Gin::new(lab.recipe.gin, seed.child("gin"), &lab.device)?)
}

/// The graph network, pre-trained on parts of `graphs`.
pub(super) fn graph(lab: &Lab, graphs: &[AlignedGraph], seed: Seed) -> Result<Gin> {
    let (graphs, vectors) = nodes(lab, graphs)?;
    let sampler = ViewSampler::new(graphs, lab.recipe.views)?;
    let settings = GraphPretraining {
        seed: seed.child("graph"),
        ..lab.recipe.graph.clone()
    };
    let gin = new_gin(lab, seed)?;
    let model = GraphEncoder::new(gin, &settings.contrast, seed.child("queue"), &lab.device)?;
    let (model, _) = pretrain_graph(model, &sampler, &vectors, &settings, None, &lab.device)?;
    Ok(model.gin)
}

/// Whole graphs for fine-tuning and clustering.
pub(super) fn whole(lab: &Lab, graphs: &[AlignedGraph]) -> Result<SentenceGraphs> {
    let (graphs, vectors) = nodes(lab, graphs)?;
    Ok(SentenceGraphs::new(
        graphs,
        vectors,
        lab.recipe.gin.position_width,
    )?)
}

/// The event graphs of `graphs` with the word vectors of their nodes.
fn nodes(lab: &Lab, graphs: &[AlignedGraph]) -> Result<(Vec<EventGraph>, NodeVectors)> {
    let mut roles = RoleTypes::new();
    let events: plm_event_contrast::Result<Vec<EventGraph>> = graphs
        .iter()
        .map(|graph| EventGraph::from_amr(graph, NodeChoice::Linked, &mut roles))
        .collect();
    let events = events?;
    let tokens: Vec<Vec<String>> = graphs.iter().map(|graph| graph.tokens.clone()).collect();
    let words = lab.words();
    let vectors = NodeVectors::encoded(&events, &tokens, &words, &lab.spans, BATCH, &lab.device)?;
    Ok((events, vectors))
}
