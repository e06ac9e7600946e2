//! The paper's models on RTE and MRPC: BERT-base and BERT-large teach six layers of BERT-base, with the
//! settings of the authors' scripts.
//!
//! Their scripts run adoption on RTE, selection and objectives on MRPC; here all ways run on both. MRPC's
//! test texts are those of its publishers: which of the training texts GLUE holds out is not in the store.

use std::path::Path;

use anyhow::{Result, bail};
use plm_core::data::{GlueReader, GlueTask, Target, open};
use plm_core::rng::Seed;
use plm_distill::Example;
use plm_distill::fit::FitSettings;

use super::claims;
use super::lab::Lab;
use super::study::{self, Models, Problem};
use super::ways::Recipe;
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let base = lab(context, "base")?;
    let large = lab(context, "large")?;
    let models = Models {
        small: (&base, base.layers),
        large: (&large, large.layers),
        student: (&base, base.layers / 2),
        // Widths of base and large differ.
        matched: 0,
        recipe: Recipe::Published,
    };
    let folder = context.store.dir("glue-misc")?;
    let sets: String = context.settings.get("sets", "rte,mrpc".to_owned())?;
    for name in sets.split(',') {
        let problem = problem(&folder, name)?;
        let mut runs = Vec::new();
        for &number in &context.seeds {
            let seed = Seed::new(number);
            runs.push(study::run(context, name, models, &problem, seed)?);
        }
        study::report(name, &runs, &mut outcome)?;
        claims::check(name, models, &runs, &mut outcome)?;
    }
    outcome.notes.push(claims::COUNTING.to_owned());
    Ok(outcome)
}

/// The model of the store that the setting `key` names, with the settings of the authors' scripts; those
/// that differ by the way of learning are in [`Recipe::Published`].
fn lab(context: &Context, key: &str) -> Result<Lab> {
    let folder = context.folder(key)?;
    let fit = FitSettings {
        epochs: context.settings.get("epochs", 3)?,
        lr: context.settings.get("lr", 2e-5)?,
        ..FitSettings::default()
    };
    let teacher_fit = FitSettings {
        lr: 5e-5,
        warmup_ratio: 0.05,
        ..fit.clone()
    };
    Ok(Lab {
        teacher_fit,
        ..Lab::load(&folder, 128, fit, &context.device)?
    })
}

/// The texts of a set of GLUE.
fn problem(folder: &Path, name: &str) -> Result<Problem> {
    let (task, train, test) = match name {
        "rte" => (GlueTask::Rte, "RTE/train.tsv", "RTE/dev.tsv"),
        "mrpc" => (
            GlueTask::Mrpc,
            "msr_paraphrase_train.txt",
            "msr_paraphrase_test.txt",
        ),
        other => bail!("sets={other}: rte or mrpc"),
    };
    let labels = task.labels().iter();
    Ok(Problem {
        labels: labels.map(|&label| label.to_owned()).collect(),
        train: texts(task, &folder.join(train))?,
        test: texts(task, &folder.join(test))?,
    })
}

/// The pairs of a file.
fn texts(task: GlueTask, path: &Path) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for example in GlueReader::labeled(open(path)?, path, task)? {
        let example = example?;
        let Some(Target::Class(class)) = example.target else {
            continue;
        };
        let name = format!("{}:{}", path.display(), example.line);
        let label = task.labels()[class];
        let mut text = Example::new(example.text).with_name(name).with_label(label);
        if let Some(pair) = example.pair {
            text = text.with_pair(pair);
        }
        examples.push(text);
    }
    Ok(examples)
}
