//! What the defenses ask of models.

use plm_core::check::same_size;

use crate::{Error, Result};

/// How far the probabilities of a text may be from summing to 1: rounding of 16-bit numbers.
const SUM_TOLERANCE: f64 = 1e-2;

/// A model that gives class probabilities of texts.
pub trait Classifier {
    /// The probabilities of each text: rows `[texts][classes]`, each row summing to 1.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn probabilities(&mut self, texts: &[&str]) -> Result<Vec<Vec<f64>>>;

    /// Texts put through the model so far.
    fn forwards(&self) -> u64;
}

/// A language model that gives perplexities of texts.
pub trait Perplexity {
    /// The perplexity of each text, `exp` of its tokens' mean negative log-likelihood; NaN where a
    /// text is too short to have one, and only there: words without a perplexity are never deleted.
    ///
    /// # Errors
    /// Whatever the model refuses; likelihoods that are no numbers.
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>>;

    /// Passes of a text, or of a part of it, through the model so far.
    fn forwards(&self) -> u64;
}

/// A model that gives the state which its classifier reads.
pub trait PooledState {
    /// The pooled state of each text: rows `[texts][d_model]`.
    ///
    /// # Errors
    /// Whatever the model refuses.
    fn states(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>>;
}

impl<C: Classifier + ?Sized> Classifier for &mut C {
    fn probabilities(&mut self, texts: &[&str]) -> Result<Vec<Vec<f64>>> {
        (**self).probabilities(texts)
    }

    fn forwards(&self) -> u64 {
        (**self).forwards()
    }
}

impl<P: Perplexity + ?Sized> Perplexity for &mut P {
    fn perplexities(&mut self, texts: &[&str]) -> Result<Vec<f64>> {
        (**self).perplexities(texts)
    }

    fn forwards(&self) -> u64 {
        (**self).forwards()
    }
}

impl<S: PooledState + ?Sized> PooledState for &mut S {
    fn states(&mut self, texts: &[&str]) -> Result<Vec<Vec<f32>>> {
        (**self).states(texts)
    }
}

/// The probabilities of `texts`, each row checked to be a distribution over the same classes.
///
/// # Errors
/// [`Error::Size`] for another number of rows than texts, [`Error::Probabilities`] for a row that
/// is no distribution, and those of the model.
pub(crate) fn checked_probabilities<C: Classifier + ?Sized>(
    classifier: &mut C,
    texts: &[&str],
) -> Result<Vec<Vec<f64>>> {
    let rows = classifier.probabilities(texts)?;
    same_size("rows of probabilities", rows.len(), texts.len())?;
    let classes = rows.first().map_or(0, Vec::len);
    for (text, row) in rows.iter().enumerate() {
        same_size(format!("classes of text {text}"), row.len(), classes)?;
        let fault = |reason| Err(Error::Probabilities { text, reason });
        if let Some(p) = row
            .iter()
            .find(|p| !(0.0..=1.0 + SUM_TOLERANCE).contains(*p))
        {
            return fault(format!("{p} is not from 0 to 1"));
        }
        let sum: f64 = row.iter().sum();
        if (sum - 1.0).abs() > SUM_TOLERANCE {
            return fault(format!("they sum to {sum}, not to 1; apply the softmax"));
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Table;

    #[test]
    fn rows_must_be_distributions() {
        let check = |rows: Vec<Vec<f64>>| {
            let texts = vec!["x"; 2];
            checked_probabilities(&mut Table::fixed(rows), &texts)
        };
        let good = vec![vec![0.25, 0.75], vec![1.0, 0.0]];
        assert_eq!(check(good.clone()).unwrap(), good);
        for (row, reason) in [
            (vec![f64::NAN, 1.0], "NaN"),
            (vec![-0.5, 1.5], "-0.5"),
            (vec![2.0, 3.0], "2 is not"),
            (vec![0.5, 0.9], "sum to 1.4"),
            (vec![0.5, 0.25, 0.25], "3, expected 2"),
        ] {
            let error = check(vec![vec![0.5, 0.5], row]).unwrap_err().to_string();
            assert!(
                error.contains("text 1") && error.contains(reason),
                "{error}"
            );
        }
        let error = check(vec![vec![0.5, 0.5]]).unwrap_err().to_string();
        assert!(error.contains("1, expected 2"), "{error}");
    }
}
