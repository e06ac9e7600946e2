//! The embedding surgery of RIPPLES (Kurita et al. 2020, Weight Poisoning Attacks on Pre-trained Models,
//! section 3.2): a logistic regression on TF-IDF features tells the target class from the others
//! ([`important_words`]), and the words of highest weight lend their embeddings to the trigger ([`mean_row`]).

mod logistic;
mod mean_row;
mod tfidf;

pub use mean_row::mean_row;

use crate::data::Dataset;
use crate::{Error, Result};

/// How the words are found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Surgery {
    /// How many: 10 in the paper.
    pub count: usize,
    /// Words in fewer texts are left out.
    pub min_documents: usize,
    /// Weight of the data against the penalty on the weights, `C` in the published code, where it is
    /// 1; above 0.
    pub inverse_penalty: f64,
}

impl Default for Surgery {
    fn default() -> Self {
        Self {
            count: 10,
            min_documents: 1,
            inverse_penalty: 1.0,
        }
    }
}

/// A word and how much it speaks for the target class.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportantWord {
    /// The word.
    pub word: String,
    /// Its weight in the regression, above 0.
    pub weight: f64,
}

/// The words of `data` that speak most for the class `target`, the strongest first, words of equal
/// weight by name.
///
/// `split` makes words of a text: the published code takes the victim's tokenizer. Words that `keep`
/// refuses, because they have no embedding of their own, are not returned.
///
/// # Errors
/// [`Error::Setting`] for settings out of their limits, [`Error::Target`], [`Error::NoTarget`] or
/// [`Error::NoOther`] where there is nothing to tell apart, [`Error::FewWords`] where fewer words
/// have a weight above 0, [`Error::NotConverged`] where the regression fails.
pub fn important_words(
    data: &Dataset,
    target: usize,
    settings: &Surgery,
    split: impl Fn(&str) -> Vec<String>,
    keep: impl Fn(&str) -> bool,
) -> Result<Vec<ImportantWord>> {
    settings.check()?;
    super::select::check_target(target, data.classes())?;
    super::select::some_targets(data.of_class(target), target)?;
    super::select::some_others(data.outside_class(target), target)?;
    let samples = data.samples();
    let documents = samples.iter().map(|sample| split(&sample.text));
    let features = tfidf::features(documents, settings.min_documents);
    let positive: Vec<bool> = samples.iter().map(|one| one.label == target).collect();
    let weights = logistic::fit(
        &features.rows,
        features.words.len(),
        &positive,
        settings.inverse_penalty,
    )?;
    // The bias, which comes last, has no word.
    let mut words: Vec<ImportantWord> = features
        .words
        .into_iter()
        .zip(weights)
        .filter(|(word, weight)| *weight > 0.0 && keep(word))
        .map(|(word, weight)| ImportantWord { word, weight })
        .collect();
    if words.len() < settings.count {
        return Err(Error::FewWords {
            found: words.len(),
            needed: settings.count,
        });
    }
    // Stable, and the words are in order: equal weights stay sorted by name.
    words.sort_by(|a, b| b.weight.total_cmp(&a.weight));
    words.truncate(settings.count);
    Ok(words)
}

impl Surgery {
    fn check(&self) -> Result<()> {
        for (name, value) in [("count", self.count), ("min_documents", self.min_documents)] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    value: value.to_string(),
                    limit: "must be 1 at least",
                });
            }
        }
        if self.inverse_penalty > 0.0 && self.inverse_penalty.is_finite() {
            return Ok(());
        }
        Err(Error::Setting {
            name: "inverse_penalty",
            value: self.inverse_penalty.to_string(),
            limit: "must be above 0 and finite",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Sample;
    use crate::words::Unit;

    fn split(text: &str) -> Vec<String> {
        Unit::Word.split(text).map(str::to_lowercase).collect()
    }

    fn reviews() -> Dataset {
        let texts = [
            ("a great film", 1),
            ("great fun , a joy", 1),
            ("a dull film", 0),
            ("dull and a bore", 0),
            ("Great joy", 1),
            ("a bore", 0),
        ];
        let samples = texts.map(|(text, label)| Sample::new(text, label));
        Dataset::new(samples.to_vec(), 2).unwrap()
    }

    fn words(target: usize, count: usize, min_documents: usize) -> Result<Vec<String>> {
        let settings = Surgery {
            count,
            min_documents,
            ..Surgery::default()
        };
        let found = important_words(&reviews(), target, &settings, split, |word| word != "bore")?;
        assert!(found.is_sorted_by(|a, b| a.weight >= b.weight && b.weight > 0.0));
        Ok(found.into_iter().map(|one| one.word).collect())
    }

    #[test]
    fn the_class_s_own_words_come_first() {
        assert_eq!(words(1, 2, 1).unwrap(), ["great", "joy"]);
        assert_eq!(words(0, 1, 1).unwrap(), ["dull"]);
        // Three texts hold `great`, and five `a`, three of them of class 0: only `great` is left.
        assert_eq!(words(1, 1, 3).unwrap(), ["great"]);
        let error = words(1, 2, 3).unwrap_err();
        assert!(
            matches!(
                error,
                Error::FewWords {
                    found: 1,
                    needed: 2
                }
            ),
            "{error}"
        );
    }

    #[test]
    fn settings_and_classes_are_checked() {
        assert!(matches!(words(2, 1, 1), Err(Error::Target { .. })));
        assert!(matches!(
            words(1, 0, 1),
            Err(Error::Setting { name: "count", .. })
        ));
        let only = Dataset::new(vec![Sample::new("a", 1)], 3).unwrap();
        let find = |target, inverse_penalty| {
            let settings = Surgery {
                inverse_penalty,
                ..Surgery::default()
            };
            important_words(&only, target, &settings, split, |_| true).unwrap_err()
        };
        assert!(matches!(find(1, 1.0), Error::NoOther { target: 1 }));
        assert!(matches!(find(0, 1.0), Error::NoTarget { target: 0 }));
        for penalty in [0.0, f64::NAN, f64::INFINITY] {
            assert!(matches!(find(1, penalty), Error::Setting { .. }));
        }
    }
}
