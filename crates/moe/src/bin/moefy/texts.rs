//! Texts, and batches of them as a model reads them.

use std::path::Path;

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::data::{Lines, open};
use plm_core::models::Stack;
use plm_core::text::{Batch, EncodeOptions, Padding, Tokenizer, Truncation, collate};

/// The texts of a file, one a line, without those of white space only; at most `limit` of them.
///
/// # Errors
/// Where the file cannot be read, is not UTF-8 or holds no text.
pub(crate) fn read(path: &Path, limit: usize) -> Result<Vec<String>> {
    let mut texts = Vec::new();
    for line in Lines::new(open(path)?, path) {
        let text = line?.text;
        if !text.trim().is_empty() {
            texts.push(text);
        }
        if texts.len() == limit {
            break;
        }
    }
    ensure!(!texts.is_empty(), "{}: holds no text", path.display());
    Ok(texts)
}

/// A batch of texts.
pub(crate) struct Texts {
    /// What the encoder, or the only stack, reads.
    pub(crate) source: Batch,
    /// What the decoder is to write, where there is one.
    pub(crate) target: Option<Batch>,
}

impl Texts {
    /// Which positions of a stack hold a token, `[batch, length]` in row-major order.
    pub(crate) fn visible(&self, stack: Stack) -> Vec<bool> {
        match (stack, &self.target) {
            (Stack::Decoder, Some(target)) => target.visible(),
            _ => self.source.visible(),
        }
    }
}

/// Makes batches for a model.
pub(crate) struct Reader<'a> {
    /// The model's tokenizer.
    pub(crate) tokenizer: &'a Tokenizer,
    /// Most tokens of a text.
    pub(crate) length: usize,
    /// Fills up shorter texts.
    pub(crate) padding: Padding,
    /// Whether there is a decoder, which reads a target.
    pub(crate) has_decoder: bool,
    /// Where batches lie.
    pub(crate) device: &'a Device,
}

impl Reader<'_> {
    /// The batch of `texts`.
    ///
    /// # Errors
    /// Where a text cannot be spelled, or the length leaves no room for special tokens.
    pub(crate) fn batch(&self, texts: &[String]) -> Result<Texts> {
        let sides = texts.iter().map(|text| match text.split_once('\t') {
            Some(sides) if self.has_decoder => sides,
            _ => (text.as_str(), text.as_str()),
        });
        let (sources, targets): (Vec<&str>, Vec<&str>) = sides.unzip();
        Ok(Texts {
            source: self.side(sources)?,
            target: (self.has_decoder.then(|| self.side(targets))).transpose()?,
        })
    }

    fn side(&self, texts: Vec<&str>) -> Result<Batch> {
        let options = EncodeOptions::new().with_truncation(Truncation::new(self.length));
        let encoded = self.tokenizer.encode_batch(texts, &options)?;
        Ok(collate(&encoded.encodings, &self.padding, self.device)?)
    }
}
