//! How the texts of an example become a model's input.
//!
//! There is no natural-language template: the soft prompt replaces it. The pieces of an input are
//! tokenized one by one, without special tokens of their own, and laid end to end behind the slots:
//! [`TextForm::Template`](crate::TextForm::Template).

use plm_core::check::same_size;
use serde::Serialize;

use crate::{Result, TextForm};

/// A part of an input that is tokenized by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// Text. A tokenizer takes what is spelled like one of its special tokens for that token.
    Text(String),
    /// One special token of the model.
    Special(&'static str),
}

/// The input of a masked language model: `slots <s> text </s>`, or
/// `slots <s> first </s> second </s>`. BERT has `[CLS]` and `[SEP]` in their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum MaskedTemplate {
    /// One text.
    Single,
    /// A sentence and an aspect of it as one text, with a space between.
    Joined,
    /// Two texts with one separator.
    Pair,
}

/// The input of T5's encoder, behind the slots.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub enum T5Template {
    /// `text`.
    Plain,
    /// `text </s>`, of a sentence and an aspect `sentence aspect </s>`.
    Ended,
    /// `hypothesis: first [SEP] sentence: premise: second`, all of it text.
    Inference,
    /// `first second`, or one text, without a separator.
    Adjacent,
    /// `first <extra_id_0> second </s>`.
    Sentinel,
    /// `context: first SEP question:second`, all of it text.
    Reading,
    /// `context: text`, of a question without a passage as of a dialogue.
    Context,
}

impl MaskedTemplate {
    /// The form in which a [`TaskEncoder`](crate::TaskEncoder) lays the texts out so.
    pub fn form(self) -> TextForm {
        match self {
            Self::Single | Self::Pair => TextForm::Masked,
            Self::Joined => TextForm::Joined,
        }
    }

    /// The segments of an example's `texts`: one, or two that a separator parts.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for a wrong number of texts.
    pub fn segments(self, texts: &[&str]) -> Result<Vec<String>> {
        let expected = match self {
            Self::Single => 1,
            Self::Joined | Self::Pair => 2,
        };
        same_size("texts of an example", texts.len(), expected)?;
        Ok(match self {
            Self::Single | Self::Pair => texts.iter().map(|&text| text.to_owned()).collect(),
            Self::Joined => vec![texts.join(" ")],
        })
    }
}

impl T5Template {
    /// The pieces of an example's `texts`.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for a wrong number of texts.
    pub fn pieces(self, texts: &[&str]) -> Result<Vec<Piece>> {
        let expected = match self {
            Self::Plain | Self::Context => 1..=1,
            Self::Ended | Self::Adjacent => 1..=2,
            Self::Inference | Self::Sentinel | Self::Reading => 2..=2,
        };
        let nearest = texts.len().clamp(*expected.start(), *expected.end());
        same_size("texts of an example", texts.len(), nearest)?;
        let text = |at: usize| Piece::Text(texts[at].to_owned());
        Ok(match self {
            Self::Plain => vec![text(0)],
            Self::Ended => vec![Piece::Text(texts.join(" ")), Piece::Special("</s>")],
            Self::Inference => vec![Piece::Text(format!(
                "hypothesis: {} [SEP] sentence: premise: {}",
                texts[0], texts[1]
            ))],
            Self::Adjacent => (0..texts.len()).map(text).collect(),
            Self::Sentinel => vec![
                text(0),
                Piece::Special("<extra_id_0>"),
                text(1),
                Piece::Special("</s>"),
            ],
            Self::Reading => vec![Piece::Text(format!(
                "context: {} SEP question:{}",
                texts[0], texts[1]
            ))],
            Self::Context => vec![Piece::Text(format!("context: {}", texts[0]))],
        })
    }

    /// The pieces as one string, with a space between them, to be looked at: T5's tokenizer begins each
    /// piece with a space. Encoded *without* the special tokens that the tokenizer adds it gives the
    /// tokens of [`pieces`](Self::pieces); with them a text ends twice or where it should not. For a
    /// model's input use [`TextForm::Template`](crate::TextForm::Template).
    ///
    /// # Errors
    /// As [`pieces`](Self::pieces).
    pub fn text(self, texts: &[&str]) -> Result<String> {
        let pieces = self.pieces(texts)?;
        let words: Vec<&str> = pieces.iter().map(Piece::as_str).collect();
        Ok(words.join(" "))
    }
}

impl Piece {
    /// Its characters.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Text(text) => text,
            Self::Special(token) => token,
        }
    }
}
