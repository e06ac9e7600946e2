//! Gradients of layers: the closed form of the linear layer, and differences of values.

use burn::tensor::{DType, Tensor};
use plm_core::graph::{Csr, Duplicates};
use plm_core::kernel::Activation;
use plm_core::rng::Seed;

use super::still;
use crate::geometry::{lift, space};
use crate::nn::*;
use crate::testing::{cast, curvatures, devices, draws, points, tensor, values};

/// With q = |z_s|² + ε, h = τ² − k, φ = z_s √(h/q), t² = k + h |z_s|²/q and the upstream g:
/// dz_s = √(h/q) (g_s − z_s (g_s·z_s)/q) + g_t h ε z_s/(t q²) and
/// dτ = τ (g_s·z_s/√(h q) + g_t |z_s|²/(t q)), dz₀ = dτ λσ(1 − σ), d ln λ = dτ λσ, dW = xᵀ dz.
#[test]
fn the_linear_layer_has_the_gradient_of_its_closed_form() {
    const EPSILON: f64 = 1e-6;
    for device in devices() {
        for k in curvatures() {
            // The last layer has a space part of the size of ε's root.
            for size in [1.0, 1e-3] {
                let device = device.clone().autodiff();
                let config = LorentzLinearConfig {
                    curvature: k,
                    ..LorentzLinearConfig::new(4, 3)
                };
                let layer = cast(config.init(Seed::new(3), &device).unwrap(), DType::F64);
                let scaled: Vec<f64> = draws(4, 8).iter().map(|x| x * size).collect();
                let x = tensor(&scaled, [1, 4], &device, DType::F64).require_grad();
                let g = [0.7, -1.1, 0.4];
                let y = layer.forward(x.clone(), None);
                let tape = (y * tensor(&g, [1, 3], &device, DType::F64))
                    .sum()
                    .backward();

                let weight = values(layer.linear.weight.val());
                let z: Vec<f64> = (0..3)
                    .map(|o| (0..4).map(|i| scaled[i] * weight[3 * i + o]).sum())
                    .collect();
                let scale = values(layer.log_scale.val())[0].exp();
                let sigma = 1.0 / (1.0 + (-z[0]).exp());
                let tau = scale * sigma + k.radius() + 0.1;
                let h = tau * tau - k.k();
                let squares = z[1] * z[1] + z[2] * z[2];
                let q = squares + EPSILON;
                let t = (k.k() + h * squares / q).sqrt();
                let along = g[1] * z[1] + g[2] * z[2];
                let d_tau = tau * (along / (h * q).sqrt() + g[0] * squares / (t * q));
                let mut dz = [d_tau * scale * sigma * (1.0 - sigma), 0.0, 0.0];
                for o in 1..3 {
                    dz[o] = (h / q).sqrt() * (g[o] - z[o] * along / q)
                        + g[0] * h * EPSILON * z[o] / (t * q * q);
                }
                let close = |found: f64, expected: f64| {
                    assert!(
                        (found - expected).abs() <= 1e-10 * expected.abs().max(1.0),
                        "{size} {found} {expected}"
                    );
                };
                let weights = values(layer.linear.weight.val().grad(&tape).unwrap());
                let inputs = values(x.grad(&tape).unwrap());
                let bias = layer.linear.bias.as_ref().unwrap().val();
                let bias = values(bias.grad(&tape).unwrap());
                for i in 0..4 {
                    close(inputs[i], (0..3).map(|o| dz[o] * weight[3 * i + o]).sum());
                    for o in 0..3 {
                        close(weights[3 * i + o], scaled[i] * dz[o]);
                    }
                }
                for o in 0..3 {
                    close(bias[o], dz[o]);
                }
                let scales = values(layer.log_scale.val().grad(&tape).unwrap());
                close(scales[0], d_tau * scale * sigma);
            }
        }
    }
}

type Layer = Box<dyn Fn(Tensor<2>) -> Tensor<2>>;

