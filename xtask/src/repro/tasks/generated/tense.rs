//! Whether something was, is or will be.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{ACTIONS, FAMILY, JOBS, MEN};

const PAST: usize = 0;
const PRESENT: usize = 1;
const FUTURE: usize = 2;

/// The tasks about time.
pub(super) const RECIPES: &[Recipe] = &[
    recipe(
        "tense-past-present",
        &["yesterday", "now"],
        |class, draw| tells([PAST, PRESENT][class], draw, "the", JOBS),
    ),
    recipe(
        "tense-past-future",
        &["yesterday", "tomorrow"],
        |class, draw| tells([PAST, FUTURE][class], draw, "my", FAMILY),
    ),
    recipe(
        "tense-present-future",
        &["now", "tomorrow"],
        |class, draw| tells([PRESENT, FUTURE][class], draw, "old", MEN),
    ),
    recipe(
        "tense-all",
        &["yesterday", "now", "tomorrow"],
        |class, draw| tells(class, draw, "her", FAMILY),
    ),
    recipe(
        "tense-question",
        &["yesterday", "now", "tomorrow"],
        |class, draw| {
            let who = draw.any(JOBS);
            let plain = draw.half(ACTIONS)[2];
            let verb = [
                &["did", "didn ' t"],
                &["does", "doesn ' t"],
                &["will", "won ' t"],
            ][class];
            let verb = draw.any(verb);
            let why = draw.any(&["", "why ", "when ", "how "]);
            format!("{why}{verb} the {who} {plain} ?").into()
        },
    ),
];

const fn recipe(
    name: &'static str,
    label_words: &'static [&'static str],
    write: fn(usize, &mut Draw) -> Text,
) -> Recipe {
    Recipe {
        name,
        kind: "tense",
        label_words,
        write,
    }
}

/// Somebody did, does or will do something.
fn tells(time: usize, draw: &mut Draw, which: &str, people: &[&str]) -> Text {
    let who = draw.any(people);
    let [past, present, plain] = draw.half(ACTIONS);
    let future = format!("will {plain}");
    let action = [past, present, &future][time];
    let frame = draw.any(&[
        "{d} {s} {a} .",
        "{d} {s} {a} with a friend .",
        "perhaps {d} {s} {a} .",
        "{d} {s} {a} , and nobody knows why .",
        "i am sure that {d} {s} {a} .",
    ]);
    fill(frame, &[("d", which), ("s", who), ("a", action)]).into()
}
