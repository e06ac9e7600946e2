//! A line of the unified form.

use serde::{Deserialize, Serialize};

#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct UnifiedLine {
    pub(super) id: String,
    pub(super) text: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) title: Option<String>,
    /// Absent from test files.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) events: Option<Vec<UnifiedEvent>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) negative_triggers: Option<Vec<UnifiedTrigger>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) candidates: Vec<UnifiedTrigger>,
    #[serde(default)]
    pub(super) entities: Vec<UnifiedEntity>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnifiedEvent {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(rename = "type")]
    pub(super) event_type: String,
    pub(super) triggers: Vec<UnifiedTrigger>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnifiedTrigger {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) trigger_word: Option<String>,
    pub(super) position: (usize, usize),
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) arguments: Option<Vec<UnifiedArgument>>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnifiedArgument {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<String>,
    pub(super) role: String,
    pub(super) mentions: Vec<UnifiedMention>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnifiedEntity {
    pub(super) id: String,
    #[serde(rename = "type", default, skip_serializing_if = "Option::is_none")]
    pub(super) entity_type: Option<String>,
    pub(super) mentions: Vec<UnifiedMention>,
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct UnifiedMention {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mention_id: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) mention: Option<String>,
    pub(super) position: (usize, usize),
}
