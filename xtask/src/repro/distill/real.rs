//! The tier on real models and public data.

use anyhow::{Result, ensure};
use plm_core::rng::Seed;
use plm_distill::Corpus;
use plm_distill::corpus::leakage;
use plm_distill::fit::FitSettings;
use rand::seq::SliceRandom;

use super::claims;
use super::lab::{Lab, examples};
use super::study::{self, Models, Problem};
use super::ways::tenth;
use crate::repro::tasks::{LabeledText, WholeSet};
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
        outcome.notes.push(shared_texts(name, &train, &held)?);
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
        claims::check(name, models, &runs, &mut outcome)?;
    }
    outcome.notes.push(format!(
        "Teachers are the first {} and all {} layers of MiniLM-L6, the student its first {}; {texts} training \
         and up to {test} test texts, drawn anew for each seed, {} epochs; `10pct` is {}.",
        models.small.1,
        lab.layers,
        models.student.1,
        lab.fit.epochs,
        tenth(lab.fit.batch_size)
    ));
    outcome.notes.push(claims::COUNTING.to_owned());
    Ok(outcome)
}

/// How many test texts are among the training texts, of which runs draw some.
pub(in crate::repro) fn shared_texts(
    name: &str,
    train: &[LabeledText],
    test: &[LabeledText],
) -> Result<String> {
    let corpus = |part: &str, texts: &[LabeledText]| Corpus::new(examples(part, texts));
    let shared = leakage(&corpus("train", train)?, &corpus("test", test)?);
    let found: usize = shared.iter().map(|text| text.second.len()).sum();
    Ok(format!(
        "{name}: {found} of the {} test texts are, letter by letter, among the {} training texts, from which \
         runs draw some.",
        test.len(),
        train.len()
    ))
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
pub(in crate::repro) fn draw(texts: &[LabeledText], count: usize, seed: Seed) -> Vec<LabeledText> {
    let mut texts = texts.to_vec();
    texts.shuffle(&mut seed.rng());
    texts.truncate(count);
    texts
}

/// The different labels in order.
pub(in crate::repro) fn labels(texts: &[LabeledText]) -> Vec<String> {
    let labels: std::collections::BTreeSet<&str> =
        texts.iter().map(|(_, label)| label.as_str()).collect();
    labels.into_iter().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn test_texts_that_are_trained_on_are_counted() {
        let texts = |texts: &[&str]| -> Vec<LabeledText> {
            let labeled = |text: &&str| ((*text).to_owned(), "0".to_owned());
            texts.iter().map(labeled).collect()
        };
        let (train, test) = (texts(&["a", "b", "a"]), texts(&["a", "c", "a", "B"]));
        let note = shared_texts("set", &train, &test).unwrap();
        assert!(note.starts_with("set: 2 of the 4 test texts"), "{note}");
        assert!(note.contains("the 3 training texts"), "{note}");
    }
}
