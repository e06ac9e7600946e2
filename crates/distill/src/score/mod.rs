//! How sure a teacher is of its prediction: what amalgamation weighs teachers by.

use plm_core::check::{finite, same_size};
use serde::{Deserialize, Serialize};

use crate::uncertainty::{entropy, largest_entropy, softmax};
use crate::{Error, Result};

/// Which of a teacher's dropouts act in Monte-Carlo passes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum McSites {
    /// All: embeddings, attention weights, outputs of both blocks of each layer, classifier. The
    /// paper's way.
    #[default]
    All,
    /// The classifier's only. All passes share one pass through the encoder, which makes them nearly
    /// free; this is not the paper's way.
    Classifier,
}

/// Settings of Monte-Carlo dropout (Gal and Ghahramani 2016).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct McSettings {
    /// K, the number of stochastic passes.
    pub passes: usize,
    /// Seed of the masks. An example's masks depend on this, on the pass and on its id alone.
    pub seed: u64,
    /// Where dropout acts.
    pub sites: McSites,
}

impl Default for McSettings {
    /// MUKA's 16 passes with all dropouts.
    fn default() -> Self {
        Self {
            passes: 16,
            seed: 0,
            sites: McSites::All,
        }
    }
}

impl McSettings {
    /// Checks the number of passes.
    ///
    /// # Errors
    /// [`Error::Setting`] where it is 0.
    pub fn check(&self) -> Result<()> {
        if self.passes > 0 {
            return Ok(());
        }
        Err(Error::Setting {
            name: "passes",
            value: "0".to_owned(),
            limit: "must be at least 1",
        })
    }
}

/// What Monte-Carlo dropout says of one example.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct McScore {
    /// 1 - H(p̄) / ln(classes), where p̄ is the mean of the passes' probabilities: 1 where the teacher
    /// is sure (MUKA, section 3.2: predictive entropy).
    pub score: f32,
    /// H(p̄) minus the mean of the passes' entropies, in nats: how far the passes disagree. A
    /// diagnostic.
    pub mutual_information: f32,
    /// Mean over classes of the variance of the passes' probabilities. A diagnostic.
    pub variance: f32,
}

impl McScore {
    /// The scores from one example's class scores in each pass.
    ///
    /// # Errors
    /// [`Error::Classes`] for fewer than two classes, [`Error::Setting`] without a pass, [`Error::Size`] where
    /// the passes have different numbers of class scores, [`Error::NotFinite`] for one that is no finite number:
    /// its entropy would be that of a sure model.
    pub fn from_passes<R: AsRef<[f64]>>(passes: &[R]) -> Result<Self> {
        let Some(first) = passes.first() else {
            return Err(Error::Setting {
                name: "passes",
                value: "0".to_owned(),
                limit: "must be at least 1",
            });
        };
        let classes = first.as_ref().len();
        let largest = largest_entropy(classes)?;
        for (pass, logits) in passes.iter().enumerate() {
            let logits = logits.as_ref();
            same_size(
                format_args!("class scores of pass {pass}"),
                logits.len(),
                classes,
            )?;
            finite(
                format_args!("class scores of pass {pass}"),
                logits.iter().copied(),
            )?;
        }
        let probabilities: Vec<Vec<f64>> = passes
            .iter()
            .map(|logits| softmax(logits.as_ref(), 1.0))
            .collect();
        let count = passes.len() as f64;
        // Differences to the first pass: passes that are alike have a variance of exactly 0.
        let spread = |class: usize| {
            let gaps = probabilities
                .iter()
                .map(|p| p[class] - probabilities[0][class]);
            let (sum, squares) = gaps.fold((0.0, 0.0), |(sum, squares), gap| {
                (sum + gap, squares + gap * gap)
            });
            (
                sum / count,
                (squares / count - (sum / count).powi(2)).max(0.0),
            )
        };
        let spreads: Vec<(f64, f64)> = (0..classes).map(spread).collect();
        let mean: Vec<f64> = probabilities[0]
            .iter()
            .zip(&spreads)
            .map(|(p, (shift, _))| p + shift)
            .collect();
        let single: f64 = probabilities.iter().map(|p| entropy(p)).sum::<f64>() / count;
        Ok(Self {
            score: (1.0 - entropy(&mean) / largest) as f32,
            mutual_information: (entropy(&mean) - single).max(0.0) as f32,
            variance: (spreads.iter().map(|(_, v)| v).sum::<f64>() / classes as f64) as f32,
        })
    }
}

