//! Words of the generated sentences; all are single tokens of plm-mini.

/// People by what they do.
pub(super) const PEOPLE: &[&str] = &[
    "doctor", "teacher", "lawyer", "nurse", "farmer", "soldier", "writer", "singer", "actor",
    "judge", "priest", "pilot", "captain", "colonel",
];

/// People who rule a country.
pub(super) const RULERS: &[&str] = &[
    "king",
    "queen",
    "president",
    "prince",
    "duke",
    "emperor",
    "governor",
];

/// Organizations.
pub(super) const ORGANIZATIONS: &[&str] = &[
    "hospital",
    "school",
    "library",
    "hotel",
    "theater",
    "church",
    "college",
    "bank",
    "company",
    "university",
    "club",
    "newspaper",
    "studio",
    "court",
];

/// Cities and countries.
pub(super) const PLACES: &[&str] = &[
    "london", "paris", "rome", "england", "france", "germany", "italy", "japan", "china", "india",
    "brazil", "mexico", "egypt", "chicago", "ireland",
];

/// Names of people and of places.
pub(super) const NAMES: &[&str] = &["washington", "lincoln", "jackson", "charlotte", "florence"];

/// Said of people and organizations; no part of their names.
pub(super) const ADJECTIVES: &[&str] = &["old", "young", "new", "great", "famous"];
