//! Dropout with an explicit mode.
//!
//! burn's own dropout acts only on autodiff devices; here the caller says what is wanted, so that
//! Monte-Carlo dropout runs on plain devices and masks do not depend on the batch.

use std::sync::Arc;

use crate::kernel::SiteMask;
use crate::rng::mix;

/// Whether dropout acts, and which masks it takes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum DropoutMode {
    /// No dropout: evaluation.
    #[default]
    Off,
    /// Training: give every optimizer step its own seed.
    Train {
        /// The step's seed.
        seed: u64,
    },
    /// Monte-Carlo dropout (Gal and Ghahramani 2016): pass `pass` of a stochastic evaluation.
    Mc {
        /// Seed of the whole evaluation.
        seed: u64,
        /// Number of the pass, from 0.
        pass: u64,
    },
}

/// A [`DropoutMode`] with the names of the batch's examples: what a forward pass hands to its layers.
#[derive(Debug, Clone, Default)]
pub struct DropoutContext {
    /// Whether dropout acts.
    pub mode: DropoutMode,
    /// Name of each example of the batch; its row index where absent. With names, an example's mask
    /// is the same in every batch.
    pub example_ids: Option<Arc<[u64]>>,
}

impl DropoutContext {
    /// The mask of site `site` with probability `prob`, or nothing where nothing is to be dropped.
    ///
    /// Sites of one model must have different numbers.
    ///
    /// # Panics
    /// If `prob` is not in `[0, 1)`.
    pub fn site(&self, site: u64, prob: f64) -> Option<SiteMask> {
        if prob == 0.0 {
            return None;
        }
        let key = match self.mode {
            DropoutMode::Off => return None,
            DropoutMode::Train { seed } => mix(seed ^ 0x7261_696e),
            DropoutMode::Mc { seed, pass } => mix(mix(seed ^ 0x6d63) ^ mix(pass.wrapping_add(1))),
        };
        Some(SiteMask::new(
            prob,
            mix(key ^ mix(site.wrapping_add(1))),
            self.example_ids.clone(),
        ))
    }
}

impl From<DropoutMode> for DropoutContext {
    fn from(mode: DropoutMode) -> Self {
        Self {
            mode,
            example_ids: None,
        }
    }
}
