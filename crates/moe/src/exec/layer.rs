//! The layer that all paths compute.

use crate::error::check_size;
use crate::{Error, FfnWeights, Partition, Result, Selection};

use super::observe::RowsRead;
use super::{dense, fused, grouped, masked, union};

/// A way to compute the chosen experts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Path {
    /// The whole hidden layer by dense products, with 0 or the mean in place of what was not chosen.
    /// The reference, and what is left where skipping does not pay but the selection has to count.
    Masked,
    /// Every token's experts one after the other, by products of matrix and vector.
    Fused,
    /// As [`Path::Fused`], but an expert that several tokens chose is read once.
    Union,
    /// Tokens sorted by expert, products of matrices per expert.
    Grouped,
    /// All neurons, whatever was chosen: [`ExpertFfn::dense`]. What is left where choosing costs more
    /// than it saves.
    Dense,
}

impl Path {
    /// The paths that compute the selection: all but [`Path::Dense`].
    pub const ALL: [Self; 4] = [Self::Masked, Self::Fused, Self::Union, Self::Grouped];
}

/// A feed-forward layer whose neurons are stored expert by expert.
#[derive(Debug, Clone, PartialEq)]
pub struct ExpertFfn {
    weights: FfnWeights,
    experts: usize,
    mean: Option<Vec<f32>>,
    permutation: Vec<u32>,
    /// What every token gets: the output bias and, with mean fill, the output of the means. `[d]`
    base: Vec<f32>,
}

impl ExpertFfn {
    /// Stores `weights` expert by expert.
    ///
    /// # Errors
    /// Those of [`FfnWeights::check`], [`Error::Size`] if the partition is of another number of
    /// neurons, [`Error::Setting`] for outputs of width 0.
    pub fn new(weights: &FfnWeights, partition: &Partition) -> Result<Self> {
        if weights.hidden_size == 0 {
            return Err(Error::Setting {
                name: "hidden_size",
                value: "0".to_owned(),
                limit: "must be at least 1",
            });
        }
        check_size("partition", partition.neurons(), weights.neurons)?;
        weights.check()?;
        let weights = weights.permuted(partition);
        let base = dense::bias(&weights);
        Ok(Self {
            weights,
            experts: partition.experts(),
            mean: None,
            permutation: partition.permutation(),
            base,
        })
    }

    /// The same layer with neurons that were not chosen counted as their mean over some data instead
    /// of 0, as G-MoEfication does for activations that are rarely 0.
    ///
    /// # Shapes
    /// - mean: `[F]`, in the order of the neurons before they were permuted
    ///
    /// # Errors
    /// [`Error::Size`], or [`Error::NotFinite`] for a mean that is not a finite number.
    pub fn with_mean_fill(mut self, mean: &[f32]) -> Result<Self> {
        check_size("means", mean.len(), self.neurons())?;
        if let Some(row) = mean.iter().position(|mean| !mean.is_finite()) {
            return Err(Error::NotFinite {
                what: "means".to_owned(),
                row,
                column: 0,
                value: f64::from(mean[row]),
            });
        }
        let of = |&neuron: &u32| mean[neuron as usize];
        let mean: Vec<f32> = self.permutation.iter().map(of).collect();
        let d = self.hidden_size();
        let mut base: Vec<f64> = dense::bias(&self.weights)
            .into_iter()
            .map(f64::from)
            .collect();
        for (row, &mean) in self.weights.w_out.chunks_exact(d).zip(&mean) {
            for (base, &weight) in base.iter_mut().zip(row) {
                *base += f64::from(mean) * f64::from(weight);
            }
        }
        self.base = base.into_iter().map(|value| value as f32).collect();
        self.mean = Some(mean);
        Ok(self)
    }

    /// Width of inputs and outputs, d.
    pub fn hidden_size(&self) -> usize {
        self.weights.hidden_size
    }

    /// Number of neurons, F.
    pub fn neurons(&self) -> usize {
        self.weights.neurons
    }

    /// Number of experts, E.
    pub fn experts(&self) -> usize {
        self.experts
    }

    /// Neurons of an expert, s.
    pub fn expert_size(&self) -> usize {
        self.weights.neurons / self.experts
    }

    /// The weights, neurons expert by expert.
    pub fn weights(&self) -> &FfnWeights {
        &self.weights
    }

    /// What neurons that were not chosen count as, in the order of [`Self::weights`]; 0 if absent.
    pub fn mean(&self) -> Option<&[f32]> {
        self.mean.as_deref()
    }

    pub(super) fn base(&self) -> &[f32] {
        &self.base
    }

    /// The layer with all its neurons, on all threads of the current rayon pool.
    ///
    /// The pool is entered once for the whole call, as [`crate::SparseFfn::run`] does.
    ///
    /// # Shapes
    /// - x: `[T, d]`, row-major
    /// - result: `[T, d]`
    ///
    /// # Errors
    /// [`Error::Size`] if `x` is not made of whole rows.
    pub fn dense(&self, x: &[f32]) -> Result<Vec<f32>> {
        let d = self.hidden_size();
        check_size("x", x.len(), x.len().next_multiple_of(d))?;
        Ok(rayon::scope(|_| dense::run(&self.weights, x)))
    }

    /// The chosen experts, by `path`, on all threads; with [`Path::Dense`] all of them, whatever was
    /// chosen.
    ///
    /// Threads are those of the current rayon pool. A caller that is one of them, inside
    /// `ThreadPool::install` or `rayon::scope`, takes part in the work; others wait until a thread of
    /// the pool has woken up, which for single tokens may take as long as the work.
    ///
    /// What is not a finite number in `x` makes the outputs of its token NaN or infinite, no others.
    /// `observer` is told about every weight row that is read.
    ///
    /// # Shapes
    /// - x: `[T, d]`, row-major
    /// - selection: T tokens
    /// - result: `[T, d]`
    ///
    /// # Errors
    /// [`Error::Size`] if `x`, the selection, the observer and the layer do not fit together.
    pub fn run(
        &self,
        path: Path,
        x: &[f32],
        selection: &Selection,
        observer: Option<&RowsRead>,
    ) -> Result<Vec<f32>> {
        check_size("x", x.len(), selection.tokens() * self.hidden_size())?;
        check_size("selection", selection.experts(), self.experts)?;
        if let Some(observer) = observer {
            check_size("observer", observer.neurons(), self.neurons())?;
        }
        Ok(match path {
            Path::Masked => masked::run(self, x, selection, observer),
            Path::Fused => fused::run(self, x, selection, observer),
            Path::Union => union::run(self, x, selection, observer),
            Path::Grouped => grouped::run(self, x, selection, observer),
            Path::Dense => {
                if let Some(observer) = observer {
                    observer.add_all();
                }
                dense::run(&self.weights, x)
            }
        })
    }
}

#[cfg(test)]
impl ExpertFfn {
    /// The weights, to be spoiled behind the check.
    pub(super) fn weights_mut(&mut self) -> &mut FfnWeights {
        &mut self.weights
    }
}
