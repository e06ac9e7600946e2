//! English abbreviations that end with a period.

/// Abbreviations after which a sentence goes on: titles and what stands before a name or number.
const INNER: [&str; 50] = [
    "adm", "approx", "brig", "capt", "cf", "cmdr", "col", "cpl", "dept", "dr", "e.g", "ed", "eds",
    "eq", "eqs", "est", "fig", "figs", "gen", "gov", "hon", "i.e", "lt", "maj", "messrs", "mr",
    "mrs", "ms", "mt", "no", "nos", "pp", "pres", "prof", "rep", "reps", "rev", "sec", "sen",
    "sens", "sgt", "st", "ste", "supt", "tab", "viz", "vol", "vols", "vs", "v",
];

/// Abbreviations that may also end a sentence.
const OUTER: [&str; 44] = [
    "al", "apr", "assn", "aug", "ave", "blvd", "bros", "co", "corp", "dec", "dist", "esq", "etc",
    "ext", "feb", "fri", "ft", "hrs", "inc", "jan", "jr", "lbs", "ltd", "mar", "mfg", "min", "mon",
    "nov", "oct", "oz", "ph.d", "plc", "rd", "sat", "sep", "sept", "sq", "sr", "sun", "thu",
    "thurs", "tue", "tues", "wed",
];

/// Words after which `.` is one of the abbreviation only where the word begins with a capital (`No.`
/// and `no.`, `Sat.` and `sat.`).
const CAPITAL_ONLY: [&str; 18] = [
    "no", "sat", "sun", "mar", "dec", "wed", "mon", "rep", "gen", "fig", "tab", "sec", "rev", "ed",
    "col", "min", "pres", "oct",
];

/// What a period after a word is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Period {
    /// The end of the sentence.
    Full,
    /// Part of an abbreviation within the sentence.
    Inner,
    /// Part of an abbreviation that may end the sentence.
    Outer,
}

/// What a period after `word` is (`word` without it).
pub(super) fn period(word: &str) -> Period {
    let lower = word.to_lowercase();
    let lower = lower.as_str();
    let capital = word.starts_with(char::is_uppercase);
    if CAPITAL_ONLY.contains(&lower) && !capital {
        return Period::Full;
    }
    if INNER.contains(&lower) {
        Period::Inner
    } else if OUTER.contains(&lower) || is_acronym(word) {
        Period::Outer
    } else if capital && word != "I" && word.chars().count() == 1 {
        Period::Inner
    } else {
        Period::Full
    }
}

/// Single letters with periods between them, such as `U.S` or `a.m`.
fn is_acronym(word: &str) -> bool {
    let single = |part: &str| {
        let mut characters = part.chars();
        characters.next().is_some_and(char::is_alphabetic) && characters.next().is_none()
    };
    word.contains('.') && word.split('.').all(single)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_hold_each_word_once_and_in_lower_case() {
        let all: Vec<&str> = INNER.iter().chain(&OUTER).copied().collect();
        for (index, word) in all.iter().enumerate() {
            assert!(!all[..index].contains(word), "{word}");
            assert_eq!(word.to_lowercase(), *word);
        }
        assert!(CAPITAL_ONLY.iter().all(|word| all.contains(word)));
    }

    #[test]
    fn periods_are_told_apart() {
        for word in ["Dr", "No", "vs", "e.g", "J", "Fig"] {
            assert_eq!(period(word), Period::Inner, "{word}");
        }
        for word in ["Inc", "U.S", "a.m", "etc", "Ph.D", "Sat"] {
            assert_eq!(period(word), Period::Outer, "{word}");
        }
        for word in ["house", "no", "sat", "I", "x", "3.14", "U.S.x1", "fig"] {
            assert_eq!(period(word), Period::Full, "{word}");
        }
    }
}
