//! The tensors of a shard.

use safetensors::Dtype;

use crate::cache::CacheKey;

/// One tensor of a shard: a value of every row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: &'static str,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
}

impl Column {
    /// Bytes of all its elements; `None` where there are more than can be counted.
    pub(super) fn bytes(&self) -> Option<usize> {
        let bits = self.dtype.bitsize();
        let product = |bits: usize, axis: &usize| bits.checked_mul(*axis);
        Some(self.shape.iter().try_fold(bits, product)? / 8)
    }
}

/// The tensors of a shard of `rows` rows: `ids` and `texts`, `logits` `[rows, classes]`, and where they
/// are kept the three Monte-Carlo scores and `first_token` `[rows, hidden states, hidden_size]`.
pub(super) fn columns(key: &CacheKey, rows: usize) -> Vec<Column> {
    let column = |name, dtype, shape: &[usize]| Column {
        name,
        dtype,
        shape: shape.to_vec(),
    };
    let mut columns = vec![
        column("ids", Dtype::U64, &[rows]),
        column("texts", Dtype::U64, &[rows]),
        column("logits", Dtype::F32, &[rows, key.classes]),
    ];
    if key.scoring.is_some() {
        let names = ["score", "mutual_information", "variance"];
        columns.extend(names.map(|name| column(name, Dtype::F32, &[rows])));
    }
    if !key.first_token.is_empty() {
        let shape = [rows, key.first_token.len(), key.hidden_size];
        columns.push(column("first_token", Dtype::F32, &shape));
    }
    columns
}

/// Bytes of one row; `None` where there are more than can be counted.
pub(in crate::cache) fn row_bytes(key: &CacheKey) -> Option<u64> {
    let columns = columns(key, 1);
    let sizes = columns.iter().map(Column::bytes);
    let total = sizes.reduce(|total, size| total?.checked_add(size?))??;
    Some(total as u64)
}
