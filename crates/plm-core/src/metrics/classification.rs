//! Single-label classification: accuracy, F1 and its averages, Matthews' coefficient.

use std::collections::BTreeMap;

use serde::Serialize;

use super::check;
use super::scores::{Scores, ratio};
use crate::{Error, Result};

/// How the scores of single classes become one number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Average {
    /// From the counts of all classes together; over all classes it equals the accuracy.
    Micro,
    /// The plain mean over the classes.
    Macro,
    /// The mean over the classes, weighted with their number of gold items.
    Weighted,
}

/// The scores of one class.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize)]
pub struct ClassScores {
    /// Precision, recall and F1.
    pub scores: Scores,
    /// How many gold items the class has.
    pub support: usize,
}

/// Counts of (gold, predicted) label pairs, from which every measure of this kind follows.
///
/// ```
/// use plm_core::metrics::{Average, Confusion};
///
/// let confusion = Confusion::new(&[0, 1, 2, 2], &[0, 2, 2, 2], 3)?;
/// assert_eq!(confusion.accuracy(), 0.75);
/// assert!((confusion.average(Average::Macro).f1 - 0.6).abs() < 1e-12);
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confusion {
    /// Sparse, so that memory is bounded by the items and the classes, never by classes squared.
    cells: BTreeMap<(usize, usize), usize>,
    classes: Vec<Counts>,
    total: usize,
}

/// What is known of one class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Counts {
    correct: usize,
    gold: usize,
    predicted: usize,
}

impl Counts {
    fn scores(self) -> Scores {
        Scores::from_counts(self.correct, self.predicted, self.gold)
    }
}

impl Confusion {
    /// Counts the labels of `gold` and `predicted`, which lie in `0..classes`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the lengths differ, nothing is given, or a label is not below
    /// `classes`.
    pub fn new(gold: &[usize], predicted: &[usize], classes: usize) -> Result<Self> {
        check::paired("gold", gold.len(), "predicted", predicted.len())?;
        in_range("gold", gold, classes)?;
        in_range("predicted", predicted, classes)?;
        let mut counts = Vec::new();
        counts.try_reserve_exact(classes).map_err(|error| {
            Error::invalid(
                "classes",
                format!("{classes} classes do not fit into memory: {error}"),
            )
        })?;
        counts.resize(classes, Counts::default());
        let mut cells = BTreeMap::new();
        for (&g, &p) in gold.iter().zip(predicted) {
            *cells.entry((g, p)).or_insert(0) += 1;
            counts[g].gold += 1;
            counts[p].predicted += 1;
            counts[g].correct += usize::from(g == p);
        }
        Ok(Self {
            cells,
            classes: counts,
            total: gold.len(),
        })
    }

    /// How many items of class `gold` were taken for class `predicted`.
    pub fn count(&self, gold: usize, predicted: usize) -> usize {
        self.cells.get(&(gold, predicted)).copied().unwrap_or(0)
    }

    /// Share of items with the right label.
    pub fn accuracy(&self) -> f64 {
        ratio(self.correct(), self.total)
    }

    /// Mean recall over the classes that occur in the gold labels.
    pub fn balanced_accuracy(&self) -> f64 {
        let seen = self.classes.iter().filter(|class| class.gold > 0);
        let (sum, number) = seen.fold((0.0, 0), |(sum, number), class| {
            (sum + class.scores().recall, number + 1)
        });
        // At least one item exists, so at least one class was seen.
        sum / f64::from(number)
    }

    /// Matthews' correlation coefficient in its form for many classes (Gorodkin 2004), in
    /// `[-1, 1]`. It is 0 where all gold or all predicted labels are the same.
    pub fn matthews(&self) -> f64 {
        let n = self.total as f64;
        let sum = |f: fn(&Counts) -> f64| self.classes.iter().map(f).sum::<f64>();
        let cross = sum(|class| class.gold as f64 * class.predicted as f64);
        let gold = sum(|class| (class.gold as f64).powi(2));
        let predicted = sum(|class| (class.predicted as f64).powi(2));
        let (spread_gold, spread_predicted) = (n * n - gold, n * n - predicted);
        if spread_gold == 0.0 || spread_predicted == 0.0 {
            return 0.0;
        }
        let covariance = self.correct() as f64 * n - cross;
        (covariance / (spread_gold.sqrt() * spread_predicted.sqrt())).clamp(-1.0, 1.0)
    }

    /// Scores of every class `0..classes`, also of those that do not occur.
    pub fn per_class(&self) -> Vec<ClassScores> {
        let scores = |class: &Counts| ClassScores {
            scores: class.scores(),
            support: class.gold,
        };
        self.classes.iter().map(scores).collect()
    }

    /// The average over the classes that occur among the gold or the predicted labels, as
    /// scikit-learn has it. For all classes, or without a "none" class, see [`Self::average_over`].
    pub fn average(&self, average: Average) -> Scores {
        let seen = self.classes.iter().filter(|c| c.gold + c.predicted > 0);
        combine(average, seen.copied())
    }

