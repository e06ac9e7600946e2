//! `bench core`: MiniLM-L6 forward, training step, latency, load time and memory.

use std::cell::RefCell;

use anyhow::{Result, anyhow, bail};
use burn::module::Module;
use burn::tensor::{Device, FloatDType, Tensor};
use plm_core::models::{EncoderInput, EncoderModel, Pretrained};
use plm_core::rng::Seed;
use plm_core::train::{
    AdamWConfig, Gradients, Optimizer, ShuffledIndices, StepLoss, TrainConfig, TrainReport,
    Trainer, Until,
};
use serde_json::{Value, json};

use super::ids::peer_ids;
use super::{Case, Context, Plan, peak_memory};

fn request(op: &str, batch: usize, length: usize) -> Value {
    json!({ "op": op, "batch": batch, "seq": length, "rate": 1e-5 })
}

/// The cases, with the model loaded.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let mut device = plm_core::device::parse(&context.device)?;
    let float = match context.dtype.as_str() {
        "f32" => FloatDType::F32,
        "bf16" => FloatDType::BF16,
        "f16" => FloatDType::F16,
        other => bail!("`--dtype {other}`: f32, bf16 or f16"),
    };
    // Before the first tensor: the device then makes all of them in this type, weights included.
    device
        .configure(float)
        .map_err(|error| anyhow!("`{}` in {}: {error:?}", context.device, context.dtype))?;
    let folder = context.store.dir("minilm-l6")?;
    let load = json!({
        "op": "load",
        "dir": folder,
        "device": context.peer_device(),
        "dtype": context.dtype,
        "threads": context.threads,
    });
    let model = without_pooler(Pretrained::<EncoderModel>::load(&folder, &device)?);
    let mut cases = Vec::new();
    {
        let (folder, device) = (folder.clone(), device.clone());
        let case = Case::timed("load", move || {
            Pretrained::<EncoderModel>::load(&folder, &device)?;
            device.sync()?;
            Ok(())
        });
        cases.push(case.peer(load.clone()));
    }
    for (name, batch, length) in [("forward", 32, 128), ("latency", 1, 16)] {
        let (model, device) = (model.clone(), device.clone());
        let input = EncoderInput::ids(peer_ids(batch, length, model.config.vocab_size, &device));
        let case = Case::timed(format!("{name}.b{batch}.s{length}"), move || {
            let hidden = model.forward(&input).last_hidden_state;
            device.sync()?;
            drop(hidden);
            Ok(())
        });
        let case = if name == "latency" {
            case.warmup(5).rounds(50)
        } else {
            case
        };
        cases.push(case.peer(request("forward", batch, length)));
    }
    cases.push(train_step(model.clone(), &device));
    // Ours is the process's memory: on a GPU the two sides would not measure the same thing.
    if !context.device.starts_with("cuda") {
        cases.push(
            Case::value("peak_memory", "MiB", peak_memory)
                .warmup(0)
                .rounds(1)
                .peer(json!({ "op": "peak_memory" })),
        );
    }
    for layers in [6, 2] {
        cases.push(first_token(model.clone(), layers, &device));
    }
    cases.push(data_parallel(model, &device)?);
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}

fn without_pooler(mut pretrained: Pretrained<EncoderModel>) -> EncoderModel {
    pretrained.model.pooler = None;
    pretrained.model
}

/// Forward, backward and AdamW over all weights.
fn step(
    model: EncoderModel,
    device: &Device,
    loss: impl Fn(&EncoderModel, &EncoderInput) -> Tensor<1> + 'static,
) -> impl FnMut() -> Result<()> + 'static {
    let device = device.clone().autodiff();
    let input = EncoderInput::ids(peer_ids(32, 128, model.config.vocab_size, &device));
    let optimizer = Optimizer::adamw(AdamWConfig::default(), 1e-5).with_weight_decay(0.01);
    let mut state = Some((model.train(), optimizer));
    move || {
        let Some((model, mut optimizer)) = state.take() else {
            anyhow::bail!("an earlier training step failed")
        };
        let loss = loss(&model, &input);
        let gradients = Gradients::of(&loss, &model)?;
        let model = optimizer.step(model, gradients, 1.0);
        device.sync()?;
        state = Some((model, optimizer));
        Ok(())
    }
}

/// A step of all tokens.
fn train_step(model: EncoderModel, device: &Device) -> Case {
    let whole = |model: &EncoderModel, input: &EncoderInput| {
        model.forward(input).last_hidden_state.square().mean()
    };
    Case::timed("train_step.b32.s128", step(model, device, whole)).peer(request(
        "train_step",
        32,
        128,
    ))
}

/// A step that reads the first token alone, of the model's first `layers` layers.
fn first_token(mut model: EncoderModel, layers: usize, device: &Device) -> Case {
    model.layers.truncate(layers);
    let own = |model: &EncoderModel, input: &EncoderInput| model.first_token(input).square().mean();
    let whole = |model: &EncoderModel, input: &EncoderInput| {
        let hidden = model.forward(input).last_hidden_state;
        hidden.narrow(1, 0, 1).square().mean()
    };
    let id = format!("first_token.l{layers}.b32.s128");
    Case::timed(id, step(model.clone(), device, own))
        .baseline("the last layer for all tokens", step(model, device, whole))
}

/// An optimizer step whose two halves are worked on by two replicas, against one half after the other.
fn data_parallel(model: EncoderModel, device: &Device) -> Result<Case> {
    let devices = [device.clone(), device.clone()];
    let own = Halves::new(model.clone(), device)?;
    let other = Halves::new(model, device)?;
    let case = Case::timed("data_parallel.2x16.s128", move || {
        own.step(|trainer, model, batches| {
            let step = |model: &_, device: &_, _, _: &_| Halves::loss(model, device);
            trainer.fit_parallel(model, &devices, batches, step)
        })
    });
    let autodiff = device.clone().autodiff();
    Ok(case.baseline("one after the other", move || {
        other.step(|trainer, model, batches| {
            trainer.fit(model, batches, |model, _, _| Halves::loss(model, &autodiff))
        })
    }))
}

/// A model in training, two batches a step.
struct Halves {
    state: RefCell<Option<(EncoderModel, Trainer<'static>)>>,
    device: Device,
}

impl Halves {
    fn new(model: EncoderModel, device: &Device) -> Result<Self> {
        let config = TrainConfig {
            accumulation: 2,
            ..TrainConfig::new(Until::Steps(1))
        };
        let optimizer = Optimizer::adamw(AdamWConfig::default(), 1e-5);
        let trainer = Trainer::new(config, optimizer)?;
        Ok(Self {
            state: RefCell::new(Some((model, trainer))),
            device: device.clone(),
        })
    }

    fn step(
        &self,
        fit: impl FnOnce(
            &mut Trainer<'static>,
            EncoderModel,
            &mut ShuffledIndices,
        ) -> plm_core::Result<(EncoderModel, TrainReport)>,
    ) -> Result<()> {
        let Some((model, mut trainer)) = self.state.take() else {
            bail!("an earlier training step failed")
        };
        let mut batches = ShuffledIndices::new(2, 1, Seed::new(1))?;
        let (model, _) = fit(&mut trainer, model, &mut batches)?;
        self.device.sync()?;
        self.state.replace(Some((model, trainer)));
        Ok(())
    }

    fn loss(model: &EncoderModel, device: &Device) -> plm_core::Result<StepLoss> {
        let input = EncoderInput::ids(peer_ids(16, 128, model.config.vocab_size, device));
        let hidden = model.forward(&input).last_hidden_state;
        Ok(StepLoss::from(hidden.square().mean()))
    }
}
