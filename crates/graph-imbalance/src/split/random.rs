//! Labels as they fall.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::balanced::BalancedSplit;
use super::parts::Split;
use super::sample::{Validation, sorted};
use crate::graph::Labels;
use crate::{Error, Result};

/// Nodes drawn without regard to their classes, so that training sets are as imbalanced as the classes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct RandomSplit {
    /// Training nodes.
    pub train: usize,
    /// Validation nodes.
    pub valid: usize,
}

impl RandomSplit {
    /// Draws the split of `seed`; the labeled nodes that are left are tested on.
    ///
    /// # Errors
    /// [`Error::Core`] where there are fewer labeled nodes than are asked for; [`Error::EmptyClass`]
    /// where a class gets no training node: draw with another seed or more of them.
    pub fn draw(&self, labels: &Labels, seed: Seed) -> Result<Split> {
        let mut nodes: Vec<u32> = labels.members().into_iter().flatten().collect();
        nodes.sort_unstable();
        if self.train.saturating_add(self.valid) > nodes.len() {
            return Err(Error::invalid(
                "split",
                format!(
                    "{} labeled nodes, asked for {} to train and {} to validate",
                    nodes.len(),
                    self.train,
                    self.valid
                ),
            ));
        }
        nodes.shuffle(&mut seed.stream("split"));
        let test = nodes.split_off(self.train + self.valid);
        let valid = nodes.split_off(self.train);
        let split = sorted(Split {
            train: nodes,
            valid,
            test,
        });
        split.check(labels)?;
        Ok(split)
    }
}

/// Which imbalance an inductive split has, by the names of the reference code's `issue_type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum InductiveIssue {
    /// Topology alone: as many training nodes of each class.
    #[serde(rename = "tinl")]
    Topology,
    /// Quantity as well: nodes drawn without regard to classes.
    #[serde(rename = "qinl")]
    Quantity,
}

/// The split of the paper's large graphs: `train_each` training nodes a class (20, 50 or 100 there)
/// and half as many again to validate, by class or altogether.
///
/// # Errors
/// As [`BalancedSplit::draw`] or [`RandomSplit::draw`].
pub fn inductive_split(
    labels: &Labels,
    issue: InductiveIssue,
    train_each: usize,
    seed: Seed,
) -> Result<Split> {
    let half_more = |count: usize| count.saturating_add(count / 2);
    match issue {
        InductiveIssue::Topology => BalancedSplit {
            train_each,
            valid_each: half_more(train_each),
            validation: Validation::Random,
        }
        .draw(labels, seed),
        InductiveIssue::Quantity => {
            let train = train_each.saturating_mul(labels.n_classes());
            RandomSplit {
                train,
                valid: half_more(train),
            }
            .draw(labels, seed)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 80 nodes of class 0, 20 of class 1.
    fn labels() -> Labels {
        let classes: Vec<u32> = (0..100).map(|node| u32::from(node % 5 == 0)).collect();
        Labels::complete(&classes).unwrap()
    }

    #[test]
    fn issues_differ_in_their_class_sizes() {
        let labels = labels();
        let sizes = |issue| {
            let split = inductive_split(&labels, issue, 5, Seed::new(1)).unwrap();
            split.check(&labels).unwrap();
            let second = labels.of(&split.train).unwrap().iter().sum::<u32>();
            (
                split.train.len(),
                second,
                split.valid.len(),
                split.test.len(),
            )
        };
        assert_eq!(sizes(InductiveIssue::Topology), (10, 5, 14, 76));
        let (train, second, valid, test) = sizes(InductiveIssue::Quantity);
        assert_eq!((train, valid, test), (10, 15, 75));
        assert!(second < 5, "{second}");
    }

    #[test]
    fn mistakes_are_named() {
        let draw = |train, valid| RandomSplit { train, valid }.draw(&labels(), Seed::new(0));
        let error = draw(90, 20).unwrap_err().to_string();
        assert!(error.contains("100 labeled nodes, asked for 90"), "{error}");
        assert!(draw(usize::MAX, 1).is_err());
        assert!(matches!(draw(1, 1), Err(Error::EmptyClass { .. })));
    }
}
