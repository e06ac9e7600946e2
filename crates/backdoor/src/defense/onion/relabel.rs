//! Labels of purified texts.

use plm_core::check::same_size;

use super::{OnionSettings, Suspicion, purify};
use crate::rule::argmax;
use crate::traits::checked_probabilities;
use crate::{Classifier, Result};

/// Texts with the suspicions of their words.
#[derive(Debug, Clone, Copy)]
pub struct Examined<'a> {
    /// The texts.
    pub texts: &'a [&'a str],
    /// Their suspicions.
    pub suspicions: &'a [Suspicion],
}

/// Follows the labels of texts over a series of thresholds, and asks the classifier only where a
/// purified text is another than at the threshold before.
pub(super) struct Relabeler<'a, C: ?Sized> {
    classifier: &'a mut C,
    examined: Examined<'a>,
    chunk: usize,
    /// Places in the texts that are followed.
    followed: Vec<usize>,
    purified: Vec<String>,
    labels: Vec<usize>,
    classes: usize,
}

impl<'a, C: Classifier + ?Sized> Relabeler<'a, C> {
    /// Labels the texts as they are.
    pub(super) fn new(
        classifier: &'a mut C,
        examined: Examined<'a>,
        settings: OnionSettings,
    ) -> Result<Self> {
        settings.check()?;
        let texts = examined.texts;
        same_size("suspicions", examined.suspicions.len(), texts.len())?;
        let (labels, classes) = labels(classifier, texts, settings.chunk)?;
        Ok(Self {
            classifier,
            examined,
            chunk: settings.chunk,
            followed: (0..texts.len()).collect(),
            purified: texts.iter().map(|text| (*text).to_owned()).collect(),
            labels,
            classes,
        })
    }

    /// Follows only the texts that have the label `class` now.
    pub(super) fn only(&mut self, class: usize) {
        let keep: Vec<usize> = (0..self.labels.len())
            .filter(|&at| self.labels[at] == class)
            .collect();
        self.followed = keep.iter().map(|&at| self.followed[at]).collect();
        self.purified = keep
            .iter()
            .map(|&at| std::mem::take(&mut self.purified[at]))
            .collect();
        self.labels = vec![class; keep.len()];
    }

    /// The labels of the texts followed, purified with `threshold`.
    pub(super) fn labels_at(&mut self, threshold: f64) -> Result<&[usize]> {
        let mut changed = Vec::new();
        for (at, &place) in self.followed.iter().enumerate() {
            let (text, suspicion) = (self.examined.texts[place], &self.examined.suspicions[place]);
            let purified = purify(text, suspicion, threshold)?;
            if purified != self.purified[at] {
                self.purified[at] = purified;
                changed.push(at);
            }
        }
        let texts: Vec<&str> = changed
            .iter()
            .map(|&at| self.purified[at].as_str())
            .collect();
        let (labels, _) = labels(self.classifier, &texts, self.chunk)?;
        for (at, label) in changed.into_iter().zip(labels) {
            self.labels[at] = label;
        }
        Ok(&self.labels)
    }

    /// The labels of the texts followed, as of now.
    pub(super) fn labels(&self) -> &[usize] {
        &self.labels
    }

    /// Texts followed of which purifying has left nothing.
    pub(super) fn emptied(&self) -> usize {
        let texts = self
            .followed
            .iter()
            .map(|&place| self.examined.texts[place]);
        let pairs = texts.zip(&self.purified);
        pairs
            .filter(|(text, purified)| purified.is_empty() && !text.is_empty())
            .count()
    }

    /// Classes of the classifier; 0 where there is no text.
    pub(super) fn classes(&self) -> usize {
        self.classes
    }
}

/// The label of each text and the number of classes.
fn labels<C: Classifier + ?Sized>(
    classifier: &mut C,
    texts: &[&str],
    chunk: usize,
) -> Result<(Vec<usize>, usize)> {
    let (mut labels, mut classes) = (Vec::with_capacity(texts.len()), 0);
    for texts in texts.chunks(chunk) {
        let rows = checked_probabilities(classifier, texts)?;
        classes = rows[0].len();
        labels.extend(rows.iter().filter_map(|row| argmax(row)));
    }
    Ok((labels, classes))
}
