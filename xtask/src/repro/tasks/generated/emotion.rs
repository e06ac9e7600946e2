//! What somebody feels.

use super::Recipe;
use super::draw::{Draw, Text, fill};

const HAPPY: &[&str] = &[
    "was glad",
    "was delighted",
    "laughed",
    "was laughing",
    "was merry",
    "was cheerful",
    "was full of joy",
    "was pleased",
    "felt great pleasure",
    "enjoyed it all",
    "smiled",
    "was smiling",
    "was satisfied",
    "was full of delight",
    "sang for joy",
    "was in high spirits",
];
const SAD: &[&str] = &[
    "was unhappy",
    "was miserable",
    "cried bitterly",
    "was crying",
    "was lonely",
    "was gloomy",
    "was full of sorrow",
    "was in tears",
    "felt great pain",
    "suffered much",
    "sighed",
    "was hopeless",
    "was full of grief",
    "was in despair",
    "was wretched",
    "was in low spirits",
];
const ANGRY: &[&str] = &[
    "was mad with rage",
    "was in a rage",
    "shouted",
    "was shouting",
    "was indignant",
    "was offended",
    "was full of hatred",
    "was full of anger",
    "struck the table",
    "broke the door",
    "was cross",
    "was savage",
    "was annoyed",
    "was jealous",
    "was in a fury",
    "was in a passion",
];
const AFRAID: &[&str] = &[
    "was frightened",
    "was scared",
    "trembled",
    "was trembling",
    "was alarmed",
    "was startled",
    "was full of fear",
    "was full of terror",
    "ran away",
    "hid in the corner",
    "was shaking",
    "shook all over",
    "was nervous",
    "was anxious",
    "was in a panic",
    "was in great danger",
];
const FEELINGS: [&[&str]; 4] = [HAPPY, SAD, ANGRY, AFRAID];

/// The tasks about feelings.
pub(super) const RECIPES: &[Recipe] = &[
    recipe("emotion-happy-sad", &["happy", "sad"], |class, draw| {
        feels(
            [0, 1][class],
            draw,
            &["the boy", "the child", "my little sister", "the young girl"],
        )
    }),
    recipe("emotion-happy-angry", &["happy", "angry"], |class, draw| {
        feels(
            [0, 2][class],
            draw,
            &["the king", "my father", "the captain", "the old man"],
        )
    }),
    recipe("emotion-sad-afraid", &["sad", "afraid"], |class, draw| {
        feels(
            [1, 3][class],
            draw,
            &["the woman", "his wife", "her daughter", "the lady"],
        )
    }),
    recipe("emotion-angry-sad", &["angry", "sad"], |class, draw| {
        feels(
            [2, 1][class],
            draw,
            &["my uncle", "the teacher", "her husband", "the people"],
        )
    }),
    recipe(
        "emotion-three",
        &["happy", "sad", "angry"],
        |class, draw| {
            feels(
                class,
                draw,
                &["everybody", "the stranger", "my mother", "the other man"],
            )
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
        kind: "emotion",
        label_words,
        write,
    }
}

/// One of `people` has a feeling.
fn feels(feeling: usize, draw: &mut Draw, people: &[&str]) -> Text {
    let what = draw.half(FEELINGS[feeling]);
    let who = draw.any(people);
    let frame = draw.any(&[
        "{s} {f} .",
        "{s} {f} that day .",
        "when the letter came , {s} {f} .",
        "we could see that {s} {f} .",
        "all the time {s} {f} .",
        "{s} {f} when we came in .",
        "last night {s} {f} again .",
    ]);
    fill(frame, &[("s", who), ("f", what)]).into()
}
