//! The words of a stretch of text without spaces.

use std::ops::Range;

use unicode_segmentation::UnicodeSegmentation;

use super::abbreviations::{Period, period};

/// What English writes together with the word before it, as the Penn Treebank takes it off.
const CLITICS: [&str; 6] = ["s", "m", "d", "re", "ve", "ll"];

fn is_apostrophe(character: char) -> bool {
    matches!(character, '\'' | '\u{2019}')
}

fn is_word(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_alphanumeric() || c == '_')
}

fn is_digits(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_digit()) && piece.ends_with(|c: char| c.is_ascii_digit())
}

fn is_capitals(piece: &str) -> bool {
    piece.chars().all(char::is_uppercase)
}

/// Web and mail addresses, `@names` and `#tags` are one word.
fn is_link(chunk: &str) -> bool {
    let mail = chunk.split_once('@').is_some_and(|(name, host)| {
        name.ends_with(char::is_alphanumeric)
            && host.starts_with(char::is_alphanumeric)
            && host.contains('.')
    });
    let tag = chunk.strip_prefix(['@', '#']);
    let tag = tag.is_some_and(|tag| {
        tag.starts_with(char::is_alphabetic) && tag.chars().all(|c| c.is_alphanumeric() || c == '_')
    });
    chunk.contains("://") || chunk.starts_with("www.") || mail || tag
}

/// Byte ranges of the words of `chunk`, which has no white space; together they are all of it.
///
/// `next` is the character after the white space that follows.
pub(super) fn pieces(chunk: &str, next: Option<char>) -> Vec<Range<usize>> {
    let core_start = chunk.len()
        - chunk
            .trim_start_matches(['(', '[', '{', '"', '\'', '<'])
            .len();
    let rest = &chunk[core_start..];
    let core = rest.trim_end_matches(['.', ',', ';', ':', '!', '?', ']', '}', '>', '"', '\'']);
    let core = match core.contains('(') {
        true => core,
        false => core.trim_end_matches([')', '.', ',']),
    };
    if is_link(core) {
        let end = core_start + core.len();
        let mut result = split(&chunk[..core_start], 0, None);
        result.push(core_start..end);
        result.extend(split(&chunk[end..], end, None));
        return result;
    }
    split(chunk, 0, next)
}

fn split(chunk: &str, offset: usize, next: Option<char>) -> Vec<Range<usize>> {
    if is_lone_clitic(chunk) {
        let whole = offset..offset + chunk.len();
        return vec![whole];
    }
    let mut merged: Vec<Range<usize>> = Vec::new();
    let bounds = chunk.split_word_bound_indices();
    let mut segments = bounds.map(|(at, piece)| at..at + piece.len()).peekable();
    while let Some(segment) = segments.next() {
        let follows = segments.peek().map(|range| &chunk[range.clone()]);
        let piece = &chunk[segment.clone()];
        let Some(last) = merged.last_mut() else {
            merged.push(segment);
            continue;
        };
        let before = &chunk[last.clone()];
        if joins(before, piece, follows) {
            last.end = segment.end;
            if let Some(follows) = segments.next_if(|_| is_word(before) && piece != ".") {
                last.end = follows.end;
            }
        } else if piece == "." && follows != Some(".") && keeps_period(before, follows, next) {
            last.end = segment.end;
        } else {
            merged.push(segment);
        }
    }
    let words = merged.into_iter().flat_map(|range| clitics(chunk, range));
    words
        .map(|range| range.start + offset..range.end + offset)
        .collect()
}

/// `'s`, `n't` and the like by themselves, as in text that is split already.
fn is_lone_clitic(chunk: &str) -> bool {
    let bare = chunk.strip_prefix(is_apostrophe);
    bare.is_some_and(|bare| CLITICS.contains(&bare.to_lowercase().as_str()))
}

/// Whether `piece` goes on with the word `before`, and then `follows` too if that is a word.
fn joins(before: &str, piece: &str, follows: Option<&str>) -> bool {
    if !is_word(before) {
        let run = ['.', '-', '`', '\'', '=', '_', '*', '~'];
        return piece.len() == 1 && piece.contains(run) && before.ends_with(piece);
    }
    let Some(follows) = follows.filter(|f| is_word(f)) else {
        return false;
    };
    match piece {
        "-" | "\u{2010}" | "\u{2011}" => true,
        ":" | "/" => is_digits(before) && is_digits(follows),
        "&" => is_capitals(before) && is_capitals(follows),
        _ => false,
    }
}

/// Whether the period after `before` belongs to it.
fn keeps_period(before: &str, follows: Option<&str>, next: Option<char>) -> bool {
    // `U.S.,` and `Inc.)`: something follows, but not at once another word.
    let goes_on = match follows {
        Some(follows) => !is_word(follows),
        None => next.is_some(),
    };
    match period(before) {
        Period::Full => false,
        Period::Outer => true,
        Period::Inner if before.chars().count() == 1 && before.starts_with(char::is_uppercase) => {
            // An initial comes before a name.
            follows.is_none() && next.is_some_and(char::is_uppercase)
        }
        Period::Inner if matches!(before, "No" | "Nos") => {
            next.is_some_and(|next| next.is_ascii_digit())
        }
        Period::Inner => goes_on,
    }
}

/// `word` with what it is a contraction of taken off.
fn clitics(chunk: &str, range: Range<usize>) -> Vec<Range<usize>> {
    let word = &chunk[range.clone()];
    let whole = || vec![range.clone()];
    if !is_word(word) {
        return whole();
    }
    let Some((at, apostrophe)) = word.char_indices().rfind(|&(_, c)| is_apostrophe(c)) else {
        return whole();
    };
    let tail = word[at + apostrophe.len_utf8()..].to_lowercase();
    let cut = match tail.as_str() {
        "t" => word[..at]
            .char_indices()
            .last()
            .filter(|&(_, c)| matches!(c, 'n' | 'N')),
        tail if CLITICS.contains(&tail) => Some((at, apostrophe)),
        _ => None,
    };
    match cut {
        Some((cut, _)) if cut > 0 => {
            vec![range.start..range.start + cut, range.start + cut..range.end]
        }
        _ => whole(),
    }
}
