//! Where in a model dropout draws its masks.

use plm_core::kernel::SiteMask;
use plm_core::nn::DropoutContext;

/// Room for the sites of one layer.
const SITES: u64 = 16;

/// What a forward pass tells its layers about dropout: whether it acts, and a number for every place
/// where it does, so that no two places share a mask.
#[derive(Debug, Clone, Copy)]
pub struct DropoutSites<'a> {
    context: &'a DropoutContext,
    first: u64,
}

impl<'a> DropoutSites<'a> {
    /// The sites of part `part` of a model: its encoder, its decoder.
    pub fn new(context: &'a DropoutContext, part: u32) -> Self {
        Self {
            context,
            first: u64::from(part) << 32,
        }
    }

    /// The sites of layer `layer` of this part.
    pub fn layer(self, layer: usize) -> Self {
        Self {
            first: self.first + SITES * (layer as u64 + 1),
            ..self
        }
    }

    /// The mask of site `site`, below 16, or none where nothing is to be dropped.
    ///
    /// # Panics
    /// If `probability` is not in `[0, 1)`.
    pub fn mask(self, site: u64, probability: f64) -> Option<SiteMask> {
        self.context.site(self.first + site, probability)
    }
}
