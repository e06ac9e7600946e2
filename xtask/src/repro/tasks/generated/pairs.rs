//! Whether the second of two sentences says the same as the first, or denies it.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ACTIONS, FAMILY, JOBS};

const LABELS: &[&str] = &["different", "same"];
const DIFFERENT: usize = 0;

/// What is said to a statement: that it is wrong, or right.
const JUDGMENTS: [&[&str]; 2] = [
    &[
        "that is not true",
        "i do not believe it",
        "that is not right",
        "you are not right",
        "it was not so",
        "that cannot be",
        "not at all",
        "it is not the truth",
        "i cannot believe it",
        "i do not think so",
        "that was not so",
        "no man believes it",
    ],
    &[
        "that is quite true",
        "i do believe it",
        "that is quite right",
        "you are quite right",
        "it was really so",
        "that must be",
        "certainly",
        "it is the very truth",
        "i can believe it",
        "i think so",
        "that was really so",
        "every man believes it",
    ],
];

/// Never, or often.
const OFTEN: [&[&str]; 2] = [
    &[
        "never",
        "not",
        "hardly ever",
        "not once",
        "by no means",
        "at no time",
    ],
    &[
        "always",
        "really",
        "very often",
        "more than once",
        "by all means",
        "at all times",
    ],
];

/// The tasks about pairs.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("pairs-not", |class, draw| {
        let who = draw.any(JOBS);
        let [past, _, plain] = draw.half(ACTIONS);
        let denied = format!("did not {plain}");
        let agreed = format!("really {past}");
        let second = if class == DIFFERENT { denied } else { agreed };
        let frame = draw.any(&["the {s} {a} .", "the man {a} .", "he {a} ."]);
        let first = format!("the {who} {past} .");
        (first, fill(frame, &[("s", who), ("a", &second)])).into()
    }),
    recipe("pairs-nobody", |class, draw| {
        let action = draw.half(ACTIONS)[0];
        let first = draw.any(&["everybody", "every one of them", "each of us", "all"]);
        let second = draw.any(
            [
                &["nobody", "no one", "none of them"],
                &["all of them", "every man", "each one"],
            ][class],
        );
        let when = draw.any(&["", "yesterday ", "last week ", "in the end ", "that day "]);
        (
            format!("{when}{first} {action} ."),
            format!("{when}{second} {action} ."),
        )
            .into()
    }),
    recipe("pairs-judged", |class, draw| {
        let who = draw.any(FAMILY);
        let action = draw.half(ACTIONS)[0];
        let judged = draw.half(JUDGMENTS[class]);
        (format!("my {who} {action} ."), format!("{judged} .")).into()
    }),
    recipe("pairs-often", |class, draw| {
        let who = draw.any(JOBS);
        let action = draw.half(ACTIONS)[0];
        let often = draw.half(OFTEN[class]);
        (
            format!("the {who} {action} ."),
            format!("the {who} {often} {action} ."),
        )
            .into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "pairs",
        label_words: LABELS,
        write,
    }
}
