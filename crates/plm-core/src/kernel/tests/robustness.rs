//! Threads, NaN, empty tensors, frozen operands.

use burn::backend::{Autodiff, Flex};
use burn::tensor::{Bool, DType, Tensor, TensorData};

use super::linear::ACTIVATIONS;
use super::{Outcome, flex, host, run, sample};
use crate::kernel::{
    Activation, AttentionArgs, MASKED, SiteMask, activate, add_layer_norm, attention, dropout,
    layer_norm, linear_activate, masked_score,
};

/// A feed-forward block and an attention, all gradients asked for.
fn block() -> Outcome {
    let (batch, length, width, inner) = (3, 90, 48, 100);
    let inputs = [
        sample(batch * length * width, 1),
        sample(width * inner, 2),
        sample(inner, 3),
        sample(inner * width, 4),
        sample(width, 5),
        sample(width, 6),
    ];
    let mask = SiteMask::new(0.1, 3, None);
    run(&flex(), &inputs, &[true; 6], |x| {
        let args = AttentionArgs {
            heads: 4,
            scale: 0.3,
            mask: None,
            bias: None,
            dropout: Some(mask.clone()),
        };
        let rows: Tensor<3> = x[0].clone().reshape([batch, length, width]);
        let rows = attention(rows.clone(), rows.clone(), rows, &args);
        let up = x[1].clone().reshape([width, inner]);
        let hidden = linear_activate(rows.clone(), up, Some(x[2].clone()), Activation::Gelu);
        let down = x[3].clone().reshape([inner, width]);
        let out = linear_activate(hidden, down, None, Activation::Tanh);
        let [gamma, beta] = [x[4].clone(), x[5].clone()];
        add_layer_norm(out, rows, gamma, beta, 1e-12, Some(&mask)).flatten(0, 2)
    })
}

#[test]
fn results_do_not_depend_on_the_number_of_threads() {
    let outcomes = [1, 2, 3, 8].map(|threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(block)
    });
    for outcome in &outcomes {
        assert!(outcome == &outcomes[0]);
    }
    assert!(block() == outcomes[0]);
}

#[test]
fn nan_is_handed_on() {
    let device = flex();
    let mut values = sample(2 * 3 * 40, 1);
    values[50] = f32::NAN;
    let x: Tensor<3> = Tensor::from_data(TensorData::new(values, [2, 3, 40]), &device);
    let clean: Tensor<3> = Tensor::from_data(TensorData::new(sample(240, 2), [2, 3, 40]), &device);
    let ones = Tensor::<1>::ones([40], &device);
    // The row with the NaN is row 1.
    let row_is_nan = |values: Vec<f32>| {
        assert!(values[40..80].iter().all(|x| x.is_nan()));
        assert!(
            values[..40]
                .iter()
                .chain(&values[80..])
                .all(|x| x.is_finite())
        );
    };
    row_is_nan(host(layer_norm(
        x.clone(),
        ones.clone(),
        ones.clone(),
        1e-5,
    )));
    let mask = SiteMask::new(0.5, 1, None);
    for mask in [None, Some(&mask)] {
        row_is_nan(host(add_layer_norm(
            x.clone(),
            clean.clone(),
            ones.clone(),
            ones.clone(),
            1e-5,
            mask,
        )));
        row_is_nan(host(add_layer_norm(
            clean.clone(),
            x.clone(),
            ones.clone(),
            ones.clone(),
            1e-5,
            mask,
        )));
    }
    // Dropped or not, a NaN shows.
    for key in 0..20 {
        let mask = SiteMask::new(0.5, key, None);
        assert!(host(dropout(x.clone(), Some(&mask)))[50].is_nan());
    }
    let square: Tensor<2> = Tensor::<2>::ones([40, 40], &device);
    for activation in ACTIVATIONS {
        assert!(
            host(activate(x.clone(), activation))[50].is_nan(),
            "{activation:?}"
        );
        row_is_nan(host(linear_activate(
            x.clone(),
            square.clone(),
            None,
            activation,
        )));
    }
    let args = AttentionArgs {
        heads: 2,
        scale: 1.0,
        mask: None,
        bias: None,
        dropout: None,
    };
    // A query with NaN spoils its row, a key all rows of its head.
    let context = host(attention(x.clone(), clean.clone(), clean.clone(), &args));
    assert!(context[40..60].iter().all(|x| x.is_nan()));
    assert!(
        context[60..]
            .iter()
            .chain(&context[..40])
            .all(|x| x.is_finite())
    );
    let context = host(attention(clean.clone(), x, clean, &args));
    for row in 0..3 {
        assert!(context[row * 40..row * 40 + 20].iter().all(|x| x.is_nan()));
    }
}

