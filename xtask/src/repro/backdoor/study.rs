//! All attacks and defenses on one data set and seed.

use std::collections::BTreeMap;

use anyhow::Result;
use plm_backdoor::metrics::CleanQuality;
use plm_backdoor::model::{MaskedPerplexity, Victim};
use plm_core::rng::Seed;

use super::attack::{self, Attacked};
use super::defend::{Detection, or_reason};
use super::lab::Lab;
use super::onion::{self, Onion};
use super::problem::Problem;
use super::rap::{self, Rap};
use super::strip;
use super::way::Way;
use crate::repro::Context;

/// One attack and what the defenses made of it.
pub(super) struct Attempt {
    pub(super) success: f64,
    pub(super) quality: CleanQuality,
    pub(super) false_triggers: Option<f64>,
    /// The reason where there is none; the same for STRIP.
    pub(super) rap: Result<Rap, String>,
    pub(super) strip: Result<Detection, String>,
    /// STRIP with other shares of replaced words, where the recipe says so on fewer texts.
    pub(super) strip_others: Vec<(f64, Result<Detection, String>)>,
    /// The same for ONION, where it was tried.
    pub(super) onion: Option<Result<Onion, String>>,
    /// Share of the texts with the trigger that the victim does not read to the end.
    pub(super) cut: f64,
}

/// What one seed gave.
pub(super) struct Run {
    /// Of a victim without back door, where one was trained.
    pub(super) clean: Option<CleanQuality>,
    pub(super) attempts: BTreeMap<Way, Attempt>,
}

/// Attacks and defends. `clean` is a victim trained on clean texts.
///
/// ONION is tried on the first of `ways` where `language` is given.
pub(super) fn run(
    context: &Context,
    lab: &Lab,
    problem: &Problem,
    mut clean: Victim,
    ways: &[Way],
    seed: Seed,
    mut language: Option<&mut MaskedPerplexity>,
) -> Result<Run> {
    let label = format!("{}, seed {}", problem.name, seed.value());
    let bar = context.progress.bar(2 * ways.len() as u64, &label);
    let folder = context.out.join("manifests");
    std::fs::create_dir_all(&folder)?;
    let mut attempts = BTreeMap::new();
    for &way in ways {
        let seed = seed.child(way.name());
        let attacked = attack::attack(lab, problem, &clean, way, seed, &folder)?;
        bar.inc(1);
        let asked = if way == ways[0] {
            language.as_deref_mut()
        } else {
            None
        };
        let attempt = defend(lab, problem, attacked, seed, asked)?;
        bar.inc(1);
        attempts.insert(way, attempt);
    }
    Ok(Run {
        clean: Some(attack::quality(&mut clean, problem)?),
        attempts,
    })
}

/// Defends one victim; ONION is tried where `language` is given.
pub(super) fn defend(
    lab: &Lab,
    problem: &Problem,
    attacked: Attacked,
    seed: Seed,
    language: Option<&mut MaskedPerplexity>,
) -> Result<Attempt> {
    let rap = or_reason(rap::run(lab, problem, &attacked, seed))?;
    let strip = |ratio, stride| or_reason(strip::run(lab, problem, &attacked, seed, ratio, stride));
    let mut strip_others = Vec::new();
    for &ratio in &lab.strip_others {
        strip_others.push((ratio, strip(ratio, lab.strip_stride)?));
    }
    let strip = strip(lab.strip.ratio, 1)?;
    let onion = match language {
        Some(model) => Some(or_reason(onion::run(lab, problem, &attacked, model))?),
        None => None,
    };
    Ok(Attempt {
        success: attacked.success,
        quality: attacked.quality,
        false_triggers: attacked.false_triggers,
        rap,
        strip,
        strip_others,
        onion,
        cut: attacked.cut,
    })
}
