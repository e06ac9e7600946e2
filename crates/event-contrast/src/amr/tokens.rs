/// Parts a sentence into tokens: words between white space, with the punctuation at their ends and
/// the endings `'s` and `n't` apart.
///
/// Only for sentences that came without tokens. Alignments of others count in the tokens they came
/// with.
pub fn tokenize(sentence: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    for word in sentence.split_whitespace() {
        let is_mark = |c: char| c.is_ascii_punctuation() || "“”‘’…–—«»".contains(c);
        let inner = word.trim_start_matches(is_mark);
        let front = &word[..word.len() - inner.len()];
        let core = inner.trim_end_matches(is_mark);
        let back = &inner[core.len()..];
        tokens.extend(front.chars().map(String::from));
        let ending = ["'s", "n't", "’s", "n’t"]
            .into_iter()
            .find(|ending| core.len() > ending.len() && core.ends_with(ending));
        let (stem, ending) = core.split_at(core.len() - ending.map_or(0, str::len));
        let words = [stem, ending].into_iter().filter(|part| !part.is_empty());
        tokens.extend(words.map(str::to_owned));
        tokens.extend(back.chars().map(String::from));
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn punctuation_and_endings_are_apart() {
        let tokens = tokenize("The crew's (old) boat, built in 1.5 days, didn't sink... “Ha!”");
        let expected = "The crew 's ( old ) boat , built in 1.5 days , did n't sink . . . “ Ha ! ”";
        assert_eq!(tokens.join(" "), expected);
        assert_eq!(tokenize(" -- 's "), ["-", "-", "'", "s"]);
        assert!(tokenize("").is_empty());
    }
}
