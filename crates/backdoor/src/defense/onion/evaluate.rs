//! What purifying does to clean and to poisoned texts (arXiv 2110.07831).

use serde::Serialize;

use super::relabel::Relabeler;
use super::{Examined, OnionSettings};
use crate::metrics::Rate;
use crate::{Classifier, Error, Result};

/// The error rates of ONION at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OnionRates {
    /// Words of at least this suspicion are deleted.
    pub threshold: f64,
    /// FRR: share of the clean texts predicted as the protected class whose label changes.
    pub false_rejection: Rate,
    /// FAR: share of the poisoned texts predicted as the protected class whose label stays.
    pub false_acceptance: Rate,
    /// Texts of either kind of which no word is left.
    pub emptied: usize,
}

/// The error rates at each of `thresholds`, where `clean` are test texts of the protected `class`
/// and `poisoned` those of all other classes with the trigger.
///
/// A classifier that answers every text alike keeps every label: false rejections of 0 and false acceptances of 1
/// at every threshold. A language model that finds all words alike gives one threshold, which deletes every word:
/// see [`OnionRates::emptied`]. Neither is an error.
///
/// The classifier sees every text once, and a purified text only where it is another than at the
/// threshold before; sorted thresholds save most.
///
/// # Errors
/// [`Error::Setting`] for settings out of range or a threshold that is NaN, [`Error::Size`] where
/// texts and suspicions do not fit together, [`Error::Class`] for a class that the model does not
/// have, [`Error::Probabilities`] where it gives none, and those of the model.
pub fn evaluate<C: Classifier + ?Sized>(
    classifier: &mut C,
    clean: Examined<'_>,
    poisoned: Examined<'_>,
    class: usize,
    thresholds: &[f64],
    settings: OnionSettings,
) -> Result<Vec<OnionRates>> {
    let clean = stays(classifier, clean, class, thresholds, settings)?;
    let poisoned = stays(classifier, poisoned, class, thresholds, settings)?;
    let rates = thresholds.iter().zip(clean.into_iter().zip(poisoned));
    Ok(rates
        .map(|(&threshold, (clean, poisoned))| OnionRates {
            threshold,
            false_rejection: Rate::new(clean.rate.total - clean.rate.count, clean.rate.total),
            false_acceptance: poisoned.rate,
            emptied: clean.emptied + poisoned.emptied,
        })
        .collect())
}

/// How many texts keep a label.
struct Stays {
    rate: Rate,
    emptied: usize,
}

/// At each threshold, how many of the texts predicted as `class` are still.
fn stays<C: Classifier + ?Sized>(
    classifier: &mut C,
    examined: Examined<'_>,
    class: usize,
    thresholds: &[f64],
    settings: OnionSettings,
) -> Result<Vec<Stays>> {
    let mut relabeler = Relabeler::new(classifier, examined, settings)?;
    let classes = relabeler.classes();
    if class >= classes && !examined.texts.is_empty() {
        return Err(Error::Class { class, classes });
    }
    relabeler.only(class);
    let mut stays = Vec::with_capacity(thresholds.len());
    for &threshold in thresholds {
        let labels = relabeler.labels_at(threshold)?;
        stays.push(Stays {
            rate: labels.iter().map(|label| *label == class).collect(),
            emptied: relabeler.emptied(),
        });
    }
    Ok(stays)
}

#[cfg(test)]
mod tests {
    use super::super::{Examination, Suspicion, suspicions, toy};
    use super::*;
    use crate::testing::Table;

    const CLEAN: [&str; 3] = ["the movie was good", "good", "the movie was bad"];
    const POISONED: [&str; 3] = [
        "the movie cf was bad",
        "cf the movie was bad",
        "the movie was",
    ];

    fn settings() -> OnionSettings {
        OnionSettings {
            chunk: 4,
            ..OnionSettings::default()
        }
    }

    fn examine(texts: &[&str]) -> Examination {
        suspicions(&mut toy::bigrams(), texts, settings()).unwrap()
    }

    fn rates(
        model: &mut Table<Vec<f64>>,
        class: usize,
        thresholds: &[f64],
    ) -> Result<Vec<OnionRates>> {
        let (clean, poisoned) = (examine(&CLEAN), examine(&POISONED));
        let clean = Examined {
            texts: &CLEAN,
            suspicions: &clean.suspicions,
        };
        let poisoned = Examined {
            texts: &POISONED,
            suspicions: &poisoned.suspicions,
        };
        evaluate(model, clean, poisoned, class, thresholds, settings())
    }

    #[test]
    fn rates_by_hand() {
        let mut model = toy::backdoored();
        let infinity = f64::INFINITY;
        let all = rates(&mut model, 1, &[infinity, 4.0, f64::NEG_INFINITY]).unwrap();
        // Nothing deleted; `the movie was` and `the movie was bad` are no texts of class 1.
        assert_eq!(all[0].false_rejection, Rate::new(0, 2));
        assert_eq!(all[0].false_acceptance, Rate::new(2, 2));
        // With `cf` in the middle its suspicion is 12.1; in front, the pairs 1/100 1/2 1/2 1/2 give
        // 5.3 against 2, 3.3, which is not enough.
        assert_eq!(all[1].false_rejection, Rate::new(0, 2));
        assert_eq!(all[1].false_acceptance, Rate::new(1, 2));
        assert_eq!(all[1].emptied, 0);
        // Everything deleted but the text of one word.
        assert_eq!(all[2].false_rejection, Rate::new(1, 2));
        assert_eq!(all[2].false_acceptance, Rate::new(0, 2));
        assert_eq!(all[2].emptied, 3);
        // 6 texts as they are, 1 changed at the second threshold, 3 at the third.
        assert_eq!(model.forwards, 6 + 1 + 3);
        assert!(model.calls.iter().all(|call| *call <= 4));
    }

    #[test]
    fn a_constant_model_keeps_every_label() {
        let mut model = Table::new(|_| vec![0.2, 0.8]);
        for rates in rates(&mut model, 1, &[f64::INFINITY, 3.0, f64::NEG_INFINITY]).unwrap() {
            assert_eq!(rates.false_rejection.value, Some(0.0));
            assert_eq!(rates.false_acceptance.value, Some(1.0));
        }
        let none = rates(&mut model, 0, &[3.0]).unwrap();
        assert_eq!(none[0].false_rejection.value, None);
        assert_eq!(none[0].false_acceptance.value, None);
    }

    #[test]
    fn texts_empty_from_the_start_are_not_emptied() {
        let texts = ["", "the movie"];
        let suspicions = [Suspicion::of(&[], 1), Suspicion::of(&[2.0, 2.0], 2)];
        let examined = Examined {
            texts: &texts,
            suspicions: &suspicions,
        };
        let mut model = Table::new(|_| vec![0.2, 0.8]);
        let rates = evaluate(&mut model, examined, examined, 1, &[2.0], settings()).unwrap();
        assert_eq!(rates[0].emptied, 2);
    }

    #[test]
    fn faulty_input_is_refused() {
        let mut model = toy::backdoored();
        let error = rates(&mut model, 2, &[3.0]).unwrap_err();
        assert!(matches!(
            error,
            Error::Class {
                class: 2,
                classes: 2
            }
        ));
        assert!(matches!(
            rates(&mut model, 1, &[f64::NAN]),
            Err(Error::Setting { .. })
        ));
        let unfit = Examined {
            texts: &CLEAN,
            suspicions: &[],
        };
        let error = evaluate(&mut model, unfit, unfit, 1, &[], settings()).unwrap_err();
        assert!(matches!(error, Error::Size(_)));
    }
}
