//! Link prediction.

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::nn::DropoutContext;
use plm_core::rng::StreamRng;

use super::config::GraphTrainConfig;
use super::encoder::GraphEncoder;
use super::fit::{EpochObserver, Problem, Trained, fit};
use super::inputs::GraphInputs;
use super::loss::LinkLoss;
use super::scores::LinkScores;
use crate::Result;
use crate::data::graph::{LinkSet, LinkSplit};

/// Trains `model` to give edges a higher similarity than other pairs. Every epoch takes all training
/// edges and as many new negatives; the epoch with the best mean of ROC AUC and average precision on
/// the validation pairs is kept.
///
/// `inputs` must propagate over the training edges alone: [`LinkSplit::train_adjacency`].
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a setting is out of its domain, model, inputs and split do
/// not fit together, a part of the split is empty, or the loss is not finite.
pub fn train_links<M: GraphEncoder>(
    model: M,
    inputs: &GraphInputs,
    split: &LinkSplit,
    loss: LinkLoss,
    config: &GraphTrainConfig,
    observer: &mut EpochObserver<'_>,
) -> Result<Trained<M, LinkScores>> {
    model.check(inputs)?;
    let parts = [
        ("training edge", &split.train),
        ("validation edge", &split.valid.positive),
        ("negative to validate on", &split.valid.negative),
        ("test edge", &split.test.positive),
        ("negative to test on", &split.test.negative),
    ];
    for (what, pairs) in parts {
        if pairs.is_empty() {
            let reason = format!("has no {what}, needs one");
            return Err(plm_core::Error::invalid("link split", reason).into());
        }
        check_ends(pairs.iter(), inputs)?;
    }
    let device = inputs.features().device();
    let mut problem = Links {
        inputs,
        split,
        loss,
        ends: ends(&split.train, &device),
        negatives: config.seed.stream("negatives"),
    };
    fit(model, &mut problem, config, observer)
}

/// How well `model` tells the edges of `set` from its other pairs.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where model, inputs and pairs do not fit together, or a
/// similarity is no number.
pub fn link_scores<M: GraphEncoder>(
    model: &M,
    inputs: &GraphInputs,
    set: &LinkSet,
) -> Result<LinkScores> {
    model.check(inputs)?;
    check_ends(set.positive.iter().chain(&set.negative), inputs)?;
    judge(model, inputs, set)
}

struct Links<'a> {
    inputs: &'a GraphInputs,
    split: &'a LinkSplit,
    loss: LinkLoss,
    ends: [Tensor<1, Int>; 2],
    negatives: StreamRng,
}

impl<M: GraphEncoder> Problem<M> for Links<'_> {
    type Scores = LinkScores;

    fn loss(&mut self, model: &M, dropout: &DropoutContext) -> Tensor<1> {
        let count = self.split.train.len();
        let negatives = self.split.train_negatives(count, &mut self.negatives);
        let x = model.forward(self.inputs, dropout);
        let negative = similarities(
            model,
            &x,
            ends(&negatives, &self.inputs.features().device()),
        );
        let positive = similarities(model, &x, self.ends.clone());
        self.loss.value(positive, negative)
    }

    fn validate(&self, model: &M) -> Result<(LinkScores, f64)> {
        let scores = judge(model, self.inputs, &self.split.valid)?;
        Ok((scores, scores.mean()))
    }

    fn test(&self, model: &M) -> Result<LinkScores> {
        judge(model, self.inputs, &self.split.test)
    }
}

fn judge<M: GraphEncoder>(model: &M, inputs: &GraphInputs, set: &LinkSet) -> Result<LinkScores> {
    let x = model.forward(inputs, &DropoutContext::default());
    let of = |pairs: &[(u32, u32)]| -> Vec<f64> {
        let scores = similarities(model, &x, ends(pairs, &x.device()));
        scores.into_data().iter::<f64>().collect()
    };
    LinkScores::of(&of(&set.positive), &of(&set.negative))
}

/// # Shapes
/// - x: `[nodes, d_model]`
/// - ends: `[pairs]` each
/// - result: `[pairs, 1]`
fn similarities<M: GraphEncoder>(
    model: &M,
    x: &Tensor<2>,
    [from, to]: [Tensor<1, Int>; 2],
) -> Tensor<2> {
    model.similarity(x.clone().select(0, from), x.clone().select(0, to))
}

/// The first and the second ends of pairs.
fn ends(pairs: &[(u32, u32)], device: &Device) -> [Tensor<1, Int>; 2] {
    let tensor = |end: fn(&(u32, u32)) -> u32| {
        let ids: Vec<i32> = pairs.iter().map(|pair| end(pair) as i32).collect();
        Tensor::from_data(TensorData::new(ids, [pairs.len()]), device)
    };
    [tensor(|pair| pair.0), tensor(|pair| pair.1)]
}

fn check_ends<'a>(pairs: impl Iterator<Item = &'a (u32, u32)>, inputs: &GraphInputs) -> Result<()> {
    let nodes = inputs.n_nodes();
    for &(a, b) in pairs {
        if a.max(b) as usize >= nodes {
            let reason = format!("{a} - {b} in a graph of {nodes} nodes");
            return Err(plm_core::Error::invalid("pair", reason).into());
        }
    }
    Ok(())
}
