//! Every layer stays on the hyperboloid for inputs of every size, with finite gradients.

use burn::tensor::{DType, Device, Tensor};
use plm_core::graph::Csr;
use plm_core::kernel::{Activation, SiteMask};
use plm_core::rng::Seed;

use super::still;
use crate::Curvature;
use crate::geometry::{exp_origin, lift, origin_tangent};
use crate::nn::*;
use crate::testing::{cast, everywhere, on_manifold, sizes, values};

type Layer<'a> = Box<dyn Fn(Tensor<2>) -> Tensor<2> + 'a>;

const D: usize = 4;

/// Layers that take anything to points, with dropout where they have it.
fn layers(device: &Device, dtype: DType, curvature: Curvature) -> Vec<(&'static str, Layer<'_>)> {
    let seed = Seed::new(5);
    let mask = SiteMask::new(0.3, 1, None);
    let config = LorentzLinearConfig {
        curvature,
        ..LorentzLinearConfig::new(D, D)
    };
    let linear = cast(config.init(seed, device).unwrap(), dtype);
    let residual = linear.clone();
    let relu = LorentzLinearConfig {
        activation: Some(Activation::Relu),
        output_heads: 2,
        ..config
    };
    let relu = cast(relu.init(seed, device).unwrap(), dtype);
    let time = TimeFromSpaceConfig {
        input_curvature: curvature,
        output_curvature: curvature,
        ..TimeFromSpaceConfig::new(D, D)
    };
    let time = cast(time.init(seed, device).unwrap(), dtype);
    let planes = HyperplaneConfig {
        curvature,
        ..HyperplaneConfig::new(D, 3)
    };
    let planes = cast(
        planes.init(Some(Activation::Relu), seed, device).unwrap(),
        dtype,
    );
    let tangent = TangentLinearConfig {
        curvature,
        ..TangentLinearConfig::new(D, D)
    };
    let tangent = cast(tangent.init(seed, device).unwrap(), dtype);
    let norm = SpaceLayerNorm::new(D, 1e-5, curvature, device).unwrap();
    let norm = cast(norm, dtype);
    let mix = cast(CentroidResidual::new(curvature, device), dtype);
    let config = TransformerConfig {
        curvature,
        ..TransformerConfig::new(D, 2, 2)
    };
    let deep = TransformerConfig {
        residual: ResidualKind::Centroid,
        ..config
    };
    let encoders =
        [config, deep].map(|config| cast(config.init_encoder(seed, device).unwrap(), dtype));
    let decoder = cast(config.init_decoder(seed, device).unwrap(), dtype);
    let graph = GraphConvolutionConfig {
        linear: LorentzLinearConfig {
            curvature,
            ..LorentzLinearConfig::new(D, D)
        },
        attention: true,
    };
    let graph = cast(graph.init(seed, device).unwrap(), dtype);
    let mut plain = graph.clone();
    plain.attention = None;
    let context = still();
    let position = PositionEncodingConfig {
        max_length: 60,
        curvature,
        ..PositionEncodingConfig::new(D)
    };
    let position = cast(position.init(seed, device).unwrap(), dtype);
    let ring = |n: usize| {
        let edges: Vec<(u32, u32)> = (0..n as u32)
            .flat_map(|i| [(i, i), (i, (i + 1) % n as u32)])
            .collect();
        Csr::<f32>::from_edges(n, &edges, plm_core::graph::Duplicates::First).unwrap()
    };
    let [shallow, deep] = encoders;
    let inner = context.clone();
    let [c1, c2, c3] = [context.clone(), context, inner];
    vec![
        ("linear", Box::new(move |x| linear.forward(x, Some(&mask)))),
        (
            "residual",
            Box::new(move |x| residual.forward_residual(x.clone(), x, None)),
        ),
        (
            "heads",
            Box::new(move |x| {
                let n = x.dims()[0];
                relu.forward(x, None).reshape([2 * n, 2])
            }),
        ),
        ("time from space", Box::new(move |x| time.forward(x))),
        ("hyperplanes", Box::new(move |x| planes.forward(x))),
        ("tangent", Box::new(move |x| tangent.forward(x))),
        ("layer norm", Box::new(move |x| norm.forward(x))),
        (
            "activation",
            Box::new(move |x| activate_space(x, Activation::Gelu, curvature)),
        ),
        (
            "dropout",
            Box::new(move |x| {
                let mask = SiteMask::new(0.3, 2, None);
                drop_space(x, Some(&mask), curvature)
            }),
        ),
        (
            "centroid residual",
            Box::new(move |x| mix.forward(x.clone(), x.flip([0]))),
        ),
        (
            "encoder",
            Box::new(move |x| {
                let sites = DropoutSites::new(&c1, 0);
                shallow.forward(x.unsqueeze(), None, sites).squeeze_dim(0)
            }),
        ),
        (
            "deep encoder",
            Box::new(move |x| {
                let sites = DropoutSites::new(&c2, 0);
                deep.forward(x.unsqueeze(), None, sites).squeeze_dim(0)
            }),
        ),
        (
            "decoder",
            Box::new(move |x| {
                let sites = DropoutSites::new(&c3, 0);
                let source = x.clone().flip([0]).unsqueeze();
                decoder
                    .forward(x.unsqueeze(), source, None, sites)
                    .squeeze_dim(0)
            }),
        ),
        (
            "linear attention",
            Box::new(move |x| {
                let rows = x.dims()[0];
                let x = x.unsqueeze::<4>();
                linear_attention(x.clone(), x.clone(), x, None, 2.0, curvature)
                    .unwrap()
                    .reshape([rows, D])
            }),
        ),
        (
            "graph convolution",
            Box::new(move |x| {
                let ring = ring(x.dims()[0]);
                plain.forward(x, &ring, None)
            }),
        ),
        (
            "graph attention",
            Box::new(move |x| {
                let ring = ring(x.dims()[0]);
                graph.forward(x, &ring, None)
            }),
        ),
        (
            "position",
            Box::new(move |x| {
                position
                    .forward(x.unsqueeze(), None)
                    .unwrap()
                    .squeeze_dim(0)
            }),
        ),
    ]
}

