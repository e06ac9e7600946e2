//! What a reader or writer could not keep, and what looks odd.

use std::collections::BTreeMap;
use std::fmt;

use serde::Serialize;

use super::Document;

/// Something in a file that is lost, set aside or suspicious.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Finding {
    /// A word without characters: kept, and no tokenizer makes a token of it.
    EmptyWord,
    /// A sentence without words: kept in memory, not written to files with one token per line.
    EmptySentence,
    /// A document without sentences.
    EmptyDocument,
    /// A label without characters: kept.
    EmptyLabel,
    /// An annotation whose span ends before it starts: kept aside.
    ReversedSpan,
    /// An entity that reaches beyond its sentence: kept aside.
    EntityOutsideSentence,
    /// A relation between two sentences: kept aside.
    CrossSentenceRelation,
    /// A relation within one sentence that is listed under another: kept aside.
    RelationInOtherSentence,
    /// A relation that reaches beyond the document: kept aside.
    RelationOutsideDocument,
    /// A relation one of whose ends is no entity: kept, but no model that relates entities finds it.
    RelationWithoutEntity,
    /// A relation of a span to itself: kept.
    SelfRelation,
    /// The same entity again: kept.
    DuplicateEntity,
    /// A span with another label than before: kept; the first label is its type.
    SeveralTypes,
    /// The same relation again: kept.
    DuplicateRelation,
    /// A pair of spans with another relation than before: kept; a model learns the first.
    SeveralRelations,
    /// Predictions of another form: kept as they are, not read.
    UnreadPredictions,
    /// Character offsets that do not fit the words: kept as they are, not read.
    UnreadOffsets,
    /// A line or sentence that cannot be read: left out.
    UnreadLine,
    /// Tags that do not follow their scheme: read by conlleval's rules.
    OffScheme,
    /// A document that has not been annotated: left out.
    SkippedDocument,
    /// A bracket without its partner: left out.
    UnbalancedBracket,
    /// An entity in several pieces: left out.
    Discontinuous,
    /// An entity that begins or ends within a word: left out.
    Unaligned,
    /// An entity that begins or ends within a word: widened to whole words.
    Widened,
    /// An annotation whose text is not that at its offsets: kept.
    TextMismatch,
    /// A relation with an end that was not read, or not with two ends: left out.
    UnreadRelation,
    /// An event: left out.
    Event,
    /// A cluster of spans that mean the same: left out.
    Cluster,
    /// An attribute or modification: left out.
    Attribute,
    /// A note: left out.
    Note,
    /// A link to a database: left out.
    Normalization,
    /// A set of equivalent entities: left out.
    Equivalence,
    /// An entity that overlaps a longer one: not written.
    OverlapNotWritten,
    /// Two neighbors of one type that become one entity in the file.
    NeighborsMerged,
    /// A relation that the format cannot hold: not written.
    RelationNotWritten,
    /// A document whose borders the file does not tell: its sentences are read as documents of their own or
    /// as part of another.
    BordersNotWritten,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::EmptyWord => "empty words",
            Self::EmptySentence => "empty sentences",
            Self::EmptyDocument => "empty documents",
            Self::EmptyLabel => "empty labels",
            Self::ReversedSpan => "spans that end before they start, kept aside",
            Self::EntityOutsideSentence => "entities beyond their sentence, kept aside",
            Self::CrossSentenceRelation => "cross-sentence relations, kept aside",
            Self::RelationInOtherSentence => "relations under another sentence, kept aside",
            Self::RelationOutsideDocument => "relations beyond the document, kept aside",
            Self::RelationWithoutEntity => "relations whose ends are not entities",
            Self::SelfRelation => "relations of a span to itself",
            Self::DuplicateEntity => "duplicate entities",
            Self::SeveralTypes => "spans with several types",
            Self::DuplicateRelation => "duplicate relations",
            Self::SeveralRelations => "pairs with several relations",
            Self::UnreadPredictions => "prediction layers not read",
            Self::UnreadOffsets => "offset layers not read",
            Self::UnreadLine => "lines or sentences left out",
            Self::OffScheme => "sentences whose tags do not follow the scheme",
            Self::SkippedDocument => "documents without annotation, left out",
            Self::UnbalancedBracket => "unbalanced brackets, left out",
            Self::Discontinuous => "discontinuous entities, left out",
            Self::Unaligned => "entities not aligned with words, left out",
            Self::Widened => "entities widened to whole words",
            Self::TextMismatch => "annotations with another text than at their offsets",
            Self::UnreadRelation => "relations without two read entities, left out",
            Self::Event => "events, left out",
            Self::Cluster => "clusters of coreferent spans, left out",
            Self::Attribute => "attributes, left out",
            Self::Note => "notes, left out",
            Self::Normalization => "normalizations, left out",
            Self::Equivalence => "equivalences, left out",
            Self::OverlapNotWritten => "overlapping entities, not written",
            Self::NeighborsMerged => "neighbors of one type, merged",
            Self::RelationNotWritten => "relations, not written",
            Self::BordersNotWritten => "documents whose borders are not written",
        })
    }
}

