//! From texts to a classifier's batches.

use burn::tensor::Device;
use plm_core::config::EncoderConfig;
use plm_core::models::EncoderInput;
use plm_core::text::{
    EncodeOptions, Encoding, Padding, Tokenizer, Truncation, TruncationReport, collate,
};
use sha2::{Digest, Sha256};

use crate::example::Example;
use crate::{Error, Result};

/// A tokenizer with a limit on the length of texts.
#[derive(Debug, Clone)]
pub struct TextEncoder {
    tokenizer: Tokenizer,
    options: EncodeOptions,
    padding: Padding,
    max_length: usize,
}

impl TextEncoder {
    /// Texts of at most `max_length` tokens for the model with `config`.
    ///
    /// # Errors
    /// [`Error::Core`] for a tokenizer without padding token or with other words than the model;
    /// [`Error::Setting`] where `max_length` is 0 or the model has fewer positions.
    pub fn new(tokenizer: Tokenizer, max_length: usize, config: &EncoderConfig) -> Result<Self> {
        if max_length == 0 || max_length > config.max_length() {
            return Err(Error::Setting {
                name: "max_length",
                value: max_length.to_string(),
                limit: "must be between 1 and the tokens that the model has positions for",
            });
        }
        tokenizer.check_vocabulary(config.vocab_size)?;
        Ok(Self {
            padding: Padding::of(&tokenizer)?,
            options: EncodeOptions::new().with_truncation(Truncation::new(max_length)),
            tokenizer,
            max_length,
        })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// Longest text in tokens.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// SHA-256 of the tokenizer's files: tokenizers with the same identity give the same tokens.
    ///
    /// # Errors
    /// [`Error::Core`] for a tokenizer that cannot be written.
    pub fn identity(&self) -> Result<String> {
        let files = self.tokenizer.to_files()?;
        let vocabulary = files.iter().filter(|(name, _)| *name == "tokenizer.json");
        Ok(sha256(vocabulary.map(|(_, content)| content.as_bytes())))
    }

    /// The tokens of `examples`, and what was cut off.
    ///
    /// # Errors
    /// [`Error::Core`] naming the first text that cannot be encoded.
    pub fn encode(&self, examples: &[&Example]) -> Result<(Vec<Encoding>, TruncationReport)> {
        let texts = examples
            .iter()
            .map(|example| (&example.text, example.pair.as_ref()));
        let batch = self.tokenizer.encode_batch(texts, &self.options)?;
        Ok((batch.encodings, batch.report))
    }

    /// `examples` as one batch, padded to `length` at least.
    ///
    /// # Errors
    /// As [`TextEncoder::encode`].
    pub fn input(
        &self,
        examples: &[&Example],
        length: usize,
        device: &Device,
    ) -> Result<EncoderInput> {
        let (encodings, _) = self.encode(examples)?;
        self.collate(&encodings, length, device)
    }

    /// Encoded texts as one batch, padded to `length` at least.
    ///
    /// # Errors
    /// [`Error::Core`] where there is none.
    pub fn collate(
        &self,
        encodings: &[Encoding],
        length: usize,
        device: &Device,
    ) -> Result<EncoderInput> {
        let padding = self.padding.with_min_length(length);
        let batch = collate(encodings, &padding, device)?;
        Ok(EncoderInput::ids(batch.ids)
            .with_padding(batch.mask)
            .with_token_types(batch.token_type_ids))
    }
}

/// SHA-256 of several byte strings, each framed by its length, in hexadecimal.
pub(crate) fn sha256<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    let digest = hash.finalize();
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
