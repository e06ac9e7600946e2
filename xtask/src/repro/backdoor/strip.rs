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
use super::study::Run;

/// STRIP with copies in which the share `ratio` of the words is replaced, on every `stride`-th text of each kind. The
/// words that are put in come from all validation texts of the other class.
pub(super) fn run(
    lab: &Lab,
    problem: &Problem,
    attacked: &Attacked,
    seed: Seed,
    ratio: f64,
    stride: usize,
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
    let known = strip.scores(&every(texts(&problem.validation, true), stride))?;
    let clean = strip.scores(&every(texts(&problem.test, true), stride))?;
    let triggered = every(attacked.triggered.iter().map(String::as_str), stride);
    let start = strip.classifier().forwards();
    let meter = CostMeter::start(classifier(start));
    let poisoned = strip.scores(&triggered)?;
    let cost = meter.stop(classifier(strip.classifier().forwards()), triggered.len())?;
    let threshold = |known: &Calibration, level| Ok(known.entropy_threshold(level)?.value);
    Detection::new(&known, clean, poisoned, cost, threshold)
}

/// The first of `texts` and every `stride`-th after it.
fn every<'t>(texts: impl IntoIterator<Item = &'t str>, stride: usize) -> Vec<&'t str> {
    texts.into_iter().step_by(stride).collect()
}

/// Says on how many texts STRIP was tried with the shares of replaced words that are not quoted, where on fewer than
/// with the quoted one.
pub(super) fn fewer_texts(name: &str, runs: &[Run]) -> Option<String> {
    let mut attempts = runs.iter().flat_map(|run| run.attempts.values());
    let (quoted, other) = attempts.find_map(|attempt| {
        let mut others = attempt.strip_others.iter();
        let other = others.find_map(|(_, found)| found.as_ref().ok())?;
        Some((attempt.strip.as_ref().ok()?, other))
    })?;
    let counts = |found: &Detection| [found.validation, found.clean.len(), found.poisoned.len()];
    thinned(name, counts(quoted), counts(other))
}

/// The same by the numbers of validation, clean and poisoned texts.
fn thinned(name: &str, quoted: [usize; 3], other: [usize; 3]) -> Option<String> {
    let [validation, clean, poisoned] = other;
    (other != quoted).then(|| {
        format!(
            "{name}: of each seed and attack, STRIP is tried with the shares of replaced words that are not quoted on \
             {validation} validation, {clean} clean and {poisoned} poisoned texts; with the quoted share on {}, {} \
             and {}.",
            quoted[0], quoted[1], quoted[2]
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_left_out_evenly_and_that_is_said() {
        let texts = ["a", "b", "c", "d", "e"];
        assert_eq!(every(texts, 1), texts);
        assert_eq!(every(texts, 3), ["a", "d"]);
        assert_eq!(every(texts, 9), ["a"]);
        assert_eq!(thinned("set", [5, 4, 3], [5, 4, 3]), None);
        let note = thinned("set", [5, 4, 3], [2, 2, 1]).unwrap();
        assert!(
            note.contains("on 2 validation, 2 clean and 1 poisoned"),
            "{note}"
        );
        assert!(note.ends_with("on 5, 4 and 3."), "{note}");
    }
}
