//! Triples as lines of three numbers, in the layout of OpenKE.

use std::io::BufRead;
use std::path::Path;

use plm_core::Error;
use plm_core::data::{Lines, open};

use super::{KnowledgeGraph, Triple};
use crate::Result;

/// Reads `entity2id.txt` and `relation2id.txt` (a name and its number a line) and `train2id.txt`,
/// `valid2id.txt` and `test2id.txt` (head, tail and relation a line, in this order) of `directory`, as
/// OpenKE (Han et al. 2018) gives FB15k-237. The first line of each file holds the number of lines that
/// follow. Blank lines are skipped.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the file and line that cannot be read, whose number has
/// no name or whose number is given twice, and the file that does not have as many lines as it says.
pub fn read_openke(directory: impl AsRef<Path>) -> Result<KnowledgeGraph> {
    let directory = directory.as_ref();
    let names = |file: &str| {
        let path = directory.join(file);
        read_names(open(&path)?, &path)
    };
    let (entities, relations) = (names("entity2id.txt")?, names("relation2id.txt")?);
    let counts = [entities.len(), relations.len()];
    let mut splits = [Vec::new(), Vec::new(), Vec::new()];
    for (split, file) in splits.iter_mut().zip(["train", "valid", "test"]) {
        let path = directory.join(format!("{file}2id.txt"));
        *split = read_triples(open(&path)?, &path, counts)?;
    }
    KnowledgeGraph::new(entities, relations, splits)
}

/// Calls `each` with the number and text of all lines but the first, which must say how many there are.
fn counted(
    reader: impl BufRead,
    origin: &Path,
    mut each: impl FnMut(usize, &str) -> Result<(), String>,
) -> Result<()> {
    let mut announced = None;
    let mut found = 0;
    for line in Lines::new(reader, origin) {
        let line = line?;
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        let read = match announced {
            None => number(text).map(|count| announced = Some(count)),
            Some(_) => {
                found += 1;
                each(line.number, text)
            }
        };
        read.map_err(|reason| Error::line(origin, line.number, reason))?;
    }
    match announced {
        Some(count) if count as usize == found => Ok(()),
        Some(count) => {
            let reason = format!("{found} lines follow the first, which says {count}");
            Err(Error::format(origin, reason).into())
        }
        None => Err(Error::format(origin, "empty; the first line must hold a count").into()),
    }
}

/// The names in the order of their numbers.
fn read_names(reader: impl BufRead, origin: &Path) -> Result<Vec<String>> {
    let mut rows = Vec::new();
    counted(reader, origin, |line, text| {
        let (name, id) = text
            .rsplit_once(char::is_whitespace)
            .ok_or("one field, need a name and its number")?;
        rows.push((number(id)?, line, name.trim_end().to_owned()));
        Ok(())
    })?;
    rows.sort_unstable();
    for (place, (id, line, name)) in rows.iter().enumerate() {
        if *id as usize != place {
            let reason = format!(
                "`{name}` has number {id}, but numbers must be 0 to {} without gap or repetition",
                rows.len() - 1
            );
            return Err(Error::line(origin, *line, reason).into());
        }
    }
    Ok(rows.into_iter().map(|(_, _, name)| name).collect())
}

/// The triples whose numbers are below `counts` of entities and relations.
fn read_triples(
    reader: impl BufRead,
    origin: &Path,
    [entities, relations]: [usize; 2],
) -> Result<Vec<Triple>> {
    let mut triples = Vec::new();
    counted(reader, origin, |_, text| {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [head, tail, relation] = fields[..] else {
            return Err(format!(
                "{} fields, need the numbers of head, tail and relation",
                fields.len()
            ));
        };
        let below = |name: &str, text: &str, count: usize| match number(text)? {
            id if (id as usize) < count => Ok(id),
            id => Err(format!("{name} is {id}, but there are {count}")),
        };
        triples.push(Triple {
            head: below("head", head, entities)?,
            tail: below("tail", tail, entities)?,
            relation: below("relation", relation, relations)?,
        });
        Ok(())
    })?;
    Ok(triples)
}

fn number(text: &str) -> Result<u32, String> {
    text.parse()
        .map_err(|_| format!("{text:?} is not a whole number from 0 to {}", u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("entity2id.txt", "3\n/m/b\t1\r\n/m/a\t0\nwith blank 2\n"),
        ("relation2id.txt", "1\n/r/x\t0\n"),
        ("train2id.txt", "2\n0 1 0\n2 1 0\n\n"),
        ("valid2id.txt", "0\n"),
        ("test2id.txt", "1\n1 0 0"),
    ];

    fn read_with(changes: &[(&str, &str)]) -> Result<KnowledgeGraph> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in GOOD.iter().chain(changes) {
            fs::write(folder.path().join(name), text).unwrap();
        }
        read_openke(folder.path())
    }

    #[test]
    fn the_tail_stands_before_the_relation() {
        let graph = read_with(&[]).unwrap();
        assert_eq!(graph.entities(), ["/m/a", "/m/b", "with blank"]);
        let triple = |head, tail| Triple {
            head,
            relation: 0,
            tail,
        };
        assert_eq!(graph.train(), [triple(0, 1), triple(2, 1)]);
        assert_eq!(graph.test(), [triple(1, 0)]);
    }

    #[test]
    fn errors_name_file_and_line() {
        for (file, text, words) in [
            ("train2id.txt", "2\n0 1 0\n", ["train2id.txt", "says 2"]),
            ("train2id.txt", "", ["train2id.txt", "count"]),
            ("train2id.txt", "1\n0 1\n", ["train2id.txt:2", "2 fields"]),
            (
                "test2id.txt",
                "1\n0 3 0\n",
                ["test2id.txt:2", "tail is 3, but there are 3"],
            ),
            ("test2id.txt", "1\n0 -1 0\n", ["test2id.txt:2", "\"-1\""]),
            (
                "entity2id.txt",
                "2\na 0\nb 0\n",
                ["entity2id.txt:3", "`b` has number 0"],
            ),
            ("entity2id.txt", "x\n", ["entity2id.txt:1", "\"x\""]),
            (
                "relation2id.txt",
                "1\nr\n",
                ["relation2id.txt:2", "one field"],
            ),
        ] {
            let error = read_with(&[(file, text)]).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(
            bytes in prop::collection::vec(any::<u8>(), 0..200),
            digits in "[0-3 \n]{0,40}",
        ) {
            for bytes in [&bytes[..], digits.as_bytes()] {
                let _ = read_names(bytes, Path::new("bytes"));
                let _ = read_triples(bytes, Path::new("bytes"), [3, 2]);
            }
        }
    }
}
