//! The Euclidean translator of the same sizes.

use std::collections::{BTreeMap, BTreeSet};

use burn::module::Module;
use burn::nn::{Embedding, Linear};
use burn::tensor::{Bool, Device, Int, Tensor};
use plm_core::generate::{Beginning, GenerationConfig, GenerativeModel};
use plm_core::kernel::{Activation, dropout};
use plm_core::models::EncoderInput;
use plm_core::nn::init::{Init, initialize};
use plm_core::nn::{
    AttentionMask, DecoderCache, DecoderContext, DecoderLayer, DecoderTapped, DropoutContext,
    EncoderLayer, FeedForwardConfig, LayerCache, LayerContext, LayerDropout, LayerNorm,
    MultiHeadAttentionConfig, Tapped, Taps, apply, causal_mask, sequential, zero_embedding,
    zero_linear,
};
use plm_core::rng::Seed;

use super::translator::{Translator, beginning, check_steps, ids, within};
use super::{SpecialIds, TranslatorConfig};
use crate::Result;

const EPSILON: f64 = 1e-5;
/// The decoder's dropout sites begin here, beyond those of the encoder.
const DECODER_SITES: u64 = 1 << 40;
/// The dropout site of embeddings.
const EMBEDDING: u64 = 1 << 32;

/// The Transformer of Vaswani et al. (2017): scaled dot products, sums and layer normalization after
/// each block, where [`LorentzTranslator`](super::LorentzTranslator) has distances, centroids and
/// none. Embeddings are normalized and positions learned, as in BART.
#[derive(Module, Debug)]
pub struct EuclideanTranslator {
    /// Vectors of the source's tokens.
    pub source: Embedding,
    /// Vectors of the source's positions.
    pub source_position: Embedding,
    /// Normalization of the source's embeddings.
    pub source_norm: LayerNorm,
    /// The encoder.
    pub encoder: Vec<EncoderLayer>,
    /// Vectors of the target's tokens.
    pub target: Embedding,
    /// Vectors of the target's positions.
    pub target_position: Embedding,
    /// Normalization of the target's embeddings.
    pub target_norm: LayerNorm,
    /// The decoder.
    pub decoder: Vec<DecoderLayer>,
    /// Scores of the target's tokens.
    pub head: Linear,
    #[module(skip)]
    config: TranslatorConfig,
}

impl TranslatorConfig {
    /// A Euclidean translator: linear maps by Glorot's rule, embeddings normal with deviation 0.02.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the setting, its value and the limit.
    pub fn init_euclidean(&self, seed: Seed, device: &Device) -> Result<EuclideanTranslator> {
        self.check()?;
        let sizes = self.transformer;
        let width = sizes.d_model;
        let norm = || LayerNorm::new(width, EPSILON, device);
        let attention = || {
            let head_width = width / sizes.heads;
            let config = MultiHeadAttentionConfig {
                hidden_size: width,
                heads: sizes.heads,
                head_width,
                bias: true,
                scale: (head_width as f64).sqrt().recip(),
            };
            config.init(device)
        };
        let feed_forward = || {
            let config = FeedForwardConfig {
                hidden_size: width,
                intermediate_size: sizes.d_feed_forward,
                activation: Activation::Relu,
                gated: false,
                bias: true,
            };
            config.init(device)
        };
        let dropout = LayerDropout {
            attention: sizes.attention_dropout,
            hidden: sizes.dropout,
            activation: 0.0,
        };
        let encoder = || EncoderLayer {
            attention: attention(),
            attention_norm: norm(),
            ffn: feed_forward(),
            ffn_norm: norm(),
            dropout,
        };
        let decoder = || DecoderLayer {
            attention: attention(),
            attention_norm: norm(),
            cross_attention: attention(),
            cross_norm: norm(),
            ffn: feed_forward(),
            ffn_norm: norm(),
            dropout,
        };
        let translator = EuclideanTranslator {
            source: zero_embedding(self.source_symbols, width, device),
            source_position: zero_embedding(self.max_length, width, device),
            source_norm: norm(),
            encoder: (0..sizes.layers).map(|_| encoder()).collect(),
            target: zero_embedding(self.target_symbols, width, device),
            target_position: zero_embedding(self.max_length, width, device),
            target_norm: norm(),
            decoder: (0..sizes.layers).map(|_| decoder()).collect(),
            head: zero_linear(width, self.target_symbols, true, device),
            config: *self,
        };
        Ok(initialize(translator, seed, rule))
    }
}

fn rule(path: &str) -> Init {
    if path.ends_with("gamma") || path.ends_with("beta") || path.ends_with("bias") {
        Init::Keep
    } else if path.starts_with("source") || path.starts_with("target") {
        Init::Normal(0.02)
    } else {
        Init::Glorot
    }
}