    /// The average over the classes `labels` (scikit-learn's `labels`). A class that does not occur
    /// counts with zeros. Relation extraction leaves its "no relation" class out this way.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `labels` is empty, repeats a class or names one out of range.
    pub fn average_over(&self, average: Average, labels: &[usize]) -> Result<Scores> {
        check::not_empty("labels", labels.len())?;
        in_range("labels", labels, self.classes.len())?;
        let mut sorted = labels.to_vec();
        sorted.sort_unstable();
        if let Some(pair) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::invalid(
                "labels",
                format!("class {} is given more than once", pair[0]),
            ));
        }
        Ok(combine(
            average,
            labels.iter().map(|&label| self.classes[label]),
        ))
    }

    fn correct(&self) -> usize {
        self.classes.iter().map(|class| class.correct).sum()
    }
}

/// Every label is below `classes`.
fn in_range(name: &str, labels: &[usize], classes: usize) -> Result<()> {
    match labels.iter().position(|&label| label >= classes) {
        Some(at) => Err(Error::invalid(
            format!("{name}[{at}]"),
            format!("class {}, but there are {classes} classes", labels[at]),
        )),
        None => Ok(()),
    }
}

fn combine(average: Average, classes: impl Iterator<Item = Counts>) -> Scores {
    let mut pooled = Counts::default();
    let mut sum = Scores::default();
    let mut weight = 0.0;
    for class in classes {
        pooled.correct += class.correct;
        pooled.gold += class.gold;
        pooled.predicted += class.predicted;
        let share = match average {
            Average::Weighted => class.gold as f64,
            Average::Micro | Average::Macro => 1.0,
        };
        weight += share;
        sum.add_weighted(class.scores(), share);
    }
    let mut mean = Scores::default();
    if average == Average::Micro {
        mean = pooled.scores();
    } else if weight > 0.0 {
        mean.add_weighted(sum, 1.0 / weight);
    }
    mean
}

/// Share of positions where both slices agree, for labels of any type.
///
/// # Errors
/// [`Error::Invalid`] where the lengths differ or nothing is given.
pub fn accuracy<T: PartialEq>(gold: &[T], predicted: &[T]) -> Result<f64> {
    check::paired("gold", gold.len(), "predicted", predicted.len())?;
    let correct = gold.iter().zip(predicted).filter(|(g, p)| g == p).count();
    Ok(ratio(correct, gold.len()))
}

/// The F1 of [`Confusion::average`].
///
/// # Errors
/// As [`Confusion::new`].
pub fn f1(gold: &[usize], predicted: &[usize], classes: usize, average: Average) -> Result<f64> {
    Ok(Confusion::new(gold, predicted, classes)?
        .average(average)
        .f1)
}

/// [`Confusion::matthews`] of labels in `0..classes`.
///
/// # Errors
/// As [`Confusion::new`].
pub fn matthews(gold: &[usize], predicted: &[usize], classes: usize) -> Result<f64> {
    Ok(Confusion::new(gold, predicted, classes)?.matthews())
}

