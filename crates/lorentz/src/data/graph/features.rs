//! What HGCN (Chami et al. 2019, arXiv:1910.12933) does to node features before training.

use plm_core::graph::{Csr, Duplicates, Normalization};

use crate::Result;

/// Degrees from this on share a column.
const LARGEST_DEGREE: usize = 5;

/// Every row divided by its sum; rows of sum 0 become 0.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a quotient is not finite.
pub fn row_normalized(features: &Csr<f32>) -> Result<Csr<f32>> {
    Ok(features.normalize(Normalization::Row)?)
}

/// `features` with seven columns more: a one at the node's degree, 0 to 5 and more, and a constant
/// one. HGCN gives them to the airport graph, whose own features say little of a node's place.
///
/// # Shapes
/// - features: `[nodes, width]`
/// - adjacency: `[nodes, nodes]`, the edges that may be known
/// - result: `[nodes, width + 7]`
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where the two have another number of rows.
pub fn with_degrees(features: &Csr<f32>, adjacency: &Csr<f32>) -> Result<Csr<f32>> {
    let nodes = features.n_rows();
    if adjacency.n_rows() != nodes {
        let reason = format!("{nodes} rows for {} nodes", adjacency.n_rows());
        return Err(plm_core::Error::invalid("features", reason).into());
    }
    let width = features.n_cols();
    let (mut rows, mut columns, mut values) = features.to_coo();
    for node in 0..nodes {
        let degree = adjacency.row_len(node).min(LARGEST_DEGREE);
        for column in [width + degree, width + LARGEST_DEGREE + 1] {
            rows.push(node as u32);
            columns.push(column as u32);
            values.push(1.0);
        }
    }
    let width = width + LARGEST_DEGREE + 2;
    Ok(Csr::from_coo(
        nodes,
        width,
        &rows,
        &columns,
        &values,
        Duplicates::Reject,
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn degrees_become_columns() {
        // A star: node 0 has six neighbors.
        let edges: Vec<(u32, u32)> = (1..7).map(|leaf| (0, leaf)).collect();
        let star = Csr::<f32>::from_edges(7, &edges, Duplicates::First).unwrap();
        let star = star.symmetrize(Duplicates::First).unwrap();
        let features = Csr::from_dense(7, 1, &[3.0; 7]).unwrap();
        let wide = with_degrees(&features, &star).unwrap();
        assert_eq!(wide.n_cols(), 8);
        assert_eq!(wide.row(0), (&[0, 6, 7][..], &[3.0, 1.0, 1.0][..]));
        assert_eq!(wide.row(4), (&[0, 2, 7][..], &[3.0, 1.0, 1.0][..]));
        assert!(with_degrees(&Csr::identity(2).unwrap(), &star).is_err());
        let halves = Csr::from_dense(2, 2, &[3.0, 1.0, 0.0, 0.0]).unwrap();
        let halves = row_normalized(&halves).unwrap();
        assert_eq!(halves.to_dense(), [0.75, 0.25, 0.0, 0.0]);
    }
}
