use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use tokenizers as tk;

use super::beyond::Beyond;
use super::special::{SpecialToken, SpecialTokens};
use crate::{Error, Result};

/// A tokenizer with its special tokens, in Hugging Face's semantics.
///
/// Wraps the [`tokenizers`](https://docs.rs/tokenizers) crate. Three things differ from it:
/// truncation and padding stored in a `tokenizer.json` are kept for saving but not heeded, because
/// both are explicit here; the special tokens' roles are known ([`Tokenizer::special`]); and every
/// failure is an [`Error`], even where the wrapped crate panics on a malformed definition.
#[derive(Debug, Clone)]
pub struct Tokenizer {
    /// Without post-processor, truncation and padding: those run after our own truncation.
    pub(super) inner: tk::Tokenizer,
    pub(super) post_processor: Option<tk::PostProcessorWrapper>,
    /// What `tokenizer.json` held of truncation and padding, for saving.
    pub(super) stored: (Option<tk::TruncationParams>, Option<tk::PaddingParams>),
    pub(super) special: SpecialTokens,
    /// What `tokenizer_config.json` held, for saving.
    pub(super) settings: serde_json::Map<String, serde_json::Value>,
    /// What `special_tokens_map.json` held, for saving.
    pub(super) special_map: serde_json::Map<String, serde_json::Value>,
    /// Tokens that the model it was loaded with has no row for.
    pub(super) beyond: Beyond,
    /// The file that its vocabulary was read from.
    pub(super) origin: Option<PathBuf>,
}

impl Tokenizer {
    /// Takes the parts of `inner` that this type keeps.
    pub(super) fn from_parts(
        mut inner: tk::Tokenizer,
        special: SpecialTokens,
        settings: serde_json::Map<String, serde_json::Value>,
    ) -> Result<Self> {
        let post_processor = inner.get_post_processor().cloned();
        let stored = (
            inner.get_truncation().cloned(),
            inner.get_padding().cloned(),
        );
        inner.with_post_processor(None::<tk::PostProcessorWrapper>);
        inner.with_padding(None);
        guarded("truncation", || inner.with_truncation(None).map(|_| ()))?;
        Ok(Self {
            inner,
            post_processor,
            stored,
            special,
            settings,
            special_map: serde_json::Map::new(),
            beyond: Beyond::default(),
            origin: None,
        })
    }

    /// An [`Error::Tokenizer`] that names the file the tokenizer was read from.
    pub(super) fn error(&self, reason: String) -> Error {
        Error::tokenizer(match &self.origin {
            Some(path) => format!("{}: {reason}", path.display()),
            None => reason,
        })
    }

    /// The id of the token that plays `role`, if the tokenizer has one.
    pub fn special(&self, role: SpecialToken) -> Option<u32> {
        self.special.get(role)
    }

    /// The id of the token that plays `role`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where no token does, or where the model that the tokenizer was loaded with
    /// has no row for it.
    pub fn require(&self, role: SpecialToken) -> Result<u32> {
        let id = self
            .special
            .get(role)
            .ok_or_else(|| Error::tokenizer(format!("it has no {role} token")))?;
        self.check_rows(&[id])?;
        Ok(id)
    }

    /// The ids of all special tokens, ascending: those with a role, and those that the tokenizer
    /// marks as special without one (`[unused0]`, `<extra_id_0>`).
    pub fn special_ids(&self) -> Vec<u32> {
        let mut ids: BTreeSet<u32> = self.special.ids().collect();
        ids.extend(
            self.inner
                .get_added_tokens_decoder()
                .into_iter()
                .filter(|(_, token)| token.special)
                .map(|(id, _)| id),
        );
        ids.into_iter().collect()
    }

    /// The number of tokens, added ones included.
    pub fn vocabulary_size(&self) -> usize {
        self.inner.get_vocab_size(true)
    }

    /// Every token with its id, by ascending id.
    pub fn vocabulary(&self) -> Vec<(String, u32)> {
        let mut tokens: Vec<_> = self.inner.get_vocab(true).into_iter().collect();
        tokens.sort_by(|a, b| a.1.cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
        tokens
    }

    /// The id of `token`.
    pub fn token_to_id(&self, token: &str) -> Option<u32> {
        self.inner.token_to_id(token)
    }

    /// The token with the id `id`.
    pub fn id_to_token(&self, id: u32) -> Option<String> {
        self.inner.id_to_token(id)
    }

    /// The longest input in tokens that `tokenizer_config.json` gives (`model_max_length`); `None`
    /// where it is missing or one of Hugging Face's "no limit" values.
    pub fn model_max_length(&self) -> Option<usize> {
        let length = self.settings.get("model_max_length")?.as_u64()?;
        usize::try_from(length).ok().filter(|&n| n < 1_000_000_000)
    }

    /// Checks that a model with `vocab_size` embedding rows has one for every id.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] naming the first token without a row: the tokenizer belongs to
    /// another vocabulary.
    pub fn check_vocabulary(&self, vocab_size: usize) -> Result<()> {
        let beyond = |id: u32| usize::try_from(id).is_ok_and(|id| id >= vocab_size);
        let vocabulary = self.vocabulary();
        match vocabulary.iter().find(|(_, id)| beyond(*id)) {
            None => Ok(()),
            Some((token, id)) => Err(self.error(format!(
                "token `{token}` has id {id}, but the model's vocab_size is {vocab_size}: \
                 a tokenizer of another vocabulary ({} tokens)",
                vocabulary.len()
            ))),
        }
    }

    /// The text of `ids`; with `skip_special` without the special tokens.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where an id is not in the vocabulary.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String> {
        if let Some(id) = ids.iter().find(|&&id| self.id_to_token(id).is_none()) {
            return Err(Error::tokenizer(format!(
                "id {id} is not in the vocabulary of {} tokens",
                self.vocabulary_size()
            )));
        }
        guarded("decoding", || self.inner.decode(ids, skip_special))
    }

