//! Where sentences end.

/// Marks that may stand between a sentence's end and the next sentence.
const CLOSERS: &[char] = &[')', ']', '}', '"', '\'', '\u{201d}', '\u{2019}', '\u{bb}'];

/// Words before a period that end no sentence.
const ABBREVIATIONS: &[&str] = &[
    "al", "approx", "capt", "cf", "co", "col", "corp", "dept", "dr", "eq", "fig", "figs", "gen",
    "gov", "hon", "inc", "jr", "lt", "ltd", "mr", "mrs", "ms", "no", "nos", "prof", "ref", "refs",
    "rep", "rev", "sen", "sgt", "sr", "st", "tab", "vol", "vs",
];

/// Whether a sentence ends between `end`, the end of a token, and `start`, the start of the next.
///
/// A mark `.`, `?` or `!`, perhaps with closing marks behind, ends a sentence where white space
/// stands on both sides (text that was tokenized), or where white space and no lower-case letter
/// follow and the word before is no abbreviation or initial.
pub(super) fn ends_sentence(text: &[char], end: usize, start: usize) -> bool {
    if start <= end || is_closing(text, start) {
        return false;
    }
    let mut at = end;
    while at > 0 && CLOSERS.contains(&text[at - 1]) {
        at -= 1;
    }
    if at < end {
        while at > 0 && text[at - 1].is_whitespace() {
            at -= 1;
        }
    }
    let Some(mark) = at.checked_sub(1).map(|place| text[place]) else {
        return false;
    };
    if !matches!(mark, '.' | '?' | '!' | '\u{2026}') {
        return false;
    }
    let place = at - 1;
    if mark != '\u{2026}' && place > 0 && text[place - 1].is_whitespace() {
        return true;
    }
    if text[start].is_lowercase() {
        return false;
    }
    mark != '.' || !is_abbreviation(text, place)
}

/// Whether all that stands from `start` to the next white space closes something.
fn is_closing(text: &[char], start: usize) -> bool {
    text[start..]
        .iter()
        .take_while(|c| !c.is_whitespace())
        .all(|c| CLOSERS.contains(c))
}

/// Whether the word before the period at `place` is an abbreviation.
fn is_abbreviation(text: &[char], place: usize) -> bool {
    // No abbreviation is longer; this keeps the search short.
    let least = place.saturating_sub(12);
    let begin = text[least..place]
        .iter()
        .rposition(|c| c.is_whitespace())
        .map_or(least, |at| least + at + 1);
    let word: String = text[begin..place]
        .iter()
        .skip_while(|c| !c.is_alphanumeric())
        .flat_map(|c| c.to_lowercase())
        .collect();
    let letters = word.chars().count();
    let initial = letters == 1 && word.chars().all(char::is_alphabetic);
    initial || word.contains('.') || ABBREVIATIONS.contains(&word.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether `left` ends a sentence before `right`, one space between.
    fn ends(left: &str, right: &str) -> bool {
        let text: Vec<char> = format!("{left} {right}").chars().collect();
        let end = left.chars().count();
        ends_sentence(&text, end, end + 1)
    }

    #[test]
    fn marks_closers_and_abbreviations() {
        assert!(ends("He left.", "She came"));
        assert!(ends("He left .", "although"));
        assert!(ends("He left. \"", "She came"));
        assert!(ends("Really?", "Yes"));
        assert!(!ends("He left", "Paris"));
        assert!(!ends("He left.", "\" She"));
        assert!(!ends("about 5.", "percent"));
        assert!(!ends("Dr.", "No"));
        assert!(!ends("the U.S.", "Army"));
        assert!(!ends("(Fig.", "2"));
        assert!(!ends("J.", "Smith"));
        assert!(!ends("", "A"));
    }
}