/// What was read, and each [`Finding`] with all its places.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
pub struct ReadReport {
    /// Documents.
    pub documents: usize,
    /// Sentences.
    pub sentences: usize,
    /// Words.
    pub words: usize,
    /// Gold entities within sentences.
    pub entities: usize,
    /// Gold relations within sentences.
    pub relations: usize,
    findings: BTreeMap<Finding, Vec<String>>,
}

impl ReadReport {
    /// Adds a finding at `place`.
    pub fn note(&mut self, finding: Finding, place: impl Into<String>) {
        self.findings.entry(finding).or_default().push(place.into());
    }

    /// How often something was found.
    pub fn count(&self, finding: Finding) -> usize {
        self.places(finding).len()
    }

    /// Where something was found, in the order of reading.
    pub fn places(&self, finding: Finding) -> &[String] {
        self.findings.get(&finding).map_or(&[], Vec::as_slice)
    }

    /// All findings and their places.
    pub fn findings(&self) -> impl Iterator<Item = (Finding, &[String])> {
        let findings = self.findings.iter();
        findings.map(|(&finding, places)| (finding, places.as_slice()))
    }

    /// Whether nothing was found.
    pub fn is_clean(&self) -> bool {
        self.findings.is_empty()
    }

    /// Adds what another report says.
    pub fn merge(&mut self, other: Self) {
        self.documents += other.documents;
        self.sentences += other.sentences;
        self.words += other.words;
        self.entities += other.entities;
        self.relations += other.relations;
        for (finding, places) in other.findings {
            self.findings.entry(finding).or_default().extend(places);
        }
    }

    /// Counts `document`, the next one.
    pub(super) fn count_document(&mut self, document: &Document) {
        self.documents += 1;
        self.sentences += document.sentences.len();
        self.words += document.word_count();
        for sentence in &document.sentences {
            self.entities += sentence.entities.len();
            self.relations += sentence.relations.len();
        }
    }
}

/// The counts, and each finding with its first places.
impl fmt::Display for ReadReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} documents, {} sentences, {} words, {} entities, {} relations",
            self.documents, self.sentences, self.words, self.entities, self.relations
        )?;
        for (finding, places) in &self.findings {
            let shown = places.iter().take(3).map(String::as_str);
            let shown: Vec<&str> = shown.collect();
            let more = if places.len() > shown.len() {
                "; …"
            } else {
                ""
            };
            write!(
                f,
                "\n{} {finding}: {}{more}",
                places.len(),
                shown.join("; ")
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_kept_merged_and_shown() {
        let mut report = ReadReport {
            words: 2,
            ..ReadReport::default()
        };
        assert!(report.is_clean());
        for place in ["a", "b", "c"] {
            report.note(Finding::EmptyWord, place);
        }
        let mut other = ReadReport::default();
        other.note(Finding::EmptyWord, "d");
        other.note(Finding::Unaligned, "T1");
        other.words = 3;
        report.merge(other);
        assert_eq!((report.count(Finding::EmptyWord), report.words), (4, 5));
        assert_eq!(report.places(Finding::Unaligned), ["T1"]);
        assert_eq!(report.count(Finding::Event), 0);
        assert_eq!(
            report.to_string(),
            "0 documents, 0 sentences, 5 words, 0 entities, 0 relations\n4 empty words: a; b; c; \
             …\n1 entities not aligned with words, left out: T1"
        );
    }
}
