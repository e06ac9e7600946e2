//! What people do.

/// Actions in the past, the present and with an auxiliary.
pub(in crate::repro::tasks::generated) const ACTIONS: &[[&str; 3]] = &[
    ["went to church", "goes to church", "go to church"],
    ["sent a letter", "sends a letter", "send a letter"],
    ["walked home", "walks home", "walk home"],
    [
        "brought some bread",
        "brings some bread",
        "bring some bread",
    ],
    ["came back", "comes back", "come back"],
    ["played a song", "plays a song", "play a song"],
    ["opened the door", "opens the door", "open the door"],
    ["took the money", "takes the money", "take the money"],
    ["left the house", "leaves the house", "leave the house"],
    ["asked a question", "asks a question", "ask a question"],
    [
        "played in the garden",
        "plays in the garden",
        "play in the garden",
    ],
    ["told the truth", "tells the truth", "tell the truth"],
    [
        "fell into the water",
        "falls into the water",
        "fall into the water",
    ],
    [
        "visited the doctor",
        "visits the doctor",
        "visit the doctor",
    ],
    ["made some tea", "makes some tea", "make some tea"],
    [
        "looked at the picture",
        "looks at the picture",
        "look at the picture",
    ],
    [
        "ran to the station",
        "runs to the station",
        "run to the station",
    ],
    [
        "talked about the war",
        "talks about the war",
        "talk about the war",
    ],
    [
        "stood at the window",
        "stands at the window",
        "stand at the window",
    ],
    [
        "followed the soldiers",
        "follows the soldiers",
        "follow the soldiers",
    ],
];
