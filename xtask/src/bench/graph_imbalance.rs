//! `bench graph-imbalance`: a training step on Cora, Totoro on growing graphs, sparse products.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::rc::Rc;
use std::thread;

use anyhow::{Context as _, Result, anyhow};
use burn::module::Module as _;
use burn::tensor::Device;
use ndarray::ArrayView2;
use plm_core::graph::Normalization;
use plm_core::nn::{DropoutContext, DropoutMode};
use plm_core::rng::Seed;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use plm_graph_imbalance::generate::{SbmConfig, generate};
use plm_graph_imbalance::graph::NodeGraph;
use plm_graph_imbalance::loss::LossConfig;
use plm_graph_imbalance::model::{
    Architecture, GraphInputs, Network, NetworkConfig, NodeClassifier as _,
};
use plm_graph_imbalance::ppr::{CgPpr, DENSE_LIMIT, DensePpr, Diffusion, ppr_matrix};
use plm_graph_imbalance::split::{BalancedSplit, Split};
use plm_graph_imbalance::totoro::Totoro;
use plm_graph_imbalance::train::{Evaluation, Objective, TrainConfig, train_full_batch};
use serde_json::json;

use super::{Case, Context, Plan, peak_memory_while};
use crate::repro::graph_imbalance::dataset;

/// Nodes of the generated graphs, of mean degree 50.
const SIZES: [usize; 5] = [2_000, 5_000, 20_000, 100_000, 500_000];

/// The largest one, for which `PLM_BENCH_LARGE=1` asks: about 120 million entries.
const LARGEST: usize = 2_400_000;

const CLASSES: usize = 8;
const HIDDEN: usize = 32;

/// The cases, with Cora loaded.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let cora = dataset(&context.store, "cora")?.graph;
    let split = BalancedSplit::default().draw(&cora.labels, Seed::new(0))?;
    let setup = json!({
        "op": "load",
        "file": context.store.dir("cora-graph")?.join("cora_planetoid.safetensors.gz"),
        "threads": context.threads,
        "hidden": HIDDEN,
        "dropout": 0.5,
        "train": split.train,
    });
    let mut cases = training(&cora, &split, &device)?;
    cases.extend(spmm(context.threads));
    let mut sizes = SIZES.to_vec();
    if std::env::var_os("PLM_BENCH_LARGE").is_some_and(|value| value == "1") {
        sizes.push(LARGEST);
    }
    for nodes in sizes {
        cases.extend(totoro(nodes));
    }
    Ok(Plan {
        setup: vec![setup],
        cases,
    })
}

/// A GCN on Cora: steps and evaluations against the forms of the peer, and a whole run.
fn training(cora: &NodeGraph, split: &Split, device: &Device) -> Result<Vec<Case>> {
    let tracked = device.clone().autodiff();
    let inputs = Rc::new(GraphInputs::new(cora, device)?);
    let config = NetworkConfig {
        hidden: HIDDEN,
        ..NetworkConfig::new(Architecture::Gcn)
    };
    let classes = cora.n_classes();
    let network = config.init(inputs.features().width(), classes, Seed::new(0), &tracked)?;
    let objective = Rc::new(Objective::new(
        LossConfig::CrossEntropy,
        &cora.labels,
        &split.train,
        &tracked,
    )?);
    let request = |op: &str, form: &str| json!({ "op": op, "form": form });
    let step = |form: &str| {
        let optimizer = Optimizer::adamw(AdamWConfig::default(), 0.0075);
        let state = Rc::new(RefCell::new(Some((network.clone(), optimizer, 0_u64))));
        let (inputs, objective) = (Rc::clone(&inputs), Rc::clone(&objective));
        let device = device.clone();
        let id = format!("gcn.cora.train_step.peer_{form}");
        Case::timed(id, move || train_step(&state, &inputs, &objective, &device))
            .warmup(10)
            .rounds(60)
            .peer(request("train_step", form))
    };
    let mut cases: Vec<Case> = ["sparse", "dense", "adjacency", "by_hand"].map(step).into();
    for (id, form) in [
        ("gcn.cora.forward", "sparse"),
        ("gcn.cora.forward.peer_adjacency", "adjacency"),
    ] {
        let (plain, own, place) = (network.valid(), Rc::clone(&inputs), device.clone());
        let forward = Case::timed(id, move || {
            let logits = plain.forward(&own, &DropoutContext::default());
            place.sync()?;
            drop(logits);
            Ok(())
        });
        cases.push(forward.warmup(10).rounds(60).peer(request("forward", form)));
    }
    let (labels, split) = (cora.labels.clone(), split.clone());
    cases.push(
        Case::timed("gcn.cora.run_of_50_epochs", move || {
            let evaluation = Evaluation {
                inputs: &inputs,
                labels: &labels,
                valid: &split.valid,
                test: &split.test,
            };
            let config = TrainConfig {
                max_epochs: 50,
                patience: None,
                ..TrainConfig::transductive(Seed::new(0))
            };
            let observer = &mut |_: &_| ControlFlow::Continue(());
            let model = network.clone();
            train_full_batch(model, &inputs, &objective, &evaluation, &config, observer)?;
            Ok(())
        })
        .rounds(5),
    );
    Ok(cases)
}

