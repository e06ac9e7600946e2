//! Victims with a back door, and what they do.

use std::path::Path;

use anyhow::{Context as _, Result};
use plm_backdoor::Classifier;
use plm_backdoor::attack::{Attack, Evaluation, Purpose, Sos, Trigger};
use plm_backdoor::metrics::{CleanQuality, attack_success_rate, false_trigger_rate};
use plm_backdoor::model::Victim;
use plm_core::rng::Seed;
use plm_core::text::EncodeOptions;

use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET};
use super::way::{Way, victim};

/// A victim with a back door, and what it does.
pub(super) struct Attacked {
    pub(super) victim: Victim,
    /// Test texts of the other class with the trigger.
    pub(super) triggered: Vec<String>,
    pub(super) success: f64,
    pub(super) quality: CleanQuality,
    /// The trigger, where it is known.
    pub(super) trigger: Option<Trigger>,
    /// Share of `triggered` that the victim does not read to the end.
    pub(super) cut: f64,
    /// Success of parts of the trigger, where it has parts.
    pub(super) false_triggers: Option<f64>,
}

/// Attacks a victim. `clean` is one that was trained on clean texts; manifests go to `folder`.
pub(super) fn attack(
    lab: &Lab,
    problem: &Problem,
    clean: &Victim,
    way: Way,
    seed: Seed,
    folder: &Path,
) -> Result<Attacked> {
    let mut victim = victim(lab, problem, clean, way, seed, folder)
        .with_context(|| format!("{}: attack {}", problem.name, way.name()))?;
    let trigger = way.trigger(problem);
    let triggered = evaluation(problem, trigger.clone(), Purpose::Success, seed)?;
    let success = success(&mut victim, &triggered)?;
    let false_triggers = match way {
        Way::Several => {
            let sos = Sos::new(&problem.words.several, TARGET, seed);
            let mut parts = Vec::new();
            for part in sos.partial_triggers() {
                let texts = evaluation(problem, part, Purpose::FalseTriggers, seed)?;
                parts.push(classes(&mut victim, &texts)?);
            }
            false_trigger_rate(&parts, TARGET).mean
        }
        _ => None,
    };
    Ok(Attacked {
        quality: quality(&mut victim, problem)?,
        cut: cut(&victim, &triggered)?,
        victim,
        trigger: Some(trigger),
        triggered,
        success,
        false_triggers,
    })
}

/// Test texts of the other class with `trigger`.
fn evaluation(
    problem: &Problem,
    trigger: Trigger,
    purpose: Purpose,
    seed: Seed,
) -> Result<Vec<String>> {
    let plan = Evaluation {
        purpose,
        ..Evaluation::new(trigger, TARGET, seed)
    };
    let set = Attack::Evaluation(plan).run(&problem.test)?;
    Ok(set
        .samples
        .into_iter()
        .map(|made| made.sample.text)
        .collect())
}

/// Share of `texts` with more tokens than the victim reads.
pub(super) fn cut(victim: &Victim, texts: &[String]) -> Result<f64> {
    let mut longer = 0;
    for text in texts {
        let encoding = victim.tokenizer().encode(text, &EncodeOptions::new())?;
        longer += usize::from(encoding.ids.len() > victim.max_length());
    }
    Ok(longer as f64 / texts.len().max(1) as f64)
}

/// The predicted classes.
pub(super) fn classes(victim: &mut Victim, texts: &[impl AsRef<str>]) -> Result<Vec<usize>> {
    let texts: Vec<&str> = texts.iter().map(AsRef::as_ref).collect();
    let rows = victim.probabilities(&texts)?;
    let class = |row: &Vec<f64>| usize::from(row[1] > row[0]);
    Ok(rows.iter().map(class).collect())
}

/// Share of `texts` taken for the target class.
pub(super) fn success(victim: &mut Victim, texts: &[String]) -> Result<f64> {
    let predicted = classes(victim, texts)?;
    attack_success_rate(&predicted, TARGET)
        .value
        .context("no texts with the trigger")
}

/// How the victim does on clean test texts.
pub(super) fn quality(victim: &mut Victim, problem: &Problem) -> Result<CleanQuality> {
    let samples = problem.test.samples();
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    let gold: Vec<usize> = samples.iter().map(|sample| sample.label).collect();
    Ok(CleanQuality::new(
        &gold,
        &classes(victim, &texts)?,
        CLASSES,
    )?)
}
