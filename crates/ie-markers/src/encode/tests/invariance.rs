//! Texts do not see markers and groups do not see each other; whatever breaks that shows.

use plm_core::config::EncoderFamily;
use plm_core::nn::DropoutContext;

use super::{markers_of, text_of};
use crate::encode::{DenseLayout, MarkerEncoder, encode_text};
use crate::layout::MarkerRow;
use crate::testing::{FAMILIES, device, devices, distance, encoder, group, pair, rows, tokens};

const ENCODERS: [MarkerEncoder; 3] = [
    MarkerEncoder::Dense,
    MarkerEncoder::Factorized,
    MarkerEncoder::Shared,
];

#[test]
fn texts_have_the_states_they_have_without_markers() {
    let off = DropoutContext::default();
    for (name, device) in devices() {
        for family in FAMILIES {
            let model = encoder(family, &device);
            let rows = rows();
            let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
            let alone = encode_text(&model, &texts, &off).unwrap();
            for encoder in ENCODERS {
                let states = encoder.encode(&model, &rows, &off).unwrap();
                for (row, one) in rows.iter().enumerate() {
                    let length = one.tokens.len();
                    let expected = alone.clone().narrow(0, row, 1).narrow(1, 0, length);
                    let found = text_of(&states, row, one);
                    let far = distance(found, expected.squeeze_dim(0));
                    assert!(far < 1e-5, "{name} {family:?} {encoder:?}: {far}");
                }
            }
        }
    }
}

#[test]
fn groups_have_the_same_states_in_any_packing() {
    let off = DropoutContext::default();
    for (name, device) in devices() {
        for family in FAMILIES {
            let model = encoder(family, &device);
            let packed = &rows()[0];
            let mut backwards = packed.clone();
            backwards.groups.reverse();
            for encoder in ENCODERS {
                let encode = |row: &MarkerRow| {
                    let states = encoder.encode(&model, &[row], &off).unwrap();
                    markers_of(&states, 0, row)
                };
                let (all, reversed) = (encode(packed), encode(&backwards));
                let count = packed.groups.len();
                for (number, group) in packed.groups.iter().enumerate() {
                    let alone = encode(&MarkerRow {
                        tokens: packed.tokens.clone(),
                        groups: vec![group.clone()],
                    });
                    let of_group = |all: &burn::tensor::Tensor<2>, number: usize| {
                        all.clone().narrow(0, 2 * number, 2)
                    };
                    let far = distance(of_group(&all, number), alone.clone());
                    assert!(far < 1e-5, "{name} {family:?} {encoder:?} {number}: {far}");
                    let far = distance(of_group(&reversed, count - 1 - number), alone);
                    assert!(far < 1e-5, "{name} {family:?} {encoder:?} {number}: {far}");
                }
            }
        }
    }
}

#[test]
fn one_more_visible_cell_changes_states() {
    let off = DropoutContext::default();
    let model = encoder(EncoderFamily::Bert, &device());
    let rows = [MarkerRow {
        tokens: tokens(1, 7),
        groups: vec![pair(1, 2), pair(4, 5)],
    }];
    let layout = DenseLayout::new(&model, &rows).unwrap();
    let plain = layout.encode(&model, &off).unwrap();

    let mut text_sees_marker = layout.clone();
    text_sees_marker.set_hidden(0, 3, layout.slot(0, 1), false);
    let changed = text_sees_marker.encode(&model, &off).unwrap();
    assert!(distance(plain.text(), changed.text()) > 1e-3);

    let mut pair_sees_pair = layout.clone();
    pair_sees_pair.set_hidden(0, layout.slot(0, 0), layout.slot(1, 0), false);
    let changed = pair_sees_pair.encode(&model, &off).unwrap();
    assert!(distance(plain.markers(), changed.markers()) > 1e-3);
    assert!(distance(plain.text(), changed.text()) < 1e-5);
}

#[test]
fn a_position_off_by_one_changes_the_group() {
    let off = DropoutContext::default();
    for family in FAMILIES {
        let model = encoder(family, &device());
        for encoder in ENCODERS {
            let encode = |last: usize| {
                let row = MarkerRow {
                    tokens: tokens(1, 7),
                    groups: vec![pair(1, last), pair(0, 6)],
                };
                let states = encoder.encode(&model, &[&row], &off).unwrap();
                markers_of(&states, 0, &row)
            };
            let (right, wrong) = (encode(2), encode(3));
            let first = |states: &burn::tensor::Tensor<2>| states.clone().narrow(0, 0, 2);
            let second = |states: &burn::tensor::Tensor<2>| states.clone().narrow(0, 2, 2);
            let far = distance(first(&right), first(&wrong));
            assert!(far > 1e-3, "{family:?} {encoder:?}: {far}");
            assert!(distance(second(&right), second(&wrong)) < 1e-5);
        }
    }
}

#[test]
fn a_marker_that_is_a_text_token_has_its_state() {
    // A group of one marker with the id and position of the only text token sees that token and
    // itself: twice the same key, so its state is that of the token.
    let off = DropoutContext::default();
    for family in FAMILIES {
        let model = encoder(family, &device());
        let mut group = group(&[0]);
        group.markers[0].id = 9;
        let row = MarkerRow {
            tokens: vec![9],
            groups: vec![group],
        };
        for encoder in ENCODERS {
            let states = encoder.encode(&model, &[&row], &off).unwrap();
            let far = distance(text_of(&states, 0, &row), markers_of(&states, 0, &row));
            assert!(far < 1e-5, "{family:?} {encoder:?}: {far}");
        }
    }
}
