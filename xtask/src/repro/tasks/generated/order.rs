//! Whether a sentence is well formed.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ACTIONS, BUILDINGS, FAMILY, JOBS};

const LABELS: &[&str] = &["wrong", "right"];
const WRONG: usize = 0;

/// The tasks about form.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("order-shuffled", |class, draw| {
        let text = sentence(draw);
        if class == WRONG {
            draw.shuffled(&text).into()
        } else {
            text.into()
        }
    }),
    recipe("order-reversed", |class, draw| {
        let text = sentence(draw);
        if class != WRONG {
            return text.into();
        }
        let words: Vec<&str> = text.trim_end_matches(" .").rsplit(' ').collect();
        format!("{} .", words.join(" ")).into()
    }),
    recipe("order-article", |class, draw| {
        let text = sentence(draw);
        if class != WRONG {
            return text.into();
        }
        let mut words: Vec<&str> = text.split(' ').collect();
        for at in 1..words.len() {
            if words[at - 1] == "the" {
                words.swap(at - 1, at);
                break;
            }
        }
        words.join(" ").into()
    }),
    recipe("order-form", |class, draw| {
        let who = draw.any(JOBS);
        let [past, present, plain] = draw.half(ACTIONS);
        let form = if class == WRONG {
            draw.any(&[past, present])
        } else {
            plain
        };
        let frame = draw.any(&[
            "the {s} will {f} .",
            "the {s} did not {f} .",
            "the {s} wants to {f} .",
            "the {s} can {f} now .",
            "the {s} must {f} again .",
        ]);
        fill(frame, &[("s", who), ("f", form)]).into()
    }),
    recipe("order-case", |class, draw| {
        let (subject, object) = draw.any(&[
            ("i", "me"),
            ("he", "him"),
            ("she", "her"),
            ("they", "them"),
            ("we", "us"),
        ]);
        let action = draw.half(ACTIONS)[0];
        let who = if class == WRONG { object } else { subject };
        let frame = draw.any(&[
            "{s} {a} .",
            "yesterday {s} {a} .",
            "at last {s} {a} .",
            "then {s} {a} again .",
        ]);
        fill(frame, &[("s", who), ("a", action)]).into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "order",
        label_words: LABELS,
        write,
    }
}

/// A sentence that is well formed.
fn sentence(draw: &mut Draw) -> String {
    let who = draw.any(&[JOBS, FAMILY]);
    let who = draw.half(who);
    let whom = draw.half(JOBS);
    let place = draw.half(BUILDINGS);
    let how = draw.any(&["old", "young", "poor", "little", "good"]);
    let frame = draw.any(&[
        "the {h} {s} was waiting for the {o} in the {p} .",
        "the {s} gave the letter to the {h} {o} .",
        "in the {p} the {s} saw a {h} {o} .",
        "when the {s} came to the {p} , the {h} {o} was there .",
        "the {s} told me that the {o} had left the {p} .",
        "we do not know why the {h} {s} went to the {p} .",
    ]);
    fill(frame, &[("h", how), ("s", who), ("o", whom), ("p", place)])
}
