//! The content of `moe.json`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::experts::Division;
use crate::policy::Policy;
use crate::quality::Coverage;
use crate::router::Metric;
use crate::score::Contribution;

/// A converted model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    /// Version of the format.
    pub(super) format: u32,
    /// Fingerprint of the weights that lie beside this file.
    pub(super) weights_sha256: String,
    /// Fingerprint of the tensors in `moe.safetensors`.
    pub(super) tensors_sha256: String,
    /// The layers by name, `enc.0` and so on.
    pub(super) layers: BTreeMap<String, LayerRecord>,
}

/// One layer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct LayerRecord {
    /// Width of inputs and outputs.
    pub(super) hidden_size: usize,
    /// Number of neurons.
    pub(super) neurons: usize,
    /// Number of experts.
    pub(super) experts: usize,
    /// How they were made, where that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) division: Option<Division>,
    /// Experts of a token.
    pub(super) policy: Policy,
    /// What counts as an expert's contribution.
    pub(super) contribution: Contribution,
    /// Kind of the router.
    pub(super) router: RouterRecord,
    /// How good the router was on held-out tokens.
    pub(super) held_out: Quality,
}

/// Which tensors a router has.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum RouterRecord {
    /// None.
    Groundtruth,
    /// None.
    Random {
        /// Where the draws start.
        seed: u64,
    },
    /// `centers`.
    Centroid {
        /// How similarity is measured.
        metric: Metric,
    },
    /// `w1` and `w2`.
    Mlp,
    /// `hidden` and `output` with their biases.
    Contribution {
        /// Width of the hidden layer.
        hidden_size: usize,
    },
}

/// Measurements of a router.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(super) struct Quality {
    /// Experts chosen.
    pub(super) k: usize,
    /// See [`crate::quality::capture`].
    pub(super) capture: f64,
    /// See [`crate::quality::recall`].
    pub(super) recall: f64,
    /// See [`crate::RouterReport::norms`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) norms: Option<Coverage>,
}
