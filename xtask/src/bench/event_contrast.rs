//! `bench event-contrast`: PENMAN notation, encoding once a sentence, and a step of the graph encoder.

use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::module::Module;
use burn::tensor::Device;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::text::Tokenizer;
use plm_core::train::Gradients;
use plm_event_contrast::generate::{GeneratedSentence, GeneratorConfig, generate};
use plm_event_contrast::gin::{
    Gin, GinConfig, GraphBatch, GraphContrast, GraphEncoder, NodeVectors,
};
use plm_event_contrast::graph::{
    EventGraph, NodeChoice, RoleTypes, View, ViewSampler, ViewSettings,
};
use plm_event_contrast::pairs::{PairSettings, PairSource};
use plm_event_contrast::penman::{Graph, RoleModel, Style};
use plm_event_contrast::text::{
    ContrastSentence, EventContrast, EventEncoder, Layout, PairLayout, PairPlan, SpanEncoder,
};
use serde_json::{Value, json};

use super::{Case, Context, Plan};

/// Graphs that are read and written.
const GRAPHS: usize = 2000;
/// Sentences of a step of text pre-training, as many as CLEVE's batch.
const SENTENCES: usize = 40;
/// Views of a step of graph pre-training, and keys in the queue.
const VIEWS: usize = 32;
const QUEUE: usize = 1024;
const TAU: f64 = 0.07;

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let config = GeneratorConfig {
        unlabeled: GRAPHS,
        ..GeneratorConfig::default()
    };
    let sentences = generate(&config, Seed::new(1))?.unlabeled;
    let (mut setup, mut cases) = penman(&sentences)?;
    cases.extend(pairs(context, &sentences, &device)?);
    let (views, steps) = graphs(context, &sentences, &device)?;
    setup.push(views);
    cases.extend(steps);
    Ok(Plan { setup, cases })
}

/// Reading into triples and writing, against Python's `penman` on the same texts.
fn penman(sentences: &[GeneratedSentence]) -> Result<(Vec<Value>, Vec<Case>)> {
    let texts: Vec<String> = sentences.iter().map(|one| one.penman(false)).collect();
    let request = json!({"op": "texts", "texts": texts});
    let model = RoleModel::amr();
    let graphs: Vec<Graph> = (texts.iter())
        .map(|text| Graph::parse(text, &model))
        .collect::<Result<_, _>>()?;
    let read = move || {
        let model = RoleModel::amr();
        for text in &texts {
            std::hint::black_box(Graph::parse(text, &model)?);
        }
        Ok(())
    };
    let write = move || {
        let model = RoleModel::amr();
        for graph in &graphs {
            std::hint::black_box(graph.to_tree(&model)?.to_penman(Style::AMR));
        }
        Ok(())
    };
    let read = Case::timed(format!("penman.decode.g{GRAPHS}"), read);
    let write = Case::timed(format!("penman.encode.g{GRAPHS}"), write);
    let cases = vec![
        read.peer(json!({"op": "decode"})),
        write.peer(json!({"op": "encode"})),
    ];
    Ok((vec![request], cases))
}

