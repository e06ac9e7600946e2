//! Brackets as the Penn Treebank writes them.

/// The bracket that `word` stands for in the Penn Treebank (`-LRB-` and the like), else `word`.
///
/// Pre-trained vocabularies know brackets, not these names (PL-Marker and PURE restore them too).
pub fn restore_bracket(word: &str) -> &str {
    match word {
        "-LRB-" => "(",
        "-RRB-" => ")",
        "-LSB-" => "[",
        "-RSB-" => "]",
        "-LCB-" => "{",
        "-RCB-" => "}",
        _ => word,
    }
}

#[cfg(test)]
mod tests {
    use super::restore_bracket;

    #[test]
    fn six_names_and_nothing_else() {
        let words = ["-LRB-", "-RRB-", "-LSB-", "-RSB-", "-LCB-", "-RCB-"];
        assert_eq!(words.map(restore_bracket).concat(), "()[]{}");
        for word in ["-lrb-", "LRB", "(", "", "-LRB-x"] {
            assert_eq!(restore_bracket(word), word);
        }
    }
}
