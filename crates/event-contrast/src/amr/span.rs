use std::fmt;

use serde::{Deserialize, Serialize};

/// Neighboring tokens of a sentence, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct TokenSpan {
    /// The first token.
    pub start: usize,
    /// The token after the last.
    pub end: usize,
}

impl TokenSpan {
    /// The tokens from `start` to before `end`.
    pub fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }

    /// How many tokens it has.
    pub fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// It has no token.
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// Runs of neighbors among token numbers, in order.
    pub(super) fn runs(mut indices: Vec<usize>) -> Vec<Self> {
        indices.sort_unstable();
        let mut runs: Vec<Self> = Vec::new();
        for index in indices {
            match runs.last_mut() {
                Some(last) if index < last.end => {}
                Some(last) if index == last.end => last.end = index + 1,
                _ => runs.push(Self::new(index, index + 1)),
            }
        }
        runs
    }
}

/// `start-end`, as JAMR writes it.
impl fmt::Display for TokenSpan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.start, self.end)
    }
}

/// Reads `start-end` with at least one token.
pub(super) fn parse_span(text: &str) -> Option<TokenSpan> {
    let (start, end) = text.split_once('-')?;
    let span = TokenSpan::new(start.parse().ok()?, end.parse().ok()?);
    (!span.is_empty()).then_some(span)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_neighbors() {
        let runs = TokenSpan::runs(vec![7, 2, 3, 3, 9, 8]);
        assert_eq!(runs, [TokenSpan::new(2, 4), TokenSpan::new(7, 10)]);
        assert!(TokenSpan::runs(Vec::new()).is_empty());
    }

    #[test]
    fn written_as_jamr_does() {
        let span = parse_span("3-5").unwrap();
        assert_eq!((span.len(), span.to_string().as_str()), (2, "3-5"));
        for bad in ["3-3", "5-3", "3", "-", "a-b", "-1-2"] {
            assert_eq!(parse_span(bad), None, "{bad}");
        }
    }
}
