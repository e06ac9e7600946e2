//! `bench lorentz`: what hyperbolic layers cost beside Euclidean ones.

use std::rc::Rc;

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::nn::attention::{MhaInput, MultiHeadAttention, MultiHeadAttentionConfig};
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::nn::init::{Init, initialize, uniform};
use plm_core::nn::{DropoutContext, apply, zero_linear};
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_lorentz::Curvature;
use plm_lorentz::geometry::lift;
use plm_lorentz::nn::{
    DropoutSites, LorentzAttention, LorentzAttentionConfig, LorentzLinear, LorentzLinearConfig,
    TimeFromSpace, TimeFromSpaceConfig,
};
use serde_json::json;

use super::{Case, Context, Plan};

/// Rows of a batch.
const ROWS: usize = 4096;
/// Widths of the layers, time included.
const WIDTHS: [usize; 3] = [64, 256, 512];
/// Batch, length, width and heads of the attention.
const ATTENTION: [usize; 4] = [16, 128, 256, 8];

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let on_gpu = context.device.starts_with("cuda");
    let setup = json!({
        "op": "setup",
        "device": if on_gpu { "cuda" } else { "cpu" },
        "threads": context.threads,
    });
    let mut cases = Vec::new();
    for width in WIDTHS {
        cases.extend(layers(width, &device)?);
    }
    cases.push(attention(&device)?);
    Ok(Plan {
        setup: vec![setup],
        cases,
    })
}

/// Points as a batch that asks for gradients itself, as the output of an earlier layer does.
fn points<const D: usize>(shape: [usize; D], device: &Device) -> Tensor<D> {
    let mut space = shape;
    space[D - 1] -= 1;
    let values = uniform(Seed::new(1), "points", space.iter().product(), 1.0);
    let space = Tensor::from_data(TensorData::new(values, space), device);
    lift(space, Curvature::UNIT)
}

/// The gradients of `module` and of the batch.
fn backward<M: Module, const D: usize>(
    output: Tensor<D>,
    batch: &Tensor<D>,
    module: &M,
) -> Result<()> {
    let loss = output.sum();
    std::hint::black_box(Gradients::of(&loss, module)?);
    std::hint::black_box(batch);
    Ok(batch.device().sync()?)
}

/// Forward and backward pass of the Lorentz layers against the Euclidean one of the same widths, ours and
/// PyTorch's.
fn layers(width: usize, device: &Device) -> Result<Vec<Case>> {
    let device = device.clone().autodiff();
    let rows = points([ROWS, width], &device).require_grad();
    let rule = |_: &str| Init::Glorot;
    let linear: Linear = initialize(zero_linear(width, width, true, &device), Seed::new(2), rule);
    let lorentz = LorentzLinearConfig::new(width, width).init(Seed::new(3), &device)?;
    let from_space = TimeFromSpaceConfig::new(width, width).init(Seed::new(4), &device)?;
    let (linear, lorentz) = (Rc::new(linear), Rc::new(lorentz));
    let from_space = Rc::new(from_space);
    let euclidean = || {
        let (layer, rows) = (Rc::clone(&linear), rows.clone());
        move || backward(apply(&layer, rows.clone()), &rows, layer.as_ref())
    };
    let by_lorentz = || {
        let (layer, rows): (Rc<LorentzLinear>, _) = (Rc::clone(&lorentz), rows.clone());
        move || backward(layer.forward(rows.clone(), None), &rows, layer.as_ref())
    };
    let by_space = || {
        let (layer, rows): (Rc<TimeFromSpace>, _) = (Rc::clone(&from_space), rows.clone());
        move || backward(layer.forward(rows.clone()), &rows, layer.as_ref())
    };
    let request = || json!({"op": "linear", "rows": ROWS, "width": width});
    let name = |layer: &str, other: &str| format!("{layer}.d{width}.b{ROWS}.{other}");
    let beside = "Euclidean layer";
    Ok(vec![
        Case::timed(name("lorentz_linear", "linear"), by_lorentz()).baseline(beside, euclidean()),
        Case::timed(name("lorentz_linear", "torch"), by_lorentz()).peer(request()),
        Case::timed(name("time_from_space", "linear"), by_space()).baseline(beside, euclidean()),
        Case::timed(name("time_from_space", "torch"), by_space()).peer(request()),
    ])
}

/// Forward and backward pass of attention by Lorentzian distance against attention by inner products.
fn attention(device: &Device) -> Result<Case> {
    let device = device.clone().autodiff();
    let [batch, length, width, heads] = ATTENTION;
    let rows = points([batch, length, width], &device).require_grad();
    let layer = LorentzAttentionConfig::new(width, heads).init(Seed::new(5), &device)?;
    let euclidean = MultiHeadAttentionConfig::new(width, heads)
        .with_dropout(0.0)
        .init(&device);
    let id = format!("attention.b{batch}.s{length}.d{width}.h{heads}");
    let x = rows.clone();
    let ours = move || {
        let layer: &LorentzAttention = &layer;
        let calm = DropoutContext::default();
        let (out, _) = layer.forward(x.clone(), x.clone(), None, DropoutSites::new(&calm, 0));
        backward(out, &x, layer)
    };
    Ok(
        Case::timed(id, ours).baseline("burn's attention by inner products", move || {
            let layer: &MultiHeadAttention = &euclidean;
            let out = layer.forward(MhaInput::self_attn(rows.clone())).context;
            backward(out, &rows, layer)
        }),
    )
}
