//! Whether an opinion is good or bad.

use super::Recipe;
use super::draw::{Draw, Text, fill};
use super::words::{CHARACTERS, FEELINGS, OPINIONS, TASTES};

const LABELS: &[&str] = &["bad", "good"];

/// The tasks about opinions.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("sentiment-film", |class, draw| {
        said(
            class,
            draw,
            &OPINIONS,
            &[
                "the movie",
                "this film",
                "the acting",
                "the plot",
                "the script",
                "the whole cast",
                "the ending",
                "the first half",
            ],
        )
    }),
    recipe("sentiment-book", |class, draw| {
        said(
            class,
            draw,
            &OPINIONS,
            &[
                "the book",
                "this novel",
                "the first chapter",
                "the language",
                "her last story",
                "the preface",
                "his style",
                "the hero",
            ],
        )
    }),
    recipe("sentiment-music", |class, draw| {
        said(
            class,
            draw,
            &OPINIONS,
            &[
                "the concert",
                "this song",
                "the dance",
                "her voice",
                "the band",
                "the last tune",
                "the singer",
                "his new record",
            ],
        )
    }),
    recipe("sentiment-food", |class, draw| {
        said(
            class,
            draw,
            &TASTES,
            &[
                "the pie",
                "the meat",
                "my dinner",
                "the bread",
                "the fish",
                "the fruit",
                "the cake",
                "our breakfast",
            ],
        )
    }),
    recipe("sentiment-hotel", |class, draw| {
        said(
            class,
            draw,
            &OPINIONS,
            &[
                "the room",
                "the hotel",
                "our house",
                "the kitchen",
                "the whole place",
                "the dining room",
                "the inn",
                "the hall",
            ],
        )
    }),
    recipe("sentiment-person", |class, draw| {
        said(
            class,
            draw,
            &CHARACTERS,
            &[
                "the man",
                "her brother",
                "the young lady",
                "my uncle",
                "the teacher",
                "our neighbor",
                "the captain",
                "his wife",
            ],
        )
    }),
    recipe("sentiment-feeling", |class, draw| {
        let verb = draw.half(FEELINGS[class]);
        let who = draw.any(&[
            "my sister",
            "the old man",
            "he",
            "her friend",
            "everybody",
            "she",
        ]);
        let what = draw.any(&[
            "the book",
            "this film",
            "the new house",
            "the play",
            "his speech",
            "our town",
            "the dinner",
            "that idea",
        ]);
        let frame = draw.any(&[
            "{s} {w} {o} .",
            "i know that {s} {w} {o} .",
            "{s} {w} {o} from the beginning .",
            "in the end {s} {w} {o} .",
            "they say {s} {w} {o} very much .",
        ]);
        fill(frame, &[("s", who), ("w", verb), ("o", what)]).into()
    }),
];

const fn recipe(name: &'static str, write: fn(usize, &mut Draw) -> Text) -> Recipe {
    Recipe {
        name,
        kind: "sentiment",
        label_words: LABELS,
        write,
    }
}

const FRAMES: &[&str] = &[
    "{s} was really {w} .",
    "i thought that {s} was {w} and very {v} .",
    "my friends told me about it , and {s} is {w} .",
    "{s} is {w} from the beginning to the end .",
    "in the end {s} turned out to be {w} .",
    "yesterday {s} seemed so {w} to us .",
    "what can i say , {s} was just {w} .",
    "nobody will forget how {w} {s} was .",
];

/// What is thought of one of `subjects`.
fn said(class: usize, draw: &mut Draw, words: &[&[&str]; 2], subjects: &[&str]) -> Text {
    let (first, second) = draw.two(words[class]);
    let subject = draw.any(subjects);
    let frame = draw.any(FRAMES);
    fill(frame, &[("s", subject), ("w", first), ("v", second)]).into()
}
