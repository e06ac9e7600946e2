//! What an encoder returns.

use burn::tensor::{Int, Tensor};
use plm_core::kernel;
use plm_core::nn::DropoutContext;

use crate::layout::MarkerRow;
use crate::{Error, Result};

/// The states of a batch's texts and markers, addressed by the rows that were encoded.
#[derive(Debug, Clone)]
pub struct MarkerStates {
    /// `[texts, padded length, hidden]`.
    pub(super) text: Tensor<3>,
    /// `[texts, padded groups, padded markers, hidden]`.
    pub(super) markers: Tensor<4>,
    /// The dropout that the encoder ran with; its examples are the texts.
    pub(super) dropout: DropoutContext,
    /// Where the rows are.
    pub(super) places: Vec<Place>,
}

/// Where a row's states are, and how many it has.
#[derive(Debug, Clone)]
pub(super) struct Place {
    text: usize,
    first_group: usize,
    tokens: usize,
    markers: Vec<usize>,
}

impl Place {
    pub(super) fn new(text: usize, first_group: usize, row: &MarkerRow) -> Self {
        Self {
            text,
            first_group,
            tokens: row.tokens.len(),
            markers: row.groups.iter().map(|group| group.markers.len()).collect(),
        }
    }
}

impl MarkerStates {
    /// States of the texts, padding at the end; where rows share a text it is there once. The states
    /// at padding are finite and mean nothing.
    ///
    /// # Shapes
    /// - result: `[texts, longest text, hidden]`
    pub fn text(&self) -> Tensor<3> {
        self.text.clone()
    }

    /// States of the markers, padded with groups and within groups.
    ///
    /// # Shapes
    /// - result: `[texts, groups, markers, hidden]`
    pub fn markers(&self) -> Tensor<4> {
        self.markers.clone()
    }

    /// The states of the text tokens `(row, token)`.
    ///
    /// # Shapes
    /// - result: `[places, hidden]`
    ///
    /// # Errors
    /// [`Error::Place`] for a token that its row does not have, [`Error::Empty`] without places.
    pub fn text_at(&self, places: &[(usize, usize)]) -> Result<Tensor<2>> {
        let [texts, length, width] = self.text.dims();
        let mut ids = Vec::with_capacity(places.len());
        for &(row, token) in places {
            let place = self.place(row)?;
            let token = within(row, "text token", token, place.tokens)?;
            ids.push((place.text * length + token) as i64);
        }
        rows_at(self.text.clone().reshape([texts * length, width]), ids)
    }

    /// The states of the markers `(row, group, marker)`.
    ///
    /// # Shapes
    /// - result: `[places, hidden]`
    ///
    /// # Errors
    /// [`Error::Place`] for a marker that its row does not have, [`Error::Empty`] without places.
    pub fn markers_at(&self, places: &[(usize, usize, usize)]) -> Result<Tensor<2>> {
        let [texts, groups, markers, width] = self.markers.dims();
        let mut ids = Vec::with_capacity(places.len());
        for &(row, group, marker) in places {
            let place = self.place(row)?;
            let group = within(row, "group", group, place.markers.len())?;
            let marker = within(row, "marker", marker, place.markers[group])?;
            let group = place.text * groups + place.first_group + group;
            ids.push((group * markers + marker) as i64);
        }
        let all = self.markers.clone();
        rows_at(all.reshape([texts * groups * markers, width]), ids)
    }

    /// The same states after dropout of every text token and marker with probability `prob`, so that
    /// all spans that use a token see it under one mask. `site` is the site's number; the markers take
    /// the one after it.
    pub(crate) fn dropped(mut self, site: u64, prob: f64) -> Self {
        let mask = self.dropout.site(site, prob);
        self.text = kernel::dropout(self.text, mask.as_ref());
        let mask = self.dropout.site(site + 1, prob);
        self.markers = kernel::dropout(self.markers, mask.as_ref());
        self
    }

    fn place(&self, row: usize) -> Result<&Place> {
        self.places.get(row).ok_or(Error::Place {
            row,
            what: "row",
            index: row,
            count: self.places.len(),
        })
    }
}

fn within(row: usize, what: &'static str, index: usize, count: usize) -> Result<usize> {
    if index < count {
        return Ok(index);
    }
    Err(Error::Place {
        row,
        what,
        index,
        count,
    })
}

/// The states of the tokens `(row, token)`.
///
/// # Shapes
/// - states: `[rows, length, hidden]`
/// - result: `[places, hidden]`
pub(crate) fn text_rows(states: &Tensor<3>, places: &[(usize, usize)]) -> Result<Tensor<2>> {
    let [rows, length, width] = states.dims();
    let mut ids = Vec::with_capacity(places.len());
    for &(row, token) in places {
        within(row, "row", row, rows)?;
        let token = within(row, "text token", token, length)?;
        ids.push((row * length + token) as i64);
    }
    rows_at(states.clone().reshape([rows * length, width]), ids)
}

/// Rows `ids` of `table`.
fn rows_at(table: Tensor<2>, ids: Vec<i64>) -> Result<Tensor<2>> {
    if ids.is_empty() {
        return Err(Error::Empty {
            what: "places to read states at",
            fix: "leave out batches without spans",
        });
    }
    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &table.device());
    Ok(table.select(0, ids))
}
