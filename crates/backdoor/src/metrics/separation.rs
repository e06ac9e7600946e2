//! How far the scores of clean and of poisoned inputs lie apart.

use plm_core::metrics::{MeanStd, mean_std, roc_auc};
use serde::Serialize;

use super::rates::protected_scores;
use crate::{Result, Scored};

/// Scores of clean and of poisoned inputs that are predicted as the protected class.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Separation {
    /// Mean and spread of the clean scores; none where there is none.
    pub clean: Option<MeanStd>,
    /// Mean and spread of the poisoned scores; none where there is none.
    pub poisoned: Option<MeanStd>,
    /// The chance that a clean input scores above a poisoned one, ties counting one half; none where
    /// either is missing.
    pub auroc: Option<f64>,
}

impl Separation {
    /// The separation of `clean` test inputs of the protected class and `poisoned` inputs.
    ///
    /// # Errors
    /// [`Error::NotFinite`](crate::Error::NotFinite) for a score of a protected input that is NaN
    /// or infinite.
    pub fn new(clean: &[Scored], poisoned: &[Scored]) -> Result<Self> {
        let clean = protected_scores("scores of clean inputs", clean)?;
        let poisoned = protected_scores("scores of poisoned inputs", poisoned)?;
        let summary = |scores: &[f64]| match scores {
            [] => Ok(None),
            scores => mean_std(scores).map(Some),
        };
        let both = !clean.is_empty() && !poisoned.is_empty();
        let gold = [vec![true; clean.len()], vec![false; poisoned.len()]].concat();
        let scores = [clean.as_slice(), &poisoned].concat();
        Ok(Self {
            clean: summary(&clean)?,
            poisoned: summary(&poisoned)?,
            auroc: both.then(|| roc_auc(&gold, &scores)).transpose()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::scored;

    #[test]
    fn clean_scores_should_lie_above() {
        // Of the 6 pairs, clean is above in 4 and equal in 1.
        let (clean, poisoned) = (scored(&[0.5, 0.25, 0.75]), scored(&[0.25, 0.5]));
        let separation = Separation::new(&clean, &poisoned).unwrap();
        let pairs = (1.0 + 0.5) + (0.5 + 0.0) + (1.0 + 1.0);
        assert_eq!(separation.auroc, Some(pairs / 6.0));
        assert_eq!(separation.clean.unwrap().mean, 0.5);
        assert_eq!(separation.poisoned.unwrap().mean, 0.375);
    }

    #[test]
    fn one_kind_alone_has_no_auroc() {
        let mut clean = scored(&[0.5, 0.25]);
        clean[1].protected = false;
        let separation = Separation::new(&clean, &[]).unwrap();
        assert_eq!(separation.clean.unwrap().count, 1);
        assert_eq!((separation.poisoned, separation.auroc), (None, None));
        assert!(Separation::new(&scored(&[f64::NAN]), &[]).is_err());
    }
}
