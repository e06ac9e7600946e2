//! Random subspaces.

use burn::module::Module;
use burn::tensor::Tensor;
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use plm_core::train::count_params;
use plm_prompt::intrinsic::{Fastfood, FastfoodPrompt};
use plm_prompt::{Error, PromptSource};

use super::support::{SLOTS, WIDTH, assert_close, devices, prompt, tensor, tolerance, values};

const INPUTS: usize = 7;
const OUTPUTS: usize = 50;

fn vector(count: usize, seed: u64) -> Vec<f32> {
    normal(Seed::new(seed), "vector", count, 1.0)
}

#[test]
fn the_origin_is_the_start() {
    for (name, device) in devices() {
        let start = prompt(SLOTS, 1);
        let source = FastfoodPrompt::new(&start, 9, Seed::new(2), &device).unwrap();
        assert_eq!(source.to_matrix(), start, "{name}");
        let found = source.prompts(&[0, 1]);
        assert_eq!(values(found), values(tensor(&start, &device)), "{name}");
        assert_eq!(count_params(&source.train()).trainable, 9, "{name}");
    }
}

#[test]
fn the_map_is_linear() {
    for (name, device) in devices() {
        let map = Fastfood::new(INPUTS, OUTPUTS, Seed::new(1), &device).unwrap();
        let (a, b) = (vector(INPUTS, 1), vector(INPUTS, 2));
        let run = |x: &[f32]| values(map.forward(Tensor::from_floats(x, &device)));
        let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| 2.0 * a - b).collect();
        let expected: Vec<f64> = run(&a)
            .iter()
            .zip(run(&b))
            .map(|(a, b)| 2.0 * a - b)
            .collect();
        assert_close(&run(&sum), &expected, tolerance(name) * 10.0, name);
    }
}

#[test]
fn columns_have_length_1_in_the_mean_however_much_is_cut() {
    let (_, device) = devices().remove(0);
    // 64 outputs are a whole transform, of which 33 leave about a half and 50 most: without a factor
    // for the cut the means were 33/64 and 50/64.
    for outputs in [33, OUTPUTS, 64] {
        let mut squares = Vec::new();
        for seed in 0..40 {
            let map = Fastfood::new(INPUTS, outputs, Seed::new(seed), &device).unwrap();
            for place in 0..INPUTS {
                let mut unit = vec![0.0_f32; INPUTS];
                unit[place] = 1.0;
                let column = values(map.forward(Tensor::from_floats(unit.as_slice(), &device)));
                squares.push(column.iter().map(|v| v * v).sum::<f64>());
            }
        }
        let mean = squares.iter().sum::<f64>() / squares.len() as f64;
        assert!((mean - 1.0).abs() < 0.1, "{outputs}: {mean}");
    }
}

#[test]
fn the_gradient_is_the_adjoint() {
    for (name, device) in devices() {
        let device = device.autodiff();
        let map = Fastfood::new(INPUTS, OUTPUTS, Seed::new(1), &device).unwrap();
        let (z, g) = (vector(INPUTS, 1), vector(OUTPUTS, 2));
        let point = Tensor::<1>::from_floats(z.as_slice(), &device).require_grad();
        let weights = Tensor::<1>::from_floats(g.as_slice(), &device);
        let product = (map.forward(point.clone()) * weights).sum();
        let left = f64::from(product.clone().into_scalar::<f32>());
        let gradients = product.backward();
        let adjoint = values(point.grad(&gradients).unwrap());
        let right: f64 = adjoint.iter().zip(&z).map(|(a, &z)| a * f64::from(z)).sum();
        assert!(
            (left - right).abs() < 1e-4 * left.abs().max(1.0),
            "{name}: {left} {right}"
        );
    }
}

#[test]
fn sizes_out_of_their_limits_are_refused() {
    let (_, device) = devices().remove(0);
    assert!(Fastfood::new(0, 10, Seed::new(1), &device).is_err());
    assert!(Fastfood::new(11, 10, Seed::new(1), &device).is_err());
    for dimensions in [0, SLOTS * WIDTH + 1, usize::MAX] {
        let found = FastfoodPrompt::new(&prompt(SLOTS, 1), dimensions, Seed::new(1), &device);
        assert!(matches!(found, Err(Error::Setting { .. })), "{dimensions}");
    }
    assert!(Fastfood::new(1, 1, Seed::new(1), &device).is_ok());
}
