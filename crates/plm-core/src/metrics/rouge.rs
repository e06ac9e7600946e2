//! ROUGE (Lin 2004) as the `rouge-score` package computes it, without stemming.

use serde::{Deserialize, Serialize};

use super::bleu::count_ngrams;
use super::check;
use super::scores::Scores;
use crate::{Error, Result};

/// Which overlap of a candidate with its reference counts.
///
/// Text is lowercased; words are the runs of ASCII letters and digits, so other scripts leave no
/// words. A side without words scores 0.
///
/// ```
/// use plm_core::metrics::Rouge;
///
/// let scores = Rouge::L.score("the cat sat on the mat", "the cat lay on a mat")?;
/// assert!((scores.f1 - 4.0 / 6.0).abs() < 1e-12);
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Rouge {
    /// N-grams of this many words, at least 1.
    N(usize),
    /// The longest common subsequence of words.
    L,
}

impl Rouge {
    /// Precision, recall and F1 of `candidate` against one reference.
    ///
    /// # Errors
    /// [`Error::Invalid`] for `Rouge::N(0)`.
    pub fn score(self, reference: &str, candidate: &str) -> Result<Scores> {
        let (reference, candidate) = (reference.to_lowercase(), candidate.to_lowercase());
        let (reference, candidate) = (words(&reference), words(&candidate));
        match self {
            Self::N(0) => Err(Error::invalid("Rouge::N", "0, at least 1 needed")),
            Self::N(order) => Ok(ngram_overlap(&reference, &candidate, order)),
            Self::L => Ok(Scores::from_counts(
                common_subsequence(&reference, &candidate),
                candidate.len(),
                reference.len(),
            )),
        }
    }

    /// The scores against the reference with the highest F1, the first of equals.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no reference, and for `Rouge::N(0)`.
    pub fn best<S: AsRef<str>>(self, references: &[S], candidate: &str) -> Result<Scores> {
        check::not_empty("references", references.len())?;
        let mut best = self.score(references[0].as_ref(), candidate)?;
        for reference in &references[1..] {
            let scores = self.score(reference.as_ref(), candidate)?;
            if scores.f1 > best.f1 {
                best = scores;
            }
        }
        Ok(best)
    }

    /// The mean over a corpus of [`Self::best`], where `references[i]` holds every reference of
    /// `candidates[i]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the lengths differ, nothing is given, a candidate has no reference,
    /// and for `Rouge::N(0)`.
    pub fn corpus<C, R, S>(self, candidates: &[C], references: &[R]) -> Result<Scores>
    where
        C: AsRef<str>,
        R: AsRef<[S]>,
        S: AsRef<str>,
    {
        check::paired(
            "candidates",
            candidates.len(),
            "references",
            references.len(),
        )?;
        let mut mean = Scores::default();
        for (at, (candidate, references)) in candidates.iter().zip(references).enumerate() {
            let references = references.as_ref();
            check::not_empty(&format!("references[{at}]"), references.len())?;
            let scores = self.best(references, candidate.as_ref())?;
            mean.add_weighted(scores, 1.0 / candidates.len() as f64);
        }
        Ok(mean)
    }
}

fn words(lowercased: &str) -> Vec<&str> {
    lowercased
        .split(|c: char| !(c.is_ascii_lowercase() || c.is_ascii_digit()))
        .filter(|word| !word.is_empty())
        .collect()
}

fn ngram_overlap(reference: &[&str], candidate: &[&str], order: usize) -> Scores {
    let ours = count_ngrams(candidate, order);
    let theirs = count_ngrams(reference, order);
    let common = ours
        .iter()
        .map(|(ngram, &count)| count.min(theirs.get(ngram).copied().unwrap_or(0)))
        .sum();
    Scores::from_counts(common, ours.values().sum(), theirs.values().sum())
}

