//! `bench lorentz`: what hyperbolic layers cost beside Euclidean ones, knowledge-graph completion, and how
//! precise distances are.

use std::rc::Rc;
use std::time::Instant;

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::init::{Init, initialize, uniform};
use plm_core::nn::{DropoutContext, apply, zero_linear};
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_lorentz::Curvature;
use plm_lorentz::data::kg::{KnowledgeGraph, KnownTails, Triple};
use plm_lorentz::geometry::lift;
use plm_lorentz::nn::{
    DropoutSites, LorentzAttention, LorentzAttentionConfig, LorentzLinear, LorentzLinearConfig,
    TimeFromSpace, TimeFromSpaceConfig,
};
use plm_lorentz::task::kg::{
    Batch, CompletionConfig, CompletionLearner, CompletionTables, HostLearner, NegativeSampler,
    rank,
};
use rand::RngExt;
use serde_json::json;

use super::{Case, Context, Plan};
use crate::repro::lorentz::distance_errors;

/// Rows of a batch.
const ROWS: usize = 4096;
/// Widths of the layers, time included.
const WIDTHS: [usize; 3] = [64, 256, 512];
/// Entities, relations and training facts of WN18RR.
const FACTS: [usize; 3] = [40_943, 11, 86_835];
/// Entities of smaller graphs, with as many facts for each.
const SMALLER: [usize; 3] = [1_000, 4_000, 16_000];
/// Facts of a step of training on the whole graph; the published number comes last.
const BATCHES: [usize; 4] = [125, 250, 500, 1000];
/// Steps of a sample of training, and queries of a sample of ranking: ours, the peer's.
const STEPS: usize = 10;
const QUERIES: [usize; 2] = [3000, 60];
/// Batch, length, width and heads of the attention.
const ATTENTION: [usize; 4] = [16, 128, 256, 8];
/// How far the points whose distance is taken are apart, and from the origin.
const APART: f64 = 1.0;
const RADII: [f64; 4] = [1.0, 3.0, 6.0, 9.0];

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let setup = json!({
        "op": "setup",
        "device": context.peer_device(),
        "threads": context.threads,
    });
    let mut cases = Vec::new();
    for width in WIDTHS {
        cases.extend(layers(width, &device)?);
    }
    cases.push(attention(&device)?);
    for entities in SMALLER {
        cases.extend(completion(entities, &BATCHES[3..])?);
    }
    cases.extend(completion(FACTS[0], &BATCHES)?);
    cases.extend(RADII.map(|radius| precision(radius, &device)));
    Ok(Plan {
        setup: vec![setup],
        cases,
    })
}

/// Points as a batch that asks for gradients itself, as the output of an earlier layer does.
fn points<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut space = shape;
    space[D - 1] -= 1;
    let values = uniform(Seed::new(1), "points", space.iter().product(), 1.0);
    let space = Tensor::from_data(TensorData::new(values, space), device);
    lift(space, Curvature::UNIT)
}

/// The gradients of `module` and of the batch, where those of the output are numbers in memory, as a later
/// layer leaves them: those of a plain sum are one number that is read again and again. As a later layer
/// does, whose gradients need its input, this keeps the output, so that nothing is written in its place.
fn backward<M: Module, const D: usize>(
    output: Tensor<D>,
    batch: &Tensor<D>,
    module: &M,
) -> Result<()> {
    let given = Tensor::from_inner(batch.clone().inner());
    let loss = (output.clone() * given).sum();
    std::hint::black_box(Gradients::of(&loss, module)?);
    std::hint::black_box((batch, output));
    Ok(batch.device().sync()?)
}

/// Forward and backward pass of the Lorentz layers against the Euclidean one of the same widths, ours and
/// PyTorch's.
fn layers(width: usize, device: &Device) -> Result<Vec<Case>> {
    let device = device.clone().autodiff();
    let rows = points([ROWS, width], &device).require_grad();
    let rule = |_: &str| Init::Glorot;
    let linear: Linear = initialize(zero_linear(width, width, true, &device), Seed::new(2), rule);
    let lorentz = LorentzLinearConfig::new(width, width).init(Seed::new(3), &device)?;
    let from_space = TimeFromSpaceConfig::new(width, width).init(Seed::new(4), &device)?;
    let (linear, lorentz) = (Rc::new(linear), Rc::new(lorentz));
    let from_space = Rc::new(from_space);
    let euclidean = || {
        let (layer, rows) = (Rc::clone(&linear), rows.clone());
        move || backward(apply(&layer, rows.clone()), &rows, layer.as_ref())
    };
    let by_lorentz = || {
        let (layer, rows): (Rc<LorentzLinear>, _) = (Rc::clone(&lorentz), rows.clone());
        move || backward(layer.forward(rows.clone(), None), &rows, layer.as_ref())
    };
    let by_space = || {
        let (layer, rows): (Rc<TimeFromSpace>, _) = (Rc::clone(&from_space), rows.clone());
        move || backward(layer.forward(rows.clone()), &rows, layer.as_ref())
    };
    let request = || json!({"op": "linear", "rows": ROWS, "width": width});
    let name = |layer: &str, other: &str| format!("{layer}.d{width}.b{ROWS}.{other}");
    let beside = "Euclidean layer";
    Ok(vec![
        Case::timed(name("lorentz_linear", "linear"), by_lorentz()).baseline(beside, euclidean()),
        Case::timed(name("lorentz_linear", "torch"), by_lorentz()).peer(request()),
        Case::timed(name("time_from_space", "linear"), by_space()).baseline(beside, euclidean()),
        Case::timed(name("time_from_space", "torch"), by_space()).peer(request()),
    ])
}

