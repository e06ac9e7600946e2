//! Which examples of a batch a teacher is asked about (DynamicKD, section 3.2).

use plm_core::rng::StreamRng;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::error::check_labels;
use crate::uncertainty::{entropy, softmax, surprise};
use crate::{Error, Result};

/// By what examples are put in order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Strategy {
    /// All examples; the ratio does not matter.
    #[default]
    #[serde(rename = "none")]
    All,
    /// In random order: the control that the others have to beat.
    #[serde(rename = "random")]
    Random,
    /// Largest entropy first.
    #[serde(rename = "entropy")]
    Entropy,
    /// Smallest entropy first.
    #[serde(rename = "entropy-r")]
    EntropyReversed,
    /// Smallest probability of the most likely class first (least confidence).
    #[serde(rename = "confidence", alias = "lc")]
    Confidence,
    /// Largest probability of the most likely class first.
    #[serde(rename = "confidence-r", alias = "lc-r")]
    ConfidenceReversed,
    /// Smallest distance between the two most likely classes first.
    #[serde(rename = "margin")]
    Margin,
    /// Hardest first, by cross-entropy with the label. The authors' `kl` means this, and takes class
    /// numbers for probabilities.
    #[serde(rename = "ce", alias = "kl", alias = "kl-fix")]
    CrossEntropy,
    /// Easiest first.
    #[serde(rename = "ce-r", alias = "kl-r")]
    CrossEntropyReversed,
    /// Hardest, easiest, second hardest, second easiest and so on.
    #[serde(rename = "ce-b", alias = "kl-b")]
    CrossEntropyBoth,
}

impl Strategy {
    /// Whether labels are needed.
    pub fn needs_labels(self) -> bool {
        matches!(
            self,
            Self::CrossEntropy | Self::CrossEntropyReversed | Self::CrossEntropyBoth
        )
    }
}

/// A strategy with the share of each batch that it keeps.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Selection {
    /// The order.
    pub strategy: Strategy,
    /// The share that is kept, in (0, 1].
    pub ratio: f64,
}

impl Default for Selection {
    /// All examples.
    fn default() -> Self {
        Self {
            strategy: Strategy::All,
            ratio: 1.0,
        }
    }
}

impl Selection {
    /// Checks the ratio.
    ///
    /// # Errors
    /// [`Error::Setting`] where it is not in (0, 1].
    pub fn check(&self) -> Result<()> {
        if self.ratio > 0.0 && self.ratio <= 1.0 {
            return Ok(());
        }
        Err(Error::Setting {
            name: "select.ratio",
            value: self.ratio.to_string(),
            limit: "must be in (0, 1]",
        })
    }

    /// How many of `rows` examples are kept: ⌊rows · ratio⌋, but at least one.
    pub fn count(&self, rows: usize) -> usize {
        match self.strategy {
            Strategy::All => rows,
            // The small addend keeps 0.3 · 10 from becoming 2.
            _ => ((rows as f64 * self.ratio + 1e-9) as usize).clamp(1.min(rows), rows),
        }
    }

    /// The kept rows, first choice first. Of equal ones the first in the batch comes first.
    ///
    /// `logits` are the student's, row by row; `labels` are needed by some strategies only.
    ///
    /// # Errors
    /// Where a strategy needs labels, [`Error::Unlabeled`] if there are none, [`Error::Size`] if they are not
    /// as many as the rows, and [`Error::Setting`] for one that is no class.
    pub fn choose(
        &self,
        logits: &[Vec<f64>],
        labels: Option<&[usize]>,
        rng: &mut StreamRng,
    ) -> Result<Vec<usize>> {
        let mut order: Vec<usize> = (0..logits.len()).collect();
        let probabilities = || logits.iter().map(|row| softmax(row, 1.0));
        match self.strategy {
            Strategy::All => {}
            Strategy::Random => order.shuffle(rng),
            Strategy::Entropy => {
                descending(&mut order, probabilities().map(|p| entropy(&p)).collect());
            }
            Strategy::EntropyReversed => {
                descending(&mut order, probabilities().map(|p| -entropy(&p)).collect());
            }
            Strategy::Confidence => {
                descending(
                    &mut order,
                    probabilities().map(|p| -top_two(&p).0).collect(),
                );
            }
            Strategy::ConfidenceReversed => {
                descending(&mut order, probabilities().map(|p| top_two(&p).0).collect());
            }
            Strategy::Margin => {
                let margin = |p: Vec<f64>| top_two(&p).1 - top_two(&p).0;
                descending(&mut order, probabilities().map(margin).collect());
            }
            Strategy::CrossEntropy
            | Strategy::CrossEntropyReversed
            | Strategy::CrossEntropyBoth => {
                let labels = labels.ok_or(Error::Unlabeled {
                    what: "selection by cross-entropy",
                })?;
                let classes = logits.iter().map(Vec::len).min().unwrap_or(0);
                check_labels(labels, logits.len(), classes)?;
                let hardness: Vec<f64> = (logits.iter().zip(labels))
                    .map(|(row, &label)| surprise(row, label))
                    .collect();
                if self.strategy == Strategy::CrossEntropyReversed {
                    descending(&mut order, hardness.iter().map(|value| -value).collect());
                } else {
                    descending(&mut order, hardness);
                }
                if self.strategy == Strategy::CrossEntropyBoth {
                    order = from_both_ends(&order);
                }
            }
        }
        order.truncate(self.count(logits.len()));
        Ok(order)
    }
}

