//! RAP against one victim.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use anyhow::Result;
use plm_backdoor::defense::rap::{
    Acceptance, Construction, Protection, RapDefense, RapDetector, RapSettings, construct_scored,
    perturbed_probabilities,
};
use plm_backdoor::metrics::{CostMeter, DetectionRates};
use plm_backdoor::model::{RowSettings, Victim};
use plm_backdoor::{Calibration, Classifier, DecisionRule, Error, LEVELS, Scored};
use plm_core::rng::Seed;

use super::attack::Attacked;
use super::defend::{Detection, classifier, or_reason};
use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET, texts};
use super::theory::{self, Point};

/// What RAP did.
///
/// A level whose threshold is not above 0 is tried again with a larger weight of small drops, and then with another
/// word, as the paper's code advises: `detection` has the rates of each level under the perturbation that sufficed
/// for it. Its scores, and all else, are of the perturbation for the last of [`LEVELS`].
pub(super) struct Rap {
    pub(super) detection: Detection,
    /// The rates of all levels under the perturbation for the last one.
    pub(super) with_last: Vec<Result<DetectionRates, String>>,
    /// The weight of small drops that sufficed for each of [`LEVELS`]; NaN where none did.
    pub(super) scales: Vec<f64>,
    /// The perturbation for the last of [`LEVELS`].
    pub(super) made: Construction,
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
    let mut tries = Tries {
        victim: &attacked.victim,
        validation: &validation,
        settings: &settings,
        words: &problem.words.perturbations,
        made: Vec::new(),
    };
    let level = LEVELS[LEVELS.len() - 1];
    let last = tries.first(level)?;
    let mut found = Vec::new();
    for level in LEVELS {
        found.push(or_reason(tries.first(level))?);
    }
    let mut victim = attacked.victim.clone();
    let rule = DecisionRule::for_classes(CLASSES);
    let test = texts(&problem.test, true);
    let triggered: Vec<&str> = attacked.triggered.iter().map(String::as_str).collect();
    let mut unperturbed = Vec::new();
    for texts in [&test, &triggered] {
        unperturbed.push(victim.probabilities(texts)?);
    }
    let mut measure = |place: usize, made: &Construction| -> Result<(Vec<Scored>, Vec<Point>)> {
        let (texts, before) = ([&test, &triggered][place], &unperturbed[place]);
        let after = perturbed_probabilities(&mut victim, texts, made)?;
        let pairs = before.iter().zip(&after);
        let scored = pairs.map(|(before, after)| Scored::drop(before, after, TARGET, rule));
        Ok((scored.collect(), theory::points(before, &after)))
    };
    let mut measured = BTreeMap::new();
    for &number in found.iter().flatten() {
        if let Entry::Vacant(entry) = measured.entry(number) {
            let (made, _) = &tries.made[number];
            entry.insert((measure(0, made)?, measure(1, made)?));
        }
    }
    let mut rates = Vec::new();
    for (level, found) in LEVELS.into_iter().zip(&found) {
        rates.push(match found {
            Ok(number) => {
                let known = Calibration::new(&tries.made[*number].1)?;
                let ((clean, _), (poisoned, _)) = &measured[number];
                let threshold = known.drop_threshold(level)?.value;
                Ok(DetectionRates::new(clean, poisoned, threshold)?)
            }
            Err(reason) => Err(reason.clone()),
        });
    }
    let scales = found.iter().map(|found| {
        let number = found.as_ref().ok();
        number.map_or(f64::NAN, |&number| tries.made[number].0.scale)
    });
    let scales = scales.collect();
    let (made, known) = tries.made[last].clone();
    let ((clean, points_of_clean), (poisoned, points_of_poisoned)) = measured[&last].clone();
    let protection = Protection::from_drops(&mut victim, made.clone(), &known, level)?;
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
    let mut detection = Detection::new(&known, clean, poisoned, cost, threshold)?;
    Ok(Rap {
        with_last: std::mem::replace(&mut detection.rates, rates),
        detection,
        scales,
        made,
        points: [points_of_clean, points_of_poisoned],
    })
}

/// Constructions in the order in which they are tried: with the first of the words and growing weights, then with
/// the next. Each is made when it is asked for, once.
struct Tries<'t> {
    victim: &'t Victim,
    /// Clean texts of the protected class: they alone decide.
    validation: &'t [&'t str],
    settings: &'t RapSettings,
    words: &'t [String],
    /// With the drops of the validation texts.
    made: Vec<(Construction, Vec<Scored>)>,
}

impl Tries<'_> {
    /// The number of the first construction that is accepted at `level`.
    fn first(&mut self, level: f64) -> Result<usize> {
        let (mut mean, mut threshold) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for number in 0..self.words.len() * SCALES.len() {
            self.make(number)?;
            let (made, known) = &self.made[number];
            let found = Acceptance::new(made, known, &self.settings.objective, level)?;
            if found.accepted {
                return Ok(number);
            }
            mean = mean.max(found.mean);
            threshold = threshold.max(found.threshold);
        }
        let error = Error::NotConstructed {
            mean,
            lower: self.settings.objective.lower,
            threshold,
            level,
            scales: SCALES.to_vec(),
        };
        Err(error.into())
    }

    /// Makes all up to `number`.
    fn make(&mut self, number: usize) -> Result<()> {
        while self.made.len() <= number {
            let next = self.made.len();
            let mut settings = RapSettings {
                words: vec![self.words[next / SCALES.len()].clone()],
                ..self.settings.clone()
            };
            settings.objective.scale = SCALES[next % SCALES.len()];
            let made = construct_scored(self.victim, self.validation, &settings)?;
            self.made.push(made);
        }
        Ok(())
    }
}

/// The texts taken for the protected class.
fn protected<'t>(texts: &[&'t str], scored: &[Scored]) -> Vec<&'t str> {
    let both = texts.iter().zip(scored);
    both.filter(|(_, scored)| scored.protected)
        .map(|(text, _)| *text)
        .collect()
}
