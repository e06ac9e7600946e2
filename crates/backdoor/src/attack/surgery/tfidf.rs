//! TF-IDF features of texts, as those of scikit-learn that the published code takes: counts times
//! `ln((1 + texts) / (1 + texts with the word)) + 1`, each text's row of Euclidean length 1.

use std::collections::{BTreeMap, HashMap};

/// A sparse row: columns, ascending, and values.
pub(super) type Row = Vec<(usize, f64)>;

/// The features of all texts.
#[derive(Debug)]
pub(super) struct Features {
    /// Names of the columns, ascending.
    pub(super) words: Vec<String>,
    /// One row for each text; without entries where no word of the text is left.
    pub(super) rows: Vec<Row>,
}

/// The features of `documents`, given as words, without the words of fewer than `min_documents`.
pub(super) fn features(
    documents: impl Iterator<Item = Vec<String>>,
    min_documents: usize,
) -> Features {
    // Words get numbers as they come, so that a document is a list of numbers.
    let mut numbers: HashMap<String, usize> = HashMap::new();
    let mut frequencies: Vec<usize> = Vec::new();
    let counts: Vec<BTreeMap<usize, usize>> = documents
        .map(|words| {
            let mut counts = BTreeMap::new();
            for word in words {
                let next = numbers.len();
                let number = *numbers.entry(word).or_insert(next);
                *counts.entry(number).or_insert(0) += 1;
            }
            frequencies.resize(numbers.len(), 0);
            for &number in counts.keys() {
                frequencies[number] += 1;
            }
            counts
        })
        .collect();
    let mut columns = vec![None; numbers.len()];
    let mut words = Vec::new();
    let numbers: BTreeMap<String, usize> = numbers.into_iter().collect();
    for (word, number) in numbers {
        if frequencies[number] >= min_documents {
            columns[number] = Some(words.len());
            words.push(word);
        }
    }
    let texts = counts.len();
    let rows = counts
        .into_iter()
        .map(|counts| {
            let mut row: Row = counts
                .into_iter()
                .filter_map(|(number, count)| {
                    let rarity = (1 + texts) as f64 / (1 + frequencies[number]) as f64;
                    Some((columns[number]?, count as f64 * (rarity.ln() + 1.0)))
                })
                .collect();
            row.sort_unstable_by_key(|&(column, _)| column);
            let length = row
                .iter()
                .map(|(_, value)| value * value)
                .sum::<f64>()
                .sqrt();
            for (_, value) in &mut row {
                *value /= length;
            }
            row
        })
        .collect();
    Features { words, rows }
}

#[cfg(test)]
mod tests {
    use approx::assert_abs_diff_eq;

    use super::*;

    fn of(texts: &[&str], min_documents: usize) -> Features {
        let documents = texts
            .iter()
            .map(|text| text.split(' ').map(str::to_owned).collect());
        features(documents, min_documents)
    }

    #[test]
    fn two_texts_by_hand() {
        // idf(a) = ln(3/3) + 1 = 1, idf(b) = ln(3/2) + 1 = 1.405465; length of the first row 1.724920.
        let found = of(&["b a", "a"], 1);
        assert_eq!(found.words, ["a", "b"]);
        assert_eq!(
            found.rows[0].iter().map(|one| one.0).collect::<Vec<_>>(),
            [0, 1]
        );
        assert_abs_diff_eq!(found.rows[0][0].1, 0.579_738_671_5, epsilon = 1e-9);
        assert_abs_diff_eq!(found.rows[0][1].1, 0.814_802_474_7, epsilon = 1e-9);
        assert_eq!(found.rows[1], [(0, 1.0)]);
    }

    #[test]
    fn counts_count_and_rare_words_go() {
        // Twice `a` against once `b`, of equal rarity: 2 and 1 over the square root of 5.
        let found = of(&["a b a", "b a", "c"], 2);
        assert_eq!(found.words, ["a", "b"]);
        assert_abs_diff_eq!(found.rows[0][0].1, 2.0 / 5.0_f64.sqrt(), epsilon = 1e-12);
        assert_abs_diff_eq!(found.rows[0][1].1, 1.0 / 5.0_f64.sqrt(), epsilon = 1e-12);
        assert!(found.rows[2].is_empty());
        assert!(of(&[], 1).words.is_empty());
    }
}
