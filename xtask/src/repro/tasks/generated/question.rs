//! What a question asks for, or a statement tells.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{CITIES, COUNTS, DEEDS, EVENTS, MEN, PLACES, STARTS, TIMES, WOMEN};

const PERSON: usize = 0;
const PLACE: usize = 1;
const TIME: usize = 2;
const NUMBER: usize = 3;

/// The tasks about questions and answers. Their label words name what is asked for.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("question-place-time", &["place", "time"], |class, draw| {
        let start = draw.half(STARTS[[PLACE, TIME][class]]);
        let event = draw.any(EVENTS);
        format!("{start} {event} ?").into()
    }),
    recipe(
        "question-person-number",
        &["person", "number"],
        |class, draw| {
            let start = draw.half(STARTS[[PERSON, NUMBER][class]]);
            let deed = draw.any(DEEDS);
            format!("{start} {deed} ?").into()
        },
    ),
    recipe(
        "question-all",
        &["person", "place", "time", "number"],
        |class, draw| question(class, draw).into(),
    ),
    recipe(
        "question-told",
        &["person", "place", "time"],
        |class, draw| {
            let asked = question(class, draw);
            let asked = asked.trim_end_matches(" ?");
            let who = draw.any(&[
                "my brother",
                "the teacher",
                "she",
                "the captain",
                "everybody",
            ]);
            let frame = draw.any(&[
                "{s} asked me , {q} ?",
                "{q} , that is what {s} wants to know .",
                "the question of {s} was : {q} ?",
                "{s} did not say {q} .",
            ]);
            fill(frame, &[("s", who), ("q", asked)]).into()
        },
    ),
    recipe("answer-place-time", &["place", "time"], |class, draw| {
        let answer = match class {
            0 if draw.any(&[true, false]) => format!("in {}", draw.half(CITIES)),
            0 => draw.half(PLACES).to_owned(),
            _ => draw.half(TIMES).to_owned(),
        };
        let who = draw.any(&["the men", "they", "we", "her friends", "the two brothers"]);
        let frame = draw.any(&[
            "{s} met {a} .",
            "{a} {s} wrote the letter .",
            "{s} were seen {a} .",
            "i know that {s} were happy {a} .",
            "{s} talked about it {a} .",
        ]);
        fill(frame, &[("s", who), ("a", &answer)]).into()
    }),
    recipe(
        "answer-person-number",
        &["person", "number"],
        |class, draw| {
            let names = draw.any(&[MEN, WOMEN]);
            let answer = if class == 0 {
                draw.half(names)
            } else {
                draw.half(COUNTS)
            };
            let deed = draw.any(DEEDS);
            let frame = draw.any(&[
                "{a} {d} .",
                "i think that {a} {d} .",
                "last year {a} {d} .",
                "in the end {a} {d} .",
            ]);
            fill(frame, &[("a", answer), ("d", deed)]).into()
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
        kind: "question",
        label_words,
        write,
    }
}

/// A question for what `sought` numbers.
fn question(sought: usize, draw: &mut Draw) -> String {
    let start = draw.half(STARTS[sought]);
    let rest = draw.any(if matches!(sought, PERSON | NUMBER) {
        DEEDS
    } else {
        EVENTS
    });
    format!("{start} {rest} ?")
}
