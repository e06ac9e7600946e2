//! Layers and blocks.

use anyhow::{Context as _, Result};
use burn::module::Param;
use burn::nn::Linear;
use burn::tensor::{Bool, Gradients, Int, Tensor, TensorData};
use plm_core::graph::Csr;
use plm_core::kernel::Activation;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use plm_lorentz::nn::{
    DistanceHead, DropoutSites, GraphConvolution, GraphConvolutionConfig, LorentzAttentionConfig,
    LorentzLinear, LorentzLinearConfig, Parity, TransformerConfig, merge_heads,
};
use plm_lorentz::{Curvature, ManifoldParam};
use serde_json::Value;

use super::super::tensors::{Options, array, cast, numbers, tensor, values};
use super::{Reference, fixture, leaf};
use crate::repro::Context;

pub(super) fn compare(
    context: &Context,
    options: Options<'_>,
    reference: &mut Reference,
) -> Result<()> {
    of_graphs(&fixture(context, "lorentz_linear_gcn")?, options, reference)?;
    of_translation(&fixture(context, "lorentz_linear_mt")?, options, reference)?;
    attention(&fixture(context, "attention")?, options, reference)?;
    convolutions(&fixture(context, "graph")?, options, reference)
}

/// A layer with the parameters `[weight, bias, ln λ]`, the weights given as `[out, in]`.
fn layer(
    config: LorentzLinearConfig,
    [weight, bias, scale]: [&Value; 3],
    options: Options<'_>,
) -> Result<LorentzLinear> {
    let mut layer = config.init(Seed::new(0), options.0)?;
    let bias = match bias {
        Value::Null => None,
        bias => Some(Param::from_tensor(array(bias, options)?)),
    };
    layer.linear = Linear {
        weight: Param::from_tensor(array::<2>(weight, options)?.transpose()),
        bias,
    };
    layer.log_scale = Param::from_tensor(tensor(&numbers(scale)?, [1], options));
    Ok(layer)
}

/// The parameters or gradients under `prefix` as the translation code names them.
fn named<'a>(params: &'a Value, prefix: &str) -> [&'a Value; 3] {
    ["weight.weight", "weight.bias", "scale"].map(|name| &params[format!("{prefix}{name}")])
}

/// The gradients of W, b and ln λ.
fn layer_slopes(
    reference: &mut Reference,
    layer: &LorentzLinear,
    tape: &Gradients,
    expected: [&Value; 3],
) -> Result<()> {
    let weight = layer.linear.weight.val().grad(tape);
    let weight = weight.context("a weight without a gradient")?;
    reference.meet_gradient(weight.transpose(), expected[0])?;
    if let Some(bias) = &layer.linear.bias {
        reference.meet_slope(&bias.val(), tape, expected[1])?;
    }
    reference.meet_slope(&layer.log_scale.val(), tape, expected[2])
}

fn of_graphs(file: &Value, options: Options<'_>, reference: &mut Reference) -> Result<()> {
    for (name, activation) in [
        ("plain", None),
        ("nobias", None),
        ("relu_before", Some(Activation::Relu)),
    ] {
        let case = &file[name];
        let x = leaf::<2>(&case["inputs"]["x"], options)?;
        let upstream = array::<2>(&case["inputs"]["upstream"], options)?;
        let config = LorentzLinearConfig {
            activation,
            parity: Some(Parity::Gcn),
            ..LorentzLinearConfig::new(x.dims()[1], upstream.dims()[1])
        };
        let of = |part: &'static str, weight| {
            [weight, "bias", "scale_log"].map(|name| &case[part][name])
        };
        let layer = layer(config, of("params", "weight_out_in"), options)?;
        let y = layer.forward(x.clone(), None);
        reference.meet(y.clone(), &case["outputs"]["y"])?;
        let tape = (y * upstream).sum().backward();
        reference.meet_slope(&x, &tape, &case["grads"]["x"])?;
        layer_slopes(reference, &layer, &tape, of("grads", "weight"))?;
    }
    Ok(())
}

