//! An adapter and what can be asked of it.

use serde_json::{Map, Value, json};

use super::multitask::Factors;
use super::settings::{PeftKind, PeftTask, Settings};
use crate::io::tensors::RawTensor;
use crate::{Error, PromptMatrix, Result};

/// The model that a new adapter is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PeftBase {
    /// Its name on the hub, or its directory.
    pub name: String,
    /// Its number of layers.
    pub layers: usize,
    /// Its number of attention heads.
    pub heads: usize,
    /// Its head.
    pub task: PeftTask,
}

/// A soft prompt as PEFT stores it, with all that lies beside it. Its slots get the position embeddings
/// of their places: the style is [`Absolute`](crate::model::PromptStyle::Absolute).
#[derive(Debug, Clone, PartialEq)]
pub struct PeftAdapter {
    pub(super) settings: Settings,
    pub(super) prompt: PromptMatrix,
    /// Rows after those of the prompt.
    pub(super) unused: Vec<f32>,
    pub(super) factors: Option<Factors>,
    /// Tensors that are none of the prompt's, in the order of writing.
    pub(super) kept: Vec<RawTensor>,
}

impl PeftAdapter {
    /// A new adapter of the kind `PROMPT_TUNING` with `prompt`, for the encoder alone where the model
    /// has a decoder too.
    ///
    /// # Errors
    /// [`Error::Setting`] for a prompt without rows, which PEFT cannot hold; [`Error::NotFinite`] for a
    /// number that is not finite.
    pub fn new(prompt: PromptMatrix, base: &PeftBase) -> Result<Self> {
        prompt.check_finite()?;
        if prompt.rows() == 0 {
            return Err(Error::Setting {
                name: "num_virtual_tokens",
                value: "0".to_owned(),
                limit: "an adapter of PEFT has at least 1 slot",
            });
        }
        let map: Map<String, Value> = [
            ("auto_mapping", Value::Null),
            ("base_model_name_or_path", json!(base.name)),
            ("inference_mode", json!(true)),
            ("modules_to_save", Value::Null),
            ("num_attention_heads", json!(base.heads)),
            ("num_layers", json!(base.layers)),
            ("num_transformer_submodules", json!(1)),
            ("num_virtual_tokens", json!(prompt.rows())),
            ("peft_type", json!("PROMPT_TUNING")),
            ("prompt_tuning_init", json!("RANDOM")),
            ("prompt_tuning_init_text", Value::Null),
            ("revision", Value::Null),
            ("task_type", json!(base.task.name())),
            ("token_dim", json!(prompt.width())),
            ("tokenizer_kwargs", Value::Null),
            ("tokenizer_name_or_path", Value::Null),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect();
        let settings = Settings {
            map,
            kind: PeftKind::PromptTuning,
            slots: prompt.rows(),
            submodules: Some(1),
            width: Some(prompt.width()),
        };
        Ok(Self {
            settings,
            prompt,
            unused: Vec::new(),
            factors: None,
            kept: Vec::new(),
        })
    }

    /// The prompt: of the task `task`, from 0, where the adapter has tasks, and without a task
    /// otherwise.
    ///
    /// # Errors
    /// [`Error::Task`] for a task that there is not, or none where there are tasks;
    /// [`Error::NotFinite`] where the product of a task's matrices is not finite.
    pub fn prompt(&self, task: Option<usize>) -> Result<PromptMatrix> {
        let refuse = |fix| Error::Task {
            task: task.map_or("none".to_owned(), |task| task.to_string()),
            tasks: self.tasks(),
            fix,
        };
        match (&self.factors, task) {
            (None, None) => Ok(self.prompt.clone()),
            (None, Some(_)) => Err(refuse("ask for no task")),
            (Some(factors), Some(task)) => match factors.prompt(&self.prompt, task) {
                Some(prompt) => prompt,
                None => Err(refuse("tasks are counted from 0")),
            },
            (Some(_), None) => Err(refuse("name a task, from 0")),
        }
    }

    /// Puts `prompt` in the place of the adapter's own.
    ///
    /// # Errors
    /// [`Error::Shape`] for a prompt of another size, [`Error::Task`] for an adapter with tasks,
    /// whose prompts are products, [`Error::NotFinite`] for a number that is not finite.
    pub fn replace_prompt(&mut self, prompt: PromptMatrix) -> Result<()> {
        if self.factors.is_some() {
            return Err(Error::Task {
                task: "none".to_owned(),
                tasks: self.tasks(),
                fix: "the prompts of tasks are products; make a new adapter for this one",
            });
        }
        let size = |prompt: &PromptMatrix| [prompt.rows(), prompt.width()];
        let (found, expected) = (size(&prompt), size(&self.prompt));
        if found != expected {
            return Err(Error::Shape {
                what: "the new prompt",
                found,
                expected,
                fix: "make a new adapter for a prompt of another size",
            });
        }
        prompt.check_finite()?;
        self.prompt = prompt;
        Ok(())
    }

    /// The kind of the adapter.
    pub fn kind(&self) -> PeftKind {
        self.settings.kind
    }

    /// Number of tasks with a prompt of their own; 0 where the adapter has a single prompt.
    pub fn tasks(&self) -> usize {
        self.factors.as_ref().map_or(0, Factors::tasks)
    }

    /// Name of the model that the adapter was trained with, where it is given.
    pub fn base_model(&self) -> Option<&str> {
        self.settings.map.get("base_model_name_or_path")?.as_str()
    }

    /// Refuses the adapter for another model than the one called `name`, which is `width` wide. An adapter
    /// that names no model is compared by its width alone.
    ///
    /// # Errors
    /// [`Error::Width`]; [`Error::Backbone`] with both names and what to do.
    pub fn check_backbone(&self, name: &str, width: usize) -> Result<()> {
        let found = self.prompt.width();
        if found != width {
            return Err(Error::Width {
                found,
                expected: width,
            });
        }
        match self.base_model() {
            Some(own) if own != name => Err(Error::Backbone {
                what: "the backbone",
                prompt: format!("`{own}`"),
                model: format!("`{name}`"),
                fix: "load the model that the adapter was trained with, or, where only the name differs, \
                      check against the adapter's own",
            }),
            _ => Ok(()),
        }
    }

    /// PEFT's name of the model's head, where it is given.
    pub fn task_type(&self) -> Option<&str> {
        self.settings.map.get("task_type")?.as_str()
    }

    /// Rows that are stored after those of the prompt. PEFT gives an encoder-decoder model twice as
    /// many rows as slots and uses the first half.
    pub fn unused_rows(&self) -> usize {
        self.unused.len() / self.prompt.width()
    }

    /// Settings that are unknown here. They are kept and written back.
    pub fn unknown_settings(&self) -> Vec<&str> {
        self.settings.unknown()
    }

    /// Names of the tensors that belong to the model, such as a classifier's. They are kept and written
    /// back.
    pub fn kept_tensors(&self) -> impl Iterator<Item = &str> {
        self.kept.iter().map(|tensor| tensor.name.as_str())
    }
}
