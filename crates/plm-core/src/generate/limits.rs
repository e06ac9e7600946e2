//! How long sequences may and must be.

use super::GenerationConfig;
use super::settings::refuse;
use crate::Result;

/// New tokens where the settings give no limit, as in transformers.
const DEFAULT_NEW_TOKENS: usize = 20;

impl GenerationConfig {
    /// The length limit behind a prompt, for a decoder that reads `positions` tokens at most.
    pub(super) fn total_length(&self, prompt: usize, positions: Option<usize>) -> Result<usize> {
        // The last token is written but not read.
        let most = positions.map_or(usize::MAX, |positions| positions.saturating_add(1));
        let (key, value, total) = match (self.max_new_tokens, self.max_length) {
            (Some(new), _) => ("max_new_tokens", new, prompt.saturating_add(new)),
            (None, Some(length)) => ("max_length", length, length),
            (None, None) => {
                // transformers does not count on the last token here.
                let total = (prompt + DEFAULT_NEW_TOKENS).min(positions.unwrap_or(usize::MAX));
                ("max_length", total, total)
            }
        };
        if total <= prompt {
            let reason = format!("is {value}, not above the prompt's length {prompt}");
            return Err(refuse(key, reason));
        }
        if total > most {
            let reason = format!(
                "is {value}: with a prompt of {prompt} the length {total} is above the {most} that \
                 the model's positions allow"
            );
            return Err(refuse(key, reason));
        }
        Ok(total)
    }

    /// Whether a sequence of `length` tokens behind a prompt of `prompt`, which it includes, is too
    /// short to end.
    pub(super) fn is_too_short(&self, length: usize, prompt: usize) -> bool {
        if self.min_new_tokens > 0 {
            length - prompt < self.min_new_tokens
        } else {
            length < self.min_length
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_limit_ends_with_the_positions() {
        let settings = GenerationConfig::default();
        assert_eq!(settings.total_length(6, None).unwrap(), 26);
        assert_eq!(settings.total_length(6, Some(26)).unwrap(), 26);
        assert_eq!(settings.total_length(6, Some(20)).unwrap(), 20);
        assert!(settings.total_length(20, Some(20)).is_err());
        // A limit that is asked for may count on the last token.
        let asked = GenerationConfig {
            max_length: Some(21),
            ..settings
        };
        assert_eq!(asked.total_length(20, Some(20)).unwrap(), 21);
        assert!(asked.total_length(6, Some(19)).is_err());
    }

    #[test]
    fn new_tokens_go_before_the_length() {
        let settings = GenerationConfig {
            min_length: 12,
            ..GenerationConfig::default()
        };
        assert!(settings.is_too_short(11, 5) && !settings.is_too_short(12, 5));
        let both = GenerationConfig {
            min_new_tokens: 2,
            ..settings
        };
        assert!(both.is_too_short(6, 5) && !both.is_too_short(7, 5));
    }
}
