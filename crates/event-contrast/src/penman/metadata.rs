use std::fmt;
use std::ops::Range;

/// The comments of a graph: `# ::key value` pairs, several in a line or one, and other comments.
///
/// A value runs to the next blank that `::` and a key follow. Pairs keep their order and may repeat a
/// key, as the `::node` lines of JAMR do.
#[derive(Debug, Clone, Default)]
pub struct Metadata {
    text: String,
    /// Key and value; no key for other comments.
    pairs: Vec<(Range<usize>, Range<usize>)>,
}

impl Metadata {
    /// Adds a comment, from its `#` on or without it. Line breaks become blanks.
    pub fn push_comment(&mut self, comment: &str) {
        let start = self.text.len();
        self.push_line(comment.strip_prefix('#').unwrap_or(comment));
        let line = &self.text[start..];
        let trimmed = line.trim();
        let mut at = start + (line.len() - line.trim_start().len());
        let end = at + trimmed.len();
        if !begins_key(trimmed) {
            if !trimmed.is_empty() {
                self.pairs.push((at..at, at..end));
            }
            return;
        }
        while at < end {
            let rest = &self.text[at..end];
            let stop = next_key(rest).map_or(end, |next| at + next);
            let pair = self.text[at..stop].trim_end();
            let key_end = pair.find([' ', '\t']).unwrap_or(pair.len());
            let value_start = pair.len().min(key_end + 1);
            self.pairs
                .push((at + 2..at + key_end, at + value_start..at + pair.len()));
            at = stop;
        }
    }

    /// Adds a pair at the end. Line breaks, after which a file would go on with something else, become
    /// blanks.
    pub fn push(&mut self, key: &str, value: &str) {
        let start = self.text.len();
        self.push_line(key);
        let middle = self.text.len();
        self.push_line(value);
        self.pairs.push((start..middle, middle..self.text.len()));
    }

    /// Adds `text` with blanks for line breaks, byte for byte.
    fn push_line(&mut self, text: &str) {
        for (index, line) in text.split(['\n', '\r']).enumerate() {
            if index > 0 {
                self.text.push(' ');
            }
            self.text.push_str(line);
        }
    }

    /// Adds the pairs of `other` at the end.
    pub fn extend(&mut self, other: &Self) {
        for (key, value) in other.iter() {
            self.push(key, value);
        }
    }

    /// The first value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let mut pairs = self.iter();
        pairs.find_map(|(found, value)| (found == key).then_some(value))
    }

    /// All values of `key`.
    pub fn all<'m>(&'m self, key: &'m str) -> impl Iterator<Item = &'m str> + 'm {
        self.iter()
            .filter_map(move |(found, value)| (found == key).then_some(value))
    }

    /// Keys and values in order; comments that are no pair have the key `""`.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.pairs
            .iter()
            .map(|(key, value)| (&self.text[key.clone()], &self.text[value.clone()]))
    }

    /// There is nothing.
    pub fn is_empty(&self) -> bool {
        self.pairs.is_empty()
    }
}

/// `text` begins with `::` and a key.
fn begins_key(text: &str) -> bool {
    let key = text.strip_prefix("::").and_then(|key| key.chars().next());
    key.is_some_and(|first| first != ':' && !first.is_whitespace())
}

/// Where in `pair` the next pair begins.
fn next_key(pair: &str) -> Option<usize> {
    let blanks = pair.match_indices(" ::").map(|(at, _)| at + 1);
    blanks.into_iter().find(|&at| begins_key(&pair[at..]))
}

/// One line for each pair or comment, each with its line end.
impl fmt::Display for Metadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (key, value) in self.iter() {
            match (key, value) {
                ("", comment) => writeln!(f, "# {comment}")?,
                (key, "") => writeln!(f, "# ::{key}")?,
                (key, value) => writeln!(f, "# ::{key} {value}")?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(lines: &[&str]) -> Metadata {
        let mut metadata = Metadata::default();
        for line in lines {
            metadata.push_comment(line);
        }
        metadata
    }

    #[test]
    fn pairs_in_one_line_and_in_many() {
        let metadata = read(&[
            "# ::id a.1 ::date 2020-01-01 ::preferred",
            "# ::snt He said a::b :: c ::: d.",
            "#::node\t0\tsay-01\t1-2",
            "# ::node\t0.0\the\t0-1\t",
            "# made by hand",
            "#",
            "# ::",
        ]);
        let pairs: Vec<_> = metadata.iter().collect();
        let expected = [
            ("id", "a.1"),
            ("date", "2020-01-01"),
            ("preferred", ""),
            ("snt", "He said a::b :: c ::: d."),
            ("node", "0\tsay-01\t1-2"),
            ("node", "0.0\the\t0-1"),
            ("", "made by hand"),
            ("", "::"),
        ];
        assert_eq!(pairs, expected);
        assert_eq!(metadata.get("date"), Some("2020-01-01"));
        assert_eq!(metadata.get("nothing"), None);
        assert_eq!(metadata.all("node").count(), 2);
    }

    #[test]
    fn line_breaks_become_blanks() {
        let mut metadata = Metadata::default();
        metadata.push("snt", "a\n(b / c)\r\nd");
        metadata.push_comment("# e\nf");
        let text = metadata.to_string();
        assert_eq!(text, "# ::snt a (b / c)  d\n# e f\n");
        let again = read(&text.lines().collect::<Vec<_>>());
        assert!(metadata.iter().eq(again.iter()));
    }

    #[test]
    fn written_and_read_again() {
        let mut metadata = read(&["# ::id 1 ::snt é b  c", "# note"]);
        metadata.push("tok", "é b c");
        let text = metadata.to_string();
        assert_eq!(text, "# ::id 1\n# ::snt é b  c\n# note\n# ::tok é b c\n");
        let again = read(&text.lines().collect::<Vec<_>>());
        assert!(metadata.iter().eq(again.iter()));
        assert!(read(&[]).is_empty());
    }
}
