//! What the feed-forward layers of a model read: the data that routers and means are fitted to.

use std::collections::{BTreeMap, BTreeSet};

use burn::tensor::Tensor;
use plm_core::models::Stack;
use plm_core::nn::{Tapped, Taps};

use crate::error::check_size;
use crate::host::values;
use crate::layer::LayerId;
use crate::{Error, Result};

/// Share of the captured rows that splits, means and routers are fitted to; the rest measures them.
const TRAINING_SHARE: f64 = 0.9;

/// Input rows of one feed-forward layer.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FfnInputs {
    /// Width of a row.
    pub width: usize,
    /// The rows one after the other, `[tokens, width]`.
    pub rows: Vec<f32>,
}

impl FfnInputs {
    /// Number of rows.
    pub fn tokens(&self) -> usize {
        self.rows.len().checked_div(self.width).unwrap_or(0)
    }

    /// Checks that the rows are whole, `width` wide and made of finite numbers.
    ///
    /// # Errors
    /// [`Error::Size`] or [`Error::NotFinite`].
    pub fn check(&self, width: usize) -> Result<()> {
        check_size("a captured input row", self.width, width)?;
        let width = width.max(1);
        check_size(
            format_args!("the captured inputs in rows of {width}"),
            self.rows.len(),
            self.rows.len().next_multiple_of(width),
        )?;
        match self.rows.iter().position(|value| !value.is_finite()) {
            Some(place) => Err(Error::NotFinite {
                what: "the captured inputs".to_owned(),
                row: place / width,
                column: place % width,
                value: f64::from(self.rows[place]),
            }),
            None => Ok(()),
        }
    }

    /// The rows that nothing is fitted to by [`crate::MoeLayer::convert`]: the last tenth. Reports are
    /// of them.
    pub fn held_out(&self) -> Self {
        Self {
            width: self.width,
            rows: self.parts().1.to_vec(),
        }
    }

    /// The rows for fitting and those for measuring.
    pub(crate) fn parts(&self) -> (&[f32], &[f32]) {
        self.split(TRAINING_SHARE)
    }

    /// The first `share` of the rows, for fitting, and the rest, for measuring.
    ///
    /// The original code trains routers on the first 90 % of the tokens (MoEfication, `mlp_select.py`).
    pub fn split(&self, share: f64) -> (&[f32], &[f32]) {
        let tokens = (self.tokens() as f64 * share).round() as usize;
        self.rows.split_at(tokens.min(self.tokens()) * self.width)
    }
}

/// The inputs of all feed-forward layers over some texts.
///
/// Ask a forward pass for them with [`Capture::taps`], then [`Capture::add`] what it tapped:
///
/// ```
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use burn::tensor::{Int, Tensor};
/// use plm_core::models::{EncoderInput, EncoderModel, Stack};
/// use plm_core::config::{EncoderConfig, EncoderFamily};
/// use plm_moe::Capture;
///
/// # let device = plm_core::device::parse("flex")?;
/// # let json = r#"{"model_type":"bert","vocab_size":9,"hidden_size":4,"num_hidden_layers":2,
/// #   "num_attention_heads":1,"intermediate_size":8,"max_position_embeddings":8,"type_vocab_size":2,
/// #   "hidden_act":"relu"}"#;
/// # let file = plm_core::config::ConfigFile::from_fields("doc", serde_json::from_str(json)?);
/// # let config = <EncoderConfig as plm_core::config::ModelConfig>::from_file(&file)?;
/// let model = EncoderModel::new(&config, false, &device);
/// let mut capture = Capture::new(20_000);
/// let ids = Tensor::<2, Int>::from_data([[1, 2, 3], [4, 5, 0]], &device);
/// let visible = [true, true, true, true, true, false];
/// let output = model.forward(&EncoderInput::ids(ids).with_taps(Capture::taps(2)));
/// capture.add(Stack::Encoder, &output.tapped, &visible)?;
/// assert_eq!(capture.tokens(), 5);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Capture {
    layers: BTreeMap<LayerId, FfnInputs>,
    max_tokens: usize,
}

