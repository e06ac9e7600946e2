//! Whether something is affirmed or denied.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ACTIONS, FAMILY, JOBS};

const LABELS: &[&str] = &["no", "yes"];

const WORDS: [&[&str]; 2] = [
    &[
        "certainly not",
        "not at all",
        "i will not",
        "i do not believe it",
        "never",
        "i cannot",
        "it is not true",
        "of course not",
        "by no means",
        "not for the world",
        "not i",
        "i have not",
    ],
    &[
        "certainly",
        "by all means",
        "i will",
        "i believe it",
        "with pleasure",
        "i can",
        "it is true",
        "of course",
        "very well",
        "indeed",
        "surely",
        "i have",
    ],
];

/// The tasks about affirmation.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("reply-speech", |class, draw| {
        let word = draw.half(WORDS[class]);
        let who = draw.any(JOBS);
        let frame = draw.any(&[
            "\" {w} ! \" said the {s} .",
            "{w} , he told the {s} .",
            "the {s} answered : {w} .",
            "{w} , my dear {s} !",
            "to this the {s} said , {w} .",
        ]);
        fill(frame, &[("s", who), ("w", word)]).into()
    }),
    recipe("reply-asked", |class, draw| {
        let word = draw.half(WORDS[class]);
        let who = draw.any(FAMILY);
        let action = draw.any(ACTIONS)[0];
        let frame = draw.any(&[
            "i asked if her {s} {a} , and she said , {w} .",
            "did you hear that his {s} {a} ? {w} !",
            "perhaps your {s} {a} ? {w} , sir .",
        ]);
        fill(frame, &[("s", who), ("a", action), ("w", word)]).into()
    }),
    recipe("reply-not", |class, draw| {
        let who = draw.any(JOBS);
        let [past, _, plain] = draw.half(ACTIONS);
        let denied = draw.any(&["did not", "could not", "would not"]);
        let denied = format!("{denied} {plain}");
        let action = [denied.as_str(), past][class];
        let frame = draw.any(&[
            "the {s} {a} .",
            "i heard that the {s} {a} .",
            "yesterday the {s} {a} .",
            "the {s} {a} with us .",
        ]);
        fill(frame, &[("s", who), ("a", action)]).into()
    }),
    recipe("reply-nobody", |class, draw| {
        let who = draw.any(
            [
                &["nobody", "no one", "none of them", "no man"],
                &["everybody", "every one", "all of them", "every man"],
            ][class],
        );
        let action = draw.half(ACTIONS)[0];
        let frame = draw.any(&[
            "{s} {a} .",
            "i heard that {s} {a} .",
            "yesterday {s} {a} .",
            "in our town {s} {a} .",
            "{s} {a} with us .",
        ]);
        fill(frame, &[("s", who), ("a", action)]).into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "reply",
        label_words: LABELS,
        write,
    }
}
