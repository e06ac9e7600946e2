//! Changed rows of a word table, small enough to be sent.

use std::collections::BTreeSet;

use burn::tensor::{Device, Tensor, TensorData};
use plm_core::models::{EncoderForSequenceClassification, RowOverride};
use plm_core::nn::Ffn;
use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// New vectors for some words, as RAP and embedding poisoning make them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RowPatch {
    /// Vocabulary ids.
    pub ids: Vec<u32>,
    /// Their vectors.
    pub rows: Vec<Vec<f32>>,
}

impl RowPatch {
    /// The rows `ids` as they are in `model`.
    ///
    /// # Errors
    /// [`Error::Patch`] for an id that the model does not have or that is given twice.
    pub fn of<F: Ffn>(model: &EncoderForSequenceClassification<F>, ids: &[u32]) -> Result<Self> {
        let table = model.encoder.embeddings.word.weight.val().inner();
        let [words, _] = table.dims();
        check_ids(ids, words)?;
        let rows = ids
            .iter()
            .map(|&id| {
                table
                    .clone()
                    .narrow(0, id as usize, 1)
                    .into_data()
                    .iter::<f32>()
                    .collect()
            })
            .collect();
        Ok(Self {
            ids: ids.to_vec(),
            rows,
        })
    }

    /// Puts the rows into `model` and gives the old ones, with which the same function reverts it, bit for
    /// bit where the model has no more than single precision. The table keeps its number type, and stays
    /// frozen where it is.
    ///
    /// # Errors
    /// [`Error::Patch`] where ids or widths are not the model's; the model then stays as it is.
    pub fn apply<F: Ffn>(&self, model: &mut EncoderForSequenceClassification<F>) -> Result<Self> {
        let old = Self::of(model, &self.ids)?;
        let weight = &mut model.encoder.embeddings.word.weight;
        let [words, width] = weight.dims();
        self.check(words, width)?;
        *weight = weight.clone().map(|table| {
            let tracked = table.is_require_grad();
            let (device, dtype) = (table.device(), table.dtype());
            let mut table = table.detach();
            for (&id, row) in self.ids.iter().zip(&self.rows) {
                let row = TensorData::new(row.clone(), [1, width]);
                let row = Tensor::<2>::from_data(row, (&device, dtype));
                let at = id as usize;
                table = table.slice_assign([at..at + 1, 0..width], row);
            }
            table.detach().set_require_grad(tracked)
        });
        Ok(old)
    }

    /// The rows as they stand in for those of a table of `words` words and this width, in the number type that
    /// `device` makes tensors of: cast them for a table in another.
    ///
    /// # Errors
    /// [`Error::Patch`] where ids or widths do not fit.
    pub fn to_override(&self, words: usize, width: usize, device: &Device) -> Result<RowOverride> {
        self.check(words, width)?;
        let shape = [self.ids.len(), width];
        Ok(RowOverride {
            ids: self.ids.iter().map(|&id| i64::from(id)).collect(),
            rows: Tensor::from_data(TensorData::new(self.rows.concat(), shape), device),
        })
    }

    fn check(&self, words: usize, width: usize) -> Result<()> {
        check_ids(&self.ids, words)?;
        let refuse = |reason| Err(Error::Patch { reason });
        if self.rows.len() != self.ids.len() {
            return refuse(format!(
                "has {} rows for {} ids",
                self.rows.len(),
                self.ids.len()
            ));
        }
        for (id, row) in self.ids.iter().zip(&self.rows) {
            if row.len() != width {
                return refuse(format!(
                    "has a row of {} numbers, the model {width}",
                    row.len()
                ));
            }
            if let Some(value) = row.iter().find(|value| !value.is_finite()) {
                return refuse(format!("holds {value} in the row of id {id}"));
            }
        }
        Ok(())
    }
}

fn check_ids(ids: &[u32], words: usize) -> Result<()> {
    let mut seen = BTreeSet::new();
    for &id in ids {
        let reason = if id as usize >= words {
            format!("changes word {id}, the model has {words}")
        } else if !seen.insert(id) {
            format!("changes word {id} twice")
        } else {
            continue;
        };
        return Err(Error::Patch { reason });
    }
    Ok(())
}
