//! BLEU (Papineni et al. 2002) as sacrebleu computes it (Post 2018).

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::bleu_tokenizer::{BleuTokenizer, words};
use super::check;
use crate::{Error, Result};

/// The longest n-grams that can be asked for.
const MAX_ORDER: usize = 16;

/// What becomes of n-gram orders without a match (Chen and Cherry 2014).
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BleuSmoothing {
    /// Nothing: the score is 0.
    None,
    /// The number of matches is this value instead of 0 (sacrebleu's default is 0.1).
    Floor(f64),
    /// This value is added to matches and totals of every order above 1 (sacrebleu's default is 1).
    AddK(f64),
    /// The k-th order without a match gets `2^-k` matches; the rule of `mteval-v13a`.
    #[default]
    Exp,
}

/// How BLEU is computed; the default is that of sacrebleu.
///
/// ```
/// use plm_core::metrics::Bleu;
///
/// let references = [vec!["The cat is on the mat.", "A cat sat on the mat."]];
/// let score = Bleu::default().corpus(&["The cat sat on the mat."], &references)?;
/// assert!((score.score - 88.01).abs() < 0.01);
/// # Ok::<(), plm_core::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Bleu {
    /// The cut into words.
    pub tokenizer: BleuTokenizer,
    /// What becomes of orders without a match.
    pub smoothing: BleuSmoothing,
    /// The longest n-grams counted: 4 in the paper, 16 at most.
    pub max_order: usize,
    /// Whether orders longer than every hypothesis are left out of the mean.
    pub effective_order: bool,
    /// Whether text is lowercased first.
    pub lowercase: bool,
}

impl Default for Bleu {
    fn default() -> Self {
        Self {
            tokenizer: BleuTokenizer::default(),
            smoothing: BleuSmoothing::default(),
            max_order: 4,
            effective_order: false,
            lowercase: false,
        }
    }
}

/// N-gram counts of one or more segments. Counts of segments add up to those of their corpus, so a
/// bootstrap over segments counts each only once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BleuCounts {
    /// Matched n-grams, by order from 1.
    pub correct: Vec<usize>,
    /// N-grams of the hypotheses, by order from 1.
    pub total: Vec<usize>,
    /// Words of the hypotheses.
    pub hypothesis_length: usize,
    /// Words of the references closest in length.
    pub reference_length: usize,
}

/// A BLEU score and what it is made of.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct BleuScore {
    /// The score, from 0 to 100.
    pub score: f64,
    /// Smoothed precision by order from 1, in percent; all 0 where nothing matches at all.
    pub precisions: Vec<f64>,
    /// The factor for hypotheses that are too short, at most 1.
    pub brevity_penalty: f64,
    /// The counts, before smoothing.
    pub counts: BleuCounts,
}

impl Bleu {
    /// The score of `hypotheses`, where `references[i]` holds every reference of `hypotheses[i]`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the lengths differ, nothing is given, a segment has no reference,
    /// `max_order` is out of range, or a smoothing value is not a finite number above 0.
    pub fn corpus<H, R, S>(&self, hypotheses: &[H], references: &[R]) -> Result<BleuScore>
    where
        H: AsRef<str>,
        R: AsRef<[S]>,
        S: AsRef<str>,
    {
        check::paired(
            "hypotheses",
            hypotheses.len(),
            "references",
            references.len(),
        )?;
        let mut sum = self.no_counts()?;
        for (at, (hypothesis, references)) in hypotheses.iter().zip(references).enumerate() {
            let references = references.as_ref();
            check::not_empty(&format!("references[{at}]"), references.len())?;
            sum.add(&self.counts(hypothesis.as_ref(), references)?)?;
        }
        self.score(&sum)
    }

