//! STRIP against one victim.

use anyhow::Result;
use plm_backdoor::defense::strip::{StripDetector, StripSettings};
use plm_backdoor::metrics::CostMeter;
use plm_backdoor::{Calibration, Classifier, DecisionRule};
use plm_core::rng::Seed;

use super::attack::Attacked;
use super::defend::{Detection, classifier};
use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET, texts};

/// STRIP with copies in which the share `ratio` of the words is replaced.
pub(super) fn run(
    lab: &Lab,
    problem: &Problem,
    attacked: &Attacked,
    seed: Seed,
    ratio: f64,
) -> Result<Detection> {
    let settings = StripSettings {
        ratio,
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
    let threshold = |known: &Calibration, level| Ok(known.entropy_threshold(level)?.value);
    Detection::new(&known, clean, poisoned, cost, threshold)
}
