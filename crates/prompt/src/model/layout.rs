//! Where slots stand and where the answer is read.

use serde::{Deserialize, Serialize};

/// What slots have for positions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PromptStyle {
    /// None: the position vector of a slot is zero, and the text's positions count on behind the
    /// slots (Su et al. 2022, their code). The order of the slots then has no meaning.
    #[default]
    ZeroPosition,
    /// Their own: slots and text have consecutive positions (PEFT).
    Absolute,
}

impl PromptStyle {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::ZeroPosition => "zero_position",
            Self::Absolute => "absolute",
        }
    }

    /// The style called `name`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::ZeroPosition, Self::Absolute]
            .into_iter()
            .find(|style| style.name() == name)
    }
}

/// Where a masked language model's answer is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ReadOut {
    /// At slot 0, whose vector is the frozen one of the mask token; row 0 of the prompt is kept for
    /// the sake of files, is not read and gets a gradient of zero (Su et al. 2022, their code).
    #[default]
    MaskSlot,
    /// At slot 0 as the prompt has it: prompts that were exported with the mask's vector in row 0.
    FirstSlot,
    /// At a mask token between the slots and the text (OpenPrompt); all slots are trained.
    MaskToken,
}

impl ReadOut {
    /// Its name in files.
    pub fn name(self) -> &'static str {
        match self {
            Self::MaskSlot => "mask_slot",
            Self::FirstSlot => "first_slot",
            Self::MaskToken => "mask_token",
        }
    }

    /// The place called `name`.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::MaskSlot, Self::FirstSlot, Self::MaskToken]
            .into_iter()
            .find(|read_out| read_out.name() == name)
    }

    /// Leading slots that are not read.
    pub(super) fn unread(self) -> usize {
        match self {
            Self::MaskSlot => 1,
            Self::FirstSlot | Self::MaskToken => 0,
        }
    }

    /// Slots that a prompt must have.
    pub(super) fn min_slots(self) -> usize {
        match self {
            Self::MaskSlot | Self::FirstSlot => 1,
            Self::MaskToken => 0,
        }
    }

    /// Positions that stand before the text and are no slots.
    pub(super) fn extra(self) -> usize {
        match self {
            Self::MaskSlot | Self::FirstSlot => 0,
            Self::MaskToken => 1,
        }
    }
}
