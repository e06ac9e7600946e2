//! Values and gradients of the authors' code in double precision (k = 1).

use burn::module::Param;
use burn::tensor::{Bool, DType, Device, Gradients, Int, Tensor, TensorData};
use plm_core::graph::Csr;
use plm_core::kernel::Activation;
use plm_core::rng::Seed;
use serde_json::Value;

use super::{linear, still};
use crate::geometry::squared_distance;
use crate::nn::*;
use crate::testing::{array, by_type, cast, devices, gap_of, numbers, tensor, values};
use crate::{Curvature, ManifoldParam};

type Options<'a> = (&'a Device, DType);

fn everywhere(check: impl Fn(Options<'_>)) {
    for device in devices() {
        for dtype in [DType::F64, DType::F32] {
            check((&device.clone().autodiff(), dtype));
        }
    }
}

#[track_caller]
fn meets<const D: usize>(found: Tensor<D>, expected: &Value) {
    let limit = by_type(found.dtype(), 1e-9, 2e-5);
    let gap = gap_of(&values(found), &numbers(expected));
    assert!(gap < limit, "{gap:e}");
}

/// Gradients, relative to their largest entry.
#[track_caller]
fn slopes<const D: usize>(leaf: &Tensor<D>, tape: &Gradients, expected: &Value) {
    slopes_of(leaf.grad(tape).unwrap(), expected);
}

#[track_caller]
fn slopes_of<const D: usize>(found: Tensor<D>, expected: &Value) {
    let limit = by_type(found.dtype(), 1e-9, 1e-4);
    let expected = numbers(expected);
    let largest = expected.iter().fold(1.0_f64, |most, x| most.max(x.abs()));
    let unit = |x: &[f64]| x.iter().map(|x| x / largest).collect::<Vec<_>>();
    let gap = gap_of(&unit(&values(found)), &unit(&expected));
    assert!(gap < limit, "{gap:e}");
}

/// Gradients of W, b and ln λ.
#[track_caller]
fn layer_slopes(layer: &LorentzLinear, tape: &Gradients, expected: [&Value; 3]) {
    let weight = layer.linear.weight.val().grad(tape).unwrap();
    slopes_of(weight.transpose(), expected[0]);
    if let Some(bias) = &layer.linear.bias {
        slopes(&bias.val(), tape, expected[1]);
    }
    slopes(&layer.log_scale.val(), tape, expected[2]);
}

/// A layer with the parameters `[weight, bias, ln λ]`.
fn layer(
    config: LorentzLinearConfig,
    [weight, bias, scale]: [&Value; 3],
    options: Options<'_>,
) -> LorentzLinear {
    let mut layer = config.init(Seed::new(0), options.0).unwrap();
    layer.linear = linear(weight, bias, options);
    let scale = numbers(scale);
    layer.log_scale = Param::from_tensor(tensor(&scale, [1], options.0, options.1));
    layer
}

fn mt(d_input: usize, d_output: usize) -> LorentzLinearConfig {
    LorentzLinearConfig {
        parity: Some(Parity::Mt),
        ..LorentzLinearConfig::new(d_input, d_output)
    }
}

/// The parameters under `prefix` as the translation code names them.
fn named<'a>(params: &'a Value, prefix: &str) -> [&'a Value; 3] {
    ["weight.weight", "weight.bias", "scale"].map(|name| &params[format!("{prefix}{name}")])
}

#[test]
fn linear_layers_of_graphs() {
    let file: Value =
        serde_json::from_str(include_str!("../../fixtures/lorentz_linear_gcn.json")).unwrap();
    everywhere(|options| {
        for (name, activation) in [
            ("plain", None),
            ("nobias", None),
            ("relu_before", Some(Activation::Relu)),
        ] {
            let case = &file[name];
            let x = array::<2>(&case["inputs"]["x"], options).require_grad();
            let upstream = array::<2>(&case["inputs"]["upstream"], options);
            let config = LorentzLinearConfig {
                activation,
                parity: Some(Parity::Gcn),
                ..LorentzLinearConfig::new(x.dims()[1], upstream.dims()[1])
            };
            let of = |part: &'static str, weight| {
                [weight, "bias", "scale_log"].map(|name| &case[part][name])
            };
            let layer = layer(config, of("params", "weight_out_in"), options);
            let y = layer.forward(x.clone(), None);
            meets(y.clone(), &case["outputs"]["y"]);
            let tape = (y * upstream).sum().backward();
            slopes(&x, &tape, &case["grads"]["x"]);
            layer_slopes(&layer, &tape, of("grads", "weight"));
        }
    });
}

