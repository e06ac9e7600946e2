//! Types of tasks.

use serde::{Deserialize, Serialize};

/// What a task asks for. Prompts transfer well within a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub enum TaskType {
    /// Sentiment of a text or of an aspect of it.
    #[serde(rename = "SA")]
    SentimentAnalysis,
    /// Does one text follow from another?
    #[serde(rename = "NLI")]
    NaturalLanguageInference,
    /// Is an act acceptable?
    #[serde(rename = "EJ")]
    EthicalJudgment,
    /// Do two texts say the same?
    #[serde(rename = "PI")]
    ParaphraseIdentification,
    /// Answers to questions.
    #[serde(rename = "QA")]
    QuestionAnswering,
    /// Short versions of long texts.
    #[serde(rename = "SUM")]
    Summarization,
}

impl TaskType {
    /// Every type, in the order of the paper's tables.
    pub const ALL: [Self; 6] = [
        Self::SentimentAnalysis,
        Self::NaturalLanguageInference,
        Self::EthicalJudgment,
        Self::ParaphraseIdentification,
        Self::QuestionAnswering,
        Self::Summarization,
    ];

    /// The paper's short name.
    pub fn name(self) -> &'static str {
        match self {
            Self::SentimentAnalysis => "SA",
            Self::NaturalLanguageInference => "NLI",
            Self::EthicalJudgment => "EJ",
            Self::ParaphraseIdentification => "PI",
            Self::QuestionAnswering => "QA",
            Self::Summarization => "SUM",
        }
    }
}
