//! The paper's victim and recipe: BERT-base, three epochs, a tenth of the other class poisoned.

use std::path::Path;

use anyhow::Result;
use plm_backdoor::defense::rap::RapSettings;
use plm_backdoor::defense::strip::StripSettings;
use plm_backdoor::model::{FineTuning, RowSettings};
use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::lab::{Defaults, Lab};
use super::problem::{Problem, Words};
use super::read::Set;
use super::way::Way;
use super::{report, study};
use crate::repro::{Context, Outcome};

/// Longest text in tokens.
const MAX_LENGTH: usize = 512;

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = context.folder("model")?;
    let sets: String = context.settings.get("sets", "imdb,sst2,olid".to_owned())?;
    for set in sets.split(',').filter(|set| !set.is_empty()) {
        let set = Set::find(set)?;
        let texts = set.read(&context.store, MAX_LENGTH)?;
        let ways: String = context
            .settings
            .get("attacks", "word,sentence,ep,sos".to_owned())?;
        let ways = Way::list(&ways)?;
        let lab = lab(context, &folder, set)?;
        let mut runs = Vec::new();
        for &number in &context.seeds {
            let seed = Seed::new(number);
            // As many of each class as there are, unlike in the other tiers.
            let mut train = texts.train.clone();
            train.shuffle(&mut seed.child("train").rng());
            let held = train.split_off(train.len() - train.len() / 10);
            let problem = Problem::new(
                set.name,
                [train, held, texts.test.clone()],
                Words::published(),
            )?;
            let clean = lab.trained(problem.train.samples(), seed)?;
            runs.push(study::run(
                context, &lab, &problem, clean, &ways, seed, None,
            )?);
        }
        report::report(set.name, &runs, &mut outcome)?;
    }
    Ok(outcome)
}

/// The published recipe, where nothing else is set.
fn lab(context: &Context, folder: &Path, set: Set) -> Result<Lab> {
    let (fit, rows) = (FineTuning::default(), RowSettings::default());
    let rap = RapSettings::default().rows;
    let defaults = Defaults {
        layers: 12,
        max_length: MAX_LENGTH,
        ratio: 0.1,
        rows_ratio: 0.1,
        epochs: fit.epochs,
        lr: fit.lr,
        rows_epochs: rows.epochs,
        rows_batch: rows.batch,
        rows_lr: rows.lr,
        rap_lr: rap.lr,
        rap_dropout: rap.dropout,
        copies: StripSettings::default().copies,
        strip_ratios: set.strip_ratios,
        strip_stride: 1,
    };
    Lab::new(context, folder, defaults)
}
