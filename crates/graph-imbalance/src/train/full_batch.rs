//! Training on all nodes of a graph at once.

use super::config::TrainConfig;
use super::objective::Objective;
use super::record::Trained;
use super::run::{EpochObserver, Evaluation, check_classes, run};
use crate::graph::{Adjacency, Labels, NodeGraph};
use crate::model::{GraphInputs, NodeClassifier};
use crate::{Error, Result};

/// Trains `model` with one optimizer step an epoch, the scores of all nodes of `inputs` in each.
///
/// Transductive: `inputs` is the graph of the evaluation. Inductive: it is the graph between training
/// nodes ([`training_subgraph`]), and the evaluation's the whole one.
///
/// # Errors
/// [`Error::Core`] where a setting is out of its domain, model, graph, labels and nodes do not fit
/// together, the loss is not finite, or a score is NaN.
pub fn train_full_batch<M: NodeClassifier>(
    model: M,
    inputs: &GraphInputs,
    objective: &Objective,
    evaluation: &Evaluation<'_>,
    config: &TrainConfig,
    observer: &mut EpochObserver<'_>,
) -> Result<Trained<M>> {
    model.check(inputs)?;
    if objective.n_nodes() != inputs.n_nodes() {
        return Err(Error::invalid(
            "objective",
            format!(
                "labels of {} nodes for a graph of {}",
                objective.n_nodes(),
                inputs.n_nodes()
            ),
        ));
    }
    check_classes("objective", model.n_classes(), objective.n_classes())?;
    run(model, evaluation, config, observer, |model, stepper| {
        let logits = model.forward(inputs, &stepper.dropout());
        let loss = objective.value(logits, stepper.epoch());
        stepper.step(model, loss)
    })
}

/// The graph between `nodes`, numbered in the order given: what training sees in the inductive
/// setting.
///
/// # Errors
/// [`Error::Core`] where a node is out of range or given twice.
pub fn training_subgraph(graph: &NodeGraph, nodes: &[u32]) -> Result<NodeGraph> {
    let subgraph = graph.csr().induced(nodes)?;
    let classes = nodes.iter().map(|&node| graph.labels.get(node)).collect();
    NodeGraph::new(
        Adjacency::from_csr(subgraph.graph)?,
        graph.features.select(nodes)?,
        Labels::new(classes, graph.n_classes())?,
    )
}
