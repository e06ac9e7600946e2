use rayon::prelude::*;
use tokenizers::{self as tk, PostProcessor};

use super::input::Segment;
use super::tokenizer::guarded;
use super::{Encoding, OffsetUnit, TextInput, Tokenizer, Truncation, TruncationReport};
use crate::{Error, Result};

/// How texts are encoded. By default with special tokens, uncut, offsets in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EncodeOptions {
    /// Whether the tokenizer adds its special tokens.
    pub special_tokens: bool,
    /// The limit on the length, if any.
    pub truncation: Option<Truncation>,
    /// What offsets count.
    pub offsets: OffsetUnit,
}

impl Default for EncodeOptions {
    fn default() -> Self {
        Self {
            special_tokens: true,
            truncation: None,
            offsets: OffsetUnit::default(),
        }
    }
}

impl EncodeOptions {
    /// The default.
    pub fn new() -> Self {
        Self::default()
    }

    /// Without special tokens.
    #[must_use]
    pub fn without_special_tokens(mut self) -> Self {
        self.special_tokens = false;
        self
    }

    /// With a limit on the length.
    #[must_use]
    pub fn with_truncation(mut self, truncation: Truncation) -> Self {
        self.truncation = Some(truncation);
        self
    }

    /// With offsets in `unit`.
    #[must_use]
    pub fn with_offsets(mut self, unit: OffsetUnit) -> Self {
        self.offsets = unit;
        self
    }
}

/// Several encodings and what truncation did to them.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EncodedBatch {
    /// One per input, in order.
    pub encodings: Vec<Encoding>,
    /// What was cut off.
    pub report: TruncationReport,
}

