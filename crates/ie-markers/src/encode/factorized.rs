//! The text alone, then markers as queries over its keys and values.

mod attention;
mod blocks;

use std::borrow::Borrow;
use std::collections::BTreeMap;

use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{
    AttentionContext, DropoutContext, DropoutMode, Ffn, LayerContext, Positions, Tapped, Taps,
};

use self::attention::MarkerAttention;
use super::MarkerStates;
use super::check::{check, check_names};
use super::sizes::{Columns, Filling, Sizes, integers};
use super::states::Place;
use super::text::text_input;
use crate::Result;
use crate::layout::{MarkerGroup, MarkerRow};

/// Dropout sites of a layer and two of them, as plm-core numbers them: texts have the same dropout here
/// as in its forward pass.
const LAYER_SITES: u64 = 8;
const ATTENTION_WEIGHTS: u64 = 0;
const ATTENTION_OUTPUT: u64 = 1;

/// Sets the dropout of markers apart from that of texts.
const MARKERS: u64 = 0x6d61_726b_6572_7300;

/// A text and the groups that see it.
pub(super) struct Packed<'r> {
    pub(super) tokens: &'r [u32],
    pub(super) groups: Vec<&'r MarkerGroup>,
}

/// The states of `rows` by the factorized encoder: equal to [`super::encode_dense`] to rounding,
/// without the square of all markers.
///
/// With dropout, texts have the same masks as in the dense layout and markers have others.
///
/// # Errors
/// As [`super::encode_dense`].
pub fn encode_factorized<F: Ffn, R: Borrow<MarkerRow>>(
    model: &EncoderModel<F>,
    rows: &[R],
    dropout: &DropoutContext,
) -> Result<MarkerStates> {
    check(model, rows.iter().map(Borrow::borrow))?;
    check_names(dropout, rows.len())?;
    let (mut packed, mut places) = (Vec::new(), Vec::new());
    for (text, row) in rows.iter().enumerate() {
        let row: &MarkerRow = row.borrow();
        places.push(Place::new(text, 0, row));
        packed.push(Packed {
            tokens: &row.tokens,
            groups: row.groups.iter().collect(),
        });
    }
    Ok(encode_packed(model, &packed, places, dropout))
}

/// The states of checked texts with their groups.
pub(super) fn encode_packed<F: Ffn>(
    model: &EncoderModel<F>,
    packed: &[Packed<'_>],
    places: Vec<Place>,
    dropout: &DropoutContext,
) -> MarkerStates {
    let attention = MarkerAttention::new(model, packed);
    let sizes = attention.sizes();
    let texts: Vec<&[u32]> = packed.iter().map(|one| one.tokens).collect();
    let text = text_input(model, &texts, sizes.text, dropout);
    let marker_dropout = apart(dropout);
    let block_dropout = attention.of_blocks(&marker_dropout);
    let (taps, factors) = (Taps::default(), BTreeMap::new());
    let context = |dropout| LayerContext {
        mask: text.mask.as_ref().map(|mask| mask.to_kernel()),
        bias: None,
        dropout,
        taps: &taps,
        ffn_masks: &factors,
    };
    let (text_context, marker_context) = (context(dropout), context(&marker_dropout));
    let mut x = model.embeddings.forward(&text);
    let markers = marker_input(model, packed, sizes, &marker_dropout);
    let mut y = model.embeddings.forward(&markers);
    let mut tapped = Tapped::default();
    for (index, layer) in model.layers.iter().enumerate() {
        let site = |dropout: &DropoutContext, site, prob| {
            dropout.site(index as u64 * LAYER_SITES + site, prob)
        };
        let memory = layer.attention.project_key_value(x.clone());
        let weights = site(&block_dropout, ATTENTION_WEIGHTS, layer.dropout.attention);
        let attended = attention.attend(&layer.attention, y.clone(), &memory, weights);
        let mask = site(&marker_dropout, ATTENTION_OUTPUT, layer.dropout.hidden);
        y = layer.attention_norm.forward_add(attended, y, mask.as_ref());
        y = layer.feed_forward(y, index, &marker_context, &mut tapped);

        let own = AttentionContext {
            mask: text_context.mask.clone(),
            dropout: site(dropout, ATTENTION_WEIGHTS, layer.dropout.attention),
            ..AttentionContext::default()
        };
        let query = layer.attention.project_query(x.clone());
        let (attended, _) = layer.attention.attend(query, memory, &own);
        let mask = site(dropout, ATTENTION_OUTPUT, layer.dropout.hidden);
        x = layer.attention_norm.forward_add(attended, x, mask.as_ref());
        x = layer.feed_forward(x, index, &text_context, &mut tapped);
    }
    let width = y.dims()[2];
    MarkerStates {
        text: x,
        markers: y.reshape([packed.len(), sizes.groups, sizes.markers, width]),
        dropout: dropout.clone(),
        places,
    }
}

/// The markers as tokens at the positions of theirs.
fn marker_input<F: Ffn>(
    model: &EncoderModel<F>,
    packed: &[Packed<'_>],
    sizes: Sizes,
    dropout: &DropoutContext,
) -> EncoderInput {
    let filling = Filling::of(model);
    let mut columns = Columns::default();
    for one in packed {
        columns.push_groups(one.groups.iter().copied(), sizes, filling);
    }
    let device = model.embeddings.word.weight.device();
    let positions = integers(columns.positions, packed.len(), &device);
    EncoderInput::ids(integers(columns.ids, packed.len(), &device))
        .with_positions(Positions::Ids(positions))
        .with_dropout_context(dropout.clone())
}

/// The same mode and examples with other masks.
fn apart(dropout: &DropoutContext) -> DropoutContext {
    DropoutContext {
        mode: match dropout.mode {
            DropoutMode::Off => DropoutMode::Off,
            DropoutMode::Train { seed } => DropoutMode::Train {
                seed: seed ^ MARKERS,
            },
            DropoutMode::Mc { seed, pass } => DropoutMode::Mc {
                seed: seed ^ MARKERS,
                pass,
            },
        },
        example_ids: dropout.example_ids.clone(),
    }
}