/// Forward and backward pass of attention by Lorentzian distance against attention by inner products, each
/// of four linear maps: queries, keys, values, and the heads' outputs.
fn attention(device: &Device) -> Result<Case> {
    let device = device.clone().autodiff();
    let [batch, length, width, heads] = ATTENTION;
    let rows = points([batch, length, width], &device).require_grad();
    let layer = LorentzAttentionConfig::new(width, heads).init(Seed::new(5), &device)?;
    let output = LorentzLinearConfig {
        input_heads: heads,
        ..LorentzLinearConfig::new(width, width)
    };
    let layers = (layer, output.init(Seed::new(9), &device)?);
    let euclidean = MultiHeadAttentionConfig::new(width, heads)
        .with_dropout(0.0)
        .init(&device);
    let id = format!("attention.b{batch}.s{length}.d{width}.h{heads}");
    let x = rows.clone();
    let ours = move || {
        let (layer, output): &(LorentzAttention, LorentzLinear) = &layers;
        let calm = DropoutContext::default();
        let (out, _) = layer.forward(x.clone(), x.clone(), None, DropoutSites::new(&calm, 0));
        backward(output.forward(out, None), &x, &layers)
    };
    Ok(
        Case::timed(id, ours).baseline("burn's attention by inner products", move || {
            let layer: &MultiHeadAttention = &euclidean;
            let out = layer.forward(MhaInput::self_attn(rows.clone())).context;
            backward(out, &rows, layer)
        }),
    )
}

/// The largest relative errors of the library's distances and of acosh(−⟨x, y⟩) in single precision, as the
/// reproduction measures them.
fn precision(radius: f64, device: &Device) -> Case {
    let [textbook, ours] = [0, 1].map(|which| {
        let device = device.clone();
        move || {
            // Not every device has double precision.
            let double = plm_core::device::parse("flex")?;
            Ok(distance_errors(radius, APART, [&device, &double])[which])
        }
    });
    Case::value(format!("distance.radius{radius}"), "relative error", ours)
        .baseline_value("acosh(−⟨x, y⟩)", textbook)
        .warmup(0)
        .rounds(1)
}

/// Steps of training in each of these batches and ranks of queries, on a knowledge graph as dense as WN18RR,
/// against the published way: a matrix of each fact's relation is gathered, every entity moves at every step,
/// and all entities are gathered for each query.
fn completion(entities: usize, batches: &[usize]) -> Result<Vec<Case>> {
    let [all, relations, facts] = FACTS;
    let mut rng = Seed::new(6).rng();
    let mut fact = || Triple {
        head: rng.random_range(0..entities as u32),
        relation: rng.random_range(0..relations as u32),
        tail: rng.random_range(0..entities as u32),
    };
    let triples: Vec<Triple> = (0..facts * entities / all).map(|_| fact()).collect();
    let names = |kind: &str, count| (0..count).map(|n| format!("{kind}{n}")).collect();
    let held_out = vec![triples[0]];
    let graph = KnowledgeGraph::new(
        names("entity", entities),
        names("relation", relations),
        [triples, held_out.clone(), held_out],
    )?
    .with_reciprocals();
    let config = CompletionConfig::wn18rr();
    let tables = CompletionTables::<f32>::new(&config, entities, 2 * relations, Seed::new(7))?;
    let sampler = NegativeSampler::new(&graph, config.negative_filter, config.negatives)?;
    let known = KnownTails::new(graph.all());
    let queries = graph.train()[..QUERIES[0]].to_vec();
    let shared = Rc::new((graph, sampler));
    let id = format!("kg.e{entities}.d{}", config.d_model);
    let request = |op: &str, batch: usize| {
        json!({
            "op": op,
            "entities": entities,
            "relations": 2 * relations,
            "width": config.d_model,
            "batch": batch,
            "negatives": config.negatives,
            "steps": STEPS,
            "queries": QUERIES[1],
        })
    };
    let mut cases = Vec::new();
    for &batch in batches {
        let mut learner = HostLearner::new(config, tables.clone())?;
        let (shared, mut start) = (Rc::clone(&shared), 0);
        let steps = move || {
            let (graph, sampler) = shared.as_ref();
            let train = graph.train();
            for step in 0..STEPS {
                let rows = &train[start..start + batch];
                start = (start + batch) % (train.len() - batch);
                learner.step(&Batch::new(rows, sampler, Seed::new(8).at(step as u64)))?;
            }
            Ok(())
        };
        let case = Case::timed(format!("{id}.train.b{batch}"), steps);
        cases.push(case.peer(request("kg_steps", batch)).rounds(5));
    }
    let ranks = move || {
        let clock = Instant::now();
        std::hint::black_box(rank(&tables, &queries, &known)?);
        Ok(1000.0 * clock.elapsed().as_secs_f64() / QUERIES[0] as f64)
    };
    let case = Case::value(format!("{id}.rank"), "ms/query", ranks);
    cases.push(case.peer(request("kg_rank", config.batch_size)).rounds(5));
    Ok(cases)
}
