use std::fmt;
use std::path::Path;

use serde_json::{Map, Value};

use crate::{Error, Result};

/// A role that a token plays for a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum SpecialToken {
    /// Fills up shorter rows of a batch.
    Pad,
    /// Starts a sequence; its state stands for the sequence (BERT's `[CLS]`).
    Cls,
    /// Ends or separates sequences (BERT's `[SEP]`).
    Sep,
    /// Hides a token (masked language modeling).
    Mask,
    /// Begins a sequence (generation).
    Bos,
    /// Ends a sequence (generation).
    Eos,
    /// Stands for text that the vocabulary cannot spell.
    Unk,
}

impl SpecialToken {
    /// All roles.
    pub const ALL: [Self; 7] = [
        Self::Pad,
        Self::Cls,
        Self::Sep,
        Self::Mask,
        Self::Bos,
        Self::Eos,
        Self::Unk,
    ];

    /// The key of this role in `tokenizer_config.json` and `special_tokens_map.json`.
    pub fn key(self) -> &'static str {
        match self {
            Self::Pad => "pad_token",
            Self::Cls => "cls_token",
            Self::Sep => "sep_token",
            Self::Mask => "mask_token",
            Self::Bos => "bos_token",
            Self::Eos => "eos_token",
            Self::Unk => "unk_token",
        }
    }

    fn slot(self) -> usize {
        self as usize
    }
}

impl fmt::Display for SpecialToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pad => "padding",
            Self::Cls => "classification",
            Self::Sep => "separator",
            Self::Mask => "mask",
            Self::Bos => "begin-of-sequence",
            Self::Eos => "end-of-sequence",
            Self::Unk => "unknown",
        })
    }
}

/// The names that the model families give their special tokens, in the order of
/// [`SpecialToken::ALL`]. A family is recognized by the first token of its row below.
type Names = [Option<&'static str>; 7];
const FAMILIES: [(&str, Names); 4] = [
    // BERT, DistilBERT, MiniLM.
    (
        "[CLS]",
        [
            Some("[PAD]"),
            Some("[CLS]"),
            Some("[SEP]"),
            Some("[MASK]"),
            None,
            None,
            Some("[UNK]"),
        ],
    ),
    // RoBERTa, BART, MPNet.
    (
        "<s>",
        [
            Some("<pad>"),
            Some("<s>"),
            Some("</s>"),
            Some("<mask>"),
            Some("<s>"),
            Some("</s>"),
            Some("<unk>"),
        ],
    ),
    // GPT-2: no padding.
    (
        "<|endoftext|>",
        [
            None,
            None,
            None,
            None,
            Some("<|endoftext|>"),
            Some("<|endoftext|>"),
            Some("<|endoftext|>"),
        ],
    ),
    // T5.
    (
        "</s>",
        [
            Some("<pad>"),
            None,
            None,
            None,
            None,
            Some("</s>"),
            Some("<unk>"),
        ],
    ),
];

/// The ids of the special tokens by role.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct SpecialTokens([Option<u32>; 7]);

impl SpecialTokens {
    pub(super) fn get(&self, role: SpecialToken) -> Option<u32> {
        self.0[role.slot()]
    }

    pub(super) fn set(&mut self, role: SpecialToken, id: u32) {
        self.0[role.slot()] = Some(id);
    }

    pub(super) fn ids(&self) -> impl Iterator<Item = u32> {
        self.0.iter().flatten().copied()
    }

    /// Resolves every role: named in one of `sources` (first wins), else by the names of the
    /// family that the vocabulary belongs to.
    ///
    /// # Errors
    /// [`Error::Config`] where a source names a token that `id_of` does not know.
    pub(super) fn resolve(
        sources: &[(&Path, &Map<String, Value>)],
        id_of: impl Fn(&str) -> Option<u32>,
    ) -> Result<Self> {
        let mut found = Self::default();
        let family = FAMILIES
            .iter()
            .find(|(sign, _)| id_of(sign).is_some())
            .map(|(_, names)| names);
        for role in SpecialToken::ALL {
            let named = sources
                .iter()
                .find_map(|(path, map)| Some((path, content(map.get(role.key())?)?)));
            match named {
                Some((path, token)) => {
                    let id = id_of(token).ok_or_else(|| {
                        Error::config(
                            path.display().to_string(),
                            role.key(),
                            format!("is `{token}`, which the vocabulary does not have"),
                        )
                    })?;
                    found.set(role, id);
                }
                None => {
                    let name = family.and_then(|names| names[role.slot()]);
                    // MPNet mixes RoBERTa's names with BERT's unknown token.
                    let fallback = (role == SpecialToken::Unk).then_some("[UNK]");
                    if let Some(id) = name.and_then(&id_of).or_else(|| fallback.and_then(&id_of)) {
                        found.set(role, id);
                    }
                }
            }
        }
        Ok(found)
    }
}

/// The text of a token that a JSON file gives as a string or as an object with `content`.
pub(super) fn content(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        Value::Object(fields) => fields.get("content")?.as_str(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids<'a>(tokens: &'a [&str]) -> impl Fn(&str) -> Option<u32> + 'a {
        |wanted| tokens.iter().position(|t| *t == wanted).map(|i| i as u32)
    }

    #[test]
    fn well_known_names_by_family() {
        let t5 = SpecialTokens::resolve(&[], ids(&["<pad>", "</s>", "<unk>"])).unwrap();
        assert_eq!(t5.get(SpecialToken::Eos), Some(1));
        assert_eq!(t5.get(SpecialToken::Sep), None);
        let mpnet =
            SpecialTokens::resolve(&[], ids(&["<s>", "<pad>", "</s>", "[UNK]", "<mask>"])).unwrap();
        assert_eq!(mpnet.get(SpecialToken::Unk), Some(3));
        assert_eq!(mpnet.get(SpecialToken::Cls), mpnet.get(SpecialToken::Bos));
        let none = SpecialTokens::resolve(&[], ids(&["a"])).unwrap();
        assert_eq!(none.ids().count(), 0);
    }

    #[test]
    fn files_win_over_names_and_must_be_known() {
        let map = |json: &str| serde_json::from_str::<Map<String, Value>>(json).unwrap();
        let vocabulary = ids(&["[CLS]", "[PAD]", "<fill>"]);
        let first = map(r#"{"pad_token": {"content": "<fill>"}, "cls_token": null}"#);
        let second = map(r#"{"pad_token": "[PAD]"}"#);
        let sources = [(Path::new("a"), &first), (Path::new("b"), &second)];
        let found = SpecialTokens::resolve(&sources, &vocabulary).unwrap();
        assert_eq!(found.get(SpecialToken::Pad), Some(2));
        assert_eq!(found.get(SpecialToken::Cls), Some(0));
        let bad = map(r#"{"mask_token": "[MASK]"}"#);
        let error = SpecialTokens::resolve(&[(Path::new("c.json"), &bad)], &vocabulary);
        let text = error.unwrap_err().to_string();
        assert!(text.contains("c.json") && text.contains("mask_token") && text.contains("[MASK]"));
    }
}
