//! Node classification.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::nn::DropoutContext;

use super::classifier::{ClassHead, NodeClassifier};
use super::config::GraphTrainConfig;
use super::encoder::GraphEncoder;
use super::fit::{EpochObserver, Problem, Trained, fit};
use super::inputs::GraphInputs;
use super::loss::NodeLoss;
use super::scores::NodeScores;
use crate::Result;
use crate::data::graph::NodeSplit;

/// Trains `model` on the classes of the training nodes; the epoch with the best F1 on the validation
/// nodes is kept.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a setting is out of its domain, model, inputs, labels and
/// split do not fit together, which names the node and its label where it has a class that the head does
/// not score, a part of the split is empty, the loss is not finite, or a score is NaN.
pub fn train_nodes<E: GraphEncoder, H: ClassHead>(
    model: NodeClassifier<E, H>,
    inputs: &GraphInputs,
    labels: &[u32],
    split: &NodeSplit,
    loss: NodeLoss,
    config: &GraphTrainConfig,
    observer: &mut EpochObserver<'_>,
) -> Result<Trained<NodeClassifier<E, H>, NodeScores>> {
    model.encoder.check(inputs)?;
    for (part, nodes) in [
        ("training", &split.train),
        ("validation", &split.valid),
        ("test", &split.test),
    ] {
        if nodes.is_empty() {
            let reason = format!("has no {part} node, needs one");
            return Err(plm_core::Error::invalid("node split", reason).into());
        }
        check_nodes(nodes, labels, inputs, model.head.classes())?;
    }
    let device = inputs.features().device();
    let classes = split.train.iter().map(|&node| labels[node as usize]);
    let mut problem = Nodes {
        inputs,
        labels,
        split,
        loss,
        train: ids(split.train.iter().copied(), &device),
        classes: ids(classes, &device),
    };
    fit(model, &mut problem, config, observer)
}

/// How well `model` classifies `nodes`.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where model, inputs, labels and nodes do not fit together, as for
/// [`train_nodes`], or a score is NaN.
pub fn node_scores<E: GraphEncoder, H: ClassHead>(
    model: &NodeClassifier<E, H>,
    inputs: &GraphInputs,
    labels: &[u32],
    nodes: &[u32],
) -> Result<NodeScores> {
    model.encoder.check(inputs)?;
    check_nodes(nodes, labels, inputs, model.head.classes())?;
    judge(model, inputs, labels, nodes)
}

struct Nodes<'a> {
    inputs: &'a GraphInputs,
    labels: &'a [u32],
    split: &'a NodeSplit,
    loss: NodeLoss,
    train: Tensor<1, Int>,
    classes: Tensor<1, Int>,
}

impl<E: GraphEncoder, H: ClassHead> Problem<NodeClassifier<E, H>> for Nodes<'_> {
    type Scores = NodeScores;

    fn loss(&mut self, model: &NodeClassifier<E, H>, dropout: &DropoutContext) -> Tensor<1> {
        let scores = model.forward(self.inputs, dropout);
        let scores = scores.select(0, self.train.clone());
        self.loss.value(scores, self.classes.clone())
    }

    fn validate(&self, model: &NodeClassifier<E, H>) -> Result<(NodeScores, f64)> {
        let scores = judge(model, self.inputs, self.labels, &self.split.valid)?;
        Ok((scores, scores.f1))
    }

    fn test(&self, model: &NodeClassifier<E, H>) -> Result<NodeScores> {
        judge(model, self.inputs, self.labels, &self.split.test)
    }
}

fn judge<E: GraphEncoder, H: ClassHead>(
    model: &NodeClassifier<E, H>,
    inputs: &GraphInputs,
    labels: &[u32],
    nodes: &[u32],
) -> Result<NodeScores> {
    let scores = model.forward(inputs, &DropoutContext::default());
    let classes = scores.dims()[1];
    let numbers = scores.to_data();
    if let Some(at) = numbers.iter::<f64>().position(f64::is_nan) {
        let reason = format!("of node {} for class {} is NaN", at / classes, at % classes);
        return Err(plm_core::Error::invalid("score", reason).into());
    }
    let chosen = scores.argmax(1).into_data();
    let chosen: Vec<usize> = chosen.iter::<i64>().map(|class| class as usize).collect();
    let gold: Vec<usize> = nodes.iter().map(|&n| labels[n as usize] as usize).collect();
    let predicted: Vec<usize> = nodes.iter().map(|&n| chosen[n as usize]).collect();
    NodeScores::of(&gold, &predicted, classes)
}

fn ids(numbers: impl Iterator<Item = u32>, device: &Device) -> Tensor<1, Int> {
    let numbers: Vec<i32> = numbers.map(|number| number as i32).collect();
    let shape = [numbers.len()];
    Tensor::from_data(TensorData::new(numbers, shape), device)
}

fn check_nodes(nodes: &[u32], labels: &[u32], inputs: &GraphInputs, classes: usize) -> Result<()> {
    let count = inputs.n_nodes();
    let wrong = |reason| Err(plm_core::Error::invalid("nodes", reason).into());
    if labels.len() != count {
        return wrong(format!("{} labels for {count} nodes", labels.len()));
    }
    for &node in nodes {
        let Some(&label) = labels.get(node as usize) else {
            return wrong(format!("node {node} of {count}"));
        };
        if label as usize >= classes {
            return wrong(format!(
                "node {node} has the label {label}, the head scores {classes} classes from 0"
            ));
        }
    }
    Ok(())
}
