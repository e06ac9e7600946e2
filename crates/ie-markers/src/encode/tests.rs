//! Invariances of the encoders, their equality, and what happens to wrong rows.

mod invariance;
mod layouts;
mod mistakes;

use burn::tensor::Tensor;

use super::MarkerStates;
use crate::layout::MarkerRow;

/// The states of all text tokens of row `row`.
fn text_of(states: &MarkerStates, row: usize, one: &MarkerRow) -> Tensor<2> {
    let places: Vec<_> = (0..one.tokens.len()).map(|token| (row, token)).collect();
    states.text_at(&places).unwrap()
}

/// The states of all markers of row `row`, group by group.
fn markers_of(states: &MarkerStates, row: usize, one: &MarkerRow) -> Tensor<2> {
    let groups = one.groups.iter().enumerate();
    let places: Vec<_> = groups
        .flat_map(|(number, group)| {
            (0..group.markers.len()).map(move |marker| (row, number, marker))
        })
        .collect();
    states.markers_at(&places).unwrap()
}
