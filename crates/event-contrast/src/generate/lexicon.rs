//! The words.

/// A pool of nouns: fillers of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Pool {
    Fighters,
    Officials,
    Outlaws,
    Household,
    Gentry,
    Staff,
    Scholars,
    Artists,
    Traders,
    Beasts,
    Goods,
    Secrets,
    Texts,
    Works,
    Buildings,
    Settlements,
    Meals,
}

/// The pools of people.
pub(super) const PEOPLE: &[Pool] = &[
    Pool::Fighters,
    Pool::Officials,
    Pool::Outlaws,
    Pool::Household,
    Pool::Gentry,
    Pool::Staff,
    Pool::Scholars,
    Pool::Artists,
    Pool::Traders,
];

impl Pool {
    /// Its nouns, all singular.
    pub(super) fn words(self) -> &'static [&'static str] {
        match self {
            Self::Fighters => &[
                "soldier", "general", "captain", "guard", "army", "enemy", "regiment", "knight",
                "warrior", "colonel", "sergeant",
            ],
            Self::Officials => &[
                "king",
                "minister",
                "president",
                "governor",
                "judge",
                "emperor",
                "court",
                "inspector",
                "officer",
            ],
            Self::Outlaws => &[
                "thief", "prisoner", "murderer", "criminal", "villain", "gang", "stranger",
                "savage",
            ],
            Self::Household => &[
                "mother", "father", "brother", "sister", "uncle", "aunt", "cousin", "son",
                "daughter", "wife", "husband", "child", "boy", "girl",
            ],
            Self::Gentry => &[
                "lady",
                "gentleman",
                "prince",
                "princess",
                "duke",
                "lord",
                "queen",
                "widow",
                "bride",
            ],
            Self::Staff => &[
                "servant",
                "clerk",
                "cook",
                "driver",
                "sailor",
                "nurse",
                "maid",
                "secretary",
            ],
            Self::Scholars => &[
                "teacher",
                "professor",
                "poet",
                "writer",
                "author",
                "student",
                "doctor",
                "priest",
            ],
            Self::Artists => &[
                "actor", "actress", "artist", "singer", "director", "player", "band", "crew",
            ],
            Self::Traders => &[
                "farmer", "company", "landlord", "agent", "bank", "hunter", "lawyer",
            ],
            Self::Beasts => &[
                "wolf", "bear", "lion", "dog", "fox", "bird", "cat", "horse", "cow", "bull",
            ],
            Self::Goods => &[
                "diamond", "watch", "ring", "sword", "hat", "picture", "coat", "chair", "clock",
                "box",
            ],
            Self::Secrets => &["treasure", "body", "secret", "key", "grave", "chest", "bag"],
            Self::Texts => &[
                "letter", "novel", "book", "story", "report", "article", "message", "script",
            ],
            Self::Works => &["song", "play", "opera", "film", "movie", "dance", "music"],
            Self::Buildings => &[
                "house", "church", "bridge", "tower", "school", "palace", "hospital", "mill",
                "temple", "theatre", "hotel", "prison",
            ],
            Self::Settlements => &[
                "city", "town", "village", "castle", "camp", "port", "station", "island",
            ],
            Self::Meals => &[
                "dinner",
                "supper",
                "meal",
                "breakfast",
                "bread",
                "meat",
                "fruit",
                "cake",
                "wine",
                "cheese",
            ],
        }
    }

    /// The type of its entities.
    pub(super) fn entity_type(self) -> &'static str {
        match self {
            Self::Beasts => "Animal",
            Self::Goods | Self::Secrets => "Object",
            Self::Texts | Self::Works => "Work",
            Self::Buildings => "Facility",
            Self::Settlements => "Place",
            Self::Meals => "Food",
            _ => PERSON,
        }
    }
}

/// The type of people.
pub(super) const PERSON: &str = "Person";

/// The type of places, and the role of where an event happens.
pub(super) const PLACE: &str = "Place";

/// The type of times, and the role of when an event happens.
pub(super) const TIME: &str = "Time";

/// Nouns that take no "a".
pub(super) const UNCOUNTED: &[&str] = &["bread", "meat", "fruit", "wine", "cheese", "music"];

/// Names of people.
pub(super) const NAMES: &[&str] = &[
    "Mary",
    "John",
    "George",
    "Henry",
    "William",
    "Charles",
    "Thomas",
    "James",
    "Robert",
    "Edward",
    "Arthur",
    "Frank",
    "Alice",
    "Anne",
    "Elizabeth",
    "Jane",
    "Emma",
    "Margaret",
    "Helen",
    "Peter",
];

/// Names of settlements.
pub(super) const TOWNS: &[&str] = &["London", "Paris", "Rome", "Chicago"];

/// Where events happen: preposition, noun, and for a name its concept.
pub(super) const LOCATIONS: &[(&str, &str, Option<&str>)] = &[
    ("in", "forest", None),
    ("in", "valley", None),
    ("in", "garden", None),
    ("in", "market", None),
    ("in", "field", None),
    ("in", "square", None),
    ("on", "beach", None),
    ("on", "road", None),
    ("near", "river", None),
    ("near", "lake", None),
    ("in", "London", Some("city")),
    ("in", "Paris", Some("city")),
    ("in", "Rome", Some("city")),
    ("in", "England", Some("country")),
    ("in", "France", Some("country")),
    ("in", "Italy", Some("country")),
    ("in", "Germany", Some("country")),
    ("in", "India", Some("country")),
];

/// When events happen: preposition and word.
pub(super) const TIMES: &[(Option<&str>, &str)] = &[
    (None, "yesterday"),
    (Some("in"), "spring"),
    (Some("in"), "summer"),
    (Some("in"), "autumn"),
    (Some("in"), "winter"),
    (Some("in"), "March"),
    (Some("in"), "June"),
    (Some("in"), "August"),
    (Some("on"), "Monday"),
    (Some("on"), "Friday"),
    (Some("on"), "Saturday"),
    (Some("on"), "Sunday"),
    (Some("at"), "night"),
    (Some("at"), "noon"),
    (Some("at"), "dawn"),
    (Some("at"), "midnight"),
];

/// Adjectives before nouns.
pub(super) const ADJECTIVES: &[&str] = &[
    "old", "young", "great", "poor", "strange", "little", "big", "new", "famous", "large",
];

/// Nouns of clauses that tell of no event.
pub(super) const SCENERY: &[&str] = &[
    "weather", "sky", "wind", "storm", "journey", "moon", "sea", "air", "day", "hour",
];

/// What the scenery is like.
pub(super) const STATES: &[&str] = &["cold", "dark", "long", "quiet", "bad", "strong", "black"];

/// Words that open clauses about the scenery.
pub(super) const CONCESSIONS: &[&str] = &["although", "though"];