/// Sorts rows by falling `values`; equal ones stay in order.
pub(super) fn descending(order: &mut [usize], values: Vec<f64>) {
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
}

/// The two largest probabilities.
fn top_two(probabilities: &[f64]) -> (f64, f64) {
    probabilities.iter().fold(
        (f64::NEG_INFINITY, f64::NEG_INFINITY),
        |(first, second), &p| {
            if p > first {
                (p, first)
            } else {
                (first, second.max(p))
            }
        },
    )
}

/// First, last, second, last but one and so on.
fn from_both_ends(order: &[usize]) -> Vec<usize> {
    let count = order.len();
    (0..count)
        .map(|place| match place % 2 {
            0 => order[place / 2],
            _ => order[count - 1 - place / 2],
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;
    use proptest::prelude::{prop, prop_assert, prop_assert_eq, proptest};

    use super::*;

    const STUDENT: [[f64; 3]; 4] = [
        [1.0, 2.0, 3.0],
        [0.0, 0.0, 0.0],
        [4.0, 0.0, -4.0],
        [0.5, 0.4, 0.3],
    ];

    fn chosen(strategy: Strategy, ratio: f64, logits: &[Vec<f64>]) -> Vec<usize> {
        let labels: Vec<usize> = [2, 0, 0, 1]
            .into_iter()
            .cycle()
            .take(logits.len())
            .collect();
        let mut rng = Seed::new(3).stream("selection");
        Selection { strategy, ratio }
            .choose(logits, Some(&labels), &mut rng)
            .unwrap()
    }

    fn student() -> Vec<Vec<f64>> {
        STUDENT.iter().map(|row| row.to_vec()).collect()
    }

    #[test]
    fn entropy_margin_and_confidence_agree_on_the_example() {
        for strategy in [Strategy::Entropy, Strategy::Margin, Strategy::Confidence] {
            assert_eq!(
                chosen(strategy, 1.0, &student()),
                [1, 3, 0, 2],
                "{strategy:?}"
            );
        }
        for strategy in [Strategy::EntropyReversed, Strategy::ConfidenceReversed] {
            assert_eq!(chosen(strategy, 0.5, &student()), [2, 0], "{strategy:?}");
        }
        // Cross-entropies .4076, 1.0986, .0185, 1.1019.
        assert_eq!(
            chosen(Strategy::CrossEntropy, 1.0, &student()),
            [3, 1, 0, 2]
        );
        assert_eq!(
            chosen(Strategy::CrossEntropyReversed, 1.0, &student()),
            [2, 0, 1, 3]
        );
        assert_eq!(
            chosen(Strategy::CrossEntropyBoth, 1.0, &student()),
            [3, 2, 1, 0]
        );
    }

    #[test]
    fn margins_and_least_confidence_of_the_example() {
        let expected = [
            (0.420_512_5, 0.334_759_0),
            (0.0, 0.666_666_7),
            (0.963_710_1, 0.018_309_6),
            (0.034_940_4, 0.632_834_6),
        ];
        for (row, (margin, least)) in STUDENT.iter().zip(expected) {
            let (first, second) = top_two(&softmax(row, 1.0));
            assert!((first - second - margin).abs() < 1e-6, "{row:?}");
            assert!((1.0 - first - least).abs() < 1e-6, "{row:?}");
        }
    }

    #[test]
    fn counts() {
        let count = |ratio, rows| {
            let strategy = Strategy::Margin;
            Selection { strategy, ratio }.count(rows)
        };
        assert_eq!((count(0.1, 32), count(0.5, 32), count(0.3, 10)), (3, 16, 3));
        assert_eq!((count(0.1, 4), count(1.0, 4), count(0.5, 0)), (1, 4, 0));
        let all = Selection {
            strategy: Strategy::All,
            ratio: 0.1,
        };
        assert_eq!(all.count(32), 32);
        for ratio in [0.0, -1.0, 1.5, f64::NAN] {
            let text = Selection { ratio, ..all }.check().unwrap_err().to_string();
            assert!(text.contains("select.ratio"), "{text}");
        }
    }

    #[test]
    fn labels_are_asked_for_where_they_are_needed() {
        let mut rng = Seed::new(3).stream("selection");
        let mut choose = |strategy| {
            Selection {
                strategy,
                ratio: 0.5,
            }
            .choose(&student(), None, &mut rng)
        };
        assert!(choose(Strategy::Margin).is_ok());
        let text = choose(Strategy::CrossEntropy).unwrap_err().to_string();
        assert!(text.contains("label"), "{text}");
    }

    #[test]
    fn labels_are_one_class_for_each_row() {
        let mut rng = Seed::new(3).stream("selection");
        let mut choose = |labels: &[usize]| {
            let selection = Selection {
                strategy: Strategy::CrossEntropyReversed,
                ratio: 1.0,
            };
            selection.choose(&student(), Some(labels), &mut rng)
        };
        assert!(choose(&[2, 0, 0, 2]).is_ok());
        assert!(matches!(choose(&[2, 0, 0]), Err(Error::Size(_))));
        let beyond = choose(&[2, 0, 0, 3]);
        let named = |error: &Error| error.to_string().starts_with("labels = 3");
        assert!(beyond.as_ref().is_err_and(named), "{beyond:?}");
    }

    #[test]
    fn hard_examples_are_told_apart_where_their_probability_is_no_number() {
        // Of probabilities below e^-745 nothing is left; cross-entropies 800, 900 and 850.
        let logits: Vec<Vec<f64>> = [800.0, 900.0, 850.0].map(|top| vec![0.0, top]).into();
        assert!((surprise(&logits[1], 0) - 900.0).abs() < 1e-9);
        let mut rng = Seed::new(3).stream("selection");
        let selection = Selection {
            strategy: Strategy::CrossEntropy,
            ratio: 1.0,
        };
        let rows = selection.choose(&logits, Some(&[0, 0, 0]), &mut rng);
        let rows = rows.unwrap();
        assert_eq!(rows, [1, 2, 0]);
    }

    #[test]
    fn names_are_those_of_the_authors() {
        let read = |name: &str| serde_json::from_str::<Strategy>(&format!("{name:?}")).unwrap();
        assert_eq!(read("lc"), Strategy::Confidence);
        assert_eq!(read("kl-fix"), Strategy::CrossEntropy);
        assert_eq!(read("entropy-r"), Strategy::EntropyReversed);
        assert_eq!(read("none"), Strategy::All);
    }

    proptest! {
        #[test]
        fn two_classes_leave_no_choice_between_measures(
            gaps in prop::collection::vec(-9.0..9.0_f64, 1..12),
        ) {
            let logits: Vec<Vec<f64>> = gaps.iter().map(|gap| vec![*gap, 0.0]).collect();
            let entropy = chosen(Strategy::Entropy, 1.0, &logits);
            // Gaps that differ by less than rounding may change places.
            let sizes: Vec<f64> = entropy.iter().map(|&row| gaps[row].abs()).collect();
            prop_assert!(sizes.windows(2).all(|pair| pair[0] <= pair[1] + 1e-6));
            for strategy in [Strategy::Margin, Strategy::Confidence] {
                let other: Vec<f64> = chosen(strategy, 1.0, &logits)
                    .iter()
                    .map(|&row| gaps[row].abs())
                    .collect();
                for (a, b) in sizes.iter().zip(other) {
                    prop_assert!((a - b).abs() < 1e-6);
                }
            }
        }

        #[test]
        fn rows_are_chosen_once(
            ratio in 0.01..1.0_f64, rows in 1_usize..40, seed: u64, number in 0_usize..10,
        ) {
            let strategy = [
                Strategy::All, Strategy::Random, Strategy::Entropy, Strategy::EntropyReversed,
                Strategy::Confidence, Strategy::ConfidenceReversed, Strategy::Margin,
                Strategy::CrossEntropy, Strategy::CrossEntropyReversed, Strategy::CrossEntropyBoth,
            ][number];
            let logits: Vec<Vec<f64>> = (0..rows)
                .map(|row| (0..3).map(|class| ((row * 7 + class * 5 + seed as usize % 97) % 11) as f64).collect())
                .collect();
            let selection = Selection { strategy, ratio };
            let labels = vec![1; rows];
            let mut rng = Seed::new(seed).stream("selection");
            let mut rows_chosen = selection.choose(&logits, Some(&labels), &mut rng).unwrap();
            prop_assert_eq!(rows_chosen.len(), selection.count(rows));
            rows_chosen.sort_unstable();
            rows_chosen.dedup();
            prop_assert_eq!(rows_chosen.len(), selection.count(rows));
        }
    }
}
