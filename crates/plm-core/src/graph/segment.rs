//! Sums, means, maxima and softmax over groups of rows: messages by node, nodes by graph.

use std::sync::Arc;

use burn::tensor::{Device, IndexingUpdateOp, Int, Tensor};

use super::csr::{Csr, check_dims};
use super::device_cache::DeviceCache;
use super::normalize::Normalization;
use super::scalar::Scalar;
use crate::{Error, Result};

/// Which segment each item belongs to; in any order, empty segments allowed.
///
/// Cheap to clone. What has been uploaded to a device is kept.
#[derive(Debug, Clone)]
pub struct Segments {
    /// `[n_segments, n_items]`: row s has a 1 at the items of segment s.
    members: Csr<f32>,
    /// `members` with each row divided by its size.
    averages: Csr<f64>,
    ids: Arc<[u32]>,
    uploaded: Arc<Uploaded>,
}

#[derive(Default)]
struct Uploaded {
    ids: DeviceCache,
    order: DeviceCache,
    firsts: DeviceCache,
    /// For each power of two: the item that far ahead in the same segment, else the item itself.
    ahead: [DeviceCache; u32::BITS as usize],
}

impl std::fmt::Debug for Uploaded {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Uploaded")
    }
}

impl Segments {
    /// Item `i` belongs to segment `ids[i]` of `n_segments`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where an id is out of range or there are more than 2³¹ − 1 items or
    /// segments.
    pub fn new(ids: &[u32], n_segments: usize) -> Result<Self> {
        check_dims(n_segments, ids.len())?;
        if let Some(at) = ids.iter().position(|&id| id as usize >= n_segments) {
            return Err(Error::invalid(
                "segment ids",
                format!("item {at} has segment {} of {n_segments}", ids[at]),
            ));
        }
        // The transpose of "item i has one entry, in column ids[i]".
        let members = Csr::from_parts(
            ids.len(),
            n_segments,
            (0..=ids.len()).collect(),
            ids.to_vec(),
            vec![1.0; ids.len()],
        )
        .transpose();
        Self::from_members(members, ids.into())
    }

    /// The entries of a matrix grouped by row: in a graph whose rows receive, the messages that
    /// each node gets.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there are more than 2³¹ − 1 entries.
    pub fn of_rows<T: Scalar>(csr: &Csr<T>) -> Result<Self> {
        check_dims(csr.n_rows(), csr.nnz())?;
        let members = Csr::from_parts(
            csr.n_rows(),
            csr.nnz(),
            csr.indptr().to_vec(),
            (0..csr.nnz() as u32).collect(),
            vec![1.0; csr.nnz()],
        );
        let ids = csr.pattern.rows().collect();
        Self::from_members(members, ids)
    }

    fn from_members(members: Csr<f32>, ids: Arc<[u32]>) -> Result<Self> {
        Ok(Self {
            averages: members.cast::<f64>()?.normalize(Normalization::Row)?,
            members,
            ids,
            uploaded: Arc::default(),
        })
    }

    /// Number of items.
    pub fn n_items(&self) -> usize {
        self.ids.len()
    }

    /// Number of segments.
    pub fn n_segments(&self) -> usize {
        self.members.n_rows()
    }

    /// The segment of each item: `[n_items]`.
    pub fn ids(&self) -> &[u32] {
        &self.ids
    }

    /// The number of items of each segment: `[n_segments]`.
    pub fn sizes(&self) -> Vec<usize> {
        (0..self.n_segments())
            .map(|segment| self.members.row_len(segment))
            .collect()
    }

    /// The row of each item's segment: what a sum over segments spreads back.
    ///
    /// # Shapes
    /// - x: `[n_segments, ...]`
    /// - result: `[n_items, ...]`
    ///
    /// # Panics
    /// If `x` has not one row for each segment.
    pub fn spread<const D: usize>(&self, x: Tensor<D>) -> Tensor<D> {
        assert_eq!(
            x.dims()[0],
            self.n_segments(),
            "a tensor for {} segments",
            self.n_segments()
        );
        let device = x.device();
        x.select(0, self.ids_on(&device))
    }

    fn ids_on(&self, device: &Device) -> Tensor<1, Int> {
        self.uploaded
            .ids
            .ints(device, || self.ids.iter().map(|&id| id as i32).collect())
    }

    fn longest(&self) -> usize {
        let lengths = self.members.indptr().windows(2).map(|e| e[1] - e[0]);
        lengths.max().unwrap_or(0)
    }

