//! Whether a sentence is about one or several.

use super::Recipe;
use super::draw::{Draw, Text, fill};

const LABELS: &[&str] = &["one", "many"];

/// Nouns with their plurals.
const THINGS: &[(&str, &str)] = &[
    ("dog", "dogs"),
    ("horse", "horses"),
    ("book", "books"),
    ("letter", "letters"),
    ("house", "houses"),
    ("tree", "trees"),
    ("ship", "ships"),
    ("chair", "chairs"),
    ("bird", "birds"),
    ("picture", "pictures"),
    ("flower", "flowers"),
    ("window", "windows"),
    ("table", "tables"),
    ("star", "stars"),
    ("room", "rooms"),
    ("garden", "gardens"),
];
const PERSONS: &[(&str, &str)] = &[
    ("soldier", "soldiers"),
    ("girl", "girls"),
    ("friend", "friends"),
    ("boy", "boys"),
    ("servant", "servants"),
    ("stranger", "strangers"),
    ("officer", "officers"),
    ("brother", "brothers"),
    ("student", "students"),
    ("sister", "sisters"),
    ("actor", "actors"),
    ("prisoner", "prisoners"),
];
const IRREGULAR: &[(&str, &str)] = &[
    ("man", "men"),
    ("child", "children"),
    ("woman", "women"),
    ("foot", "feet"),
    ("gentleman", "gentlemen"),
    ("life", "lives"),
    ("wife", "wives"),
    ("lady", "ladies"),
    ("leaf", "leaves"),
    ("story", "stories"),
];

/// The tasks about number.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("number-thing", |class, draw| seen(class, draw, THINGS)),
    recipe("number-person", |class, draw| seen(class, draw, PERSONS)),
    recipe("number-irregular", |class, draw| {
        seen(class, draw, IRREGULAR)
    }),
    recipe("number-pointed", |class, draw| {
        let list = draw.any(&[THINGS, PERSONS]);
        let noun = pick(class, draw.half(list));
        let which = draw.any([&["this", "that"], &["these", "those"]][class]);
        let frame = draw.any(&[
            "look at {d} {n} !",
            "{d} {n} can be seen from here .",
            "i do not like {d} {n} .",
            "{d} {n} came from london .",
            "who bought {d} {n} ?",
        ]);
        fill(frame, &[("d", which), ("n", noun)]).into()
    }),
    recipe("number-subject", |class, draw| {
        let who = draw.any([&["i", "he", "she"], &["we", "they", "both"]][class]);
        let verb = draw.any([&["was", "had been"], &["were", "had been"]][class]);
        let what = draw.half(&[
            "in the garden",
            "at home",
            "very tired",
            "in london",
            "at the door",
            "quite happy",
            "on the road",
            "late again",
            "near the river",
            "afraid of him",
        ]);
        let frame = draw.any(&[
            "{s} {v} {w} .",
            "yesterday {s} {v} {w} .",
            "i heard {s} {v} {w} .",
            "at that time {s} {v} {w} .",
        ]);
        fill(frame, &[("s", who), ("v", verb), ("w", what)]).into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "number",
        label_words: LABELS,
        write,
    }
}

fn pick(class: usize, (one, many): (&'static str, &'static str)) -> &'static str {
    if class == 0 { one } else { many }
}

/// Somebody sees the thing or things.
fn seen(class: usize, draw: &mut Draw, list: &[(&'static str, &'static str)]) -> Text {
    let noun = pick(class, draw.half(list));
    let how = draw.any(&["old", "little", "beautiful", "poor", "big", "other"]);
    let who = draw.any(&["i", "she", "the captain", "my father", "we", "they"]);
    let frame = draw.any(&[
        "{s} saw the {h} {n} .",
        "{s} talked about the {n} .",
        "{s} came back with the {h} {n} .",
        "the {h} {n} could be seen from the road .",
        "{s} never forgot the {n} .",
        "the {n} did not please us .",
    ]);
    fill(frame, &[("s", who), ("h", how), ("n", noun)]).into()
}
