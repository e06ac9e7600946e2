//! ONION against one victim.

use anyhow::Result;
use plm_backdoor::defense::onion::{
    Examined, OnionRates, OnionSettings, PERCENTILES, evaluate, percentile_thresholds, suspicions,
};
use plm_backdoor::metrics::{Cost, CostMeter, Forwards};
use plm_backdoor::model::Victim;
use plm_backdoor::{Classifier, Perplexity};

use super::attack::Attacked;
use super::lab::Lab;
use super::problem::{Problem, TARGET, texts};

/// What ONION did.
pub(super) struct Onion {
    /// At each of [`PERCENTILES`].
    rates: Vec<OnionRates>,
    /// False rejections of validation texts at each of them.
    of_validation: Vec<Option<f64>>,
    pub(super) cost: Cost,
}

impl Onion {
    /// False rejections and acceptances of test texts at the percentile that deletes most words, among those
    /// that reject at most 5 % of the validation texts, the last of the levels of the other defenses. Of fewer than
    /// 20 texts that is none.
    pub(super) fn chosen(&self) -> Option<(f64, f64)> {
        let both = self.rates.iter().zip(&self.of_validation);
        let fits = both.filter(|(_, rejected)| rejected.is_some_and(|rate| rate <= 0.05));
        let chosen = fits.min_by(|(a, _), (b, _)| a.threshold.total_cmp(&b.threshold));
        let (rates, _) = chosen?;
        Some((rates.false_rejection.value?, rates.false_acceptance.value?))
    }
}

/// ONION on the first texts of each kind.
pub(super) fn run<P: Perplexity>(
    lab: &Lab,
    problem: &Problem,
    attacked: &Attacked,
    model: &mut P,
) -> Result<Onion> {
    let settings = OnionSettings::default();
    let mut validation = texts(&problem.validation, true);
    let mut clean = texts(&problem.test, true);
    let mut poisoned: Vec<&str> = attacked.triggered.iter().map(String::as_str).collect();
    for texts in [&mut validation, &mut clean, &mut poisoned] {
        texts.truncate(lab.onion_texts);
    }
    let known = suspicions(model, &validation, settings)?;
    let of_clean = suspicions(model, &clean, settings)?;
    let mut victim = attacked.victim.clone();
    let count = |victim: &Victim, model: &P| Forwards {
        classifier: victim.forwards(),
        language_model: model.forwards(),
    };
    let meter = CostMeter::start(count(&victim, model));
    let of_poisoned = suspicions(model, &poisoned, settings)?;
    // Of each text one version is classified, when a threshold has been chosen.
    victim.probabilities(&poisoned)?;
    let cost = meter.stop(count(&victim, model), poisoned.len())?;
    let thresholds = percentile_thresholds(&known.suspicions, &PERCENTILES)?;
    let thresholds: Vec<f64> = thresholds.iter().map(|each| each.threshold).collect();
    let clean = Examined {
        texts: &clean,
        suspicions: &of_clean.suspicions,
    };
    let validation = Examined {
        texts: &validation,
        suspicions: &known.suspicions,
    };
    let poisoned = Examined {
        texts: &poisoned,
        suspicions: &of_poisoned.suspicions,
    };
    let rates = evaluate(&mut victim, clean, poisoned, TARGET, &thresholds, settings)?;
    let none = Examined {
        texts: &[],
        suspicions: &[],
    };
    let held = evaluate(&mut victim, validation, none, TARGET, &thresholds, settings)?;
    let of_validation = held.iter().map(|rates| rates.false_rejection.value);
    Ok(Onion {
        rates,
        of_validation: of_validation.collect(),
        cost,
    })
}
