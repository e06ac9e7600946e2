use std::ops::Range;

use burn::tensor::Device;
use plm_core::text::Encoding;

use super::{EventEncoder, SpanEncoder, check_encodings, span_states};
use crate::Result;

/// As what spans are represented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SpanKind {
    /// As triggers: [`EventEncoder::triggers`].
    Trigger,
    /// As arguments: [`EventEncoder::arguments`].
    Argument,
    /// The mean state of the encoder itself.
    State,
}

/// The vectors of spans, on the host.
#[derive(Debug, Clone, PartialEq)]
pub struct SpanVectors {
    /// Numbers of a vector.
    pub width: usize,
    /// The vectors, row after row: `[spans, width]`.
    pub values: Vec<f32>,
}

/// `row` brought to length 1; zeros stay.
pub(crate) fn unit_row(row: &[f32]) -> impl Iterator<Item = f32> + '_ {
    let length = row.iter().map(|value| value * value).sum::<f32>().sqrt();
    let length = if length > 0.0 { length } else { 1.0 };
    row.iter().map(move |value| value / length)
}

impl SpanVectors {
    /// The vector of span `at`.
    ///
    /// # Panics
    /// If there is no such span.
    pub fn row(&self, at: usize) -> &[f32] {
        &self.values[at * self.width..(at + 1) * self.width]
    }

    /// The number of spans.
    pub fn n_spans(&self) -> usize {
        self.values.len().checked_div(self.width).unwrap_or(0)
    }
}

/// Lists of spans of a sentence, one for each kind: sub-words of each span, none where it has none.
pub type SpanLists<const N: usize> = [Vec<Option<Range<usize>>>; N];

/// The vectors of spans of sentences (sub-words of each; zeros where there are none), in their order. A
/// sentence has a list of spans for each of `kinds` and is encoded once for all of them, with `batch`
/// sentences at a time.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a span lies outside of its sentence, `batch` is 0, or a
/// sentence with spans is longer than `model` takes or has a token without a vector.
pub fn span_vectors<const N: usize>(
    model: &EventEncoder,
    sentences: &[(&Encoding, SpanLists<N>)],
    kinds: [SpanKind; N],
    encoder: &SpanEncoder,
    batch: usize,
    device: &Device,
) -> Result<[SpanVectors; N]> {
    if batch == 0 {
        return Err(crate::Error::invalid("batch", "is 0, must be positive"));
    }
    let device = device.clone().inner();
    let width = model.encoder.config.hidden_size;
    let mut counts = [0; N];
    let mut first = Vec::with_capacity(sentences.len());
    for (_, lists) in sentences {
        first.push(counts);
        for (count, list) in counts.iter_mut().zip(lists) {
            *count += list.len();
        }
    }
    let mut vectors = counts.map(|count| SpanVectors {
        width,
        values: vec![0.0; count * width],
    });
    let mut order: Vec<usize> = (0..sentences.len())
        .filter(|&at| sentences[at].1.iter().flatten().any(Option::is_some))
        .collect();
    let encodings = order.iter().map(|&at| (at, sentences[at].0));
    check_encodings(&model.encoder, "sentence", encodings)?;
    order.sort_by_key(|&at| sentences[at].0.len());
    for chunk in order.chunks(batch) {
        let encodings: Vec<Encoding> = chunk.iter().map(|&at| sentences[at].0.clone()).collect();
        let input = encoder.input(&encodings, &device)?;
        let mut spans = Vec::new();
        let mut places: [Vec<usize>; N] = std::array::from_fn(|_| Vec::new());
        for (kind, places) in places.iter_mut().enumerate() {
            for (row, &at) in chunk.iter().enumerate() {
                for (place, range) in (first[at][kind]..).zip(&sentences[at].1[kind]) {
                    if let Some(range) = range {
                        spans.push((row, range.clone()));
                        places.push(place);
                    }
                }
            }
        }
        let states = span_states(&model.encoder, &input, &spans)?;
        let mut next = 0;
        for ((kind, places), vectors) in kinds.iter().zip(&places).zip(&mut vectors) {
            if places.is_empty() {
                continue;
            }
            let own = states.clone().narrow(0, next, places.len());
            next += places.len();
            let found = match kind {
                SpanKind::Trigger => model.triggers(own),
                SpanKind::Argument => model.arguments(own),
                SpanKind::State => own,
            };
            let found: Vec<f32> = found.into_data().iter().collect();
            for (&place, row) in places.iter().zip(found.chunks_exact(width)) {
                vectors.values[place * width..(place + 1) * width].copy_from_slice(row);
            }
        }
    }
    Ok(vectors)
}
