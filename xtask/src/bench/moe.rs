//! `bench moe`: feed-forward layers of experts against the dense layer, ours and the peer's.

use std::collections::BTreeMap;
use std::rc::Rc;

use anyhow::{Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::config::EncoderConfig;
use plm_core::kernel::Activation;
use plm_core::models::{EncoderInput, EncoderModel, Pretrained};
use plm_core::nn::{FeedForward, FeedForwardConfig, init};
use plm_core::rng::Seed;
use plm_moe::exec::Planner;
use plm_moe::flops::{LayerSize, mlp_router};
use plm_moe::split::{BalancedKMeans, normalized_rows};
use plm_moe::{
    FeedForwards as _, FfnInputs, LayerId, MlpRouterConfig, MoeConfig, MoeLayer, Policy,
    RouterKind, SharedPlanner, SparseFfn, SplitKind, with_sparse_experts,
};
use rand::RngExt;
use serde_json::json;

use super::{Case, Context, Plan};
use crate::rerun::on_processor;

/// Tokens of a call.
const TOKENS: [usize; 4] = [1, 16, 128, 512];
/// Widths of the layers; they have four times as many neurons.
const WIDTHS: [usize; 3] = [256, 768, 1024];
/// Shares of the experts in percent.
const SHARES: [u32; 3] = [10, 20, 25];
const EXPERT_SIZE: usize = 32;
/// Captured tokens that a conversion learns from: about those of 1,000 sentences.
const CONVERSION_TOKENS: usize = 20_000;

/// The cases.
///
/// # Errors
/// Where the device is not the processor: experts are skipped there only.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    ensure!(
        on_processor(&context.device),
        "device `{}`: the paths that skip experts are for CPUs, flex and ndarray",
        context.device
    );
    let device = plm_core::device::parse(&context.device)?;
    let setup = json!({
        "op": "load",
        "device": context.peer_device(),
        "threads": context.threads,
    });
    let mut cases = Vec::new();
    for width in WIDTHS {
        cases.extend(layers(width, &device)?);
    }
    cases.extend(encoder(&device)?);
    cases.push(conversion());
    cases.push(conversion_of_a_layer(&device));
    Ok(Plan {
        setup: vec![setup],
        cases,
    })
}

fn normals(count: usize, name: &str) -> Vec<f32> {
    let mut rng = Seed::new(0).stream(name);
    (0..count)
        .map(|_| (0..12).map(|_| rng.random::<f32>()).sum::<f32>() - 6.0)
        .collect()
}

/// A dense layer with random weights.
fn dense(width: usize, device: &Device) -> FeedForward {
    let layer = FeedForwardConfig {
        hidden_size: width,
        intermediate_size: 4 * width,
        activation: Activation::Relu,
        gated: false,
        bias: true,
    }
    .init(device);
    let deviation = 1.0 / (width as f64).sqrt();
    init::initialize(layer, Seed::new(1), |_| init::Init::Normal(deviation))
}

/// The layer in experts, divided at random: weights without structure gain nothing from clustering,
/// and the time does not depend on it. The router is the trained kind's first state.
fn converted(dense: &FeedForward, width: usize) -> Result<MoeLayer> {
    let inputs = FfnInputs {
        width,
        rows: normals(64 * width, "rows"),
    };
    let config = MoeConfig {
        expert_size: EXPERT_SIZE,
        split: SplitKind::Random,
        router: RouterKind::Mlp(MlpRouterConfig {
            epochs: 0,
            ..MlpRouterConfig::default()
        }),
        ..MoeConfig::default()
    };
    Ok(MoeLayer::convert(dense, &inputs, &config, Seed::new(0))?)
}

/// The fast form with `percent` of the experts.
fn fast(layer: &MoeLayer, percent: u32, planner: &SharedPlanner) -> Result<SparseFfn> {
    let config = MoeConfig {
        share: f64::from(percent) / 100.0,
        ..MoeConfig::default()
    };
    let mut layer = layer.clone();
    layer.policy = Policy::TopK(config.k(layer.partition.experts())?);
    Ok(SparseFfn::new(&layer, planner)?)
}

