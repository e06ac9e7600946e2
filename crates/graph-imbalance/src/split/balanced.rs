//! As many labels of each class.

use plm_core::check::up_to_one;
use plm_core::rng::Seed;

use super::parts::Split;
use super::sample::{Validation, draw_sizes};
use crate::graph::Labels;
use crate::{Error, Result};

/// The same number of training nodes of each class, drawn at random: the paper's setting for topology
/// imbalance alone (section 4.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BalancedSplit {
    /// Training nodes of each class.
    pub train_each: usize,
    /// Validation nodes of each class.
    pub valid_each: usize,
    /// How validation nodes are chosen.
    pub validation: Validation,
}

impl Default for BalancedSplit {
    /// 20 training and 30 random validation nodes of each class.
    fn default() -> Self {
        Self {
            train_each: 20,
            valid_each: 30,
            validation: Validation::Random,
        }
    }
}

impl BalancedSplit {
    /// The same number of nodes of each class, together `train` and `valid` of all labeled nodes,
    /// rounded down.
    ///
    /// # Errors
    /// [`Error::Core`] where a fraction is not in [0, 1] or there is no class.
    pub fn class_uniform(labels: &Labels, train: f64, valid: f64) -> Result<Self> {
        let nodes: usize = labels.counts().iter().sum();
        let each = |key: &str, fraction: f64| -> Result<usize> {
            up_to_one("BalancedSplit", key, fraction)?;
            match labels.n_classes() {
                0 => Err(Error::invalid("labels", "have no class")),
                classes => Ok((nodes as f64 * fraction / classes as f64) as usize),
            }
        };
        Ok(Self {
            train_each: each("train", train)?,
            valid_each: each("valid", valid)?,
            validation: Validation::Random,
        })
    }

    /// Draws the split of `seed`; the labeled nodes that are left are tested on.
    ///
    /// # Errors
    /// As [`draw_sizes`].
    pub fn draw(&self, labels: &Labels, seed: Seed) -> Result<Split> {
        let sizes = vec![self.train_each; labels.n_classes()];
        draw_sizes(labels, &sizes, self.valid_each, self.validation, seed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Labels {
        let classes = (0..60)
            .map(|node| (node != 7).then_some(node % 3))
            .collect();
        Labels::new(classes, 3).unwrap()
    }

    fn draw(validation: Validation, seed: u64) -> Split {
        let balanced = BalancedSplit {
            train_each: 5,
            valid_each: 6,
            validation,
        };
        balanced.draw(&labels(), Seed::new(seed)).unwrap()
    }

    #[test]
    fn sets_partition_the_labeled_nodes() {
        let labels = labels();
        for validation in [Validation::Random, Validation::Ascending] {
            let split = draw(validation, 1);
            split.check(&labels).unwrap();
            assert_eq!(
                (split.train.len(), split.valid.len(), split.test.len()),
                (15, 18, 59 - 33)
            );
            let mut per_class = [0; 3];
            for class in labels.of(&split.train).unwrap() {
                per_class[class as usize] += 1;
            }
            assert_eq!(per_class, [5; 3]);
        }
        assert_eq!(draw(Validation::Random, 1), draw(Validation::Random, 1));
        assert_ne!(draw(Validation::Random, 1), draw(Validation::Random, 2));
    }

    #[test]
    fn ascending_validation_takes_the_first_of_each_class() {
        let split = draw(Validation::Ascending, 3);
        for class in 0..3 {
            let of_class = |nodes: &[u32]| -> Vec<u32> {
                nodes.iter().copied().filter(|n| n % 3 == class).collect()
            };
            assert!(of_class(&split.valid).last() < of_class(&split.test).first());
        }
        assert_eq!(split.train, draw(Validation::Random, 3).train);
    }

    #[test]
    fn what_is_too_much_is_named() {
        let balanced = BalancedSplit {
            train_each: 10,
            valid_each: 10,
            ..BalancedSplit::default()
        };
        let error = balanced.draw(&labels(), Seed::new(0)).unwrap_err();
        let text = "class 1 has 19 labeled nodes, asked for 10 to train and 10 to validate";
        assert!(error.to_string().contains(text), "{error}");
        let none = BalancedSplit {
            train_each: 0,
            ..balanced
        };
        let error = none.draw(&labels(), Seed::new(0)).unwrap_err();
        assert!(matches!(error, Error::EmptyClass { class: 0, .. }));
    }

    #[test]
    fn fractions_become_counts() {
        // 59 labeled nodes: 10 % over 3 classes are 1.97 each, 20 % are 3.93.
        let split = BalancedSplit::class_uniform(&labels(), 0.1, 0.2).unwrap();
        assert_eq!((split.train_each, split.valid_each), (1, 3));
        for fraction in [-0.1, 1.1, f64::NAN] {
            assert!(BalancedSplit::class_uniform(&labels(), fraction, 0.1).is_err());
        }
        assert!(BalancedSplit::class_uniform(&Labels::complete(&[]).unwrap(), 0.1, 0.1).is_err());
    }
}
