//! Drawing a given number of nodes of each class.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::parts::Split;
use crate::graph::Labels;
use crate::{Error, Result};

/// How validation nodes are chosen among those that are not trained on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Validation {
    /// At random.
    #[default]
    Random,
    /// The smallest ones of each class. The reference code does so by going through a Python set,
    /// which comes out sorted: its validation nodes are hardly random where node numbers carry meaning.
    Ascending,
}

/// A split with `train_sizes[c]` training and `valid_each` validation nodes of each class; the other
/// labeled nodes are tested on.
///
/// # Errors
/// [`Error::Core`] where there is not one size for each class, or a class has fewer labeled nodes than
/// are asked of it; [`Error::EmptyClass`] where a size is 0.
pub fn draw_sizes(
    labels: &Labels,
    train_sizes: &[usize],
    valid_each: usize,
    validation: Validation,
    seed: Seed,
) -> Result<Split> {
    let members = labels.members();
    if members.len() != train_sizes.len() {
        return Err(Error::invalid(
            "split",
            format!("{} sizes for {} classes", train_sizes.len(), members.len()),
        ));
    }
    let mut rng = seed.stream("split");
    let mut split = Split {
        train: Vec::new(),
        valid: Vec::new(),
        test: Vec::new(),
    };
    for (class, (mut nodes, &train)) in members.into_iter().zip(train_sizes).enumerate() {
        check_class(class, nodes.len(), train, valid_each, labels.n_classes())?;
        nodes.shuffle(&mut rng);
        let mut rest = nodes.split_off(train);
        if validation == Validation::Ascending {
            rest.sort_unstable();
        }
        split.test.extend(rest.split_off(valid_each));
        split.valid.extend(rest);
        split.train.extend(nodes);
    }
    Ok(sorted(split))
}

pub(super) fn check_class(
    class: usize,
    available: usize,
    train: usize,
    valid: usize,
    n_classes: usize,
) -> Result<()> {
    if train == 0 {
        return Err(Error::EmptyClass { class, n_classes });
    }
    if train.saturating_add(valid) > available {
        return Err(Error::invalid(
            "split",
            format!(
                "class {class} has {available} labeled nodes, asked for {train} to train and {valid} to validate"
            ),
        ));
    }
    Ok(())
}

pub(super) fn sorted(mut split: Split) -> Split {
    split.train.sort_unstable();
    split.valid.sort_unstable();
    split.test.sort_unstable();
    split
}
