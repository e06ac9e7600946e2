//! The layouts of one text with all its markers.

use std::collections::BTreeMap;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{
    AttentionContext, AttentionMask, DropoutContext, LayerContext, Positions, Tapped, Taps,
};
use plm_ie_markers::encode::{MarkerStates, encode_dense, encode_factorized};
use plm_ie_markers::layout::{MarkerGroup, MarkerPair, MarkerRow};
use plm_ie_markers::model::load_base;

use super::{PUBLISHED_LENGTHS, SPANS};
use crate::bench::Case;
use crate::bench::heap::peak_heap_while;

/// Tokens of the text.
const TEXT: usize = 128;
/// Spans that are packed with it.
const GROWTH: [usize; 4] = [64, 128, SPANS, 512];
/// Rows of a batch of one span each.
const SINGLE_BATCH: usize = 16;
/// Samples of times.
const ROUNDS: usize = 5;

/// The factorized encoder beside one sequence with a mask, without padding and padded as published, for
/// growing numbers of spans; with the published number beside all layouts.
pub(super) fn cases(folder: &Path, device: &Device) -> Result<Vec<Case>> {
    let model = Rc::new(load_base(folder, device)?.model);
    let mut cases = Vec::new();
    for spans in GROWTH {
        let text = Packed {
            model: Rc::clone(&model),
            row: Rc::new(packed_row(spans)?),
            device: device.clone(),
        };
        if spans == SPANS {
            cases.push(text.beside_singles()?);
        }
        let case = Case::timed(text.id("dense"), text.work(factorized)).rounds(ROUNDS);
        cases.push(case.baseline("one sequence without padding", text.work(dense)));
        let side = format!(
            "one sequence padded to {} + 2 · {spans}",
            PUBLISHED_LENGTHS[0]
        );
        cases.extend(text.beside_padded("padded", &side, padded_states)?);
        if spans == SPANS {
            let side = format!("{side}, all scores at a time");
            cases.extend(text.beside_padded("published", &side, published_states)?);
        }
    }
    Ok(cases)
}

/// A way to the states of one row.
type States<T> = fn(&EncoderModel, &MarkerRow, &Device) -> Result<T>;

/// A text with its markers, and the model that reads them.
struct Packed {
    model: Rc<EncoderModel>,
    row: Rc<MarkerRow>,
    device: Device,
}

impl Packed {
    fn id(&self, name: &str) -> String {
        format!("packed.n{TEXT}.m{}.{name}", self.row.groups.len())
    }

    /// Makes the states and waits for them.
    fn work<T>(&self, states: States<T>) -> impl FnMut() -> Result<()> + use<T> {
        let (model, row) = (Rc::clone(&self.model), Rc::clone(&self.row));
        let device = self.device.clone();
        move || {
            std::hint::black_box(states(&model, &row, &device)?);
            Ok(device.sync()?)
        }
    }

    /// Time beside rows of one span each.
    fn beside_singles(&self) -> Result<Case> {
        let singles: Vec<MarkerRow> = (self.row.groups.iter())
            .map(|group| MarkerRow::new(self.row.tokens.clone(), vec![group.clone()]))
            .collect::<Result<_, _>>()?;
        let (model, device) = (Rc::clone(&self.model), self.device.clone());
        let case = Case::timed(self.id("single"), self.work(factorized)).rounds(3);
        Ok(case.baseline("one span a row", move || {
            for rows in singles.chunks(SINGLE_BATCH) {
                std::hint::black_box(encode_dense(&model, rows, &DropoutContext::default())?);
            }
            Ok(device.sync()?)
        }))
    }

    /// Time and memory beside those of a padded layout, called `side`.
    fn beside_padded(
        &self,
        name: &str,
        side: &str,
        states: States<Tensor<3>>,
    ) -> Result<[Case; 2]> {
        let found = states(&self.model, &self.row, &self.device)?;
        let own = factorized(&self.model, &self.row, &self.device)?;
        let (spans, width) = (self.row.groups.len(), found.dims()[2]);
        let first = PUBLISHED_LENGTHS[0];
        let text = found.clone().slice([0..1, 0..TEXT]);
        // There the start markers of all spans come before the end markers, here each span has its two.
        let markers = found.slice([0..1, first..first + 2 * spans]);
        let markers = markers.reshape([1, 2, spans, width]).swap_dims(1, 2);
        let text: f32 = (own.text() - text).abs().max().into_scalar();
        let own_markers = own.markers().slice([0..1, 0..spans]);
        let markers: f32 = (own_markers - markers).abs().max().into_scalar();
        ensure!(
            text < 1e-4 && markers < 1e-4,
            "the {name} layout has other states: {text} of the text, {markers} of the markers"
        );
        let time = Case::timed(self.id(name), self.work(factorized)).rounds(ROUNDS);
        let time = time.baseline(side, self.work(states));
        let (mut ours, mut theirs) = (self.work(factorized), self.work(states));
        let id = self.id(&format!("{name}.memory"));
        let memory = Case::value(id, "MiB", move || peak_heap_while(&mut ours)).rounds(3);
        let memory = memory.baseline_value(side, move || peak_heap_while(&mut theirs));
        Ok([time, memory])
    }
}

