//! Every layer of the library as a function of points.

use anyhow::Result;
use burn::module::Param;
use burn::tensor::Tensor;
use plm_core::graph::{Csr, Duplicates};
use plm_core::kernel::{Activation, SiteMask};
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use plm_lorentz::Curvature;
use plm_lorentz::nn::{
    CentroidResidual, DropoutSites, GraphConvolutionConfig, HyperplaneConfig,
    LorentzBatchNormConfig, LorentzLinearConfig, PositionEncodingConfig, ResidualKind,
    SpaceLayerNorm, TangentLinearConfig, TimeFromSpaceConfig, TransformerConfig, activate_space,
    drop_space, linear_attention,
};

use super::tensors::{Options, cast, tensor};

/// Components of a point.
pub(super) const WIDTH: usize = 4;

/// A layer from points `[rows, WIDTH]` to points.
pub(super) struct Layer {
    pub(super) name: &'static str,
    pub(super) run: Box<dyn Fn(Tensor<2>) -> Tensor<2>>,
    /// Whether inputs must lie within the radius that single precision can tell apart.
    pub(super) bounded: bool,
    /// Whether inputs need not be points.
    pub(super) any_input: bool,
}

fn layer(name: &'static str, run: impl Fn(Tensor<2>) -> Tensor<2> + 'static) -> Layer {
    Layer {
        name,
        run: Box::new(run),
        bounded: false,
        any_input: false,
    }
}

/// All layers, with dropout where they have it.
pub(super) fn layers(options: Options<'_>, curvature: Curvature) -> Result<Vec<Layer>> {
    let mut layers = linear_layers(options, curvature)?;
    layers.extend(pointwise_layers(options, curvature)?);
    layers.extend(sequence_layers(options, curvature)?);
    layers.extend(graph_layers(options, curvature)?);
    Ok(layers)
}

fn linear_layers((device, dtype): Options<'_>, curvature: Curvature) -> Result<Vec<Layer>> {
    let seed = Seed::new(5);
    let config = LorentzLinearConfig {
        curvature,
        ..LorentzLinearConfig::new(WIDTH, WIDTH)
    };
    let linear = cast(config.init(seed, device)?, dtype);
    let residual = linear.clone();
    let heads = LorentzLinearConfig {
        activation: Some(Activation::Relu),
        output_heads: 2,
        ..config
    };
    let heads = cast(heads.init(seed, device)?, dtype);
    let time = TimeFromSpaceConfig {
        input_curvature: curvature,
        output_curvature: curvature,
        ..TimeFromSpaceConfig::new(WIDTH, WIDTH)
    };
    let time = cast(time.init(seed, device)?, dtype);
    let planes = HyperplaneConfig {
        curvature,
        ..HyperplaneConfig::new(WIDTH, 3)
    };
    let planes = cast(planes.init(Some(Activation::Relu), seed, device)?, dtype);
    let tangent = TangentLinearConfig {
        curvature,
        ..TangentLinearConfig::new(WIDTH, WIDTH)
    };
    let tangent = cast(tangent.init(seed, device)?, dtype);
    let any = |layer| Layer {
        any_input: true,
        ..layer
    };
    Ok(vec![
        any(layer("linear", move |x| {
            linear.forward(x, Some(&SiteMask::new(0.3, 1, None)))
        })),
        any(layer("linear with residual", move |x| {
            residual.forward_residual(x.clone(), x, None)
        })),
        any(layer("linear with heads", move |x| {
            let rows = x.dims()[0];
            heads.forward(x, None).reshape([2 * rows, WIDTH / 2])
        })),
        any(layer("time from space", move |x| time.forward(x))),
        layer("hyperplanes", move |x| planes.forward(x)),
        layer("tangent linear", move |x| tangent.forward(x)),
    ])
}

fn pointwise_layers((device, dtype): Options<'_>, curvature: Curvature) -> Result<Vec<Layer>> {
    let norm = cast(SpaceLayerNorm::new(WIDTH, 1e-5, curvature, device)?, dtype);
    let batch = LorentzBatchNormConfig {
        curvature,
        ..LorentzBatchNormConfig::new(WIDTH)
    };
    let batch = cast(batch.init(device)?, dtype);
    let mix = cast(CentroidResidual::new(curvature, device), dtype);
    Ok(vec![
        layer("layer norm", move |x| norm.forward(x)),
        Layer {
            bounded: true,
            ..layer("batch norm", move |x| batch.forward_train(x))
        },
        layer("activation", move |x| {
            activate_space(x, Activation::Gelu, curvature)
        }),
        layer("dropout", move |x| {
            drop_space(x, Some(&SiteMask::new(0.3, 2, None)), curvature)
        }),
        layer("centroid residual", move |x| {
            mix.forward(x.clone(), x.flip([0]))
        }),
    ])
}

