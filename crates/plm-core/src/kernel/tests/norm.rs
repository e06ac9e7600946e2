use burn::tensor::Tensor;
use proptest::prelude::*;

use super::{assert_same, sample};
use crate::kernel::{SiteMask, add_layer_norm, layer_norm, reference, rms_norm};

/// Large, so that rows of nearly equal values do not magnify rounding.
const EPSILON: f64 = 0.05;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn layer_norm_equals_reference(
        [rows, width] in [1_usize..80, 1_usize..70],
        tracked: [bool; 3],
        transposed: bool,
        seed: u64,
    ) {
        let inputs = [sample(rows * width, seed), sample(width, seed ^ 1), sample(width, seed ^ 2)];
        let view = |x: &Tensor<1>| -> Tensor<2> {
            if transposed {
                x.clone().reshape::<2, _>([width, rows]).transpose()
            } else {
                x.clone().reshape([rows, width])
            }
        };
        assert_same(
            &inputs,
            &tracked,
            |x| layer_norm(view(&x[0]), x[1].clone(), x[2].clone(), EPSILON).flatten(0, 1),
            |x| reference::layer_norm(view(&x[0]), x[1].clone(), x[2].clone(), EPSILON).flatten(0, 1),
        );
    }

    #[test]
    fn rms_norm_equals_reference(
        [rows, width] in [1_usize..80, 1_usize..70],
        tracked: [bool; 2],
        seed: u64,
    ) {
        let inputs = [sample(rows * width, seed), sample(width, seed ^ 1)];
        let view = |x: &Tensor<1>| x.clone().reshape::<2, _>([rows, width]);
        assert_same(
            &inputs,
            &tracked,
            |x| rms_norm(view(&x[0]), x[1].clone(), EPSILON).flatten(0, 1),
            |x| reference::rms_norm(view(&x[0]), x[1].clone(), EPSILON).flatten(0, 1),
        );
    }

    #[test]
    fn add_layer_norm_equals_reference(
        [batch, length, width] in [1_usize..5, 1_usize..12, 1_usize..70],
        prob in prop::option::of(0.05_f64..0.7),
        tracked: [bool; 4],
        seed: u64,
    ) {
        let mask = prob.map(|prob| SiteMask::new(prob, seed, None));
        let count = batch * length * width;
        let inputs = [
            sample(count, seed),
            sample(count, seed ^ 1),
            sample(width, seed ^ 2),
            sample(width, seed ^ 3),
        ];
        let view = |x: &Tensor<1>| x.clone().reshape::<3, _>([batch, length, width]);
        assert_same(
            &inputs,
            &tracked,
            |x| {
                let [gamma, beta] = [x[2].clone(), x[3].clone()];
                add_layer_norm(view(&x[0]), view(&x[1]), gamma, beta, EPSILON, mask.as_ref()).flatten(0, 2)
            },
            |x| {
                let sum = reference::dropout(view(&x[0]), mask.as_ref()) + view(&x[1]);
                reference::layer_norm(sum, x[2].clone(), x[3].clone(), EPSILON).flatten(0, 2)
            },
        );
    }
}

#[test]
fn bert_sizes_with_a_small_epsilon() {
    let (rows, width) = (100, 384);
    let inputs = [
        sample(rows * width, 1),
        sample(rows * width, 2),
        sample(width, 3),
        sample(width, 4),
    ];
    let view = |x: &Tensor<1>| x.clone().reshape::<3, _>([4, 25, 384]);
    assert_same(
        &inputs,
        &[true; 4],
        |x| {
            let [gamma, beta] = [x[2].clone(), x[3].clone()];
            add_layer_norm(view(&x[0]), view(&x[1]), gamma, beta, 1e-12, None).flatten(0, 2)
        },
        |x| {
            let sum = view(&x[0]) + view(&x[1]);
            reference::layer_norm(sum, x[2].clone(), x[3].clone(), 1e-12).flatten(0, 2)
        },
    );
}