    /// Adds whole tokens to the vocabulary and returns the id of each, in the order given. New
    /// ones get the ids after the largest; known ones keep theirs. `special` tokens are found
    /// before normalization and never masked.
    ///
    /// A model needs [`Tokenizer::vocabulary_size`] embedding rows afterwards.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where a token is empty, or where the ids have gaps, so that a new id
    /// could collide with an old one.
    pub fn add_tokens(&mut self, tokens: &[&str], special: bool) -> Result<Vec<u32>> {
        if tokens.iter().any(|token| token.is_empty()) {
            return Err(Error::tokenizer("an added token is empty"));
        }
        let largest = self.inner.get_vocab(true).into_values().max();
        let next = largest.map_or(0, |id| id as usize + 1);
        if next != self.vocabulary_size() {
            return Err(Error::tokenizer(format!(
                "{} tokens but the largest id is {}: no token can be added beyond a gap",
                self.vocabulary_size(),
                next.saturating_sub(1)
            )));
        }
        let added: Vec<_> = tokens
            .iter()
            .map(|token| tk::AddedToken::from(*token, special).normalized(!special))
            .collect();
        guarded("adding tokens", || {
            if special {
                self.inner.add_special_tokens(added)
            } else {
                self.inner.add_tokens(added)
            }
        })?;
        tokens
            .iter()
            .map(|token| {
                self.token_to_id(token)
                    .ok_or_else(|| Error::tokenizer(format!("`{token}` could not be added")))
            })
            .collect()
    }

    /// The same tokenizer with a space put before the first word, as RoBERTa, BART and GPT-2 need
    /// it for text that is already split into words.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where the tokenizer is not byte-level.
    pub fn with_prefix_space(mut self) -> Result<Self> {
        let mut splitter = self.inner.get_pre_tokenizer().cloned();
        if !splitter.as_mut().is_some_and(set_prefix_space) {
            return Err(Error::tokenizer(
                "a prefix space needs a byte-level tokenizer",
            ));
        }
        self.inner.with_pre_tokenizer(splitter);
        match &mut self.post_processor {
            Some(tk::PostProcessorWrapper::Roberta(roberta)) => roberta.add_prefix_space = true,
            Some(tk::PostProcessorWrapper::ByteLevel(level)) => level.add_prefix_space = true,
            _ => {}
        }
        self.settings
            .insert("add_prefix_space".to_owned(), serde_json::Value::Bool(true));
        Ok(self)
    }

    /// Whether words would lose their leading space: byte-level without a prefix space.
    pub(super) fn drops_word_starts(&self) -> bool {
        fn bare(splitter: &tk::PreTokenizerWrapper) -> bool {
            match splitter {
                tk::PreTokenizerWrapper::ByteLevel(level) => !level.add_prefix_space,
                tk::PreTokenizerWrapper::Sequence(sequence) => sequence.as_ref().iter().any(bare),
                _ => false,
            }
        }
        self.inner.get_pre_tokenizer().is_some_and(bare)
    }
}

/// Turns the prefix space on; says whether there was a byte-level splitter.
fn set_prefix_space(splitter: &mut tk::PreTokenizerWrapper) -> bool {
    match splitter {
        tk::PreTokenizerWrapper::ByteLevel(level) => {
            level.add_prefix_space = true;
            true
        }
        tk::PreTokenizerWrapper::Sequence(sequence) => {
            let mut found = false;
            for part in sequence.as_mut() {
                found |= set_prefix_space(part);
            }
            found
        }
        _ => false,
    }
}

/// Runs a call into the wrapped crate; its errors and its panics become [`Error::Tokenizer`].
///
/// The crate indexes and unwraps in places that only a malformed definition reaches.
pub(super) fn guarded<T>(what: &str, call: impl FnOnce() -> tk::Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(source)) => Err(Error::tokenizer(format!("{what}: {source}"))),
        Err(payload) => {
            let text = payload
                .downcast_ref::<String>()
                .map(String::as_str)
                .or_else(|| payload.downcast_ref::<&str>().copied())
                .unwrap_or("no reason given");
            Err(Error::tokenizer(format!("{what}: refused: {text}")))
        }
    }
}