/// [`TEXT`] tokens and the first `spans` spans of up to 8 of them.
fn packed_row(spans: usize) -> Result<MarkerRow> {
    let tokens = (0..TEXT as u32).map(|place| 2000 + 7 * place).collect();
    let markers = MarkerPair::new(1, 2);
    let all = (1..TEXT - 1).flat_map(|start| {
        let last = (start + 7).min(TEXT - 2);
        (start..=last).map(move |end| [start, end])
    });
    let groups = all.take(spans).map(|span| MarkerGroup::span(markers, span));
    Ok(MarkerRow::new(tokens, groups.collect())?)
}

fn factorized(model: &EncoderModel, row: &MarkerRow, _: &Device) -> Result<MarkerStates> {
    let calm = DropoutContext::default();
    Ok(encode_factorized(model, &[row], &calm)?)
}

fn dense(model: &EncoderModel, row: &MarkerRow, _: &Device) -> Result<MarkerStates> {
    let calm = DropoutContext::default();
    Ok(encode_dense(model, &[row], &calm)?)
}

/// The states of the published layout, by the kernel that needs no more than a few rows of scores at a time.
fn padded_states(model: &EncoderModel, row: &MarkerRow, device: &Device) -> Result<Tensor<3>> {
    Ok(model.forward(&padded(row, device)).last_hidden_state)
}

/// The states of the published layout with each layer's attention weights kept as one tensor, as the original
/// has them. The kernel works on blocks of queries; the original also holds the scores and the mask that is
/// added to them, so that this side is lighter, if anything.
fn published_states(model: &EncoderModel, row: &MarkerRow, device: &Device) -> Result<Tensor<3>> {
    let input = padded(row, device);
    let (taps, factors) = (Taps::default(), BTreeMap::new());
    let dropout = DropoutContext::default();
    let attention = AttentionContext {
        mask: input.mask.as_ref().map(AttentionMask::to_kernel),
        wants_weights: true,
        ..AttentionContext::default()
    };
    let context = LayerContext {
        mask: None,
        bias: None,
        dropout: &dropout,
        taps: &taps,
        ffn_masks: &factors,
    };
    let mut states = model.embeddings.forward(&input);
    for (index, layer) in model.layers.iter().enumerate() {
        let (attended, scores) = layer.attention.forward(states.clone(), &attention);
        drop(scores);
        states = layer.attention_norm.forward_add(attended, states, None);
        states = layer.feed_forward(states, index, &context, &mut Tapped::default());
    }
    Ok(states)
}

/// The published layout: text padded to 512, then all start markers, then all end markers.
fn padded(row: &MarkerRow, device: &Device) -> EncoderInput {
    let (text, spans, room) = (row.tokens.len(), row.groups.len(), PUBLISHED_LENGTHS[0]);
    let length = room + 2 * spans;
    let (mut ids, mut positions) = (vec![0_i64; length], vec![0_i64; length]);
    let mut hidden = vec![true; length * length];
    for (place, &id) in row.tokens.iter().enumerate() {
        (ids[place], positions[place]) = (i64::from(id), place as i64);
        hidden[place * length..place * length + text].fill(false);
    }
    for (group, members) in row.groups.iter().enumerate() {
        let places = [room + group, room + spans + group];
        for (&place, marker) in places.iter().zip(&members.markers) {
            (ids[place], positions[place]) = (i64::from(marker.id), marker.position as i64);
            let row = &mut hidden[place * length..(place + 1) * length];
            row[..text].fill(false);
            places.iter().for_each(|&key| row[key] = false);
        }
    }
    let integers = |values: Vec<i64>| {
        Tensor::<2, Int>::from_data(TensorData::new(values, [1, length]), device)
    };
    let mask = Tensor::from_data(TensorData::new(hidden, [1, length, length]), device);
    EncoderInput::ids(integers(ids))
        .with_positions(Positions::Ids(integers(positions)))
        .with_mask(AttentionMask::Pairwise(mask))
}
