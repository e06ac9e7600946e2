//! Which words of a RoBERTa text have a space before them.

use unicode_categories::UnicodeCategories;

/// Whether `word` is tokenized with a space before it: all words are, except those that begin with an
/// apostrophe and single characters of punctuation (PL-Marker's rule). Punctuation is that of ASCII,
/// symbols such as `$` and `+` included, and Unicode's categories P.
pub fn has_leading_space(word: &str) -> bool {
    let mut characters = word.chars();
    match (characters.next(), characters.next()) {
        (None, _) | (Some('\''), _) => false,
        (Some(only), None) => !(only.is_ascii_punctuation() || only.is_punctuation()),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_apostrophes_stick_to_the_word_before() {
        for word in ["'s", "'", ".", "(", "$", "~", "`", "—", "。", "«", ""] {
            assert!(!has_leading_space(word), "{word}");
        }
        for word in [
            "a", "the", "...", "--", "(a", "n't", "7", "€", "é", "’s", "``",
        ] {
            assert!(has_leading_space(word), "{word}");
        }
    }
}
