//! What a corpus holds, and what is wrong with it.
//!
//! Two texts are the same where both parts of the pair are equal, character for character.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use super::Corpus;
use crate::Example;
use crate::labels::sort_labels;

/// Sizes of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Statistics {
    /// How many examples there are.
    pub rows: usize,
    /// How many have a label.
    pub labeled: usize,
    /// How many have a second text.
    pub pairs: usize,
    /// How many have no character at all.
    pub empty: usize,
    /// Mean number of characters, both texts together; `None` without examples.
    pub mean_length: Option<f64>,
    /// Largest number of characters, both texts together.
    pub max_length: usize,
    /// The labels in the order of a [`LabelLayout`](crate::LabelLayout).
    pub classes: Vec<ClassCount>,
}

/// How often a label occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ClassCount {
    /// The label.
    pub label: String,
    /// How many examples have it.
    pub rows: usize,
}

/// A text that two corpora share.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SharedText {
    /// Its rows in the first corpus, ascending.
    pub first: Vec<usize>,
    /// Its rows in the second corpus, ascending.
    pub second: Vec<usize>,
}

/// Sizes of `corpus`.
pub fn statistics(corpus: &Corpus) -> Statistics {
    let examples = corpus.examples();
    let lengths = examples.iter().map(length);
    let (sum, max_length) = lengths.fold((0, 0), |(sum, max), l| (sum + l, max.max(l)));
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for label in examples.iter().filter_map(|e| e.label.as_deref()) {
        *counts.entry(label).or_default() += 1;
    }
    let mut labels: Vec<&str> = counts.keys().copied().collect();
    sort_labels(&mut labels);
    Statistics {
        rows: examples.len(),
        labeled: counts.values().sum(),
        pairs: examples.iter().filter(|e| e.pair.is_some()).count(),
        empty: examples.iter().filter(|e| length(e) == 0).count(),
        mean_length: (!examples.is_empty()).then(|| sum as f64 / examples.len() as f64),
        max_length,
        classes: labels
            .into_iter()
            .map(|label| ClassCount {
                label: label.to_owned(),
                rows: counts[label],
            })
            .collect(),
    }
}

/// The rows that share a text, one list for each text that occurs more than once; rows ascend, and
/// lists ascend by their first row.
pub fn duplicates(corpus: &Corpus) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = rows_by_text(corpus)
        .into_values()
        .filter(|rows| rows.len() > 1)
        .collect();
    groups.sort_unstable();
    groups
}

/// Those of the [`duplicates`] to which different labels are given. Rows without a label contradict
/// none.
pub fn conflicts(corpus: &Corpus) -> Vec<Vec<usize>> {
    let label = |&row: &usize| corpus.examples()[row].label.as_deref();
    let mut groups = duplicates(corpus);
    groups.retain(|rows| rows.iter().filter_map(label).collect::<HashSet<_>>().len() > 1);
    groups
}

/// The texts that occur in both corpora, by their first row in `first`. Training and test data must
/// share none.
pub fn leakage(first: &Corpus, second: &Corpus) -> Vec<SharedText> {
    let mut theirs = rows_by_text(second);
    let mut shared: Vec<SharedText> = rows_by_text(first)
        .into_iter()
        .filter_map(|(text, first)| {
            let second = theirs.remove(&text)?;
            Some(SharedText { first, second })
        })
        .collect();
    shared.sort_unstable_by_key(|text| text.first[0]);
    shared
}

/// Characters of both texts.
fn length(example: &Example) -> usize {
    let pair = example.pair.as_deref().unwrap_or_default();
    example.text.chars().count() + pair.chars().count()
}

/// The rows of every text.
fn rows_by_text(corpus: &Corpus) -> BTreeMap<(&str, Option<&str>), Vec<usize>> {
    let mut rows: BTreeMap<_, Vec<usize>> = BTreeMap::new();
    for (row, example) in corpus.examples().iter().enumerate() {
        let text = (example.text.as_str(), example.pair.as_deref());
        rows.entry(text).or_default().push(row);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    fn corpus(rows: &[(&str, Option<&str>)]) -> Corpus {
        Corpus::new(rows.iter().enumerate().map(|(row, (text, label))| {
            let mut example = Example::new(*text).with_name(row.to_string());
            example.label = label.map(str::to_owned);
            example
        }))
        .unwrap()
    }

    #[test]
    fn sizes_are_counted_in_characters() {
        let mut examples = corpus(&[("体育", Some("10")), ("abc", Some("9")), ("", Some("10"))])
            .examples()
            .to_vec();
        examples.push(Example::new("a").with_pair("bcd"));
        let found = statistics(&Corpus::new(examples).unwrap());
        assert_eq!(
            (found.rows, found.labeled, found.pairs, found.empty),
            (4, 3, 1, 1)
        );
        assert_eq!((found.mean_length, found.max_length), (Some(2.25), 4));
        let classes: Vec<_> = found
            .classes
            .iter()
            .map(|c| (c.label.as_str(), c.rows))
            .collect();
        assert_eq!(classes, [("9", 1), ("10", 2)]);
        let nothing = statistics(&Corpus::default());
        assert_eq!((nothing.rows, nothing.mean_length), (0, None));
    }

    #[test]
    fn equal_texts_are_found_and_their_labels_compared() {
        let rows = [
            ("b", Some("x")),
            ("a", Some("x")),
            ("b", None),
            ("a", Some("y")),
            ("c", None),
        ];
        let corpus = corpus(&rows);
        assert_eq!(duplicates(&corpus), [vec![0, 2], vec![1, 3]]);
        assert_eq!(conflicts(&corpus), [vec![1, 3]]);
    }

    #[test]
    fn pairs_are_the_same_only_as_a_whole() {
        let pair = |text: &str, pair: &str| Example::new(text).with_pair(pair).with_name(pair);
        let corpus = Corpus::new([Example::new("a"), pair("a", ""), pair("a", "b")]).unwrap();
        assert!(duplicates(&corpus).is_empty());
    }

    #[test]
    fn shared_texts_are_leaks() {
        let train = corpus(&[("a", None), ("b", None), ("a", None), ("d", None)]);
        let test = corpus(&[("c", None), ("d", None), ("a", None)]);
        let shared = |first: &[usize], second: &[usize]| SharedText {
            first: first.to_vec(),
            second: second.to_vec(),
        };
        assert_eq!(
            leakage(&train, &test),
            [shared(&[0, 2], &[2]), shared(&[3], &[1])]
        );
        assert!(leakage(&train, &Corpus::default()).is_empty());
    }
}
