//! Public data sets of two classes.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use flate2::read::GzDecoder;
use plm_backdoor::Sample;
use plm_backdoor::data::{ColumnReader, read_tsv};
use plm_core::data::{JsonLines, Table, TableFormat, open};
use plm_core::rng::Seed;
use rand::seq::SliceRandom;

use super::problem::{CLASSES, TARGET};
use crate::repro::tasks::WholeSet;
use crate::store::Store;

/// Training and test texts; class 1 is what an attacker wants.
pub(super) struct Texts {
    pub(super) train: Vec<Sample>,
    pub(super) test: Vec<Sample>,
}

/// A data set: its name, its asset, and how long its texts may be, in tokens.
#[derive(Debug, Clone, Copy)]
pub(super) struct Set {
    pub(super) name: &'static str,
    pub(super) asset: &'static str,
    pub(super) max_length: usize,
    /// Shares of a text's words that a copy of STRIP replaces; the first is the one that is quoted.
    pub(super) strip_ratios: [f64; 3],
}

/// For long texts: first the share that the paper of RAP takes for reviews.
const LONG: [f64; 3] = [0.05, 0.25, 0.5];

/// For short texts, of which a twentieth is a single word: a larger share first.
const SHORT: [f64; 3] = [0.25, 0.05, 0.5];

const SETS: [Set; 4] = [
    Set {
        name: "imdb",
        asset: "imdb",
        max_length: 128,
        strip_ratios: LONG,
    },
    Set {
        name: "sst2",
        asset: "sentconv",
        max_length: 64,
        strip_ratios: SHORT,
    },
    Set {
        name: "olid",
        asset: "olid",
        max_length: 64,
        strip_ratios: SHORT,
    },
    Set {
        name: "davidson",
        asset: "davidson-hate",
        max_length: 64,
        strip_ratios: SHORT,
    },
];

#[derive(serde::Deserialize)]
struct Review {
    text: String,
    label: usize,
}

impl Set {
    /// The set called `name`.
    pub(super) fn find(name: &str) -> Result<Self> {
        let known = SETS.map(|set| set.name).join(", ");
        let found = SETS.iter().find(|set| set.name == name);
        found
            .copied()
            .with_context(|| format!("no data set `{name}`; there are: {known}"))
    }

    /// Its texts, cut to as many words as a victim surely reads of `max_length` tokens: a trigger behind what
    /// it reads would make a poisoned text a clean one with a wrong label. Of OLID the asset has the published
    /// training texts alone, of Davidson's tweets there is one file: both are split, a fifth for the test.
    pub(super) fn read(&self, store: &Store, max_length: usize) -> Result<Texts> {
        let mut texts = self.whole(store)?;
        for sample in texts.train.iter_mut().chain(&mut texts.test) {
            shorten(&mut sample.text, most_words(max_length));
        }
        Ok(texts)
    }

    fn whole(&self, store: &Store) -> Result<Texts> {
        let folder = store.dir(self.asset)?;
        match self.name {
            "imdb" => Ok(Texts {
                train: reviews(&folder.join("train.jsonl.gz"))?,
                test: reviews(&folder.join("test.jsonl.gz"))?,
            }),
            "sst2" => {
                let (train, test) = WholeSet::find("sst2")?.read(&folder)?;
                let samples = |texts: Vec<(String, String)>| {
                    let sample = |(text, label)| Sample::new(text, usize::from(label == "1"));
                    texts.into_iter().map(sample).collect()
                };
                Ok(Texts {
                    train: samples(train),
                    test: samples(test),
                })
            }
            "olid" => {
                let path = folder.join("olid-training-v1.0.tsv");
                let table = TableFormat::tsv().with_header(true);
                let classes = [("OFF", 0), ("NOT", 1)];
                split(columns(&path, table, ("tweet", "subtask_a"), &classes)?)
            }
            "davidson" => {
                let path = folder.join("labeled_data.csv");
                let table = TableFormat::csv().with_header(true);
                let classes = [("0", 0), ("1", 0), ("2", 1)];
                split(columns(&path, table, ("tweet", "class"), &classes)?)
            }
            other => bail!("no reader of `{other}`"),
        }
    }
}

/// Tokens that are left for a trigger: the sentences have about so many.
const TRIGGER: usize = 16;

/// Words that with a trigger hardly ever have more than `max_length` tokens: reviews have about 1.3 a word.
fn most_words(max_length: usize) -> usize {
    max_length.saturating_sub(TRIGGER) * 7 / 10
}

