use burn::tensor::Tensor;

use super::*;
use crate::geometry::{distance, exp, inner, log, project_tangent, residual};
use crate::testing::{devices, everywhere, gap, points, tensor, values, vectors};

fn mixed() -> LorentzTransform {
    let boost = LorentzTransform::boost(&[0.3, -0.4, 0.5]).unwrap();
    let turn = LorentzTransform::plane_rotation(3, 0, 2, 0.7).unwrap();
    turn.after(&boost).unwrap()
}

#[test]
fn a_boost_moves_the_origin() {
    // |v|² = 0.25 + 0.11 = 0.36, so gamma = 1 / 0.8.
    let v = [0.5, -(0.11_f64.sqrt())];
    let boost = LorentzTransform::boost(&v).unwrap();
    assert!((boost.get(0, 0) - 1.25).abs() < 1e-15);
    assert!((boost.get(1, 0) + 0.625).abs() < 1e-15);
    assert!((boost.get(1, 1) - (1.0 + 1.5625 / 2.25 * 0.25)).abs() < 1e-15);
    assert!(boost.defect() < 1e-15);
    let fixed = LorentzTransform::plane_rotation(2, 0, 1, 1.0).unwrap();
    assert_eq!((fixed.get(0, 0), fixed.get(1, 0)), (1.0, 0.0));
    assert!(fixed.get(2, 1) > 0.8 && fixed.get(1, 2) < -0.8);
}

#[test]
fn inverses_undo() {
    let map = mixed();
    assert!(map.defect() < 1e-14);
    let none = map.inverse().after(&map).unwrap();
    let identity = LorentzTransform::identity(3).unwrap();
    for i in 0..4 {
        for j in 0..4 {
            assert!((none.get(i, j) - identity.get(i, j)).abs() < 1e-14);
        }
    }
}

#[test]
fn what_is_no_isometry_is_refused() {
    assert!(LorentzTransform::identity(0).is_err());
    for v in [vec![1.0], vec![0.8, 0.8], vec![f64::NAN], vec![]] {
        assert!(LorentzTransform::boost(&v).is_err(), "{v:?}");
    }
    let turn = [vec![0.6, -0.8], vec![0.8, 0.6]];
    assert!(LorentzTransform::rotation(&turn).is_ok());
    let bad = [
        vec![vec![0.6, 0.8], vec![0.8, -0.6]],
        vec![vec![1.0, 0.1], vec![0.0, 1.0]],
        vec![vec![1.0, 0.0], vec![0.0]],
        vec![vec![f64::NAN, 0.0], vec![0.0, 1.0]],
    ];
    for matrix in bad {
        assert!(LorentzTransform::rotation(&matrix).is_err(), "{matrix:?}");
    }
    assert!(LorentzTransform::plane_rotation(3, 1, 1, 0.5).is_err());
    assert!(LorentzTransform::plane_rotation(3, 1, 3, 0.5).is_err());
    let two = LorentzTransform::identity(2).unwrap();
    assert!(two.after(&mixed()).is_err());
    let device = devices().remove(0);
    assert!(two.apply(Tensor::<2>::zeros([1, 4], &device)).is_err());
}

/// Inner products and distances are invariant; exp and log are equivariant.
#[test]
fn geometry_does_not_depend_on_the_frame() {
    everywhere(|device, dtype, curvature| {
        let tolerance = crate::testing::by_type(dtype, 1e-9, 3e-3);
        let map = mixed();
        let x = points(12, 3, 2.0, curvature, 1, (device, dtype));
        let y = points(12, 3, 2.0, curvature, 2, (device, dtype));
        let v = vectors(12, 4, 1.0, 3, (device, dtype));
        let v = project_tangent(x.clone(), v, curvature);
        let moved = |t: &Tensor<2>| map.apply(t.clone()).unwrap();
        let (bx, by, bv) = (moved(&x), moved(&y), moved(&v));
        assert!(
            values(residual(bx.clone(), curvature))
                .iter()
                .all(|r| *r < tolerance)
        );
        let product = inner(x.clone(), y.clone());
        assert!(gap(inner(bx.clone(), by.clone()), product) < tolerance);
        let d = distance(x.clone(), y.clone(), curvature);
        assert!(gap(distance(bx.clone(), by.clone(), curvature), d) < tolerance);
        let end = moved(&exp(x.clone(), v.clone(), curvature));
        assert!(gap(exp(bx.clone(), bv, curvature), end) < tolerance);
        let way = moved(&log(x, y, curvature));
        assert!(gap(log(bx, by, curvature), way) < tolerance);
    });
}

#[test]
fn points_of_higher_rank_move_alike() {
    let device = devices().remove(0);
    let numbers: Vec<f64> = (0..24).map(f64::from).collect();
    let flat = tensor(
        [&numbers[..]].concat().as_slice(),
        [6, 4],
        &device,
        burn::tensor::DType::F64,
    );
    let map = mixed();
    let expected = map.apply(flat.clone()).unwrap();
    let found = map.apply(flat.reshape([2, 3, 4])).unwrap();
    assert_eq!(values(found), values(expected));
}
