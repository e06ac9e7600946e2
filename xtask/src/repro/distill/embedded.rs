//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_distill::fit::FitSettings;

use super::exact;
use super::lab::{Lab, examples};
use super::study::{self, Models, Problem};
use crate::repro::opinions::Half;
use crate::repro::tasks::LabelledText;
use crate::repro::things::{CLASSES, things};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let lab = lab(context)?;
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
        runs.push(study::run(context, models, &problem, seed)?);
    }
    study::report("generated", &runs, &mut outcome)?;
    study::check("generated", &runs, &mut outcome)?;
    outcome.notes.push(format!(
        "Sentences about two things, to be classified by the kind of the first; test things are not \
         among those of training. Teachers are the first two and all {} layers of plm-mini, the student is \
         its first layer, all trained on {texts} sentences for {} epochs.",
        lab.layers, lab.fit.epochs
    ));
    Ok(outcome)
}

/// plm-mini with the recipe of this tier.
pub(in crate::repro) fn lab(context: &Context) -> Result<Lab> {
    let fit = FitSettings {
        epochs: context.settings.get("epochs", 4)?,
        batch_size: 16,
        lr: context.settings.get("lr", 5e-4)?,
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
pub(in crate::repro) fn sentences(count: usize, half: Half, seed: Seed) -> Vec<LabelledText> {
    let labelled = |(text, class): (String, usize)| (text, class.to_string());
    things(count, half, seed)
        .into_iter()
        .map(labelled)
        .collect()
}
