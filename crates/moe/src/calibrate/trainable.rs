//! Which parameters of a converted model are trained.

use burn::module::Module;
use plm_core::train::{ParamInfo, freeze, unfreeze};

/// The part of a converted model that fine-tuning changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Trainable {
    /// The output matrices of the layers of experts (and their biases): what the paper calibrates.
    #[default]
    Outputs,
    /// These and all normalization layers.
    OutputsAndNorms,
    /// Everything but the routers.
    All,
}

impl Trainable {
    fn selects(self, info: &ParamInfo<'_>) -> bool {
        let parts: Vec<&str> = info.path.split('.').collect();
        let router = parts.windows(2).any(|pair| pair == ["ffn", "router"]);
        // A converted layer holds its dense layer as `ffn`, so its output matrix is `ffn.ffn.outer`.
        let output = parts
            .windows(3)
            .any(|three| three == ["ffn", "ffn", "outer"]);
        let norm = parts.iter().any(|part| part.ends_with("norm"));
        match self {
            Self::Outputs => output,
            Self::OutputsAndNorms => output || norm && !router,
            Self::All => !router,
        }
    }
}

/// `model` with all parameters frozen but those that `trainable` names.
///
/// Routers stay as they are in any case: the choice of experts has no gradient.
pub fn freeze_but<M: Module>(model: M, trainable: Trainable) -> M {
    let model = freeze(model, |info| !trainable.selects(info));
    unfreeze(model, |info| trainable.selects(info))
}
