use plm_core::text::Tokenizer;

use crate::{Error, Result};

/// The tokens that mark triggers and arguments in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markers {
    /// Before the candidate in detection.
    pub detection: u32,
    /// Before and after an argument.
    pub argument: [u32; 2],
    /// Before and after a trigger of each event type, the first type first.
    pub triggers: Vec<[u32; 2]>,
}

impl Markers {
    /// The reserved tokens of BERT's vocabularies: `[unused0]` in detection, `[unused0]` and
    /// `[unused1]` around arguments, `[unused2t]` and `[unused2t+1]` around triggers of type t. (The
    /// released code takes `[unused{t+1}]` and `[unused{t+36}]`, also from RoBERTa, whose vocabulary
    /// has neither: give that one tokens of its own by
    /// [`Pretrained::add_tokens`](plm_core::models::Pretrained::add_tokens), which adds them to
    /// tokenizer and model, and make the markers from their ids.)
    ///
    /// # Errors
    /// [`Error::Core`] where the vocabulary lacks one of them.
    pub fn reserved(tokenizer: &Tokenizer, event_types: usize) -> Result<Self> {
        let id = |number: usize| {
            let token = format!("[unused{number}]");
            tokenizer.token_to_id(&token).ok_or_else(|| {
                let reason = format!(
                    "`{token}` is not in the vocabulary; add tokens to it and to the model and make \
                     the markers of their ids"
                );
                Error::invalid("markers", reason)
            })
        };
        let pair = |first: usize| Ok::<_, Error>([id(first)?, id(first + 1)?]);
        Ok(Self {
            detection: id(0)?,
            argument: pair(0)?,
            triggers: (1..=event_types)
                .map(|event_type| pair(2 * event_type))
                .collect::<Result<_>>()?,
        })
    }

    /// The markers of triggers of `event_type`, from 1.
    ///
    /// # Errors
    /// [`Error::Core`] where there is no such type.
    pub fn of_type(&self, event_type: usize) -> Result<[u32; 2]> {
        event_type
            .checked_sub(1)
            .and_then(|at| self.triggers.get(at))
            .copied()
            .ok_or_else(|| {
                let reason = format!(
                    "{event_type}; there are markers for 1 to {}",
                    self.triggers.len()
                );
                Error::invalid("event type", reason)
            })
    }
}
