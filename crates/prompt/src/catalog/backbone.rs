//! The models that prompts were tuned for.

use serde::{Deserialize, Serialize};

/// A pre-trained model of the transfer study.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Backbone {
    /// `roberta-base`.
    RobertaBase,
    /// `roberta-large`.
    RobertaLarge,
    /// `t5-small`, version 1.0.
    T5Small,
    /// `t5-base`, version 1.0.
    T5Base,
    /// `t5-large`, version 1.0.
    T5Large,
}

impl Backbone {
    /// Every model.
    pub const ALL: [Self; 5] = [
        Self::RobertaBase,
        Self::RobertaLarge,
        Self::T5Small,
        Self::T5Base,
        Self::T5Large,
    ];

    /// The model's name on its hub.
    pub fn name(self) -> &'static str {
        match self {
            Self::RobertaBase => "roberta-base",
            Self::RobertaLarge => "roberta-large",
            Self::T5Small => "t5-small",
            Self::T5Base => "t5-base",
            Self::T5Large => "t5-large",
        }
    }

    /// Width of a slot: the model's hidden size.
    pub fn width(self) -> usize {
        match self {
            Self::T5Small => 512,
            Self::RobertaBase | Self::T5Base => 768,
            Self::RobertaLarge | Self::T5Large => 1024,
        }
    }

    /// What the study's files call the model: a task's prompt lies under the task's file name,
    /// `Prompt` and this.
    pub fn file_suffix(self) -> &'static str {
        match self {
            Self::RobertaBase => "Roberta",
            Self::RobertaLarge => "RobertaLarge",
            Self::T5Small => "T5Small",
            Self::T5Base => "T5",
            Self::T5Large => "T5Large",
        }
    }

    /// Is it a T5, with all 17 tasks? The others are masked language models with 13.
    pub fn is_t5(self) -> bool {
        matches!(self, Self::T5Small | Self::T5Base | Self::T5Large)
    }
}
