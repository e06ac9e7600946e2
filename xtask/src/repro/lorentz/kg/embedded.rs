//! A generated hierarchy.

use anyhow::Result;
use plm_core::rng::Seed;

use super::study::{Run, Study, note_device, scores};
use super::{exact, pictures};
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::kg::HierarchyConfig;
use plm_lorentz::task::kg::{CompletionConfig, EntityGeometry, NegativeFilter};

/// Adds figures and claims of generated graphs.
///
/// # Errors
/// Where a setting is out of its limits or a run fails.
pub(in crate::repro) fn run(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let hierarchy = HierarchyConfig {
        entities: context.settings.get("kg_entities", 300)?,
        ..HierarchyConfig::default()
    };
    let config = CompletionConfig {
        d_model: context.settings.get("kg_d", 8)?,
        batch_size: 500,
        negatives: 20,
        learning_rate: context.settings.get("kg_lr", 0.05)?,
        epochs: context.settings.get("kg_epochs", 100)?,
        evaluate_every: 5,
        ..CompletionConfig::default()
    };
    let ways = [
        ("lorentz", config),
        (
            "euclidean",
            CompletionConfig {
                geometry: EntityGeometry::Euclidean,
                ..config
            },
        ),
        (
            "lorentz.all-splits-filter",
            CompletionConfig {
                negative_filter: NegativeFilter::AllSplits,
                ..config
            },
        ),
    ];
    let mut runs: Vec<Vec<Run>> = ways.iter().map(|_| Vec::new()).collect();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let study = Study::new(&hierarchy.generate(seed.child("graph"))?);
        if index == 0 {
            exact::check(context, &study, &config, outcome)?;
        }
        for ((name, config), runs) in ways.iter().zip(&mut runs) {
            let label = format!("kg {name}, seed {number}");
            runs.push(study.run(context, &label, config, seed)?);
        }
    }
    for ((name, _), runs) in ways.iter().zip(&runs) {
        scores(&format!("kg.hierarchy.{name}"), runs, &[], outcome);
    }
    let mrr = |runs: &[Run]| -> Vec<f64> { runs.iter().map(|run| run.test.mrr).collect() };
    let lorentz = mrr(&runs[0]);
    let mean = lorentz.iter().sum::<f64>() / lorentz.len() as f64;
    let check = Check::new("kg_lorentz_mrr", mean, Op::Ge, 0.6);
    outcome.claim(lorentz.len(), "mean MRR", check);
    for (metric, other, sign) in [
        ("lead of Lorentz over Euclidean space in MRR", &runs[1], 1.0),
        ("gain of the leaking filter in MRR", &runs[2], -1.0),
    ] {
        let other = mrr(other);
        let differences: Vec<f64> = (lorentz.iter().zip(&other))
            .map(|(lorentz, other)| sign * (lorentz - other))
            .collect();
        let row = Row::over_seeds("kg.hierarchy", metric, &differences);
        if sign < 0.0 {
            let check = Check::new("kg_leaking_filter_helps", row.ours, Op::Gt, 0.0);
            outcome.claim(lorentz.len(), "difference of means", check);
        }
        outcome.rows.push(row);
    }
    let names: Vec<&str> = ways.iter().map(|(name, _)| *name).collect();
    outcome.plots.push(pictures::curves(
        "kg_hierarchy_mrr",
        "a generated hierarchy",
        &names,
        &runs,
    ));
    outcome.notes.push(format!(
        "Knowledge graphs: {} entities in a random tree with the relations parent, grandparent, domain \
         and sibling, {} numbers an entity (in Lorentz space one of them is the time), at most {} epochs, \
         the best of them by validation MRR. The Euclidean model has as many numbers, affine maps, negative \
         squared distances, the same settings and the same budget. Which of the two is ahead depends on \
         the seed and the budget: Lorentz space tends to learn faster, Euclidean space catches up or \
         overtakes it with several times as many epochs, so no claim is checked. \
         `all-splits-filter` is the authors' filter, which also keeps held-out triples from being \
         negatives.",
        hierarchy.entities, config.d_model, config.epochs
    ));
    note_device(context, outcome);
    Ok(())
}