#[test]
fn infinite_activations_stay_sensible() {
    let device = flex();
    let x = Tensor::<1>::from_floats([f32::INFINITY, 1.0e30, -1.0e30], &device).require_grad();
    for activation in ACTIVATIONS {
        let y = activate(x.clone(), activation);
        let grads = y.clone().sum().backward();
        let (y, slope) = (host(y), host(x.grad(&grads).unwrap()));
        let top = if activation == Activation::Tanh {
            1.0
        } else {
            f32::INFINITY
        };
        let bottom = if activation == Activation::Tanh {
            -1.0
        } else {
            0.0
        };
        assert_eq!(y[0], top, "{activation:?}");
        assert_eq!(y[2], bottom, "{activation:?}");
        let steepness = if activation == Activation::Tanh {
            0.0
        } else {
            1.0
        };
        for (slope, expected) in slope.into_iter().zip([steepness, steepness, 0.0]) {
            assert!((slope - expected).abs() <= 1e-30, "{activation:?}: {slope}");
        }
    }
}

#[test]
fn empty_tensors_pass() {
    let device = flex();
    let empty = |shape: [usize; 3]| Tensor::<3>::zeros(shape, &device);
    let ones = |count: usize| Tensor::<1>::ones([count], &device);
    for shape in [[0, 3, 4], [2, 0, 4]] {
        let x = empty(shape).require_grad();
        let weight = Tensor::<2>::ones([4, 5], &device).require_grad();
        let y = linear_activate(x.clone(), weight.clone(), Some(ones(5)), Activation::Gelu);
        assert_eq!(y.dims(), [shape[0], shape[1], 5]);
        let y = y.sum() + layer_norm(x.clone(), ones(4), ones(4), 1e-5).sum();
        let y = y + add_layer_norm(x.clone(), x.clone(), ones(4), ones(4), 1e-5, None).sum();
        let mask = SiteMask::new(0.5, 1, None);
        let y =
            y + dropout(x.clone(), Some(&mask)).sum() + activate(x.clone(), Activation::Silu).sum();
        let args = AttentionArgs {
            heads: 2,
            scale: 1.0,
            mask: None,
            bias: None,
            dropout: Some(mask),
        };
        let y = y + attention(x.clone(), x.clone(), x.clone(), &args).sum();
        let grads = y.backward();
        assert_eq!(host(weight.grad(&grads).unwrap()), [0.0; 20]);
        assert_eq!(x.grad(&grads).unwrap().dims(), shape);
    }
    // An inner size of 0 leaves the bias.
    let y = linear_activate(
        empty([1, 2, 0]),
        Tensor::zeros([0, 3], &device),
        Some(ones(3)),
        Activation::Relu,
    );
    assert_eq!(host(y), [1.0; 6]);
    let y = linear_activate(
        empty([1, 2, 3]),
        Tensor::zeros([3, 0], &device),
        Some(ones(0)),
        Activation::Relu,
    );
    assert_eq!(y.dims(), [1, 2, 0]);
    // Queries without keys, and keys without queries.
    let args = AttentionArgs {
        heads: 2,
        scale: 1.0,
        mask: None,
        bias: None,
        dropout: None,
    };
    let (q, k) = (
        empty([1, 2, 4]).require_grad(),
        empty([1, 0, 4]).require_grad(),
    );
    let y = attention(q.clone(), k.clone(), k.clone(), &args);
    assert_eq!(host(y.clone()), [0.0; 8]);
    assert_eq!(host(q.grad(&y.sum().backward()).unwrap()), [0.0; 8]);
    let y = attention(k, q.clone(), q.clone(), &args);
    assert_eq!(host(q.grad(&y.sum().backward()).unwrap()), [0.0; 8]);
}

