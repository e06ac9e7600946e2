//! What the tests share: devices, small models, rows.

use burn::tensor::{Device, Tensor};
use plm_core::config::{EncoderConfig, EncoderFamily};
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::rng::Seed;

use crate::layout::{Marker, MarkerGroup, MarkerRow};

/// The families whose positions are absolute.
pub(crate) const FAMILIES: [EncoderFamily; 3] = [
    EncoderFamily::Bert,
    EncoderFamily::Roberta,
    EncoderFamily::DistilBert,
];

/// Every compiled device under its name.
pub(crate) fn devices() -> Vec<(&'static str, Device)> {
    plm_core::device::available()
        .into_iter()
        .map(|name| (name, plm_core::device::parse(name).unwrap()))
        .collect()
}

/// The first compiled device.
pub(crate) fn device() -> Device {
    devices().remove(0).1
}

/// Two layers of width 16.
pub(crate) fn config(family: EncoderFamily) -> EncoderConfig {
    EncoderConfig {
        family,
        hidden_size: 16,
        num_hidden_layers: 2,
        num_attention_heads: 2,
        intermediate_size: 32,
        max_position_embeddings: 40,
        initializer_range: 0.3,
        type_vocab_size: match family {
            EncoderFamily::Bert => 2,
            EncoderFamily::Roberta => 1,
            EncoderFamily::DistilBert | EncoderFamily::Mpnet => 0,
        },
        pad_token_id: usize::from(family == EncoderFamily::Roberta),
        ..EncoderConfig::bert(50)
    }
}

pub(crate) fn encoder(family: EncoderFamily, device: &Device) -> EncoderModel {
    Pretrained::new(&config(family), Seed::new(3), device)
        .unwrap()
        .model
}

/// The markers of a span.
pub(crate) fn pair(first: usize, last: usize) -> MarkerGroup {
    group(&[first, last])
}

/// Markers with ids from 40 on.
pub(crate) fn group(positions: &[usize]) -> MarkerGroup {
    let marker = |(index, &position): (usize, &usize)| Marker {
        id: 40 + index as u32,
        position,
    };
    MarkerGroup {
        markers: positions.iter().enumerate().map(marker).collect(),
    }
}

/// A text of `length` tokens that depends on `start`.
pub(crate) fn tokens(start: u32, length: usize) -> Vec<u32> {
    (0..length as u32)
        .map(|index| 5 + (start + 7 * index) % 30)
        .collect()
}

/// Rows of different lengths: more groups than a block holds, groups of four, no groups.
pub(crate) fn rows() -> Vec<MarkerRow> {
    let spans = (0..20).map(|index| pair(index % 6, 6 + index % 3));
    vec![
        MarkerRow {
            tokens: tokens(1, 9),
            groups: spans.collect(),
        },
        MarkerRow {
            tokens: tokens(2, 12),
            groups: vec![group(&[1, 2, 5, 7]), pair(0, 11), group(&[3])],
        },
        MarkerRow {
            tokens: tokens(3, 4),
            groups: Vec::new(),
        },
    ]
}

pub(crate) fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.inner().into_data().iter::<f32>().collect()
}

/// The largest difference of two tensors of one shape.
#[track_caller]
pub(crate) fn distance<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f32 {
    assert_eq!(a.dims(), b.dims());
    let (a, b) = (values(a), values(b));
    assert!(a.iter().chain(&b).all(|value| value.is_finite()));
    a.iter()
        .zip(&b)
        .fold(0.0, |most, (a, b)| (a - b).abs().max(most))
}
