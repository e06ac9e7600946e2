//! Public data sets of entities and relations.

use std::path::Path;

use anyhow::{Context as _, Result};
use plm_core::data::{ConllFormat, Lines, open};
use plm_core::rng::Seed;
use plm_ie_markers::data::{
    Corpus, Document, ReadOptions, Source, TaggedFormat, Tagging, read_documents, read_tagged,
};
use plm_ie_markers::decode::Overlaps;
use plm_ie_markers::labels::{LabelSet, RelationSpace};
use rand::seq::SliceRandom as _;

use super::lab::count;
use super::report::Published;
use super::study::Problem;
use crate::store::Store;

const SURE: &str = "2109.06067 with SciBERT, as quoted in the paper of SURE";
const PURE: &str = "PURE with SciBERT, as quoted in the paper of SURE";
const INVERSE: &str =
    "PURE with SciBERT and inverse classes, an ablation of 2109.06067 as quoted by others";

/// Files of a data set.
#[derive(Debug, Clone, Copy)]
enum Form {
    /// JSON lines.
    Dygie,
    /// A word and its tag a line, between blanks or tabs.
    Tagged(Tagging),
}

/// A data set of the store.
#[derive(Debug)]
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) asset: &'static str,
    train: &'static str,
    test: &'static str,
    form: Form,
    /// Which of the entities that are found may overlap, as gold ones do.
    pub(super) overlaps: Overlaps,
    symmetric: &'static [&'static str],
    pub(super) published: Published,
}

const SETS: &[Set] = &[
    Set {
        name: "scierc",
        asset: "scierc",
        train: "train.json",
        test: "test.json",
        form: Form::Dygie,
        overlaps: Overlaps::OtherTypes,
        symmetric: &["CONJUNCTION", "COMPARE"],
        published: &[
            ("entities.plmarker", "Ent F1", 0.699, SURE),
            ("relations.plmarker", "Rel F1", 0.532, SURE),
            ("relations.plmarker", "Rel+ F1", 0.416, SURE),
            ("relations.solid_pair", "Rel F1", 0.525, INVERSE),
            (
                "relations.solid_pair_plain",
                "Rel F1, symmetric once",
                0.501,
                PURE,
            ),
            (
                "relations.solid_pair_plain",
                "Rel+ F1, symmetric once",
                0.368,
                PURE,
            ),
        ],
    },
    Set {
        name: "webnlg",
        asset: "webnlg",
        train: "train.json",
        test: "test.json",
        form: Form::Dygie,
        // All entities have one type, and one in twenty shares words with another.
        overlaps: Overlaps::Any,
        symmetric: &[],
        published: &[],
    },
    Set {
        name: "wnut17",
        asset: "wnut17",
        train: "train/wnut17train.conll",
        test: "test/emerging.test.annotated",
        form: Form::Tagged(Tagging::Iob2),
        overlaps: Overlaps::None,
        symmetric: &[],
        published: &[],
    },
    Set {
        name: "ncbi-disease",
        asset: "ncbi-disease",
        train: "train.txt",
        test: "test.txt",
        form: Form::Tagged(Tagging::Iob2),
        overlaps: Overlaps::None,
        symmetric: &[],
        published: &[],
    },
    Set {
        name: "bc5cdr",
        asset: "bc5cdr",
        train: "train.txt",
        test: "test.txt",
        form: Form::Tagged(Tagging::Iob1),
        overlaps: Overlaps::None,
        symmetric: &[],
        published: &[],
    },
    Set {
        name: "gum",
        asset: "gum",
        train: "train/gum-train.conll",
        test: "test/gum-test.conll",
        form: Form::Tagged(Tagging::Iob2),
        overlaps: Overlaps::None,
        symmetric: &[],
        published: &[],
    },
];

impl Set {
    /// The set called `name`.
    pub(super) fn find(name: &str) -> Result<&'static Self> {
        let found = SETS.iter().find(|set| set.name == name);
        found.with_context(|| {
            let names: Vec<&str> = SETS.iter().map(|set| set.name).collect();
            format!("no data set `{name}`; there are: {}", names.join(", "))
        })
    }

    /// All its documents, for training and test.
    pub(super) fn read(&self, store: &Store) -> Result<[Corpus; 2]> {
        let folder = store.dir(self.asset)?;
        Ok([
            self.file(&folder.join(self.train))?,
            self.file(&folder.join(self.test))?,
        ])
    }

    fn file(&self, path: &Path) -> Result<Corpus> {
        let lines = Lines::new(open(path)?, path);
        let options = ReadOptions {
            restore_brackets: true,
            ..ReadOptions::default()
        };
        Ok(match self.form {
            Form::Dygie => read_documents(lines, &options)?,
            Form::Tagged(tagging) => {
                let format = TaggedFormat {
                    columns: ConllFormat::conll2003(),
                    tagging,
                    // Only BC5CDR says where a document begins.
                    sentence_documents: tagging == Tagging::Iob2,
                };
                read_tagged(lines, &format, &options)?
            }
        })
    }

    /// Documents of the set with about `texts` training and `test` test sentences; all where a number
    /// is 0. Types and relations are those of the whole set.
    pub(super) fn problem(
        &self,
        [train, held]: &[Corpus; 2],
        (texts, test): (usize, usize),
        seed: Seed,
    ) -> Result<Problem> {
        let all: Vec<Document> = [&train.documents[..], &held.documents[..]].concat();
        let relations = all.iter().flat_map(|one| &one.sentences);
        let relations = relations.flat_map(|one| one.relations_from(Source::Gold));
        let names: std::collections::BTreeSet<&str> =
            relations.map(|one| one.label.as_str()).collect();
        let there = |name: &&str| names.contains(name);
        let symmetric: Vec<&str> = self.symmetric.iter().copied().filter(there).collect();
        Ok(Problem {
            labels: LabelSet::from_documents(&all)?,
            space: RelationSpace::from_documents(&all, &symmetric)?,
            train: draw(&train.documents, texts, seed.child("train")),
            test: draw(&held.documents, test, seed.child("test")),
        })
    }
}

/// Documents in random order until they have `limit` sentences; all in their order where it is 0.
fn draw(documents: &[Document], limit: usize, seed: Seed) -> Vec<Document> {
    let mut documents = documents.to_vec();
    if limit == 0 {
        return documents;
    }
    documents.shuffle(&mut seed.rng());
    let mut drawn: Vec<Document> = Vec::new();
    for document in documents {
        if count(&drawn) >= limit {
            break;
        }
        drawn.push(document);
    }
    drawn
}

#[cfg(test)]
mod tests {
    use plm_ie_markers::data::Sentence;

    use super::*;

    #[test]
    fn draws_repeat_and_stop_at_the_limit() {
        let documents: Vec<Document> = (0..20)
            .map(|at| Document::new(at.to_string(), vec![Sentence::new(["a"]); 1 + at % 3]))
            .collect();
        let drawn = draw(&documents, 9, Seed::new(1));
        assert!((9..12).contains(&count(&drawn)));
        assert_eq!(drawn, draw(&documents, 9, Seed::new(1)));
        assert_ne!(drawn, draw(&documents, 9, Seed::new(2)));
        assert_eq!(draw(&documents, 0, Seed::new(1)), documents);
        assert_eq!(
            count(&draw(&documents, 900, Seed::new(1))),
            count(&documents)
        );
    }

    #[test]
    fn sets_are_found_by_name() {
        for set in SETS {
            assert_eq!(Set::find(set.name).unwrap().asset, set.asset);
        }
        let error = Set::find("x").unwrap_err().to_string();
        assert!(error.contains("scierc"), "{error}");
    }
}