#[test]
fn layers_have_the_gradients_of_their_differences() {
    const N: usize = 3;
    let seed = Seed::new(11);
    for device in devices() {
        for k in curvatures() {
            let device = device.clone().autodiff();
            let random = |width: usize, seed| {
                lift(
                    tensor(&draws(N * width, seed), [N, width], &device, DType::F64),
                    k,
                )
            };
            let planes = HyperplaneConfig {
                curvature: k,
                ..HyperplaneConfig::new(4, 3)
            };
            let layer = cast(planes.init(None, seed, &device).unwrap(), DType::F64);
            let head = cast(planes.init_head(seed, &device).unwrap(), DType::F64);
            let tangent = TangentLinearConfig {
                curvature: k,
                ..TangentLinearConfig::new(4, 4)
            };
            let tangent = cast(tangent.init(seed, &device).unwrap(), DType::F64);
            let norm = SpaceLayerNorm::new(4, 1e-5, k, &device).unwrap();
            let norm = cast(norm, DType::F64);
            let batch = LorentzBatchNormConfig {
                curvature: k,
                ..LorentzBatchNormConfig::new(4)
            };
            let batch = cast(batch.init(&device).unwrap(), DType::F64);
            let config = TransformerConfig {
                curvature: k,
                residual: ResidualKind::Centroid,
                ..TransformerConfig::new(4, 1, 1)
            };
            let encoder = cast(config.init_encoder(seed, &device).unwrap(), DType::F64);
            let decoder = cast(config.init_decoder(seed, &device).unwrap(), DType::F64);
            let graph = GraphConvolutionConfig {
                linear: LorentzLinearConfig {
                    curvature: k,
                    ..LorentzLinearConfig::new(4, 4)
                },
                attention: true,
            };
            let mut graph = cast(graph.init(seed, &device).unwrap(), DType::F64);
            let attention = graph.attention.as_mut().unwrap();
            attention.score_bias =
                burn::module::Param::from_tensor(tensor(&[0.5], [1], &device, DType::F64));
            let edges = [(0, 0), (0, 1), (1, 1), (1, 2), (2, 0)];
            let edges = Csr::<f64>::from_edges(N, &edges, Duplicates::First).unwrap();
            let other = random(3, 12);
            let key = other.clone();
            let layers: Vec<(&str, Layer)> = vec![
                ("hyperplanes", Box::new(move |x| layer.forward(x))),
                ("hyperplane head", Box::new(move |x| head.forward(x))),
                ("tangent", Box::new(move |x| tangent.forward(x))),
                ("layer norm", Box::new(move |x| norm.forward(x))),
                ("batch norm", Box::new(move |x| batch.forward_train(x))),
                (
                    "activation",
                    Box::new(move |x| activate_space(x, Activation::Gelu, k)),
                ),
                (
                    "encoder",
                    Box::new(move |x| {
                        let context = still();
                        let sites = DropoutSites::new(&context, 0);
                        encoder.forward(x.unsqueeze(), None, sites).squeeze_dim(0)
                    }),
                ),
                (
                    "decoder",
                    Box::new(move |x| {
                        let context = still();
                        let sites = DropoutSites::new(&context, 0);
                        let source = other.clone().unsqueeze();
                        decoder
                            .forward(x.unsqueeze(), source, None, sites)
                            .squeeze_dim(0)
                    }),
                ),
                ("graph", Box::new(move |x| graph.forward(x, &edges, None))),
                (
                    "linear attention",
                    Box::new(move |x| {
                        let x = x.unsqueeze::<4>();
                        let key = key.clone().unsqueeze::<4>();
                        linear_attention(x.clone(), key, x, None, 2.0, k)
                            .unwrap()
                            .reshape([N, 4])
                    }),
                ),
            ];
            let start = values(space(points(N, 3, 1.0, k, 13, (&device, DType::F64))));
            for (name, layer) in layers {
                let weigh = |y: Tensor<2>| {
                    let [rows, width] = y.dims();
                    let weights = draws(rows * width, 14);
                    (y.clone() * tensor(&weights, [rows, width], &y.device(), y.dtype())).sum()
                };
                let leaf = tensor(&start, [N, 3], &device, DType::F64).require_grad();
                let tape = weigh(layer(lift(leaf.clone(), k))).backward();
                let found = values(leaf.grad(&tape).unwrap());
                for at in 0..3 * N {
                    let value = |step: f64| {
                        let mut moved = start.clone();
                        moved[at] += step;
                        let moved = tensor(&moved, [N, 3], &device, DType::F64);
                        values(weigh(layer(lift(moved, k))).unsqueeze::<1>())[0]
                    };
                    let h = 1e-6;
                    let expected = (value(h) - value(-h)) / (2.0 * h);
                    let gap = (found[at] - expected).abs() / expected.abs().max(1.0);
                    assert!(gap < 1e-6, "{name} {k:?} {at}: {} {expected}", found[at]);
                }
            }
        }
    }
}
