//! The reference layout: one sequence and a mask (PL-Marker, figure 2).

use std::borrow::Borrow;

use plm_core::models::{EncoderInput, EncoderModel};
use plm_core::nn::{AttentionMask, DropoutContext, Ffn, Positions};

use super::MarkerStates;
use super::check::{check, check_names};
use super::sizes::{Columns, Filling, Sizes, booleans, integers};
use super::states::Place;
use crate::layout::MarkerRow;
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
    /// Lays out `rows` for `model`.
    ///
    /// # Errors
    /// As [`encode_dense`].
    pub fn new<F: Ffn, R: Borrow<MarkerRow>>(model: &EncoderModel<F>, rows: &[R]) -> Result<Self> {
        check(model, rows.iter().map(Borrow::borrow))?;
        let sizes = Sizes::of(rows.iter().map(Borrow::borrow));
        let filling = Filling::of(model);
        let mut columns = Columns::default();
        for row in rows {
            let row: &MarkerRow = row.borrow();
            columns.push_text(&row.tokens, sizes.text, filling);
            columns.push_groups(&row.groups, sizes, filling);
        }
        let length = sizes.text + sizes.slots();
        let mut layout = Self {
            ids: columns.ids,
            positions: columns.positions,
            hidden: vec![true; rows.len() * length * length],
            rows: rows.len(),
            sizes,
            places: rows
                .iter()
                .enumerate()
                .map(|(text, row)| Place::new(text, 0, row.borrow()))
                .collect(),
        };
        for (number, row) in rows.iter().enumerate() {
            layout.show_row(number, row.borrow());
        }
        Ok(layout)
    }

    fn show_row(&mut self, number: usize, row: &MarkerRow) {
        let text = row.tokens.len();
        for query in 0..text {
            (0..text).for_each(|key| self.set_hidden(number, query, key, false));
        }
        for (group, members) in row.groups.iter().enumerate() {
            let first = self.sizes.text + group * self.sizes.markers;
            let own = first..first + members.markers.len();
            for query in own.clone() {
                (0..text)
                    .chain(own.clone())
                    .for_each(|key| self.set_hidden(number, query, key, false));
            }
        }
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
                return Err(Error::Size {
                    what: what.to_owned(),
                    found: rows,
                    expected: most + 1,
                });
            }
        }
        check_names(dropout, self.rows)?;
        let device = model.embeddings.word.weight.device();
        let (rows, length) = (self.rows, self.length());
        let mask = booleans(self.hidden.clone(), [rows, length, length], &device);
        let positions = integers(self.positions.clone(), rows, &device);
        let input = EncoderInput::ids(integers(self.ids.clone(), rows, &device))
            .with_positions(Positions::Ids(positions))
            .with_mask(AttentionMask::Pairwise(mask))
            .with_dropout_context(dropout.clone());
        let states = model.forward(&input).last_hidden_state;
        let Sizes {
            text,
            groups,
            markers,
        } = self.sizes;
        let width = states.dims()[2];
        let own = states.clone().narrow(1, text, groups * markers);
        Ok(MarkerStates {
            text: states.narrow(1, 0, text),
            markers: own.reshape([rows, groups, markers, width]),
            dropout: dropout.clone(),
            places: self.places.clone(),
        })
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
