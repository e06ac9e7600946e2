//! The tier on real models and public data.

use anyhow::{Result, ensure};
use plm_core::rng::Seed;
use plm_distill::fit::FitSettings;
use rand::seq::SliceRandom;

use super::lab::{Lab, examples};
use super::study::{self, Models, Problem};
use crate::repro::tasks::{LabelledText, WholeSet};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = lab(context)?;
    let models = Models::of(&lab, 3, context.settings.get("student_layers", 2)?);
    let texts: usize = context.settings.get("texts", 1_000)?;
    let test: usize = context.settings.get("test", 500)?;
    let sets: String = context.settings.get("sets", "sst2,trec".to_owned())?;
    for name in sets.split(',') {
        let set = WholeSet::find(name)?;
        let (train, held) = set.read(&context.store.dir(set.asset)?)?;
        let mut runs = Vec::new();
        for &number in &context.seeds {
            let seed = Seed::new(number);
            let train = draw(&train, texts, seed.child("train"));
            let held = draw(&held, test, seed.child("test"));
            let problem = Problem {
                labels: labels(&train),
                train: examples("train", &train),
                test: examples("test", &held),
            };
            ensure!(problem.labels.len() > 1, "{name}: fewer than two labels");
            runs.push(study::run(context, name, models, &problem, seed)?);
        }
        study::report(name, &runs, &mut outcome)?;
        study::check(name, models.recipe, &runs, &mut outcome)?;
    }
    outcome.notes.push(format!(
        "Teachers are the first {} and all {} layers of MiniLM-L6, the student its first {}; {texts} training \
         and up to {test} test texts, drawn anew for each seed, {} epochs.",
        models.small.1, lab.layers, models.student.1, lab.fit.epochs
    ));
    Ok(outcome)
}

/// MiniLM with the recipe of this tier.
pub(in crate::repro) fn lab(context: &Context) -> Result<Lab> {
    let fit = FitSettings {
        epochs: context.settings.get("epochs", 8)?,
        batch_size: context.settings.get("batch", 32)?,
        lr: context.settings.get("lr", 2e-4)?,
        ..FitSettings::default()
    };
    Lab::load(&context.store.dir("minilm-l6")?, 64, fit, &context.device)
}

/// `count` of `texts`, or all, in random order.
pub(in crate::repro) fn draw(
    texts: &[LabelledText],
    count: usize,
    seed: Seed,
) -> Vec<LabelledText> {
    let mut texts = texts.to_vec();
    texts.shuffle(&mut seed.rng());
    texts.truncate(count);
    texts
}

/// The different labels in order.
pub(in crate::repro) fn labels(texts: &[LabelledText]) -> Vec<String> {
    let labels: std::collections::BTreeSet<&str> =
        texts.iter().map(|(_, label)| label.as_str()).collect();
    labels.into_iter().map(str::to_owned).collect()
}
