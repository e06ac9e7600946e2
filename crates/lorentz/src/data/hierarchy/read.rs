//! The TSV form of hierarchies.

use std::collections::{HashMap, HashSet};
use std::io::BufRead;
use std::path::Path;

use plm_core::data::Lines;

use super::Hierarchy;
use crate::Result;
use crate::data::expand::read_all;

/// The longest line: names of nodes are short.
const LINE: usize = 1 << 16;

/// Reads lines `lower TAB upper` of two names, gzipped if the file's name ends in `.gz`. Nodes are numbered
/// in the order in which their names appear.
///
/// A gzipped file may expand to 256 times its size and one MiB; text comes to ten times at most.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) with file and line where a line has not two fields, a name is empty, a
/// node is above itself or a pair comes twice, and with the file where it cannot be read, holds no pair or
/// expands too far.
pub fn read_hierarchy(path: impl AsRef<Path>) -> Result<Hierarchy> {
    let path = path.as_ref();
    let bytes = read_all(path).map_err(|error| plm_core::Error::io(path, error))?;
    parse(bytes.as_slice(), path)
}

/// Reads the lines of `reader`, which errors call `origin`.
fn parse(reader: impl BufRead, origin: &Path) -> Result<Hierarchy> {
    let mut names = Vec::new();
    let mut numbers: HashMap<String, u32> = HashMap::new();
    let mut pairs = Vec::new();
    let mut seen = HashSet::new();
    for line in Lines::new(reader, origin).with_limit(LINE) {
        let line = line?;
        let wrong = |reason: String| plm_core::Error::line(origin, line.number, reason);
        let fields: Vec<&str> = line.text.split('\t').collect();
        let [lower, upper] = fields[..] else {
            let reason = format!(
                "has {} fields, must have 2: lower and upper node",
                fields.len()
            );
            return Err(wrong(reason).into());
        };
        let mut number = |name: &str| {
            if let Some(&number) = numbers.get(name) {
                return number;
            }
            let number = names.len() as u32;
            numbers.insert(name.to_owned(), number);
            names.push(name.to_owned());
            number
        };
        if lower.is_empty() || upper.is_empty() {
            return Err(wrong("has an empty name".to_owned()).into());
        }
        let pair = (number(lower), number(upper));
        if pair.0 == pair.1 {
            return Err(wrong(format!("puts `{lower}` above itself")).into());
        }
        if !seen.insert(pair) {
            return Err(wrong(format!("repeats `{lower}` below `{upper}`")).into());
        }
        pairs.push(pair);
    }
    if pairs.is_empty() {
        return Err(plm_core::Error::format(origin, "holds no pair of nodes").into());
    }
    Hierarchy::new(names, &pairs)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use proptest::prelude::*;

    use super::*;

    fn text(bytes: &[u8]) -> Result<Hierarchy> {
        parse(bytes, Path::new("h.tsv"))
    }

    fn zipped(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn lines_become_pairs() {
        let found = text(b"dog\tcanine\r\ncanine\tmammal\ncat\tmammal\n").unwrap();
        assert_eq!(found.names(), ["dog", "canine", "mammal", "cat"]);
        assert_eq!(found.pairs().collect::<Vec<_>>(), [(0, 1), (1, 2), (3, 2)]);
    }

    #[test]
    fn errors_name_file_and_line() {
        for (bytes, expected) in [
            (&b"a\tb\nc\n"[..], "h.tsv:2: has 1 fields"),
            (b"a\tb\tc\n", "h.tsv:1: has 3 fields"),
            (b"a\tb\n\n", "h.tsv:2: has 1 fields"),
            (b"a\t\n", "h.tsv:1: has an empty name"),
            (b"a\tb\nb\tb\n", "h.tsv:2: puts `b` above itself"),
            (b"a\tb\nb\tc\na\tb\n", "h.tsv:3: repeats `a` below `b`"),
            (b"a\tb\n\xff\tb\n", "h.tsv:2: not UTF-8"),
            (b"", "h.tsv: holds no pair"),
        ] {
            let error = text(bytes).unwrap_err().to_string();
            assert!(error.starts_with(expected), "{error}");
        }
    }

    #[test]
    fn zipped_files_are_read_and_bombs_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("h.tsv.gz");
        fs::write(&path, zipped(b"a\tb\nb\tc\n")).unwrap();
        assert_eq!(read_hierarchy(&path).unwrap().len(), 2);
        let plain = folder.path().join("h.tsv");
        fs::write(&plain, b"a\tb\n").unwrap();
        assert_eq!(read_hierarchy(&plain).unwrap().len(), 1);

        let name = "x".repeat(60_000);
        let mut lines = String::new();
        for number in 0..200 {
            lines.push_str(&format!("{name}\t{number}\n"));
        }
        fs::write(&path, zipped(lines.as_bytes())).unwrap();
        let error = read_hierarchy(&path).unwrap_err().to_string();
        assert!(error.contains("h.tsv.gz"), "{error}");
        let cut = zipped(b"a\tb\nb\tc\n");
        fs::write(&path, &cut[..cut.len() - 9]).unwrap();
        assert!(read_hierarchy(&path).is_err());
        assert!(read_hierarchy(folder.path().join("none.tsv")).is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = text(&bytes);
        }

        #[test]
        fn pairs_come_back(pairs in proptest::collection::btree_set((0_u8..9, 0_u8..9), 1..20)) {
            let pairs: Vec<_> = pairs.into_iter().filter(|(a, b)| a != b).collect();
            prop_assume!(!pairs.is_empty());
            let lines: String = pairs.iter().map(|(a, b)| format!("{a}\t{b}\n")).collect();
            let found = text(lines.as_bytes()).unwrap();
            let mut back: Vec<_> = found
                .pairs()
                .map(|(a, b)| {
                    let name = |n: u32| found.names()[n as usize].parse::<u8>().unwrap();
                    (name(a), name(b))
                })
                .collect();
            back.sort_unstable();
            prop_assert_eq!(back, pairs);
        }
    }
}
