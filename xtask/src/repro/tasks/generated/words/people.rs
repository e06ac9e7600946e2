//! People, by name, work and family.

/// Names of men.
pub(in crate::repro::tasks::generated) const MEN: &[&str] = &[
    "john", "william", "james", "george", "henry", "charles", "thomas", "edward", "robert",
    "richard", "arthur", "peter", "david", "paul", "michael", "joseph", "jack", "frank",
];

/// Names of women.
pub(in crate::repro::tasks::generated) const WOMEN: &[&str] = &[
    "mary",
    "elizabeth",
    "anne",
    "jane",
    "emma",
    "margaret",
    "catherine",
    "sarah",
    "alice",
    "ellen",
    "martha",
    "julia",
    "lucy",
    "helen",
    "maria",
    "rose",
    "emily",
    "anna",
];

/// Relatives.
pub(in crate::repro::tasks::generated) const FAMILY: &[&str] = &[
    "mother",
    "father",
    "brother",
    "sister",
    "son",
    "daughter",
    "uncle",
    "aunt",
    "wife",
    "husband",
    "cousin",
    "grandfather",
    "nephew",
    "niece",
];

/// Work that people do.
pub(in crate::repro::tasks::generated) const JOBS: &[&str] = &[
    "doctor", "teacher", "lawyer", "nurse", "farmer", "soldier", "writer", "singer", "actor",
    "judge", "priest", "pilot", "servant", "clerk", "governor", "sailor", "artist", "knight",
];
