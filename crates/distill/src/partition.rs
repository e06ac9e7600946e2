//! The rows that each teacher is trained on (arXiv 2210.05230): those of its own labels, with local
//! ids from 0.

use crate::labels::shown;
use crate::{Corpus, Error, LabelSpace, Result};

/// A row of a corpus with the id of its class.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct LabeledRow {
    /// The row, from 0.
    pub row: usize,
    /// Its class: a local id for a teacher, a union id for a model of all labels.
    pub label: usize,
}

/// Rows to train a model on, and how many others there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// The rows, ascending.
    pub rows: Vec<LabeledRow>,
    /// How many rows have a label that the model does not know.
    pub foreign: usize,
    /// How many rows have no label.
    pub unlabeled: usize,
}

/// The rows of `corpus` whose label `teacher` knows, with local ids. A label that several teachers
/// know gives its rows to each.
///
/// # Errors
/// [`Error::Teacher`] for a teacher that does not exist, [`Error::UnknownLabel`] for a label that is
/// not in the union.
pub fn teacher_rows(corpus: &Corpus, space: &LabelSpace, teacher: usize) -> Result<Partition> {
    let teachers = space.teachers().len();
    if teacher >= teachers {
        return Err(Error::Teacher { teacher, teachers });
    }
    partition(corpus, space, |id| space.local(teacher, id))
}

/// All labeled rows of `corpus` with union ids, for a model of all labels: the supervised upper bound,
/// teacher -1 of the authors' code.
///
/// # Errors
/// [`Error::UnknownLabel`] for a label that is not in the union.
pub fn all_rows(corpus: &Corpus, space: &LabelSpace) -> Result<Partition> {
    partition(corpus, space, Some)
}

fn partition(
    corpus: &Corpus,
    space: &LabelSpace,
    class: impl Fn(usize) -> Option<usize>,
) -> Result<Partition> {
    let mut partition = Partition {
        rows: Vec::new(),
        foreign: 0,
        unlabeled: 0,
    };
    for (row, example) in corpus.examples().iter().enumerate() {
        let Some(label) = &example.label else {
            partition.unlabeled += 1;
            continue;
        };
        let id = space.id(label).ok_or_else(|| Error::UnknownLabel {
            example: example.name.clone(),
            label: label.clone(),
            known: shown(space.names()),
        })?;
        match class(id) {
            Some(label) => partition.rows.push(LabeledRow { row, label }),
            None => partition.foreign += 1,
        }
    }
    Ok(partition)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Example;

    fn corpus(labels: &[Option<&str>]) -> Corpus {
        Corpus::new(labels.iter().enumerate().map(|(row, label)| {
            let mut example = Example::new("text").with_name(row.to_string());
            example.label = label.map(str::to_owned);
            example
        }))
        .unwrap()
    }

    fn pairs(partition: &Partition) -> Vec<(usize, usize)> {
        partition
            .rows
            .iter()
            .map(|row| (row.row, row.label))
            .collect()
    }

    #[test]
    fn teachers_get_their_own_rows_with_local_ids() {
        let space = LabelSpace::new([["World", "Sports"], ["Business", "Sci/Tech"]]).unwrap();
        let labels = ["Sci/Tech", "Sports", "Business", "World", "Sports"].map(Some);
        let corpus = corpus(&[&labels[..], &[None]].concat());
        let first = teacher_rows(&corpus, &space, 0).unwrap();
        assert_eq!(pairs(&first), [(1, 1), (3, 0), (4, 1)]);
        assert_eq!((first.foreign, first.unlabeled), (2, 1));
        let second = teacher_rows(&corpus, &space, 1).unwrap();
        assert_eq!(pairs(&second), [(0, 1), (2, 0)]);
        let all = all_rows(&corpus, &space).unwrap();
        assert_eq!(pairs(&all), [(0, 3), (1, 1), (2, 2), (3, 0), (4, 1)]);
        assert_eq!((all.foreign, all.unlabeled), (0, 1));
    }

    #[test]
    fn shared_labels_and_aliases_give_rows_to_every_owner() {
        let space = LabelSpace::builder()
            .teacher(["a", "b"])
            .teacher(["c", "b"])
            .alias("beta", "b")
            .build()
            .unwrap();
        let corpus = corpus(&[Some("beta"), Some("b"), Some("a")]);
        let rows = |teacher| pairs(&teacher_rows(&corpus, &space, teacher).unwrap());
        assert_eq!(rows(0), [(0, 1), (1, 1), (2, 0)]);
        assert_eq!(rows(1), [(0, 1), (1, 1)]);
    }

    #[test]
    fn labels_that_nobody_knows_are_errors() {
        let space = LabelSpace::new([["a", "b"]]).unwrap();
        let corpus = corpus(&[Some("a"), Some("B")]);
        let error = teacher_rows(&corpus, &space, 0).unwrap_err().to_string();
        for part in ["example `1`", "`B`", "a, b"] {
            assert!(error.contains(part), "{error}");
        }
        assert!(matches!(
            all_rows(&corpus, &space),
            Err(Error::UnknownLabel { .. })
        ));
        assert!(matches!(
            teacher_rows(&corpus, &space, 1),
            Err(Error::Teacher {
                teacher: 1,
                teachers: 1
            })
        ));
    }
}