/// Loss and gradients of a batch: every sentence encoded once, or once for each of its pairs.
fn pairs(context: &Context, sentences: &[GeneratedSentence], device: &Device) -> Result<Vec<Case>> {
    let folder = context.root.join("models/plm-mini");
    let aligned = (sentences.iter().take(4 * SENTENCES))
        .map(|one| one.aligned())
        .collect::<Result<Vec<_>, _>>()?;
    let pairs = PairSource::Amr(&aligned, PairSettings::default()).pairs();
    let spans = Rc::new(SpanEncoder::new(Tokenizer::from_dir(&folder)?, 128)?);
    let mut sentences = ContrastSentence::all(&spans, &pairs)?;
    sentences.truncate(SENTENCES);
    ensure!(sentences.len() == SENTENCES, "too few sentences with pairs");
    let sentences = Rc::new(sentences);
    let contrast = EventContrast::default();
    let encoder = Pretrained::<EncoderModel>::load(&folder, device)?.model;
    let model = Rc::new(EventEncoder::new(encoder, &contrast, Seed::new(2), device).train());
    let own: Vec<&ContrastSentence> = sentences.iter().collect();
    let count = PairPlan::new(&own, &contrast, Seed::new(3)).pairs.len();
    let step = |layout: Layout| {
        let (model, spans) = (Rc::clone(&model), Rc::clone(&spans));
        let sentences = Rc::clone(&sentences);
        let device = device.clone().autodiff();
        move || {
            let own: Vec<&ContrastSentence> = sentences.iter().collect();
            let plan = PairPlan::new(&own, &contrast, Seed::new(3));
            let layout = PairLayout::new(&plan, own.len(), layout);
            let calm = DropoutMode::Off;
            let loss = contrast.batch_losses(&model, &own, &layout, &spans, calm, &device)?;
            std::hint::black_box(Gradients::of(&loss.mean(), model.as_ref())?);
            Ok(device.sync()?)
        }
    };
    let id = format!("pairs.b{SENTENCES}.p{count}");
    let case = Case::timed(id, step(Layout::Once)).rounds(5);
    Ok(vec![case.baseline(
        "the sentence of every pair encoded anew",
        step(Layout::PerPair),
    )])
}

/// Loss and gradients of a batch of views with a queue of keys, against PyTorch on the same graphs.
fn graphs(
    context: &Context,
    sentences: &[GeneratedSentence],
    device: &Device,
) -> Result<(Value, Vec<Case>)> {
    let mut roles = RoleTypes::new();
    let graphs = (sentences.iter())
        .map(|one| EventGraph::from_amr(&one.aligned()?, NodeChoice::Linked, &mut roles))
        .collect::<Result<Vec<_>, _>>()?;
    let config = GinConfig::default();
    let tokens: Vec<&[String]> = sentences.iter().map(GeneratedSentence::tokens).collect();
    let tokens: Vec<Vec<String>> = tokens.into_iter().map(<[String]>::to_vec).collect();
    let vectors = NodeVectors::hashed(&graphs, &tokens, config.token_width, Seed::new(4))?;
    let sampler = ViewSampler::new(graphs, ViewSettings::default())?;
    let pairs = sampler.sample(VIEWS, Seed::new(5))?;
    let contrast = GraphContrast::Moco {
        queue: QUEUE,
        momentum: 0.999,
    };
    let gin = Gin::new(config, Seed::new(6), device)?;
    let model = GraphEncoder::new(gin, &contrast, Seed::new(7), device)?.train();
    let (first, second): (Vec<_>, Vec<_>) =
        pairs.iter().map(|pair| (&pair.first, &pair.second)).unzip();
    let request = json!({
        "op": "views",
        "first": edges(&first),
        "second": edges(&second),
        "sizes": [config.token_width, config.position_width, config.degree_width, config.hidden],
        "levels": config.levels,
        "queue": QUEUE,
        "tau": TAU,
        "threads": context.threads,
    });
    let tracked = device.clone().autodiff();
    let first = GraphBatch::new(first, &vectors, &config, &tracked)?;
    let second = GraphBatch::new(second, &vectors, &config, device)?;
    let place = device.clone();
    let step = move || {
        let losses = model.losses(&first, &second, TAU, DropoutMode::Train { seed: 1 })?;
        std::hint::black_box(Gradients::of(&losses.mean(), &model)?);
        Ok(place.sync()?)
    };
    let case = Case::timed(format!("gin.b{VIEWS}.q{QUEUE}"), step);
    Ok((request, vec![case.peer(json!({"op": "gin_step"}))]))
}

/// Nodes of each view, and the ends of all edges, counted through the batch.
fn edges(views: &[&View]) -> Value {
    let (mut nodes, mut ends, mut before) = (Vec::new(), Vec::new(), 0);
    for view in views {
        nodes.push(view.nodes.len());
        for node in 0..view.nodes.len() {
            let (neighbors, _) = view.adjacency.row(node);
            ends.extend((neighbors.iter()).map(|&other| [before + node, before + other as usize]));
        }
        before += view.nodes.len();
    }
    json!({"nodes": nodes, "edges": ends})
}
