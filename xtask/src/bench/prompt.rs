//! `bench prompt`: a step of prompt tuning against PEFT, and what each saving is worth.

use std::cell::RefCell;
use std::rc::Rc;

use anyhow::{Result, bail};
use burn::module::Module;
use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, Pretrained, loss};
use plm_core::nn::Taps;
use plm_core::text::Batch;
use plm_core::train::{AdamWConfig, Gradients, Optimizer};
use plm_prompt::model::{Pass, PromptModel, PromptedMaskedLM};
use plm_prompt::{PromptMatrix, PromptSource, SoftPrompt};
use serde_json::{Value, json};

use super::heap::peak_heap_while;
use super::ids::peer_ids;
use super::{Case, Context, Plan, peak_memory};

/// Slots of the prompt.
const SLOTS: usize = 100;
/// Vocabulary ids of the label words.
const LABELS: [i64; 2] = [700, 800];
/// Batch size and tokens of the texts.
const SIZES: [(usize, usize); 3] = [(16, 32), (16, 131), (64, 32)];

/// A way of making the step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    /// Frozen weights; the last layer's output and scores of the label words at slot 0 alone.
    Fast,
    /// Frozen weights, scores of all words at all positions, as PEFT computes them.
    WholeHead,
    /// As the authors' code: gradients of all weights, scores of all words at all positions.
    Unfrozen,
}

/// The cases, with the model loaded.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let folder = context.root.join("models/plm-mini");
    let load = json!({
        "op": "load",
        "dir": folder,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
    });
    let loaded = Pretrained::<EncoderForMaskedLM>::load(&folder, &device)?;
    let tokenizer = loaded.tokenizer()?.clone();
    let model = PromptedMaskedLM::new(loaded.model, &tokenizer)?;
    let on_gpu = context.device.starts_with("cuda");
    let mut cases = Vec::new();
    for (batch, length) in SIZES {
        let id = format!("step.b{batch}.s{length}.n{SLOTS}");
        let request = |variant: &str| request("train_step", variant, batch, length, &model);
        let own = || step(&model, Way::Fast, batch, length, &device);
        let case = Case::timed(format!("{id}.peft"), own());
        cases.push(case.peer(request("peft")));
        let case = Case::timed(format!("{id}.torch_slot0"), own());
        cases.push(case.peer(request("slot0")));
        for (name, what, way) in [
            (
                "slot0_head",
                "the last layer and scores of all words at all positions",
                Way::WholeHead,
            ),
            ("frozen", "and gradients of all weights", Way::Unfrozen),
        ] {
            let faster = match way {
                Way::Unfrozen => step(&model, Way::WholeHead, batch, length, &device),
                _ => own(),
            };
            let slower = step(&model, way, batch, length, &device);
            let case = Case::timed(format!("{id}.{name}"), faster);
            cases.push(case.baseline(what, slower));
        }
        // On a GPU the heap is not where the tensors are.
        if !on_gpu {
            let mut ours = own();
            let mut unfrozen = step(&model, Way::Unfrozen, batch, length, &device);
            let what = "gradients of all weights, scores of all words at all positions";
            let case = Case::value(format!("{id}.memory"), "MiB", move || {
                peak_heap_while(&mut ours)
            });
            let case = case.baseline_value(what, move || peak_heap_while(&mut unfrozen));
            cases.push(case.rounds(3));
        }
    }
    // The most that each process ever held, not what a step takes: with all that Python and its libraries
    // load, with the weights, and with every step that was made before, ours with gradients of all weights
    // too. On a GPU the two sides would not measure the same thing.
    if !on_gpu {
        cases.push(
            Case::value("peak_memory.whole_processes", "MiB", peak_memory)
                .warmup(0)
                .rounds(1)
                .peer(json!({ "op": "peak_memory" })),
        );
    }
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}

fn request(
    op: &str,
    variant: &str,
    batch: usize,
    length: usize,
    model: &PromptedMaskedLM,
) -> Value {
    json!({
        "op": op, "variant": variant, "batch": batch, "seq": length, "slots": SLOTS,
        "mask_id": model.mask_id, "labels": LABELS, "rate": 1e-3,
    })
}

/// The peer's prompt: `((37 · row + 11 · column) mod 101 − 50) / 1000`.
fn prompt(width: usize) -> Result<PromptMatrix> {
    let values = (0..SLOTS * width).map(|place| {
        let (row, column) = (place / width, place % width);
        (((37 * row + 11 * column) % 101) as f32 - 50.0) / 1000.0
    });
    Ok(PromptMatrix::new(SLOTS, width, values.collect())?)
}

/// The peer's texts, no padding.
fn text(batch: usize, length: usize, vocabulary: usize, device: &Device) -> Batch {
    let ids = peer_ids(batch, length, vocabulary, device);
    let visible = TensorData::new(vec![false; batch * length], [batch, length]);
    Batch {
        token_type_ids: ids.zeros_like(),
        mask: Tensor::<2, Bool>::from_data(visible, device),
        lengths: vec![length; batch],
        ids,
    }
}

/// Forward, backward and AdamW on the prompt.
fn step(
    model: &PromptedMaskedLM,
    way: Way,
    batch: usize,
    length: usize,
    device: &Device,
) -> impl FnMut() -> Result<()> + use<> {
    let tracked = match way {
        Way::Unfrozen => PromptedMaskedLM {
            model: model.model.clone().train(),
            ..model.clone()
        },
        Way::Fast | Way::WholeHead => model.tracked(),
    };
    let device = device.clone().autodiff();
    let text = text(batch, length, tracked.words().dims()[0], &device);
    let classes: Vec<i64> = (0..batch as i64)
        .map(|row| row % LABELS.len() as i64)
        .collect();
    let classes = Tensor::<1, Int>::from_data(classes.as_slice(), &device);
    let labels = Tensor::<1, Int>::from_data(LABELS.as_slice(), &device);
    let optimizer = Optimizer::adamw(AdamWConfig::default(), 1e-3);
    let state = Rc::new(RefCell::new(None));
    let width = tracked.width();
    move || {
        let mut state = state.borrow_mut();
        let (source, mut optimizer) = match state.take() {
            Some(state) => state,
            None => {
                let source = SoftPrompt::new(&prompt(width)?, &device.clone().inner()).train();
                (source, optimizer.clone())
            }
        };
        let prompts = source.prompts(&[0]);
        let pass = Pass::default();
        let scores = match way {
            Way::Fast => tracked.answer_scores(prompts, &text, labels.clone(), &pass),
            Way::WholeHead | Way::Unfrozen => {
                let output = tracked.forward(prompts, &text, &pass, Taps::default());
                let hidden = output.last_hidden_state;
                let all = tracked.model.head.forward(hidden, tracked.words(), None);
                let first: Tensor<2> = all.narrow(1, 0, 1).squeeze_dim(1);
                first.select(1, labels.clone())
            }
        };
        let loss = loss::cross_entropy(scores, classes.clone());
        let gradients = Gradients::of(&loss, &source)?;
        if gradients.is_empty() {
            bail!("no gradient of the prompt");
        }
        let source = optimizer.step(source, gradients, 1.0);
        device.sync()?;
        *state = Some((source, optimizer));
        Ok(())
    }
}