impl Capture {
    /// An empty collection that keeps at most `max_tokens` rows of each layer.
    pub fn new(max_tokens: usize) -> Self {
        Self {
            layers: BTreeMap::new(),
            max_tokens,
        }
    }

    /// What to ask a stack of `layers` layers for.
    pub fn taps(layers: usize) -> Taps {
        Taps {
            ffn_inputs: (0..layers).collect::<BTreeSet<_>>(),
            ..Taps::default()
        }
    }

    /// Adds the tapped inputs of one batch; `keep` says which positions count, `[batch, length]` in
    /// row-major order: padding must not.
    ///
    /// # Errors
    /// [`Error::Size`] where `keep` has not one entry for each position, [`Error::NotFinite`] where an
    /// input is not a number; the collection is as before then.
    pub fn add(&mut self, stack: Stack, tapped: &Tapped, keep: &[bool]) -> Result<()> {
        let mut found = Vec::with_capacity(tapped.ffn_inputs.len());
        for (&index, rows) in &tapped.ffn_inputs {
            let layer = LayerId { stack, index };
            found.push((layer, self.kept(layer, rows.clone(), keep)?));
        }
        for (layer, kept) in found {
            let inputs = self.layers.entry(layer).or_default();
            inputs.width = kept.width;
            inputs.rows.extend(kept.rows);
        }
        Ok(())
    }

    /// The rows of a layer that are to be added, as many as there is room for.
    fn kept(&self, layer: LayerId, rows: Tensor<3>, keep: &[bool]) -> Result<FfnInputs> {
        let [batch, length, width] = rows.dims();
        check_size("the list of positions to keep", keep.len(), batch * length)?;
        let before = self.layers.get(&layer).filter(|own| !own.rows.is_empty());
        if let Some(before) = before {
            check_size(
                format_args!("an input row of layer {layer}"),
                width,
                before.width,
            )?;
        }
        let before = before.map_or(0, FfnInputs::tokens);
        let mut kept = FfnInputs {
            width,
            rows: Vec::new(),
        };
        for (row, _) in values(rows)
            .chunks_exact(width.max(1))
            .zip(keep)
            .filter(|(_, keep)| **keep)
        {
            let count = before + kept.tokens();
            if count >= self.max_tokens {
                break;
            }
            if let Some(column) = row.iter().position(|value| !value.is_finite()) {
                return Err(Error::NotFinite {
                    what: format!("the input of layer {layer}"),
                    row: count,
                    column,
                    value: f64::from(row[column]),
                });
            }
            kept.rows.extend_from_slice(row);
        }
        Ok(kept)
    }

    /// The first `share` of the rows of every layer, and the rest: to convert by the former, whose own
    /// last tenth then chooses among routers, and to measure on rows that played no part.
    pub fn split(mut self, share: f64) -> (Self, Self) {
        let mut rest = Self::new(self.max_tokens);
        for (&layer, inputs) in &mut self.layers {
            let first = inputs.split(share).0.len();
            let rows = inputs.rows.split_off(first);
            let width = inputs.width;
            rest.layers.insert(layer, FfnInputs { width, rows });
        }
        (self, rest)
    }

    /// Whether every layer seen so far has as many rows as wanted.
    pub fn is_full(&self) -> bool {
        !self.layers.is_empty()
            && self
                .layers
                .values()
                .all(|inputs| inputs.tokens() >= self.max_tokens)
    }

    /// Number of layers seen so far.
    pub fn layers(&self) -> usize {
        self.layers.len()
    }

    /// The smallest number of rows of a layer.
    pub fn tokens(&self) -> usize {
        self.layers
            .values()
            .map(FfnInputs::tokens)
            .min()
            .unwrap_or(0)
    }

    /// The inputs of one layer.
    ///
    /// # Errors
    /// [`Error::NoTokens`] where it has none.
    pub fn layer(&self, layer: LayerId) -> Result<&FfnInputs> {
        self.layers
            .get(&layer)
            .filter(|inputs| inputs.tokens() > 0)
            .ok_or(Error::NoTokens {
                what: "inputs of a feed-forward layer",
            })
    }
}
