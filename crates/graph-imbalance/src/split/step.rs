//! Quantity imbalance in one step: large and small classes.

use plm_core::rng::Seed;

use super::parts::Split;
use super::sample::{Validation, draw_sizes};
use crate::graph::Labels;
use crate::{Error, Result};

/// Head classes with ρ times as many training nodes as the tail classes, δ of all nodes together (the
/// paper's section 4.3).
///
/// A tail class gets t = ⌊n·δ/(k_t + k_h·ρ)⌋ training nodes and a head class ⌊t·ρ⌋, where n counts all
/// nodes and k_t and k_h the tail and head classes. Cora at δ = 0.05: 3 and 30 for ρ = 10, 7 and 35 for
/// ρ = 5.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StepImbalance {
    /// δ, the share of all nodes that is trained on, in (0, 1].
    pub labeled_share: f64,
    /// ρ, at least 1.
    pub ratio: f64,
    /// The head classes; the first half of all, rounded down, if `None`.
    pub head_classes: Option<Vec<u32>>,
    /// Validation nodes of each class.
    pub valid_each: usize,
    /// How validation nodes are chosen.
    pub validation: Validation,
}

impl Default for StepImbalance {
    /// The reference code's: δ = 0.01, ρ = 1, 30 validation nodes of each class.
    fn default() -> Self {
        Self {
            labeled_share: 0.01,
            ratio: 1.0,
            head_classes: None,
            valid_each: 30,
            validation: Validation::Random,
        }
    }
}

impl StepImbalance {
    /// The number of training nodes of each class.
    ///
    /// # Errors
    /// [`Error::Core`] where a setting is out of its domain, or a tail class gets no node.
    pub fn sizes(&self, labels: &Labels) -> Result<Vec<usize>> {
        let fail = |key: &str, reason: String| Err(Error::config("StepImbalance", key, reason));
        if !(self.labeled_share > 0.0 && self.labeled_share <= 1.0) {
            return fail(
                "labeled_share",
                format!("is {}, must be in (0, 1]", self.labeled_share),
            );
        }
        if !(self.ratio >= 1.0 && self.ratio.is_finite()) {
            return fail(
                "ratio",
                format!("is {}, must be finite and at least 1", self.ratio),
            );
        }
        let classes = labels.n_classes();
        let mut is_head = vec![false; classes];
        let first_half: Vec<u32> = (0..classes as u32 / 2).collect();
        for &class in self.head_classes.as_ref().unwrap_or(&first_half) {
            match is_head.get_mut(class as usize) {
                Some(head) => *head = true,
                None => return fail("head_classes", format!("name {class} of {classes}")),
            }
        }
        let heads = is_head.iter().filter(|&&head| head).count();
        let parts = (classes - heads) as f64 + heads as f64 * self.ratio;
        let tail = (labels.n_nodes() as f64 * self.labeled_share / parts).floor();
        if tail < 1.0 {
            return fail(
                "labeled_share",
                format!(
                    "{} of {} nodes in {parts} parts leaves tail classes without one",
                    self.labeled_share,
                    labels.n_nodes()
                ),
            );
        }
        let size = |&head: &bool| match head {
            true => (tail * self.ratio) as usize,
            false => tail as usize,
        };
        Ok(is_head.iter().map(size).collect())
    }

    /// Draws the split of `seed`; the labeled nodes that are left are tested on.
    ///
    /// # Errors
    /// As [`StepImbalance::sizes`] and [`draw_sizes`].
    pub fn draw(&self, labels: &Labels, seed: Seed) -> Result<Split> {
        let sizes = self.sizes(labels)?;
        draw_sizes(labels, &sizes, self.valid_each, self.validation, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class sizes of Cora.
    fn cora() -> Labels {
        let sizes = [351, 217, 418, 818, 426, 298, 180];
        let classes: Vec<u32> = (0..7)
            .flat_map(|class| std::iter::repeat_n(class as u32, sizes[class]))
            .collect();
        Labels::complete(&classes).unwrap()
    }

    fn step(ratio: f64) -> StepImbalance {
        StepImbalance {
            labeled_share: 0.05,
            ratio,
            ..StepImbalance::default()
        }
    }

    #[test]
    fn the_sizes_of_the_paper() {
        // 2708 · .05 = 135.4; over 4 + 3·10 parts 3.98, over 4 + 3·5 parts 7.13.
        let labels = cora();
        let sizes = |ratio| step(ratio).sizes(&labels).unwrap();
        assert_eq!(sizes(10.0), [30, 30, 30, 3, 3, 3, 3]);
        assert_eq!(sizes(5.0), [35, 35, 35, 7, 7, 7, 7]);
        // 2708 · .01 / 7 = 3.87.
        assert_eq!(StepImbalance::default().sizes(&labels).unwrap(), [3; 7]);
        let heads = StepImbalance {
            head_classes: Some(vec![6]),
            ..step(10.0)
        };
        // 135.4 / (6 + 10) = 8.46.
        assert_eq!(heads.sizes(&labels).unwrap(), [8, 8, 8, 8, 8, 8, 80]);
        let split = step(10.0).draw(&labels, Seed::new(1)).unwrap();
        split.check(&labels).unwrap();
        assert_eq!((split.train.len(), split.valid.len()), (102, 210));
    }

    #[test]
    fn mistakes_are_named() {
        let labels = cora();
        let fails = |step: StepImbalance, text: &str| {
            let error = step.draw(&labels, Seed::new(1)).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        fails(step(0.5), "`ratio` is 0.5");
        fails(step(f64::NAN), "`ratio` is NaN");
        fails(step(1e6), "leaves tail classes without one");
        fails(
            StepImbalance {
                labeled_share: 0.0,
                ..step(1.0)
            },
            "`labeled_share` is 0",
        );
        fails(
            StepImbalance {
                head_classes: Some(vec![7]),
                ..step(1.0)
            },
            "name 7 of 7",
        );
        fails(
            StepImbalance {
                labeled_share: 1.0,
                ..step(10.0)
            },
            "class 0 has 351 labeled nodes, asked for 790 to train",
        );
    }
}
