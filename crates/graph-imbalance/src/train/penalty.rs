//! Weight decay as torch's `Adam` has it.

use burn::module::{Module, ModuleVisitor, Param};
use burn::tensor::Tensor;

/// decay/2 Σ θ² over all trainable parameters of `module`, whose gradient is decay · θ; nothing if
/// `decay` is 0.
///
/// PPRGo is published with torch's `Adam(weight_decay=…)`, which adds decay · θ to the gradient before
/// the moments are taken. The optimizer of plm-core decays weights beside the moments (AdamW), which
/// is another update; as a term of the loss the published one comes out.
pub(super) fn penalty<M: Module>(module: &M, decay: f64) -> Option<Tensor<1>> {
    if decay == 0.0 {
        return None;
    }
    let mut visitor = Squares { sum: None };
    module.visit(&mut visitor);
    visitor.sum.map(|sum| sum * (decay / 2.0))
}

struct Squares {
    sum: Option<Tensor<1>>,
}

impl ModuleVisitor for Squares {
    fn visit_float<const D: usize>(&mut self, param: &Param<Tensor<D>>) {
        if !param.is_require_grad() {
            return;
        }
        let squares = param.val().square().sum();
        self.sum = Some(match self.sum.take() {
            Some(sum) => sum + squares,
            None => squares,
        });
    }
}
