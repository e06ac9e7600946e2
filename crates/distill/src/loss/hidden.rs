//! Losses on hidden states (BERT-PKD, Sun et al. 2019; DynamicKD, section 3.3).

use burn::tensor::{Bool, Tensor};
use plm_core::kernel::at_least_single;
use serde::{Deserialize, Serialize};

use super::{beside, in_type};
use crate::{Error, Result};

/// The axis over which hidden states are brought to length 1 before they are compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenNorm {
    /// Each token's vector.
    #[default]
    Hidden,
    /// Each component over the sequence: a slip of the authors' unweighted objective, for parity.
    Sequence,
    /// Not at all.
    None,
}

/// The part of hidden states that is compared.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HiddenPart {
    /// All tokens: the mean over tokens and components.
    #[default]
    AllTokens,
    /// The first token: the sum over components, as in BERT-PKD.
    FirstToken,
}

/// How a layer of the student is drawn to a layer of the teacher.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HiddenLoss {
    /// What is compared.
    pub part: HiddenPart,
    /// How it is scaled before.
    pub norm: HiddenNorm,
    /// Whether padding is left out. The authors average over it too.
    pub mask_padding: bool,
}

impl Default for HiddenLoss {
    /// Normalized vectors of all tokens that are no padding.
    fn default() -> Self {
        Self {
            part: HiddenPart::AllTokens,
            norm: HiddenNorm::Hidden,
            mask_padding: true,
        }
    }
}

impl HiddenLoss {
    /// Checks that part and norm go together.
    ///
    /// # Errors
    /// [`Error::Setting`] for first tokens that are to be scaled over the sequence.
    pub fn check(&self) -> Result<()> {
        if (self.part, self.norm) == (HiddenPart::FirstToken, HiddenNorm::Sequence) {
            return Err(Error::Setting {
                name: "norm",
                value: "sequence".to_owned(),
                limit: "needs all tokens: alone, each number of the first one would become 1 or -1",
            });
        }
        Ok(())
    }

    /// The squared difference of each row. With [`HiddenNorm::Hidden`] and all tokens it is at most
    /// 4 / hidden.
    ///
    /// # Shapes
    /// - student, teacher: `[rows, length, hidden]`
    /// - padding: `[rows, length]`, true at padding
    /// - result: `[rows]`
    pub fn rows(
        &self,
        student: &Tensor<3>,
        teacher: &Tensor<3>,
        padding: &Tensor<2, Bool>,
    ) -> Tensor<1> {
        let student = &at_least_single(student.clone());
        let teacher = &in_type(teacher.clone(), student.dtype());
        if self.part == HiddenPart::FirstToken {
            let first = |hidden: &Tensor<3>| hidden.clone().narrow(1, 0, 1);
            let gap = self.scaled(first(student)) - self.scaled(first(teacher));
            return gap.square().sum_dim(2).flatten::<2>(1, 2).squeeze_dim(1);
        }
        let gap = (self.scaled(student.clone()) - self.scaled(teacher.clone())).square();
        let by_token: Tensor<2> = gap.mean_dim(2).squeeze_dim(2);
        if !self.mask_padding {
            return by_token.mean_dim(1).squeeze_dim(1);
        }
        let kept = beside(padding.clone().bool_not().float(), &by_token);
        let count = kept.clone().sum_dim(1).clamp_min(1.0);
        ((by_token * kept).sum_dim(1) / count).squeeze_dim(1)
    }

    fn scaled(&self, hidden: Tensor<3>) -> Tensor<3> {
        let axis = match self.norm {
            HiddenNorm::Hidden => 2,
            HiddenNorm::Sequence => 1,
            HiddenNorm::None => return hidden,
        };
        unit_length(hidden, axis)
    }
}

/// Vectors along `axis` divided by their length, which is taken as at least 1e-12.
pub(crate) fn unit_length<const D: usize>(vectors: Tensor<D>, axis: usize) -> Tensor<D> {
    let vectors = at_least_single(vectors);
    // The floor lies below the root, whose slope at 0 is infinite.
    let length = vectors
        .clone()
        .square()
        .sum_dim(axis)
        .clamp_min(1e-24)
        .sqrt();
    vectors / length
}
