//! The padded sizes of a batch and the numbers that fill it.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::models::EncoderModel;
use plm_core::nn::Ffn;

use crate::layout::{MarkerGroup, MarkerRow};
use crate::mask::PaddedSize;

/// Lengths that every row of a batch is padded to. There is always room for one marker, so that no
/// tensor is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sizes {
    pub(super) text: usize,
    pub(super) groups: usize,
    pub(super) markers: usize,
}

impl Sizes {
    pub(super) fn of<'r>(rows: impl IntoIterator<Item = &'r MarkerRow>) -> Self {
        let mut sizes = Self {
            text: 1,
            groups: 1,
            markers: 1,
        };
        for row in rows {
            sizes.text = sizes.text.max(row.tokens.len());
            sizes.groups = sizes.groups.max(row.groups.len());
            for group in &row.groups {
                sizes.markers = sizes.markers.max(group.markers.len());
            }
        }
        sizes
    }

    /// The size of a padded row, as masks take it.
    pub(super) fn padded(self) -> PaddedSize {
        PaddedSize {
            text: self.text,
            groups: self.groups,
            markers: self.markers,
        }
    }

    /// Marker slots of a row.
    pub(super) fn slots(self) -> usize {
        self.groups * self.markers
    }
}

/// What stands at padding, and where positions begin.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filling {
    /// Id of the padding token.
    pub(super) pad: i64,
    /// Row of the position table for padding. RoBERTa has one of its own, before the first position.
    pub(super) pad_position: i64,
    /// Row of the position table for the first text token: 2 in RoBERTa, 0 elsewhere.
    pub(super) first_position: i64,
}

impl Filling {
    pub(super) fn of<F: Ffn>(model: &EncoderModel<F>) -> Self {
        let first = model.embeddings.first_position as i64;
        Self {
            pad: model.config.pad_token_id as i64,
            pad_position: (first - 1).max(0),
            first_position: first,
        }
    }
}

/// Ids, positions and padding of tokens, row after row.
#[derive(Debug, Default)]
pub(super) struct Columns {
    pub(super) ids: Vec<i64>,
    pub(super) positions: Vec<i64>,
    pub(super) padding: Vec<bool>,
}

impl Columns {
    fn push(&mut self, id: i64, position: i64, padding: bool) {
        self.ids.push(id);
        self.positions.push(position);
        self.padding.push(padding);
    }

    /// A text, padded to `length`.
    pub(super) fn push_text(&mut self, tokens: &[u32], length: usize, filling: Filling) {
        for (index, &id) in tokens.iter().enumerate() {
            self.push(i64::from(id), filling.first_position + index as i64, false);
        }
        for _ in tokens.len()..length {
            self.push(filling.pad, filling.pad_position, true);
        }
    }

    /// The markers of `groups`, each group padded to `sizes.markers` and all to `sizes.groups` groups.
    pub(super) fn push_groups<'g>(
        &mut self,
        groups: impl IntoIterator<Item = &'g MarkerGroup>,
        sizes: Sizes,
        filling: Filling,
    ) {
        let end = self.ids.len() + sizes.slots();
        for group in groups {
            for marker in &group.markers {
                let position = filling.first_position + marker.position as i64;
                self.push(i64::from(marker.id), position, false);
            }
            for _ in group.markers.len()..sizes.markers {
                self.push(filling.pad, filling.pad_position, true);
            }
        }
        while self.ids.len() < end {
            self.push(filling.pad, filling.pad_position, true);
        }
    }
}

/// `values` as `[rows, columns]`.
pub(super) fn integers(values: Vec<i64>, rows: usize, device: &Device) -> Tensor<2, Int> {
    let columns = values.len() / rows;
    Tensor::from_data(TensorData::new(values, [rows, columns]), device)
}

/// `values` in the shape `dims`.
pub(super) fn booleans<const D: usize>(
    values: Vec<bool>,
    dims: [usize; D],
    device: &Device,
) -> Tensor<D, Bool> {
    Tensor::from_data(TensorData::new(values, dims), device)
}
