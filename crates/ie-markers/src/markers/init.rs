//! What the vectors of markers begin as.

use plm_core::text::SpecialToken;
use serde::{Deserialize, Serialize};

use crate::subwords::WordTokenizer;
use crate::{Error, Result};

/// What a marker's vector begins as.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MarkerInit {
    /// As the mean of the vectors of the tokens of these words. PL-Marker's code wants one word that is
    /// one token; many vocabularies have none such.
    Words(Vec<String>),
    /// As the vector of the mask token.
    Mask,
    /// As random numbers.
    Random,
    /// As it is.
    Keep,
}

/// Where the vector of a marker comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum VectorSource {
    /// It is the mean of the vectors of these ids.
    Mean(Vec<u32>),
    /// It is drawn.
    Random,
    /// It stays.
    Keep,
}

impl MarkerInit {
    /// The source of the vector of `marker`.
    ///
    /// # Errors
    /// [`Error::Marker`] where there is no word, the tokenizer makes nothing of one or does not know
    /// it, or has no mask token; those of the tokenizer.
    pub fn resolve(&self, marker: &str, tokenizer: &impl WordTokenizer) -> Result<VectorSource> {
        let refuse = |reason: String| Error::Marker {
            marker: marker.to_owned(),
            reason,
        };
        let words = match self {
            Self::Keep => return Ok(VectorSource::Keep),
            Self::Random => return Ok(VectorSource::Random),
            Self::Mask => {
                let id = tokenizer.special(SpecialToken::Mask).ok_or_else(|| {
                    refuse("the tokenizer has no mask token; name a word instead".to_owned())
                })?;
                return Ok(VectorSource::Mean(vec![id]));
            }
            Self::Words(words) => words,
        };
        let unknown = tokenizer.special(SpecialToken::Unk);
        let mut ids = Vec::new();
        for word in words {
            let pieces = tokenizer.split(word)?;
            if pieces.is_empty() || pieces.iter().any(|&id| Some(id) == unknown) {
                let reason = format!("the tokenizer does not know {word:?}; name another word");
                return Err(refuse(reason));
            }
            ids.extend(pieces);
        }
        if ids.is_empty() {
            return Err(refuse("there is no word to begin as; name one".to_owned()));
        }
        Ok(VectorSource::Mean(ids))
    }
}

/// PL-Marker's start of the entity markers: the start marker as the mask token, the end marker as the
/// word "entity" (`--lminit` of its code).
pub fn published_entity_init() -> [MarkerInit; 2] {
    [MarkerInit::Mask, word("entity")]
}

/// PL-Marker's start of the relation markers `[S]`, `[/S]`, `[O]`, `[/O]`: mask token and "subject",
/// mask token and "object". Its published scripts leave it off.
pub fn published_relation_init() -> [MarkerInit; 4] {
    [
        MarkerInit::Mask,
        word("subject"),
        MarkerInit::Mask,
        word("object"),
    ]
}

fn word(word: &str) -> MarkerInit {
    MarkerInit::Words(vec![word.to_owned()])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Toy;

    #[test]
    fn sources_by_kind() {
        let toy = Toy::default();
        let words = |words: &[&str]| MarkerInit::Words(words.iter().map(|&w| w.into()).collect());
        let resolve = |init: MarkerInit| init.resolve("[O]", &toy);
        assert_eq!(resolve(MarkerInit::Keep).unwrap(), VectorSource::Keep);
        assert_eq!(resolve(MarkerInit::Random).unwrap(), VectorSource::Random);
        assert_eq!(
            resolve(MarkerInit::Mask).unwrap(),
            VectorSource::Mean(vec![4])
        );
        let mean = resolve(words(&["3x2", "1x1"])).unwrap();
        assert_eq!(mean, VectorSource::Mean(vec![1030, 1031, 1010]));
        for bad in [words(&[]), words(&["3x2", ".."]), words(&["?"])] {
            let error = resolve(bad).unwrap_err();
            assert!(error.to_string().starts_with("marker `[O]`: "), "{error}");
        }
        let toy = Toy {
            without_mask: true,
            ..toy
        };
        assert!(MarkerInit::Mask.resolve("[O]", &toy).is_err());
    }

    #[test]
    fn published_settings() {
        let [start, end] = published_entity_init();
        assert_eq!((start, end), (MarkerInit::Mask, word("entity")));
        let json = serde_json::to_string(&published_relation_init()).unwrap();
        assert_eq!(
            json,
            r#"["mask",{"words":["subject"]},"mask",{"words":["object"]}]"#
        );
    }
}
