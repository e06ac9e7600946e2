//! Quantity imbalance by taking labels away from a given split.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::parts::Split;
use crate::graph::Labels;
use crate::{Error, Result};

/// The step imbalance of GraphENS (Park et al. 2022) and BAT (Liu et al. 2024): tail classes of a given
/// split, mostly a data set's public one, keep ⌊max/ρ⌋ training nodes, where max is the size of the
/// largest class.
///
/// Validation and test nodes stay as they are, and nodes taken away are in no set.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct StepOfSplit {
    /// ρ, at least 1.
    pub ratio: f64,
    /// The tail classes; the last half of all, rounded down, if `None`.
    pub tail_classes: Option<Vec<u32>>,
}

impl StepOfSplit {
    /// The split `split` with fewer training nodes; which ones stay is drawn from `seed`.
    ///
    /// # Errors
    /// [`Error::Core`] where a setting is out of its domain; [`Error::EmptyClass`] where a tail class
    /// is left without a node; else as [`Split::check`].
    pub fn apply(&self, split: &Split, labels: &Labels, seed: Seed) -> Result<Split> {
        split.check(labels)?;
        let fail = |key: &str, reason: String| Err(Error::config("StepOfSplit", key, reason));
        if !(self.ratio >= 1.0 && self.ratio.is_finite()) {
            return fail(
                "ratio",
                format!("is {}, must be finite and at least 1", self.ratio),
            );
        }
        let n_classes = labels.n_classes();
        let last_half: Vec<u32> = (n_classes - n_classes / 2..n_classes)
            .map(|class| class as u32)
            .collect();
        let tails = self.tail_classes.as_ref().unwrap_or(&last_half);
        if let Some(class) = tails.iter().find(|&&class| class as usize >= n_classes) {
            return fail("tail_classes", format!("name {class} of {n_classes}"));
        }
        let mut members = vec![Vec::new(); n_classes];
        for (&node, class) in split.train.iter().zip(labels.of(&split.train)?) {
            members[class as usize].push(node);
        }
        let largest = members.iter().map(Vec::len).max().unwrap_or(0);
        let kept = (largest as f64 / self.ratio) as usize;
        let mut rng = seed.stream("step");
        for (class, nodes) in members.iter_mut().enumerate() {
            if tails.contains(&(class as u32)) {
                if kept == 0 {
                    return Err(Error::EmptyClass { class, n_classes });
                }
                nodes.sort_unstable();
                nodes.shuffle(&mut rng);
                nodes.truncate(kept);
            }
        }
        let mut train: Vec<u32> = members.into_iter().flatten().collect();
        train.sort_unstable();
        Ok(Split {
            train,
            valid: split.valid.clone(),
            test: split.test.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tails_keep_their_share() {
        let classes: Vec<u32> = (0..90).map(|node| node % 3).collect();
        let labels = Labels::complete(&classes).unwrap();
        let split = Split {
            train: (0..60).collect(),
            valid: vec![60],
            test: (61..90).collect(),
        };
        let apply = |ratio, tail_classes: Option<Vec<u32>>| {
            StepOfSplit {
                ratio,
                tail_classes,
            }
            .apply(&split, &labels, Seed::new(2))
        };
        let sizes = |split: Split| {
            let mut sizes = [0; 3];
            for class in labels.of(&split.train).unwrap() {
                sizes[class as usize] += 1;
            }
            sizes
        };
        let one = apply(6.0, None).unwrap();
        assert_eq!((&one.valid, &one.test), (&split.valid, &split.test));
        assert_eq!(sizes(one), [20, 20, 3]);
        assert_eq!(sizes(apply(10.0, Some(vec![0, 1])).unwrap()), [2, 2, 20]);
        assert_eq!(apply(1.0, None).unwrap(), split);
        for (result, text) in [
            (apply(0.0, None), "`ratio` is 0"),
            (
                apply(30.0, None),
                "class 2 of 3 has no labeled training node",
            ),
            (apply(2.0, Some(vec![3])), "name 3 of 3"),
        ] {
            let error = result.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