/// One layer, router and choice included, for every number of tokens and share: against our dense layer,
/// then against the peer's.
fn layers(width: usize, device: &Device) -> Result<Vec<Case>> {
    let layer = converted(&dense(width, device), width)?;
    let planner = SharedPlanner::new(Planner::default());
    let mut cases = Vec::new();
    for percent in SHARES {
        let own = Rc::new(fast(&layer, percent, &planner)?);
        for tokens in TOKENS {
            let rounds = if tokens <= 16 { 100 } else { 20 };
            let x = Rc::new(normals(tokens * width, "inputs"));
            let id = format!("ffn.d{width}.t{tokens}.r{percent}");
            let run = |own: &Rc<SparseFfn>, x: &Rc<Vec<f32>>| {
                let (own, x) = (Rc::clone(own), Rc::clone(x));
                move || {
                    std::hint::black_box(own.run(&x)?);
                    Ok(())
                }
            };
            let (other, rows) = (Rc::clone(&own), Rc::clone(&x));
            let case = Case::timed(format!("{id}.dense"), run(&own, &x));
            let case = case.baseline("our dense layer", move || {
                std::hint::black_box(other.layer().dense(&rows)?);
                Ok(())
            });
            cases.push(case.warmup(3).rounds(rounds));
            let case = Case::timed(format!("{id}.torch"), run(&own, &x));
            let request = json!({
                "op": "forward", "tokens": tokens, "width": width, "neurons": 4 * width,
            });
            cases.push(case.peer(request).warmup(3).rounds(rounds));
        }
    }
    Ok(cases)
}

/// BERT-base's shape with ReLU and random weights, six layers, at 20 %.
fn encoder(device: &Device) -> Result<Vec<Case>> {
    let config = EncoderConfig {
        num_hidden_layers: 6,
        hidden_act: Activation::Relu,
        ..EncoderConfig::bert(1_000)
    };
    let model = Pretrained::<EncoderModel>::new(&config, Seed::new(1), device)?.model;
    let layers = model
        .ffns()
        .into_iter()
        .map(|(id, ffn)| Ok((id, converted(&ffn, config.hidden_size)?)))
        .collect::<Result<BTreeMap<LayerId, MoeLayer>>>()?;
    let planner = SharedPlanner::new(Planner::default());
    let sparse = Rc::new(with_sparse_experts(model.clone(), &layers, &planner)?);
    let model = Rc::new(model);
    let mut cases = Vec::new();
    for (batch, length) in [(1, 1), (1, 16), (1, 128), (8, 128)] {
        let ids: Vec<i64> = (0..batch * length)
            .map(|place| (place * 7 % 900) as i64)
            .collect();
        let ids: Tensor<2, Int> = Tensor::from_data(TensorData::new(ids, [batch, length]), device);
        let input = EncoderInput::ids(ids);
        let (ours, dense) = (Rc::clone(&sparse), Rc::clone(&model));
        let (own, other) = (input.clone(), input);
        let (here, there) = (device.clone(), device.clone());
        let case = Case::timed(format!("encoder.d768.b{batch}.s{length}.r20"), move || {
            let hidden = ours.forward(&own).last_hidden_state;
            here.sync()?;
            drop(hidden);
            Ok(())
        });
        let case = case.baseline("the dense encoder", move || {
            let hidden = dense.forward(&other).last_hidden_state;
            there.sync()?;
            drop(hidden);
            Ok(())
        });
        cases.push(case.warmup(3).rounds(15));
        cases.push(operations(&config, batch, length)?);
    }
    Ok(cases)
}

/// Operations of the same encoder at 20 %, of the experts as they are rounded, routers included: their
/// ratio is the most that skipping experts can give.
fn operations(config: &EncoderConfig, batch: usize, length: usize) -> Result<Case> {
    let size = LayerSize {
        hidden_size: config.hidden_size,
        attention_size: config.hidden_size,
        neurons: config.intermediate_size,
        gated: false,
        context: length,
    };
    let all = config.intermediate_size / EXPERT_SIZE;
    let share = MoeConfig::default().k(all)? as f64 / all as f64;
    let router = mlp_router(config.hidden_size, all);
    let tokens = (config.num_hidden_layers * batch * length) as f64;
    let dense = tokens * size.encoder_layer() / 1e9;
    let experts = dense * size.encoder_ratio(share, router);
    let id = format!("encoder.d768.b{batch}.s{length}.r20.operations");
    let case = Case::value(id, "GFLOP", move || Ok(experts))
        .baseline_value("the dense encoder", move || Ok(dense));
    Ok(case.warmup(0).rounds(1))
}

/// A BERT-base layer, 3072 neurons in 96 experts, by the defaults: clusters, and a network trained as
/// router.
fn conversion_of_a_layer(device: &Device) -> Case {
    let dense = dense(768, device);
    let inputs = FfnInputs {
        width: 768,
        rows: normals(CONVERSION_TOKENS * 768, "captured"),
    };
    Case::timed("conversion.f3072.e96.whole", move || {
        let config = MoeConfig::default();
        std::hint::black_box(MoeLayer::convert(&dense, &inputs, &config, Seed::new(0))?);
        Ok(())
    })
    .warmup(0)
    .rounds(2)
}

/// Balanced clustering alone of such a layer.
fn conversion() -> Case {
    let rows = normals(3072 * 768, "weights");
    Case::timed("conversion.f3072.e96", move || {
        let rows = normalized_rows(&rows, 768)?;
        BalancedKMeans::new(0).fit(&rows, 768, 96)?;
        Ok(())
    })
    .warmup(0)
    .rounds(3)
}
