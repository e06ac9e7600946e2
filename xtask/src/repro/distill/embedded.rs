//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_distill::fit::FitSettings;

use super::lab::{Lab, examples};
use super::study::{self, Models, Problem};
use super::ways::tenth;
use super::{claims, exact};
use crate::repro::opinions::Half;
use crate::repro::tasks::LabeledText;
use crate::repro::things::{CLASSES, things};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = lab(context, (32, 1e-3, 6))?;
    exact::check(context, &lab, &mut outcome)?;
    let texts: usize = context.settings.get("texts", 360)?;
    let test: usize = context.settings.get("test", 360)?;
    let models = Models::of(&lab, 2, 1);
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let problem = Problem {
            labels: (0..CLASSES).map(|class| class.to_string()).collect(),
            train: examples("train", &sentences(texts, Half::Train, seed.child("train"))),
            test: examples("test", &sentences(test, Half::Test, seed.child("test"))),
        };
        runs.push(study::run(context, "generated", models, &problem, seed)?);
    }
    study::report("generated", &runs, &mut outcome)?;
    claims::check("generated", models, &runs, &mut outcome)?;
    outcome.notes.push(format!(
        "Sentences about two things, to be classified by the kind of the first; test things are not \
         among those of training. Teachers are the first two and all {} layers of plm-mini, the student is \
         its first layer, all trained on {texts} sentences for {} epochs; `10pct` is {}.",
        lab.layers,
        lab.fit.epochs,
        tenth(lab.fit.batch_size)
    ));
    outcome.notes.push(claims::COUNTING.to_owned());
    Ok(outcome)
}

/// plm-mini with a recipe: texts of a step, learning rate and epochs unless settings say otherwise.
pub(in crate::repro) fn lab(
    context: &Context,
    (batch, lr, epochs): (usize, f64, u64),
) -> Result<Lab> {
    let fit = FitSettings {
        epochs: context.settings.get("epochs", epochs)?,
        batch_size: context.settings.get("batch", batch)?,
        lr: context.settings.get("lr", lr)?,
        ..FitSettings::default()
    };
    Lab::load(
        &context.root.join("models/plm-mini"),
        64,
        fit,
        &context.device,
    )
}

/// Generated sentences with the number of their class as label.
pub(in crate::repro) fn sentences(count: usize, half: Half, seed: Seed) -> Vec<LabeledText> {
    let labeled = |(text, class): (String, usize)| (text, class.to_string());
    things(count, half, seed).into_iter().map(labeled).collect()
}
