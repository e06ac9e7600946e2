//! What must hold exactly, on the model itself.

use anyhow::Result;
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::models::EncoderInput;
use plm_core::nn::Taps;
use plm_core::nn::init::normal;
use plm_core::rng::Seed;
use plm_core::text::{Batch, EncodeOptions, Padding, collate};
use plm_core::train::{AdamWConfig, Gradients, Optimizer, Until, checksum};
use plm_prompt::io::{PeftAdapter, PeftBase, PeftTask};
use plm_prompt::model::{Pass, PromptModel, PromptStyle, ReadOut};
use plm_prompt::{PromptMatrix, PromptSource, SoftPrompt};

use super::lab::Lab;
use crate::repro::tasks::{Shots, generated};
use crate::repro::{Check, Context, Op, Outcome};

/// Adds the checks of invariants.
pub(super) fn check(context: &Context, lab: &Lab, outcome: &mut Outcome) -> Result<()> {
    let text = texts(lab, &lab.device)?;
    let seed = Seed::new(context.seeds[0]);
    // Words of the model would do, but sums of its 16-bit numbers are exact.
    let (slots, width) = (lab.recipe.slots, lab.model.width());
    let values = normal(seed, "prompt", slots * width, 0.3);
    let prompt = PromptMatrix::new(slots, width, values)?;
    let facts = [
        (
            "only_prompt_changes",
            only_the_prompt_changes(lab, &prompt, seed)?,
        ),
        (
            "zero_length_prompt_is_plain_model",
            nothing_is_plain(lab, &text),
        ),
    ];
    for (name, holds) in facts {
        outcome.checks.push(Check::fact(name, holds));
    }
    let figures = [
        (
            "slot_permutation_invariance",
            permuted(lab, &text, &prompt)?,
        ),
        ("peft_round_trip", exported(context, lab, &text, &prompt)?),
    ];
    for (name, gap) in figures {
        outcome.checks.push(Check::new(name, gap, Op::Le, 1e-5));
    }
    Ok(())
}

/// Two texts of different lengths on `device`.
fn texts(lab: &Lab, device: &Device) -> Result<Batch> {
    let texts = ["paris is the capital of france .", "she opened the door ."];
    let encoded = lab.tokenizer.encode_batch(texts, &EncodeOptions::new())?;
    let padding = Padding::of(&lab.tokenizer)?;
    Ok(collate(&encoded.encodings, &padding, device)?)
}

/// Whether the prompt alone has a gradient, an optimizer's step over prompt and model leaves the model as
/// it is, and tuning changes the prompt.
fn only_the_prompt_changes(lab: &Lab, prompt: &PromptMatrix, seed: Seed) -> Result<bool> {
    let shots = Shots {
        train: 8,
        dev: 4,
        test: 4,
    };
    let task = lab.prepare(&generated(seed, shots)[0])?;
    let tracked = lab.model.tracked();
    let device = tracked.device();
    let source = SoftPrompt::new(prompt, &lab.device).train();
    let words = task.encoded.verbalizer.ids().iter();
    let words: Vec<i64> = words.map(|&id| i64::from(id)).collect();
    let words = Tensor::<1, Int>::from_data(words.as_slice(), &device);
    let (slots, text) = (source.prompts(&[0]), texts(lab, &device)?);
    let scores = tracked.answer_scores(slots, &text, words, &Pass::default());
    let loss = scores.square().mean();
    let both = (source, tracked.model);
    let gradients = Gradients::of(&loss, &both)?;
    // The first of the two is the prompt.
    let alone = gradients.paths().all(|path| path.starts_with("0."));
    let before = checksum(&both.1, |_| true);
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), lab.recipe.lr);
    let (moved, model) = optimizer.step(both, gradients, 1.0);
    let stays = checksum(&model, |_| true) == before;

    let mut settings = lab.settings(seed);
    settings.until = Until::Steps(3);
    let source = SoftPrompt::new(prompt, &lab.device);
    let set = &task.training;
    let tuned = plm_prompt::tune::tune(&lab.model, source, set, None, &settings, None)?;
    let changes = [moved.to_matrix(), tuned.source.to_matrix()];
    Ok(alone && stays && changes.iter().all(|changed| changed != prompt))
}

