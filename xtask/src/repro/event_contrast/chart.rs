//! Two dimensions of many.

use anyhow::Result;
use plm_core::graph::{Which, eigen_dense};
use plm_event_contrast::text::SpanVectors;

/// The first two principal components of each row.
pub(super) fn plane(vectors: &SpanVectors) -> Result<Vec<(f64, f64)>> {
    let width = vectors.width;
    let rows: Vec<&[f32]> = vectors.values.chunks_exact(width).collect();
    let count = rows.len().max(1) as f64;
    let mut mean = vec![0.0; width];
    for row in &rows {
        for (mean, value) in mean.iter_mut().zip(*row) {
            *mean += f64::from(*value) / count;
        }
    }
    let mut covariance = vec![0.0; width * width];
    let centered = |row: &[f32]| -> Vec<f64> {
        let pairs = row.iter().zip(&mean);
        pairs
            .map(|(value, mean)| f64::from(*value) - mean)
            .collect()
    };
    for row in &rows {
        let row = centered(row);
        for (a, line) in row.iter().zip(covariance.chunks_exact_mut(width)) {
            for (slot, b) in line.iter_mut().zip(&row) {
                *slot += a * b / count;
            }
        }
    }
    let eigen = eigen_dense(&covariance, width, 2, Which::Largest)?;
    let along = |row: &[f64], axis: usize| -> f64 {
        let axis = eigen.vectors.get(axis);
        axis.map_or(0.0, |axis| row.iter().zip(axis).map(|(a, b)| a * b).sum())
    };
    Ok(rows
        .iter()
        .map(|row| {
            let row = centered(row);
            (along(&row, 0), along(&row, 1))
        })
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_axis_comes_first() {
        let vectors = SpanVectors {
            width: 3,
            values: vec![5.0, 1.0, 0.0, -5.0, 1.0, 0.0, 0.0, 1.0, 2.0, 0.0, 1.0, -2.0],
        };
        let points = plane(&vectors).unwrap();
        let lengths = |at: usize| [points[at].0.abs(), points[at].1.abs()];
        for (found, expected) in [lengths(0), lengths(2)]
            .concat()
            .iter()
            .zip([5.0, 0.0, 0.0, 2.0])
        {
            assert!((found - expected).abs() < 1e-6, "{points:?}");
        }
        assert!(points[0].0 * points[1].0 < 0.0);
    }
}
