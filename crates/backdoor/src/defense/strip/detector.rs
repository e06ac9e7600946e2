//! The online detector.

use serde::{Deserialize, Serialize};

use super::{Perturber, StripSettings, TfIdf, entropy, mean_by_input};
use crate::traits::checked_probabilities;
use crate::{
    Calibration, Classifier, DecisionRule, Error, Guard, Result, Scored, Threshold, Verdict,
};

/// What STRIP says of one input.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct StripVerdict {
    /// The decision, without a drop.
    #[serde(flatten)]
    pub verdict: Verdict,
    /// Mean entropy of the copies' predictions, in nats.
    pub entropy: f64,
}

/// A classifier whose inputs are checked by their entropy under perturbation.
#[derive(Debug)]
pub struct StripDetector<C> {
    classifier: C,
    perturber: Perturber,
    settings: StripSettings,
    class: usize,
    rule: DecisionRule,
}

/// The classifier's prediction on an input and the mean entropy of its copies.
struct Measured {
    probabilities: Vec<f64>,
    entropy: f64,
}

impl<C: Classifier> StripDetector<C> {
    /// The detector that protects `class` of `classifier`, with words from `documents`: clean
    /// validation texts of the other classes. Of these the first [`StripSettings::documents`] count.
    ///
    /// # Errors
    /// [`Error::Setting`] for no copies, chunk or documents or a ratio out of range,
    /// [`Error::Empty`] where no document has a word.
    pub fn new(
        classifier: C,
        documents: &[&str],
        class: usize,
        rule: DecisionRule,
        settings: StripSettings,
    ) -> Result<Self> {
        settings.check()?;
        let table = TfIdf::new(&documents[..documents.len().min(settings.documents)])?;
        Ok(Self {
            classifier,
            perturber: Perturber::new(table, settings.ratio, settings.seed)?,
            settings,
            class,
            rule,
        })
    }

    /// The thresholds' source: the entropies of clean `validation` texts of the protected class that
    /// are predicted as it.
    ///
    /// # Errors
    /// [`Error::Empty`] where there is no such text, and those of [`Self::scores`].
    pub fn calibrate(&mut self, validation: &[&str]) -> Result<Calibration> {
        Calibration::new(&self.scores(validation)?)
    }

    /// The mean entropy of each text's copies. Every text costs `copies + 1` forward passes.
    ///
    /// # Errors
    /// [`Error::Class`] where the model does not have the protected class,
    /// [`Error::Probabilities`] where it does not give probabilities, and those of the model.
    pub fn scores(&mut self, texts: &[&str]) -> Result<Vec<Scored>> {
        let measured = self.measure(texts)?.into_iter();
        let scored =
            |each: Measured| Scored::new(&each.probabilities, self.class, self.rule, each.entropy);
        Ok(measured.map(scored).collect())
    }

    /// Checks texts: those predicted as the protected class are rejected where their entropy lies
    /// strictly below the threshold.
    ///
    /// # Errors
    /// [`Error::EntropyThreshold`] for a threshold that rejects nothing, as that of a classifier that answers every
    /// text alike, and those of [`Self::scores`].
    pub fn check(&mut self, texts: &[&str], threshold: &Threshold) -> Result<Vec<StripVerdict>> {
        threshold.check_entropy()?;
        let guard = Guard::new(self.rule, [(self.class, threshold.value)])?;
        let verdict = |each: Measured| {
            let reject = guard.rejects(&each.probabilities, Some(each.entropy))?;
            Ok(StripVerdict {
                verdict: Verdict::new(&each.probabilities, None, reject)?,
                entropy: each.entropy,
            })
        };
        self.measure(texts)?.into_iter().map(verdict).collect()
    }

    /// The classifier.
    pub fn classifier(&self) -> &C {
        &self.classifier
    }

    fn measure(&mut self, texts: &[&str]) -> Result<Vec<Measured>> {
        let copies = self.settings.copies;
        let inputs = (self.settings.chunk / copies.saturating_add(1)).max(1);
        let mut measured = Vec::with_capacity(texts.len());
        for originals in texts.chunks(inputs) {
            let copied: Vec<String> = originals
                .iter()
                .flat_map(|text| self.perturber.copies(text, copies))
                .collect();
            let mut batch = originals.to_vec();
            batch.extend(copied.iter().map(String::as_str));
            let mut rows = checked_probabilities(&mut self.classifier, &batch)?;
            let classes = rows[0].len();
            if self.class >= classes {
                let class = self.class;
                return Err(Error::Class { class, classes });
            }
            let entropies: Vec<f64> = rows[originals.len()..]
                .iter()
                .map(|row| entropy(row))
                .collect();
            let means = mean_by_input(&entropies, copies)?;
            rows.truncate(originals.len());
            let pairs = rows.into_iter().zip(means);
            measured.extend(pairs.map(|(probabilities, entropy)| Measured {
                probabilities,
                entropy,
            }));
        }
        Ok(measured)
    }
}