/// Whether a prompt of no slots gives the plain model's states, bit for bit.
fn nothing_is_plain(lab: &Lab, text: &Batch) -> bool {
    let style = PromptStyle::Absolute;
    let model = lab.model.clone().with_layout(style, ReadOut::FirstSlot);
    let none = Tensor::<3>::zeros([1, 0, model.width()], &lab.device);
    let found = model.forward(none, text, &Pass::default(), Taps::default());
    let plain = EncoderInput::ids(text.ids.clone()).with_padding(text.mask.clone());
    let plain = model.model.encoder.forward(&plain);
    values(found.last_hidden_state) == values(plain.last_hidden_state)
}

/// How much scores change, relative to the largest, when slots change places.
fn permuted(lab: &Lab, text: &Batch, prompt: &PromptMatrix) -> Result<f64> {
    let turned = (1..prompt.rows()).rev();
    let rows: Vec<f32> = std::iter::once(0)
        .chain(turned)
        .flat_map(|row| prompt.row(row).to_vec())
        .collect();
    let other = PromptMatrix::new(prompt.rows(), prompt.width(), rows)?;
    let (a, b) = (states(lab, text, prompt), states(lab, text, &other));
    Ok(gap(&a[0], &b[0]).max(gap(&a[1], &b[1])))
}

/// How much scores change, relative to the largest, when a prompt goes to PEFT's form and back, and
/// when PEFT's form is read as it is.
fn exported(context: &Context, lab: &Lab, text: &Batch, prompt: &PromptMatrix) -> Result<f64> {
    let folder = context.out.join("peft");
    let config = &lab.model.model.encoder.config;
    let base = PeftBase {
        name: "plm-mini".to_owned(),
        layers: config.num_hidden_layers,
        heads: config.num_attention_heads,
        task: PeftTask::FeatureExtraction,
    };
    std::fs::create_dir_all(&folder)?;
    PeftAdapter::new(lab.model.to_absolute(prompt)?, &base)?.save(&folder)?;
    let absolute = PeftAdapter::load(&folder)?.prompt(None)?;
    let back = lab.model.to_zero_position(&absolute)?;
    let model = lab
        .model
        .clone()
        .with_layout(PromptStyle::Absolute, ReadOut::FirstSlot);
    let plain = states(lab, text, prompt);
    let returned = states(lab, text, &back);
    let output = model.forward(
        tensor(lab, &absolute),
        text,
        &Pass::default(),
        Taps::default(),
    );
    let head = values(output.last_hidden_state.narrow(1, 0, 1));
    Ok(gap(&plain[0], &returned[0]).max(gap(&plain[0], &head)))
}

/// States at slot 0, and at the text's tokens.
fn states(lab: &Lab, text: &Batch, prompt: &PromptMatrix) -> [Vec<f32>; 2] {
    let slots = tensor(lab, prompt);
    let output = lab
        .model
        .forward(slots, text, &Pass::default(), Taps::default());
    let hidden = output.last_hidden_state;
    let [_, length, _] = hidden.dims();
    let slots = prompt.rows();
    let tokens = hidden.clone().narrow(1, slots, length - slots);
    [values(hidden.narrow(1, 0, 1)), values(tokens)]
}

/// The prompt as the model takes it, `[1, slots, width]`.
fn tensor(lab: &Lab, prompt: &PromptMatrix) -> Tensor<3> {
    SoftPrompt::new(prompt, &lab.device).prompts(&[0])
}

fn values(tensor: Tensor<3>) -> Vec<f32> {
    tensor.into_data().iter::<f32>().collect()
}

/// The largest difference relative to the largest value of `a`.
fn gap(a: &[f32], b: &[f32]) -> f64 {
    let scale = a
        .iter()
        .fold(f32::MIN_POSITIVE, |max, value| max.max(value.abs()));
    let gap = a
        .iter()
        .zip(b)
        .fold(0.0_f32, |max, (a, b)| max.max((a - b).abs()));
    f64::from(gap / scale)
}