    /// The score of one segment, with effective order whatever the settings say: without it, most
    /// sentences shorter than [`Self::max_order`] words score 0.
    ///
    /// # Errors
    /// As [`Self::corpus`].
    pub fn sentence<S: AsRef<str>>(&self, hypothesis: &str, references: &[S]) -> Result<BleuScore> {
        let settings = Self {
            effective_order: true,
            ..*self
        };
        settings.score(&self.counts(hypothesis, references)?)
    }

    /// The n-gram counts of one segment.
    ///
    /// # Errors
    /// [`Error::Invalid`] where there is no reference or the settings are out of range.
    pub fn counts<S: AsRef<str>>(&self, hypothesis: &str, references: &[S]) -> Result<BleuCounts> {
        let mut counts = self.no_counts()?;
        check::not_empty("references", references.len())?;
        let hypothesis = self.prepare(hypothesis);
        let hypothesis: Vec<&str> = words(&hypothesis).collect();
        let references: Vec<String> = references
            .iter()
            .map(|r| self.prepare(r.as_ref()))
            .collect();
        let references: Vec<Vec<&str>> = references.iter().map(|r| words(r).collect()).collect();

        counts.hypothesis_length = hypothesis.len();
        counts.reference_length = references
            .iter()
            .map(Vec::len)
            // Of two equally close lengths, the shorter one.
            .min_by_key(|&length| (length.abs_diff(hypothesis.len()), length))
            .unwrap_or(0);
        for order in 1..=self.max_order {
            let mut allowed: HashMap<&[&str], usize> = HashMap::new();
            for reference in &references {
                for (ngram, count) in count_ngrams(reference, order) {
                    let most = allowed.entry(ngram).or_insert(0);
                    *most = count.max(*most);
                }
            }
            for (ngram, count) in count_ngrams(&hypothesis, order) {
                counts.total[order - 1] += count;
                let allowed = allowed.get(ngram).copied().unwrap_or(0);
                counts.correct[order - 1] += count.min(allowed);
            }
        }
        Ok(counts)
    }

    /// The score of counts that were summed by [`BleuCounts::add`].
    ///
    /// # Errors
    /// [`Error::Invalid`] where the settings are out of range or the counts are of another order.
    pub fn score(&self, counts: &BleuCounts) -> Result<BleuScore> {
        self.no_counts()?.check_order(counts)?;
        let (precisions, log_mean) = self.precisions(counts);
        let (hypothesis, reference) = (counts.hypothesis_length, counts.reference_length);
        let brevity_penalty = if hypothesis >= reference {
            1.0
        } else if hypothesis == 0 {
            0.0
        } else {
            (1.0 - reference as f64 / hypothesis as f64).exp()
        };
        Ok(BleuScore {
            score: brevity_penalty * log_mean.exp(),
            precisions,
            brevity_penalty,
            counts: counts.clone(),
        })
    }

    /// Smoothed precisions in percent and the mean of their logarithms.
    fn precisions(&self, counts: &BleuCounts) -> (Vec<f64>, f64) {
        let mut precisions = vec![0.0; self.max_order];
        if counts.correct.iter().all(|&correct| correct == 0) {
            return (precisions, f64::NEG_INFINITY);
        }
        let mut halving = 1.0;
        let mut order = self.max_order;
        for (n, precision) in precisions.iter_mut().enumerate() {
            let (mut correct, mut total) = (counts.correct[n] as f64, counts.total[n] as f64);
            if let (BleuSmoothing::AddK(k), true) = (self.smoothing, n > 0) {
                correct += k;
                total += k;
            }
            if total == 0.0 {
                break;
            }
            if self.effective_order {
                order = n + 1;
            }
            if correct == 0.0 {
                correct = match self.smoothing {
                    BleuSmoothing::Exp => {
                        halving /= 2.0;
                        halving
                    }
                    BleuSmoothing::Floor(value) => value,
                    BleuSmoothing::None | BleuSmoothing::AddK(_) => 0.0,
                };
            }
            *precision = 100.0 * correct / total;
        }
        let logs: f64 = precisions[..order].iter().map(|p| p.ln()).sum();
        (precisions, logs / order as f64)
    }

