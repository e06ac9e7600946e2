//! Generated sentences about two things, to be classified by the kind of the first.
//!
//! Training and test sentences draw their things from disjoint halves of the lists, so a classifier has to know what words
//! mean, and which of the two things comes first.

use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use rand::seq::IndexedRandom;

use super::opinions::Half;

/// Words by kind; all are single tokens of plm-mini.
const KINDS: [&[&str]; 9] = [
    &[
        "dog", "cat", "horse", "bird", "fish", "lion", "wolf", "bear", "cow", "pig", "sheep",
        "snake", "fox", "duck", "bee", "whale",
    ],
    &[
        "bread", "cheese", "meat", "cake", "butter", "milk", "sugar", "salt", "fruit", "wine",
        "coffee", "tea", "beer", "corn", "honey",
    ],
    &[
        "hand", "arm", "leg", "foot", "eye", "nose", "mouth", "ear", "neck", "knee", "finger",
        "shoulder", "heart", "brain", "bone", "skin", "hair", "stomach",
    ],
    &[
        "red", "blue", "green", "yellow", "black", "white", "brown", "gray", "purple", "orange",
        "pink",
    ],
    &[
        "doctor",
        "teacher",
        "lawyer",
        "nurse",
        "farmer",
        "soldier",
        "writer",
        "singer",
        "actor",
        "judge",
        "priest",
        "pilot",
        "philosopher",
    ],
    &[
        "mother",
        "father",
        "brother",
        "sister",
        "son",
        "daughter",
        "uncle",
        "aunt",
        "wife",
        "husband",
        "cousin",
        "grandfather",
        "nephew",
        "child",
    ],
    &[
        "church", "castle", "school", "hospital", "library", "hotel", "theater", "palace",
        "temple", "prison", "tower", "station", "bridge", "house",
    ],
    &[
        "shirt", "hat", "coat", "dress", "shoes", "suit", "uniform", "gloves", "boots", "skirt",
        "mask",
    ],
    &[
        "france", "germany", "italy", "japan", "china", "india", "brazil", "mexico", "egypt",
        "turkey",
    ],
];

const FRAMES: &[&str] = &[
    "first they talked about the {a} and then about the {b} .",
    "in the picture the {a} is on the left and the {b} on the right .",
    "she wrote the word {a} before the word {b} .",
    "he thinks of the {a} more often than of the {b} .",
    "the story begins with a {a} and ends with a {b} .",
    "my question was about the {a} , not about the {b} .",
    "the {a} reminds me of the {b} .",
    "after the {a} came the {b} .",
];

/// Number of kinds.
pub(super) const CLASSES: usize = KINDS.len();

/// `count` sentences with the kind of the thing that is named first. Kinds take turns.
pub(super) fn things(count: usize, half: Half, seed: Seed) -> Vec<(String, usize)> {
    let mut rng = seed.stream("things");
    (0..count)
        .map(|index| {
            let first = index % CLASSES;
            let second = (first + rng.random_range(1..CLASSES)) % CLASSES;
            let (a, b) = (word(first, half, &mut rng), word(second, half, &mut rng));
            let frame = FRAMES.choose(&mut rng).copied().unwrap_or_default();
            (frame.replace("{a}", a).replace("{b}", b), first)
        })
        .collect()
}

fn word(kind: usize, half: Half, rng: &mut StreamRng) -> &'static str {
    let offset = usize::from(half == Half::Test);
    let words: Vec<&str> = KINDS[kind]
        .iter()
        .skip(offset)
        .step_by(2)
        .copied()
        .collect();
    words.choose(rng).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn halves_share_no_thing() {
        let words = |half| -> BTreeSet<&'static str> {
            let mut rng = Seed::new(1).stream("words");
            (0..CLASSES)
                .flat_map(|kind| (0..60).map(move |_| kind))
                .map(|kind| word(kind, half, &mut rng))
                .collect()
        };
        let (train, test) = (words(Half::Train), words(Half::Test));
        assert!(train.is_disjoint(&test));
        let all: usize = KINDS.iter().map(|words| words.len()).sum();
        assert_eq!(train.len() + test.len(), all);
    }

    #[test]
    fn every_sentence_names_two_kinds_and_is_labeled_by_the_first() {
        for (text, label) in things(200, Half::Train, Seed::new(2)) {
            let found: Vec<usize> = text
                .split(' ')
                .filter_map(|word| KINDS.iter().position(|words| words.contains(&word)))
                .collect();
            assert_eq!(found.len(), 2, "{text}");
            assert_eq!(found[0], label, "{text}");
            assert_ne!(found[0], found[1], "{text}");
        }
    }
}