fn sequence_layers((device, dtype): Options<'_>, curvature: Curvature) -> Result<Vec<Layer>> {
    let seed = Seed::new(6);
    let config = TransformerConfig {
        curvature,
        ..TransformerConfig::new(WIDTH, 2, 2)
    };
    let deep = TransformerConfig {
        residual: ResidualKind::Centroid,
        ..config
    };
    let shallow = cast(config.init_encoder(seed, device)?, dtype);
    let deep = cast(deep.init_encoder(seed, device)?, dtype);
    let decoder = cast(config.init_decoder(seed, device)?, dtype);
    let position = PositionEncodingConfig {
        max_length: 60,
        curvature,
        ..PositionEncodingConfig::new(WIDTH)
    };
    let position = cast(position.init(seed, device)?, dtype);
    Ok(vec![
        layer("encoder", move |x| {
            let still = DropoutContext::default();
            let sites = DropoutSites::new(&still, 0);
            shallow.forward(x.unsqueeze(), None, sites).squeeze_dim(0)
        }),
        layer("encoder with centroids", move |x| {
            let still = DropoutContext::default();
            let sites = DropoutSites::new(&still, 0);
            deep.forward(x.unsqueeze(), None, sites).squeeze_dim(0)
        }),
        layer("decoder", move |x| {
            let still = DropoutContext::default();
            let source = x.clone().flip([0]).unsqueeze();
            let sites = DropoutSites::new(&still, 0);
            let y = decoder.forward(x.unsqueeze(), source, None, sites);
            y.squeeze_dim(0)
        }),
        layer("position", move |x| {
            // 47 rows at most, of 60 positions.
            match position.forward(x.clone().unsqueeze::<3>(), None) {
                Ok(y) => y.squeeze_dim(0),
                Err(_) => x.mul_scalar(f64::NAN),
            }
        }),
        layer("linear attention", move |x| {
            let rows = x.dims()[0];
            let points = x.clone().unsqueeze::<4>();
            match linear_attention(points.clone(), points.clone(), points, None, 2.0, curvature) {
                Ok(y) => y.reshape([rows, WIDTH]),
                Err(_) => x.mul_scalar(f64::NAN),
            }
        }),
    ])
}

fn graph_layers((device, dtype): Options<'_>, curvature: Curvature) -> Result<Vec<Layer>> {
    let config = GraphConvolutionConfig {
        linear: LorentzLinearConfig {
            curvature,
            ..LorentzLinearConfig::new(WIDTH, WIDTH)
        },
        attention: true,
    };
    let mut attentive = cast(config.init(Seed::new(7), device)?, dtype);
    let mut plain = attentive.clone();
    plain.attention = None;
    if let Some(attention) = &mut attentive.attention {
        // At its start of 20 the sigmoid is flat, and there would be no gradient to check.
        attention.score_bias = Param::from_tensor(tensor(&[0.5], [1], (device, dtype)));
    }
    let ring = |rows: usize| {
        let edges: Vec<(u32, u32)> = (0..rows as u32)
            .flat_map(|i| [(i, i), (i, (i + 1) % rows as u32)])
            .collect();
        Csr::<f64>::from_edges(rows, &edges, Duplicates::First)
    };
    let rings = [ring(3)?, ring(47)?];
    let of = move |rows: usize| rings[usize::from(rows > 3)].clone();
    let same = of.clone();
    Ok(vec![
        layer("graph convolution", move |x| {
            let ring = of(x.dims()[0]);
            plain.forward(x, &ring, None)
        }),
        layer("graph attention", move |x| {
            let ring = same(x.dims()[0]);
            attentive.forward(x, &ring, None)
        }),
    ])
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;
    use plm_lorentz::geometry::{lift, space};

    use super::*;
    use crate::repro::lorentz::exact::tensors::{draws, values};

    /// A layer that gave the same point for all inputs would pass every check.
    #[test]
    fn outputs_depend_on_inputs() {
        let device = plm_core::device::parse("flex").unwrap();
        let input = tensor(
            &draws(47 * (WIDTH - 1), 1),
            [47, WIDTH - 1],
            (&device, DType::F64),
        );
        let input = lift(input, Curvature::UNIT);
        for layer in layers((&device, DType::F64), Curvature::UNIT).unwrap() {
            let y = space((layer.run)(input.clone()));
            let [rows, width] = y.dims();
            let y = values(y);
            assert!(y.iter().any(|c| c.abs() > 1e-3), "{}: {y:?}", layer.name);
            let first = &y[..width];
            assert!(
                rows > 1 && y.chunks(width).any(|row| row != first),
                "{}: {y:?}",
                layer.name
            );
        }
    }
}
