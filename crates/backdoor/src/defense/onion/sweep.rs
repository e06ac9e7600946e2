//! ONION's own choice of a threshold: as low as clean accuracy allows.
//!
//! ONION's code has the suspicion with the other sign and deletes words of at most a bar from -100 to
//! -1; its bar `b` is the threshold `-b` here.

use plm_core::check::same_size;
use serde::Serialize;

use super::relabel::Relabeler;
use super::{Examined, OnionSettings};
use crate::metrics::Rate;
use crate::{Classifier, Error, Result};

/// The accuracy on clean texts at one threshold.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SweepPoint {
    /// Words of at least this suspicion are deleted.
    pub threshold: f64,
    /// Share of the purified texts with the right label.
    pub accuracy: Rate,
}

/// What a sweep over thresholds found.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sweep {
    /// Share of the texts as they are with the right label.
    pub accuracy: Rate,
    /// The accuracy at each threshold, from the highest threshold, which deletes least.
    pub points: Vec<SweepPoint>,
    /// The lowest threshold that costs no more accuracy than allowed; none where all cost more.
    pub chosen: Option<f64>,
}

impl Sweep {
    /// The usual largest cost: two of a hundred texts.
    pub const MAX_COST: f64 = 0.02;

    /// The thresholds of ONION's code: 100, 99, and so on to 1.
    pub fn own_thresholds() -> impl Iterator<Item = f64> {
        (1..=100).rev().map(f64::from)
    }
}

/// Purifies `clean` validation texts of labels `gold` with each of `thresholds`, and chooses the
/// lowest that costs at most `max_cost` of the accuracy.
///
/// # Errors
/// [`Error::Setting`] for settings or a cost out of range or a threshold that is NaN,
/// [`Error::Size`] where texts, suspicions and labels do not fit together, [`Error::Empty`] for no
/// texts, [`Error::Class`] for a label that the model does not have, [`Error::Probabilities`] where
/// it gives no probabilities, and those of the model.
pub fn sweep<C: Classifier + ?Sized>(
    classifier: &mut C,
    clean: Examined<'_>,
    gold: &[usize],
    thresholds: impl IntoIterator<Item = f64>,
    max_cost: f64,
    settings: OnionSettings,
) -> Result<Sweep> {
    if !(0.0..=1.0).contains(&max_cost) {
        return Err(Error::Setting {
            name: "max_cost",
            value: max_cost.to_string(),
            limit: "must be a share from 0 to 1",
        });
    }
    same_size("labels", gold.len(), clean.texts.len())?;
    if gold.is_empty() {
        return Err(Error::Empty {
            what: "clean validation texts",
            fix: "give texts with their labels",
        });
    }
    let mut thresholds: Vec<f64> = thresholds.into_iter().collect();
    thresholds.sort_unstable_by(|a, b| b.total_cmp(a));
    let right =
        |labels: &[usize]| -> Rate { labels.iter().zip(gold).map(|(a, b)| a == b).collect() };
    let mut relabeler = Relabeler::new(classifier, clean, settings)?;
    let classes = relabeler.classes();
    if let Some(&class) = gold.iter().find(|class| **class >= classes) {
        return Err(Error::Class { class, classes });
    }
    let accuracy = right(relabeler.labels());
    let mut points = Vec::with_capacity(thresholds.len());
    for threshold in thresholds {
        let accuracy = right(relabeler.labels_at(threshold)?);
        points.push(SweepPoint {
            threshold,
            accuracy,
        });
    }
    // In whole texts, so that a cost of exactly `max_cost` is allowed whatever the rounding.
    let allowed = (max_cost * gold.len() as f64 + 1e-9).floor() as usize;
    let affordable = |point: &&SweepPoint| point.accuracy.count + allowed >= accuracy.count;
    let chosen = points
        .iter()
        .rev()
        .find(affordable)
        .map(|point| point.threshold);
    Ok(Sweep {
        accuracy,
        points,
        chosen,
    })
}

#[cfg(test)]
mod tests {
    use super::super::{Suspicion, toy};
    use super::*;

    const TEXTS: [&str; 4] = ["so good", "very good", "was good", "was bad"];

    /// `good` has the suspicions 30, 10, -5 in the first three texts.
    fn suspicions() -> Vec<Suspicion> {
        let scores = [[-9.0, 30.0], [40.0, 10.0], [-9.0, -5.0], [2.0, 3.0]];
        scores
            .iter()
            .map(|scores| Suspicion::of(scores, 2))
            .collect()
    }

    fn swept(gold: &[usize], max_cost: f64) -> Result<Sweep> {
        let clean = Examined {
            texts: &TEXTS,
            suspicions: &suspicions(),
        };
        let settings = OnionSettings::default();
        let thresholds = Sweep::own_thresholds();
        sweep(
            &mut toy::backdoored(),
            clean,
            gold,
            thresholds,
            max_cost,
            settings,
        )
    }

    #[test]
    fn the_lowest_affordable_threshold_is_chosen() {
        let chosen = |max_cost| swept(&[1, 1, 1, 0], max_cost).unwrap().chosen;
        // At 30 the first text loses `good` and its label, at 10 the second.
        assert_eq!(chosen(0.0), Some(31.0));
        assert_eq!(chosen(0.24), Some(31.0));
        assert_eq!(chosen(0.25), Some(11.0));
        assert_eq!(chosen(0.5), Some(1.0));
        let sweep = swept(&[1, 1, 1, 0], 0.0).unwrap();
        assert_eq!(sweep.accuracy, Rate::new(4, 4));
        assert_eq!(sweep.points.len(), 100);
        assert_eq!(sweep.points[70].threshold, 30.0);
        assert_eq!(sweep.points[69].accuracy, Rate::new(4, 4));
        assert_eq!(sweep.points[70].accuracy, Rate::new(3, 4));
        assert_eq!(sweep.points[99].accuracy, Rate::new(2, 4));
    }

    #[test]
    fn a_gain_is_no_cost_and_a_loss_everywhere_leaves_no_choice() {
        // Losing `good` makes the first two labels right.
        assert_eq!(swept(&[0, 0, 1, 0], 0.0).unwrap().chosen, Some(1.0));
        let clean = Examined {
            texts: &TEXTS,
            suspicions: &suspicions(),
        };
        let settings = OnionSettings::default();
        let mut model = toy::backdoored();
        let sweep = sweep(&mut model, clean, &[1, 1, 1, 0], [5.0, 9.0], 0.02, settings).unwrap();
        assert_eq!(sweep.chosen, None);
        // 4 texts as they are, 2 changed at 9, none more at 5.
        assert_eq!(model.forwards, 4 + 2);
    }

    #[test]
    fn faulty_input_is_refused() {
        assert!(matches!(swept(&[1, 1], 0.0), Err(Error::Size(_))));
        assert!(matches!(
            swept(&[1, 1, 1, 7], 0.0),
            Err(Error::Class { class: 7, .. })
        ));
        assert!(matches!(
            swept(&[1, 1, 1, 0], -0.1),
            Err(Error::Setting { .. })
        ));
        let none = Examined {
            texts: &[],
            suspicions: &[],
        };
        let settings = OnionSettings::default();
        let error = sweep(&mut toy::backdoored(), none, &[], [1.0], 0.0, settings).unwrap_err();
        assert!(matches!(error, Error::Empty { .. }));
    }
}
