//! The reference layout: one sequence and a mask (PL-Marker, figure 2).

use std::borrow::Borrow;

use burn::tensor::{Device, Tensor};
use plm_core::check::SizeError;
use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{AttentionMask, DropoutContext, Ffn, Positions};

use super::MarkerStates;
use super::check::{check, check_names};
use super::sizes::{Columns, Filling, Sizes, booleans, integers};
use super::states::Place;
use crate::layout::MarkerRow;
use crate::mask::{DenseMask, Visibility};
use crate::{Error, Result};

/// A batch as sequences `[text | markers]` with the mask of what sees what.
///
/// A text is padded to the longest of the batch, and so are the groups: slot `group * markers + index`
/// after the text holds marker `index` of group `group`. Text tokens have the positions that the model
/// counts by itself, RoBERTa's offset included; a marker has the position of its text token.
#[derive(Debug, Clone)]
pub struct DenseLayout {
    ids: Vec<i64>,
    positions: Vec<i64>,
    /// True where a key is hidden from a query, `[rows, length, length]`.
    hidden: Vec<bool>,
    rows: usize,
    sizes: Sizes,
    places: Vec<Place>,
}

impl DenseLayout {
    /// Lays out `rows` for `model` under PL-Marker's mask.
    ///
    /// # Errors
    /// As [`encode_dense`].
    pub fn new<F: Ffn, R: Borrow<MarkerRow>>(model: &EncoderModel<F>, rows: &[R]) -> Result<Self> {
        Self::with_visibility(model, rows, Visibility::default())
    }

    /// Lays out `rows` for `model` under a mask with switches, for ablations.
    ///
    /// # Errors
    /// As [`encode_dense`].
    pub fn with_visibility<F: Ffn, R: Borrow<MarkerRow>>(
        model: &EncoderModel<F>,
        rows: &[R],
        visibility: Visibility,
    ) -> Result<Self> {
        check(model, rows.iter().map(Borrow::borrow))?;
        let sizes = Sizes::of(rows.iter().map(Borrow::borrow));
        let filling = Filling::of(model);
        let mut columns = Columns::default();
        let mut hidden = Vec::new();
        for row in rows {
            let row: &MarkerRow = row.borrow();
            columns.push_text(&row.tokens, sizes.text, filling);
            columns.push_groups(&row.groups, sizes, filling);
            let mask = DenseMask::new(row, sizes.padded(), visibility)?;
            hidden.extend(mask.visible.into_iter().map(|visible| !visible));
        }
        Ok(Self {
            ids: columns.ids,
            positions: columns.positions,
            hidden,
            rows: rows.len(),
            sizes,
            places: rows
                .iter()
                .enumerate()
                .map(|(text, row)| Place::new(text, 0, row.borrow()))
                .collect(),
        })
    }

    /// Padded text and marker slots of a row.
    pub fn length(&self) -> usize {
        self.sizes.text + self.sizes.slots()
    }

    /// Position of a marker in the sequence of its row.
    pub fn slot(&self, group: usize, marker: usize) -> usize {
        self.sizes.text + group * self.sizes.markers + marker
    }

    /// Query-key cells of row `row` that are not hidden.
    ///
    /// # Panics
    /// If there is no such row.
    pub fn visible_cells(&self, row: usize) -> usize {
        let cells = self.length() * self.length();
        let own = &self.hidden[row * cells..(row + 1) * cells];
        own.iter().filter(|&&hidden| !hidden).count()
    }

    /// Hides `key` from `query` in `row`, or shows it: for ablations of the mask.
    ///
    /// # Panics
    /// If there is no such cell.
    pub fn set_hidden(&mut self, row: usize, query: usize, key: usize, hidden: bool) {
        let length = self.length();
        assert!(
            row < self.rows && query < length && key < length,
            "no cell ({row}, {query}, {key}) in {} rows of {length} tokens",
            self.rows
        );
        self.hidden[(row * length + query) * length + key] = hidden;
    }

    /// Runs the layout through `model`.
    ///
    /// # Errors
    /// [`Error::Size`] where `model` has a smaller word or position table than the layout was made
    /// for, or `dropout` names another number of rows.
    pub fn encode<F: Ffn>(
        &self,
        model: &EncoderModel<F>,
        dropout: &DropoutContext,
    ) -> Result<MarkerStates> {
        let input = self.input(model, dropout)?;
        Ok(self.divide(model.forward(&input).last_hidden_state, dropout))
    }

    /// The layout as input of `model`.
    pub(super) fn input<F: Ffn>(
        &self,
        model: &EncoderModel<F>,
        dropout: &DropoutContext,
    ) -> Result<EncoderInput> {
        for (what, table, wanted) in [
            ("word table", &model.embeddings.word, &self.ids),
            (
                "position table",
                &model.embeddings.position,
                &self.positions,
            ),
        ] {
            let rows = table.weight.shape().dims::<2>()[0];
            let most = wanted.iter().max().map_or(0, |&most| most as usize);
            if most >= rows {
                return Err(Error::Size(SizeError::new(what, rows, most + 1)));
            }
        }
        check_names(dropout, self.rows)?;
        let device = model.embeddings.word.weight.device();
        let positions = integers(self.positions.clone(), self.rows, &device);
        Ok(
            EncoderInput::ids(integers(self.ids.clone(), self.rows, &device))
                .with_positions(Positions::Ids(positions))
                .with_mask(self.mask(&device))
                .with_dropout_context(dropout.clone()),
        )
    }

    /// What is hidden from what.
    pub(super) fn mask(&self, device: &Device) -> AttentionMask {
        let dims = [self.rows, self.length(), self.length()];
        AttentionMask::Pairwise(booleans(self.hidden.clone(), dims, device))
    }

    /// `states` of the sequences as those of texts and of markers.
    pub(super) fn divide(&self, states: Tensor<3>, dropout: &DropoutContext) -> MarkerStates {
        let Sizes {
            text,
            groups,
            markers,
        } = self.sizes;
        let width = states.dims()[2];
        let own = states.clone().narrow(1, text, groups * markers);
        MarkerStates {
            text: states.narrow(1, 0, text),
            markers: own.reshape([self.rows, groups, markers, width]),
            dropout: dropout.clone(),
            places: self.places.clone(),
        }
    }
}

/// The states of `rows` by one sequence of text and markers each, under a mask.
///
/// # Errors
/// [`Error::RelativePositions`] for MPNet, [`Error::Empty`] without rows or for a row without text,
/// [`Error::TooLong`] for a text beyond the position table, [`Error::Token`] for an id beyond the
/// word table, [`Error::Place`] for a marker at a token that its text does not have, [`Error::Size`]
/// where `dropout` names another number of rows.
pub fn encode_dense<F: Ffn, R: Borrow<MarkerRow>>(
    model: &EncoderModel<F>,
    rows: &[R],
    dropout: &DropoutContext,
) -> Result<MarkerStates> {
    DenseLayout::new(model, rows)?.encode(model, dropout)
}