impl EuclideanTranslator {
    /// The encoder's vectors.
    ///
    /// # Shapes
    /// - source: `[batch, length]`
    /// - result: `[batch, length, d_model]`
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] where the source is too long, not ids, or has a field that would not be
    /// heeded: all but masks and dropout.
    pub fn encode(&self, source: &EncoderInput) -> plm_core::Result<Tensor<3>> {
        let tables = (&self.source, &self.source_position, &self.source_norm);
        let site = (&source.dropout, EMBEDDING);
        let mut x = self.embed(tables, ids(source)?, 0, site)?;
        let mask = source.mask.as_ref().map(AttentionMask::to_kernel);
        let (taps, factors) = (Taps::default(), BTreeMap::new());
        let context = LayerContext {
            mask,
            bias: None,
            dropout: &source.dropout,
            taps: &taps,
            ffn_masks: &factors,
        };
        for (index, layer) in self.encoder.iter().enumerate() {
            x = layer.forward(x, index, &context, &mut Tapped::default());
        }
        Ok(x)
    }

    fn embed(
        &self,
        (words, positions, norm): (&Embedding, &Embedding, &LayerNorm),
        ids: Tensor<2, Int>,
        first: usize,
        (context, site): (&DropoutContext, u64),
    ) -> plm_core::Result<Tensor<3>> {
        let length = ids.dims()[1];
        within(first, length, self.config.max_length)?;
        let places = sequential(1, length, first, &ids.device());
        let x = norm.forward(words.forward(ids) + positions.forward(places));
        let mask = context.site(site, self.config.embedding_dropout);
        Ok(dropout(x, mask.as_ref()))
    }

    /// The decoder's vectors; keys and values of the source come from the caches, where there are any.
    fn decode(
        &self,
        mut x: Tensor<3>,
        encoded: Option<&Tensor<3>>,
        mut caches: Option<&mut [LayerCache]>,
        (mask, cross_mask): (Option<Tensor<3, Bool>>, Option<Tensor<3, Bool>>),
        dropout: &DropoutContext,
    ) -> Tensor<3> {
        let (taps, factors, wanted) = (Taps::default(), BTreeMap::new(), BTreeSet::new());
        let context = DecoderContext {
            layer: LayerContext {
                mask,
                bias: None,
                dropout,
                taps: &taps,
                ffn_masks: &factors,
            },
            cross_mask,
            cross_attentions: &wanted,
            sites: DECODER_SITES,
        };
        for (index, layer) in self.decoder.iter().enumerate() {
            let cache = caches.as_mut().map(|caches| &mut caches[index]);
            let kept = cache.as_ref().and_then(|cache| cache.cross.clone());
            let memory = kept.unwrap_or_else(|| {
                let encoded = encoded.expect("the encoder's output, or a cache with it");
                layer.cross_attention.project_key_value(encoded.clone())
            });
            let tapped = &mut DecoderTapped::default();
            x = layer.forward(x, memory, index, &context, cache, tapped);
        }
        x
    }

    fn target_tables(&self) -> (&Embedding, &Embedding, &LayerNorm) {
        (&self.target, &self.target_position, &self.target_norm)
    }
}

impl Translator for EuclideanTranslator {
    fn scores(&self, source: &EncoderInput, target: Tensor<2, Int>) -> Result<Tensor<3>> {
        let mask = source.memory_mask()?;
        let encoded = self.encode(source)?;
        let length = target.dims()[1];
        let causal = causal_mask(length, length, &target.device());
        let site = (&source.dropout, DECODER_SITES + EMBEDDING);
        let x = self.embed(self.target_tables(), target, 0, site)?;
        let masks = (Some(causal), mask);
        let x = self.decode(x, Some(&encoded), None, masks, &source.dropout);
        Ok(apply(&self.head, x))
    }

    fn special(&self) -> SpecialIds {
        self.config.special
    }

    fn source_symbols(&self) -> usize {
        self.config.source_symbols
    }
}

impl GenerativeModel for EuclideanTranslator {
    fn begin(
        &self,
        input: &EncoderInput,
        settings: &GenerationConfig,
    ) -> plm_core::Result<Beginning> {
        check_steps(input, self.config.source_symbols)?;
        let mask = input.memory_mask()?;
        let encoded = self.encode(input)?;
        let layers = self.decoder.iter().map(|layer| LayerCache {
            own: None,
            cross: Some(layer.cross_attention.project_key_value(encoded.clone())),
        });
        let (layers, rows) = (layers.collect(), encoded.dims()[0]);
        Ok(beginning(layers, mask, rows, settings, self.special()))
    }

    /// # Panics
    /// If the tokens are more than [`GenerativeModel::max_positions`].
    fn step(&self, ids: Tensor<2, Int>, cache: &mut DecoderCache) -> Tensor<2> {
        let length = ids.dims()[1];
        let keys = cache.length + length;
        let mask = (length > 1).then(|| causal_mask(length, keys, &ids.device()));
        let still = DropoutContext::default();
        let x = self
            .embed(self.target_tables(), ids, cache.length, (&still, EMBEDDING))
            .unwrap_or_else(|error| panic!("{error}"));
        let masks = (mask, cache.memory_mask.clone());
        let x = self.decode(x, None, Some(&mut cache.layers), masks, &still);
        cache.length = keys;
        apply(&self.head, x.narrow(1, length - 1, 1)).squeeze_dim(1)
    }

    fn device(&self) -> Device {
        self.target.weight.device().inner()
    }

    fn vocab_size(&self) -> usize {
        self.config.target_symbols
    }

    fn max_positions(&self) -> Option<usize> {
        Some(self.config.max_length)
    }
}
