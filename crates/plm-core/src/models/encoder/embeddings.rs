//! Word, position and token-type vectors, summed and normalized.

use std::collections::BTreeMap;

use burn::module::Module;
use burn::nn::Embedding;
use burn::tensor::{Device, Int, Tensor};

use super::input::{EncoderInput, RowOverride, Tokens};
use crate::config::{EncoderConfig, EncoderFamily};
use crate::kernel;
use crate::models::vocabulary::{copy_row, extend};
use crate::nn::{LayerNorm, Positions, after_padding, sequential, site, zero_embedding};

/// The embedding layer of an encoder.
#[derive(Module, Debug)]
pub struct EncoderEmbeddings {
    /// The word table, `[vocabulary, hidden]`.
    pub word: Embedding,
    /// The position table.
    pub position: Embedding,
    /// The token-type table, in the families that have one.
    pub token_type: Option<Embedding>,
    /// Normalization of the sum.
    pub norm: LayerNorm,
    /// Dropout after the normalization.
    #[module(skip)]
    pub dropout: f64,
    /// First position of a sequence whose padding cannot be seen (embeddings as inputs).
    #[module(skip)]
    pub first_position: usize,
    /// Whether positions count on after padding, as in RoBERTa.
    #[module(skip)]
    pub positions_skip_padding: bool,
}

impl EncoderEmbeddings {
    pub(super) fn new(config: &EncoderConfig, device: &Device) -> Self {
        let width = config.hidden_size;
        let roberta = matches!(config.family, EncoderFamily::Roberta | EncoderFamily::Mpnet);
        let types = match config.family {
            EncoderFamily::Bert | EncoderFamily::Roberta => config.type_vocab_size,
            EncoderFamily::Mpnet | EncoderFamily::DistilBert => 0,
        };
        Self {
            word: zero_embedding(config.vocab_size, width, device),
            position: zero_embedding(config.max_position_embeddings, width, device),
            token_type: (types > 0).then(|| zero_embedding(types, width, device)),
            norm: LayerNorm::new(width, config.layer_norm_eps, device),
            dropout: config.hidden_dropout_prob,
            first_position: if roberta { config.pad_token_id + 1 } else { 0 },
            positions_skip_padding: roberta,
        }
    }

    /// Word vectors of `ids`, with replaced rows.
    ///
    /// # Shapes
    /// - ids: `[batch, length]`
    /// - result: `[batch, length, hidden]`
    ///
    /// # Panics
    /// If an id is no row of the word table (see [`EncoderInput`]), or `row_override` does not fit (see
    /// [`RowOverride`]).
    pub fn words(&self, ids: Tensor<2, Int>, row_override: Option<&RowOverride>) -> Tensor<3> {
        let vectors = self.word.forward(ids.clone());
        match row_override {
            Some(row_override) => replace_rows(vectors, ids, row_override),
            None => vectors,
        }
    }

    /// The position vectors of a batch.
    ///
    /// # Panics
    /// If a sequence is longer than the position table allows.
    fn positions(&self, input: &EncoderInput) -> Tensor<3> {
        let [batch, length] = input.tokens.dims();
        let rows = self.position.weight.shape().dims::<2>()[0];
        match &input.positions {
            Positions::Ids(ids) => self.position.forward(ids.clone()),
            Positions::ZeroAt { ids, zero } => {
                let vectors = self.position.forward(ids.clone());
                let keep = zero.clone().bool_not().float().unsqueeze_dim::<3>(2);
                let keep = keep.cast(vectors.dtype());
                vectors * keep
            }
            Positions::Default => {
                let limit = rows - self.first_position;
                assert!(
                    length <= limit,
                    "{length} tokens are more than the {limit} positions of this model: truncate"
                );
                match &input.tokens {
                    Tokens::Ids(ids) if self.positions_skip_padding => {
                        let pad = self.first_position as i64 - 1;
                        self.position.forward(after_padding(ids.clone(), pad))
                    }
                    _ => {
                        let device = self.position.weight.device().inner();
                        let ids = sequential(1, length, self.first_position, &device);
                        let vectors = self.position.forward(ids);
                        let width = vectors.dims()[2];
                        vectors.expand([batch, length, width])
                    }
                }
            }
        }
    }

    /// The first layer's input.
    ///
    /// # Shapes
    /// - result: `[batch, length, hidden]`
    ///
    /// # Panics
    /// If a sequence is longer than the position table allows, or what [`EncoderInput`] says of ids and
    /// replaced rows does not hold.
    pub fn forward(&self, input: &EncoderInput) -> Tensor<3> {
        let words = match &input.tokens {
            Tokens::Ids(ids) => self.words(ids.clone(), input.row_override.as_ref()),
            Tokens::Embeds(embeds) => embeds.clone(),
        };
        let mut sum = words + self.positions(input);
        if let Some(table) = &self.token_type {
            sum = match &input.token_type_ids {
                Some(ids) => sum + table.forward(ids.clone()),
                None => {
                    let first: Tensor<2> = table.weight.val().narrow(0, 0, 1);
                    sum + first.unsqueeze::<3>()
                }
            };
        }
        let mask = input.dropout.site(site::EMBEDDINGS, self.dropout);
        kernel::dropout(self.norm.forward(sum), mask.as_ref())
    }

    /// Grows the word table to `rows`; new rows are `fill`, `[new rows, hidden]`.
    ///
    /// # Panics
    /// If `fill` does not have the rows that are missing.
    pub fn extend_words(mut self, fill: Tensor<2>) -> Self {
        self.word = extend(self.word, fill);
        self
    }

    /// Copies row `from` of the word table over row `to`.
    pub fn copy_row(mut self, from: usize, to: usize) -> Self {
        self.word = copy_row(self.word, from, to);
        self
    }
}

/// `vectors` with the rows at overridden ids replaced, by a selection that costs `[batch, length]`
/// per overridden id and no host synchronisation.
///
/// # Panics
/// If there is not one row per id, as wide as `vectors`.
pub(crate) fn replace_rows(
    vectors: Tensor<3>,
    ids: Tensor<2, Int>,
    row_override: &RowOverride,
) -> Tensor<3> {
    let [batch, length, width] = vectors.dims();
    let (given, wanted) = (row_override.rows.dims(), [row_override.ids.len(), width]);
    assert!(
        given == wanted,
        "replaced rows are {given:?}, but there are {} ids and vectors of {width}",
        wanted[0]
    );
    if row_override.ids.is_empty() {
        return vectors;
    }
    // Of equal ids the last one counts; each token is then one of `rows` at most.
    let numbered = row_override.ids.iter().enumerate();
    let rows: BTreeMap<i64, usize> = numbered.map(|(row, &id)| (id, row)).collect();
    let mut slot = ids.zeros_like();
    let mut hit = ids.zeros_like();
    for (id, row) in rows {
        let here = ids.clone().equal_elem(id).int();
        slot = slot + here.clone() * row as i64;
        hit = hit + here;
    }
    let replaced = row_override
        .rows
        .clone()
        .select(0, slot.reshape([batch * length]))
        .reshape([batch, length, width]);
    let hit = hit
        .greater_elem(0)
        .unsqueeze_dim::<3>(2)
        .expand([batch, length, width]);
    vectors.mask_where(hit, replaced)
}
