//! How good a student of the union is, and how well the teachers' scores tell whose label a text has.
//!
//! Matrices are flat, row by row: probabilities `[rows, |L|]`, scores `[rows, teachers]`. Of equal
//! values the first counts as the largest.

use plm_core::check::{finite, same_size};
use plm_core::metrics::{Average, Confusion, expected_calibration_error};
use serde::Serialize;

use crate::{Error, LabelSpace, Result};

/// Quality of predicted union labels.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct UnionQuality {
    /// Share of rows with the right label.
    pub accuracy: f64,
    /// Mean F1 of the labels that occur among the gold or the predicted ones.
    pub macro_f1: f64,
    /// For each teacher, the accuracy on the rows whose gold label it knows; `None` without such rows.
    pub by_teacher: Vec<Option<f64>>,
}

/// How far a sum of probabilities may be from 1: half-precision softmax stays within.
const TOLERANCE: f64 = 1e-2;

/// The quality of `predicted` union ids `[rows]` against the `gold` ones.
///
/// # Errors
/// [`Error::Core`] where the lengths differ, there is no row, or an id is not in the union.
pub fn union_quality(
    space: &LabelSpace,
    gold: &[usize],
    predicted: &[usize],
) -> Result<UnionQuality> {
    let confusion = Confusion::new(gold, predicted, space.len())?;
    let mut counts = vec![(0_usize, 0_usize); space.teachers().len()];
    for (&gold, &predicted) in gold.iter().zip(predicted) {
        for (teacher, _) in space.members(gold) {
            counts[teacher].0 += usize::from(gold == predicted);
            counts[teacher].1 += 1;
        }
    }
    let share = |(right, rows): (usize, usize)| (rows > 0).then(|| right as f64 / rows as f64);
    Ok(UnionQuality {
        accuracy: confusion.accuracy(),
        macro_f1: confusion.average(Average::Macro).f1,
        by_teacher: counts.into_iter().map(share).collect(),
    })
}

/// The most probable union id of each row of `probabilities` `[rows, |L|]`; logits do as well.
///
/// # Errors
/// [`Error::Size`] where they are no whole number of rows, [`Error::NotFinite`] for NaN or infinity.
pub fn predictions(space: &LabelSpace, probabilities: &[f64]) -> Result<Vec<usize>> {
    let rows = rows("probabilities", probabilities, space.len())?;
    Ok(rows.map(argmax).collect())
}

/// Share of rows where the teacher with the largest of the `scores` `[rows, teachers]` knows the
/// `gold` label. Of a label that several teachers know, any of them is right.
///
/// # Errors
/// [`Error::Empty`] without a row, [`Error::Size`] where there are not as many scores as rows times
/// teachers, [`Error::NotFinite`] for NaN or infinity, [`Error::Setting`] for an id that is not in the
/// union.
pub fn teacher_selection_accuracy(
    space: &LabelSpace,
    gold: &[usize],
    scores: &[f64],
) -> Result<f64> {
    let rows = matching_rows("scores", scores, space.teachers().len(), space, gold)?;
    let right = |&(scores, gold): &(&[f64], &usize)| space.local(argmax(scores), *gold).is_some();
    let count = rows.zip(gold).filter(right).count();
    Ok(count as f64 / gold.len() as f64)
}

