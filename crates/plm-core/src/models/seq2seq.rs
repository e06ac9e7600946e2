//! What the families with an encoder and a decoder share: inputs, outputs, shifted labels.

use std::collections::BTreeSet;

use burn::nn::Embedding;
use burn::tensor::{Bool, Int, Tensor};

use super::encoder::{EncoderInput, EncoderOutput, Tokens, replace_rows};
use super::loss::IGNORE_INDEX;
use crate::nn::{AttentionMask, DecoderTapped, DropoutContext, DropoutMode, Positions, sequential};
use crate::{Error, Result, kernel};

/// Which of the two stacks of layers a layer belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Stack {
    /// The encoder.
    Encoder,
    /// The decoder.
    Decoder,
}

/// One batch for T5 or BART: one input for each stack, layers numbered from 0 in both.
///
/// Neither family has token types; both panic if there are any. Of ids [`EncoderInput`] says what must
/// hold. The decoder's causal mask is added to its `mask`. `last_hidden_state` and hidden-state taps
/// follow Hugging Face.
#[derive(Debug, Clone)]
pub struct Seq2SeqInput {
    /// What the encoder reads.
    pub encoder: EncoderInput,
    /// What the decoder reads: usually the target shifted right ([`shift_right`]).
    pub decoder: EncoderInput,
    /// What of the encoder's output is hidden from the decoder; where absent, the encoder's padding.
    /// To be given where the encoder's mask is [`AttentionMask::Pairwise`], which says nothing about
    /// the decoder's queries.
    pub memory_mask: Option<AttentionMask>,
    /// Decoder layers whose cross-attention weights are wanted.
    pub cross_attentions: BTreeSet<usize>,
}

impl Seq2SeqInput {
    /// The inputs of both stacks.
    pub fn new(encoder: EncoderInput, decoder: EncoderInput) -> Self {
        Self {
            encoder,
            decoder,
            memory_mask: None,
            cross_attentions: BTreeSet::new(),
        }
    }

    /// Token ids of both stacks, `[batch, length]` each.
    pub fn ids(encoder: Tensor<2, Int>, decoder: Tensor<2, Int>) -> Self {
        Self::new(EncoderInput::ids(encoder), EncoderInput::ids(decoder))
    }

    /// Sets the dropout mode of both stacks, examples named by their row.
    pub fn with_dropout(self, mode: DropoutMode) -> Self {
        self.with_dropout_context(mode.into())
    }

    /// Sets the dropout mode and the examples' names in both stacks.
    pub fn with_dropout_context(mut self, dropout: DropoutContext) -> Self {
        self.encoder.dropout = dropout.clone();
        self.decoder.dropout = dropout;
        self
    }

    /// Hides parts of the encoder's output from the decoder.
    pub fn with_memory_mask(mut self, mask: AttentionMask) -> Self {
        self.memory_mask = Some(mask);
        self
    }

    /// The mask of cross-attention: `[batch or 1, queries or 1, keys]`.
    pub(super) fn cross_mask(&self) -> Option<Tensor<3, Bool>> {
        match (&self.memory_mask, &self.encoder.mask) {
            (Some(mask), _) | (None, Some(mask @ AttentionMask::Padding(_))) => {
                Some(mask.to_kernel())
            }
            (None, Some(AttentionMask::Pairwise(_)) | None) => None,
        }
    }

    /// Asks for the cross-attention weights of decoder layers.
    pub fn with_cross_attentions(mut self, layers: impl IntoIterator<Item = usize>) -> Self {
        self.cross_attentions = layers.into_iter().collect();
        self
    }
}

/// A decoder's result.
#[derive(Debug, Clone)]
pub struct DecoderOutput {
    /// Output of the last layer, after the final normalization where there is one:
    /// `[batch, length, hidden]`.
    pub last_hidden_state: Tensor<3>,
    /// The values that were asked for.
    pub tapped: DecoderTapped,
}

/// The results of both stacks.
#[derive(Debug, Clone)]
pub struct Seq2SeqOutput {
    /// The encoder's; without a pooler.
    pub encoder: EncoderOutput,
    /// The decoder's.
    pub decoder: DecoderOutput,
}

/// A decoder's input for given targets: `start`, then all but the last, with [`IGNORE_INDEX`]
/// replaced by `pad`.
///
/// # Shapes
/// - labels and result: `[batch, length]`
pub fn shift_right(labels: Tensor<2, Int>, start: usize, pad: usize) -> Tensor<2, Int> {
    let [batch, length] = labels.dims();
    let ignored = labels.clone().equal_elem(IGNORE_INDEX);
    let labels = labels.mask_fill(ignored, pad as i64);
    let first = Tensor::<2, Int>::full([batch, 1], start as i64, &labels.device());
    if length < 2 {
        return first.narrow(1, 0, length);
    }
    Tensor::cat(vec![first, labels.narrow(1, 0, length - 1)], 1)
}

