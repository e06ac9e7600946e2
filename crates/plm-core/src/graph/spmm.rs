//! Products of sparse matrices and dense tensors, with gradients, on every device.
//!
//! The plain form takes the rows that each entry names, multiplies them by the entry's value and adds
//! them up; it needs room for one row of the result's width per entry. On the CPU backend the fast
//! form ([`super::spmm_flex`]) needs none and adds in a fixed order.

use burn::tensor::{Bool, DType, Device, IndexingUpdateOp, Int, Tensor, TensorData};

use super::csr::{Csr, Pattern};
use super::scalar::Scalar;

impl<T: Scalar> Csr<T> {
    /// The product with a dense tensor; its gradient is the transpose times the result's gradient.
    ///
    /// Also a linear layer on sparse features: the matrix holds the features, `x` is the weight.
    /// The result has the number type of `x`.
    ///
    /// # Shapes
    /// - x: `[n_cols, width]`
    /// - result: `[n_rows, width]`
    ///
    /// # Panics
    /// If `x` has not `n_cols` rows.
    pub fn matmul(&self, x: Tensor<2>) -> Tensor<2> {
        self.check_rows(x.dims()[0]);
        #[cfg(feature = "flex")]
        if super::spmm_flex::serves(&x.device(), x.dtype()) {
            return super::spmm_flex::matmul(self, x);
        }
        self.matmul_plain(x)
    }

    /// [`Csr::matmul`] in burn's own operations, which the fast forms are tested against.
    ///
    /// # Shapes
    /// As [`Csr::matmul`].
    ///
    /// # Panics
    /// As [`Csr::matmul`].
    pub fn matmul_plain(&self, x: Tensor<2>) -> Tensor<2> {
        let [n, width] = x.dims();
        self.check_rows(n);
        let values = self.values_on(&x.device(), x.dtype());
        let x = x.reshape([n, 1, width]);
        heads_plain(&self.pattern, values.unsqueeze_dim(1), x).reshape([self.n_rows(), width])
    }

    /// The product with other values in place of the matrix's own, one for each entry and head, with
    /// gradients to the values and to the dense tensor: the weighted sum of graph attention.
    ///
    /// # Shapes
    /// - values: `[nnz, heads]`, in the order of [`Csr::entries`]
    /// - x: `[n_cols, heads, width]`
    /// - result: `[n_rows, heads, width]`
    ///
    /// # Panics
    /// If the shapes do not fit, or the two tensors differ in number type.
    pub fn matmul_heads(&self, values: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        self.check_heads(&values, &x);
        #[cfg(feature = "flex")]
        if super::spmm_flex::serves(&x.device(), x.dtype()) {
            return super::spmm_flex::matmul_heads(&self.pattern, values, x);
        }
        heads_plain(&self.pattern, values, x)
    }

    /// [`Csr::matmul_heads`] in burn's own operations, which the fast forms are tested against.
    ///
    /// # Shapes
    /// As [`Csr::matmul_heads`].
    ///
    /// # Panics
    /// As [`Csr::matmul_heads`].
    pub fn matmul_heads_plain(&self, values: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
        self.check_heads(&values, &x);
        heads_plain(&self.pattern, values, x)
    }

    /// [`Csr::matmul_heads`] with one head.
    ///
    /// # Shapes
    /// - values: `[nnz]`
    /// - x: `[n_cols, width]`
    /// - result: `[n_rows, width]`
    ///
    /// # Panics
    /// As [`Csr::matmul_heads`].
    pub fn matmul_values(&self, values: Tensor<1>, x: Tensor<2>) -> Tensor<2> {
        let width = x.dims()[1];
        self.matmul_heads(values.unsqueeze_dim(1), x.unsqueeze_dim(1))
            .reshape([self.n_rows(), width])
    }

    /// The row of every entry as a tensor: `[nnz]`.
    ///
    /// With [`Csr::col_ids`], what attention scores need: `h.select(0, rows) + h.select(0, cols)`.
    pub fn row_ids(&self, device: &Device) -> Tensor<1, Int> {
        self.pattern.row_ids_on(device)
    }

    /// The column of every entry as a tensor: `[nnz]`.
    pub fn col_ids(&self, device: &Device) -> Tensor<1, Int> {
        self.pattern.col_ids_on(device)
    }

    /// The value of every entry as a tensor: `[nnz]`.
    pub fn values_on(&self, device: &Device, dtype: DType) -> Tensor<1> {
        self.uploaded.floats(device, dtype, || {
            TensorData::new(self.values.to_vec(), [self.nnz()])
        })
    }