    /// Maxima of each segment as constants, 0 where it is empty.
    ///
    /// Items sorted by segment take the larger of themselves and the item 1, 2, 4, ... ahead in
    /// their segment; then the first item of each holds its maximum. Only lookups, so the result
    /// is the same on every device.
    fn maxima(&self, x: Tensor<2>) -> Tensor<2> {
        let device = x.device();
        let width = x.dims()[1];
        let members = &self.members;
        let mut held = x.select(
            0,
            self.uploaded.order.ints(&device, || {
                members.indices().iter().map(|&i| i as i32).collect()
            }),
        );
        let mut reach = 1;
        for cache in &self.uploaded.ahead {
            if reach >= self.longest() {
                break;
            }
            let ahead = cache.ints(&device, || {
                members
                    .indptr()
                    .windows(2)
                    .flat_map(|ends| (ends[0]..ends[1]).map(move |at| (at, ends[1])))
                    .map(|(at, end)| (if at + reach < end { at + reach } else { at }) as i32)
                    .collect()
            });
            held = held.clone().max_pair(held.select(0, ahead));
            reach *= 2;
        }
        // Row n_items is the zero that empty segments take.
        let zero = Tensor::zeros([1, width], (&device, held.dtype()));
        let held = Tensor::cat(vec![held, zero], 0);
        held.select(
            0,
            self.uploaded.firsts.ints(&device, || {
                let firsts = members.indptr().windows(2);
                firsts
                    .map(|ends| if ends[0] < ends[1] { ends[0] } else { self.n_items() } as i32)
                    .collect()
            }),
        )
    }

    /// `x` with its trailing axes in one, checked against the number of items.
    fn flatten<const D: usize>(&self, x: Tensor<D>) -> Tensor<2> {
        let dims = x.dims();
        assert_eq!(
            dims[0],
            self.n_items(),
            "a tensor for {} items",
            self.n_items()
        );
        x.reshape([dims[0], dims[1..].iter().product()])
    }

    /// The inverse of `flatten` for a tensor with one row for each segment.
    fn unflatten<const D: usize>(&self, x: Tensor<2>, mut dims: [usize; D]) -> Tensor<D> {
        dims[0] = self.n_segments();
        x.reshape(dims)
    }

    fn sum_flat(&self, x: Tensor<2>) -> Tensor<2> {
        #[cfg(feature = "flex")]
        if super::spmm_flex::serves(&x.device(), x.dtype()) {
            return super::spmm_flex::matmul(&self.members, x);
        }
        if self.n_items() == 0 {
            return self.members.matmul_plain(x);
        }
        let device = x.device();
        let zeros = Tensor::zeros([self.n_segments(), x.dims()[1]], (&device, x.dtype()));
        zeros.select_assign(0, self.ids_on(&device), x, IndexingUpdateOp::Add)
    }
}

/// The sum of each segment's items; 0 where it is empty.
///
/// # Shapes
/// - x: `[n_items, ...]`
/// - result: `[n_segments, ...]`
///
/// # Panics
/// If `x` has not one row for each item.
pub fn segment_sum<const D: usize>(x: Tensor<D>, segments: &Segments) -> Tensor<D> {
    let dims = x.dims();
    segments.unflatten(segments.sum_flat(segments.flatten(x)), dims)
}

/// The mean of each segment's items; 0 where it is empty.
///
/// # Shapes
/// - x: `[n_items, ...]`
/// - result: `[n_segments, ...]`
///
/// # Panics
/// If `x` has not one row for each item.
pub fn segment_mean<const D: usize>(x: Tensor<D>, segments: &Segments) -> Tensor<D> {
    let dims = x.dims();
    segments.unflatten(segments.averages.matmul(segments.flatten(x)), dims)
}

/// The maximum of each segment's items; 0 where it is empty.
///
/// Items that share the maximum share its gradient in equal parts; infinite ones have none.
///
/// # Shapes
/// - x: `[n_items, ...]`
/// - result: `[n_segments, ...]`
///
/// # Panics
/// If `x` has not one row for each item.
pub fn segment_max<const D: usize>(x: Tensor<D>, segments: &Segments) -> Tensor<D> {
    let dims = x.dims();
    let x = segments.flatten(x);
    if segments.n_items() == 0 {
        return segments.unflatten(segments.sum_flat(x), dims);
    }
    let constant = x.clone().without_autodiff();
    let maxima = segments.maxima(constant.clone());
    let dtype = x.dtype();
    let winners = constant
        .equal(segments.spread(maxima.clone()))
        .float()
        .cast(dtype);
    let shares = winners.clone() / segments.spread(segments.sum_flat(winners).clamp_min(1.0));
    // The difference to its own value is exactly zero and carries the gradient. Infinite items are left
    // out of it: times zero, or less their own value, they are no numbers.
    let infinite = x.clone().is_inf();
    let sum = segments.sum_flat(x.mask_fill(infinite, 0.0) * shares);
    let value = sum.clone().without_autodiff();
    segments.unflatten(maxima + (sum - value), dims)
}

