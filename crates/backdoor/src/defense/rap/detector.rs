//! Using the perturbation (section 3.3).

use plm_core::nn::{FeedForward, Ffn};
use plm_core::text::EncodeOptions;

use super::{Construction, Protection, RapDefense};
use crate::model::Victim;
use crate::{Classifier, DecisionRule, Error, Guard, Result, Scored, Threshold, Verdict};

/// How much the probability of class `target` falls in each text under `made`, and the probabilities
/// without it.
///
/// # Errors
/// Those of the victim.
pub fn drops<F: Ffn>(
    victim: &mut Victim<F>,
    texts: &[&str],
    made: &Construction,
) -> Result<Vec<Scored>> {
    let classes = victim.classes();
    let rule = DecisionRule::for_classes(classes);
    let before = victim.probabilities(texts)?;
    let after = perturbed_probabilities(victim, texts, made)?;
    Ok(before
        .iter()
        .zip(&after)
        .map(|(before, after)| Scored::drop(before, after, made.target, rule))
        .collect())
}

/// The probabilities of `texts` under `made`.
///
/// # Errors
/// Those of the victim, and [`Error::Patch`] where the perturbation is another model's.
pub fn perturbed_probabilities<F: Ffn>(
    victim: &mut Victim<F>,
    texts: &[&str],
    made: &Construction,
) -> Result<Vec<Vec<f64>>> {
    let rows = victim.rows_in_place(&made.patch)?;
    let prefixed: Vec<String> = texts
        .iter()
        .map(|text| format!("{} {text}", made.prefix))
        .collect();
    let prefixed: Vec<&str> = prefixed.iter().map(String::as_str).collect();
    victim.probabilities_with(&prefixed, Some(&rows))
}

/// A victim with perturbations of its protected classes: checks inputs as they come.
///
/// An input predicted as no protected class costs one pass and is let through; any other costs two.
#[derive(Debug, Clone)]
pub struct RapDetector<F: Ffn = FeedForward> {
    victim: Victim<F>,
    defense: RapDefense,
    guard: Guard,
}

impl<F: Ffn> RapDetector<F> {
    /// Thresholds that reject `level` percent of the clean `validation` texts predicted as each protected
    /// class; returns them beside the detector. For texts of each class apart, make the defense of
    /// [`Protection::calibrated`].
    ///
    /// # Errors
    /// [`Error::DuplicateClass`] for a class with two perturbations, [`Error::Empty`] for none or where no
    /// validation text is predicted as a protected class, [`Error::Threshold`] where a threshold is not above
    /// 0.
    pub fn calibrated(
        mut victim: Victim<F>,
        made: Vec<Construction>,
        validation: &[&str],
        level: f64,
    ) -> Result<(Self, Vec<Threshold>)> {
        let defense = RapDefense::calibrated(&mut victim, made, validation, level)?;
        let thresholds = (defense.protected().iter())
            .map(|protection| protection.threshold)
            .collect();
        Ok((Self::guarding(victim, defense)?, thresholds))
    }

    /// `defense`, as it was read from a file, put before the model that it was made for.
    ///
    /// # Errors
    /// [`Error::ForeignModel`] for a model that answers a perturbation otherwise; [`Error::ForeignLength`] for
    /// a victim that cuts texts to another length; [`Error::NotOnePiece`] and [`Error::Patch`] where not even
    /// the words are the model's; [`Error::Class`] for a class that it does not have.
    pub fn new(mut victim: Victim<F>, defense: RapDefense) -> Result<Self> {
        defense.check(&mut victim)?;
        Self::guarding(victim, defense)
    }

    fn guarding(victim: Victim<F>, defense: RapDefense) -> Result<Self> {
        let thresholds = (defense.protected().iter())
            .map(|protection| (protection.made.target, protection.threshold.value));
        let guard = Guard::new(DecisionRule::for_classes(victim.classes()), thresholds)?;
        Ok(Self {
            victim,
            defense,
            guard,
        })
    }

    /// What is kept of it in a file.
    pub fn defense(&self) -> &RapDefense {
        &self.defense
    }

    /// A verdict on each text.
    ///
    /// # Errors
    /// Those of the victim.
    pub fn check(&mut self, texts: &[&str]) -> Result<Vec<Verdict>> {
        let before = self.victim.probabilities(texts)?;
        let mut drops = vec![None; texts.len()];
        for Protection { made, .. } in self.defense.protected() {
            let places: Vec<usize> = (0..texts.len())
                .filter(|&at| self.guard.checks(&before[at]) == Some(made.target))
                .collect();
            if places.is_empty() {
                continue;
            }
            let own: Vec<&str> = places.iter().map(|&at| texts[at]).collect();
            let after = perturbed_probabilities(&mut self.victim, &own, made)?;
            for (&place, after) in places.iter().zip(after) {
                drops[place] = Some(before[place][made.target] - after[made.target]);
            }
        }
        before
            .iter()
            .zip(drops)
            .map(|(before, drop)| self.guard.verdict(before, drop))
            .collect()
    }

    /// Texts put through the model so far.
    pub fn forwards(&self) -> u64 {
        self.victim.forwards()
    }

    /// The defended victim.
    pub fn victim(&self) -> &Victim<F> {
        &self.victim
    }

    /// Refuses perturbation words whose tokens occur in `trigger`: such a word does not perturb poisoned texts
    /// but triggers clean ones. The trigger is read as the victim reads texts, at their start and within them.
    ///
    /// # Errors
    /// [`Error::PerturbationWord`], and those of the tokenizer.
    pub fn check_words(&self, trigger: &str) -> Result<()> {
        let options = EncodeOptions::new().without_special_tokens();
        let mut ids = Vec::new();
        for text in [trigger.to_owned(), format!(" {trigger}")] {
            ids.extend(self.victim.tokenizer().encode(&text, &options)?.ids);
        }
        for Protection { made, .. } in self.defense.protected() {
            let mut words = made.prefix.split(' ').zip(&made.patch.ids);
            if let Some((word, _)) = words.find(|(_, id)| ids.contains(id)) {
                return Err(Error::PerturbationWord {
                    word: word.to_owned(),
                    reason: "is the trigger, or part of it",
                });
            }
        }
        Ok(())
    }
}
