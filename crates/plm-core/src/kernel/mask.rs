//! Dropout masks as a pure function of (seed, example, site, position).
//!
//! An element is kept or dropped by a hash of its coordinates, not by drawing from a generator. So a
//! mask costs no memory until it is used, is the same on every device and for every number of
//! threads, and does not depend on how examples are batched or padded.

use std::sync::Arc;

use burn::tensor::{Device, Tensor, TensorData};
use rayon::prelude::*;

use crate::rng::mix;

/// The dropout mask of one site in one forward pass.
#[derive(Debug, Clone)]
pub struct SiteMask {
    prob: f64,
    key: u64,
    example_ids: Option<Arc<[u64]>>,
    places: Option<Arc<[(usize, usize)]>>,
}

impl SiteMask {
    /// A mask that drops with probability `prob`, keyed by `key`.
    ///
    /// `example_ids[b]` names row `b` of the batch; without it rows are named by their index.
    ///
    /// # Panics
    /// If `prob` is not in `[0, 1)`.
    pub fn new(prob: f64, key: u64, example_ids: Option<Arc<[u64]>>) -> Self {
        assert!(
            (0.0..1.0).contains(&prob),
            "dropout {prob} is not in [0, 1)"
        );
        Self {
            prob,
            key,
            example_ids,
            places: None,
        }
    }

    /// The same mask for tensors that have some rows of the whole only, in any order.
    ///
    /// Rows lie along the last axis but one. Row `i` of entry `b` of the first axis gets the factors of
    /// the example and position `places[b * rows + i]`. A tensor `[rows, width]` counts as
    /// `[1, rows, width]`.
    #[must_use]
    pub fn at(mut self, places: Arc<[(usize, usize)]>) -> Self {
        self.places = Some(places);
        self
    }

    /// What kept elements are multiplied by: `1 / (1 - prob)`.
    pub fn scale(&self) -> f32 {
        (1.0 / (1.0 - self.prob)) as f32
    }

    /// Elements whose hash is below this are dropped.
    pub fn threshold(&self) -> u32 {
        (self.prob * 4_294_967_296.0) as u32
    }

    /// The key of example `row` of the batch; [`SiteMask::descend`] leads on to an axis below.
    ///
    /// # Panics
    /// If there are example ids and fewer than `row + 1`.
    pub fn example_key(&self, row: usize) -> u64 {
        let id = match &self.example_ids {
            Some(ids) => ids[row],
            None => row as u64,
        };
        mix(self.key ^ mix(id.wrapping_add(1)))
    }

    /// The key of entry `index` along the next axis under `key`.
    #[inline]
    pub fn descend(key: u64, index: usize) -> u64 {
        mix(key.wrapping_add((index as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15)))
    }

    /// The hash of element `index` of the last axis under `key` (its low 32 bits are used).
    ///
    /// The finaliser is the 32-bit one of C. Wellons' search (`lowbias32`), which vectorizes.
    #[inline(always)]
    pub fn hash(key: u32, index: u32) -> u32 {
        let mut x = key ^ index.wrapping_mul(0x9e37_79b9);
        x ^= x >> 16;
        x = x.wrapping_mul(0x7feb_352d);
        x ^= x >> 15;
        x = x.wrapping_mul(0x846c_a68b);
        x ^ (x >> 16)
    }

