//! The paper's models on RTE: BERT-base and BERT-large teach six layers of BERT-base.

use anyhow::{Result, ensure};
use plm_core::data::{GlueReader, GlueTask, Target, open};
use plm_core::rng::Seed;
use plm_distill::Example;
use plm_distill::fit::FitSettings;

use super::lab::Lab;
use super::study::{self, Models, Problem};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let base = lab(context, "base", "bert-base-uncased")?;
    let large = lab(context, "large", "bert-large-uncased")?;
    let models = Models {
        small: (&base, base.layers),
        large: (&large, large.layers),
        student: (&base, base.layers / 2),
        // Widths of base and large differ.
        matched: 0,
    };
    let folder = context.store.dir("glue-misc")?.join("RTE");
    let problem = Problem {
        labels: GlueTask::Rte
            .labels()
            .iter()
            .map(|&label| label.to_owned())
            .collect(),
        train: texts(&folder.join("train.tsv"))?,
        test: texts(&folder.join("dev.tsv"))?,
    };
    let mut runs = Vec::new();
    for &number in &context.seeds {
        runs.push(study::run(
            context,
            "rte",
            models,
            &problem,
            Seed::new(number),
        )?);
    }
    study::report("rte", &runs, &mut outcome)?;
    study::check("rte", &runs, &mut outcome)?;
    Ok(outcome)
}

/// A model of the store with the settings of the authors' scripts.
fn lab(context: &Context, key: &str, name: &str) -> Result<Lab> {
    let name: String = context.settings.get(key, name.to_owned())?;
    let folder = context.store.root().join(&name);
    ensure!(
        folder.is_dir(),
        "model `{name}` is not in the store: put config.json, model.safetensors and tokenizer.json of \
         google-bert/{name} on the Hugging Face hub into {}",
        folder.display()
    );
    let fit = FitSettings {
        epochs: context.settings.get("epochs", 3)?,
        lr: context.settings.get("lr", 2e-5)?,
        ..FitSettings::default()
    };
    Lab::load(&folder, 128, fit, &context.device)
}

/// The pairs of an RTE file.
fn texts(path: &std::path::Path) -> Result<Vec<Example>> {
    let mut examples = Vec::new();
    for example in GlueReader::labeled(open(path)?, path, GlueTask::Rte)? {
        let example = example?;
        let Some(Target::Class(class)) = example.target else {
            continue;
        };
        let name = format!("{}:{}", path.display(), example.line);
        let label = GlueTask::Rte.labels()[class];
        let mut text = Example::new(example.text).with_name(name).with_label(label);
        if let Some(pair) = example.pair {
            text = text.with_pair(pair);
        }
        examples.push(text);
    }
    Ok(examples)
}
