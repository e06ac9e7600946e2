//! Attention masks: true = hidden.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

/// Which keys a query may not see.
#[derive(Debug, Clone)]
pub enum AttentionMask {
    /// True at padding: `[batch, keys]`.
    Padding(Tensor<2, Bool>),
    /// True where a key is hidden from a query: `[batch or 1, queries, keys]`.
    Pairwise(Tensor<3, Bool>),
}

impl AttentionMask {
    /// From Hugging Face's `attention_mask`: 1 = visible, 0 = padding, `[batch, keys]`.
    pub fn from_visible(visible: Tensor<2, Int>) -> Self {
        Self::Padding(visible.equal_elem(0))
    }

    /// As the kernels take it: `[batch or 1, queries or 1, keys]`.
    pub fn to_kernel(&self) -> Tensor<3, Bool> {
        match self {
            Self::Padding(mask) => mask.clone().unsqueeze_dim(1),
            Self::Pairwise(mask) => mask.clone(),
        }
    }

    /// This mask and `other` together: hidden where either hides.
    pub fn or(&self, other: Tensor<3, Bool>) -> Tensor<3, Bool> {
        let own = self.to_kernel();
        let ([b1, q1, keys], [b2, q2, _]) = (own.dims(), other.dims());
        let dims = [b1.max(b2), q1.max(q2), keys];
        own.expand(dims).bool_or(other.expand(dims))
    }
}

/// The mask of a left-to-right model: a query sees itself and what lies before, `[1, queries, keys]`.
///
/// Query `i` stands at position `keys - queries + i`, as when the first keys come from a cache.
///
/// # Panics
/// If there are fewer keys than queries.
pub fn causal_mask(queries: usize, keys: usize, device: &Device) -> Tensor<3, Bool> {
    assert!(keys >= queries, "{keys} keys for {queries} queries");
    let first = keys - queries;
    let hidden: Vec<bool> = (0..queries)
        .flat_map(|query| (0..keys).map(move |key| key > first + query))
        .collect();
    Tensor::from_data(TensorData::new(hidden, [1, queries, keys]), device)
}
