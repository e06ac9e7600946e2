use std::borrow::Cow;

use tokenizers::InputSequence;

/// What [`Tokenizer::encode`](super::Tokenizer::encode) takes: a text, words, or a pair of either.
///
/// Made with [`From`]: `"text"`, `("first", "second")`, `["a", "b"].as_slice()` (words),
/// `(words, more_words)`.
#[derive(Debug, Clone)]
pub struct TextInput<'a> {
    pub(super) first: Segment<'a>,
    pub(super) second: Option<Segment<'a>>,
}

/// One side of an input.
#[derive(Debug, Clone)]
pub(super) enum Segment<'a> {
    Text(&'a str),
    Words(Vec<Cow<'a, str>>),
}

impl<'a> Segment<'a> {
    pub(super) fn is_words(&self) -> bool {
        matches!(self, Self::Words(_))
    }

    pub(super) fn into_sequence(self) -> InputSequence<'a> {
        match self {
            Self::Text(text) => InputSequence::Raw(Cow::Borrowed(text)),
            Self::Words(words) => InputSequence::PreTokenizedCow(Cow::Owned(words)),
        }
    }
}

impl<'a> From<&'a str> for Segment<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl<'a> From<&'a String> for Segment<'a> {
    fn from(text: &'a String) -> Self {
        Self::Text(text)
    }
}

impl<'a, S: AsRef<str>> From<&'a [S]> for Segment<'a> {
    fn from(words: &'a [S]) -> Self {
        Self::Words(words.iter().map(|w| Cow::Borrowed(w.as_ref())).collect())
    }
}

impl<'a, S: AsRef<str>> From<&'a Vec<S>> for Segment<'a> {
    fn from(words: &'a Vec<S>) -> Self {
        words.as_slice().into()
    }
}

macro_rules! sides {
    ($($side:ty $(, $param:ident)?;)+) => {$(
        impl<'a $(, $param: AsRef<str>)?> From<$side> for TextInput<'a> {
            fn from(text: $side) -> Self {
                Self { first: text.into(), second: None }
            }
        }

        impl<'a $(, $param: AsRef<str>)?> From<($side, $side)> for TextInput<'a> {
            fn from((first, second): ($side, $side)) -> Self {
                Self { first: first.into(), second: Some(second.into()) }
            }
        }

        impl<'a $(, $param: AsRef<str>)?> From<($side, Option<$side>)> for TextInput<'a> {
            fn from((first, second): ($side, Option<$side>)) -> Self {
                Self { first: first.into(), second: second.map(Into::into) }
            }
        }
    )+};
}

sides! {
    &'a str;
    &'a String;
    &'a [S], S;
    &'a Vec<S>, S;
}
