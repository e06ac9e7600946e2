//! Which expert each neuron belongs to.

use crate::{Error, Result};

/// An even division of the neurons of a feed-forward layer into experts.
///
/// Every expert has the same number of neurons. Experts are numbered by their smallest neuron, so
/// that equal divisions have equal labels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    labels: Vec<u32>,
    experts: usize,
}

impl Partition {
    /// The division that `labels` describes: the expert of each neuron, under any numbers below
    /// `experts`.
    ///
    /// # Errors
    /// [`Error::Uneven`], [`Error::Unbalanced`] where an expert has too few or too many
    /// neurons, [`Error::Setting`] for a label that is not below `experts` or no experts at all.
    pub fn new(labels: &[u32], experts: usize) -> Result<Self> {
        let neurons = labels.len();
        let size = expert_size(neurons, experts)?;
        let mut counts = vec![0_usize; experts];
        let mut renumbered = vec![u32::MAX; experts];
        let mut next = 0;
        for &label in labels {
            let Some(count) = counts.get_mut(label as usize) else {
                return Err(Error::Setting {
                    name: "label",
                    value: label.to_string(),
                    limit: "must be below the number of experts",
                });
            };
            *count += 1;
            if renumbered[label as usize] == u32::MAX {
                renumbered[label as usize] = next;
                next += 1;
            }
        }
        if let Some(expert) = counts.iter().position(|&count| count != size) {
            return Err(Error::Unbalanced {
                expert,
                found: counts[expert],
                expected: size,
            });
        }
        let labels = labels
            .iter()
            .map(|&label| renumbered[label as usize])
            .collect();
        Ok(Self { labels, experts })
    }

    /// The expert of each neuron.
    pub fn labels(&self) -> &[u32] {
        &self.labels
    }

    /// Number of neurons.
    pub fn neurons(&self) -> usize {
        self.labels.len()
    }

    /// Number of experts.
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// Neurons of an expert.
    pub fn expert_size(&self) -> usize {
        self.labels.len() / self.experts
    }

    /// Neurons expert by expert, in rising order within each: position `p` of the permuted layer
    /// holds neuron `permutation()[p]` of the original.
    pub fn permutation(&self) -> Vec<u32> {
        let size = self.expert_size();
        let mut next: Vec<usize> = (0..self.experts).map(|expert| expert * size).collect();
        let mut permutation = vec![0; self.labels.len()];
        for (neuron, &label) in self.labels.iter().enumerate() {
            let place = &mut next[label as usize];
            permutation[*place] = neuron as u32;
            *place += 1;
        }
        permutation
    }
}

/// Neurons of an expert if `neurons` are divided evenly into `experts`.
///
/// # Errors
/// [`Error::Uneven`] if they cannot be, [`Error::Setting`] for no experts or no neurons.
pub(crate) fn expert_size(neurons: usize, experts: usize) -> Result<usize> {
    if experts == 0 || neurons == 0 {
        return Err(Error::Setting {
            name: "experts",
            value: experts.to_string(),
            limit: "there must be at least one expert and one neuron",
        });
    }
    if !neurons.is_multiple_of(experts) {
        return Err(Error::Uneven { neurons, experts });
    }
    Ok(neurons / experts)
}
