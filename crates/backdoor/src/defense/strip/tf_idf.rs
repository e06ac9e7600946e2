//! TF-IDF over the words of documents.

use std::collections::{BTreeMap, HashMap};

use crate::{Error, Result, words};

/// What is no word.
const SYMBOLS: [&str; 13] = [
    ".", ",", "!", ":", "?", "\"", ";", "...", "(", ")", "/", "~", "'",
];

/// The words of each document by falling TF-IDF.
///
/// Term frequency is `count / length`, where the length counts symbols too; inverse document
/// frequency is `ln(documents / documents with the word) + 1`.
#[derive(Debug, Clone, PartialEq)]
pub struct TfIdf {
    documents: Vec<Vec<(String, f64)>>,
    without_words: usize,
}

impl TfIdf {
    /// The table of `documents`. Those that hold nothing but symbols and empty words count as
    /// documents but have no words to give.
    ///
    /// # Errors
    /// [`Error::Empty`] where no document has a word.
    pub fn new(documents: &[&str]) -> Result<Self> {
        let counts: Vec<(BTreeMap<&str, Seen>, usize)> =
            documents.iter().map(|document| count(document)).collect();
        let mut holding: HashMap<&str, usize> = HashMap::new();
        for word in counts.iter().flat_map(|(seen, _)| seen.keys()) {
            *holding.entry(word).or_insert(0) += 1;
        }
        let inverse = |word: &str| (documents.len() as f64 / holding[word] as f64).ln() + 1.0;
        let ranked: Vec<Vec<(String, f64)>> = counts
            .iter()
            .filter(|(seen, _)| !seen.is_empty())
            .map(|(seen, length)| {
                let mut words: Vec<(&str, f64, usize)> = seen
                    .iter()
                    .map(|(word, seen)| {
                        let frequency = seen.count as f64 / *length as f64;
                        (*word, frequency * inverse(word), seen.first)
                    })
                    .collect();
                words.sort_unstable_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
                words
                    .into_iter()
                    .map(|(word, score, _)| (word.to_owned(), score))
                    .collect()
            })
            .collect();
        if ranked.is_empty() {
            return Err(Error::Empty {
                what: "documents with words to perturb inputs with",
                fix: "give clean texts of the classes that are not protected",
            });
        }
        Ok(Self {
            without_words: documents.len() - ranked.len(),
            documents: ranked,
        })
    }

    /// The words of each document that has any, with their scores, the highest first; of equal ones
    /// the one that stands first in the document.
    pub fn documents(&self) -> &[Vec<(String, f64)>] {
        &self.documents
    }

    /// Documents without words.
    pub fn without_words(&self) -> usize {
        self.without_words
    }
}

/// A word in a document.
struct Seen {
    count: usize,
    first: usize,
}

/// The words of `document`, and how many there are with symbols and empty ones.
fn count(document: &str) -> (BTreeMap<&str, Seen>, usize) {
    let all = words::split(document);
    let mut seen = BTreeMap::new();
    let words = all.iter().enumerate();
    for (first, word) in words.filter(|(_, w)| !w.is_empty() && !SYMBOLS.contains(w)) {
        seen.entry(*word).or_insert(Seen { count: 0, first }).count += 1;
    }
    (seen, all.len())
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn a_hand_worked_table() {
        // ln(3 / 1) + 1 for words of one document, ln(3 / 2) + 1 for `bad`.
        let table = TfIdf::new(&["bad . good good", "dull bad", "..."]).unwrap();
        let (once, twice) = (3.0_f64.ln() + 1.0, 1.5_f64.ln() + 1.0);
        let expected = [
            vec![("good", 0.5 * once), ("bad", 0.25 * twice)],
            vec![("dull", 0.5 * once), ("bad", 0.5 * twice)],
        ];
        assert_eq!(table.without_words(), 1);
        assert_eq!(table.documents().len(), 2);
        for (words, expected) in table.documents().iter().zip(expected) {
            assert_eq!(words.len(), expected.len());
            for ((word, score), (expected_word, expected_score)) in words.iter().zip(expected) {
                assert_eq!(word, expected_word);
                assert_relative_eq!(*score, expected_score, epsilon = 1e-12);
            }
        }
    }

    #[test]
    fn words_are_not_substrings_or_characters() {
        // `go` would occur in both documents as a substring, `g` as a character.
        let table = TfIdf::new(&["go", "good"]).unwrap();
        let score = |document: usize| table.documents()[document][0].1;
        assert_eq!(score(0), 2.0_f64.ln() + 1.0);
        assert_eq!(score(0), score(1));
    }

    #[test]
    fn of_equal_words_the_first_leads() {
        let table = TfIdf::new(&["z a  m ( )"]).unwrap();
        let words: Vec<&str> = table.documents()[0]
            .iter()
            .map(|(w, _)| w.as_str())
            .collect();
        assert_eq!(words, ["z", "a", "m"]);
    }

    #[test]
    fn documents_without_words_are_refused() {
        for documents in [&[][..], &["", ". , ~"]] {
            assert!(matches!(TfIdf::new(documents), Err(Error::Empty { .. })));
        }
    }
}