impl Tokenizer {
    /// Encodes one input.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `max_length` cannot be met (no room for the special tokens, or
    /// the side to be cut has too few tokens). [`Error::Tokenizer`] where the text cannot be
    /// spelled and there is no unknown token, where one side is words and the other text, where words
    /// meet a byte-level tokenizer without [`Tokenizer::with_prefix_space`], and where the model that
    /// the tokenizer was loaded with has no row for a token of the text.
    pub fn encode<'a>(
        &self,
        input: impl Into<TextInput<'a>>,
        options: &EncodeOptions,
    ) -> Result<Encoding> {
        let input = input.into();
        let (mut first, mut second) = self.sides(&input, options.offsets)?;
        let mut lost = 0;
        if let Some(truncation) = &options.truncation {
            let lengths = (first.len(), second.as_ref().map(tk::Encoding::len));
            let added = self.added(second.is_some(), options.special_tokens);
            let (keep_first, keep_second) = truncation.plan(lengths.0, lengths.1, added)?;
            lost = lengths.0 + lengths.1.unwrap_or(0) - keep_first - keep_second;
            first.truncate(keep_first, 0, truncation.direction());
            first.take_overflowing();
            if let Some(second) = &mut second {
                second.truncate(keep_second, 0, truncation.direction());
                second.take_overflowing();
            }
        }
        let merged = self.join(first, second, options.special_tokens)?;
        self.check_rows(merged.get_ids())?;
        Ok(finish(&merged, &input, options.offsets, lost))
    }

    /// Encodes many inputs on all threads. The result does not depend on the number of threads.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`]; the message names the first input at fault, counted from 0.
    pub fn encode_batch<'a, I>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        options: &EncodeOptions,
    ) -> Result<EncodedBatch>
    where
        I: Into<TextInput<'a>>,
    {
        let inputs: Vec<TextInput<'a>> = inputs.into_iter().map(Into::into).collect();
        let results: Vec<_> = inputs
            .into_par_iter()
            .map(|input| self.encode(input, options))
            .collect();
        let mut batch = EncodedBatch::default();
        for (index, result) in results.into_iter().enumerate() {
            let encoding =
                result.map_err(|e| Error::invalid(format!("input {index}"), e.to_string()))?;
            batch.report.add(&encoding);
            batch.encodings.push(encoding);
        }
        Ok(batch)
    }

    /// Encodes an input into as many windows of at most `truncation.max_length` tokens as it
    /// takes; neighboring windows share `stride` tokens. Nothing is lost. For a pair, the
    /// strategy says which side is cut into windows; the other is repeated in each.
    ///
    /// # Errors
    /// As [`Tokenizer::encode`], and [`Error::Invalid`] where `stride` is not smaller than the
    /// room that a window has, or where both sides of a pair would be cut.
    pub fn encode_windows<'a>(
        &self,
        input: impl Into<TextInput<'a>>,
        truncation: &Truncation,
        stride: usize,
        options: &EncodeOptions,
    ) -> Result<Vec<Encoding>> {
        let input = input.into();
        let (mut first, mut second) = self.sides(&input, options.offsets)?;
        let lengths = (first.len(), second.as_ref().map_or(0, tk::Encoding::len));
        let added = self.added(second.is_some(), options.special_tokens);
        let keep = truncation.plan(lengths.0, second.as_ref().map(tk::Encoding::len), added)?;
        let cut_first = keep.0 < lengths.0;
        let cut_second = keep.1 < lengths.1;
        if cut_first && cut_second {
            return Err(Error::invalid(
                "strategy",
                format!("{:?} cuts both sides into windows", truncation.strategy),
            ));
        }
        let room = if cut_first { keep.0 } else { keep.1 };
        if (cut_first || cut_second) && stride >= room {
            return Err(Error::invalid(
                "stride",
                format!("is {stride}, but a window has room for {room} tokens of the text"),
            ));
        }
        first.truncate(keep.0, stride, truncation.direction());
        if let Some(second) = &mut second {
            second.truncate(keep.1, stride, truncation.direction());
        }
        let mut merged = self.join(first, second, options.special_tokens)?;
        let rest = merged.take_overflowing();
        std::iter::once(&merged)
            .chain(&rest)
            .map(|window| {
                self.check_rows(window.get_ids())?;
                Ok(finish(window, &input, options.offsets, 0))
            })
            .collect()
    }

    /// Both sides, without special tokens.
    fn sides(
        &self,
        input: &TextInput<'_>,
        unit: OffsetUnit,
    ) -> Result<(tk::Encoding, Option<tk::Encoding>)> {
        let TextInput { first, second } = input;
        if second
            .as_ref()
            .is_some_and(|second| second.is_words() != first.is_words())
        {
            return Err(Error::tokenizer(
                "one side of the pair is words, the other a text",
            ));
        }
        if first.is_words() && self.drops_word_starts() {
            return Err(Error::tokenizer(
                "words need a byte-level tokenizer with a prefix space",
            ));
        }
        let encode = |side: &Segment<'_>, index: u32| {
            let sequence = side.clone().into_sequence();
            let mut encoding = guarded("encoding", || match unit {
                OffsetUnit::Chars => self.inner.encode_char_offsets(sequence, false),
                OffsetUnit::Bytes => self.inner.encode(sequence, false),
            })?;
            encoding.set_type_ids(vec![index; encoding.len()]);
            Ok::<_, Error>(encoding)
        };
        let first = encode(first, 0)?;
        let second = second
            .as_ref()
            .map(|second| encode(second, 1))
            .transpose()?;
        Ok((first, second))
    }

    fn added(&self, pair: bool, special_tokens: bool) -> usize {
        match &self.post_processor {
            Some(processor) if special_tokens => processor.added_tokens(pair),
            _ => 0,
        }
    }

    /// Adds the special tokens and joins the sides.
    fn join(
        &self,
        first: tk::Encoding,
        second: Option<tk::Encoding>,
        special_tokens: bool,
    ) -> Result<tk::Encoding> {
        guarded("special tokens", || match &self.post_processor {
            Some(processor) => processor.process(first, second, special_tokens),
            None => {
                let sides = std::iter::once(first).chain(second).enumerate();
                Ok(tk::Encoding::merge(
                    sides.map(|(index, mut side)| {
                        number(&mut side, index);
                        side
                    }),
                    false,
                ))
            }
        })
    }
}

/// Marks a side and its windows as the `index`-th of its pair.
fn number(side: &mut tk::Encoding, index: usize) {
    side.set_sequence_id(index);
    for window in side.get_overflowing_mut() {
        number(window, index);
    }
}

/// Takes the fields of `merged`. Byte offsets are moved out to whole characters: a byte-level
/// token may cover a part of one.
fn finish(merged: &tk::Encoding, input: &TextInput<'_>, unit: OffsetUnit, lost: usize) -> Encoding {
    let mut encoding = Encoding::new(merged, lost);
    if unit == OffsetUnit::Bytes {
        let sides = [Some(&input.first), input.second.as_ref()];
        for (at, offsets) in encoding.offsets.iter_mut().enumerate() {
            let side =
                encoding.sequence_ids[at].and_then(|side| sides.get(side).copied().flatten());
            let text = match (side, encoding.word_ids[at]) {
                (Some(Segment::Text(text)), _) => text,
                (Some(Segment::Words(words)), Some(word)) => {
                    words.get(word as usize).map_or("", AsRef::as_ref)
                }
                _ => continue,
            };
            *offsets = (
                text.floor_char_boundary(offsets.0),
                text.ceil_char_boundary(offsets.1),
            );
        }
    }
    encoding
}
