//! What system and gold are compared by.

use crate::{Error, Result};

/// A trigger or an argument in a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Mention {
    /// The sentence or document, numbered alike in system and gold.
    pub sentence: usize,
    /// The tokens, end exclusive.
    pub span: (usize, usize),
    /// For an argument the tokens of its event's trigger, so that one span can be an argument of
    /// several events.
    pub trigger: Option<(usize, usize)>,
}

impl Mention {
    /// The trigger at these tokens, end exclusive.
    pub fn trigger(sentence: usize, span: (usize, usize)) -> Self {
        Self {
            sentence,
            span,
            trigger: None,
        }
    }

    /// The argument at these tokens of the event with `trigger`, ends exclusive.
    pub fn argument(sentence: usize, span: (usize, usize), trigger: (usize, usize)) -> Self {
        Self {
            sentence,
            span,
            trigger: Some(trigger),
        }
    }
}

/// All spans hold a token and no mention comes twice.
pub(super) fn check(what: &str, mentions: &[Mention]) -> Result<()> {
    let empty = |span: (usize, usize)| span.0 >= span.1;
    if let Some(at) = mentions
        .iter()
        .position(|m| empty(m.span) || m.trigger.is_some_and(empty))
    {
        return Err(Error::invalid(
            what,
            format!(
                "mention {at} is {:?}; spans end after they start",
                mentions[at]
            ),
        ));
    }
    let mut sorted = mentions.to_vec();
    sorted.sort_unstable();
    match sorted.windows(2).find(|pair| pair[0] == pair[1]) {
        Some(pair) => Err(Error::invalid(
            what,
            format!("{:?} is given twice; give each mention one label", pair[0]),
        )),
        None => Ok(()),
    }
}