    fn check_rows(&self, rows: usize) {
        assert_eq!(
            rows,
            self.n_cols(),
            "a sparse matrix of {} columns times a tensor of {rows} rows",
            self.n_cols()
        );
    }

    fn check_heads(&self, values: &Tensor<2>, x: &Tensor<3>) {
        let [rows, heads, _] = x.dims();
        self.check_rows(rows);
        assert_eq!(
            values.dims(),
            [self.nnz(), heads],
            "values of {} entries and {heads} heads",
            self.nnz()
        );
        assert_eq!(values.dtype(), x.dtype(), "values and x differ in type");
    }
}

impl Pattern {
    fn row_ids_on(&self, device: &Device) -> Tensor<1, Int> {
        self.row_ids
            .ints(device, || self.rows().map(|row| row as i32).collect())
    }

    fn col_ids_on(&self, device: &Device) -> Tensor<1, Int> {
        self.col_ids
            .ints(device, || self.indices.iter().map(|&c| c as i32).collect())
    }
}

fn heads_plain(pattern: &Pattern, values: Tensor<2>, x: Tensor<3>) -> Tensor<3> {
    let [n, heads, width] = x.dims();
    let device = x.device();
    let shape = [pattern.n_rows, heads, width];
    let zeros = Tensor::zeros(shape, (&device, x.dtype()));
    if pattern.nnz() == 0 || n * heads * width == 0 {
        // Nothing to add, but the result must still depend on x: its gradient is zero, not absent.
        return match n * heads * width * pattern.n_rows {
            0 => zeros,
            _ => {
                let everywhere = Tensor::<3, Bool>::full([n, heads, width], true, &device);
                zeros + x.mask_fill(everywhere, 0.0).sum().reshape([1, 1, 1])
            }
        };
    }
    let messages = x.select(0, pattern.col_ids_on(&device)) * values.unsqueeze_dim(2);
    zeros.select_assign(
        0,
        pattern.row_ids_on(&device),
        messages,
        IndexingUpdateOp::Add,
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{
        arb_csr, assert_close, devices, noise, numbers, random_graph, tensor,
    };
    use super::super::{Duplicates, Normalization};
    use super::*;

    /// Value, gradient of x and gradient of the values of a weighted sum of the result.
    struct Outcome {
        value: Vec<f64>,
        x: Vec<f64>,
        values: Vec<f64>,
    }

    type Heads = fn(&Csr<f32>, Tensor<2>, Tensor<3>) -> Tensor<3>;

    fn run_heads(csr: &Csr<f32>, device: &Device, dtype: DType, run: Heads) -> Outcome {
        let (heads, width) = (3, 5);
        let device = device.clone().autodiff();
        let values = tensor(
            &noise(csr.nnz() * heads, 1),
            [csr.nnz(), heads],
            &device,
            dtype,
        )
        .require_grad();
        let shape = [csr.n_cols(), heads, width];
        let x = tensor(&noise(shape.iter().product(), 2), shape, &device, dtype).require_grad();
        let out = run(csr, values.clone(), x.clone());
        let weights = noise(csr.n_rows() * heads * width, 3);
        let weights = tensor(&weights, out.dims(), &device, dtype);
        let grads = (out.clone() * weights).sum().backward();
        let gradient = |found: Option<Vec<f64>>| found.unwrap_or_default();
        Outcome {
            value: numbers(out),
            x: gradient(x.grad(&grads).map(numbers)),
            values: gradient(values.grad(&grads).map(numbers)),
        }
    }

    fn run_fixed(
        csr: &Csr<f32>,
        device: &Device,
        dtype: DType,
        width: usize,
        run: fn(&Csr<f32>, Tensor<2>) -> Tensor<2>,
    ) -> (Vec<f64>, Vec<f64>) {
        let device = device.clone().autodiff();
        let shape = [csr.n_cols(), width];
        let x = tensor(&noise(shape.iter().product(), 4), shape, &device, dtype).require_grad();
        let out = run(csr, x.clone());
        let weights = noise(csr.n_rows() * width, 5);
        let weights = tensor(&weights, out.dims(), &device, dtype);
        let grads = (out.clone() * weights).sum().backward();
        (numbers(out), numbers(x.grad(&grads).unwrap()))
    }

    #[test]
    fn fast_equals_plain_in_values_and_gradients() {
        let csr = random_graph(60, 500, 1)
            .normalize(Normalization::SymmetricWithLoops)
            .unwrap();
        for (name, device) in devices() {
            for dtype in [DType::F32, DType::F64] {
                if !device.supports_dtype(dtype) {
                    continue;
                }
                let tolerance = if dtype == DType::F32 { 1e-5 } else { 1e-12 };
                for width in [1, 31, 32, 70] {
                    let fast = run_fixed(&csr, &device, dtype, width, |csr, x| csr.matmul(x));
                    let plain =
                        run_fixed(&csr, &device, dtype, width, |csr, x| csr.matmul_plain(x));
                    assert_close(&fast.0, &plain.0, tolerance, name);
                    assert_close(&fast.1, &plain.1, tolerance, name);
                }
                let fast = run_heads(&csr, &device, dtype, |csr, v, x| csr.matmul_heads(v, x));
                let plain = run_heads(&csr, &device, dtype, |csr, v, x| {
                    csr.matmul_heads_plain(v, x)
                });
                assert_close(&fast.value, &plain.value, tolerance, name);
                assert_close(&fast.x, &plain.x, tolerance, name);
                assert_close(&fast.values, &plain.values, tolerance, name);
            }
        }
    }

    #[test]
    fn all_devices_give_the_same() {
        let csr = random_graph(40, 200, 8);
        let outcomes: Vec<_> = devices()
            .iter()
            .map(|(_, device)| run_heads(&csr, device, DType::F32, |c, v, x| c.matmul_heads(v, x)))
            .collect();
        for other in &outcomes {
            assert_close(&other.value, &outcomes[0].value, 1e-5, "value");
            assert_close(&other.x, &outcomes[0].x, 1e-5, "x");
            assert_close(&other.values, &outcomes[0].values, 1e-5, "values");
        }
    }

    #[test]
    fn gradients_match_finite_differences() {
        // Rectangular, with an empty row and an empty column.
        let table = [0.0, 1.5, 0.0, -2.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.0, 0.0, 3.0];
        let csr = Csr::from_dense(3, 4, &table.map(|v| v as f32)).unwrap();
        let (heads, width) = (2, 3);
        for (name, device) in devices() {
            if !device.supports_dtype(DType::F64) {
                continue;
            }
            let loss = |device: &Device, values: &[f64], x: &[f64]| {
                let values = tensor(values, [csr.nnz(), heads], device, DType::F64).require_grad();
                let x = tensor(x, [4, heads, width], device, DType::F64).require_grad();
                let out = csr.matmul_heads(values.clone(), x.clone());
                let first = csr.matmul(x.clone().reshape([4, heads * width]));
                // Squares, so that the gradients depend on the operands.
                let loss = out.square().sum() + (first.square() * 0.5).sum();
                (loss, values, x)
            };
            let (values, x) = (noise(csr.nnz() * heads, 6), noise(4 * heads * width, 7));
            let (total, values_on, x_on) = loss(&device.clone().autodiff(), &values, &x);
            let grads = total.backward();
            let step = 1e-5;
            let difference = |which: usize, at: usize| {
                let moved = |shift: f64| {
                    let mut operands = [values.clone(), x.clone()];
                    operands[which][at] += shift;
                    let device = device.clone().autodiff();
                    numbers(loss(&device, &operands[0], &operands[1]).0)[0]
                };
                (moved(step) - moved(-step)) / (2.0 * step)
            };
            let expected: Vec<f64> = (0..values.len()).map(|at| difference(0, at)).collect();
            assert_close(
                &numbers(values_on.grad(&grads).unwrap()),
                &expected,
                1e-7,
                name,
            );
            let expected: Vec<f64> = (0..x.len()).map(|at| difference(1, at)).collect();
            assert_close(&numbers(x_on.grad(&grads).unwrap()), &expected, 1e-7, name);
        }
    }

    #[test]
    fn only_what_is_tracked_gets_a_gradient() {
        let csr = random_graph(10, 30, 3);
        for (name, device) in devices() {
            let tracked = device.clone().autodiff();
            let values = tensor(&noise(csr.nnz(), 1), [csr.nnz()], &tracked, DType::F32);
            let x = tensor(&noise(20, 2), [10, 2], &device, DType::F32);
            // A constant from the plain device and a tracked operand may meet.
            let values = values.require_grad();
            let grads = csr.matmul_values(values.clone(), x).sum().backward();
            assert!(values.grad(&grads).is_some(), "{name}");
            let x = tensor(&noise(20, 2), [10, 2], &tracked, DType::F32).require_grad();
            let constant = tensor(&noise(csr.nnz(), 1), [csr.nnz()], &tracked, DType::F32);
            let grads = csr
                .matmul_values(constant.clone(), x.clone())
                .sum()
                .backward();
            assert!(x.grad(&grads).is_some(), "{name}");
            assert!(constant.grad(&grads).is_none(), "{name}");
        }
    }

    #[test]
    fn matrices_without_entries_give_zeros() {
        let csr = Csr::<f32>::from_coo(2, 3, &[], &[], &[], Duplicates::Sum).unwrap();
        for (name, device) in devices() {
            for run in [Csr::matmul, Csr::matmul_plain] {
                let x = tensor(&noise(6, 1), [3, 2], &device.clone().autodiff(), DType::F32)
                    .require_grad();
                let out = run(&csr, x.clone());
                let grads = out.clone().sum().backward();
                assert_eq!(numbers(out), [0.0; 4], "{name}");
                assert_eq!(numbers(x.grad(&grads).unwrap()), [0.0; 6], "{name}");
            }
        }
    }

    #[test]
    fn sparse_features_are_a_linear_layer() {
        // Bag-of-words rows times a weight equal the dense product, gradient included.
        let (n, vocabulary, width) = (30, 50, 8);
        let rows: Vec<u32> = (0..120).map(|i| i % n).collect();
        let cols: Vec<u32> = (0..120).map(|i| (i * i + 3 * i) % vocabulary).collect();
        let features = Csr::from_coo(
            n as usize,
            vocabulary as usize,
            &rows,
            &cols,
            &[1.0_f32; 120],
            Duplicates::First,
        )
        .unwrap()
        .normalize(Normalization::Row)
        .unwrap();
        for (name, device) in devices() {
            let device = device.autodiff();
            let weight = tensor(&noise(400, 9), [50, width], &device, DType::F32).require_grad();
            let grads = features.matmul(weight.clone()).square().sum().backward();
            let found = numbers(weight.grad(&grads).unwrap());
            let table: Vec<f64> = features.to_dense().iter().map(|&v| f64::from(v)).collect();
            let dense = tensor(&table, [30, 50], &device, DType::F32);
            let grads = dense.matmul(weight.clone()).square().sum().backward();
            assert_close(&found, &numbers(weight.grad(&grads).unwrap()), 1e-5, name);
        }
    }

    #[test]
    fn renumbering_nodes_renumbers_the_result() {
        let csr = random_graph(25, 120, 13);
        let order: Vec<u32> = (0..25).map(|i| (i * 7 + 3) % 25).collect();
        let turned = csr.induced(&order).unwrap().graph;
        let x = noise(25 * 4, 14);
        let moved: Vec<f64> = order
            .iter()
            .flat_map(|&old| x[old as usize * 4..][..4].to_vec())
            .collect();
        for (name, device) in devices() {
            let whole = numbers(csr.matmul(tensor(&x, [25, 4], &device, DType::F32)));
            let part = numbers(turned.matmul(tensor(&moved, [25, 4], &device, DType::F32)));
            for (new, &old) in order.iter().enumerate() {
                let expected = &whole[old as usize * 4..][..4];
                assert_close(&part[new * 4..][..4], expected, 1e-6, name);
            }
        }
    }

    #[test]
    #[should_panic(expected = "a sparse matrix of 3 columns times a tensor of 2 rows")]
    fn wrong_rows_panic() {
        let csr = Csr::from_dense(1, 3, &[1.0_f32, 0.0, 2.0]).unwrap();
        csr.matmul(Tensor::zeros([2, 2], &devices()[0].1));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn equals_the_dense_product(csr in arb_csr(7, 9), width in 1_usize..5) {
            let table: Vec<f64> = csr.to_dense().iter().map(|&v| f64::from(v)).collect();
            let x = noise(csr.n_cols() * width, 21);
            for (name, device) in devices() {
                let dense = tensor(&table, [csr.n_rows(), csr.n_cols()], &device, DType::F32);
                let x = tensor(&x, [csr.n_cols(), width], &device, DType::F32);
                let expected = numbers(dense.matmul(x.clone()));
                assert_close(&numbers(csr.matmul(x.clone())), &expected, 1e-5, name);
                assert_close(&numbers(csr.matmul_plain(x)), &expected, 1e-5, name);
            }
        }
    }
}
