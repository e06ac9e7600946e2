//! Which triggers' arguments are scored.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::TriggerInstance;
use crate::{Error, Result};

/// Which triggers' arguments count (OmniEvent, Peng et al. 2023, arXiv 2306.06918). Scores of
/// different modes cannot be compared, so print the mode with them.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(rename_all = "snake_case")]
pub enum ArgumentMode {
    /// All gold triggers, their gold types taken for predicted ones: argument extraction alone. The
    /// roles must have been predicted with the gold types.
    Gold,
    /// All predicted triggers, as the code of CLEVE does. Arguments of missed triggers vanish from
    /// recall.
    Default,
    /// The predicted triggers that are gold triggers. Arguments of spurious triggers vanish from
    /// precision as well.
    Loose,
    /// All gold triggers and all predicted ones: no instance vanishes. Gold arguments that never became
    /// one are counted in [`CorpusLosses`](crate::finetune::CorpusLosses).
    #[default]
    Strict,
}

impl ArgumentMode {
    /// All modes.
    pub const ALL: [Self; 4] = [Self::Gold, Self::Default, Self::Loose, Self::Strict];

    /// Its name: `gold`, `default`, `loose` or `strict`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gold => "gold",
            Self::Default => "default",
            Self::Loose => "loose",
            Self::Strict => "strict",
        }
    }

    /// Whether the arguments of this trigger count.
    pub(super) fn counts(self, trigger: &TriggerInstance) -> bool {
        let gold = trigger.gold_type.is_some();
        let predicted = trigger.predicted_type.is_some();
        match self {
            Self::Gold => gold,
            Self::Default => predicted,
            Self::Loose => gold && predicted,
            Self::Strict => gold || predicted,
        }
    }
}

impl fmt::Display for ArgumentMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl FromStr for ArgumentMode {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL
            .into_iter()
            .find(|mode| mode.name() == name)
            .ok_or_else(|| {
                let reason = format!("`{name}`; one of gold, default, loose, strict");
                Error::invalid("argument mode", reason)
            })
    }
}
