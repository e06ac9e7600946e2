//! Settings of dynamic distillation.

use serde::{Deserialize, Serialize};

use super::{Adoption, LayerMatch, Selection};
use crate::loss::LogitLoss;
use crate::{Error, Result};

/// How the weights of class scores and hidden states follow the student's uncertainty U
/// (DynamicKD, section 3.3).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ObjectiveWeights {
    /// 1 and 1.
    #[default]
    #[serde(alias = "none")]
    Static,
    /// 1 - U and U: who is sure imitates the teacher's output, who is not its inner states.
    Uncertainty,
    /// U and 1 - U.
    #[serde(rename = "uncertainty-r")]
    UncertaintyReversed,
}

/// Drawing hidden states to those of a teacher.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenObjective {
    /// α_rep.
    pub weight: f64,
    /// Number of the teacher; the last, which is the most capable, where absent.
    #[serde(default)]
    pub teacher: Option<usize>,
    /// Which layers.
    pub matches: Vec<LayerMatch>,
}

/// What a step of dynamic distillation minimizes.
///
/// ```
/// use plm_distill::dynamic::{Adoption, DynamicSettings, Selection, Strategy};
///
/// // The most uncertain tenth of each batch, taught by two teachers by each example's uncertainty.
/// let settings = DynamicSettings {
///     adoption: Adoption::SoftInstance,
///     selection: Selection { strategy: Strategy::Margin, ratio: 0.1 },
///     ..DynamicSettings::default()
/// };
/// settings.check(2, true)?;
/// # Ok::<(), plm_distill::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DynamicSettings {
    /// α_ce, the weight of cross-entropy with the labels, over all examples.
    pub ce_weight: f64,
    /// α_kd, the weight of the loss on class scores.
    pub kd_weight: f64,
    /// The loss on class scores.
    pub logit_loss: LogitLoss,
    /// a, a weight for each teacher; 0 leaves one out, which is then not asked. All 1 where empty.
    pub teacher_weights: Vec<f64>,
    /// Which teacher each example follows.
    pub adoption: Adoption,
    /// About which examples teachers are asked.
    pub selection: Selection,
    /// How the objective follows the uncertainty.
    pub weights: ObjectiveWeights,
    /// The objective on hidden states.
    pub hidden: Option<HiddenObjective>,
    /// Whether weights that follow the uncertainty are taken as constants. The authors' scripts let the
    /// gradient through, their plug-in does not.
    pub detach_weights: bool,
}

impl Default for DynamicSettings {
    /// Plain distillation: cross-entropy plus the mean squared difference of class scores.
    fn default() -> Self {
        Self {
            ce_weight: 1.0,
            kd_weight: 1.0,
            logit_loss: LogitLoss::Mse,
            teacher_weights: Vec::new(),
            adoption: Adoption::Static,
            selection: Selection::default(),
            weights: ObjectiveWeights::Static,
            hidden: None,
            detach_weights: true,
        }
    }
}

impl DynamicSettings {
    /// Checks the settings for `teachers` teachers.
    ///
    /// # Errors
    /// [`Error::Setting`] and [`Error::Size`] naming what is out of range; [`Error::Unlabeled`] where
    /// labels are needed and `labeled` is false.
    pub fn check(&self, teachers: usize, labeled: bool) -> Result<()> {
        let weights = [("ce_weight", self.ce_weight), ("kd_weight", self.kd_weight)];
        let hidden = self.hidden.iter();
        let hidden = hidden.map(|hidden| ("hidden.weight", hidden.weight));
        let own = self.teacher_weights.iter();
        let own = own.map(|&weight| ("teacher_weights", weight));
        let matches = || self.hidden.iter().flat_map(|hidden| &hidden.matches);
        let matched = matches().map(|pair| ("hidden.matches.weight", pair.weight));
        let weights = weights.into_iter().chain(hidden).chain(own).chain(matched);
        for (name, value) in weights {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(Error::Setting {
                    name,
                    value: value.to_string(),
                    limit: "must be finite and not negative",
                });
            }
        }
        self.logit_loss.check()?;
        matches().try_for_each(|pair| pair.loss.check())?;
        self.selection.check()?;
        if !self.teacher_weights.is_empty() {
            let found = self.teacher_weights.len();
            plm_core::check::same_size("teacher_weights", found, teachers)?;
        }
        if !labeled && self.needs_labels() {
            return Err(Error::Unlabeled {
                what: "cross-entropy (set `ce_weight` to 0 for texts without labels)",
            });
        }
        let needs = self.kd_weight > 0.0 || self.hidden.is_some();
        if needs && teachers == 0 {
            return Err(Error::Empty { what: "teachers" });
        }
        match &self.hidden {
            Some(hidden) if hidden.matches.is_empty() => Err(Error::Empty {
                what: "layers to match (`hidden.matches`)",
            }),
            Some(hidden) if hidden.teacher.is_some_and(|teacher| teacher >= teachers) => {
                Err(Error::Setting {
                    name: "hidden.teacher",
                    value: format!("{:?}", hidden.teacher),
                    limit: "must be the number of a teacher, from 0",
                })
            }
            _ => Ok(()),
        }
    }

    /// Whether labels are looked at.
    pub(crate) fn needs_labels(&self) -> bool {
        self.ce_weight > 0.0 || self.selection.strategy.needs_labels()
    }

    /// The weight of teacher `teacher`.
    pub(super) fn teacher_weight(&self, teacher: usize) -> f64 {
        self.teacher_weights.get(teacher).copied().unwrap_or(1.0)
    }
}
