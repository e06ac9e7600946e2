//! Which teacher each example learns from (DynamicKD, section 3.1).

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use super::selection::descending;
use crate::loss::rows_of;

/// How teachers, ordered from the least to the most capable, share the examples of a batch.
///
/// The paper has two teachers; the rules for more are ours and agree with it for two.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Adoption {
    /// Every teacher for every example.
    #[default]
    Static,
    /// Equal groups by falling uncertainty: the least capable teacher gets the most uncertain examples.
    /// Each group's loss is a mean over the group, so n equal teachers give n times the loss of one.
    Hard,
    /// Weights by the mean uncertainty Ū of the examples that teachers are asked about, all of the batch
    /// unless a [`Selection`](super::Selection) takes some: Ū and 1 - Ū for two teachers, between neighbors
    /// at place (1 - Ū)(n - 1) for n.
    Soft,
    /// The same by each example's own uncertainty.
    SoftInstance,
}

/// The examples that learn from one teacher.
#[derive(Debug, Clone)]
pub struct Share {
    /// Number of the teacher.
    pub teacher: usize,
    /// Rows of the batch. The teacher need not see the others.
    pub rows: Vec<usize>,
    /// Weights of their losses, `[rows]`; nothing where all are 1.
    pub weights: Option<Tensor<1>>,
}

impl Adoption {
    /// The shares of `teachers` teachers in the examples with this uncertainty, empty ones left out.
    ///
    /// # Shapes
    /// - uncertainty: `[rows]`, in 0..=1
    ///
    /// # Panics
    /// If there is no teacher.
    pub fn shares(self, uncertainty: &Tensor<1>, teachers: usize) -> Vec<Share> {
        assert!(teachers > 0, "there is no teacher");
        let [count] = uncertainty.dims();
        let all: Vec<usize> = (0..count).collect();
        match self {
            Self::Static => (0..teachers)
                .map(|teacher| Share {
                    teacher,
                    rows: all.clone(),
                    weights: None,
                })
                .collect(),
            Self::Hard => groups(uncertainty, teachers),
            Self::Soft => {
                let mean = uncertainty.clone().mean().expand([count]);
                between(mean, teachers, &all)
            }
            Self::SoftInstance => between(uncertainty.clone(), teachers, &all),
        }
    }
}

/// Equal groups by falling uncertainty; where they cannot be equal the later ones are larger.
fn groups(uncertainty: &Tensor<1>, teachers: usize) -> Vec<Share> {
    let values = rows_of(uncertainty.clone().unsqueeze_dim(1));
    let values: Vec<f64> = values.into_iter().flatten().collect();
    let count = values.len();
    let mut order: Vec<usize> = (0..count).collect();
    descending(&mut order, values);
    (0..teachers)
        .map(|teacher| Share {
            teacher,
            rows: order[count * teacher / teachers..count * (teacher + 1) / teachers].to_vec(),
            weights: None,
        })
        .filter(|share| !share.rows.is_empty())
        .collect()
}

/// Linear interpolation between neighboring teachers at place (1 - uncertainty)(teachers - 1).
fn between(uncertainty: Tensor<1>, teachers: usize, rows: &[usize]) -> Vec<Share> {
    let place = (uncertainty * -1.0 + 1.0) * (teachers as f64 - 1.0);
    (0..teachers)
        .map(|teacher| {
            let distance = (place.clone() - teacher as f64).abs();
            Share {
                teacher,
                rows: rows.to_vec(),
                weights: Some((distance * -1.0 + 1.0).clamp_min(0.0)),
            }
        })
        .collect()
}