/// Leaves the first `words` words.
fn shorten(text: &mut String, words: usize) {
    if let Some((place, _)) = text.match_indices(' ').nth(words.saturating_sub(1)) {
        text.truncate(place);
    }
}

fn reviews(path: &Path) -> Result<Vec<Sample>> {
    let file = File::open(path).with_context(|| path.display().to_string())?;
    let lines = JsonLines::<_, Review>::new(BufReader::new(GzDecoder::new(file)), path);
    let mut samples = Vec::new();
    for (number, review) in lines.enumerate() {
        let review = review?;
        ensure!(
            review.label < CLASSES,
            "{}: review {}: label {}",
            path.display(),
            number + 1,
            review.label
        );
        // Words are what single spaces separate.
        let text = review.text.replace("<br />", " ");
        let words: Vec<&str> = text.split_whitespace().collect();
        samples.push(Sample::new(words.join(" "), review.label));
    }
    Ok(samples)
}

fn columns(
    path: &Path,
    format: TableFormat,
    (text, label): (&str, &str),
    classes: &[(&str, usize)],
) -> Result<Vec<Sample>> {
    let table = Table::new(open(path)?, path, format)?;
    let reader = ColumnReader::new(table, text, label, classes.iter().copied())?;
    let mut samples = reader.collect::<plm_backdoor::Result<Vec<_>>>()?;
    for sample in &mut samples {
        let words: Vec<&str> = sample.text.split_whitespace().collect();
        sample.text = words.join(" ");
    }
    Ok(samples)
}

/// A fifth for the test, always the same.
fn split(mut samples: Vec<Sample>) -> Result<Texts> {
    samples.shuffle(&mut Seed::new(0).child("test").rng());
    let test = samples.split_off(samples.len() - samples.len() / 5);
    Ok(Texts {
        train: samples,
        test,
    })
}

/// `count` samples, half of them of each class where there are as many, in random order.
pub(super) fn draw(samples: &[Sample], count: usize, seed: Seed) -> Vec<Sample> {
    let mut rng = seed.rng();
    let mut drawn = Vec::new();
    for class in 0..CLASSES {
        let own = samples.iter().filter(|sample| sample.label == class);
        let mut own: Vec<Sample> = own.cloned().collect();
        own.shuffle(&mut rng);
        own.truncate(count / CLASSES);
        drawn.extend(own);
    }
    drawn.shuffle(&mut rng);
    drawn
}

/// A set that ONION's authors poisoned: rare words in texts of the other class.
pub(super) struct Poisoned {
    /// Training texts as published, poisoned ones among them.
    pub(super) train: Vec<Sample>,
    /// Clean texts.
    pub(super) clean: Texts,
    /// Test texts with a trigger.
    pub(super) triggered: Vec<String>,
}

/// Reads `sst-2` or `offenseval`.
pub(super) fn poisoned(store: &Store, name: &str) -> Result<Poisoned> {
    let folder = store.dir("onion-backdoor")?;
    // The clean OffensEval files have no header.
    let clean = |part: &str| {
        read_tsv(
            part_of(&folder, "clean_data", name, part),
            name == "sst-2",
            CLASSES,
        )
    };
    let badnets = |part: &str| read_tsv(part_of(&folder, "badnets", name, part), true, CLASSES);
    let triggered = badnets("test")?;
    let wrong = triggered
        .samples()
        .iter()
        .position(|sample| sample.label != TARGET);
    ensure!(
        wrong.is_none(),
        "{name}: a triggered test text, number {wrong:?}, is not labeled as the target"
    );
    Ok(Poisoned {
        train: badnets("train")?.samples().to_vec(),
        clean: Texts {
            // Validation texts come from here: clean ones that the victim does not learn.
            train: clean("dev")?.samples().to_vec(),
            test: clean("test")?.samples().to_vec(),
        },
        triggered: triggered
            .samples()
            .iter()
            .map(|sample| sample.text.clone())
            .collect(),
    })
}

fn part_of(folder: &Path, kind: &str, name: &str, part: &str) -> std::path::PathBuf {
    folder.join(kind).join(name).join(format!("{part}.tsv"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_first_words() {
        let cut = |text: &str, words| {
            let mut text = text.to_owned();
            shorten(&mut text, words);
            text
        };
        assert_eq!(cut("one two three", 2), "one two");
        for words in [3, 4] {
            assert_eq!(cut("one two three", words), "one two three");
        }
        assert_eq!(cut("one", 1), "one");
        assert_eq!([most_words(128), most_words(16), most_words(0)], [78, 0, 0]);
    }
}
