//! Things, buildings and places.

/// Animals.
pub(in crate::repro::tasks::generated) const ANIMALS: &[&str] = &[
    "dog", "cat", "horse", "bird", "fish", "lion", "wolf", "bear", "cow", "pig", "sheep", "snake",
    "fox", "duck", "bee", "whale", "rat", "bull", "hen", "ox", "shark", "ant", "cattle",
];

/// Food and drink.
pub(in crate::repro::tasks::generated) const FOOD: &[&str] = &[
    "bread", "cheese", "meat", "cake", "butter", "milk", "sugar", "salt", "fruit", "wine",
    "coffee", "tea", "beer", "corn", "honey", "cream", "flour", "pie", "apple",
];

/// Parts of the body.
pub(in crate::repro::tasks::generated) const BODY: &[&str] = &[
    "hand", "arm", "leg", "foot", "eye", "nose", "mouth", "ear", "neck", "knee", "finger",
    "shoulder", "heart", "brain", "bone", "skin", "hair", "stomach", "chest", "throat",
];

/// Colors.
pub(in crate::repro::tasks::generated) const COLORS: &[&str] = &[
    "red", "blue", "green", "yellow", "black", "white", "brown", "gray", "purple", "orange",
    "pink", "scarlet",
];

/// Clothes.
pub(in crate::repro::tasks::generated) const CLOTHES: &[&str] = &[
    "shirt",
    "hat",
    "coat",
    "dress",
    "shoes",
    "suit",
    "cloak",
    "gloves",
    "boots",
    "cap",
    "mask",
    "gown",
    "collar",
    "bonnet",
    "veil",
    "handkerchief",
];

/// Buildings.
pub(in crate::repro::tasks::generated) const BUILDINGS: &[&str] = &[
    "church", "castle", "school", "hospital", "library", "hotel", "theater", "palace", "temple",
    "prison", "tower", "station", "cottage", "hut", "mansion", "inn",
];

/// Countries.
pub(in crate::repro::tasks::generated) const COUNTRIES: &[&str] = &[
    "france", "germany", "italy", "japan", "china", "india", "brazil", "mexico", "egypt",
    "england", "ireland", "america", "africa",
];

/// Cities.
pub(in crate::repro::tasks::generated) const CITIES: &[&str] = &[
    "london",
    "paris",
    "rome",
    "florence",
    "york",
    "chicago",
    "washington",
];