/// [`Confusion::balanced_accuracy`] of labels in `0..classes`.
///
/// # Errors
/// As [`Confusion::new`].
pub fn balanced_accuracy(gold: &[usize], predicted: &[usize], classes: usize) -> Result<f64> {
    Ok(Confusion::new(gold, predicted, classes)?.balanced_accuracy())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, assert_scores, cases, get, shuffled};
    use super::*;

    #[test]
    fn scikit_learn_gives_the_same() {
        for case in cases("/classification") {
            let name: String = get(case, "name");
            let gold: Vec<usize> = get(case, "gold");
            let predicted: Vec<usize> = get(case, "predicted");
            let classes = get(case, "classes");
            let confusion = Confusion::new(&gold, &predicted, classes).unwrap();
            for (key, value) in [
                ("accuracy", confusion.accuracy()),
                ("accuracy", accuracy(&gold, &predicted).unwrap()),
                ("balanced_accuracy", confusion.balanced_accuracy()),
                ("matthews", confusion.matthews()),
            ] {
                assert_close(value, get(case, key), 1e-9, &format!("{name}, {key}"));
            }
            let subset: Vec<usize> = get(case, "subset");
            for (key, average) in [
                ("micro", Average::Micro),
                ("macro", Average::Macro),
                ("weighted", Average::Weighted),
            ] {
                let context = format!("{name}, {key}");
                assert_scores(confusion.average(average), &case[key], 1e-9, &context);
                let over = confusion.average_over(average, &subset).unwrap();
                let key = format!("subset_{key}");
                assert_scores(over, &case[&key], 1e-9, &format!("{name}, {key}"));
            }
            let per_class = confusion.per_class();
            assert_eq!(per_class.len(), classes);
            for (class, reference) in per_class.iter().zip(case["per_class"].as_array().unwrap()) {
                assert_scores(class.scores, reference, 1e-9, &name);
                assert_eq!(class.support, get::<usize>(reference, "support"), "{name}");
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        assert_error(accuracy(&[1], &[1, 2]), &["predicted", "2", "1"]);
        assert_error(accuracy::<usize>(&[], &[]), &["gold", "empty"]);
        assert_error(
            f1(&[0, 3], &[0, 1], 3, Average::Micro),
            &["gold[1]", "class 3", "3 classes"],
        );
        assert_error(matthews(&[0], &[9], 2), &["predicted[0]", "class 9"]);
        assert_error(
            balanced_accuracy(&[0], &[0], usize::MAX),
            &["classes", &usize::MAX.to_string()],
        );
        let confusion = Confusion::new(&[0, 1], &[1, 1], 2).unwrap();
        let over = |labels: &[usize]| confusion.average_over(Average::Macro, labels);
        assert_error(over(&[]), &["labels", "empty"]);
        assert_error(over(&[0, 2]), &["labels[1]", "class 2"]);
        assert_error(over(&[1, 0, 1]), &["class 1", "more than once"]);
    }

    #[test]
    fn counts_are_by_gold_then_predicted() {
        let confusion = Confusion::new(&[0, 0, 1], &[1, 1, 1], 3).unwrap();
        assert_eq!(confusion.count(0, 1), 2);
        assert_eq!(confusion.count(1, 0), 0);
        assert_eq!(confusion.count(7, 7), 0);
    }

    const CLASSES: usize = 5;

    fn pairs() -> impl Strategy<Value = Vec<(usize, usize)>> {
        prop::collection::vec((0..CLASSES, 0..CLASSES), 1..40)
    }

    fn confusion(pairs: &[(usize, usize)]) -> Confusion {
        let (gold, predicted): (Vec<_>, Vec<_>) = pairs.iter().copied().unzip();
        Confusion::new(&gold, &predicted, CLASSES).unwrap()
    }

    proptest! {
        #[test]
        fn order_of_items_does_not_matter(pairs in pairs(), seed: u64) {
            prop_assert_eq!(confusion(&pairs), confusion(&shuffled(&pairs, seed)));
        }

        #[test]
        fn values_stay_within_bounds(pairs in pairs()) {
            let confusion = confusion(&pairs);
            prop_assert!((-1.0..=1.0).contains(&confusion.matthews()));
            prop_assert!((0.0..=1.0).contains(&confusion.balanced_accuracy()));
            let micro = confusion.average(Average::Micro);
            prop_assert!((micro.f1 - confusion.accuracy()).abs() < 1e-12);
            let weighted = confusion.average(Average::Weighted);
            prop_assert!((weighted.recall - confusion.accuracy()).abs() < 1e-12);
            for average in [Average::Macro, Average::Weighted] {
                let scores = confusion.average(average);
                for value in [scores.precision, scores.recall, scores.f1] {
                    prop_assert!((0.0..=1.0 + 1e-12).contains(&value));
                }
            }
        }

        #[test]
        fn exchanging_the_sides_exchanges_precision_and_recall(pairs in pairs()) {
            let swapped: Vec<_> = pairs.iter().map(|&(g, p)| (p, g)).collect();
            let (ours, theirs) = (confusion(&pairs), confusion(&swapped));
            prop_assert!((ours.matthews() - theirs.matthews()).abs() < 1e-12);
            let (a, b) = (ours.average(Average::Macro), theirs.average(Average::Macro));
            prop_assert!((a.precision - b.recall).abs() < 1e-12);
            prop_assert!((a.f1 - b.f1).abs() < 1e-12);
        }

        #[test]
        fn perfect_predictions_score_one(labels in prop::collection::vec(0..CLASSES, 1..40)) {
            let confusion = Confusion::new(&labels, &labels, CLASSES).unwrap();
            prop_assert_eq!(confusion.accuracy(), 1.0);
            prop_assert!((confusion.average(Average::Macro).f1 - 1.0).abs() < 1e-12);
            let constant = labels.iter().all(|label| *label == labels[0]);
            prop_assert!((confusion.matthews() - f64::from(u8::from(!constant))).abs() < 1e-12);
        }

        #[test]
        fn matthews_is_the_correlation_of_indicators(pairs in pairs()) {
            // Gorodkin's definition: covariances summed over the classes' 0/1 columns.
            let n = pairs.len() as f64;
            let covariance = |x: fn(&(usize, usize)) -> usize, y: fn(&(usize, usize)) -> usize| {
                (0..CLASSES)
                    .map(|class| {
                        let column = |f: fn(&(usize, usize)) -> usize| -> Vec<f64> {
                            let values: Vec<f64> = pairs
                                .iter()
                                .map(|pair| f64::from(u8::from(f(pair) == class)))
                                .collect();
                            let mean = values.iter().sum::<f64>() / n;
                            values.iter().map(|value| value - mean).collect()
                        };
                        column(x).iter().zip(column(y)).map(|(a, b)| a * b).sum::<f64>()
                    })
                    .sum::<f64>()
            };
            let spread = (covariance(|p| p.0, |p| p.0) * covariance(|p| p.1, |p| p.1)).sqrt();
            let naive = if spread < 1e-9 { 0.0 } else { covariance(|p| p.0, |p| p.1) / spread };
            prop_assert!((confusion(&pairs).matthews() - naive).abs() < 1e-9);
        }
    }
}
