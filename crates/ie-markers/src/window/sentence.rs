//! The windows of a sentence, and which of them decides.

use std::cmp::Reverse;
use std::ops::Range;

use plm_core::check::same_size;

use super::cores::cores;
use super::{LongSentences, Window, WindowSettings, context_lengths};
use crate::Result;
use crate::data::WordSpan;
use crate::spans::candidate_spans;
use crate::subwords::Subwords;

/// The windows of one sentence: one, or several that overlap, or none where the sentence has no token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceWindows {
    /// The sentence, counted through the document from 0.
    pub sentence: usize,
    /// How many words it has.
    pub words: usize,
    /// Its windows, from left to right.
    pub windows: Vec<Window>,
    /// Its words that are in no window.
    pub cut: Vec<usize>,
    /// Its words without tokens.
    pub empty: Vec<usize>,
}

/// The windows of a sentence of a document.
///
/// The context of a window is text of the same document, cut at the sub-word; see
/// [`context_lengths`]. A sentence that is cut has none: PL-Marker's code keeps the lengths of the
/// sentence before there. Several windows of one sentence have each other's words as context.
///
/// # Errors
/// [`Error::NoSuch`](crate::Error::NoSuch) where there is no such sentence,
/// [`Error::Setting`](crate::Error::Setting) for windows without room.
pub fn sentence_windows(
    subwords: &Subwords,
    sentence: usize,
    settings: &WindowSettings,
) -> Result<SentenceWindows> {
    let room = settings.room()?;
    let words = subwords.sentence(sentence)?;
    let starts = &subwords.token2subword()[words.start..=words.end];
    let cores = cores(starts, room, settings.long);
    let is_cut = settings.long == LongSentences::Truncate && starts[words.len()] - starts[0] > room;
    let windows = cores.iter().map(|core| {
        let own = starts[core.start]..starts[core.end];
        let limit = match settings.context {
            _ if is_cut => own.len(),
            Some(context) => context.clamp(own.len(), room),
            None => room,
        };
        let after = subwords.ids().len() - own.end;
        let (left, right) = context_lengths(own.start, after, own.len(), limit);
        let text = own.start - left..own.end + right;
        frame(subwords, sentence, core.clone(), starts, text, settings)
    });
    let held = |word: usize| cores.iter().any(|core| core.contains(&word));
    let is_empty = |word: &usize| starts[*word] == starts[word + 1];
    Ok(SentenceWindows {
        sentence,
        words: words.len(),
        windows: windows.collect(),
        cut: (0..words.len())
            .filter(|&word| !held(word) && !is_empty(&word))
            .collect(),
        empty: (0..words.len()).filter(is_empty).collect(),
    })
}

fn frame(
    subwords: &Subwords,
    sentence: usize,
    words: Range<usize>,
    starts: &[usize],
    text: Range<usize>,
    settings: &WindowSettings,
) -> Window {
    let [before, after] = subwords.frame();
    let mut tokens = Vec::with_capacity(text.len() + 2);
    tokens.push(before);
    tokens.extend_from_slice(&subwords.ids()[text.clone()]);
    tokens.push(after);
    let own = &starts[words.start..=words.end];
    Window {
        sentence,
        room: settings.max_length - tokens.len(),
        offset: text.start,
        sentence_start: own[0] - text.start + 1,
        word_starts: own.iter().map(|start| start - text.start + 1).collect(),
        words,
        tokens,
    }
}

impl SentenceWindows {
    /// The window that decides about `span`: of those that hold it the one that shows it with the most
    /// context, which is the one whose shorter side is longest; then the one with more text on both
    /// sides, then the first. None where no window holds it.
    pub fn decider(&self, span: WordSpan) -> Option<usize> {
        let contexts = self.windows.iter().enumerate();
        let held = contexts.filter_map(|(at, window)| Some((at, window.context_of(span)?)));
        let best = held.max_by_key(|&(at, [l, r])| (l.min(r), l + r, Reverse(at)));
        best.map(|(at, _)| at)
    }

    /// The window that decides about a pair of spans: the decider of the words from the first to the
    /// last of both.
    pub fn pair_decider(&self, one: WordSpan, other: WordSpan) -> Option<usize> {
        let (start, end) = (one.start.min(other.start), one.end.max(other.end));
        let valid = one.start <= one.end && other.start <= other.end;
        valid
            .then(|| self.decider(WordSpan::new(start, end)))
            .flatten()
    }

    /// Whether a window decides about `span` and has tokens of it.
    pub fn reads(&self, span: WordSpan) -> bool {
        let window = self.decider(span).map(|at| &self.windows[at]);
        window.is_some_and(|window| window.token_span(span).is_some())
    }

    /// Whether a window decides about a pair of spans and has tokens of both.
    pub fn reads_pair(&self, one: WordSpan, other: WordSpan) -> bool {
        let window = self.pair_decider(one, other).map(|at| &self.windows[at]);
        window.is_some_and(|window| {
            [one, other]
                .into_iter()
                .all(|span| window.token_span(span).is_some())
        })
    }

    /// For each window the spans of at most `width` words that it decides about, by start and end.
    /// Together each span once; without those that no window holds, and without those whose first or last
    /// word has no tokens: they would have the tokens, and so the scores, of a shorter span.
    ///
    /// # Errors
    /// [`Error::Setting`](crate::Error::Setting) for a width of 0.
    pub fn candidates(&self, width: usize) -> Result<Vec<Vec<WordSpan>>> {
        let mut candidates = Vec::with_capacity(self.windows.len());
        for (at, window) in self.windows.iter().enumerate() {
            let spans = candidate_spans(window.words.clone(), width)?;
            let own =
                spans.filter(|&span| window.has_token_ends(span) && self.decider(span) == Some(at));
            candidates.push(own.collect());
        }
        Ok(candidates)
    }

    /// Joins what was predicted in each window about spans: a span's prediction is that of its
    /// decider. What other windows say of it is left out.
    ///
    /// # Errors
    /// [`Error::Size`](crate::Error::Size) for another number of lists than windows.
    pub fn merge<T>(&self, predicted: Vec<Vec<(WordSpan, T)>>) -> Result<Vec<(WordSpan, T)>> {
        self.merge_by(predicted, |&span| self.decider(span))
    }

    /// As [`Self::merge`], about pairs of spans.
    ///
    /// # Errors
    /// As [`Self::merge`].
    pub fn merge_pairs<T>(
        &self,
        predicted: Vec<Vec<([WordSpan; 2], T)>>,
    ) -> Result<Vec<([WordSpan; 2], T)>> {
        self.merge_by(predicted, |&[one, other]| self.pair_decider(one, other))
    }

    fn merge_by<S, T>(
        &self,
        predicted: Vec<Vec<(S, T)>>,
        decider: impl Fn(&S) -> Option<usize>,
    ) -> Result<Vec<(S, T)>> {
        same_size(
            "windows with predictions",
            predicted.len(),
            self.windows.len(),
        )?;
        let mut merged = Vec::new();
        for (at, own) in predicted.into_iter().enumerate() {
            merged.extend(
                own.into_iter()
                    .filter(|(span, _)| decider(span) == Some(at)),
            );
        }
        Ok(merged)
    }
}

#[cfg(test)]
mod tests;
