use burn::module::Module;
use burn::tensor::Device;
use plm_core::nn::DropoutMode;

use super::{Gin, GraphBatch, NodeVectors, Statistics};
use crate::Result;
use crate::graph::ViewPair;

/// How often the second view of a pair is nearest to the first one among the second views of all
/// `pairs`; 0 without pairs.
///
/// # Errors
/// As [`GraphBatch::new`].
pub fn graph_retrieval(
    gin: &Gin,
    pairs: &[ViewPair],
    vectors: &NodeVectors,
    device: &Device,
) -> Result<f64> {
    if pairs.is_empty() {
        return Ok(0.0);
    }
    let device = device.clone().inner();
    let gin = gin.valid();
    let encode = |batch: GraphBatch| {
        gin.forward(&batch, Statistics::Running, DropoutMode::Off)
            .graphs
    };
    let first = pairs.iter().map(|pair| &pair.first);
    let first = encode(GraphBatch::new(first, vectors, &gin.config, &device)?);
    let second = pairs.iter().map(|pair| &pair.second);
    let second = encode(GraphBatch::new(second, vectors, &gin.config, &device)?);
    let scores: Vec<f32> = first
        .matmul(second.transpose())
        .into_data()
        .iter()
        .collect();
    let found = scores
        .chunks_exact(pairs.len())
        .enumerate()
        .filter(|(at, row)| {
            let own = row[*at];
            row.iter()
                .enumerate()
                .all(|(other, &score)| other == *at || score < own)
        });
    Ok(found.count() as f64 / pairs.len() as f64)
}