type State = Rc<RefCell<Option<(Network, Optimizer, u64)>>>;

/// Forward, loss, backward and Adam, with dropout.
fn train_step(
    state: &State,
    inputs: &GraphInputs,
    objective: &Objective,
    device: &Device,
) -> Result<()> {
    let taken = state.borrow_mut().take();
    let (model, mut optimizer, step) = taken.context("an earlier training step failed")?;
    let dropout = DropoutContext::from(DropoutMode::Train { seed: step });
    let loss = objective.value(model.forward(inputs, &dropout), 0);
    let gradients = Gradients::of(&loss, &model)?;
    let model = optimizer.step(model, gradients, 1.0);
    device.sync()?;
    *state.borrow_mut() = Some((model, optimizer, step + 1));
    Ok(())
}

fn random(nodes: usize) -> Result<NodeGraph> {
    let config = SbmConfig {
        class_sizes: vec![nodes / CLASSES; CLASSES],
        mean_degree: 50.0,
        words: None,
        ..SbmConfig::default()
    };
    Ok(generate(&config, Seed::new(1))?.graph)
}

/// Conflicts of all nodes: time, and memory of the process with the graph. Small graphs beside the
/// dense inverse.
fn totoro(nodes: usize) -> Vec<Case> {
    let held: Rc<RefCell<Option<(NodeGraph, Split)>>> = Rc::default();
    let with = move |held: &Rc<RefCell<Option<(NodeGraph, Split)>>>| -> Result<()> {
        let mut held = held.borrow_mut();
        if held.is_none() {
            let graph = random(nodes)?;
            let split = BalancedSplit::default().draw(&graph.labels, Seed::new(0))?;
            *held = Some((graph, split));
        }
        Ok(())
    };
    let solve = |held: &Rc<RefCell<Option<(NodeGraph, Split)>>>| -> Result<()> {
        let held = held.borrow();
        let (graph, split) = held.as_ref().context("the graph")?;
        let diffusion = Diffusion::new(&graph.adjacency, 0.15)?;
        Totoro::solve(&diffusion, &graph.labels, &split.train, &CgPpr::default())?;
        Ok(())
    };
    let dense = |held: &Rc<RefCell<Option<(NodeGraph, Split)>>>| -> Result<()> {
        let held = held.borrow();
        let (graph, _) = held.as_ref().context("the graph")?;
        ppr_matrix(&Diffusion::new(&graph.adjacency, 0.15)?, &DensePpr)?;
        Ok(())
    };
    let (one, two, three) = (Rc::clone(&held), Rc::clone(&held), held);
    let measured: Rc<RefCell<VecDeque<f64>>> = Rc::default();
    let taken = Rc::clone(&measured);
    let small = nodes <= DENSE_LIMIT;
    let time = Case::value(format!("totoro.n{nodes}.time"), "s", move || {
        with(&one)?;
        let elapsed = seconds(|| solve(&one))?;
        measured.borrow_mut().push_back(elapsed);
        Ok(elapsed)
    });
    let memory = Case::value(format!("totoro.n{nodes}.memory"), "MiB", move || {
        peak_memory_while(|| solve(&three))
    });
    let entries = Rc::clone(&two);
    let per_entry = Case::value(
        format!("totoro.n{nodes}.time_per_million_entries"),
        "s",
        move || {
            let elapsed = taken.borrow_mut().pop_front().context("a time")?;
            let held = entries.borrow();
            let (graph, _) = held.as_ref().context("the graph")?;
            Ok(elapsed / graph.csr().nnz() as f64 * 1e6)
        },
    );
    let (time, memory) = if small {
        let also = Rc::clone(&two);
        (
            time.baseline("dense inverse", move || dense(&two)),
            memory.baseline_value("dense inverse", move || peak_memory_while(|| dense(&also))),
        )
    } else {
        (time, memory)
    };
    let rounds = if nodes >= LARGEST { 1 } else { 3 };
    let case = |case: Case| case.warmup(0).rounds(rounds);
    vec![case(time), case(per_entry), case(memory)]
}

