//! The authors' prompts on their own model: RoBERTa.
//!
//! Nothing is trained. All released prompts answer SST-2's validation sentences, which gives one row of
//! the published transfer matrix; the overlap of activated neurons is compared with the whole matrix.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use plm_core::data::{GlueReader, GlueTask, Target};
use plm_prompt::catalog::{self, Backbone};
use plm_prompt::similarity::{
    ActivationState, LayerWindow, SimilarityMatrix, TransferCorrelation, stimulate,
};
use plm_prompt::{Example, Task, TaskLabel, published};

use super::lab::{Lab, Recipe};
use super::released;
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let folder = context.folder("model")?;
    let backbone = match folder.ends_with("roberta-large") {
        true => Backbone::RobertaLarge,
        false => Backbone::RobertaBase,
    };
    let recipe = Recipe {
        slots: 100,
        steps: 0,
        every: 1,
        batch: 16,
        lr: 1e-3,
        max_tokens: 130,
    };
    let lab = Lab::load(&folder, recipe, &context.device)?;
    let prompts = released::prompts(context, backbone)?;
    let task = sst2(&context.store.dir("glue-sst2")?.join("SST-2/test.tsv"))?;
    let prepared = lab.prepare(&task)?;
    let expected: Vec<u32> = catalog_words()?
        .iter()
        .map(|word| word.roberta_id)
        .collect();
    ensure!(
        prepared.encoded.verbalizer.ids() == expected,
        "{}: label words have ids {:?}, RoBERTa's are {expected:?}",
        folder.display(),
        prepared.encoded.verbalizer.ids()
    );
    let transfer = published::transfer_matrix(backbone)?.context("no published matrix")?;
    let target = place(transfer.tasks(), "sst2")?;
    let mut outcome = Outcome::default();
    let bar = context
        .progress
        .bar(prompts.len() as u64, "released prompts");
    let mut worst: f64 = 0.0;
    for (source, (label, prompt)) in prompts.iter().enumerate() {
        let score = 100.0 * lab.score_of(&prepared, prompt)?;
        let expected = transfer.score(target, source);
        worst = worst.max((score - expected).abs());
        let row = Row::new(format!("sst2.from.{}", label.name), "accuracy in %", score);
        outcome
            .rows
            .push(row.published(expected, published::TRANSFER_REPOSITORY));
        bar.inc(1);
    }
    // The authors' evaluation leaves out a random part of the set.
    outcome
        .checks
        .push(Check::new("sst2_off_the_published", worst, Op::Le, 3.0));
    let labels: Vec<TaskLabel> = prompts.iter().map(|(label, _)| label.clone()).collect();
    let matrices: Vec<_> = prompts.into_iter().map(|(_, prompt)| prompt).collect();
    let states: Vec<ActivationState> = stimulate(&lab.model, &matrices)?
        .iter()
        .map(ActivationState::from)
        .collect();
    for (id, window) in [("all", LayerWindow::All), ("top3", LayerWindow::Top(3))] {
        let matrix = SimilarityMatrix::from_fn(labels.clone(), |a, b| {
            states[a].overlap(&states[b], &window)
        })?;
        let found = TransferCorrelation::new(&matrix, &transfer)?.per_target;
        for (kind, mean) in [
            ("self included", found.included.mean),
            ("self left out", found.excluded.mean),
        ] {
            if let Some(value) = mean {
                let metric = format!("Spearman with the released transfer per target, {kind}");
                outcome
                    .rows
                    .push(Row::new(format!("overlap.{id}"), metric, value));
            }
        }
    }
    Ok(outcome)
}

/// Label words of SST-2 in the catalog.
fn catalog_words() -> Result<&'static [catalog::LabelWord]> {
    let task = catalog::task("sst2").context("no task `sst2` in the catalog")?;
    Ok(task.label_words)
}

fn place(labels: &[TaskLabel], name: &str) -> Result<usize> {
    let found = labels.iter().position(|label| label.name == name);
    found.with_context(|| format!("no task `{name}` in the published matrix"))
}

/// GLUE's validation sentences of SST-2: in this distribution the test file.
fn sst2(path: &Path) -> Result<Task> {
    let file = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    let mut test = Vec::new();
    for example in GlueReader::labeled(file, path, GlueTask::Sst2)? {
        let example = example?;
        let Some(Target::Class(label)) = example.target else {
            bail!("{}: a sentence without a class", path.display());
        };
        test.push(Example {
            text: example.text.to_string(),
            pair: None,
            label,
        });
    }
    let words = catalog_words()?;
    Ok(Task {
        name: "sst2".to_owned(),
        kind: "SA".to_owned(),
        label_words: words.iter().map(|word| word.masked.to_owned()).collect(),
        // The sets for training are not used; they may not be empty.
        train: test[..1].to_vec(),
        dev: test[..1].to_vec(),
        test,
    })
}
