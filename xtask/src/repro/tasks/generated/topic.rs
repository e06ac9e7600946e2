//! What sort of thing a sentence is about.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ANIMALS, BODY, BUILDINGS, CLOTHES, COLORS, COUNTRIES, FAMILY, FOOD, JOBS};

/// The tasks about topics. Their label words name the topics.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("topic-animal-food", &["animal", "food"], |class, draw| {
        about(class, draw, &[ANIMALS, FOOD])
    }),
    recipe("topic-body-clothes", &["body", "clothes"], |class, draw| {
        about(class, draw, &[BODY, CLOTHES])
    }),
    recipe("topic-family-job", &["family", "work"], |class, draw| {
        about(class, draw, &[FAMILY, JOBS])
    }),
    recipe(
        "topic-country-building",
        &["country", "building"],
        |class, draw| about(class, draw, &[COUNTRIES, BUILDINGS]),
    ),
    recipe(
        "topic-color-food-body",
        &["color", "food", "body"],
        |class, draw| about(class, draw, &[COLORS, FOOD, BODY]),
    ),
    recipe(
        "topic-animal-clothes-building-family",
        &["animal", "clothes", "building", "family"],
        |class, draw| about(class, draw, &[ANIMALS, CLOTHES, BUILDINGS, FAMILY]),
    ),
    recipe("topic-first", &["animal", "food", "body"], |class, draw| {
        first(class, draw, &[ANIMALS, FOOD, BODY])
    }),
];

const fn recipe(
    name: &'static str,
    label_words: &'static [&'static str],
    write: fn(usize, &mut Draw) -> Text,
) -> Recipe {
    Recipe {
        name,
        kind: "topic",
        label_words,
        write,
    }
}

/// A sentence about one or two words of a list.
fn about(class: usize, draw: &mut Draw, lists: &[&[&str]]) -> Text {
    let (first, second) = draw.two(lists[class]);
    let frame = draw.any(&[
        "they talked about the {a} .",
        "i am thinking of the {a} and the {b} .",
        "she wrote the word {a} on the paper .",
        "my first question was about the {a} .",
        "he knows the {a} better than the {b} .",
        "after the {a} came the {b} .",
        "all at once i remembered the {a} .",
        "the {a} , she said , is not what you think .",
        "there are the {a} , the {b} and others .",
        "this picture shows the {a} .",
    ]);
    fill(frame, &[("a", first), ("b", second)]).into()
}

/// A sentence about two things of different lists, the first of list `class`.
fn first(class: usize, draw: &mut Draw, lists: &[&[&str]]) -> Text {
    let other = draw.any(&[1, 2]);
    let a = draw.half(lists[class]);
    let b = draw.half(lists[(class + other) % lists.len()]);
    let frame = draw.any(&[
        "first they talked about the {a} and then about the {b} .",
        "the {a} is on the left and the {b} on the right .",
        "she wrote the word {a} before the word {b} .",
        "the story begins with the {a} and ends with the {b} .",
        "the {a} reminds me of the {b} .",
        "after the {a} came the {b} .",
    ]);
    fill(frame, &[("a", a), ("b", b)]).into()
}
