//! STRIP against one victim.

use anyhow::Result;
use plm_backdoor::defense::strip::{StripDetector, StripSettings};
use plm_backdoor::metrics::CostMeter;
use plm_backdoor::{Calibration, Classifier, DecisionRule, Error};
use plm_core::rng::Seed;

use super::attack::Attacked;
use super::defend::{Detection, classifier};
use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET, texts};

/// STRIP.
pub(super) fn run(
    lab: &Lab,
    problem: &Problem,
    attacked: &Attacked,
    seed: Seed,
) -> Result<Detection> {
    let settings = StripSettings {
        seed: seed.child("strip"),
        ..lab.strip
    };
    let documents = texts(&problem.validation, false);
    let rule = DecisionRule::for_classes(CLASSES);
    let mut victim = attacked.victim.clone();
    let mut strip = StripDetector::new(&mut victim, &documents, TARGET, rule, settings)?;
    let known = strip.scores(&texts(&problem.validation, true))?;
    let clean = strip.scores(&texts(&problem.test, true))?;
    let triggered: Vec<&str> = attacked.triggered.iter().map(String::as_str).collect();
    let start = strip.classifier().forwards();
    let meter = CostMeter::start(classifier(start));
    let poisoned = strip.scores(&triggered)?;
    let cost = meter.stop(classifier(strip.classifier().forwards()), triggered.len())?;
    // Entropies that are all the same, or 0 where the threshold lies, reject nothing.
    let threshold = |known: &Calibration, level| {
        let found = known.threshold(level)?;
        if found.value > 0.0 && !found.constant {
            return Ok(found.value);
        }
        Err(Error::Threshold {
            level,
            value: found.value,
        })
    };
    Detection::new(&known, clean, poisoned, cost, threshold)
}
