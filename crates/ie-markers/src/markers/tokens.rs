//! Tokens that nothing else uses.

use std::collections::HashSet;

use crate::subwords::WordTokenizer;
use crate::{Error, Result};

/// A token to mark with.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum MarkerToken {
    /// One that the vocabulary has and no text uses.
    Spare {
        /// The token.
        name: String,
        /// Its id.
        id: u32,
    },
    /// One that has to be added to the vocabulary.
    New {
        /// The token.
        name: String,
    },
}

impl MarkerToken {
    /// The token.
    pub fn name(&self) -> &str {
        match self {
            Self::Spare { name, .. } | Self::New { name } => name,
        }
    }
}

/// `count` tokens to mark with: those that the vocabulary keeps unused, in order (`[unused0]`,
/// `[unused1]`, … of BERT and SciBERT; `madeupword0000`, … of RoBERTa), then new ones, `[marker0]`,
/// `[marker1]`, …, for vocabularies such as ALBERT's that have too few or none.
///
/// New tokens that were added before are found as spare ones, so that a saved model gives the same
/// tokens again. Add the new ones as special tokens, then ask [`resolve_markers`] for the ids.
pub fn marker_tokens(tokenizer: &impl WordTokenizer, count: usize) -> Vec<MarkerToken> {
    let found = |name: String| {
        let id = tokenizer.token_id(&name)?;
        Some(MarkerToken::Spare { name, id })
    };
    let bert = (0..).map_while(|n: usize| found(format!("[unused{n}]")));
    let roberta = (0..).map_while(|n: usize| found(format!("madeupword{n:04}")));
    let mut tokens: Vec<MarkerToken> = bert.chain(roberta).take(count).collect();
    let added = (0..count - tokens.len()).map(|n| {
        let name = format!("[marker{n}]");
        found(name.clone()).unwrap_or(MarkerToken::New { name })
    });
    tokens.extend(added);
    tokens
}

/// The ids of marker tokens, by their names.
///
/// # Errors
/// [`Error::Marker`] for a token that the vocabulary does not have, and for one given twice.
pub fn resolve_markers<S: AsRef<str>>(
    tokenizer: &impl WordTokenizer,
    names: &[S],
) -> Result<Vec<u32>> {
    let refuse = |marker: &str, reason: &str| Error::Marker {
        marker: marker.to_owned(),
        reason: reason.to_owned(),
    };
    let mut seen = HashSet::new();
    let ids = names.iter().map(|name| {
        let name = name.as_ref();
        let id = tokenizer.token_id(name);
        let id = id.ok_or_else(|| {
            refuse(
                name,
                "the vocabulary does not have it; add it as a special token first",
            )
        })?;
        if seen.insert(id) {
            return Ok(id);
        }
        Err(refuse(name, "is given twice; name each marker once"))
    });
    ids.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Toy;

    fn names(tokens: &[MarkerToken]) -> Vec<&str> {
        tokens.iter().map(MarkerToken::name).collect()
    }

    #[test]
    fn families_have_their_own_spare_tokens() {
        let mut toy = Toy::default();
        assert_eq!(names(&marker_tokens(&toy, 2)), ["[marker0]", "[marker1]"]);
        toy.tokens = vec![("[unused1]", 8), ("[unused0]", 7), ("[unused3]", 9)];
        let tokens = marker_tokens(&toy, 3);
        let spare = |name: &str, id| MarkerToken::Spare {
            name: name.to_owned(),
            id,
        };
        let new = |name: &str| MarkerToken::New {
            name: name.to_owned(),
        };
        assert_eq!(
            tokens,
            [
                spare("[unused0]", 7),
                spare("[unused1]", 8),
                new("[marker0]")
            ]
        );
        toy.tokens.push(("[marker0]", 11));
        assert_eq!(marker_tokens(&toy, 3)[2], spare("[marker0]", 11));
        assert_eq!(marker_tokens(&toy, 1), [spare("[unused0]", 7)]);
        toy.tokens = vec![("madeupword0000", 50_261), ("madeupword0001", 50_262)];
        assert_eq!(
            names(&marker_tokens(&toy, 4)),
            ["madeupword0000", "madeupword0001", "[marker0]", "[marker1]"]
        );
        assert!(marker_tokens(&toy, 0).is_empty());
    }

    #[test]
    fn ids_are_found_by_name() {
        let toy = Toy {
            tokens: vec![("[S]", 30), ("[/S]", 31)],
            ..Toy::default()
        };
        assert_eq!(resolve_markers(&toy, &["[/S]", "[S]"]).unwrap(), [31, 30]);
        let missing = resolve_markers(&toy, &["[S]", "[O]"]).unwrap_err();
        assert_eq!(
            missing.to_string(),
            "marker `[O]`: the vocabulary does not have it; add it as a special token first"
        );
        let twice = resolve_markers(&toy, &["[S]", "[S]"]).unwrap_err();
        assert!(twice.to_string().contains("twice"), "{twice}");
    }
}