fn mt(d_input: usize, d_output: usize) -> LorentzLinearConfig {
    LorentzLinearConfig {
        parity: Some(Parity::Mt),
        ..LorentzLinearConfig::new(d_input, d_output)
    }
}

fn of_translation(file: &Value, options: Options<'_>, reference: &mut Reference) -> Result<()> {
    let case = &file["residual_add_all_coords"];
    let input = |name: &str| leaf::<3>(&case["inputs"][name], options);
    let (x, residual) = (input("x")?, input("residual")?);
    let plain = layer(mt(8, 8), named(&case["params"], ""), options)?;
    let y = plain.forward_residual(x.clone(), residual.clone(), None);
    reference.meet(y.clone(), &case["outputs"]["y"])?;
    let tape = (y * input("upstream")?.detach()).sum().backward();
    reference.meet_slope(&x, &tape, &case["grads"]["x"])?;
    reference.meet_slope(&residual, &tape, &case["grads"]["residual"])?;
    let grads = named(&case["grads"]["params"], "");
    layer_slopes(reference, &plain, &tape, grads)?;

    let case = &file["split_heads2"];
    let config = LorentzLinearConfig {
        output_heads: 2,
        ..mt(8, 8)
    };
    let split = layer(config, named(&case["params"], ""), options)?;
    let y = split.forward(array::<3>(&case["inputs"]["x"], options)?, None);
    reference.meet(y, &case["outputs"]["y"])?;

    let case = &file["merge_heads2_residual"];
    let config = LorentzLinearConfig {
        input_heads: 2,
        bias: false,
        ..mt(8, 8)
    };
    let merge = layer(config, named(&case["params"], ""), options)?;
    let heads = array::<4>(&case["inputs"]["x"], options)?.swap_dims(1, 2);
    let residual = array::<3>(&case["inputs"]["residual"], options)?;
    let y = merge.forward_residual(merge_heads(heads), residual, None);
    reference.meet(y, &case["outputs"]["y"])?;

    let case = &file["feed_forward_8_16_relu_residual"];
    let config = TransformerConfig {
        d_feed_forward: 16,
        parity: Some(Parity::Mt),
        ..TransformerConfig::new(8, 1, 1)
    };
    let mut block = config.feed_forward(Seed::new(0), options.0)?;
    let relu = LorentzLinearConfig {
        activation: Some(Activation::Relu),
        ..mt(16, 8)
    };
    block.input = layer(mt(8, 16), named(&case["params"], "w_1."), options)?;
    block.output = layer(relu, named(&case["params"], "residual."), options)?;
    let still = DropoutContext::default();
    let x = array::<3>(&case["inputs"]["x"], options)?;
    let y = block.forward(x, DropoutSites::new(&still, 0));
    reference.meet(y, &case["outputs"]["y"])
}

fn attention(file: &Value, options: Options<'_>, reference: &mut Reference) -> Result<()> {
    let (params, grads) = (&file["params"], &file["grads"]["params"]);
    let input = |name: &str| leaf::<3>(&file["inputs"][name], options);
    let (query, source) = (input("query")?, input("key_value")?);
    let hidden: Vec<bool> = serde_json::from_value::<Vec<Vec<Vec<bool>>>>(
        file["inputs"]["mask_true_is_masked"].clone(),
    )?
    .concat()
    .concat();
    let shape = [query.dims()[0], query.dims()[1], source.dims()[1]];
    let plain = options.0.clone().inner();
    let mask = Tensor::<3, Bool>::from_data(TensorData::new(hidden, shape), &plain);
    let config = LorentzLinearConfig {
        output_heads: 2,
        ..mt(8, 8)
    };
    let whole = LorentzAttentionConfig {
        parity: Some(Parity::Mt),
        ..LorentzAttentionConfig::new(8, 2)
    };
    let mut attention = whole.init(Seed::new(0), options.0)?;
    attention.query = layer(config, named(params, "linear_query."), options)?;
    attention.key = layer(config, named(params, "linear_keys."), options)?;
    attention.value = layer(config, named(params, "linear_values."), options)?;
    attention.score_scale = Param::from_tensor(array(&params["scale"], options)?);
    let bias = numbers(&params["bias"])?;
    attention.score_bias = Param::from_tensor(tensor(&bias, [1], options));

    let still = DropoutContext::default();
    let sites = DropoutSites::new(&still, 0);
    let (y, weights) = attention.forward(query.clone(), source.clone(), Some(mask), sites);
    reference.meet(y.clone(), &file["outputs"]["context_b_q_h_d"])?;
    reference.meet(weights, &file["outputs"]["attn_b_h_q_k"])?;
    let upstream = array::<4>(&file["inputs"]["upstream"], options)?.reshape(y.dims());
    let tape = (y * upstream).sum().backward();
    reference.meet_slope(&query, &tape, &file["grads"]["query"])?;
    reference.meet_slope(&source, &tape, &file["grads"]["key_value"])?;
    reference.meet_slope(&attention.score_scale.val(), &tape, &grads["scale"])?;
    for (layer, name) in [
        (&attention.query, "linear_query."),
        (&attention.key, "linear_keys."),
        (&attention.value, "linear_values."),
    ] {
        layer_slopes(reference, layer, &tape, named(grads, name))?;
    }
    Ok(())
}

