//! Attention in special cases.

use burn::tensor::{Bool, DType, Device, Tensor, TensorData};

use crate::Curvature;
use crate::geometry::{lift, midpoint, space};
use crate::nn::*;
use crate::testing::{by_type, devices, everywhere, gap, points, tensor, values};

fn hidden(cells: &[bool], device: &Device) -> Tensor<3, Bool> {
    Tensor::from_data(TensorData::new(cells.to_vec(), [1, 1, cells.len()]), device)
}

#[test]
fn heads_part_and_meet_again() {
    for device in devices() {
        let numbers: Vec<f64> = (0..12).map(f64::from).collect();
        let x: Tensor<3> = tensor(&numbers, [1, 2, 6], &device, DType::F32);
        let heads = split_heads(x.clone(), 2);
        assert_eq!(heads.dims(), [1, 2, 2, 3]);
        let order = [0, 1, 2, 6, 7, 8, 3, 4, 5, 9, 10, 11].map(f64::from);
        assert_eq!(values(heads.clone()), order);
        assert_eq!(values(merge_heads(heads)), values(x));
    }
}

#[test]
fn one_visible_key_returns_its_value_and_the_others_get_no_gradient() {
    everywhere(|device, dtype, curvature| {
        let tracked = device.clone().autodiff();
        let rows = |count, seed| -> Tensor<4> {
            points(count, 3, 2.0, curvature, seed, (&tracked, dtype)).unsqueeze()
        };
        let query = rows(2, 1);
        let (key, value) = (rows(4, 2).require_grad(), rows(4, 3).require_grad());
        let one = Tensor::ones([1], (&tracked, dtype));
        let scores = attention_scores(query, key.clone(), one.clone(), one, curvature);
        let only = hidden(&[true, true, false, true], device);
        let (found, weights) = attend(scores.clone(), value.clone(), Some(only), curvature);
        let expected = value.clone().narrow(2, 2, 1).expand([1, 1, 2, 4]);
        assert!(gap(found, expected) < by_type(dtype, 1e-12, 1e-5));
        assert_eq!(values(weights)[..4], [0.0, 0.0, 1.0, 0.0]);

        let two = hidden(&[true, false, false, true], device);
        let (found, _) = attend(scores, value.clone(), Some(two), curvature);
        let tape = (found.square()).sum().backward();
        for leaf in [key, value] {
            let slopes = values(leaf.grad(&tape).unwrap());
            let (outer, inner) = ([&slopes[..4], &slopes[12..]].concat(), &slopes[4..12]);
            assert!(outer.iter().all(|slope| *slope == 0.0));
            assert!(inner.iter().any(|slope| *slope != 0.0));
        }
    });
}

#[test]
fn equal_keys_give_the_midpoint() {
    everywhere(|device, dtype, curvature| {
        let rows = |count, seed| -> Tensor<4> {
            points(count, 3, 2.0, curvature, seed, (device, dtype)).unsqueeze()
        };
        let (query, value) = (rows(2, 1), rows(4, 3));
        let key = rows(1, 2).expand([1, 1, 4, 4]);
        let one = Tensor::ones([1], (device, dtype));
        let scores = attention_scores(query, key, one.clone(), one, curvature);
        let (found, _) = attend(scores.clone(), value.clone(), None, curvature);
        let expected = midpoint(value.clone(), curvature).expand([1, 1, 2, 4]);
        assert!(gap(found, expected.clone()) < by_type(dtype, 1e-12, 1e-5));
        // All hidden is as none hidden.
        let all = hidden(&[true; 4], device);
        let (found, _) = attend(scores, value, Some(all), curvature);
        assert!(gap(found, expected) < by_type(dtype, 1e-12, 1e-5));
    });
}

/// Opposite points at a radius of 9 √k score −1.05 · 10⁹, lower than what masks elsewhere use.
#[test]
fn hidden_keys_weigh_nothing_however_far_the_visible_ones_are() {
    let curvature = Curvature::from_k(16.0).unwrap();
    let reach = curvature.radius() * 9.0_f64.sinh();
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            let number = |value: f64| tensor(&[value], [1], &device, dtype);
            let rows = |space: &[f64]| -> Tensor<4> {
                let n = space.len() / 2;
                lift(tensor(space, [n, 2], &device, dtype), curvature).unsqueeze()
            };
            let (query, key) = (rows(&[reach, 0.0]), rows(&[reach, 0.0, -reach, 0.0]));
            let scores = attention_scores(query, key.clone(), number(1.0), number(0.0), curvature);
            assert!(values(scores.clone())[1] < -1.04e9);
            for (cells, expected) in [([true, false], [0.0, 1.0]), ([true, true], [0.5, 0.5])] {
                let mask = hidden(&cells, &device);
                let (found, weights) = attend(scores.clone(), key.clone(), Some(mask), curvature);
                assert_eq!(values(weights), expected);
                assert!(values(found).iter().all(|c| c.is_finite()));
            }
        }
    }
}

/// Keys along the first and the second axis: a query along the first sees the first only, a query
/// between them both alike, and a larger power looks more at the nearer one.
#[test]
fn linear_attention_looks_along_the_query() {
    everywhere(|device, dtype, curvature| {
        let rows = |space: &[f64]| -> Tensor<4> {
            let n = space.len() / 2;
            lift(tensor(space, [n, 2], device, dtype), curvature).unsqueeze()
        };
        let key = rows(&[1.0, 0.0, 0.0, 1.0]);
        let value = rows(&[1.0, 2.0, 3.0, 4.0]);
        let run = |query: &[f64], padding, power| {
            let (key, value) = (key.clone(), value.clone());
            let y = linear_attention(rows(query), key, value, padding, power, curvature).unwrap();
            crate::testing::on_manifold(y.clone(), curvature);
            values(space(y))
        };
        let close = |found: Vec<f64>, expected: [f64; 2]| {
            let gap = crate::testing::gap_of(&found, &expected);
            assert!(gap < 1e-4, "{found:?} {expected:?}");
        };
        close(run(&[1.0, 0.0], None, 1.0), [1.0, 2.0]);
        close(run(&[1.0, 1.0], None, 3.0), [2.0, 3.0]);
        // 2⁻¹¹⁹ has room in single precision.
        close(run(&[1.0, 1.0], None, 119.0), [2.0, 3.0]);
        for power in [0.0, -1.0, 1e4, f64::NAN] {
            let x = rows(&[1.0, 1.0]);
            let refused = linear_attention(x.clone(), x.clone(), x, None, power, curvature);
            let error = refused.unwrap_err().to_string();
            assert!(error.contains("`power`"), "{error}");
        }
        // Shares 3 : 1, and 9 : 1 when squared.
        close(run(&[3.0, 1.0], None, 1.0), [1.5, 2.5]);
        close(run(&[3.0, 1.0], None, 2.0), [1.2, 2.2]);
        let mask = |cells: [bool; 2]| {
            Some(Tensor::from_data(
                TensorData::new(cells.to_vec(), [1, 2]),
                device,
            ))
        };
        close(run(&[3.0, 1.0], mask([true, false]), 2.0), [3.0, 4.0]);
        close(run(&[3.0, 1.0], mask([true, true]), 2.0), [0.0, 0.0]);
    });
}
