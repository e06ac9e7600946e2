//! Which tokens begin a word.

use crate::{Error, Result};

/// How a vocabulary shows which tokens begin a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum WordMark {
    /// Pieces within a word begin with `##`: WordPiece.
    Within,
    /// What begins a word begins with this: `Ġ` of byte-level pairs, `▁` of SentencePiece.
    Start(char),
}

impl WordMark {
    /// The mark that most tokens of a vocabulary have: a byte-level one may hold some `##` as well.
    ///
    /// # Errors
    /// [`Error::Empty`] where no token has one.
    pub(super) fn of<'v>(vocabulary: impl Iterator<Item = &'v str>) -> Result<Self> {
        let marks = [Self::Start('Ġ'), Self::Start('▁'), Self::Within];
        let mut counts = [0_usize; 3];
        for token in vocabulary {
            for (count, mark) in counts.iter_mut().zip(marks) {
                *count += usize::from(match mark {
                    Self::Within => token.starts_with("##"),
                    Self::Start(start) => token.starts_with(start),
                });
            }
        }
        let most = counts
            .into_iter()
            .zip(marks)
            .max_by_key(|(count, _)| *count);
        match most {
            Some((1.., mark)) => Ok(mark),
            _ => Err(Error::Empty {
                what: "marks of words (`##`, `Ġ` or `▁`) in the tokenizer's vocabulary",
            }),
        }
    }

    /// Whether a word can begin with `token`.
    pub(super) fn is_start(self, token: &str) -> bool {
        match self {
            Self::Within => !token.starts_with("##"),
            Self::Start(start) => token.starts_with(start),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn vocabularies_show_where_words_begin() {
        let of = |tokens: &[&str]| WordMark::of(tokens.iter().copied());
        let pieces = of(&["house", "##s", "##ing", "Ġ"]).unwrap();
        assert!(pieces.is_start("house") && !pieces.is_start("##s"));
        // RoBERTa's vocabulary has a token of signs.
        let bytes = of(&["##", "Ġhouse", "s", "Ġred"]).unwrap();
        assert!(bytes.is_start("Ġhouse") && !bytes.is_start("s"));
        let sentence = of(&["▁house", "s"]).unwrap();
        assert!(sentence.is_start("▁house") && !sentence.is_start("s"));
        assert!(matches!(of(&["house", "s"]), Err(Error::Empty { .. })));
    }
}
