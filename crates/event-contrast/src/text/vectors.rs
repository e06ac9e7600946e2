use std::ops::Range;

use burn::tensor::Device;
use plm_core::text::Encoding;

use super::{EventEncoder, SpanEncoder, pool_mean};
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

/// The vectors of spans of sentences (sub-words of each; zeros where there are none), in their order.
/// `batch` sentences are encoded at a time.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a span lies outside of its sentence or `batch` is 0.
pub fn span_vectors(
    model: &EventEncoder,
    sentences: &[(&Encoding, Vec<Option<Range<usize>>>)],
    kind: SpanKind,
    encoder: &SpanEncoder,
    batch: usize,
    device: &Device,
) -> Result<SpanVectors> {
    if batch == 0 {
        return Err(crate::Error::invalid("batch", "is 0, must be positive"));
    }
    let device = device.clone().inner();
    let width = model.encoder.config.hidden_size;
    let first: Vec<usize> = sentences
        .iter()
        .scan(0, |next, (_, spans)| {
            *next += spans.len();
            Some(*next - spans.len())
        })
        .collect();
    let total: usize = sentences.iter().map(|(_, spans)| spans.len()).sum();
    let mut values = vec![0.0; total * width];
    let mut order: Vec<usize> = (0..sentences.len())
        .filter(|&at| sentences[at].1.iter().any(Option::is_some))
        .collect();
    order.sort_by_key(|&at| sentences[at].0.len());
    for chunk in order.chunks(batch) {
        let encodings: Vec<Encoding> = chunk.iter().map(|&at| sentences[at].0.clone()).collect();
        let input = encoder.input(&encodings, &device)?;
        let hidden = model.encoder.forward(&input).last_hidden_state;
        let (mut spans, mut places) = (Vec::new(), Vec::new());
        for (row, &at) in chunk.iter().enumerate() {
            for (number, range) in sentences[at].1.iter().enumerate() {
                if let Some(range) = range {
                    spans.push((row, range.clone()));
                    places.push(first[at] + number);
                }
            }
        }
        let pooled = pool_mean(hidden, &spans)?;
        let vectors = match kind {
            SpanKind::Trigger => model.triggers(pooled),
            SpanKind::Argument => model.arguments(pooled),
            SpanKind::State => pooled,
        };
        let vectors: Vec<f32> = vectors.into_data().iter().collect();
        for (place, row) in places.into_iter().zip(vectors.chunks_exact(width)) {
            values[place * width..(place + 1) * width].copy_from_slice(row);
        }
    }
    Ok(SpanVectors { width, values })
}
