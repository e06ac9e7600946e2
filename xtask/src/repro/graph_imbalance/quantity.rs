//! Quantity imbalance and topology imbalance together: losses with and without ReNode.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_graph_imbalance::loss::{LossConfig, TamConfig};
use plm_graph_imbalance::model::{Architecture, NetworkConfig};
use plm_graph_imbalance::split::{LongTail, Split, StepImbalance, Validation};

use super::paired::paired;
use super::problem::{Method, Problem};
use crate::report::{BarGroup, Plot};
use crate::repro::{Context, Outcome};

/// Epoch from which LDAM re-weights.
const DEFERRED: usize = 30;

/// The losses. Logit adjustment with τ = 1 is not among them: but for a number that all classes share it
/// is balanced softmax.
fn methods() -> [(&'static str, Method); 7] {
    [
        ("ce", Method::plain()),
        ("re-weight", Method::of(LossConfig::ReWeight)),
        ("focal", Method::of(LossConfig::focal())),
        ("cb-softmax", Method::of(LossConfig::class_balanced())),
        ("balanced-softmax", Method::of(LossConfig::BalancedSoftmax)),
        ("ldam-drw", Method::of(LossConfig::ldam(Some(DEFERRED)))),
        (
            "balanced-softmax+tam",
            Method {
                tam: Some(TamConfig::default()),
                ..Method::of(LossConfig::BalancedSoftmax)
            },
        ),
    ]
}

/// Every loss on `count` splits of each kind of quantity imbalance.
pub(super) fn compare(
    context: &Context,
    outcome: &mut Outcome,
    problem: &Problem,
    count: usize,
) -> Result<()> {
    let name = &problem.name;
    let config = NetworkConfig::new(Architecture::Gcn);
    let seeds = &context.seeds[..1];
    for (kind, splits) in imbalanced(problem, count)? {
        let mut groups = [
            ("without ReNode", Vec::new(), Vec::new()),
            ("with ReNode", Vec::new(), Vec::new()),
        ];
        let total = methods().len() * splits.len() * 2;
        let bar = context
            .progress
            .bar(total as u64, &format!("{name} {kind}"));
        for (loss, method) in methods() {
            let runs = paired(problem, &config, method, &splits, seeds, &bar)?;
            let id = format!("{name}.{kind}.{loss}");
            let rows = runs.rows(&id, "macro F1", |scores| scores.macro_f1);
            for (group, row) in groups.iter_mut().zip(&rows) {
                group.1.push(row.ours);
                group.2.push(row.std.unwrap_or(0.0));
            }
            outcome.rows.extend(rows);
            outcome
                .rows
                .extend(runs.rows(&id, "weighted F1", |scores| scores.weighted_f1));
            outcome
                .rows
                .extend(runs.rows(&id, "balanced accuracy", |scores| scores.balanced_accuracy));
            let gain = runs.gain(|scores| scores.macro_f1);
            outcome.rows.push(gain.row(
                format!("{id}.gain"),
                "points of macro F1 (± standard error)",
            ));
        }
        let groups = groups.map(|(name, values, errors)| BarGroup {
            name: name.to_owned(),
            values,
            errors,
        });
        outcome.plots.push(Plot::bars(
            &format!(
                "quantity_{}_{}",
                name.replace('-', "_"),
                kind.replace('-', "_")
            ),
            &format!("{name}, {kind}: macro F1 of a GCN by loss"),
            "macro F1",
            methods()
                .iter()
                .map(|(loss, _)| (*loss).to_owned())
                .collect(),
            groups.into(),
        ));
    }
    Ok(())
}

/// Splits by kind: head classes with 5 and 10 times the labels of the others, and a long tail.
fn imbalanced(problem: &Problem, count: usize) -> Result<Vec<(String, Vec<Split>)>> {
    let labels = &problem.graph.labels;
    let mut kinds = Vec::new();
    for ratio in [5.0, 10.0] {
        let step = StepImbalance {
            labeled_share: 0.05,
            ratio,
            ..StepImbalance::default()
        };
        let splits = (0..count as u64)
            .map(|at| Ok(step.draw(labels, Seed::new(at))?))
            .collect::<Result<_>>()?;
        kinds.push((format!("step{ratio}"), splits));
    }
    let tail = LongTail {
        largest: 40,
        ratio: 20.0,
        valid_each: 30,
        validation: Validation::Random,
    };
    let splits = (0..count as u64)
        .map(|at| Ok(tail.draw(labels, Seed::new(at))?))
        .collect::<Result<_>>()?;
    kinds.push(("longtail20".to_owned(), splits));
    Ok(kinds)
}
