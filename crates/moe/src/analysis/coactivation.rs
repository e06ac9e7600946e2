//! Which experts are active together.

use crate::capture::FfnInputs;
use crate::experts::MoeLayer;
use crate::hidden::each_chunk;
use crate::{Error, Result};

/// How often two neurons are active for the same token, by the experts that they are in.
///
/// Experts that specialize have neurons that are active together, and seldom with those of others.
#[derive(Debug, Clone, PartialEq)]
pub struct Coactivation {
    experts: usize,
    /// Neurons of an expert.
    size: usize,
    /// The share of tokens for which both neurons of a pair are active, mean over the pairs of a neuron
    /// of one expert and another neuron of the other; `[experts, experts]`.
    rates: Vec<f64>,
}

impl Coactivation {
    /// The co-activation of `layer` over `inputs`, by the values of all its neurons in the dense layer.
    /// A neuron is active as for [`crate::Activity`].
    ///
    /// # Errors
    /// [`Error::NoTokens`] without inputs; those of [`FfnInputs::check`].
    pub fn of(layer: &MoeLayer, inputs: &FfnInputs) -> Result<Self> {
        let [width, neurons] = layer.ffn.inner.weight.val().dims();
        inputs.check(width)?;
        let tokens = inputs.tokens();
        if tokens == 0 {
            return Err(Error::NoTokens {
                what: "co-activation of experts",
            });
        }
        let (experts, size) = (layer.partition.experts(), layer.partition.expert_size());
        let is_active = super::is_active(&layer.ffn);
        let mut pairs = vec![0_u64; experts * experts];
        each_chunk(&layer.ffn, &inputs.rows, |hidden| {
            for row in hidden.chunks_exact(neurons) {
                let active: Vec<u64> = row
                    .chunks_exact(size)
                    .map(|own| own.iter().filter(|&&value| is_active(value)).count() as u64)
                    .collect();
                add_pairs(&active, &mut pairs);
            }
            Ok(())
        })?;
        Ok(Self::from_pairs(&pairs, size, tokens))
    }

    /// From the numbers of ordered pairs of different neurons that were active together.
    fn from_pairs(pairs: &[u64], size: usize, tokens: usize) -> Self {
        let experts = pairs.len().isqrt();
        let rate = |(place, &count): (usize, &u64)| {
            let others = if place / experts == place % experts {
                size - 1
            } else {
                size
            };
            // An expert of one neuron has no pair of its own, and no count.
            count as f64 / (tokens * size * others.max(1)) as f64
        };
        Self {
            experts,
            size,
            rates: pairs.iter().enumerate().map(rate).collect(),
        }
    }

    /// The rates of each expert with every other and itself, row by row.
    pub fn rates(&self) -> impl Iterator<Item = &[f64]> {
        self.rates.chunks_exact(self.experts)
    }

    /// The mean rate within an expert; none where experts have one neuron.
    pub fn within(&self) -> Option<f64> {
        let own = self.rates.iter().step_by(self.experts + 1).sum::<f64>();
        (self.size > 1).then(|| own / self.experts as f64)
    }

    /// The mean rate between two experts; none where there is one.
    pub fn between(&self) -> Option<f64> {
        let own = self.rates.iter().step_by(self.experts + 1).sum::<f64>();
        let others = self.rates.iter().sum::<f64>() - own;
        let pairs = self.experts * (self.experts - 1);
        (pairs > 0).then(|| others / pairs as f64)
    }

    /// How much more often two neurons of one expert are active together than two of different ones; none
    /// where there are no such pairs, or those of different experts never are.
    pub fn within_over_between(&self) -> Option<f64> {
        let between = self.between().filter(|&rate| rate > 0.0)?;
        Some(self.within()? / between)
    }
}

/// Adds the ordered pairs of different neurons of a token with so many `active` neurons in each expert.
fn add_pairs(active: &[u64], pairs: &mut [u64]) {
    let experts = active.len();
    for (expert, &own) in active.iter().enumerate().filter(|(_, own)| **own > 0) {
        let row = &mut pairs[expert * experts..(expert + 1) * experts];
        for (pairs, &other) in row.iter_mut().zip(active) {
            *pairs += own * other;
        }
        row[expert] -= own;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_by_hand() {
        // Two experts of two neurons: 2 and 1 active for the first token, 1 and 0 for the second.
        let mut pairs = vec![0; 4];
        add_pairs(&[2, 1], &mut pairs);
        add_pairs(&[1, 0], &mut pairs);
        // Ordered pairs: within the first expert 2, between 2, within the second none.
        assert_eq!(pairs, [2, 2, 2, 0]);
        let found = Coactivation::from_pairs(&pairs, 2, 2);
        // Of two tokens with two ordered pairs within an expert and four between.
        assert_eq!(found.rates, [0.5, 0.25, 0.25, 0.0]);
        assert_eq!((found.within(), found.between()), (Some(0.25), Some(0.25)));
        assert_eq!(found.within_over_between(), Some(1.0));
        let rows: Vec<&[f64]> = found.rates().collect();
        assert_eq!(rows, [&[0.5, 0.25], &[0.25, 0.0]]);
    }

    #[test]
    fn single_neurons_and_single_experts_have_no_pairs() {
        let single = Coactivation::from_pairs(&[0, 3, 3, 0], 1, 4);
        assert_eq!((single.within(), single.between()), (None, Some(0.75)));
        assert_eq!(single.within_over_between(), None);
        let whole = Coactivation::from_pairs(&[6], 3, 1);
        assert_eq!((whole.within(), whole.between()), (Some(1.0), None));
        assert_eq!(whole.within_over_between(), None);
    }
}