    fn prepare(&self, text: &str) -> String {
        if self.lowercase {
            self.tokenizer.spaced(&text.to_lowercase())
        } else {
            self.tokenizer.spaced(text)
        }
    }

    /// Zeros of the right order, once the settings are known to be in range.
    fn no_counts(&self) -> Result<BleuCounts> {
        if !(1..=MAX_ORDER).contains(&self.max_order) {
            return Err(Error::invalid(
                "max_order",
                format!("{}, 1 to {MAX_ORDER} allowed", self.max_order),
            ));
        }
        if let BleuSmoothing::Floor(value) | BleuSmoothing::AddK(value) = self.smoothing
            && !(value > 0.0 && value.is_finite())
        {
            return Err(Error::invalid(
                "smoothing",
                format!("{value}, a finite number above 0 needed"),
            ));
        }
        Ok(BleuCounts {
            correct: vec![0; self.max_order],
            total: vec![0; self.max_order],
            hypothesis_length: 0,
            reference_length: 0,
        })
    }
}

impl BleuCounts {
    /// Adds the counts of `other`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where both are not of the same order.
    pub fn add(&mut self, other: &Self) -> Result<()> {
        self.check_order(other)?;
        for (mine, theirs) in [
            (&mut self.correct, &other.correct),
            (&mut self.total, &other.total),
        ] {
            for (mine, theirs) in mine.iter_mut().zip(theirs) {
                *mine += theirs;
            }
        }
        self.hypothesis_length += other.hypothesis_length;
        self.reference_length += other.reference_length;
        Ok(())
    }

    fn check_order(&self, other: &Self) -> Result<()> {
        let order = self.correct.len();
        for found in [self.total.len(), other.correct.len(), other.total.len()] {
            if found != order {
                return Err(Error::invalid(
                    "counts",
                    format!("hold {found} orders, {order} needed"),
                ));
            }
        }
        Ok(())
    }
}

