//! A language model small enough to be worked out by hand.

use crate::testing::Table;
use crate::words;

const PAIRS: [(&str, &str); 5] = [
    ("the", "movie"),
    ("movie", "was"),
    ("was", "good"),
    ("was", "bad"),
    ("good", "the"),
];

/// Perplexity over the pairs of neighbors: known pairs have probability 1/2, others 1/100. A text of
/// one word has none.
pub(super) fn bigrams() -> Table<f64> {
    Table::new(|text| {
        let words = words::split(text);
        let losses = words.windows(2).map(|pair| {
            let known = PAIRS.contains(&(pair[0], pair[1]));
            if known { 2.0_f64.ln() } else { 100.0_f64.ln() }
        });
        (losses.sum::<f64>() / (words.len() - 1) as f64).exp()
    })
}

/// A classifier of two classes: class 1 where it reads `cf` or `good`.
pub(super) fn backdoored() -> Table<Vec<f64>> {
    Table::new(|text| {
        let words = words::split(text);
        let positive = words.contains(&"cf") || words.contains(&"good");
        if positive {
            vec![0.1, 0.9]
        } else {
            vec![0.8, 0.2]
        }
    })
}
