//! Finding a subspace and tuning inside it.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_core::text::Padding;
use plm_core::train::{Every, Schedule, Until};
use plm_prompt::intrinsic::{
    AutoEncoderConfig, FastfoodPrompt, IntrinsicPrompt, PromptAutoEncoder, PromptDecoder,
    SubspaceObjective, SubspaceSearch,
};
use plm_prompt::model::{Pass, PromptModel};
use plm_prompt::tune::{Family, TuneSettings, tune};
use plm_prompt::{Choice, EncodedTask, PromptMatrix, PromptSource, TaskSet};

use crate::repro::Context;
use crate::repro::prompt::lab::{Lab, Prepared};

/// How a subspace is searched and used.
#[derive(Debug, Clone, Copy)]
pub(super) struct Recipe {
    /// Steps of the search that fit the prompts only.
    pub(super) prefit_steps: u64,
    /// Steps of the search that fit prompts and tasks.
    pub(super) steps: u64,
    /// Examples of a step of the search.
    pub(super) batch: usize,
    /// Learning rate of the search.
    pub(super) lr: f64,
    /// Weight of the reconstruction.
    pub(super) alpha: f64,
    /// Width of the auto-encoder's hidden layer.
    pub(super) hidden: usize,
    /// Learning rate inside the subspace.
    pub(super) inside_lr: f64,
    /// Steps inside the subspace.
    pub(super) inside_steps: u64,
}

/// Prompt matrices of the same tasks as `tasks`, in a space of `dimensions`.
pub(super) fn find(
    context: &Context,
    lab: &Lab,
    tasks: &[&Prepared],
    prompts: &[PromptMatrix],
    dimensions: usize,
    recipe: &Recipe,
    seed: Seed,
) -> Result<PromptAutoEncoder> {
    let label = format!("subspace of {dimensions}");
    let bar = context.progress.bar(1, &label);
    let config = AutoEncoderConfig {
        hidden: recipe.hidden,
        ..AutoEncoderConfig::new(lab.recipe.slots, lab.model.width(), dimensions)
    };
    let auto_encoder = PromptAutoEncoder::new(&config, seed.child("auto-encoder"), &lab.device)?;
    let objective = SubspaceObjective {
        alpha: recipe.alpha,
        ..SubspaceObjective::default()
    };
    let reconstruction = SubspaceObjective {
        task_loss: false,
        ..objective
    };
    let search = SubspaceSearch::new(auto_encoder, prompts, &reconstruction)?;
    let encoded: Vec<EncodedTask> = tasks.iter().map(|task| task.encoded.clone()).collect();
    let padding = Padding::of(&lab.tokenizer)?;
    let set = TaskSet::new(&encoded, Choice::Own, padding)?;
    let settings = TuneSettings {
        lr: recipe.lr,
        batch_size: recipe.batch,
        until: Until::Steps(recipe.steps),
        evaluate: Every::Never,
        schedule: Schedule::Linear {
            warmup: recipe.steps * 6 / 100,
            total: recipe.steps,
        },
        max_grad_norm: Some(1.0),
        dropout: false,
        seed,
        ..TuneSettings::new(Family::MaskedLM, lab.model.width())
    };
    // First the reconstruction alone, which needs no model, then both terms.
    let prefit = TuneSettings {
        until: Until::Steps(recipe.prefit_steps),
        schedule: Schedule::Linear {
            warmup: recipe.prefit_steps * 6 / 100,
            total: recipe.prefit_steps,
        },
        ..settings.clone()
    };
    let found = tune(&lab.model, search, &set, None, &prefit, None)?;
    let search = SubspaceSearch::new(found.source.auto_encoder, prompts, &objective)?;
    let found = tune(&lab.model, search, &set, None, &settings, None)?;
    bar.inc(1);
    Ok(found.source.auto_encoder)
}

/// Tunes a point of the subspace of `decoder` for `task`; the accuracy on its test examples.
pub(super) fn inside(
    lab: &Lab,
    task: &Prepared,
    decoder: &PromptDecoder,
    recipe: &Recipe,
    seed: Seed,
) -> Result<f64> {
    let source = IntrinsicPrompt::new(decoder.clone(), seed);
    learn(lab, task, source, recipe, seed)
}

/// The prompt at the point 0 of the subspace of `decoder`.
pub(super) fn center(decoder: &PromptDecoder) -> Result<PromptMatrix> {
    let numbers = decoder.config.points() * decoder.config.dimensions;
    let source = IntrinsicPrompt::at(decoder.clone(), vec![0.0; numbers])?;
    Ok(source.to_matrix())
}

/// As [`inside`], in a subspace that nobody searched: the decoder's weights are random.
pub(super) fn random_decoder(
    lab: &Lab,
    task: &Prepared,
    dimensions: usize,
    recipe: &Recipe,
    seed: Seed,
) -> Result<f64> {
    let config = AutoEncoderConfig {
        hidden: recipe.hidden,
        ..AutoEncoderConfig::new(lab.recipe.slots, lab.model.width(), dimensions)
    };
    let decoder = PromptDecoder::new(&config, seed.child("random decoder"), &lab.device)?;
    inside(lab, task, &decoder, recipe, seed)
}

/// Tunes a point of a random linear subspace around words of the vocabulary.
pub(super) fn fastfood(
    lab: &Lab,
    task: &Prepared,
    dimensions: usize,
    recipe: &Recipe,
    seed: Seed,
) -> Result<f64> {
    let start = lab.start(seed)?;
    let source = FastfoodPrompt::new(&start, dimensions, seed.child("map"), &lab.device)?;
    learn(lab, task, source, recipe, seed)
}

fn learn<S: PromptSource>(
    lab: &Lab,
    task: &Prepared,
    source: S,
    recipe: &Recipe,
    seed: Seed,
) -> Result<f64> {
    let settings = TuneSettings {
        lr: recipe.inside_lr,
        until: Until::Steps(recipe.inside_steps),
        ..lab.settings(seed)
    };
    let (training, dev) = (&task.training, Some(&task.dev));
    let tuned = tune(&lab.model, source, training, dev, &settings, None)?;
    lab.score(task, &tuned.source, &Pass::default())
}
