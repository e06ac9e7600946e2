//! `bench pretrain`: the loss curve of `cargo xtask pretrain` against the same pre-training in PyTorch.
//!
//! A model of plm-mini's size and settings begins from the same weights on both sides and sees the same
//! windows with the same noise; what dropout draws differs. Losses are of held-out text.

use std::cell::OnceCell;
use std::path::Path;
use std::rc::Rc;

use anyhow::{Context as _, Result};
use plm_core::checkpoint::SaveOptions;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize_to_file};
use serde_json::json;

use super::{Case, Context, Plan};
use crate::pretrain::{
    ADAMW, Arguments, MAX_GRAD_NORM, MaskedWindows, Start, WEIGHT_DECAY, batches, curve, train,
};

/// Steps in all, until the peak of the learning rate, and between evaluations.
const STEPS: u64 = 400;
const WARMUP: u64 = 100;
const EVERY: u64 = 50;
/// Label of a token whose loss does not count.
const IGNORED: i32 = -100;

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let folder = tempfile::tempdir()?;
    let arguments = Arguments {
        texts: vec![context.store.dir("imdb")?.join("train.jsonl.gz")],
        out: folder.path().join("run"),
        tokenizer: Some(context.root.join("models/plm-mini")),
        init: None,
        vocab_size: 8192,
        layers: 4,
        width: 256,
        heads: 4,
        intermediate: 1024,
        steps: STEPS,
        batch: 32,
        length: 128,
        lr: 6e-4,
        warmup: WARMUP,
        evaluate_every: EVERY,
        held_out: 100_000,
        seed: 1,
        device: context.device.clone(),
        parts: None,
        replicas: Vec::new(),
    };
    let start = Start::new(&arguments, &|_| ())?;
    let (model, text) = (
        folder.path().join("model"),
        folder.path().join("text.safetensors"),
    );
    start.model.save(&model, &SaveOptions::new())?;
    let parts = [
        ("training", batches(&arguments, &start)?),
        ("held_out", start.held_out(&arguments)?),
    ];
    write(&text, &parts, arguments.length)?;
    let load = json!({
        "op": "load",
        "dir": model,
        "text": text,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
        "batch": arguments.batch,
        "steps": STEPS,
        "warmup": WARMUP,
        "rate": arguments.lr,
        "betas": [ADAMW.beta_1, ADAMW.beta_2],
        "epsilon": ADAMW.epsilon,
        "weight_decay": WEIGHT_DECAY,
        "max_grad_norm": MAX_GRAD_NORM,
    });
    let ours = Rc::new(Ours {
        arguments,
        start,
        curve: OnceCell::new(),
        _folder: folder,
    });
    let cases = (0..=STEPS / EVERY).map(|place| {
        let (step, ours) = (place * EVERY, Rc::clone(&ours));
        // No growth curve begins at 0.
        let name = match step {
            0 => "start".to_owned(),
            _ => format!("step{step}"),
        };
        Case::value(format!("held_out_loss.{name}"), "nats", move || {
            ours.loss(step)
        })
        .warmup(0)
        .rounds(1)
        .peer(json!({ "op": "held_out_loss", "step": step }))
    });
    Ok(Plan {
        setup: vec![load],
        cases: cases.collect(),
    })
}

/// Our run, made where its first loss is asked for.
struct Ours {
    arguments: Arguments,
    start: Start,
    curve: OnceCell<Vec<(f64, f64)>>,
    /// Where the run writes.
    _folder: tempfile::TempDir,
}

impl Ours {
    fn loss(&self, step: u64) -> Result<f64> {
        let points = match self.curve.get() {
            Some(points) => points,
            None => {
                train(&self.arguments, &self.start)?;
                let points = curve(&self.arguments)?;
                self.curve.get_or_init(|| points)
            }
        };
        let point = points.iter().find(|(other, _)| *other == step as f64);
        let (_, loss) = point.with_context(|| format!("no evaluation at step {step}"))?;
        Ok(*loss)
    }
}

/// Writes ids and labels of both parts, `[windows, length]` each.
fn write(path: &Path, parts: &[(&str, Vec<MaskedWindows>)], length: usize) -> Result<()> {
    let mut tensors = Vec::new();
    for (name, batches) in parts {
        let (mut ids, mut labels) = (Vec::new(), Vec::new());
        for batch in batches {
            let mut wanted = vec![IGNORED; batch.ids.len()];
            for (&place, &target) in batch.places.iter().zip(&batch.targets) {
                wanted[usize::try_from(place)?] = i32::try_from(target)?;
            }
            for &id in &batch.ids {
                ids.extend(i32::try_from(id)?.to_le_bytes());
            }
            labels.extend(wanted.into_iter().flat_map(i32::to_le_bytes));
        }
        tensors.push((format!("{name}_ids"), ids));
        tensors.push((format!("{name}_labels"), labels));
    }
    let views: Vec<(&str, TensorView<'_>)> = (tensors.iter())
        .map(|(name, bytes)| {
            let shape = vec![bytes.len() / size_of::<i32>() / length, length];
            Ok((name.as_str(), TensorView::new(Dtype::I32, shape, bytes)?))
        })
        .collect::<Result<_>>()?;
    serialize_to_file(views, None, path).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use safetensors::SafeTensors;

    use super::*;

    #[test]
    fn labels_stand_where_the_noise_is() {
        let batch = MaskedWindows {
            ids: vec![2, 4, 70, 2, 80, 4],
            windows: 2,
            places: vec![1, 5],
            targets: vec![71, 81],
        };
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.safetensors");
        write(&path, &[("training", vec![batch.clone(), batch])], 3).unwrap();
        let bytes = std::fs::read(&path).unwrap();
        let file = SafeTensors::deserialize(&bytes).unwrap();
        let numbers = |name: &str| -> Vec<i32> {
            let tensor = file.tensor(name).unwrap();
            assert_eq!(tensor.shape(), [4, 3]);
            let words = tensor.data().chunks_exact(4);
            words
                .map(|word| i32::from_le_bytes(word.try_into().unwrap()))
                .collect()
        };
        assert_eq!(numbers("training_ids")[6..], [2, 4, 70, 2, 80, 4]);
        assert_eq!(
            numbers("training_labels")[..6],
            [IGNORED, 71, IGNORED, IGNORED, IGNORED, 81]
        );
    }
}
