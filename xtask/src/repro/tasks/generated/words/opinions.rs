//! Words for bad and good opinions, in this order.

/// Of works and places.
pub(in crate::repro::tasks::generated) const OPINIONS: [&[&str]; 2] = [
    &[
        "terrible",
        "awful",
        "horrible",
        "poor",
        "dreadful",
        "disappointing",
        "ridiculous",
        "dull",
        "weak",
        "stupid",
        "pathetic",
        "boring",
        "annoying",
        "lame",
        "predictable",
        "wretched",
        "unpleasant",
        "pointless",
    ],
    &[
        "great",
        "wonderful",
        "excellent",
        "perfect",
        "beautiful",
        "brilliant",
        "fantastic",
        "superb",
        "amazing",
        "lovely",
        "splendid",
        "delightful",
        "charming",
        "magnificent",
        "remarkable",
        "impressive",
        "clever",
        "enjoyable",
    ],
];

/// Of food.
pub(in crate::repro::tasks::generated) const TASTES: [&[&str]; 2] = [
    &[
        "bitter", "cold", "raw", "stale", "nasty", "sour", "dry", "dirty", "poor", "awful",
        "horrible", "terrible",
    ],
    &[
        "nice",
        "fresh",
        "excellent",
        "sweet",
        "wonderful",
        "fine",
        "perfect",
        "warm",
        "great",
        "rich",
        "lovely",
        "splendid",
    ],
];

/// Of people.
pub(in crate::repro::tasks::generated) const CHARACTERS: [&[&str]; 2] = [
    &[
        "cruel", "rude", "selfish", "lazy", "wicked", "foolish", "vulgar", "stupid", "false",
        "mean", "savage", "jealous", "violent", "brutal",
    ],
    &[
        "kind", "honest", "generous", "clever", "noble", "brave", "polite", "gentle", "wise",
        "faithful", "amiable", "worthy", "sensible", "loyal",
    ],
];

/// Towards things, as verbs.
pub(in crate::repro::tasks::generated) const FEELINGS: [&[&str]; 2] = [
    &[
        "hated",
        "could not stand",
        "was tired of",
        "laughed at",
        "was ashamed of",
        "was disgusted with",
        "was angry about",
        "felt contempt for",
        "had enough of",
        "was bored by",
    ],
    &[
        "loved",
        "enjoyed",
        "admired",
        "liked",
        "was fond of",
        "was proud of",
        "was charmed by",
        "felt love for",
        "was pleased with",
        "was delighted with",
    ],
];