    /// The axes between examples and elements of a tensor of shape `dims`.
    pub(crate) fn middle<'d>(&self, dims: &'d [usize]) -> &'d [usize] {
        match dims {
            [_, _] if self.places.is_some() => &dims[..1],
            [_, middle @ .., _] => middle,
            _ => &[],
        }
    }

    /// The key of row `row` of a tensor whose axes between examples and elements are `middle`, rows
    /// counted over all axes but the last.
    pub(crate) fn row_key(&self, middle: &[usize], row: usize) -> u32 {
        let mut stride: usize = middle.iter().product();
        let (mut example, mut rest) = (row / stride, row % stride);
        let mut place = None;
        if let (Some(places), Some(&rows)) = (&self.places, middle.last()) {
            let (own, position) = places[example * rows + rest % rows];
            (example, place) = (own, Some(position));
        }
        let mut key = self.example_key(example);
        for (axis, &size) in middle.iter().enumerate() {
            stride /= size;
            let index = match place {
                Some(position) if axis + 1 == middle.len() => position,
                _ => rest / stride,
            };
            key = Self::descend(key, index);
            rest %= stride;
        }
        key as u32
    }

    /// The factors (0 or [`SiteMask::scale`]) of a tensor of shape `dims`, row-major.
    ///
    /// The first axis holds examples, the last is hashed element-wise, those between lead there.
    pub fn factors(&self, dims: &[usize]) -> Vec<f32> {
        let width = dims.last().copied().unwrap_or(1);
        let count: usize = dims.iter().product();
        let mut values = vec![0.0_f32; count];
        if count == 0 {
            return values;
        }
        let middle = self.middle(dims);
        let (threshold, scale) = (self.threshold(), self.scale());
        values
            .par_chunks_mut(width)
            .enumerate()
            .for_each(|(row, out)| {
                let key = self.row_key(middle, row);
                for (index, value) in out.iter_mut().enumerate() {
                    if Self::hash(key, index as u32) >= threshold {
                        *value = scale;
                    }
                }
            });
        values
    }

    /// [`SiteMask::factors`] as a tensor on `device`.
    pub fn tensor<const D: usize>(&self, dims: [usize; D], device: &Device) -> Tensor<D> {
        Tensor::from_data(TensorData::new(self.factors(&dims), dims), device)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_the_share_asked_for() {
        for prob in [0.0, 0.1, 0.5, 0.9] {
            let mask = SiteMask::new(prob, 3, None);
            let factors = mask.factors(&[4, 50, 100]);
            let dropped = factors.iter().filter(|&&f| f == 0.0).count() as f64 / 20_000.0;
            // Four standard deviations of a binomial share of 20,000 draws.
            let bound = 4.0 * (prob * (1.0 - prob) / 20_000.0_f64).sqrt();
            assert!((dropped - prob).abs() <= bound, "{prob}: {dropped}");
        }
    }

    #[test]
    fn does_not_depend_on_batch_or_padding() {
        let ids: Arc<[u64]> = Arc::from([10, 11, 12]);
        let whole = SiteMask::new(0.3, 5, Some(ids)).factors(&[3, 7, 16]);
        let alone = SiteMask::new(0.3, 5, Some(Arc::from([11]))).factors(&[1, 4, 16]);
        assert_eq!(alone, whole[7 * 16..7 * 16 + 4 * 16]);
    }

    #[test]
    fn chosen_rows_keep_their_factors() {
        let mask = || SiteMask::new(0.3, 5, Some(Arc::from([10, 11])));
        let whole = mask().factors(&[2, 3, 4, 16]);
        let row = |values: &[f32], at: usize| values[at * 16..(at + 1) * 16].to_vec();
        let places = [(0, 3), (0, 1), (1, 2), (0, 0)];
        let chosen = mask().at(places.into()).factors(&[2, 3, 2, 16]);
        for (at, (example, position)) in places.into_iter().enumerate() {
            for middle in 0..3 {
                let own = row(&chosen, (at / 2 * 3 + middle) * 2 + at % 2);
                assert_eq!(own, row(&whole, (example * 3 + middle) * 4 + position));
            }
        }
        let whole = mask().factors(&[2, 4, 16]);
        let chosen = mask().at(places.into()).factors(&[1, 4, 16]);
        assert_eq!(mask().at(places.into()).factors(&[4, 16]), chosen);
        for (at, (example, position)) in places.into_iter().enumerate() {
            assert_eq!(row(&chosen, at), row(&whole, example * 4 + position));
        }
    }

    #[test]
    fn neighboring_rows_and_sites_are_uncorrelated() {
        let draw = |key| SiteMask::new(0.5, key, None).factors(&[1, 2, 10_000]);
        let (a, b) = (draw(1), draw(2));
        let agree = |x: &[f32], y: &[f32]| x.iter().zip(y).filter(|(x, y)| x == y).count();
        for (x, y) in [(&a[..10_000], &a[10_000..]), (&a[..10_000], &b[..10_000])] {
            let same = agree(x, y);
            assert!((4_800..=5_200).contains(&same), "{same} of 10000 agree");
        }
    }
}
