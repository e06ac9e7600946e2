//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_backdoor::Sample;
use plm_backdoor::model::MaskedPerplexity;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::rng::Seed;
use rand::RngExt as _;

use super::lab::{Defaults, Lab};
use super::problem::{Problem, Words};
use super::way::Way;
use super::{checks, exact, report, study};
use crate::repro::opinions::{Half, opinions};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = context.root.join("models/plm-mini");
    let defaults = Defaults {
        ratio: 0.5,
        rows_ratio: 1.0,
        epochs: 4,
        rows_epochs: 10,
        rows_batch: 8,
        strip_ratios: [0.25, 0.05, 0.5],
        strip_stride: 3,
        ..Defaults::default()
    };
    let lab = Lab::new(context, &folder, defaults)?;
    let ways: String = context
        .settings
        .get("attacks", "word,sentence,ep,sos".to_owned())?;
    let ways = Way::list(&ways)?;
    let mut runs = Vec::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let problem = problem(context, seed)?;
        let mut language = first_only(context, index)?;
        let clean = lab.trained(problem.train.samples(), seed)?;
        if index == 0 {
            let folder = context.out.join("manifests");
            std::fs::create_dir_all(&folder)?;
            exact::check(&lab, &problem, &clean, seed, &folder, &mut outcome)?;
        }
        runs.push(study::run(
            context,
            &lab,
            &problem,
            clean,
            &ways,
            seed,
            language.as_mut(),
        )?);
    }
    report::report("generated", &runs, &mut outcome)?;
    checks::embedded(&runs, lab.strip.copies, &mut outcome);
    outcome.notes.push(format!(
        "Reviews of three sentences, of which two or three say what the label says. Victims are the first {} \
         layers of plm-mini; texts for training, validation and test draw from the same opinion words. Word and \
         sentence poison the share {} of the other class's texts, attacks on vectors {}. STRIP makes {} copies and \
         is quoted with {} of the words replaced. ONION takes its perplexities from plm-mini and is tried on {} \
         texts of each kind, of the first seed and attack.",
        lab.layers, lab.ratio, lab.rows_ratio, lab.strip.copies, lab.strip.ratio, lab.onion_texts
    ));
    Ok(outcome)
}

/// Generated reviews.
fn problem(context: &Context, seed: Seed) -> Result<Problem> {
    let count = |key: &str, default: usize| context.settings.get(key, default);
    let parts = [
        reviews(count("texts", 360)?, seed.child("train")),
        reviews(count("validation", 240)?, seed.child("validation")),
        reviews(count("test", 240)?, seed.child("test")),
    ];
    Problem::new("generated", parts, Words::of_the_small_model())
}

/// Reviews of three sentences; the majority says what the label, 1 for good, says. Labels alternate.
fn reviews(count: usize, seed: Seed) -> Vec<Sample> {
    let mut rng = seed.stream("majorities");
    let sentences = opinions(6 * count, Half::Train, seed);
    let mut of = [0, 1].map(|class| {
        let own = sentences.iter().filter(move |(_, other)| *other == class);
        own.map(|(text, _)| text.as_str())
    });
    (0..count)
        .map(|index| {
            let label = index % 2;
            let dissenter = rng.random_range(0..6_usize);
            let text: Vec<&str> = (0..3)
                .filter_map(|place| of[if place == dissenter { 1 - label } else { label }].next())
                .collect();
            Sample::new(text.join(" "), label)
        })
        .collect()
}

/// ONION's language model for the first of the seeds.
pub(super) fn first_only(context: &Context, index: usize) -> Result<Option<MaskedPerplexity>> {
    (index == 0).then(|| masked(context)).transpose()
}

/// plm-mini as a language model.
fn masked(context: &Context) -> Result<MaskedPerplexity> {
    let device = plm_core::device::parse(&context.device)?;
    let folder = context.root.join("models/plm-mini");
    let model = Pretrained::<EncoderForMaskedLM>::load(folder, &device)?;
    let tokenizer = model.tokenizer()?.clone();
    let stride = context.settings.get("onion_stride", 3)?;
    Ok(MaskedPerplexity::new(
        model.model,
        tokenizer,
        128,
        stride,
        32,
        &device,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reviews_have_three_sentences_and_repeat_by_seed() {
        let made = reviews(40, Seed::new(3));
        assert_eq!(made.len(), 40);
        for (index, review) in made.iter().enumerate() {
            assert_eq!(review.label, index % 2);
            assert_eq!(review.text.matches(" .").count(), 3, "{}", review.text);
        }
        assert_eq!(made, reviews(40, Seed::new(3)));
        assert_ne!(made, reviews(40, Seed::new(4)));
    }
}
