//! One text to classify.

use sha2::{Digest, Sha256};

/// One text, or two, with or without the name of its class.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    /// What caches and scores are joined by: the first eight bytes of the SHA-256 of `name`, so that
    /// among a million names two share an id with a probability below 3e-8.
    pub id: u64,
    /// Its name in the corpus; where it was given none, its text, or both texts with a tab between.
    pub name: String,
    /// The text, or the first of two.
    pub text: String,
    /// The second text of a pair.
    pub pair: Option<String>,
    /// Name of its class.
    pub label: Option<String>,
}

impl Example {
    /// An example that is named as its text.
    pub fn new(text: impl Into<String>) -> Self {
        let text = text.into();
        Self {
            id: hash([text.as_bytes()]),
            name: text.clone(),
            text,
            pair: None,
            label: None,
        }
    }

    /// With a second text, which is part of the name of an example that was given none.
    #[must_use]
    pub fn with_pair(mut self, pair: impl Into<String>) -> Self {
        let is_default = self.name == default_name(&self.text, self.pair.as_deref());
        let pair = pair.into();
        let name = default_name(&self.text, Some(&pair));
        self.pair = Some(pair);
        if is_default {
            self.with_name(name)
        } else {
            self
        }
    }

    /// With a class.
    #[must_use]
    pub fn with_label(mut self, label: impl Into<String>) -> Self {
        self.label = Some(label.into());
        self
    }

    /// With another name, and its id.
    #[must_use]
    pub fn with_name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self.id = hash([self.name.as_bytes()]);
        self
    }

    /// A hash of the text and the second text, the same on every machine.
    ///
    /// The first text's length is hashed too, so that a pair differs from any other way of cutting
    /// its characters in two.
    pub fn text_hash(&self) -> u64 {
        let length = (self.text.len() as u64).to_le_bytes();
        let pair = self.pair.as_deref();
        hash([
            &length,
            self.text.as_bytes(),
            &[u8::from(pair.is_some())],
            pair.unwrap_or_default().as_bytes(),
        ])
    }
}

/// The name of an example that is given none.
fn default_name(text: &str, pair: Option<&str>) -> String {
    match pair {
        Some(pair) => format!("{text}\t{pair}"),
        None => text.to_owned(),
    }
}

/// The first eight bytes of the SHA-256 of the `parts` in a row, the first byte the lowest.
fn hash<const N: usize>(parts: [&[u8]; N]) -> u64 {
    let mut sha = Sha256::new();
    parts.iter().for_each(|part| sha.update(part));
    let digest = sha.finalize();
    (digest.iter().take(8).rev()).fold(0, |value, &byte| value << 8 | u64::from(byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_the_first_bytes_of_the_published_digest() {
        // SHA-256("abc") = ba7816bf 8f01cfea …
        let id = 0xeacf_018f_bf16_78ba;
        assert_eq!(Example::new("abc").id, id);
        assert_eq!(Example::new("text").with_name("abc").id, id);
        assert_eq!(Example::new("abc").name, "abc");
    }

    #[test]
    fn names_make_ids_and_texts_make_hashes() {
        let one = Example::new("a text").with_label("x").with_name("1");
        let two = Example::new("a text").with_label("y").with_name("2");
        assert_ne!(one.id, two.id);
        assert_eq!(one.text_hash(), two.text_hash());
        assert_eq!((one.name.as_str(), one.label.as_deref()), ("1", Some("x")));
    }

    #[test]
    fn pairs_without_a_name_differ_by_their_second_text() {
        let pair = |second: &str| Example::new("a text").with_pair(second);
        assert_ne!(pair("one").id, pair("two").id);
        assert_ne!(pair("one").id, Example::new("a text").id);
        assert_eq!(pair("one"), pair("two").with_pair("one"));
        assert_eq!(pair("one").name, "a text\tone");
        let named = Example::new("a text").with_name("1").with_pair("one");
        assert_eq!((named.id, named.name.as_str()), (Example::new("1").id, "1"));
    }

    #[test]
    fn hashes_depend_on_where_the_texts_are_cut() {
        let pair = |text: &str, pair: &str| Example::new(text).with_pair(pair).text_hash();
        let hashes = [
            pair("ab", "c"),
            pair("a", "bc"),
            pair("abc", ""),
            pair("", "abc"),
            Example::new("abc").text_hash(),
            // The byte that says whether there is a second text may be one of the texts'.
            pair("a", "b\0"),
            Example::new("a\u{1}b").text_hash(),
        ];
        for (i, first) in hashes.iter().enumerate() {
            assert!(hashes[..i].iter().all(|second| second != first), "{i}");
        }
    }
}
