//! A frozen model with tasks whose prompts are tuned and measured.

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use indicatif::ProgressBar;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{Padding, Tokenizer};
use plm_core::train::{Every, Until};
use plm_prompt::model::{Pass, PromptModel, PromptedMaskedLM};
use plm_prompt::tune::{Family, TuneSettings, Tuned, predict, tune};
use plm_prompt::{
    EncodedTask, PromptInit, PromptMatrix, PromptSource, SoftPrompt, Task, TaskEncoder, TaskLabel,
    TaskSet, TextForm,
};

use crate::repro::Context;

/// Prompts begin as words of this many first entries of the vocabulary.
const FREQUENT: usize = 1_000;

/// Examples of a batch when scoring, while tuning and afterwards.
const SCORED: usize = 128;

/// How prompts are tuned.
#[derive(Debug, Clone, Copy)]
pub(in crate::repro) struct Recipe {
    /// Slots of a prompt.
    pub(in crate::repro) slots: usize,
    /// Optimizer steps.
    pub(in crate::repro) steps: u64,
    /// Steps between evaluations on the development set.
    pub(in crate::repro) every: u64,
    /// Examples of a step.
    pub(in crate::repro) batch: usize,
    /// Learning rate.
    pub(in crate::repro) lr: f64,
    /// Tokens that texts are cut to.
    pub(in crate::repro) max_tokens: usize,
}

/// A task as token ids.
pub(in crate::repro) struct Prepared {
    /// Name and kind.
    pub(in crate::repro) label: TaskLabel,
    /// Examples to train on, for sets of several tasks.
    pub(in crate::repro) encoded: EncodedTask,
    /// Examples to train on.
    pub(in crate::repro) training: TaskSet,
    /// Examples that choose the best evaluation.
    pub(in crate::repro) dev: TaskSet,
    /// Examples that measure.
    pub(in crate::repro) test: TaskSet,
}

/// A frozen model and a way to tune prompts for it.
pub(in crate::repro) struct Lab {
    /// The model.
    pub(in crate::repro) model: PromptedMaskedLM,
    /// Its tokenizer.
    pub(in crate::repro) tokenizer: Tokenizer,
    /// How prompts are tuned.
    pub(in crate::repro) recipe: Recipe,
    /// Where it computes.
    pub(in crate::repro) device: Device,
}

impl Lab {
    /// The masked language model in `folder`.
    pub(in crate::repro) fn load(
        folder: &std::path::Path,
        recipe: Recipe,
        device: &str,
    ) -> Result<Self> {
        let device = plm_core::device::parse(device)?;
        let loaded = Pretrained::<EncoderForMaskedLM>::load(folder, &device)?;
        Self::of(loaded, recipe, device)
    }

    /// A loaded masked language model.
    pub(in crate::repro) fn of(
        loaded: Pretrained<EncoderForMaskedLM>,
        recipe: Recipe,
        device: Device,
    ) -> Result<Self> {
        let tokenizer = loaded.tokenizer.context("the model has no tokenizer")?;
        Ok(Self {
            model: PromptedMaskedLM::new(loaded.model, &tokenizer)?,
            tokenizer,
            recipe,
            device,
        })
    }

    /// `task` as token ids.
    pub(in crate::repro) fn prepare(&self, task: &Task) -> Result<Prepared> {
        let encoder = TaskEncoder::new(&self.tokenizer, TextForm::Masked)
            .with_max_tokens(self.recipe.max_tokens);
        let padding = Padding::of(&self.tokenizer)?;
        let set = |encoded: &EncodedTask| TaskSet::single(encoded, padding);
        let encoded = encoder.train(task)?;
        Ok(Prepared {
            label: TaskLabel::new(&task.name, &task.kind),
            training: set(&encoded)?,
            dev: set(&encoder.dev(task)?)?,
            test: set(&encoder.test(task)?)?,
            encoded,
        })
    }