/// The expected calibration error of `probabilities` `[rows, |L|]` for the `gold` labels, over `bins`
/// bins of equal width (Guo et al. 2017). A row's confidence is its largest probability.
///
/// # Errors
/// [`Error::Empty`] without a row, [`Error::Size`] where there are not as many probabilities as rows
/// times labels, [`Error::NotFinite`] and [`Error::Probabilities`] for numbers that are none,
/// [`Error::Setting`] for an id that is not in the union, [`Error::Core`] for no bin.
pub fn calibration_error(
    space: &LabelSpace,
    gold: &[usize],
    probabilities: &[f64],
    bins: usize,
) -> Result<f64> {
    let what = "probabilities";
    let rows = matching_rows(what, probabilities, space.len(), space, gold)?;
    let mut confidences = Vec::with_capacity(gold.len());
    let mut correct = Vec::with_capacity(gold.len());
    for (row, (values, &gold)) in rows.zip(gold).enumerate() {
        let minimum = values.iter().copied().fold(f64::INFINITY, f64::min);
        let sum: f64 = values.iter().sum();
        if minimum < 0.0 || (sum - 1.0).abs() > TOLERANCE {
            return Err(Error::Probabilities {
                what,
                row,
                minimum,
                sum,
            });
        }
        let best = argmax(values);
        // Rounding in lower precision may end above 1.
        confidences.push(values[best].min(1.0));
        correct.push(best == gold);
    }
    Ok(expected_calibration_error(&confidences, &correct, bins)?)
}

/// The rows of `values`, each `width` wide.
fn rows<'a>(
    what: &'static str,
    values: &'a [f64],
    width: usize,
) -> Result<std::slice::ChunksExact<'a, f64>> {
    same_size(what, values.len(), values.len() / width * width)?;
    finite(what, values.iter().copied())?;
    Ok(values.chunks_exact(width))
}

/// The rows of `values`, one for each of the `gold` ids.
fn matching_rows<'a>(
    what: &'static str,
    values: &'a [f64],
    width: usize,
    space: &LabelSpace,
    gold: &[usize],
) -> Result<std::slice::ChunksExact<'a, f64>> {
    if gold.is_empty() {
        return Err(Error::Empty { what: "rows" });
    }
    same_size(what, values.len(), gold.len().saturating_mul(width))?;
    if let Some(id) = gold.iter().find(|&&id| id >= space.len()) {
        return Err(Error::Setting {
            name: "gold",
            value: id.to_string(),
            limit: "an id below the number of labels in the union",
        });
    }
    rows(what, values, width)
}

/// The place of the first of the largest of `values`.
fn argmax(values: &[f64]) -> usize {
    let larger = |best: usize, at: usize| if values[at] > values[best] { at } else { best };
    (0..values.len()).fold(0, larger)
}

#[cfg(test)]
mod tests {
    use plm_core::check::{NotFiniteError, SizeError};

    use super::*;

    fn space() -> LabelSpace {
        LabelSpace::new([["a", "b"], ["c", "d"]]).unwrap()
    }

    #[test]
    fn quality_by_hand() {
        let (gold, predicted) = ([0, 0, 1, 2, 2], [0, 1, 1, 1, 2]);
        let found = union_quality(&space(), &gold, &predicted).unwrap();
        assert!((found.accuracy - 0.6).abs() < 1e-12);
        // F1 = 2 right / (gold + predicted): a 2/3, b 2/4, c 2/3; d does not occur.
        assert!((found.macro_f1 - (2.0 / 3.0 + 0.5 + 2.0 / 3.0) / 3.0).abs() < 1e-12);
        assert_eq!(found.by_teacher, [Some(2.0 / 3.0), Some(0.5)]);
        let alone = union_quality(&space(), &[0], &[0]).unwrap();
        assert_eq!(alone.by_teacher, [Some(1.0), None]);
    }

    #[test]
    fn shared_labels_count_for_every_teacher() {
        let space = LabelSpace::new([["a", "b"], ["b", "c"]]).unwrap();
        let found = union_quality(&space, &[1, 1, 0, 2], &[1, 0, 0, 0]).unwrap();
        assert_eq!(found.by_teacher, [Some(2.0 / 3.0), Some(1.0 / 3.0)]);
    }

    #[test]
    fn the_first_of_equals_is_predicted() {
        let probabilities = [0.1, 0.4, 0.4, 0.1, 0.0, 0.0, 0.0, 1.0];
        assert_eq!(predictions(&space(), &probabilities).unwrap(), [1, 3]);
        assert_eq!(predictions(&space(), &[]).unwrap(), [0; 0]);
    }