/// The softmax over the items of each segment, computed after subtracting its maximum.
///
/// Segments whose items are all −∞ give NaN, as the softmax of such a row does; hide items with a
/// large negative number instead.
///
/// # Shapes
/// - x: `[n_items, ...]`, the result the same
///
/// # Panics
/// If `x` has not one row for each item.
pub fn segment_softmax<const D: usize>(x: Tensor<D>, segments: &Segments) -> Tensor<D> {
    let dims = x.dims();
    let x = segments.flatten(x);
    if segments.n_items() == 0 {
        return x.reshape(dims);
    }
    let maxima = segments.maxima(x.clone().without_autodiff());
    let powers = (x - segments.spread(maxima)).exp();
    let sums = segments.spread(segments.sum_flat(powers.clone()));
    (powers / sums).reshape(dims)
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;
    use proptest::prelude::*;

    use super::super::testing::{assert_close, devices, noise, numbers, tensor};
    use super::*;

    const IDS: [u32; 5] = [2, 0, 2, 0, 2];

    /// Items [1, 2], [3, 4], [5, 0], [3, 8], [5, 1] of segments 2, 0, 2, 0, 2; segment 1 is empty.
    fn items(device: &Device) -> Tensor<2> {
        let numbers = [1.0, 2.0, 3.0, 4.0, 5.0, 0.0, 3.0, 8.0, 5.0, 1.0];
        tensor(&numbers, [5, 2], device, DType::F32)
    }

    #[test]
    fn hand_worked_values() {
        let segments = Segments::new(&IDS, 3).unwrap();
        assert_eq!(segments.sizes(), [2, 0, 3]);
        for (name, device) in devices() {
            let x = items(&device);
            let sum = numbers(segment_sum(x.clone(), &segments));
            assert_eq!(sum, [6.0, 12.0, 0.0, 0.0, 11.0, 3.0], "{name}");
            let mean = numbers(segment_mean(x.clone(), &segments));
            let expected = [3.0, 6.0, 0.0, 0.0, 11.0 / 3.0, 1.0];
            assert_close(&mean, &expected, 1e-6, name);
            let max = numbers(segment_max(x.clone(), &segments));
            assert_eq!(max, [3.0, 8.0, 0.0, 0.0, 5.0, 2.0], "{name}");
            let softmax = numbers(segment_softmax(x, &segments));
            // Item 1: equal halves in column 0, 1 / (1 + e^4) in column 1.
            assert_close(
                &softmax[2..4],
                &[0.5, 1.0 / (1.0 + 4.0_f64.exp())],
                1e-6,
                name,
            );
        }
    }

    #[test]
    fn tied_maxima_share_the_gradient() {
        let segments = Segments::new(&IDS, 3).unwrap();
        for (name, device) in devices() {
            let x = items(&device.autodiff()).require_grad();
            let grads = segment_max(x.clone(), &segments).sum().backward();
            let expected = [0.0, 1.0, 0.5, 0.0, 0.5, 0.0, 0.5, 1.0, 0.5, 0.0];
            assert_eq!(numbers(x.grad(&grads).unwrap()), expected, "{name}");
        }
    }

    #[test]
    fn infinite_items_have_a_place_in_the_order() {
        let (high, low) = (f64::INFINITY, f64::NEG_INFINITY);
        let segments = Segments::new(&[0, 0, 1, 1, 2, 2, 2], 3).unwrap();
        for (name, device) in devices() {
            let items = [1.0, low, low, low, high, 2.0, high];
            let x = tensor(&items, [7], &device.autodiff(), DType::F32).require_grad();
            let max = segment_max(x.clone(), &segments);
            assert_eq!(numbers(max.clone()), [1.0, low, high], "{name}");
            let slope = numbers(x.grad(&max.sum().backward()).unwrap());
            assert_eq!(slope, [1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0], "{name}");
        }
    }

    #[test]
    fn large_scores_do_not_overflow() {
        let segments = Segments::new(&[0, 0, 1], 2).unwrap();
        for (name, device) in devices() {
            let x = tensor(&[1e4, 1e4, -1e4], [3], &device, DType::F32);
            let softmax = numbers(segment_softmax(x, &segments));
            assert_eq!(softmax, [0.5, 0.5, 1.0], "{name}");
        }
    }

    #[test]
    fn means_keep_double_precision() {
        let segments = Segments::new(&[0; 3], 1).unwrap();
        for (name, device) in devices() {
            if device.supports_dtype(DType::F64) {
                let x = tensor(&[1.0, 1.0, 2.0], [3], &device, DType::F64);
                let mean = numbers(segment_mean(x, &segments));
                assert_close(&mean, &[4.0 / 3.0], 1e-15, name);
            }
        }
    }

    #[test]
    fn rows_of_a_matrix_are_segments() {
        let csr = Csr::from_dense(3, 2, &[1.0_f32, 2.0, 0.0, 0.0, 0.0, 3.0]).unwrap();
        let segments = Segments::of_rows(&csr).unwrap();
        assert_eq!(segments.ids(), [0, 0, 2]);
        assert_eq!(segments.n_segments(), 3);
    }

    #[test]
    fn nothing_and_mistakes() {
        let error = Segments::new(&[0, 3], 3).unwrap_err().to_string();
        assert!(error.contains("item 1 has segment 3 of 3"), "{error}");
        let empty = Segments::new(&[], 2).unwrap();
        for (name, device) in devices() {
            let x = Tensor::<2>::zeros([0, 3], &device);
            for result in [
                segment_sum(x.clone(), &empty),
                segment_mean(x.clone(), &empty),
                segment_max(x.clone(), &empty),
            ] {
                assert_eq!(numbers(result), [0.0; 6], "{name}");
            }
            assert_eq!(segment_softmax(x, &empty).dims(), [0, 3]);
        }
    }

    /// Gradients by central differences in double precision.
    fn check_gradient(
        device: &Device,
        what: &str,
        segments: &Segments,
        x: &[f64],
        run: impl Fn(Tensor<2>) -> Tensor<2>,
    ) {
        let shape = [segments.n_items(), 2];
        let weighted = |x: Tensor<2>| {
            let out = run(x);
            let dims = out.dims();
            let weights = tensor(
                &noise(dims[0] * dims[1], 77),
                dims,
                &out.device().inner(),
                DType::F64,
            );
            (out * weights).sum()
        };
        let tracked = tensor(x, shape, &device.clone().autodiff(), DType::F64).require_grad();
        let grads = weighted(tracked.clone()).backward();
        let found = numbers(tracked.grad(&grads).unwrap());
        let step = 1e-5;
        let expected: Vec<f64> = (0..x.len())
            .map(|at| {
                let value = |shift: f64| {
                    let mut moved = x.to_vec();
                    moved[at] += shift;
                    numbers(weighted(tensor(&moved, shape, device, DType::F64)))[0]
                };
                (value(step) - value(-step)) / (2.0 * step)
            })
            .collect();
        assert_close(&found, &expected, 1e-6, what);
    }

    #[test]
    fn gradients_match_finite_differences() {
        let segments = Segments::new(&[1, 3, 0, 3, 1, 3, 3], 4).unwrap();
        let x = noise(14, 3);
        for (name, device) in devices() {
            if !device.supports_dtype(DType::F64) {
                continue;
            }
            check_gradient(&device, name, &segments, &x, |x| segment_sum(x, &segments));
            check_gradient(&device, name, &segments, &x, |x| segment_mean(x, &segments));
            check_gradient(&device, name, &segments, &x, |x| segment_max(x, &segments));
            check_gradient(&device, name, &segments, &x, |x| {
                segment_softmax(x, &segments)
            });
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]
        #[test]
        fn devices_agree_with_a_plain_loop(
            (ids, n_segments) in (1_usize..6).prop_flat_map(|n| {
                (proptest::collection::vec(0..n as u32, 1..40), Just(n))
            }),
            seed in 0_u64..1000,
        ) {
            let segments = Segments::new(&ids, n_segments).unwrap();
            let values = noise(ids.len(), seed);
            let of = |s: usize| -> Vec<f64> {
                ids.iter().zip(&values).filter(|(id, _)| **id as usize == s).map(|(_, v)| *v).collect()
            };
            let sums: Vec<f64> = (0..n_segments).map(|s| of(s).iter().sum()).collect();
            let maxima: Vec<f64> = (0..n_segments)
                .map(|s| of(s).into_iter().reduce(f64::max).unwrap_or(0.0))
                .collect();
            for (name, device) in devices() {
                let x = tensor(&values, [ids.len()], &device, DType::F32);
                assert_close(&numbers(segment_sum(x.clone(), &segments)), &sums, 1e-5, name);
                assert_close(&numbers(segment_max(x.clone(), &segments)), &maxima, 1e-6, name);
                let total = segment_sum(segment_softmax(x, &segments), &segments);
                let expected: Vec<f64> = (0..n_segments)
                    .map(|s| if of(s).is_empty() { 0.0 } else { 1.0 })
                    .collect();
                assert_close(&numbers(total), &expected, 1e-5, name);
            }
        }
    }
}
