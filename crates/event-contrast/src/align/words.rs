use crate::amr::TokenSpan;

/// A token in the forms that the rules compare.
pub(super) struct Word<'t> {
    pub(super) token: &'t str,
    /// Lower case.
    pub(super) lower: String,
    /// Letters and digits alone, in lower case.
    pub(super) letters: String,
    pub(super) taken: bool,
}

/// The tokens of a sentence and which of them serve a node already.
pub(super) struct Words<'t> {
    pub(super) words: Vec<Word<'t>>,
}

impl<'t> Words<'t> {
    pub(super) fn new(tokens: &'t [String]) -> Self {
        let words = tokens.iter().map(|token| {
            let lower = token.to_lowercase();
            Word {
                token,
                letters: letters(&lower),
                lower,
                taken: false,
            }
        });
        Self {
            words: words.collect(),
        }
    }

    /// Takes the first free token that `fits`.
    pub(super) fn take(&mut self, fits: impl Fn(&Word<'_>) -> bool) -> Option<TokenSpan> {
        let at = self
            .words
            .iter()
            .position(|word| !word.taken && fits(word))?;
        Some(self.take_span(TokenSpan::new(at, at + 1)))
    }

    /// Takes the first free tokens whose letters and digits, run together, are `text`'s: `RT-PCR` is
    /// found in `RT @-@ PCR`, `look-up` in `look up`.
    pub(super) fn take_letters(&mut self, text: &str) -> Option<TokenSpan> {
        let text = letters(&text.to_lowercase());
        let found = (0..self.words.len()).find_map(|start| self.run(start, &text))?;
        Some(self.take_span(found))
    }

    pub(super) fn take_span(&mut self, span: TokenSpan) -> TokenSpan {
        for word in &mut self.words[span.start..span.end] {
            word.taken = true;
        }
        span
    }

    fn run(&self, start: usize, text: &str) -> Option<TokenSpan> {
        let mut rest = text;
        for (index, word) in self.words.iter().enumerate().skip(start) {
            if word.taken || (word.letters.is_empty() && index == start) {
                return None;
            }
            rest = rest.strip_prefix(word.letters.as_str())?;
            if rest.is_empty() {
                return Some(TokenSpan::new(start, index + 1));
            }
        }
        None
    }
}

/// The letters and digits of `text`.
fn letters(text: &str) -> String {
    text.chars().filter(|c| c.is_alphanumeric()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_tokens() {
        let tokens = "we look up RT @-@ PCR , look it up"
            .split(' ')
            .map(str::to_owned);
        let tokens: Vec<_> = tokens.collect();
        let mut words = Words::new(&tokens);
        assert_eq!(words.take_letters("rt-PCR"), Some(TokenSpan::new(3, 6)));
        assert_eq!(words.take_letters("RT-PCR"), None);
        assert_eq!(words.take_letters("look-up"), Some(TokenSpan::new(1, 3)));
        assert_eq!(words.take_letters("look-up"), None);
        assert_eq!(words.take_letters("-"), None);
        assert_eq!(
            words.take(|word| word.token == "look"),
            Some(TokenSpan::new(7, 8))
        );
    }
}
