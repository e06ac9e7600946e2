use burn::tensor::Tensor;
use proptest::prelude::*;

use super::{assert_close, assert_same, flex, host, run, sample};
use crate::kernel::{Activation, SiteMask, activate, dropout, linear, linear_activate, reference};

pub(super) const ACTIVATIONS: [Activation; 6] = [
    Activation::Gelu,
    Activation::GeluTanh,
    Activation::QuickGelu,
    Activation::Relu,
    Activation::Silu,
    Activation::Tanh,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn linear_equals_reference(
        [batch, length, d_in, d_out] in [1_usize..4, 1_usize..6, 1_usize..40, 1_usize..70],
        activation in prop::option::of(prop::sample::select(&ACTIVATIONS)),
        bias: bool,
        tracked: [bool; 3],
        transposed: bool,
        seed: u64,
    ) {
        let mut inputs = vec![sample(batch * length * d_in, seed), sample(d_in * d_out, seed ^ 1)];
        if bias {
            inputs.push(sample(d_out, seed ^ 2));
        }
        let operands = |leaves: &[Tensor<1>]| {
            let x: Tensor<3> = if transposed {
                leaves[0].clone().reshape([length, batch, d_in]).swap_dims(0, 1)
            } else {
                leaves[0].clone().reshape([batch, length, d_in])
            };
            let weight: Tensor<2> = if transposed {
                leaves[1].clone().reshape([d_out, d_in]).transpose()
            } else {
                leaves[1].clone().reshape([d_in, d_out])
            };
            (x, weight, leaves.get(2).cloned())
        };
        assert_same(
            &inputs,
            &tracked[..inputs.len()],
            |leaves| {
                let (x, weight, bias) = operands(leaves);
                match activation {
                    Some(activation) => linear_activate(x, weight, bias, activation),
                    None => linear(x, weight, bias),
                }
                .flatten(0, 2)
            },
            |leaves| {
                let (x, weight, bias) = operands(leaves);
                let z = reference::linear(x, weight, bias);
                match activation {
                    Some(activation) => reference::activate(z, activation),
                    None => z,
                }
                .flatten(0, 2)
            },
        );
    }

    #[test]
    fn activations_equal_reference(
        [rows, width] in [1_usize..6, 1_usize..70],
        activation in prop::sample::select(&ACTIVATIONS),
        transposed: bool,
        scale in 0.1_f32..8.0,
        seed: u64,
    ) {
        let input: Vec<f32> = sample(rows * width, seed).iter().map(|x| x * scale).collect();
        let view = |leaf: &Tensor<1>| {
            let x: Tensor<2> = leaf.clone().reshape([rows, width]);
            if transposed { x.transpose() } else { x }
        };
        assert_same(
            &[input],
            &[true],
            |leaves| activate(view(&leaves[0]), activation).flatten(0, 1),
            |leaves| reference::activate(view(&leaves[0]), activation).flatten(0, 1),
        );
    }

    #[test]
    fn dropout_equals_reference(
        [batch, length, width] in [1_usize..5, 1_usize..5, 1_usize..70],
        prob in 0.0_f64..0.95,
        key: u64,
        seed: u64,
    ) {
        let mask = SiteMask::new(prob, key, None);
        let inputs = [sample(batch * length * width, seed)];
        let view = |leaf: &Tensor<1>| leaf.clone().reshape::<3, _>([batch, length, width]);
        let fast = run(&flex(), &inputs, &[true], |x| dropout(view(&x[0]), Some(&mask)).flatten(0, 2));
        let plain = run(&flex(), &inputs, &[true], |x| {
            reference::dropout(view(&x[0]), Some(&mask)).flatten(0, 2)
        });
        prop_assert_eq!(fast, plain);
    }
}

#[test]
fn chosen_rows_without_an_axis_of_their_own_keep_their_factors() {
    let places = [(0_usize, 3_usize), (0, 1), (1, 2)];
    let mask = SiteMask::new(0.4, 7, None).at(places.into());
    let inputs = [sample(3 * 20, 1)];
    let flat = |form: fn(Tensor<2>, Option<&SiteMask>) -> Tensor<2>| {
        run(&flex(), &inputs, &[true], |x| {
            form(x[0].clone().reshape([3, 20]), Some(&mask)).flatten(0, 1)
        })
    };
    let expected = run(&flex(), &inputs, &[true], |x| {
        let x: Tensor<3> = x[0].clone().reshape([1, 3, 20]);
        reference::dropout(x, Some(&mask)).flatten(0, 2)
    });
    assert_eq!(flat(dropout::<2>), expected);
    assert_eq!(flat(reference::dropout::<2>), expected);
}

#[test]
fn rows_of_a_larger_tensor_need_no_copy_to_be_right() {
    // The first tokens of each example, as a pooler takes them.
    let inputs = [sample(4 * 5 * 8, 1), sample(8 * 3, 2)];
    let first = |x: &Tensor<1>| {
        x.clone()
            .reshape::<3, _>([4, 5, 8])
            .slice([0..4, 0..1])
            .squeeze_dim::<2>(1)
    };
    assert_same(
        &inputs,
        &[true, true],
        |x| linear(first(&x[0]), x[1].clone().reshape([8, 3]), None).flatten(0, 1),
        |x| reference::linear(first(&x[0]), x[1].clone().reshape([8, 3]), None).flatten(0, 1),
    );
}

#[test]
fn long_inputs_cross_block_borders() {
    let (rows, d_in, d_out) = (700, 33, 130);
    let inputs = [
        sample(rows * d_in, 1),
        sample(d_in * d_out, 2),
        sample(d_out, 3),
    ];
    assert_same(
        &inputs,
        &[true; 3],
        |x| {
            let (input, weight) = (
                x[0].clone().reshape([rows, d_in]),
                x[1].clone().reshape([d_in, d_out]),
            );
            linear_activate(input, weight, Some(x[2].clone()), Activation::Gelu).flatten::<1>(0, 1)
                / 8.0
        },
        |x| {
            let (input, weight) = (
                x[0].clone().reshape::<2, _>([rows, d_in]),
                x[1].clone().reshape([d_in, d_out]),
            );
            let z = reference::linear(input, weight, Some(x[2].clone()));
            reference::activate(z, Activation::Gelu).flatten::<1>(0, 1) / 8.0
        },
    );
}

#[test]
fn vectors_and_four_axes_are_inputs_too() {
    let device = flex();
    let weight: Tensor<2> =
        Tensor::<1>::from_floats(sample(12, 1).as_slice(), &device).reshape([4, 3]);
    let x = Tensor::<1>::from_floats(sample(2 * 3 * 5 * 4, 2).as_slice(), &device);
    let four = linear(
        x.clone().reshape::<4, _>([2, 3, 5, 4]),
        weight.clone(),
        None,
    );
    assert_eq!(four.dims(), [2, 3, 5, 3]);
    let one = linear(x.clone().narrow(0, 0, 4), weight.clone(), None);
    let expected = x.narrow(0, 0, 4).reshape::<2, _>([1, 4]).matmul(weight);
    assert_close(&host(one.clone()), &host(expected), 1e-6, "vector");
    assert_close(&host(one), &host(four)[..3], 1e-6, "first row");
}
