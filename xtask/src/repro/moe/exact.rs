//! What must hold exactly, whatever the data: all experts are the dense layer, all paths agree, and a
//! permuted checkpoint is the same model.

use std::collections::BTreeMap;

use anyhow::Result;
use plm_core::checkpoint::SaveOptions;
use plm_core::models::EncoderForSequenceClassification;
use plm_moe::exec::{Path, Planner};
use plm_moe::flops::LayerSize;
use plm_moe::{
    LayerId, MoeLayer, Policy, SharedPlanner, load, save, with_experts, with_sparse_experts,
};

use super::task::{Task, difference};
use crate::repro::{Check, Context, Op, Outcome};

/// Texts in a comparison.
const TEXTS: usize = 32;

type Model = EncoderForSequenceClassification;

/// Adds the checks.
pub(super) fn check(
    context: &Context,
    task: &Task,
    layers: &BTreeMap<LayerId, MoeLayer>,
    outcome: &mut Outcome,
) -> Result<()> {
    let dense = task.logits(&task.model.model, TEXTS)?;
    let mut all = layers.clone();
    for layer in all.values_mut() {
        layer.policy = Policy::TopK(layer.partition.experts());
    }
    let every = task.logits(&with_experts(task.model.model.clone(), &all), TEXTS)?;
    outcome.checks.push(Check::new(
        "k_equals_E_is_dense",
        difference(&dense, &every)?,
        Op::Le,
        1e-5,
    ));
    outcome.checks.push(Check::new(
        "paths_agree",
        paths(task, layers)?,
        Op::Le,
        1e-5,
    ));
    let folder = context.out.join("permuted");
    save(
        &folder,
        &task.model,
        layers,
        &SaveOptions::new().overwrite(true),
    )?;
    let loaded = load::<Model>(&folder, &task.device)?;
    let permuted = task.logits(&loaded.dense.model, TEXTS)?;
    outcome.checks.push(Check::new(
        "permuted_export_same_logits",
        difference(&dense, &permuted)?,
        Op::Le,
        1e-4,
    ));
    let before = task.logits(&with_experts(task.model.model.clone(), layers), TEXTS)?;
    let after = task.logits(&with_experts(loaded.dense.model, &loaded.layers), TEXTS)?;
    outcome.checks.push(Check::new(
        "loaded_experts_same_logits",
        difference(&before, &after)?,
        Op::Le,
        1e-5,
    ));
    let layer = LayerSize {
        hidden_size: 768,
        attention_size: 768,
        neurons: 3072,
        gated: false,
        context: 0,
    };
    outcome.checks.push(Check::new(
        "flop_ratio_encoder_layer_r25",
        layer.encoder_ratio(0.25, 0.0),
        Op::Eq,
        0.5,
    ));
    Ok(())
}

/// The largest difference of the execution paths from the form in tensor operations, for one text and
/// for many.
fn paths(task: &Task, layers: &BTreeMap<LayerId, MoeLayer>) -> Result<f64> {
    let mut worst = 0.0_f64;
    for texts in [1, TEXTS] {
        let reference = task.logits(&with_experts(task.model.model.clone(), layers), texts)?;
        for path in Path::ALL {
            let planner = SharedPlanner::new(Planner::fixed(path));
            let fast = with_sparse_experts(task.model.model.clone(), layers, &planner)?;
            worst = worst.max(difference(&reference, &task.logits(&fast, texts)?)?);
        }
    }
    Ok(worst)
}