fn convolution(
    [d_input, d_output]: [usize; 2],
    activation: Option<Activation>,
    params: &Value,
    options: Options<'_>,
) -> Result<GraphConvolution> {
    let linear = LorentzLinearConfig {
        activation,
        parity: Some(Parity::Gcn),
        ..LorentzLinearConfig::new(d_input, d_output)
    };
    let config = GraphConvolutionConfig {
        linear,
        attention: false,
    };
    let mut made = config.init(Seed::new(0), options.0)?;
    made.linear = layer(linear, named(params, "linear."), options)?;
    Ok(made)
}

/// Two graph convolutions and class scores with the margin loss of node classification.
fn convolutions(file: &Value, options: Options<'_>, reference: &mut Reference) -> Result<()> {
    let (params, grads) = (&file["params"], &file["grads_nc"]);
    let x = array::<2>(&file["inputs"]["x_hyp"], options)?;
    let nodes = x.dims()[0];
    let table = numbers(&file["inputs"]["adj_norm_dense"])?;
    let adjacency = Csr::<f64>::from_dense(nodes, nodes, &table)?;
    let first = convolution([4, 5], None, &params["gc1"], options)?;
    let second = convolution([5, 4], Some(Activation::Relu), &params["gc2"], options)?;
    let centers = ManifoldParam::from_points(array(&params["cls"], options)?, Curvature::UNIT)?;
    let mut head = cast(DistanceHead::new(centers), options.1);
    head.bias = Param::from_tensor(array(&params["cls_bias"], options)?);

    let h1 = first.forward(x, &adjacency, None);
    let h2 = second.forward(h1.clone(), &adjacency, None);
    let scores = head.forward(h2.clone());
    reference.meet(h1, &file["outputs"]["h1"])?;
    reference.meet(h2, &file["outputs"]["h2"])?;
    reference.meet(scores.clone(), &file["outputs"]["logits"])?;
    let labels: Vec<i64> = numbers(&file["inputs"]["labels"])?
        .iter()
        .map(|label| *label as i64)
        .collect();
    let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [nodes, 1]), options.0);
    let right = scores.clone().gather(1, labels);
    let loss = (scores - right).add_scalar(2.0).clamp_min(0.0).mean();
    let expected = numbers(&file["outputs"]["nc_margin_loss"])?;
    reference.meet_numbers(&values(loss.clone()), &expected)?;
    let tape = loss.backward();
    for (convolution, name) in [(&first, "gc1"), (&second, "gc2")] {
        let expected = named(&grads[name], "linear.");
        layer_slopes(reference, &convolution.linear, &tape, expected)?;
    }
    reference.meet_slope(&head.centers.val(), &tape, &grads["cls"])?;
    reference.meet_slope(&head.bias.val(), &tape, &grads["cls_bias"])
}