fn translation() -> Value {
    serde_json::from_str(include_str!("../../fixtures/lorentz_linear_mt.json")).unwrap()
}

#[test]
fn linear_layers_of_translation() {
    let file = translation();
    everywhere(|options| {
        let case = &file["residual_add_all_coords"];
        let input = |name: &str| array::<3>(&case["inputs"][name], options).require_grad();
        let (x, residual) = (input("x"), input("residual"));
        let plain = layer(mt(8, 8), named(&case["params"], ""), options);
        let y = plain.forward_residual(x.clone(), residual.clone(), None);
        meets(y.clone(), &case["outputs"]["y"]);
        let tape = (y * input("upstream").detach()).sum().backward();
        slopes(&x, &tape, &case["grads"]["x"]);
        slopes(&residual, &tape, &case["grads"]["residual"]);
        layer_slopes(&plain, &tape, named(&case["grads"]["params"], ""));

        let case = &file["split_heads2"];
        let config = LorentzLinearConfig {
            output_heads: 2,
            ..mt(8, 8)
        };
        let split = layer(config, named(&case["params"], ""), options);
        let y = split.forward(array::<3>(&case["inputs"]["x"], options), None);
        meets(y, &case["outputs"]["y"]);

        let case = &file["merge_heads2_residual"];
        let config = LorentzLinearConfig {
            input_heads: 2,
            bias: false,
            ..mt(8, 8)
        };
        let merge = layer(config, named(&case["params"], ""), options);
        let heads = array::<4>(&case["inputs"]["x"], options).swap_dims(1, 2);
        let residual = array::<3>(&case["inputs"]["residual"], options);
        let y = merge.forward_residual(merge_heads(heads), residual, None);
        meets(y, &case["outputs"]["y"]);
    });
}

#[test]
fn feed_forward_blocks() {
    let file = translation();
    let case = &file["feed_forward_8_16_relu_residual"];
    everywhere(|options| {
        let config = TransformerConfig {
            d_feed_forward: 16,
            parity: Some(Parity::Mt),
            ..TransformerConfig::new(8, 1, 1)
        };
        let mut block = config.feed_forward(Seed::new(0), options.0).unwrap();
        let relu = LorentzLinearConfig {
            activation: Some(Activation::Relu),
            ..mt(16, 8)
        };
        block.input = layer(mt(8, 16), named(&case["params"], "w_1."), options);
        block.output = layer(relu, named(&case["params"], "residual."), options);
        let context = still();
        let x = array::<3>(&case["inputs"]["x"], options);
        let y = block.forward(x, DropoutSites::new(&context, 0));
        meets(y, &case["outputs"]["y"]);
    });
}

#[test]
fn attention() {
    let file: Value = serde_json::from_str(include_str!("../../fixtures/attention.json")).unwrap();
    let (params, grads) = (&file["params"], &file["grads"]["params"]);
    everywhere(|options| {
        let input = |name: &str| array::<3>(&file["inputs"][name], options).require_grad();
        let (query, source) = (input("query"), input("key_value"));
        let mask = &file["inputs"]["mask_true_is_masked"];
        let hidden: Vec<bool> = mask
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|example| example.as_array().unwrap())
            .flat_map(|row| row.as_array().unwrap())
            .map(|cell| cell.as_bool().unwrap())
            .collect();
        assert!(hidden.iter().any(|cell| *cell));
        let mask = Tensor::<3, Bool>::from_data(
            TensorData::new(hidden, [2, 3, 4]),
            &options.0.clone().inner(),
        );
        let config = LorentzLinearConfig {
            output_heads: 2,
            ..mt(8, 8)
        };
        let config_of = LorentzAttentionConfig {
            parity: Some(Parity::Mt),
            ..LorentzAttentionConfig::new(8, 2)
        };
        let mut attention = config_of.init(Seed::new(0), options.0).unwrap();
        attention.query = layer(config, named(params, "linear_query."), options);
        attention.key = layer(config, named(params, "linear_keys."), options);
        attention.value = layer(config, named(params, "linear_values."), options);
        attention.score_scale = Param::from_tensor(array(&params["scale"], options));
        let bias = numbers(&params["bias"]);
        attention.score_bias = Param::from_tensor(tensor(&bias, [1], options.0, options.1));

        let context = still();
        let sites = DropoutSites::new(&context, 0);
        let (y, weights) = attention.forward(query.clone(), source.clone(), Some(mask), sites);
        meets(y.clone(), &file["outputs"]["context_b_q_h_d"]);
        meets(weights, &file["outputs"]["attn_b_h_q_k"]);
        let upstream = array::<4>(&file["inputs"]["upstream"], options).reshape(y.dims());
        let tape = (y * upstream).sum().backward();
        slopes(&query, &tape, &file["grads"]["query"]);
        slopes(&source, &tape, &file["grads"]["key_value"]);
        slopes(&attention.score_scale.val(), &tape, &grads["scale"]);
        slopes(&attention.score_bias.val(), &tape, &grads["bias"]);
        layer_slopes(&attention.query, &tape, named(grads, "linear_query."));
        layer_slopes(&attention.key, &tape, named(grads, "linear_keys."));
        layer_slopes(&attention.value, &tape, named(grads, "linear_values."));
    });
}

