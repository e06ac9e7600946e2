//! RAP against one victim.

use anyhow::{Result, anyhow};
use plm_backdoor::defense::rap::{
    Construction, Protection, RapDefense, RapDetector, RapSettings, construct_with_retry,
    perturbed_probabilities,
};
use plm_backdoor::metrics::CostMeter;
use plm_backdoor::model::{RowSettings, Victim};
use plm_backdoor::{Calibration, Classifier, DecisionRule, Error, LEVELS, Scored};
use plm_core::rng::Seed;

use super::attack::Attacked;
use super::defend::{Detection, classifier};
use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET, texts};
use super::theory::{self, Point};

/// What RAP did.
pub(super) struct Rap {
    pub(super) detection: Detection,
    /// The word that it puts in front.
    pub(super) word: String,
    /// The one of [`SCALES`] that sufficed.
    pub(super) scale: f64,
    /// Clean and poisoned texts.
    pub(super) points: [Vec<Point>; 2],
}

/// Weights of drops that are too small, one after the other until they suffice. A victim that is sure of its
/// texts has small gradients and needs the last ones.
const SCALES: [f64; 5] = [1.0, 4.0, 16.0, 64.0, 256.0];

/// RAP.
pub(super) fn run(lab: &Lab, problem: &Problem, attacked: &Attacked, seed: Seed) -> Result<Rap> {
    let settings = RapSettings {
        target: TARGET,
        rows: RowSettings {
            seed: seed.child("rap"),
            ..lab.rap.rows
        },
        ..lab.rap.clone()
    };
    let validation = texts(&problem.validation, true);
    let level = LEVELS[LEVELS.len() - 1];
    let (made, known) = construct(&attacked.victim, problem, &validation, &settings, level)?;
    let (word, scale) = (made.prefix.clone(), made.scale);
    let mut victim = attacked.victim.clone();
    let rule = DecisionRule::for_classes(CLASSES);
    let mut measure = |texts: &[&str]| -> Result<(Vec<Scored>, Vec<Point>)> {
        let before = victim.probabilities(texts)?;
        let after = perturbed_probabilities(&mut victim, texts, &made)?;
        let pairs = before.iter().zip(&after);
        let scored = pairs.map(|(before, after)| Scored::drop(before, after, TARGET, rule));
        Ok((scored.collect(), theory::points(&before, &after)))
    };
    let (clean, points_of_clean) = measure(&texts(&problem.test, true))?;
    let triggered: Vec<&str> = attacked.triggered.iter().map(String::as_str).collect();
    let (poisoned, points_of_poisoned) = measure(&triggered)?;
    let protection = Protection::from_drops(&mut victim, made, &known, level)?;
    let mut detector = RapDetector::new(victim, RapDefense::new(vec![protection])?)?;
    for piece in attacked.trigger.iter().flat_map(|trigger| trigger.pieces()) {
        detector.check_words(piece)?;
    }
    let checked: Vec<&str> = protected(&triggered, &poisoned);
    let start = detector.forwards();
    let meter = CostMeter::start(classifier(start));
    detector.check(&checked)?;
    let cost = meter.stop(classifier(detector.forwards()), checked.len())?;
    let threshold = |known: &Calibration, level| Ok(known.drop_threshold(level)?.value);
    let detection = Detection::new(&known, clean, poisoned, cost, threshold)?;
    Ok(Rap {
        detection,
        word,
        scale,
        points: [points_of_clean, points_of_poisoned],
    })
}

/// RAP with the first of the problem's words with which it can be constructed, and the drops of `validation`
/// under it. Clean texts alone decide.
fn construct(
    victim: &Victim,
    problem: &Problem,
    validation: &[&str],
    settings: &RapSettings,
    level: f64,
) -> Result<(Construction, Vec<Scored>)> {
    let mut refused = None;
    for word in &problem.words.perturbations {
        let settings = RapSettings {
            words: vec![word.clone()],
            ..settings.clone()
        };
        match construct_with_retry(victim, validation, &settings, &SCALES, level) {
            Ok(made) => return Ok(made),
            Err(error @ Error::NotConstructed { .. }) => refused = Some(error),
            Err(error) => return Err(error.into()),
        }
    }
    Err(refused.map_or_else(|| anyhow!("no word for RAP"), Into::into))
}

/// The texts taken for the protected class.
fn protected<'t>(texts: &[&'t str], scored: &[Scored]) -> Vec<&'t str> {
    let both = texts.iter().zip(scored);
    both.filter(|(_, scored)| scored.protected)
        .map(|(text, _)| *text)
        .collect()
}
