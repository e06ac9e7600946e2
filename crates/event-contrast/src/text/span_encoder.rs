use std::collections::BTreeSet;
use std::ops::Range;

use burn::tensor::Device;
use plm_core::models::EncoderInput;
use plm_core::text::{EncodeOptions, Encoding, Padding, Tokenizer, collate};

use super::EncodedSpans;
use crate::amr::TokenSpan;
use crate::{Error, Result};

/// Turns sentences with spans into sub-words.
#[derive(Debug, Clone)]
pub struct SpanEncoder {
    tokenizer: Tokenizer,
    padding: Padding,
    max_length: usize,
}

impl SpanEncoder {
    /// Encodes with `tokenizer`, which byte-level ones have to be
    /// [with a prefix space](Tokenizer::with_prefix_space), and cuts to `max_length` sub-words.
    ///
    /// # Errors
    /// [`Error::Core`] for a length below 3 or a tokenizer without padding token.
    pub fn new(tokenizer: Tokenizer, max_length: usize) -> Result<Self> {
        if max_length < 3 {
            let reason = format!("is {max_length}, must be at least 3: two special tokens and one");
            return Err(Error::invalid("max_length", reason));
        }
        Ok(Self {
            padding: Padding::of(&tokenizer)?,
            tokenizer,
            max_length,
        })
    }

    /// The tokenizer.
    pub fn tokenizer(&self) -> &Tokenizer {
        &self.tokenizer
    }

    /// The most sub-words of a sentence.
    pub fn max_length(&self) -> usize {
        self.max_length
    }

    /// The sentence's sub-words and those of `spans`. The sentence is cut at every border of a span
    /// first, so that no sub-word reaches over one.
    ///
    /// # Errors
    /// [`Error::Core`] where a span is empty or beyond the sentence, or the tokenizer cannot spell a
    /// word.
    pub fn encode(&self, tokens: &[String], spans: &[TokenSpan]) -> Result<EncodedSpans> {
        let mut encoded = self.encode_whole(tokens, spans)?;
        encoded.truncate(self.max_length);
        Ok(encoded)
    }

    /// As [`Self::encode`], uncut.
    pub(crate) fn encode_whole(
        &self,
        tokens: &[String],
        spans: &[TokenSpan],
    ) -> Result<EncodedSpans> {
        for span in spans {
            if span.is_empty() || span.end > tokens.len() {
                let reason = format!("{span} of {} tokens", tokens.len());
                return Err(Error::invalid("span", reason));
            }
        }
        let borders: BTreeSet<usize> = spans
            .iter()
            .flat_map(|span| [span.start, span.end])
            .chain([0, tokens.len()])
            .collect();
        let borders: Vec<usize> = borders.into_iter().collect();
        let pieces: Vec<String> = borders
            .windows(2)
            .map(|ends| tokens[ends[0]..ends[1]].join(" "))
            .collect();
        let encoding = self.tokenizer.encode(&pieces, &EncodeOptions::new())?;
        let mut of_pieces: Vec<Range<usize>> = vec![0..0; pieces.len()];
        for (at, word) in encoding.word_ids.iter().enumerate() {
            let piece = word.and_then(|word| of_pieces.get_mut(word as usize));
            if let Some(range) = piece {
                *range = if range.start == range.end {
                    at
                } else {
                    range.start
                }..at + 1;
            }
        }
        let place = |border| borders.partition_point(|&other| other < border);
        let ranges = spans.iter().map(|span| {
            let own = &of_pieces[place(span.start)..place(span.end)];
            let mut filled = own.iter().filter(|range| !range.is_empty());
            let first = filled.next()?;
            let last = filled.next_back().unwrap_or(first);
            Some(first.start..last.end)
        });
        Ok(EncodedSpans {
            ranges: ranges.collect(),
            encoding,
        })
    }

    /// Sentences as one batch on `device`.
    ///
    /// # Errors
    /// [`Error::Core`] where there is none.
    pub fn input(&self, encodings: &[Encoding], device: &Device) -> Result<EncoderInput> {
        let batch = collate(encodings, &self.padding, device)?;
        Ok(EncoderInput::ids(batch.ids)
            .with_padding(batch.mask)
            .with_token_types(batch.token_type_ids))
    }
}
