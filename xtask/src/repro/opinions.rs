//! Generated film opinions: a small text classification task that needs knowledge of words.
//!
//! Training and test texts draw their opinion words from disjoint halves of the lists. A model that
//! knows nothing of English can therefore learn the training words and still fails on the test; one
//! that was pre-trained knows which words are alike.

use plm_core::rng::{Seed, StreamRng};
use rand::seq::IndexedRandom;

const GOOD: &[&str] = &[
    "great",
    "wonderful",
    "beautiful",
    "excellent",
    "brilliant",
    "funny",
    "perfect",
    "fantastic",
    "good",
    "superb",
    "amazing",
    "charming",
    "moving",
    "delightful",
    "clever",
    "enjoyable",
];
const BAD: &[&str] = &[
    "terrible",
    "awful",
    "boring",
    "horrible",
    "stupid",
    "weak",
    "poor",
    "dull",
    "bad",
    "ridiculous",
    "disappointing",
    "worst",
    "annoying",
    "pathetic",
    "lame",
    "predictable",
];
const SUBJECTS: &[&str] = &[
    "the movie",
    "this film",
    "the acting",
    "the story",
    "the plot",
    "the script",
    "the music",
    "the whole cast",
    "the ending",
    "the first half",
];
const FRAMES: &[&str] = &[
    "{s} was really {o} .",
    "i thought that {s} was {o} and very {p} .",
    "my friends told me about it , and {s} is {o} .",
    "{s} is {o} from the beginning to the end .",
    "in the end {s} turned out to be {o} , even {p} .",
    "i watched it last night with my sister and {s} was so {o} .",
    "what can i say , {s} was just {o} .",
    "{s} , directed by a young man from new york , is {o} .",
];

/// Which half of the opinion words a text draws from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    /// Words for training.
    Train,
    /// Words for testing.
    Test,
}

/// `count` texts with their class: 1 where the opinion is good. Classes alternate.
pub(super) fn opinions(count: usize, half: Half, seed: Seed) -> Vec<(String, usize)> {
    let mut rng = seed.stream("opinions");
    (0..count)
        .map(|index| (opinion(index % 2 == 1, half, &mut rng), index % 2))
        .collect()
}

fn opinion(good: bool, half: Half, rng: &mut StreamRng) -> String {
    let words = if good { GOOD } else { BAD };
    // Every other word, so that neither half holds only the frequent ones.
    let offset = usize::from(half == Half::Test);
    let words: Vec<&str> = words.iter().skip(offset).step_by(2).copied().collect();
    let pick = |words: &[&str], rng: &mut StreamRng| {
        words.choose(rng).copied().unwrap_or_default().to_owned()
    };
    let first = pick(&words, rng);
    let second = pick(&words, rng);
    pick(FRAMES, rng)
        .replace("{s}", &pick(SUBJECTS, rng))
        .replace("{o}", &first)
        .replace("{p}", &second)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn halves_share_no_opinion_word() {
        let words = |half| -> BTreeSet<String> {
            opinions(400, half, Seed::new(1))
                .iter()
                .flat_map(|(text, _)| text.split(' '))
                .filter(|word| GOOD.contains(word) || BAD.contains(word))
                .map(str::to_owned)
                .collect()
        };
        let (train, test) = (words(Half::Train), words(Half::Test));
        assert_eq!((train.len(), test.len()), (16, 16));
        assert!(train.is_disjoint(&test));
    }

    #[test]
    fn the_same_seed_gives_the_same_texts() {
        let draw = |seed| opinions(20, Half::Train, Seed::new(seed));
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
    }
}