    #[test]
    fn selection_by_hand() {
        // Scores of the specification's test vectors; their teachers are 0, 1 and 1.
        let space = LabelSpace::new([&["a", "b", "c"][..], &["d", "e"][..]].map(<[_]>::to_vec));
        let space = space.unwrap();
        let scores = [0.3941696, 0.0, 0.0010330, 0.7246401, 0.0, 0.1600585];
        let accuracy = |gold: &[usize]| teacher_selection_accuracy(&space, gold, &scores).unwrap();
        assert_eq!(accuracy(&[2, 3, 4]), 1.0);
        assert_eq!(accuracy(&[3, 4, 0]), 1.0 / 3.0);
        // Equal scores choose the first teacher.
        assert_eq!(
            teacher_selection_accuracy(&space, &[0], &[0.5, 0.5]).unwrap(),
            1.0
        );
        assert_eq!(
            teacher_selection_accuracy(&space, &[4], &[0.5, 0.5]).unwrap(),
            0.0
        );
    }

    #[test]
    fn any_owner_of_a_shared_label_is_right() {
        let space = LabelSpace::new([["a", "b"], ["b", "c"]]).unwrap();
        let scores = [0.9, 0.1, 0.1, 0.9];
        assert_eq!(
            teacher_selection_accuracy(&space, &[1, 1], &scores).unwrap(),
            1.0
        );
        assert_eq!(
            teacher_selection_accuracy(&space, &[2, 0], &scores).unwrap(),
            0.0
        );
    }

    #[test]
    fn calibration_by_hand() {
        // Confidences .8 (right) and .6 (wrong) in one bin: |1/2 - .7| = .2; in ten bins: (.2 + .6) / 2.
        let probabilities = [0.8, 0.2, 0.0, 0.0, 0.1, 0.6, 0.2, 0.1];
        let error = |bins| calibration_error(&space(), &[0, 0], &probabilities, bins).unwrap();
        assert!((error(1) - 0.2).abs() < 1e-12);
        assert!((error(10) - 0.4).abs() < 1e-12);
        let above = [1.0 + 1e-7, 0.0, 0.0, 0.0];
        assert_eq!(calibration_error(&space(), &[0], &above, 10).unwrap(), 0.0);
    }

    #[test]
    fn bad_input_is_refused() {
        let space = space();
        assert!(matches!(
            union_quality(&space, &[4], &[0]),
            Err(Error::Core(_))
        ));
        assert!(matches!(
            union_quality(&space, &[0], &[]),
            Err(Error::Core(_))
        ));
        let five = predictions(&space, &[0.0; 5]);
        assert!(
            matches!(
                five,
                Err(Error::Size(SizeError {
                    found: 5,
                    expected: 4,
                    ..
                }))
            ),
            "{five:?}"
        );
        let nan = predictions(&space, &[0.0, f64::NAN, 0.0, 0.0]);
        assert!(
            matches!(nan, Err(Error::NotFinite(NotFiniteError { index: 1, .. }))),
            "{nan:?}"
        );
        let select =
            |gold: &[usize], scores: &[f64]| teacher_selection_accuracy(&space, gold, scores);
        assert!(matches!(select(&[], &[]), Err(Error::Empty { .. })));
        assert!(matches!(
            select(&[0], &[1.0]),
            Err(Error::Size(SizeError {
                found: 1,
                expected: 2,
                ..
            }))
        ));
        assert!(matches!(
            select(&[4], &[1.0, 0.0]),
            Err(Error::Setting { name: "gold", .. })
        ));
        let calibrate = |values: [f64; 4], bins| calibration_error(&space, &[0], &values, bins);
        let logits = calibrate([2.0, 0.0, -1.0, 0.0], 10);
        assert!(
            matches!(logits, Err(Error::Probabilities { row: 0, .. })),
            "{logits:?}"
        );
        let sum = calibrate([0.5, 0.0, 0.0, 0.0], 10);
        assert!(matches!(sum, Err(Error::Probabilities { .. })), "{sum:?}");
        assert!(matches!(
            calibrate([1.0, 0.0, 0.0, 0.0], 0),
            Err(Error::Core(_))
        ));
    }
}
