//! Routing by similarity to one vector per expert.

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use serde::{Deserialize, Serialize};

use super::normalized;
use crate::Result;
use crate::host::matrix;
use crate::split::normalized_rows;

/// How similarity is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// The cosine of the angle between input and center.
    #[default]
    Cosine,
    /// -‖x / ‖x‖ - c‖₂ with the center as it is: the rule of the original code.
    Euclidean,
}

/// Scores by similarity to a center per expert.
#[derive(Module, Debug)]
pub struct CentroidRouter {
    /// The centers, `[experts, width]`.
    pub centers: Tensor<2>,
    /// How similarity is measured.
    #[module(skip)]
    pub metric: Metric,
}

impl CentroidRouter {
    /// A router around the mean of each expert's normalized rows.
    ///
    /// # Shapes
    /// - rows: `[neurons, width]`, experts one after the other
    pub(crate) fn means(
        rows: &[f32],
        width: usize,
        experts: usize,
        metric: Metric,
        device: &Device,
    ) -> Result<Self> {
        let centers = mean_rows(rows, width, experts)?;
        Ok(Self {
            centers: matrix(&centers, experts, width, device),
            metric,
        })
    }

    /// A router around the first neuron of each expert.
    ///
    /// # Shapes
    /// - rows: `[neurons, width]`, experts one after the other
    pub(crate) fn first_neurons(
        rows: &[f32],
        width: usize,
        experts: usize,
        device: &Device,
    ) -> Self {
        let size = rows.len() / (width * experts);
        let mut centers = Vec::with_capacity(experts * width);
        for expert in rows.chunks_exact(size * width) {
            centers.extend_from_slice(&expert[..width]);
        }
        Self {
            centers: matrix(&centers, experts, width, device),
            metric: Metric::Cosine,
        }
    }

    /// See [`super::Router::scores`].
    pub fn forward(&self, x: Tensor<2>) -> Tensor<2> {
        let x = normalized(x);
        match self.metric {
            Metric::Cosine => x.matmul(normalized(self.centers.clone()).transpose()),
            Metric::Euclidean => {
                let cross = x.clone().matmul(self.centers.clone().transpose());
                let own = x.square().sum_dim(1);
                let centers = self.centers.clone().square().sum_dim(1).transpose();
                -(own + centers - cross * 2.0).clamp_min(0.0).sqrt()
            }
        }
    }
}

/// The mean of each expert's normalized rows, `[experts, width]`.
pub(super) fn mean_rows(rows: &[f32], width: usize, experts: usize) -> Result<Vec<f32>> {
    let rows = normalized_rows(rows, width)?;
    let size = rows.len() / (width * experts);
    let mut centers = Vec::with_capacity(experts * width);
    for expert in rows.chunks_exact(size * width) {
        let mut sum = vec![0.0_f64; width];
        for row in expert.chunks_exact(width) {
            for (sum, &value) in sum.iter_mut().zip(row) {
                *sum += f64::from(value);
            }
        }
        centers.extend(sum.iter().map(|sum| (sum / size as f64) as f32));
    }
    Ok(centers)
}
