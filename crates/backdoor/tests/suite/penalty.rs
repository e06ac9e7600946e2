//! RIPPLe's penalty against its closed form.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};
use plm_backdoor::model::{PenaltySettings, penalized, penalty_gradient};
use plm_backdoor::{Error, Result, Sample};
use plm_core::train::checksum;

use super::support::{device, devices, opinions, victim};

#[derive(Module, Debug)]
struct Point {
    theta: Param<Tensor<1>>,
}

const A: [[f32; 2]; 2] = [[2.0, 0.5], [0.5, 1.0]];

/// ½ θᵀ A θ.
fn quadratic(point: &Point) -> Result<Tensor<1>> {
    let theta = point.theta.val();
    let matrix = Tensor::<2>::from_data(TensorData::from(A), &theta.device());
    let column = theta.clone().unsqueeze_dim::<2>(1);
    let product: Tensor<1> = matrix.matmul(column).squeeze_dim(1);
    Ok((product * theta).sum() * 0.5)
}

#[test]
fn the_penalty_is_a_product_with_the_second_derivative() {
    for (_, device) in devices() {
        let device = device.autodiff();
        let theta = Tensor::<1>::from_data([1.0_f32, -2.0], &device);
        let point = Point {
            theta: Param::from_tensor(theta),
        };
        // ∇L_P = Aθ = (1, -1.5); H_P = A.
        for (direction, weight) in [([-1.0_f32, 0.5], 0.5), ([3.0, 1.0], 0.5)] {
            let linear = |point: &Point| -> Result<Tensor<1>> {
                let slope = Tensor::<1>::from_data(direction, &point.theta.val().device());
                Ok((point.theta.val() * slope).sum())
            };
            let (gradients, product) =
                penalty_gradient(&point, &quadratic, &linear, weight, 1e-2).unwrap();
            let inner = direction[0] - 1.5 * direction[1];
            assert!((product - f64::from(inner)).abs() < 1e-5);
            let mut expected = [1.0, -1.5];
            if inner < 0.0 {
                for (row, value) in expected.iter_mut().enumerate() {
                    let turned = A[row][0] * direction[0] + A[row][1] * direction[1];
                    *value -= weight as f32 * turned;
                }
            }
            let found = gradients.get("theta").unwrap();
            for (found, expected) in found.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-3, "{found} {expected}");
            }
        }
    }
}

#[test]
fn a_victim_is_poisoned_under_the_penalty() {
    let victim = victim(&device());
    let data = opinions(16);
    let settings = PenaltySettings {
        steps: 2,
        batch: 4,
        lr: 1e-3,
        ..PenaltySettings::default()
    };
    let attacked = penalized(&victim, data.samples(), data.samples(), &settings).unwrap();
    assert_ne!(
        checksum(&attacked.model, |_| true),
        checksum(&victim.model, |_| true)
    );
    let again = penalized(&victim, data.samples(), data.samples(), &settings).unwrap();
    assert_eq!(
        checksum(&attacked.model, |_| true),
        checksum(&again.model, |_| true)
    );
    // A victim whose gradients are no numbers is not given back.
    let mut model = victim.model.clone();
    let bias = Tensor::<1>::from_data([f32::NAN, 0.0], &device());
    model.classifier.output.bias = Some(Param::from_tensor(bias));
    let broken = victim.with_model(model);
    let error = penalized(&broken, data.samples(), data.samples(), &settings).unwrap_err();
    let named = |error: &Error| {
        matches!(
            error,
            Error::Core(plm_core::Error::NotFiniteGradients { step: 0, .. })
        )
    };
    assert!(named(&error), "{error}");
    let none = penalized(&victim, &[], data.samples(), &settings);
    assert!(matches!(none, Err(Error::Empty { .. })));
    let strange = [Sample::new("x", 7)];
    for (poisoned, clean) in [
        (&strange[..], data.samples()),
        (data.samples(), &strange[..]),
    ] {
        let error = penalized(&victim, poisoned, clean, &settings).unwrap_err();
        assert!(matches!(error, Error::Class { class: 7, .. }), "{error}");
    }
}

#[test]
fn settings_out_of_range_are_named() {
    let good = PenaltySettings::default();
    good.check().unwrap();
    PenaltySettings {
        weight: 0.0,
        ..good
    }
    .check()
    .unwrap();
    for (name, bad) in [
        ("lr", PenaltySettings { lr: 0.0, ..good }),
        (
            "weight",
            PenaltySettings {
                weight: -0.1,
                ..good
            },
        ),
        (
            "weight",
            PenaltySettings {
                weight: f64::NAN,
                ..good
            },
        ),
        (
            "max_grad_norm",
            PenaltySettings {
                max_grad_norm: f64::INFINITY,
                ..good
            },
        ),
        (
            "epsilon",
            PenaltySettings {
                epsilon: -1e-3,
                ..good
            },
        ),
        ("steps", PenaltySettings { steps: 0, ..good }),
        ("batch", PenaltySettings { batch: 0, ..good }),
    ] {
        let error = bad.check().unwrap_err().to_string();
        assert!(error.starts_with(&format!("{name} = ")), "{error}");
    }
}
