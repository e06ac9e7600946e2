//! WN18RR and FB15k-237.

use anyhow::Result;
use plm_core::rng::Seed;

use super::pictures;
use super::study::{Published, Run, Study, note_device, scores};
use crate::repro::{Check, Context, Op, Outcome, Row, Table};
use crate::systems::Tier;
use plm_lorentz::data::kg::{KnowledgeGraph, read_openke, read_text_triples};
use plm_lorentz::task::kg::{CompletionConfig, EntityGeometry, NegativeFilter};

const SOURCE: &str = "2105.14686, 32 dimensions, from memory";

/// What is published of one data set.
struct Set {
    name: &'static str,
    config: CompletionConfig,
    hybonet: [Published; 4],
    /// MRR of other models with 32 dimensions.
    others: [(&'static str, f64); 3],
    check: (&'static str, f64),
    authors_epochs: u64,
}

/// Adds figures and claims of both data sets.
///
/// # Errors
/// Where a setting is out of its limits, a data set cannot be read or a run fails.
pub(in crate::repro) fn run(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let sets: String = context
        .settings
        .get("kg_sets", "wn18rr,fb15k237".to_owned())?;
    for name in sets.split(',') {
        let (set, graph) = match name {
            "wn18rr" => (
                wn18rr(context)?,
                read_text_triples(context.store.dir(name)?)?,
            ),
            "fb15k237" => (fb15k_237(context)?, read_openke(context.store.dir(name)?)?),
            other => anyhow::bail!("kg_sets={sets}: no data set `{other}`; wn18rr or fb15k237"),
        };
        study(context, &set, &graph, outcome)?;
    }
    note_device(context, outcome);
    Ok(())
}

/// `theirs` with the user's epochs and filter of negatives. The tier of the paper has the authors' epochs
/// unless the user gives others, and the other one so many of them.
fn config(
    context: &Context,
    theirs: CompletionConfig,
    (key, some): (&str, u64),
) -> Result<CompletionConfig> {
    let epochs = match context.tier {
        Tier::Paper => theirs.epochs,
        Tier::Embedded | Tier::Real => some,
    };
    let filter = match theirs.negative_filter {
        NegativeFilter::None => "none",
        NegativeFilter::Train => "train",
        NegativeFilter::AllSplits => "all",
    };
    let filter: String = context.settings.get("kg_filter", filter.to_owned())?;
    Ok(CompletionConfig {
        epochs: context.settings.get(key, epochs)?,
        negative_filter: match filter.as_str() {
            "none" => NegativeFilter::None,
            "train" => NegativeFilter::Train,
            "all" => NegativeFilter::AllSplits,
            other => anyhow::bail!("kg_filter={other}: none, train or all"),
        },
        ..theirs
    })
}

fn wn18rr(context: &Context) -> Result<Set> {
    Ok(Set {
        name: "wn18rr",
        config: config(context, CompletionConfig::wn18rr(), ("kg_epochs", 400))?,
        hybonet: [
            ("MRR", 0.489, SOURCE),
            ("H@1", 0.455, SOURCE),
            ("H@3", 0.503, SOURCE),
            ("H@10", 0.553, SOURCE),
        ],
        others: [("MuRP", 0.465), ("RotH", 0.472), ("AttH", 0.466)],
        check: ("wn18rr_mrr", 0.45),
        authors_epochs: CompletionConfig::wn18rr().epochs,
    })
}

fn fb15k_237(context: &Context) -> Result<Set> {
    Ok(Set {
        name: "fb15k237",
        config: config(
            context,
            CompletionConfig::fb15k_237(),
            ("kg_fb_epochs", 150),
        )?,
        hybonet: [
            ("MRR", 0.334, SOURCE),
            ("H@1", 0.244, SOURCE),
            ("H@3", 0.365, SOURCE),
            ("H@10", 0.516, SOURCE),
        ],
        others: [("MuRP", 0.323), ("RotH", 0.314), ("AttH", 0.324)],
        check: ("fb15k237_mrr", 0.3),
        authors_epochs: CompletionConfig::fb15k_237().epochs,
    })
}

fn study(
    context: &Context,
    set: &Set,
    graph: &KnowledgeGraph,
    outcome: &mut Outcome,
) -> Result<()> {
    let name = set.name;
    let study = Study::new(graph);
    let euclidean = CompletionConfig {
        geometry: EntityGeometry::Euclidean,
        ..set.config
    };
    let ways = [("lorentz", set.config), ("euclidean", euclidean)];
    let mut runs: [Vec<Run>; 2] = [Vec::new(), Vec::new()];
    for &number in &context.seeds {
        for ((way, config), runs) in ways.iter().zip(&mut runs) {
            let label = format!("{name} {way}, seed {number}");
            runs.push(study.run(context, &label, config, Seed::new(number))?);
        }
    }
    scores(&format!("{name}.lorentz"), &runs[0], &set.hybonet, outcome);
    scores(&format!("{name}.euclidean"), &runs[1], &[], outcome);
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let mrr = |runs: &[Run]| mean(&runs.iter().map(|run| run.test.mrr).collect::<Vec<f64>>());
    let (id, bound) = set.check;
    let check = Check::new(id, mrr(&runs[0]), Op::Ge, bound);
    outcome.claim(runs[0].len(), "mean MRR", check);
    for ((way, _), runs) in ways.iter().zip(&runs) {
        let seconds: Vec<[f64; 2]> = runs.iter().map(Run::seconds).collect();
        for (part, metric) in ["seconds an epoch", "seconds an evaluation"]
            .iter()
            .enumerate()
        {
            let values: Vec<f64> = seconds.iter().map(|seconds| seconds[part]).collect();
            outcome
                .rows
                .push(Row::over_seeds(format!("{name}.{way}"), *metric, &values));
        }
        let epochs: Vec<f64> = runs.iter().map(|run| run.best_epoch as f64).collect();
        outcome.rows.push(Row::over_seeds(
            format!("{name}.{way}"),
            "best epoch",
            &epochs,
        ));
    }
    let mut rows = vec![
        vec!["HyboNet here".to_owned(), format!("{:.3}", mrr(&runs[0]))],
        vec![
            "Euclidean twin here".to_owned(),
            format!("{:.3}", mrr(&runs[1])),
        ],
        vec![
            "HyboNet (published)".to_owned(),
            format!("{:.3}", set.hybonet[0].1),
        ],
    ];
    rows.extend(
        (set.others.iter())
            .map(|(model, mrr)| vec![format!("{model} (published)"), format!("{mrr:.3}")]),
    );
    outcome.tables.push(Table {
        title: format!("{name}: test MRR, published figures with 32 dimensions from memory"),
        columns: vec!["model".to_owned(), "MRR".to_owned()],
        rows,
    });
    let names = ways.map(|(way, _)| way);
    outcome.plots.push(pictures::curves(
        &format!("{name}_mrr"),
        name,
        &names,
        &runs,
    ));
    if study.graph.relations().len() <= 40 {
        let plot = pictures::by_relation(&format!("{name}_relations"), &study.graph, &runs[0][0]);
        outcome.plots.push(plot);
    }
    let filter = match set.config.negative_filter {
        NegativeFilter::None => "not filtered, so that right tails can be among them",
        NegativeFilter::Train => "filtered by training triples alone",
        NegativeFilter::AllSplits => "filtered by all splits, which tells of test triples",
    };
    outcome.notes.push(format!(
        "{name}: {} entities, {} relations and as many reciprocals, at most {} epochs (the authors train \
         up to {}), the best by validation MRR every {} epochs. Negatives are {filter}; the authors filter \
         those of WN18RR by all splits and those of FB15k-237 not at all.",
        graph.entities().len(),
        graph.relations().len(),
        set.config.epochs,
        set.authors_epochs,
        set.config.evaluate_every,
    ));
    Ok(())
}
