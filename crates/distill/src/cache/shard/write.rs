//! Writing.

use safetensors::SafeTensorError;
use safetensors::tensor::{TensorView, serialize};

use super::Row;
use super::layout::columns;
use crate::cache::CacheKey;
use crate::cache::record::score_parts;

/// The file of `rows`, which have the sizes of `key`.
pub(in crate::cache) fn to_bytes(rows: &[Row], key: &CacheKey) -> Result<Vec<u8>, SafeTensorError> {
    let columns = columns(key, rows.len());
    let values = values(rows, key);
    let views = columns.iter().zip(&values).map(|(column, bytes)| {
        let view = TensorView::new(column.dtype, column.shape.clone(), bytes)?;
        Ok((column.name, view))
    });
    let views: Result<Vec<_>, SafeTensorError> = views.collect();
    serialize(views?, None)
}

/// The bytes of each of the [`columns`], in their order.
fn values(rows: &[Row], key: &CacheKey) -> Vec<Vec<u8>> {
    let integers = |get: fn(&Row) -> u64| rows.iter().flat_map(move |row| get(row).to_le_bytes());
    let floats = |get: fn(&Row) -> &Vec<f32>| {
        let values = rows.iter().flat_map(get);
        values.flat_map(|value| value.to_le_bytes()).collect()
    };
    let mut values = vec![
        integers(|row| row.id).collect(),
        integers(|row| row.text).collect(),
        floats(|row| &row.record.logits),
    ];
    if key.scoring.is_some() {
        let scores = || rows.iter().filter_map(|row| row.record.score);
        let part = |part: usize| scores().flat_map(move |s| score_parts(s)[part].to_le_bytes());
        values.extend((0..3).map(|at| part(at).collect()));
    }
    if !key.first_token.is_empty() {
        values.push(floats(|row| &row.record.first_token));
    }
    values
}
