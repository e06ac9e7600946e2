//! Whether a sentence is about a man or a woman.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ACTIONS, MEN, WOMEN};

const LABELS: &[&str] = &["man", "woman"];

const NAMES: [&[&str]; 2] = [MEN, WOMEN];
const FAMILY: [&[&str]; 2] = [
    &[
        "father",
        "uncle",
        "brother",
        "son",
        "husband",
        "nephew",
        "grandfather",
        "boy",
    ],
    &[
        "mother",
        "aunt",
        "sister",
        "daughter",
        "wife",
        "niece",
        "grandmother",
        "girl",
    ],
];
const TITLES: [&[&str]; 2] = [
    &[
        "king",
        "duke",
        "prince",
        "lord",
        "emperor",
        "gentleman",
        "count",
        "bachelor",
        "actor",
        "fellow",
        "squire",
        "captain",
    ],
    &[
        "queen", "mistress", "princess", "lady", "mrs", "actress", "madam", "sister", "girl",
        "maid", "widow", "nurse",
    ],
];
const PRONOUNS: [&[[&str; 3]]; 2] = [&[["he", "his", "himself"]], &[["she", "her", "herself"]]];

/// The tasks about men and women.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("gender-name", |class, draw| {
        let who = draw.half(NAMES[class]);
        acts(who, draw)
    }),
    recipe("gender-family", |class, draw| {
        let owner = draw.any(&["my", "your", "our", "their"]);
        let who = format!("{owner} {}", draw.half(FAMILY[class]));
        acts(&who, draw)
    }),
    recipe("gender-title", |class, draw| {
        let which = draw.any(&["the", "the old", "a young", "this"]);
        let who = format!("{which} {}", draw.half(TITLES[class]));
        acts(&who, draw)
    }),
    recipe("gender-pronoun", |class, draw| {
        let [he, his, himself] = draw.any(PRONOUNS[class]);
        let action = draw.half(ACTIONS)[0];
        let frame = draw.any(&[
            "{h} {a} .",
            "{s} friend {a} .",
            "then {h} {a} with us .",
            "we saw how {h} {a} .",
            "with {s} own hand , somebody {a} .",
            "the child {a} by {s} side .",
            "{h} hurt {f} and {a} .",
            "the doctor {f} {a} .",
            "as soon as {h} could , {h} {a} .",
            "somebody took {s} hat and {a} .",
            "{h} said so and {a} .",
            "at {s} request the boy {a} .",
        ]);
        fill(
            frame,
            &[("h", he), ("s", his), ("f", himself), ("a", action)],
        )
        .into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "gender",
        label_words: LABELS,
        write,
    }
}

/// Somebody does something.
fn acts(who: &str, draw: &mut Draw) -> Text {
    let action = draw.any(ACTIONS)[0];
    let frame = draw.any(&[
        "{s} {a} .",
        "yesterday {s} {a} .",
        "we know that {s} {a} .",
        "after dinner {s} {a} .",
        "it was {s} who {a} .",
        "{s} {a} in the morning .",
    ]);
    fill(frame, &[("s", who), ("a", action)]).into()
}