/// 1 - H(softmax(logits / temperature)) / ln(classes): the score of one pass without dropout.
///
/// # Errors
/// [`Error::Classes`] for fewer than two classes, [`Error::NotFinite`] for a class score that is no finite
/// number: its entropy would be that of a sure model.
pub fn deterministic_score(logits: &[f64], temperature: f64) -> Result<f64> {
    let largest = largest_entropy(logits.len())?;
    finite("class scores", logits.iter().copied())?;
    Ok(1.0 - entropy(&softmax(logits, temperature)) / largest)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn passes_that_contradict_each_other_leave_no_certainty() {
        let score = McScore::from_passes(&[[2.0, 0.0], [0.0, 2.0]]).unwrap();
        assert!(score.score.abs() < 1e-6);
        assert!((score.mutual_information - 0.327_813_3).abs() < 1e-6);
        // Probabilities .8808 and .1192: variance .3808².
        assert!((score.variance - 0.145_006).abs() < 1e-5);
        let single = deterministic_score(&[2.0, 0.0], 1.0).unwrap();
        assert!((single - 0.472_934_7).abs() < 1e-6);
    }

    #[test]
    fn scores_of_the_example() {
        for (logits, expected) in [
            (vec![2.0, 0.0, 0.0], 0.394_169_6),
            (vec![0.1, 0.0, 0.0], 0.001_033_0),
            (vec![0.0, 0.0, 0.0], 0.0),
            (vec![0.0, 0.0], 0.0),
            (vec![3.0, 0.0], 0.724_640_1),
            (vec![1.0, 0.0], 0.160_058_5),
        ] {
            let score = deterministic_score(&logits, 1.0).unwrap();
            assert!((score - expected).abs() < 1e-6, "{logits:?}: {score}");
        }
        assert!(deterministic_score(&[1.0], 1.0).is_err());
        assert!(McScore::from_passes::<[f64; 2]>(&[]).is_err());
    }

    #[test]
    fn scores_of_no_numbers_are_not_those_of_a_sure_model() {
        for bad in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let single = deterministic_score(&[bad, 0.0], 1.0);
            assert!(matches!(single, Err(Error::NotFinite(_))), "{single:?}");
            let error = McScore::from_passes(&[[1.0, 0.0], [0.0, bad]]).unwrap_err();
            assert!(matches!(error, Error::NotFinite(_)), "{error}");
            let text = error.to_string();
            assert!(
                text.starts_with("class scores of pass 1: value 1"),
                "{text}"
            );
        }
        for other in [vec![1.0], vec![1.0, 0.0, 0.0]] {
            let error = McScore::from_passes(&[vec![1.0, 0.0], other]).unwrap_err();
            assert!(matches!(error, Error::Size(_)), "{error}");
        }
    }

    proptest! {
        #[test]
        fn equal_passes_agree_and_mixing_never_adds_certainty(
            logits in prop::collection::vec(-8.0..8.0_f64, 2..6),
            other in prop::collection::vec(-8.0..8.0_f64, 6),
            passes in 1_usize..9,
        ) {
            let same = McScore::from_passes(&vec![logits.clone(); passes]).unwrap();
            prop_assert_eq!(same.variance, 0.0);
            let alone = deterministic_score(&logits, 1.0).unwrap();
            prop_assert_eq!(same.score, alone as f32);
            let other = &other[..logits.len()];
            let mixed = McScore::from_passes(&[logits.as_slice(), other]).unwrap();
            let single = f64::midpoint(alone, deterministic_score(other, 1.0).unwrap());
            prop_assert!(f64::from(mixed.score) <= single + 1e-6);
        }
    }
}
