//! The fully hyperbolic translator.

use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::generate::{Beginning, GenerationConfig, GenerativeModel};
use plm_core::models::EncoderInput;
use plm_core::nn::{AttentionMask, DecoderCache, DropoutContext, causal_mask};
use plm_core::rng::Seed;

use super::cached;
use super::translator::{Translator, beginning, check_steps, ids, within};
use super::{SpecialIds, TranslatorConfig};
use crate::nn::{
    DistanceHead, DropoutSites, LorentzDecoder, LorentzEmbedding, LorentzEmbeddingConfig,
    LorentzEncoder, PositionEncoding, PositionEncodingConfig,
};
use crate::{ManifoldParam, Result};

/// Parts of the model that dropout tells apart.
const ENCODER: u32 = 0;
const DECODER: u32 = 1;

/// Encoder and decoder of points (HyboNet, arXiv:2105.14686, section 3), with embeddings of their own
/// and classes that are points too, at first those of the target's embeddings.
#[derive(Module, Debug)]
pub struct LorentzTranslator {
    /// Points of the source's tokens.
    pub source: LorentzEmbedding,
    /// Positions of the source.
    pub source_position: PositionEncoding,
    /// The encoder.
    pub encoder: LorentzEncoder,
    /// Points of the target's tokens.
    pub target: LorentzEmbedding,
    /// Positions of the target.
    pub target_position: PositionEncoding,
    /// The decoder.
    pub decoder: LorentzDecoder,
    /// Scores of the target's tokens.
    pub head: DistanceHead,
    #[module(skip)]
    config: TranslatorConfig,
}

impl TranslatorConfig {
    /// A fully hyperbolic translator.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init_lorentz(&self, seed: Seed, device: &Device) -> Result<LorentzTranslator> {
        self.check()?;
        let transformer = self.transformer;
        let embedding = |symbols| LorentzEmbeddingConfig {
            curvature: transformer.curvature,
            ..LorentzEmbeddingConfig::new(symbols, transformer.d_model)
        };
        let position = PositionEncodingConfig {
            max_length: self.max_length,
            table: self.position,
            curvature: transformer.curvature,
            parity: transformer.parity,
            ..PositionEncodingConfig::new(transformer.d_model)
        };
        let target = embedding(self.target_symbols).init(seed.child("target"), device)?;
        let centers = ManifoldParam::from_points(target.points.val(), transformer.curvature)?;
        Ok(LorentzTranslator {
            source: embedding(self.source_symbols).init(seed.child("source"), device)?,
            source_position: position.init(seed.child("source_position"), device)?,
            encoder: transformer.init_encoder(seed, device)?,
            head: DistanceHead::new(centers),
            target,
            target_position: position.init(seed.child("target_position"), device)?,
            decoder: transformer.init_decoder(seed, device)?,
            config: *self,
        })
    }
}

impl LorentzTranslator {
    /// The settings it was made with.
    pub fn config(&self) -> &TranslatorConfig {
        &self.config
    }

    /// The encoder's points.
    ///
    /// # Shapes
    /// - source: `[batch, length]`
    /// - result: `[batch, length, d_model]`
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] where the source is too long, not ids, or has a field that would not be
    /// heeded: all but masks and dropout.
    pub fn encode(&self, source: &EncoderInput) -> plm_core::Result<Tensor<3>> {
        let sites = DropoutSites::new(&source.dropout, ENCODER);
        let x = self.embed(&self.source, &self.source_position, ids(source)?, 0, sites)?;
        let mask = source.mask.as_ref().map(AttentionMask::to_kernel);
        Ok(self.encoder.forward(x, mask, sites))
    }

    /// The points of `ids` at the positions from `first` on.
    fn embed(
        &self,
        table: &LorentzEmbedding,
        position: &PositionEncoding,
        ids: Tensor<2, Int>,
        first: usize,
        sites: DropoutSites<'_>,
    ) -> plm_core::Result<Tensor<3>> {
        let length = ids.dims()[1];
        within(first, length, self.config.max_length)?;
        let places = position.table.val().narrow(0, first, length);
        let drop = sites.mask(0, self.config.embedding_dropout);
        Ok(position.linear.forward_residual(
            table.forward(ids),
            places.unsqueeze_dim(0),
            drop.as_ref(),
        ))
    }
}

impl Translator for LorentzTranslator {
    fn scores(&self, source: &EncoderInput, target: Tensor<2, Int>) -> Result<Tensor<3>> {
        let mask = source.memory_mask()?;
        let encoded = self.encode(source)?;
        let sites = DropoutSites::new(&source.dropout, DECODER);
        let x = self.embed(&self.target, &self.target_position, target, 0, sites)?;
        Ok(self
            .head
            .forward(self.decoder.forward(x, encoded, mask, sites)))
    }

    fn special(&self) -> SpecialIds {
        self.config.special
    }

    fn source_symbols(&self) -> usize {
        self.config.source_symbols
    }
}

impl GenerativeModel for LorentzTranslator {
    fn begin(
        &self,
        input: &EncoderInput,
        settings: &GenerationConfig,
    ) -> plm_core::Result<Beginning> {
        check_steps(input, self.config.source_symbols)?;
        let mask = input.memory_mask()?;
        let encoded = self.encode(input)?;
        let layers = cached::begin(&self.decoder, &encoded);
        let rows = encoded.dims()[0];
        Ok(beginning(layers, mask, rows, settings, self.special()))
    }

    /// # Panics
    /// If the tokens are more than [`GenerativeModel::max_positions`].
    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2> {
        let length = ids.dims()[1];
        let still = DropoutContext::default();
        let sites = DropoutSites::new(&still, DECODER);
        let (table, position) = (&self.target, &self.target_position);
        let mut x = self
            .embed(table, position, ids, cache.length, sites)
            .unwrap_or_else(|error| panic!("{error}"));
        let mask = (length > 1).then(|| causal_mask(length, cache.length + length, &x.device()));
        for (layer, kept) in self.decoder.layers.iter().zip(&mut cache.layers) {
            let (mask, source_mask) = (mask.clone(), cache.memory_mask.clone());
            let heads = self.config.transformer.heads;
            x = cached::step(layer, x, kept, (mask, source_mask), heads, sites);
        }
        cache.length += length;
        self.head.forward(x.narrow(1, length - 1, 1)).squeeze_dim(1)
    }

    fn device(&self) -> Device {
        self.target.points.val().device().inner()
    }

    fn vocab_size(&self) -> usize {
        self.config.target_symbols
    }

    fn max_positions(&self) -> Option<usize> {
        Some(self.config.max_length)
    }
}
