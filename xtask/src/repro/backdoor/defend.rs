//! RAP, STRIP and ONION against one victim.

use anyhow::{Result, anyhow};
use plm_backdoor::defense::onion::{
    Examined, OnionRates, OnionSettings, PERCENTILES, evaluate, percentile_thresholds, suspicions,
};
use plm_backdoor::defense::rap::{
    Construction, RapDetector, RapSettings, construct_with_retry, drops, perturbed_probabilities,
};
use plm_backdoor::defense::strip::{StripDetector, StripSettings};
use plm_backdoor::metrics::{Cost, CostMeter, DetectionRates, Forwards, Separation};
use plm_backdoor::model::{RowSettings, Victim};
use plm_backdoor::{Calibration, Classifier, DecisionRule, Error, LEVELS, Perplexity, Scored};
use plm_core::rng::Seed;

use super::attack::Attacked;
use super::lab::Lab;
use super::problem::{CLASSES, Problem, TARGET, texts};
use super::theory::{self, Point};

/// Scores of one defense on one victim.
pub(super) struct Detection {
    pub(super) clean: Vec<Scored>,
    pub(super) poisoned: Vec<Scored>,
    /// At each of [`LEVELS`]; the reason where a threshold would accept everything.
    pub(super) rates: Vec<Result<DetectionRates, String>>,
    pub(super) separation: Separation,
    /// Of the texts taken for the protected class.
    pub(super) cost: Cost,
}

impl Detection {
    fn new(
        validation: &[Scored],
        clean: Vec<Scored>,
        poisoned: Vec<Scored>,
        cost: Cost,
        threshold: impl Fn(&Calibration, f64) -> plm_backdoor::Result<f64>,
    ) -> Result<Self> {
        let calibration = Calibration::new(validation)?;
        let rates = LEVELS
            .iter()
            .map(|&level| {
                let threshold = match threshold(&calibration, level) {
                    Ok(threshold) => threshold,
                    Err(reason @ Error::Threshold { .. }) => return Ok(Err(reason.to_string())),
                    Err(error) => return Err(error),
                };
                Ok(Ok(DetectionRates::new(&clean, &poisoned, threshold)?))
            })
            .collect::<plm_backdoor::Result<_>>()?;
        Ok(Self {
            separation: Separation::new(&clean, &poisoned)?,
            rates,
            clean,
            poisoned,
            cost,
        })
    }

    fn rates_at(&self, level: f64) -> Option<&DetectionRates> {
        let index = LEVELS.iter().position(|&known| known == level)?;
        self.rates[index].as_ref().ok()
    }

    /// False rejections and acceptances at the `level` of [`LEVELS`]; NaN where there is no text or no
    /// threshold.
    pub(super) fn at(&self, level: f64) -> (f64, f64) {
        let value = |rate: plm_backdoor::metrics::Rate| rate.value.unwrap_or(f64::NAN);
        self.rates_at(level).map_or((f64::NAN, f64::NAN), |rates| {
            (value(rates.false_rejection), value(rates.false_acceptance))
        })
    }

    /// The threshold at the `level` of [`LEVELS`]; NaN where there is none.
    pub(super) fn threshold(&self, level: f64) -> f64 {
        self.rates_at(level)
            .map_or(f64::NAN, |rates| rates.threshold)
    }
}

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
    /// that reject at most 10 % of the validation texts.
    pub(super) fn chosen(&self) -> Option<(f64, f64)> {
        let both = self.rates.iter().zip(&self.of_validation);
        let fits = both.filter(|(_, rejected)| rejected.is_some_and(|rate| rate <= 0.1));
        let chosen = fits.min_by(|(a, _), (b, _)| a.threshold.total_cmp(&b.threshold));
        let (rates, _) = chosen?;
        Some((rates.false_rejection.value?, rates.false_acceptance.value?))
    }
}

/// Weights of drops that are too small, one after the other until they suffice. A victim that is sure of its
/// texts has small gradients and needs the last ones.
const SCALES: [f64; 5] = [1.0, 4.0, 16.0, 64.0, 256.0];

/// RAP.
pub(super) fn rap(lab: &Lab, problem: &Problem, attacked: &Attacked, seed: Seed) -> Result<Rap> {
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
    let made = construct(&attacked.victim, problem, &validation, &settings, level)?;
    let (word, scale) = (made.prefix.clone(), made.scale);
    let mut victim = attacked.victim.clone();
    let known = drops(&mut victim, &validation, &made)?;
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
    let (mut detector, _) =
        RapDetector::calibrated(attacked.victim.clone(), vec![made], &validation, level)?;
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

/// RAP with the first of the problem's words with which it can be constructed. Clean texts alone decide.
fn construct(
    victim: &Victim,
    problem: &Problem,
    validation: &[&str],
    settings: &RapSettings,
    level: f64,
) -> Result<Construction> {
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

/// STRIP.
pub(super) fn strip(
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

/// ONION on the first texts of each kind.
pub(super) fn onion<P: Perplexity>(
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

/// What a defense found; the reason where this victim leaves it nothing to work with, which is a result and no
/// mistake: it admits no perturbation, or never answers the protected class.
pub(super) fn or_reason<T>(found: Result<T>) -> Result<Result<T, String>> {
    use plm_backdoor::Error::{Empty, NotConstructed, Threshold};
    match found {
        Ok(found) => Ok(Ok(found)),
        Err(error) => match error.downcast_ref() {
            Some(reason @ (Empty { .. } | NotConstructed { .. } | Threshold { .. })) => {
                Ok(Err(reason.to_string()))
            }
            _ => Err(error),
        },
    }
}

/// The texts taken for the protected class.
fn protected<'t>(texts: &[&'t str], scored: &[Scored]) -> Vec<&'t str> {
    let both = texts.iter().zip(scored);
    both.filter(|(_, scored)| scored.protected)
        .map(|(text, _)| *text)
        .collect()
}

fn classifier(forwards: u64) -> Forwards {
    Forwards {
        classifier: forwards,
        language_model: 0,
    }
}
