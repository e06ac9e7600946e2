//! Adam for Euclidean parameters.

use plm_core::kernel::vectorized;
use rayon::prelude::*;

use super::config::CompletionConfig;
use super::real::{Real, real};

/// Numbers that are worked on together.
const BLOCK: usize = 8192;

/// The constants of one step of Adam, of points or of Euclidean parameters.
#[derive(Clone, Copy)]
pub(super) struct Step<T> {
    /// Times all gradients.
    pub(super) factor: T,
    pub(super) beta_1: T,
    pub(super) beta_2: T,
    pub(super) epsilon: T,
    /// The learning rate with the correction of the first moment.
    pub(super) size: T,
    /// 1 − β₂ᵗ.
    pub(super) correction: T,
    pub(super) max_step: T,
    pub(super) max_space_norm: T,
}

impl<T: Real> Step<T> {
    /// Those of step number `time` (from 1) with gradients times `factor`.
    pub(super) fn new(config: &CompletionConfig, time: u64, factor: f64) -> Self {
        let time = time as f64;
        Self {
            factor: real(factor),
            beta_1: real(config.beta_1),
            beta_2: real(config.beta_2),
            epsilon: real(config.epsilon),
            size: real(config.learning_rate / (1.0 - config.beta_1.powf(time))),
            correction: real(1.0 - config.beta_2.powf(time)),
            max_step: real(config.max_step),
            max_space_norm: real(config.max_space_norm),
        }
    }

    /// Moves `x` against its gradient.
    #[inline(always)]
    pub(super) fn euclidean(&self, x: &mut [T], moments: [&mut [T]; 2], gradient: &[T]) {
        let (one, [first, second]) = (T::one(), moments);
        let moments = first.iter_mut().zip(second);
        for ((x, &gradient), (m, v)) in x.iter_mut().zip(gradient).zip(moments) {
            let gradient = gradient * self.factor;
            *m = self.beta_1 * *m + (one - self.beta_1) * gradient;
            *v = self.beta_2 * *v + (one - self.beta_2) * gradient * gradient;
            *x += -self.size * *m / ((*v / self.correction).sqrt() + self.epsilon);
        }
    }
}

/// The moments of one dense parameter.
#[derive(Debug)]
pub(super) struct Moments<T> {
    first: Vec<T>,
    second: Vec<T>,
}

impl<T: Real> Moments<T> {
    /// Zeros for `count` numbers.
    pub(super) fn new(count: usize) -> Self {
        Self {
            first: vec![T::zero(); count],
            second: vec![T::zero(); count],
        }
    }

    /// Moves all of `x`.
    pub(super) fn step(&mut self, x: &mut [T], gradient: &[T], step: &Step<T>) {
        x.par_chunks_mut(BLOCK)
            .zip(gradient.par_chunks(BLOCK))
            .zip(self.first.par_chunks_mut(BLOCK))
            .zip(self.second.par_chunks_mut(BLOCK))
            .for_each(|(((x, gradient), first), second)| {
                vectorized(
                    #[inline(always)]
                    || step.euclidean(x, [first, second], gradient),
                );
            });
    }
}
