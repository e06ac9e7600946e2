//! Triples as lines of three names.

use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

use plm_core::data::{Lines, open};

use super::{KnowledgeGraph, Triple};
use crate::Result;

/// Reads `train.txt`, `valid.txt` and `test.txt` of `directory`: head, relation and tail a line, with
/// tabs between them, as WN18RR (Dettmers et al. 2018, arXiv:1707.01476) comes. Entities and relations
/// are numbered in the order of their names, over all splits together. Blank lines are skipped.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the file and line that does not hold three names, and
/// where a file cannot be read or there is nothing to train on.
pub fn read_text_triples(directory: impl AsRef<Path>) -> Result<KnowledgeGraph> {
    let directory = directory.as_ref();
    let mut names = Names::default();
    let mut splits = [Vec::new(), Vec::new(), Vec::new()];
    for (split, file) in splits.iter_mut().zip(["train", "valid", "test"]) {
        let path = directory.join(file).with_extension("txt");
        *split = read(open(&path)?, &path, &mut names)?;
    }
    names.into_graph(splits)
}

/// Numbers of names in the order in which they occur.
#[derive(Debug, Default)]
struct Names {
    entities: BTreeMap<String, u32>,
    relations: BTreeMap<String, u32>,
}

impl Names {
    /// The graph of `splits` with the numbers of names in their order.
    fn into_graph(self, mut splits: [Vec<Triple>; 3]) -> Result<KnowledgeGraph> {
        let (entities, entity) = sorted(self.entities);
        let (relations, relation) = sorted(self.relations);
        for triple in splits.iter_mut().flatten() {
            triple.head = entity[triple.head as usize];
            triple.relation = relation[triple.relation as usize];
            triple.tail = entity[triple.tail as usize];
        }
        KnowledgeGraph::new(entities, relations, splits)
    }
}

/// The names in order, and for each number the place of its name.
fn sorted(names: BTreeMap<String, u32>) -> (Vec<String>, Vec<u32>) {
    let mut places = vec![0; names.len()];
    for (place, number) in names.values().enumerate() {
        places[*number as usize] = place as u32;
    }
    (names.into_keys().collect(), places)
}

/// The triples of `reader`.
fn read(reader: impl BufRead, origin: &Path, names: &mut Names) -> Result<Vec<Triple>> {
    let mut triples = Vec::new();
    for line in Lines::new(reader, origin) {
        let line = line?;
        if line.text.trim().is_empty() {
            continue;
        }
        let fields: Vec<&str> = line.text.split('\t').map(str::trim).collect();
        let [head, relation, tail] = fields[..] else {
            let reason = format!(
                "{} fields, need head, relation and tail with tabs between them",
                fields.len()
            );
            return Err(plm_core::Error::line(origin, line.number, reason).into());
        };
        if let Some(at) = fields.iter().position(|field| field.is_empty()) {
            let reason = format!("the {} is empty", ["head", "relation", "tail"][at]);
            return Err(plm_core::Error::line(origin, line.number, reason).into());
        }
        triples.push(Triple {
            head: number(&mut names.entities, head),
            relation: number(&mut names.relations, relation),
            tail: number(&mut names.entities, tail),
        });
    }
    Ok(triples)
}

fn number(names: &mut BTreeMap<String, u32>, name: &str) -> u32 {
    if let Some(number) = names.get(name) {
        return *number;
    }
    let number = names.len() as u32;
    names.insert(name.to_owned(), number);
    number
}

#[cfg(test)]
mod tests {
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    fn write(files: [&str; 3]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in ["train.txt", "valid.txt", "test.txt"].iter().zip(files) {
            fs::write(folder.path().join(name), text).unwrap();
        }
        folder
    }

    #[test]
    fn names_are_numbered_in_their_order() {
        let folder = write(["c\tr\tb\r\n\nb\tq\ta\n", "d\tr\ta", ""]);
        let graph = read_text_triples(folder.path()).unwrap();
        assert_eq!(graph.entities(), ["a", "b", "c", "d"]);
        assert_eq!(graph.relations(), ["q", "r"]);
        let numbers = |triples: &[Triple]| -> Vec<[u32; 3]> {
            let of = |triple: &Triple| [triple.head, triple.relation, triple.tail];
            triples.iter().map(of).collect()
        };
        assert_eq!(numbers(graph.train()), [[2, 1, 1], [1, 0, 0]]);
        assert_eq!(numbers(graph.valid()), [[3, 1, 0]]);
    }

    #[test]
    fn errors_name_file_and_line() {
        for (text, words) in [
            ("a\tr\tb\n\na r b\n", ["train.txt:3", "1 fields"]),
            ("a\tr\tb\tc\n", ["train.txt:1", "4 fields"]),
            ("a\t \tb\n", ["train.txt:1", "relation is empty"]),
            ("", ["train", "no triples"]),
        ] {
            let folder = write([text, "a\tr\tb\nc\tr\tb\n", ""]);
            let error = read_text_triples(folder.path()).unwrap_err().to_string();
            assert!(words.iter().all(|word| error.contains(word)), "{error}");
        }
        let folder = tempfile::tempdir().unwrap();
        let error = read_text_triples(folder.path()).unwrap_err().to_string();
        assert!(error.contains("train.txt"), "{error}");
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let mut names = Names::default();
            if let Ok(triples) = read(&bytes[..], Path::new("bytes"), &mut names) {
                let _ = names.into_graph([triples, Vec::new(), Vec::new()]);
            }
        }

        #[test]
        fn whole_lines_are_read(text in "([ab]\t[rs]\t[ab]\n){1,8}") {
            let mut names = Names::default();
            let triples = read(text.as_bytes(), Path::new("text"), &mut names).unwrap();
            prop_assert_eq!(triples.len(), text.lines().count());
        }
    }
}
