//! Which neurons are active together, and the graph that follows.
//!
//! MoEfication (Zhang et al. 2022, arXiv 2110.01786) builds a graph of a layer's neurons with an edge
//! wherever two of them are active for the same inputs, and cuts it into experts. The paper weighs edges otherwise than its code does; [`CoactivationWeight`] has
//! both.

mod edges;
mod sums;

pub use edges::EdgeSelection;

use super::graph::Graph;
use crate::{Error, Result};
use sums::{GROUP, Sums};

/// Tokens whose products are summed in one piece.
const CHUNK: usize = 512;

/// How strongly a set of tokens ties two neurons m and n together.
///
/// Here h_m is the value of neuron m after the activation function, and 0 where that is negative; in
/// gated layers it is the absolute value of the product with the other branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoactivationWeight {
    /// The sum of h_m · h_n over all tokens, as in the paper.
    Paper,
    /// As in the paper's published code: tokens are taken in groups of eight, and each group adds its
    /// sum of h_m · h_n, but at most 1. A last group that is not complete is left out.
    Repo,
}

/// Sums up how often neurons are active together.
///
/// Holds a matrix of `neurons` x `neurons` numbers in `f32`, 64 MiB for 4,096 neurons. Results do
/// not depend on the number of threads; how the tokens are cut into batches can change roundings in
/// the last digits.
#[derive(Debug, Clone)]
pub struct CoactivationCounter {
    weight: CoactivationWeight,
    max_tokens: usize,
    tokens: usize,
    /// Tokens of a group that is not complete, `[tokens, neurons]`.
    pending: Vec<f32>,
    sums: Sums,
}

impl CoactivationCounter {
    /// A counter for a layer of `neurons` neurons that looks at no more than `max_tokens` tokens.
    ///
    /// Some 20,000 tokens are plenty in practice; the paper's code stops after 200,000.
    ///
    /// # Errors
    /// [`Error::Setting`] where `neurons` or `max_tokens` is 0.
    pub fn new(neurons: usize, weight: CoactivationWeight, max_tokens: usize) -> Result<Self> {
        for (name, value) in [("neurons", neurons), ("max_tokens", max_tokens)] {
            if value == 0 {
                return Err(Error::Setting {
                    name,
                    value: value.to_string(),
                    limit: "must be at least 1",
                });
            }
        }
        Ok(Self {
            weight,
            max_tokens,
            tokens: 0,
            pending: Vec::new(),
            sums: Sums::new(neurons),
        })
    }

    /// Adds a batch of activations, as far as the number of tokens is not used up, and returns how
    /// many tokens were taken.
    ///
    /// # Shapes
    /// - activations: `[tokens, neurons]`, what the activation function gave, or in gated layers the
    ///   absolute value of that times the other branch; padding must be left out by the caller
    ///
    /// # Errors
    /// [`Error::Size`] where the values do not fill rows of one value per neuron,
    /// [`Error::NotFinite`] with the token as its row; the counter is as before then.
    pub fn add(&mut self, activations: &[f32]) -> Result<usize> {
        let neurons = self.sums.neurons();
        if !activations.len().is_multiple_of(neurons) {
            return Err(Error::Size {
                what: format!("batch of activations of {neurons} neurons"),
                found: activations.len(),
                expected: activations.len().next_multiple_of(neurons),
            });
        }
        if let Some(place) = activations.iter().position(|value| !value.is_finite()) {
            return Err(Error::NotFinite {
                what: "batch of activations".to_owned(),
                row: place / neurons,
                column: place % neurons,
                value: f64::from(activations[place]),
            });
        }
        let open = self.max_tokens - self.tokens - self.pending.len() / neurons;
        let taken = open.min(activations.len() / neurons);
        let positive = activations[..taken * neurons].iter().map(|h| h.max(0.0));
        match self.weight {
            CoactivationWeight::Paper => {
                let positive: Vec<f32> = positive.collect();
                for chunk in positive.chunks(CHUNK * neurons) {
                    self.sums.add_products(chunk);
                }
                self.tokens += taken;
            }
            CoactivationWeight::Repo => {
                self.pending.extend(positive);
                let complete = self.pending.len() / neurons / GROUP * GROUP;
                let rest = self.pending.split_off(complete * neurons);
                for chunk in self.pending.chunks(CHUNK * neurons) {
                    self.sums.add_clamped_groups(chunk);
                }
                self.pending = rest;
                self.tokens += complete;
            }
        }
        Ok(taken)
    }

    /// Tokens that are in the sums; those of a group that is not complete yet are not.
    pub fn tokens(&self) -> usize {
        self.tokens
    }

    /// Whether no more tokens will be taken.
    pub fn is_full(&self) -> bool {
        self.tokens + self.pending.len() / self.sums.neurons() == self.max_tokens
    }

    /// The weight that ties two different neurons together.
    ///
    /// # Errors
    /// [`Error::Setting`] where the neurons are the same or there is no such neuron.
    pub fn weight(&self, m: usize, n: usize) -> Result<f32> {
        if m == n || m.max(n) >= self.sums.neurons() {
            return Err(Error::Setting {
                name: "pair of neurons",
                value: format!("{m} and {n}"),
                limit: "must be two different neurons of the layer",
            });
        }
        Ok(self.sums.get(m, n))
    }

    /// The graph of the neurons, with whole weights on the edges that `selection` leaves.
    ///
    /// # Errors
    /// [`Error::NoTokens`] before any token is in the sums, [`Error::Setting`] for a selection out
    /// of its limits.
    pub fn edges(&self, selection: EdgeSelection) -> Result<Graph> {
        selection.check()?;
        if self.tokens == 0 {
            return Err(Error::NoTokens {
                what: "co-activation of neurons",
            });
        }
        edges::graph(&self.sums, selection)
    }
}

#[cfg(test)]
mod tests;
