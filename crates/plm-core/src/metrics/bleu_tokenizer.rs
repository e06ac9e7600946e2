//! How BLEU cuts text into words, as sacrebleu does it.

use serde::{Deserialize, Serialize};

/// The cut into words before n-grams are counted. Scores of different cuts cannot be compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
pub enum BleuTokenizer {
    /// The rules of `mteval-v13a`, sacrebleu's default: punctuation and symbols of ASCII become
    /// words, except a period or comma between digits and a dash not after a digit.
    #[default]
    #[serde(rename = "13a")]
    V13a,
    /// White space only, for text that is cut already.
    #[serde(rename = "none")]
    None,
}

impl BleuTokenizer {
    /// The words of `text`.
    pub fn tokenize(self, text: &str) -> Vec<String> {
        words(&self.spaced(text)).map(str::to_owned).collect()
    }

    /// `text` with spaces between its words; [`words`] reads them.
    pub(super) fn spaced(self, text: &str) -> String {
        // The newline of a line that was read from a file must not join a dash to the next line.
        let text = text.trim_end_matches(is_space);
        match self {
            Self::None => text.to_owned(),
            Self::V13a => spaced_13a(text),
        }
    }
}

/// The words between white space.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(is_space).filter(|word| !word.is_empty())
}

/// White space as Python's `str.split` sees it: Unicode's, and the four separators of ASCII.
fn is_space(c: char) -> bool {
    c.is_whitespace() || ('\u{1c}'..='\u{1f}').contains(&c)
}

fn spaced_13a(text: &str) -> String {
    let text = text
        .replace("<skipped>", "")
        .replace("-\n", "")
        .replace('\n', " ")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
        .replace("&lt;", "<")
        .replace("&gt;", ">");
    let mut chars = vec![' '];
    for c in text.chars() {
        if is_symbol(c) {
            chars.extend([' ', c, ' ']);
        } else {
            chars.push(c);
        }
    }
    chars.push(' ');
    // Each rule sees the output of the one before, and matches do not overlap.
    let is_point = |c: char| matches!(c, '.' | ',');
    let chars = replace_pairs(
        &chars,
        |a, b| !a.is_ascii_digit() && is_point(b),
        |a, b| [a, ' ', b, ' '],
    );
    let chars = replace_pairs(
        &chars,
        |a, b| is_point(a) && !b.is_ascii_digit(),
        |a, b| [' ', a, ' ', b],
    );
    let chars = replace_pairs(
        &chars,
        |a, b| a.is_ascii_digit() && b == '-',
        |a, b| [a, ' ', b, ' '],
    );
    chars.into_iter().collect()
}

/// ASCII punctuation and symbols, except `'`, `,`, `-` and `.`.
fn is_symbol(c: char) -> bool {
    c.is_ascii_punctuation() && !matches!(c, '\'' | ',' | '-' | '.')
}

/// Goes through `chars` from left to right and replaces neighbors that match.
fn replace_pairs(
    chars: &[char],
    matches: impl Fn(char, char) -> bool,
    replacement: impl Fn(char, char) -> [char; 4],
) -> Vec<char> {
    let mut out = Vec::with_capacity(chars.len());
    let mut rest = chars;
    while let Some((&first, tail)) = rest.split_first() {
        rest = match tail.split_first() {
            Some((&second, after)) if matches(first, second) => {
                out.extend(replacement(first, second));
                after
            }
            _ => {
                out.push(first);
                tail
            }
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{cases, get};
    use super::*;

    #[test]
    fn sacrebleu_gives_the_same() {
        for case in cases("/bleu/tokens") {
            let text: String = get(case, "text");
            for (key, tokenizer) in [
                ("tokens_13a", BleuTokenizer::V13a),
                ("tokens_none", BleuTokenizer::None),
            ] {
                let reference: Vec<String> = get(case, key);
                assert_eq!(tokenizer.tokenize(&text), reference, "{key} of {text:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn any_text_can_be_cut(text: String) {
            for tokenizer in [BleuTokenizer::V13a, BleuTokenizer::None] {
                for word in tokenizer.tokenize(&text) {
                    prop_assert!(!word.is_empty() && !word.contains(is_space));
                }
            }
        }
    }
}