/// Length of the longest common subsequence, in time of the product of the lengths and memory of
/// the shorter one.
fn common_subsequence(a: &[&str], b: &[&str]) -> usize {
    let (long, short) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let mut row = vec![0; short.len() + 1];
    for x in long {
        let mut diagonal = 0;
        for (j, y) in short.iter().enumerate() {
            let above = row[j + 1];
            row[j + 1] = if x == y {
                diagonal + 1
            } else {
                above.max(row[j])
            };
            diagonal = above;
        }
    }
    row[short.len()]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::testing::{assert_close, assert_error, assert_scores, cases, get};
    use super::*;

    const KINDS: [(&str, Rouge); 3] = [
        ("rouge1", Rouge::N(1)),
        ("rouge2", Rouge::N(2)),
        ("rougeL", Rouge::L),
    ];

    #[test]
    fn rouge_score_gives_the_same() {
        let mut sums = [0.0; 3];
        let (mut candidates, mut references) = (Vec::new(), Vec::new());
        for case in cases("/rouge/cases") {
            let (reference, candidate): (String, String) =
                (get(case, "reference"), get(case, "candidate"));
            for ((key, rouge), sum) in KINDS.iter().zip(&mut sums) {
                let ours = rouge.score(&reference, &candidate).unwrap();
                assert_scores(ours, &case[*key], 1e-6, &format!("{key} of {case}"));
                *sum += get::<f64>(&case[*key], "f1");
            }
            candidates.push(candidate);
            references.push([reference]);
        }
        for ((key, rouge), sum) in KINDS.iter().zip(sums) {
            let mean = rouge.corpus(&candidates, &references).unwrap().f1;
            assert_close(mean, sum / candidates.len() as f64, 1e-6, key);
        }
        for case in cases("/rouge/multi") {
            let references: Vec<String> = get(case, "references");
            for (key, rouge) in KINDS {
                let best = rouge.best(&references, &get::<String>(case, "candidate"));
                assert_scores(best.unwrap(), &case[key], 1e-6, &format!("{key} of {case}"));
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let none: [&str; 0] = [];
        assert_error(Rouge::N(0).score("a", "a"), &["Rouge::N", "0"]);
        assert_error(Rouge::L.best(&none, "a"), &["references", "empty"]);
        assert_error(
            Rouge::L.corpus(&["a"], &[none]),
            &["references[0]", "empty"],
        );
        assert_error(
            Rouge::L.corpus(&["a", "b"], &[["a"]]),
            &["references", "1", "2"],
        );
        assert_eq!(
            Rouge::N(usize::MAX).score("a", "a").unwrap(),
            Scores::default()
        );
    }

    fn naive_subsequence(a: &[&str], b: &[&str]) -> usize {
        match (a.split_first(), b.split_first()) {
            (Some((x, a_rest)), Some((y, b_rest))) if x == y => {
                1 + naive_subsequence(a_rest, b_rest)
            }
            (Some((_, a_rest)), Some((_, b_rest))) => {
                naive_subsequence(a_rest, b).max(naive_subsequence(a, b_rest))
            }
            _ => 0,
        }
    }

    proptest! {
        #[test]
        fn subsequences_are_as_long_as_by_recursion(a in "([abc] ){0,7}", b in "([abc] ){0,7}") {
            let (a, b) = (words(&a), words(&b));
            prop_assert_eq!(common_subsequence(&a, &b), naive_subsequence(&a, &b));
        }

        #[test]
        fn any_text_can_be_scored(a: String, b in "[a-c .]{0,30}") {
            for (_, rouge) in KINDS {
                let (ab, ba) = (rouge.score(&a, &b).unwrap(), rouge.score(&b, &a).unwrap());
                prop_assert_eq!(ab.f1, ba.f1);
                prop_assert_eq!(ab.precision, ba.recall);
                prop_assert!((0.0..=1.0).contains(&ab.f1));
                let own = rouge.score(&b, &b).unwrap().f1;
                prop_assert!(own == 1.0 || (own == 0.0 && words(&b).len() < 2));
            }
        }
    }
}