/// Two graph convolutions and class scores with the margin losses of node classification and link
/// prediction.
#[test]
fn graph_convolutions() {
    let file: Value = serde_json::from_str(include_str!("../../fixtures/graph.json")).unwrap();
    let (params, grads) = (&file["params"], &file["grads_nc"]);
    let table = numbers(&file["inputs"]["adj_norm_dense"]);
    let adjacency = Csr::<f64>::from_dense(6, 6, &table).unwrap();
    let k = Curvature::UNIT;
    everywhere(|options| {
        let convolution = |name: &str, d_input, d_output, activation| {
            let linear = LorentzLinearConfig {
                activation,
                parity: Some(Parity::Gcn),
                ..LorentzLinearConfig::new(d_input, d_output)
            };
            let config = GraphConvolutionConfig {
                linear,
                attention: false,
            };
            let mut made = config.init(Seed::new(0), options.0).unwrap();
            made.linear = layer(linear, named(&params[name], "linear."), options);
            made
        };
        let first = convolution("gc1", 4, 5, None);
        let second = convolution("gc2", 5, 4, Some(Activation::Relu));
        let centers = ManifoldParam::from_points(array(&params["cls"], options), k).unwrap();
        let mut head = cast(DistanceHead::new(centers), options.1);
        head.bias = Param::from_tensor(array(&params["cls_bias"], options));

        let x = array::<2>(&file["inputs"]["x_hyp"], options);
        let h1 = first.forward(x, &adjacency, None);
        let h2 = second.forward(h1.clone(), &adjacency, None);
        let scores = head.forward(h2.clone());
        meets(h1, &file["outputs"]["h1"]);
        meets(h2.clone(), &file["outputs"]["h2"]);
        meets(scores.clone(), &file["outputs"]["logits"]);

        let labels: Vec<i64> = numbers(&file["inputs"]["labels"])
            .iter()
            .map(|label| *label as i64)
            .collect();
        let labels = Tensor::<2, Int>::from_data(TensorData::new(labels, [6, 1]), options.0);
        let right = scores.clone().gather(1, labels);
        let loss = (scores - right).add_scalar(2.0).clamp_min(0.0).mean();
        meets(loss.clone(), &file["outputs"]["nc_margin_loss"]);
        let tape = loss.backward();
        for (layer, name) in [(&first.linear, "gc1"), (&second.linear, "gc2")] {
            layer_slopes(layer, &tape, named(&grads[name], "linear."));
        }
        slopes(&head.centers.val(), &tape, &grads["cls"]);
        slopes(&head.bias.val(), &tape, &grads["cls_bias"]);

        let ends = |which: &str, end: usize| {
            let ids: Vec<i64> = numbers(&file["lp"][which])
                .iter()
                .skip(end)
                .step_by(2)
                .map(|id| *id as i64)
                .collect();
            let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [3]), options.0);
            h2.clone().detach().select(0, ids)
        };
        let score = |which: &str| squared_distance(ends(which, 0), ends(which, 1), k).neg();
        meets(score("pos"), &file["lp"]["pos_scores"]);
        meets(score("neg"), &file["lp"]["neg_scores"]);
    });
}
