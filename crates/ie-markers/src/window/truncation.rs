//! What was lost where sentences are longer than their windows, or words have no tokens.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::SentenceWindows;
use crate::data::WordSpan;

/// What one sentence lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CutSentence {
    /// Its document.
    pub document: String,
    /// The sentence, counted through the document from 0.
    pub sentence: usize,
    /// Its words that are in no window.
    pub words: Vec<usize>,
    /// The given entities that are in no window as a whole or have no tokens.
    pub entities: Vec<WordSpan>,
    /// Subject and object of the given relations that are in no window together or of which one has no
    /// tokens.
    pub relations: Vec<[WordSpan; 2]>,
}

/// What a data set lost.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct TruncationReport {
    /// How many sentences were looked at.
    pub sentences: usize,
    /// How many of them have more than one window.
    pub windowed: usize,
    /// How many words have no tokens.
    pub empty_words: usize,
    /// The sentences that lost something, in order.
    pub cut: Vec<CutSentence>,
}

impl TruncationReport {
    /// Counts a sentence with its entities and the subjects and objects of its relations.
    pub fn add(
        &mut self,
        document: &str,
        windows: &SentenceWindows,
        entities: impl IntoIterator<Item = WordSpan>,
        relations: impl IntoIterator<Item = [WordSpan; 2]>,
    ) {
        self.sentences += 1;
        self.windowed += usize::from(windows.windows.len() > 1);
        self.empty_words += windows.empty.len();
        let entities = entities.into_iter();
        let relations = relations.into_iter();
        let cut = CutSentence {
            document: document.to_owned(),
            sentence: windows.sentence,
            words: windows.cut.clone(),
            entities: entities.filter(|&span| !windows.reads(span)).collect(),
            relations: relations
                .filter(|&[subject, object]| !windows.reads_pair(subject, object))
                .collect(),
        };
        if !(cut.words.is_empty() && cut.entities.is_empty() && cut.relations.is_empty()) {
            self.cut.push(cut);
        }
    }

    /// Words that were cut; those without tokens are in [`Self::empty_words`].
    pub fn words(&self) -> usize {
        self.cut.iter().map(|cut| cut.words.len()).sum()
    }

    /// Entities that were cut or have no tokens.
    pub fn entities(&self) -> usize {
        self.cut.iter().map(|cut| cut.entities.len()).sum()
    }

    /// Relations that were cut or have an end without tokens.
    pub fn relations(&self) -> usize {
        self.cut.iter().map(|cut| cut.relations.len()).sum()
    }

    /// Adds what another report says.
    pub fn merge(&mut self, other: Self) {
        self.sentences += other.sentences;
        self.windowed += other.windowed;
        self.empty_words += other.empty_words;
        self.cut.extend(other.cut);
    }
}

/// The counts, and the first sentences that lost something.
impl fmt::Display for TruncationReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} sentences lost {} words, {} entities, {} relations; {} have several windows; \
             {} words have no tokens",
            self.cut.len(),
            self.sentences,
            self.words(),
            self.entities(),
            self.relations(),
            self.windowed,
            self.empty_words
        )?;
        for cut in self.cut.iter().take(3) {
            write!(
                f,
                "\n{}, sentence {}: {} words, {} entities, {} relations",
                cut.document,
                cut.sentence,
                cut.words.len(),
                cut.entities.len(),
                cut.relations.len()
            )?;
        }
        if self.cut.len() > 3 {
            f.write_str("\n…")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::{WindowSettings, sentence_windows};
    use super::*;
    use crate::testing::{span, toy_document};

    #[test]
    fn losses_are_counted_and_named() {
        let subwords = toy_document(&[vec![2, 2, 1, 3, 1, 0, 2], vec![1, 1], vec![0]]);
        let entities = [span(0, 0), span(1, 3), span(4, 4)];
        let relations = [[span(0, 0), span(2, 2)], [span(4, 4), span(0, 0)]];
        let report = |settings: WindowSettings| {
            let mut report = TruncationReport::default();
            for sentence in 0..3 {
                let windows = sentence_windows(&subwords, sentence, &settings).unwrap();
                let first = usize::from(sentence == 0);
                let entities = entities.into_iter().take(3 * first);
                report.add(
                    "d",
                    &windows,
                    entities,
                    relations.into_iter().take(2 * first),
                );
            }
            report
        };
        let cut = report(WindowSettings::new(8));
        assert_eq!((cut.sentences, cut.windowed, cut.empty_words), (3, 0, 2));
        let wanted = CutSentence {
            document: "d".to_owned(),
            sentence: 0,
            words: vec![3, 4, 6],
            entities: vec![span(1, 3), span(4, 4)],
            relations: vec![relations[1]],
        };
        assert_eq!(cut.cut, [wanted]);
        assert_eq!((cut.words(), cut.entities(), cut.relations()), (3, 2, 1));
        assert_eq!(
            cut.to_string(),
            "1 of 3 sentences lost 3 words, 2 entities, 1 relations; 0 have several windows; 2 words \
             have no tokens\nd, sentence 0: 3 words, 2 entities, 1 relations"
        );
        // Nothing is cut by windows that overlap, but the relation between distant words is.
        let overlapping = report(WindowSettings::new(8).with_overlap(3));
        assert_eq!(
            (
                overlapping.windowed,
                overlapping.words(),
                overlapping.entities()
            ),
            (1, 0, 0)
        );
        assert_eq!(overlapping.relations(), 1);
        assert!(report(WindowSettings::new(32)).cut.is_empty());
        let mut empty = TruncationReport::default();
        for sentence in [0, 2] {
            let windows = sentence_windows(&subwords, sentence, &WindowSettings::new(32)).unwrap();
            let gone = if sentence == 0 {
                span(5, 5)
            } else {
                span(0, 0)
            };
            let ends = [[span(0, 0), gone]];
            empty.add("d", &windows, [gone, span(0, 0)], ends);
        }
        let lost: Vec<_> = empty.cut.iter().map(|cut| cut.entities.clone()).collect();
        assert_eq!(lost, [vec![span(5, 5)], vec![span(0, 0), span(0, 0)]]);
        assert_eq!((empty.words(), empty.relations()), (0, 2));
        let mut both = cut.clone();
        both.merge(overlapping);
        assert_eq!(
            (both.sentences, both.relations(), both.empty_words),
            (6, 2, 4)
        );
    }
}