#[test]
fn results_are_points_and_gradients_finite_for_inputs_of_every_size() {
    everywhere(|device, dtype, curvature| {
        let tracked = device.clone().autodiff();
        for (name, layer) in layers(&tracked, dtype, curvature) {
            let space = sizes(D - 1, (&tracked, dtype)).require_grad();
            let y = layer(lift(space.clone(), curvature));
            on_manifold(y.clone().inner(), curvature);
            let largest = y.clone().detach().abs().max_dim(1).add_scalar(1.0);
            let tape = (y / largest).sum().backward();
            let slopes = values(space.grad(&tape).unwrap());
            assert!(
                slopes.iter().all(|slope| slope.is_finite()),
                "{name} {dtype:?} {curvature:?} {slopes:?}"
            );
        }
        let wide = sizes(D, (&tracked, dtype));
        for (name, layer) in layers(&tracked, dtype, curvature) {
            if ["linear", "residual", "heads", "time from space"].contains(&name) {
                on_manifold(layer(wide.clone()).inner(), curvature);
            }
        }
    });
}

#[test]
fn scores_are_finite_for_inputs_of_every_size() {
    everywhere(|device, dtype, curvature| {
        let x = lift(sizes(D - 1, (device, dtype)), curvature);
        let planes = HyperplaneConfig {
            curvature,
            ..HyperplaneConfig::new(D, 3)
        };
        let mut planes = cast(planes.init_head(Seed::new(1), device).unwrap(), dtype);
        let distances = DistanceHeadConfig {
            curvature,
            ..DistanceHeadConfig::new(D, 3)
        };
        let distances = cast(distances.init(Seed::new(1), device).unwrap(), dtype);
        let finite = |scores: Tensor<2>| values(scores).iter().all(|s| s.is_finite());
        assert!(finite(planes.forward(x.clone())));
        assert!(finite(distances.forward(x.clone())));
        let normal = &mut planes.hyperplanes.normal;
        *normal = burn::module::Param::from_tensor(normal.val().detach().zeros_like());
        assert!(values(planes.forward(x)).iter().all(|score| *score == 0.0));
    });
}

/// Batch normalization takes logarithms, so it is held to the usable radius of single precision.
#[test]
fn batch_norm_stays_on_the_hyperboloid() {
    everywhere(|device, dtype, curvature| {
        let config = LorentzBatchNormConfig {
            curvature,
            ..LorentzBatchNormConfig::new(D)
        };
        let norm = cast(config.init(device).unwrap(), dtype);
        let space = sizes(D - 1, (device, dtype)).clamp(-3.0, 3.0);
        let x = exp_origin(origin_tangent(space), curvature);
        on_manifold(norm.forward_train(x.clone()), curvature);
        on_manifold(norm.forward(x), curvature);
    });
}
