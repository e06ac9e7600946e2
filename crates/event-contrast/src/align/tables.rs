/// Words for numbers.
const NUMBERS: [(&str, f64); 39] = [
    ("zero", 0.0),
    ("one", 1.0),
    ("two", 2.0),
    ("three", 3.0),
    ("four", 4.0),
    ("five", 5.0),
    ("six", 6.0),
    ("seven", 7.0),
    ("eight", 8.0),
    ("nine", 9.0),
    ("ten", 10.0),
    ("eleven", 11.0),
    ("twelve", 12.0),
    ("thirteen", 13.0),
    ("fourteen", 14.0),
    ("fifteen", 15.0),
    ("sixteen", 16.0),
    ("seventeen", 17.0),
    ("eighteen", 18.0),
    ("nineteen", 19.0),
    ("twenty", 20.0),
    ("thirty", 30.0),
    ("forty", 40.0),
    ("fifty", 50.0),
    ("sixty", 60.0),
    ("seventy", 70.0),
    ("eighty", 80.0),
    ("ninety", 90.0),
    ("first", 1.0),
    ("second", 2.0),
    ("third", 3.0),
    ("fourth", 4.0),
    ("fifth", 5.0),
    ("sixth", 6.0),
    ("seventh", 7.0),
    ("eighth", 8.0),
    ("ninth", 9.0),
    ("tenth", 10.0),
    ("dozen", 12.0),
];

/// Words that multiply the number before them.
const SCALES: [(&str, f64); 4] = [
    ("hundred", 1e2),
    ("thousand", 1e3),
    ("million", 1e6),
    ("billion", 1e9),
];

const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];

const NEGATIONS: [&str; 9] = [
    "not", "n't", "n’t", "no", "never", "none", "without", "nobody", "nothing",
];

/// The concept of a pronoun and the words for it.
const PRONOUNS: [(&str, &[&str]); 8] = [
    ("i", &["me", "my", "mine", "myself"]),
    ("you", &["your", "yours", "yourself", "yourselves"]),
    ("he", &["him", "his", "himself"]),
    ("she", &["her", "hers", "herself"]),
    ("it", &["its", "itself"]),
    ("we", &["us", "our", "ours", "ourselves"]),
    ("they", &["them", "their", "theirs", "themselves"]),
    ("this", &["these"]),
];

fn find(table: &[(&str, f64)], word: &str) -> Option<f64> {
    let found = table.iter().find(|(name, _)| *name == word)?;
    Some(found.1)
}

/// The number that `word`, in lower case, stands for: `1,000`, `3rd`, `three`.
pub(super) fn number(word: &str) -> Option<f64> {
    let digits = word.trim_end_matches(|c: char| c.is_ascii_lowercase());
    if digits.is_empty() {
        return find(&NUMBERS, word).or_else(|| scale(word));
    }
    let ending = &word[digits.len()..];
    if !["", "st", "nd", "rd", "th"].contains(&ending) {
        return None;
    }
    let plain = digits.replace(',', "");
    let starts_well = plain
        .trim_start_matches(['-', '+'])
        .starts_with(|c: char| c.is_ascii_digit());
    plain.parse().ok().filter(|_| starts_well)
}

/// What `word` multiplies the number before it with.
pub(super) fn scale(word: &str) -> Option<f64> {
    find(&SCALES, word)
}

/// `word` is month `number` of the year, or its first three letters.
pub(super) fn is_month(word: &str, number: f64) -> bool {
    let word = word.trim_end_matches('.');
    MONTHS.iter().zip(1..).any(|(month, index)| {
        f64::from(index) == number
            && (word == *month || word == &month[..3] || word == "sept" && index == 9)
    })
}

pub(super) fn is_negation(word: &str) -> bool {
    NEGATIONS.contains(&word)
}

/// `word` is a form of the pronoun `concept`.
pub(super) fn is_pronoun(word: &str, concept: &str) -> bool {
    let forms = PRONOUNS.iter().find(|(name, _)| *name == concept);
    forms.is_some_and(|(_, forms)| forms.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_in_words_and_digits() {
        let cases = [
            ("twelve", Some(12.0)),
            ("1,250.5", Some(1250.5)),
            ("3rd", Some(3.0)),
            ("-4", Some(-4.0)),
            ("million", Some(1e6)),
            ("3kg", None),
            ("inf", None),
            ("", None),
            ("twelveth", None),
        ];
        for (word, expected) in cases {
            assert_eq!(number(word), expected, "{word}");
        }
    }

    #[test]
    fn months_and_pronouns() {
        assert!(is_month("march", 3.0) && is_month("mar.", 3.0) && is_month("sept.", 9.0));
        assert!(!is_month("march", 4.0) && !is_month("marching", 3.0) && !is_month("", 1.0));
        assert!(is_pronoun("their", "they") && !is_pronoun("their", "he"));
        assert!(is_negation("n't") && !is_negation("nor"));
    }
}
