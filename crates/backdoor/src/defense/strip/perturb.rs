//! Copies of a text with foreign words.

use plm_core::rng::Seed;
use rand::RngExt;
use rand::seq::index;

use super::TfIdf;
use crate::{Error, Result, words};

/// Replaces words of a text with the words of highest TF-IDF of a random document.
///
/// The copies depend on the seed and the text alone, not on the texts before it or on the batch.
#[derive(Debug, Clone)]
pub struct Perturber {
    table: TfIdf,
    ratio: f64,
    seed: Seed,
}

impl Perturber {
    /// Replaces the share `ratio` of the words of a text, at least one word.
    ///
    /// # Errors
    /// [`Error::Setting`] for a ratio that is not above 0 and at most 1.
    pub fn new(table: TfIdf, ratio: f64, seed: Seed) -> Result<Self> {
        if !(ratio > 0.0 && ratio <= 1.0) {
            return Err(Error::Setting {
                name: "ratio",
                value: ratio.to_string(),
                limit: "must be above 0 and at most 1",
            });
        }
        Ok(Self { table, ratio, seed })
    }

    /// The words to replace in a text of `length` words: `max(1, floor(ratio length))`.
    pub fn replaced(&self, length: usize) -> usize {
        ((self.ratio * length as f64) as usize).clamp(1, length.max(1))
    }

    /// The first `count` copies of `text`. Each has words of one document, drawn for it, at distinct
    /// random places: at the first place drawn the document's highest word, and so on, from the
    /// start again where it has fewer words than are replaced.
    pub fn copies(&self, text: &str, count: usize) -> Vec<String> {
        let words = words::split(text);
        let seed = self.seed.child("strip").child(text);
        let replaced = self.replaced(words.len());
        let copy = |number| {
            let mut rng = seed.at(number).rng();
            let documents = self.table.documents();
            let document = &documents[rng.random_range(0..documents.len())];
            let foreign = document.iter().map(|(word, _)| word.as_str()).cycle();
            let places = index::sample(&mut rng, words.len(), replaced);
            let mut words = words.clone();
            for (place, word) in places.into_iter().zip(foreign) {
                words[place] = word;
            }
            words.join(" ")
        };
        (0..count as u64).map(copy).collect()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn perturber(documents: &[&str], ratio: f64, seed: u64) -> Perturber {
        Perturber::new(TfIdf::new(documents).unwrap(), ratio, Seed::new(seed)).unwrap()
    }

    #[test]
    fn all_words_come_from_one_document_in_the_order_of_rank() {
        let perturber = perturber(&["one two three", "uno dos tres"], 1.0, 3);
        let mut both = [false; 2];
        for copy in perturber.copies("a b", 20) {
            let mut words = words::split(&copy);
            words.sort_unstable();
            let index = [["one", "two"], ["dos", "uno"]]
                .iter()
                .position(|w| *w == words[..]);
            both[index.expect("the two highest words of one document")] = true;
        }
        assert_eq!(both, [true; 2]);
    }

    #[test]
    fn short_documents_start_again() {
        let copies = perturber(&["uno"], 1.0, 1).copies("a b c", 2);
        assert_eq!(copies, ["uno uno uno"; 2]);
    }

    #[test]
    fn at_least_one_word_is_replaced() {
        let perturber = perturber(&["uno"], 0.05, 1);
        let counts = [0, 1, 19, 20, 39, 40, 230].map(|length| perturber.replaced(length));
        assert_eq!(counts, [1, 1, 1, 1, 1, 2, 11]);
        assert_eq!(perturber.copies("", 1), ["uno"]);
    }

    #[test]
    fn copies_differ_and_follow_the_seed() {
        let text = "a b c d e f g h i j k l m n o p";
        let copies = |seed| perturber(&["uno dos tres", "one two"], 0.2, seed).copies(text, 4);
        assert_eq!(copies(1), copies(1));
        assert_ne!(copies(1), copies(2));
        let mut distinct = copies(1);
        distinct.dedup();
        assert_eq!(distinct.len(), 4);
    }

    #[test]
    fn texts_draw_places_of_their_own() {
        let perturber = perturber(&["uno dos tres"], 0.2, 1);
        let places = |word: &str| -> Vec<Vec<usize>> {
            let copies = perturber.copies(&vec![word; 20].join(" "), 3);
            let changed = copies.iter().map(|copy| {
                let words = words::split(copy).into_iter().enumerate();
                words
                    .filter(|(_, w)| *w != word)
                    .map(|(at, _)| at)
                    .collect()
            });
            changed.collect()
        };
        assert_eq!(places("a"), places("a"));
        assert_ne!(places("a"), places("b"));
    }

    #[test]
    fn the_ratio_is_a_share() {
        for ratio in [0.0, -0.1, 1.1, f64::NAN] {
            let table = TfIdf::new(&["uno"]).unwrap();
            assert!(Perturber::new(table, ratio, Seed::new(1)).is_err());
        }
    }

    proptest! {
        #[test]
        fn exactly_so_many_places_change(
            length in 1..60_usize,
            ratio in 0.01..=1.0_f64,
            seed: u64,
        ) {
            let text = vec!["w"; length].join(" ");
            let perturber = perturber(&["uno dos tres"], ratio, seed);
            for copy in perturber.copies(&text, 3) {
                let words = words::split(&copy);
                prop_assert_eq!(words.len(), length);
                let changed = words.iter().filter(|word| **word != "w").count();
                prop_assert_eq!(changed, ((ratio * length as f64).floor() as usize).max(1));
            }
            // The first copies are the same, however many follow.
            prop_assert_eq!(&perturber.copies(&text, 3)[..2], &perturber.copies(&text, 2)[..]);
        }
    }
}