/// How often each n-gram of length `order` occurs; also what ROUGE-N counts.
pub(super) fn count_ngrams<T: Eq + std::hash::Hash>(
    words: &[T],
    order: usize,
) -> HashMap<&[T], usize> {
    let mut counts = HashMap::new();
    for ngram in words.windows(order) {
        *counts.entry(ngram).or_insert(0) += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::super::testing::{assert_close, assert_error, cases, get, shuffled};
    use super::*;

    fn settings(case: &Value) -> Bleu {
        let value: Option<f64> = get(case, "smooth_value");
        Bleu {
            tokenizer: get(case, "tokenize"),
            smoothing: match (get::<String>(case, "smooth_method").as_str(), value) {
                ("exp", None) => BleuSmoothing::Exp,
                ("none", None) => BleuSmoothing::None,
                ("floor", Some(value)) => BleuSmoothing::Floor(value),
                ("add-k", Some(value)) => BleuSmoothing::AddK(value),
                other => panic!("unknown smoothing {other:?}"),
            },
            max_order: get(case, "order"),
            effective_order: get(case, "effective_order"),
            lowercase: get(case, "lowercase"),
        }
    }

    #[test]
    fn sacrebleu_gives_the_same() {
        for case in cases("/bleu/cases") {
            let hypotheses: Vec<String> = get(case, "hypotheses");
            let references: Vec<Vec<String>> = get(case, "references");
            for reference in case["results"].as_array().unwrap() {
                let context = format!("{hypotheses:?} with {reference}");
                let bleu = settings(reference);
                let ours = bleu.corpus(&hypotheses, &references).unwrap();
                assert_close(ours.score, get(reference, "score"), 1e-6, &context);
                let penalty = get(reference, "brevity_penalty");
                assert_close(ours.brevity_penalty, penalty, 1e-6, &context);
                let precisions: Vec<f64> = get(reference, "precisions");
                assert_eq!(ours.precisions.len(), precisions.len());
                for (ours, theirs) in ours.precisions.iter().zip(precisions) {
                    assert_close(*ours, theirs, 1e-6, &context);
                }
                let lengths = (ours.counts.hypothesis_length, ours.counts.reference_length);
                let reference_length: usize = get(reference, "reference_length");
                assert_eq!(
                    lengths.0,
                    get::<usize>(reference, "hypothesis_length"),
                    "{context}"
                );
                assert_eq!(lengths.1, reference_length, "{context}");
                if hypotheses.len() == 1 && bleu.effective_order {
                    let sentence = bleu.sentence(&hypotheses[0], &references[0]).unwrap();
                    assert_eq!(sentence, ours, "{context}");
                }
            }
        }
    }

    #[test]
    fn bad_input_is_named() {
        let bleu = Bleu::default();
        let empty: [[&str; 0]; 1] = [[]];
        assert_error(bleu.corpus(&["a"], &empty), &["references[0]", "empty"]);
        assert_error(
            bleu.corpus(&["a", "b"], &[["a"]]),
            &["references", "1", "2"],
        );
        assert_error(
            bleu.corpus::<&str, [&str; 1], _>(&[], &[]),
            &["hypotheses", "empty"],
        );
        for max_order in [0, 17, usize::MAX] {
            let bleu = Bleu { max_order, ..bleu };
            assert_error(
                bleu.sentence("a", &["a"]),
                &["max_order", &max_order.to_string()],
            );
        }
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            for smoothing in [BleuSmoothing::Floor(value), BleuSmoothing::AddK(value)] {
                let bleu = Bleu { smoothing, ..bleu };
                assert_error(bleu.corpus(&["a"], &[["a"]]), &["smoothing", "above 0"]);
            }
        }
        let mut counts = bleu.counts("a b", &["a b"]).unwrap();
        let other = Bleu {
            max_order: 2,
            ..bleu
        };
        assert_error(other.score(&counts), &["counts", "4", "2"]);
        let theirs = other.counts("a", &["a"]).unwrap();
        assert_error(counts.add(&theirs), &["counts", "2 orders", "4"]);
    }

    fn segments() -> impl Strategy<Value = Vec<(String, Vec<String>)>> {
        let text = || "[abc](( |\\.)[abc]){0,8}";
        prop::collection::vec((text(), prop::collection::vec(text(), 1..3)), 1..6)
    }

    fn corpus(segments: &[(String, Vec<String>)], bleu: Bleu) -> f64 {
        let (hypotheses, references): (Vec<_>, Vec<_>) = segments.iter().cloned().unzip();
        bleu.corpus(&hypotheses, &references).unwrap().score
    }

    proptest! {
        #[test]
        fn scores_are_bounded_and_free_of_order(segments in segments(), seed: u64) {
            let score = corpus(&segments, Bleu::default());
            prop_assert!((0.0..=100.0 + 1e-9).contains(&score));
            prop_assert_eq!(score, corpus(&shuffled(&segments, seed), Bleu::default()));
            let unsmoothed = Bleu { smoothing: BleuSmoothing::None, ..Bleu::default() };
            prop_assert!(corpus(&segments, unsmoothed) <= score + 1e-9);
        }

        #[test]
        fn a_reference_itself_scores_full(segments in segments()) {
            let same: Vec<_> = segments
                .into_iter()
                .map(|(_, references)| (references[0].clone(), references))
                .collect();
            let bleu = Bleu { effective_order: true, ..Bleu::default() };
            prop_assert!((corpus(&same, bleu) - 100.0).abs() < 1e-9);
        }

        #[test]
        fn any_text_can_be_scored(hypothesis: String, reference: String) {
            let bleu = Bleu { lowercase: true, ..Bleu::default() };
            let score = bleu.sentence(&hypothesis, &[reference]).unwrap().score;
            prop_assert!((0.0..=100.0 + 1e-9).contains(&score));
        }
    }
}
