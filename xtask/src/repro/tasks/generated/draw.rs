use plm_core::rng::StreamRng;
use rand::seq::{IndexedRandom, SliceRandom};

use plm_prompt::Example;

/// Which half of the content words a text draws from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Words for training and development.
    Train,
    /// Words for testing.
    Test,
}

/// Chooses the words of one text.
pub(super) struct Draw {
    half: Half,
    rng: StreamRng,
}

impl Draw {
    /// Chooses content words from `half`, by `rng`.
    pub(super) fn new(half: Half, rng: StreamRng) -> Self {
        Self { half, rng }
    }

    /// Any item of `list`.
    pub(super) fn any<T: Copy + Default>(&mut self, list: &[T]) -> T {
        list.choose(&mut self.rng).copied().unwrap_or_default()
    }

    /// An item of this half of `list`: every other one, so that neither half holds only the
    /// frequent words.
    pub(super) fn half<T: Copy + Default>(&mut self, list: &[T]) -> T {
        let offset = usize::from(self.half == Half::Test);
        let half: Vec<T> = list.iter().skip(offset).step_by(2).copied().collect();
        self.any(&half)
    }

    /// Two different items of this half of `list`.
    pub(super) fn two<T: Copy + Default + PartialEq>(&mut self, list: &[T]) -> (T, T) {
        let first = self.half(list);
        loop {
            let second = self.half(list);
            if second != first {
                return (first, second);
            }
        }
    }

    /// The words of `text` in another order, with what ends the sentence still at its end.
    pub(super) fn shuffled(&mut self, text: &str) -> String {
        let mut words: Vec<&str> = text.split(' ').collect();
        let end = words.pop();
        let before = words.clone();
        while words == before {
            words.shuffle(&mut self.rng);
        }
        words.extend(end);
        words.join(" ")
    }
}

/// `frame` with each name in braces replaced by its word: `{w}` by that of `("w", word)`.
pub(super) fn fill(frame: &str, words: &[(&str, &str)]) -> String {
    words.iter().fold(frame.to_owned(), |text, (name, word)| {
        text.replace(&format!("{{{name}}}"), word)
    })
}

/// A text or a pair, before it has a class.
pub(super) struct Text(pub(super) String, pub(super) Option<String>);

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(text, None)
    }
}

impl From<(String, String)> for Text {
    fn from((text, pair): (String, String)) -> Self {
        Self(text, Some(pair))
    }
}

impl Text {
    /// As an example of class `label`.
    pub(super) fn with_label(self, label: usize) -> Example {
        Example {
            text: self.0,
            pair: self.1,
            label,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use plm_core::rng::Seed;

    use super::*;

    #[test]
    fn halves_share_nothing_and_lose_nothing() {
        let list = ["a", "b", "c", "d", "e"];
        let words = |half| -> BTreeSet<&str> {
            let mut draw = Draw::new(half, Seed::new(1).rng());
            (0..100).map(|_| draw.half(&list)).collect()
        };
        let (train, test) = (words(Half::Train), words(Half::Test));
        assert_eq!(train, BTreeSet::from(["a", "c", "e"]));
        assert_eq!(test, BTreeSet::from(["b", "d"]));
    }

    #[test]
    fn two_words_differ_and_shuffled_words_are_the_same() {
        let mut draw = Draw::new(Half::Train, Seed::new(1).rng());
        for _ in 0..50 {
            let (first, second) = draw.two(&["a", "b", "c", "d"]);
            assert_ne!(first, second);
            let mixed = draw.shuffled("so it is .");
            assert_ne!(mixed, "so it is .");
            assert!(mixed.ends_with(" ."));
            let words: BTreeSet<&str> = mixed.split(' ').collect();
            assert_eq!(words, BTreeSet::from(["so", "it", "is", "."]));
        }
    }

    #[test]
    fn frames_are_filled() {
        assert_eq!(fill("{a} {b} {a}", &[("a", "x"), ("b", "y")]), "x y x");
    }
}
