//! A dense model to a model of experts, and back.

use std::collections::BTreeMap;

use plm_core::nn::FeedForward;

use crate::capture::Capture;
use crate::config::MoeConfig;
use crate::error::check_size;
use crate::experts::MoeLayer;
use crate::ffn::MoeFfn;
use crate::layer::{FeedForwards, LayerId};
use crate::{Error, Result};

/// A model that was converted, with what is known of each layer.
#[derive(Debug, Clone)]
pub struct Converted<M> {
    /// The model with experts in the place of feed-forward layers.
    pub model: M,
    /// The layers.
    pub layers: BTreeMap<LayerId, MoeLayer>,
}

/// Converts every feed-forward layer of `model`, by the inputs that `capture` holds.
///
/// `done` is told of every layer when it is converted.
///
/// # Errors
/// As [`MoeLayer::convert`].
pub fn convert<M: FeedForwards<Ffn = FeedForward>>(
    model: M,
    capture: &Capture,
    config: &MoeConfig,
    mut done: impl FnMut(LayerId, &MoeLayer),
) -> Result<Converted<M::With<MoeFfn>>> {
    let mut layers = BTreeMap::new();
    for (layer, ffn) in model.ffns() {
        let seed = config.seed.child(&layer.to_string());
        let converted = MoeLayer::convert(&ffn, capture.layer(layer)?, config, seed)?;
        done(layer, &converted);
        layers.insert(layer, converted);
    }
    Ok(Converted {
        model: with_experts(model, &layers),
        layers,
    })
}

/// `model` with the experts of `layers` in tensor operations.
///
/// # Panics
/// If `layers` lacks a layer of the model.
pub fn with_experts<M: FeedForwards<Ffn = FeedForward>>(
    model: M,
    layers: &BTreeMap<LayerId, MoeLayer>,
) -> M::With<MoeFfn> {
    model.replace_ffns(|layer, _| layers[&layer].to_moe_ffn())
}

/// `model` with its neurons expert by expert: still a dense model, with the same outputs.
///
/// # Panics
/// If `layers` lacks a layer of the model.
pub fn permuted<M: FeedForwards<Ffn = FeedForward, With<FeedForward> = M>>(
    model: M,
    layers: &BTreeMap<LayerId, MoeLayer>,
) -> M {
    model.replace_ffns(|layer, _| layers[&layer].ffn.clone())
}

/// The dense model with the weights of `tuned`, a model of [`with_experts`] that was trained since, and
/// its neurons expert by expert. `layers`, from which the experts were made, get the tuned weights too.
///
/// The result is what [`crate::save`] and [`crate::with_sparse_experts`] take together with `layers`.
/// It is on the plain device; frozen parameters stay frozen. Routers, means and policies stay those of
/// `layers`: training does not change them. [`MoeLayer::refit`] fits them to the tuned weights.
///
/// # Errors
/// [`Error::Size`] where `layers` are not those of the model, or of another width, number of neurons or
/// number of experts; `layers` are as before then.
pub fn absorb<M: FeedForwards<Ffn = MoeFfn>>(
    tuned: M,
    layers: &mut BTreeMap<LayerId, MoeLayer>,
) -> Result<M::With<FeedForward>> {
    let tuned = tuned.valid();
    let blocks = tuned.ffns();
    check_names(&blocks, layers)?;
    for ((id, block), layer) in blocks.iter().zip(layers.values()) {
        let what = format!("tuned layer {id}");
        check_alike(&what, &block.ffn, &layer.ffn)?;
        check_size(
            format_args!("the list of experts of {what}"),
            block.experts,
            layer.partition.experts(),
        )?;
    }
    for (layer, (_, block)) in layers.values_mut().zip(blocks) {
        layer.ffn = block.ffn;
    }
    Ok(tuned.replace_ffns(|_, block| block.ffn))
}

/// Checks that `layers` have the names of a model's `blocks`.
///
/// # Errors
/// [`Error::Size`].
pub(crate) fn check_names<F>(
    blocks: &[(LayerId, F)],
    layers: &BTreeMap<LayerId, MoeLayer>,
) -> Result<()> {
    if blocks.iter().map(|(id, _)| id).eq(layers.keys()) {
        return Ok(());
    }
    Err(Error::Size {
        what: "the list of converted layers".to_owned(),
        found: layers.len(),
        expected: blocks.len(),
    })
}

/// Checks that the layer called `what` is as wide as `expected` and has as many neurons.
///
/// # Errors
/// [`Error::Size`].
pub(crate) fn check_alike(what: &str, found: &FeedForward, expected: &FeedForward) -> Result<()> {
    let [width, neurons] = found.inner.weight.val().dims();
    let [own_width, own_neurons] = expected.inner.weight.val().dims();
    check_size(format_args!("an input row of {what}"), width, own_width)?;
    check_size(
        format_args!("a token's neurons of {what}"),
        neurons,
        own_neurons,
    )
}