#[test]
#[should_panic(expected = "the last axis of the input")]
fn sizes_that_do_not_fit_are_refused() {
    let device = flex();
    let x = Tensor::<2>::zeros([2, 3], &device);
    crate::kernel::linear(x, Tensor::zeros([4, 3], &device), None);
}

#[test]
fn a_bias_of_another_width_is_refused() {
    for device in [flex(), flex().inner()] {
        for (count, activation) in [(3, Activation::Gelu), (5, Activation::Relu)] {
            for tracked in [false, true] {
                let x = Tensor::<2>::ones([2, 3], &device);
                let weight = Tensor::<2>::ones([3, 4], &device);
                let weight = if tracked && device.is_autodiff() {
                    weight.require_grad()
                } else {
                    weight
                };
                let bias = Tensor::<1>::ones([count], &device);
                let run = std::panic::AssertUnwindSafe(|| {
                    linear_activate(x, weight, Some(bias), activation)
                });
                let payload = std::panic::catch_unwind(run).unwrap_err();
                let text = payload.downcast_ref::<String>().unwrap();
                let expected = format!("the bias has {count} elements");
                assert!(text.contains(&expected), "{text}");
            }
        }
    }
}

#[test]
fn a_bias_that_no_example_uses_has_a_gradient_of_zeros() {
    let device = flex();
    let bias = Tensor::<4>::ones([1, 2, 3, 3], &device).require_grad();
    let args = AttentionArgs {
        heads: 2,
        scale: 1.0,
        mask: None,
        bias: Some(bias.clone()),
        dropout: None,
    };
    let x = Tensor::<3>::zeros([0, 3, 4], &device);
    let y = attention(x.clone(), x.clone(), x, &args);
    let grads = y.sum().backward();
    assert_eq!(host(bias.grad(&grads).unwrap()), [0.0; 18]);
}

#[test]
fn a_query_that_sees_nothing_attends_evenly_in_half_precision() {
    assert_eq!(masked_score(DType::F16), -65504.0);
    assert_eq!(masked_score(DType::BF16), MASKED);
    let device = crate::device::parse("flex").unwrap();
    let half = |values: [f32; 4]| {
        let data = TensorData::new(values.to_vec(), [1, 2, 2]);
        Tensor::<3>::from_data(data, (&device, DType::F16))
    };
    let args = AttentionArgs {
        heads: 1,
        scale: 0.5,
        mask: Some(Tensor::<3, Bool>::from_data(
            TensorData::new(vec![true; 4], [1, 2, 2]),
            &device,
        )),
        bias: None,
        dropout: None,
    };
    let (x, v) = (half([1.0, -1.0, 0.5, 2.0]), half([1.0, 2.0, 3.0, 4.0]));
    let context = attention(x.clone(), x, v, &args).into_data();
    let context = context.convert::<f32>().try_into_vec::<f32>().unwrap();
    assert_eq!(context, [2.0, 3.0, 2.0, 3.0]);
}

/// Whether nothing but `tensor` holds its memory.
fn is_alone<const D: usize>(tensor: Tensor<D>) -> bool {
    let tensor = tensor.try_into_primitive::<Autodiff<Flex>>().unwrap();
    tensor.primitive().is_unique()
}

#[test]
fn what_no_gradient_needs_is_not_kept() {
    let device = flex();
    let leaf = |tracked: bool| Tensor::<2>::ones([4, 4], &device).set_require_grad(tracked);
    for (x_tracked, weight_tracked) in [(true, false), (false, true), (true, true), (false, false)]
    {
        let (x, weight) = (leaf(x_tracked), leaf(weight_tracked));
        let y = linear_activate(x.clone(), weight.clone(), None, Activation::Relu);
        assert_eq!(is_alone(x), !weight_tracked);
        assert_eq!(is_alone(weight), !x_tracked);
        drop(y);
    }
    let args = AttentionArgs {
        heads: 2,
        scale: 1.0,
        mask: None,
        bias: None,
        dropout: None,
    };
    let rows = |tracked| leaf(tracked).unsqueeze::<3>();
    let (q, k, v) = (rows(false), rows(false), rows(true));
    let y = attention(q.clone(), k.clone(), v.clone(), &args);
    assert!(is_alone(q) && is_alone(k));
    drop((y, v));
}