fn seconds(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    let clock = std::time::Instant::now();
    work()?;
    Ok(clock.elapsed().as_secs_f64())
}

/// Nodes of the graph whose sparse product is timed, and columns of the dense factor.
const SPMM_NODES: usize = 20_000;
const SPMM_WIDTH: usize = 32;

/// A propagation matrix, the same for sprs, and a dense block.
type Operands = (plm_core::graph::Csr<f64>, sprs::CsMat<f64>, Vec<f64>);

/// The propagation matrix of a generated graph times a dense block, in double precision: beside sprs,
/// whose product takes one thread whatever ours takes, and beside sprs with its rows shared out over
/// `threads` threads.
fn spmm(threads: usize) -> Vec<Case> {
    let held: Rc<RefCell<Option<Operands>>> = Rc::default();
    let case = |id: &str, name: &str, threads: usize| {
        let (own, other) = (Rc::clone(&held), Rc::clone(&held));
        Case::value(id, "s", move || {
            let mut held = own.borrow_mut();
            if held.is_none() {
                *held = Some(operands()?);
            }
            let (csr, _, dense) = held.as_ref().context("operands")?;
            seconds(|| {
                csr.mul_dense(dense, SPMM_WIDTH);
                Ok(())
            })
        })
        .baseline_value(name, move || {
            let held = other.borrow();
            let (_, peer, dense) = held.as_ref().context("operands")?;
            let dense = ArrayView2::from_shape((SPMM_NODES, SPMM_WIDTH), dense)?;
            seconds(|| sprs_product(peer, &dense, threads))
        })
    };
    let id = format!("spmm.n{SPMM_NODES}.w{SPMM_WIDTH}.f64");
    vec![
        case(&id, "sprs, one thread", 1),
        case(
            &format!("{id}.shared_out"),
            "sprs, rows shared out",
            threads,
        ),
    ]
}

fn operands() -> Result<Operands> {
    let graph = random(SPMM_NODES)?;
    let csr = graph
        .csr()
        .cast::<f64>()?
        .normalize(Normalization::SymmetricWithLoops)?;
    let indices = csr.indices().iter().map(|&index| index as usize).collect();
    let shape = (csr.n_rows(), csr.n_cols());
    let values = csr.values().to_vec();
    let peer = sprs::CsMat::new(shape, csr.indptr().to_vec(), indices, values);
    let dense = (0..SPMM_NODES * SPMM_WIDTH)
        .map(|at| (at % 17) as f64)
        .collect();
    Ok((csr, peer, dense))
}

/// sprs' product, as many rows on each of `threads` threads.
fn sprs_product(
    matrix: &sprs::CsMat<f64>,
    dense: &ArrayView2<'_, f64>,
    threads: usize,
) -> Result<()> {
    if threads < 2 {
        let product = matrix * dense;
        drop(product);
        return Ok(());
    }
    let share = matrix.rows().div_ceil(threads);
    thread::scope(|scope| {
        let parts: Vec<_> = (0..matrix.rows())
            .step_by(share)
            .map(|start| {
                let rows = matrix.slice_outer(start..matrix.rows().min(start + share));
                scope.spawn(move || &rows * dense)
            })
            .collect();
        for part in parts {
            part.join().map_err(|_| anyhow!("a product panicked"))?;
        }
        Ok(())
    })
}