/// Panics if there are token types.
pub(super) fn refuse_token_types(input: &EncoderInput) {
    assert!(
        input.token_type_ids.is_none(),
        "this family has no token types"
    );
}

/// The vectors of tokens; `scale` multiplies those that come from the table.
pub(super) fn word_vectors(table: &Embedding, input: &EncoderInput, scale: f64) -> Tensor<3> {
    match &input.tokens {
        Tokens::Embeds(embeds) => embeds.clone(),
        Tokens::Ids(ids) => {
            let mut vectors = table.forward(ids.clone());
            if let Some(rows) = &input.row_override {
                vectors = replace_rows(vectors, ids.clone(), rows);
            }
            if scale == 1.0 {
                vectors
            } else {
                vectors * scale
            }
        }
    }
}

/// The vectors of positions, `[batch or 1, length, hidden]`; positions that count by themselves
/// start at row `first`.
///
/// # Panics
/// If the table is too short for positions that count by themselves.
pub(super) fn position_vectors(table: &Embedding, input: &EncoderInput, first: usize) -> Tensor<3> {
    let [_, length] = input.tokens.dims();
    match &input.positions {
        Positions::Ids(ids) => table.forward(ids.clone()),
        Positions::ZeroAt { ids, zero } => {
            let vectors = table.forward(ids.clone());
            let keep = zero.clone().bool_not().float().unsqueeze_dim::<3>(2);
            let keep = keep.cast(vectors.dtype());
            vectors * keep
        }
        Positions::Default => {
            let rows = table.weight.shape().dims::<2>()[0];
            assert!(
                first + length <= rows,
                "{length} tokens from position {first} on are more than the {rows} rows of this \
                 model's position table: truncate"
            );
            let ids = sequential(1, length, first, &table.weight.device().inner());
            table.forward(ids)
        }
    }
}

/// Scores of words: `hidden` against all rows of `table`, or those at `rows`.
pub(super) fn word_scores<const D: usize>(
    hidden: Tensor<D>,
    table: Tensor<2>,
    bias: Option<Tensor<1>>,
    rows: Option<Tensor<1, Int>>,
) -> Tensor<D> {
    let (table, bias) = match rows {
        Some(rows) => (
            table.select(0, rows.clone()),
            bias.map(|bias| bias.select(0, rows)),
        ),
        None => (table, bias),
    };
    kernel::linear(hidden, table.transpose(), bias)
}

/// The vectors at chosen places, each `example * length + position`: `[places, hidden]`.
pub(super) fn at_places(hidden: Tensor<3>, places: Tensor<1, Int>) -> Tensor<2> {
    let [batch, length, width] = hidden.dims();
    hidden.reshape([batch * length, width]).select(0, places)
}

/// The vector of each example's last end-of-sequence token.
///
/// # Errors
/// [`Error::Invalid`] unless all examples have the same number of these tokens, at least one, and
/// the tokens are ids, as many as `hidden` has positions.
pub(super) fn at_last_eos(hidden: Tensor<3>, tokens: &Tokens, eos: usize) -> Result<Tensor<2>> {
    let Tokens::Ids(ids) = tokens else {
        let reason = "are vectors: the end of sequence, whose state is classified, cannot be seen";
        return Err(Error::invalid("encoder tokens", reason));
    };
    let [_, length, _] = hidden.dims();
    if ids.dims()[1] != length {
        let reason = format!(
            "have length {}, the decoder's {length}: the decoder is read where they end",
            ids.dims()[1]
        );
        return Err(Error::invalid("encoder tokens", reason));
    }
    let values = host_ids(ids);
    let mut places = Vec::with_capacity(values.len());
    let mut counts = Vec::with_capacity(values.len());
    for (example, row) in values.iter().enumerate() {
        let ends = || row.iter().enumerate().filter(|(_, id)| **id == eos as i64);
        counts.push(ends().count());
        if let Some((position, _)) = ends().next_back() {
            places.push((example * length + position) as i64);
        }
    }
    if counts.contains(&0) || counts.windows(2).any(|pair| pair[0] != pair[1]) {
        let reason = format!(
            "hold the end of sequence {eos} {counts:?} times: each example must hold it equally \
             often and at least once"
        );
        return Err(Error::invalid("encoder tokens", reason));
    }
    let places = Tensor::<1, Int>::from_data(places.as_slice(), &ids.device());
    Ok(at_places(hidden, places))
}

/// Ids on the host, row by row.
pub(crate) fn host_ids(ids: &Tensor<2, Int>) -> Vec<Vec<i64>> {
    let [rows, columns] = ids.dims();
    if columns == 0 {
        return vec![Vec::new(); rows];
    }
    let data = ids.to_data().convert::<i64>();
    let values = data.try_to_vec::<i64>().expect("just converted");
    values.chunks(columns).map(<[i64]>::to_vec).collect()
}
