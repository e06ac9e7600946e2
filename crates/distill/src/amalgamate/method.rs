//! The ways of amalgamation.

use serde::{Deserialize, Serialize};

use super::Integration;
use crate::score::McSettings;
use crate::{Error, Result};

/// How a student is taught by teachers with different labels.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case", deny_unknown_fields)]
pub enum Method {
    /// MUKA: KL to targets that weigh teachers by their certainty.
    Muka(Integration),
    /// KL to the softmax of all teachers' concatenated class scores (vanilla knowledge amalgamation).
    Vanilla,
    /// Unifying heterogeneous classifiers (Vongkulbhisal et al. 2019): for each teacher, KL between its
    /// probabilities and the student's renormalized within the teacher's labels.
    Uhc,
    /// Deep feature amalgamation (Shen et al. 2019): vanilla, and the student's layers are drawn to
    /// learnt codes of the teachers' layers, from which these can be rebuilt.
    Dfa,
    /// Common feature learning (Luo et al. 2019): vanilla, and last layers meet in a learnt common space
    /// by maximum mean discrepancy.
    Cfl,
    /// Cross-entropy with labels: the upper bound.
    Supervised,
}

impl Method {
    /// The names by which papers and tables call it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Muka(Integration {
                weighting: super::Weighting::Soft { .. },
                ..
            }) => "muka-soft",
            Self::Muka(_) => "muka-hard",
            Self::Vanilla => "vka",
            Self::Uhc => "uhc",
            Self::Dfa => "dfa",
            Self::Cfl => "cfl",
            Self::Supervised => "supervised",
        }
    }

    /// Whether teachers must show their hidden states.
    pub fn needs_hidden_states(&self) -> bool {
        matches!(self, Self::Dfa | Self::Cfl)
    }
}

/// Where MUKA's scores come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Scoring {
    /// Monte-Carlo dropout: the paper's way.
    MonteCarlo(McSettings),
    /// The entropy of one pass without dropout, at temperature 1 whatever the temperature of the targets is;
    /// the authors' code takes that of the loss, which is 1 in their runs.
    Deterministic,
}

impl Default for Scoring {
    fn default() -> Self {
        Self::MonteCarlo(McSettings::default())
    }
}

/// What a step of amalgamation minimizes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AmalgamationSettings {
    /// The method.
    pub method: Method,
    /// Where MUKA's scores come from; others do not ask.
    #[serde(default)]
    pub scoring: Scoring,
    /// T. MUKA's targets and the student's probabilities are softened by it; the losses of baselines
    /// are multiplied by T².
    #[serde(default = "one")]
    pub temperature: f64,
    /// Weight of the loss on class scores.
    #[serde(default = "one")]
    pub kd_weight: f64,
    /// Weight of drawing the student to the amalgamated features (DFA, CFL).
    #[serde(default = "one")]
    pub amalgamation_weight: f64,
    /// Weight of rebuilding the teachers' features (DFA, CFL).
    #[serde(default = "one")]
    pub reconstruction_weight: f64,
}

fn one() -> f64 {
    1.0
}

impl AmalgamationSettings {
    /// `method` with temperature 1, all weights 1 and Monte-Carlo scores.
    pub fn new(method: Method) -> Self {
        Self {
            method,
            scoring: Scoring::default(),
            temperature: 1.0,
            kd_weight: 1.0,
            amalgamation_weight: 1.0,
            reconstruction_weight: 1.0,
        }
    }

    /// The same with other scores.
    pub fn with_scoring(mut self, scoring: Scoring) -> Self {
        self.scoring = scoring;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming what is out of range.
    pub fn check(&self) -> Result<()> {
        let refuse = |name, value: f64, limit| Error::Setting {
            name,
            value: value.to_string(),
            limit,
        };
        if !(self.temperature > 0.0 && self.temperature.is_finite()) {
            return Err(refuse("temperature", self.temperature, "must be positive"));
        }
        for (name, value) in [
            ("kd_weight", self.kd_weight),
            ("amalgamation_weight", self.amalgamation_weight),
            ("reconstruction_weight", self.reconstruction_weight),
        ] {
            if !(value >= 0.0 && value.is_finite()) {
                return Err(refuse(name, value, "must be finite and not negative"));
            }
        }
        if let Method::Muka(integration) = &self.method {
            integration.check()?;
        }
        match &self.scoring {
            Scoring::MonteCarlo(settings) => settings.check(),
            Scoring::Deterministic => Ok(()),
        }
    }
}