    /// A prompt that nothing has trained: words drawn from the beginning of the vocabulary.
    pub(in crate::repro) fn start(&self, seed: Seed) -> Result<PromptMatrix> {
        let init = PromptInit::VocabularySample {
            first: Some(FREQUENT),
        };
        let words = self.model.words();
        let (slots, unread) = (self.recipe.slots, self.model.unread_slots());
        Ok(init.prompt(slots, unread, &words, &self.tokenizer, seed)?)
    }

    /// The settings of a run.
    pub(in crate::repro) fn settings(&self, seed: Seed) -> TuneSettings {
        TuneSettings {
            lr: self.recipe.lr,
            batch_size: self.recipe.batch,
            until: Until::Steps(self.recipe.steps),
            evaluate: Every::Steps(self.recipe.every),
            dropout: false,
            evaluation_batch: SCORED,
            seed,
            ..TuneSettings::new(Family::MaskedLM, self.model.width())
        }
    }

    /// Tunes a prompt for `task` from `start` on.
    pub(in crate::repro) fn tuned(
        &self,
        task: &Prepared,
        start: &PromptMatrix,
        seed: Seed,
        bar: &ProgressBar,
    ) -> Result<Tuned<SoftPrompt>> {
        let source = SoftPrompt::new(start, &self.device);
        self.learned(task, source, seed, bar)
    }

    /// A prompt for each of `tasks`, tuned from words of the vocabulary: all begin alike, so that what tells
    /// them apart comes from the tasks.
    pub(in crate::repro) fn tuned_each(
        &self,
        context: &Context,
        tasks: &[Prepared],
        seed: Seed,
    ) -> Result<Vec<Tuned<SoftPrompt>>> {
        let label = format!("prompts, seed {}", seed.value());
        let bar = context.progress.bar(tasks.len() as u64, &label);
        let start = self.start(seed)?;
        tasks
            .iter()
            .map(|task| self.tuned(task, &start, seed.child(&task.label.name), &bar))
            .collect()
    }

    /// Trains any source of prompts on `task`.
    pub(in crate::repro) fn learned<S: PromptSource>(
        &self,
        task: &Prepared,
        source: S,
        seed: Seed,
        bar: &ProgressBar,
    ) -> Result<Tuned<S>> {
        let settings = self.settings(seed);
        let (training, dev) = (&task.training, Some(&task.dev));
        let tuned = tune(&self.model, source, training, dev, &settings, None)
            .with_context(|| format!("task `{}`", task.label.name))?;
        bar.inc(1);
        Ok(tuned)
    }

    /// Share of the most frequent class among the test examples of `task`.
    pub(in crate::repro) fn majority(&self, task: &Prepared) -> Result<f64> {
        let share = task.test.majority()[0];
        share.with_context(|| format!("task `{}` has no test examples", task.label.name))
    }

    /// Accuracy on the test examples of `task`.
    pub(in crate::repro) fn score<S: PromptSource>(
        &self,
        task: &Prepared,
        source: &S,
        pass: &Pass,
    ) -> Result<f64> {
        self.scored(&task.test, source, pass)
    }

    /// Accuracy of a prompt on the test examples of `task`.
    pub(in crate::repro) fn score_of(&self, task: &Prepared, prompt: &PromptMatrix) -> Result<f64> {
        self.score_on(&task.test, prompt)
    }

    /// Accuracy of a prompt on the examples of `set`.
    pub(in crate::repro) fn score_on(&self, set: &TaskSet, prompt: &PromptMatrix) -> Result<f64> {
        let source = SoftPrompt::new(prompt, &self.device);
        self.scored(set, &source, &Pass::default())
    }

    fn scored<S: PromptSource>(&self, set: &TaskSet, source: &S, pass: &Pass) -> Result<f64> {
        let found = predict(&self.model, source, set, SCORED, pass)?;
        Ok(found.mean_accuracy(set))
    }
}
