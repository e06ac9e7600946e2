//! Conflicts from given rows of the PageRank matrix.

use plm_core::graph::{Csr, Scalar};

use super::conflict::Conflict;
use super::exact::foreign;
use super::labeled::LabeledSet;
use crate::graph::Labels;
use crate::{Error, Result};

/// What the rows of the PageRank matrix are turned into first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum TotoroInput {
    /// Nothing: the paper's conflict.
    #[default]
    Scores,
    /// The softmax over each row's entries, as the reference code's inductive half has it.
    ///
    /// PageRank scores lie close together beside softmax's unit scale, so every entry becomes nearly
    /// 1/(number of entries) and conflicts depend on how far the rows reach rather than on what they
    /// hold. Only for comparison with that code.
    SoftmaxRows,
}

impl Conflict {
    /// The conflicts of labeled nodes from their rows of P: `rows` is `[train.len(), n_nodes]`, in the
    /// order of `train`, as [`PushPpr::rows`](crate::ppr::PushPpr::rows) or
    /// [`ppr_rows`](crate::ppr::ppr_rows) give them.
    ///
    /// For graphs where n × classes numbers do not fit twice, and for the approximate scores of the
    /// reference code. Time is entries × classes; 8 bytes for each node and class are needed.
    ///
    /// # Errors
    /// As [`ClassInfluence::solve`](super::ClassInfluence::solve), and [`Error::Core`] where there is
    /// not one row for each node.
    pub fn from_rows<T: Scalar>(
        rows: &Csr<T>,
        labels: &Labels,
        train: &[u32],
        input: TotoroInput,
    ) -> Result<Self> {
        let labeled = LabeledSet::new(rows.n_cols(), labels, train)?;
        if rows.n_rows() != train.len() {
            return Err(Error::invalid(
                "rows",
                format!("{} rows for {} labeled nodes", rows.n_rows(), train.len()),
            ));
        }
        let n_classes = labeled.n_classes();
        let mut influence = vec![0.0; rows.n_cols() * n_classes];
        for (row, &class) in labeled.classes.iter().enumerate() {
            let class = class as usize;
            for (node, score) in scores(rows, row, input) {
                influence[node as usize * n_classes + class] +=
                    score / labeled.counts[class] as f64;
            }
        }
        let values = labeled
            .classes
            .iter()
            .enumerate()
            .map(|(row, &class)| {
                scores(rows, row, input)
                    .map(|(node, score)| {
                        let influence = &influence[node as usize * n_classes..][..n_classes];
                        score * foreign(influence, class)
                    })
                    .sum()
            })
            .collect();
        Ok(Self::new(labeled.nodes, values))
    }
}

fn scores<T: Scalar>(
    rows: &Csr<T>,
    row: usize,
    input: TotoroInput,
) -> impl Iterator<Item = (u32, f64)> {
    let (nodes, values) = rows.row(row);
    let most = values.iter().map(|v| v.widen()).fold(f64::MIN, f64::max);
    let score = move |value: &T| match input {
        TotoroInput::Scores => value.widen(),
        TotoroInput::SoftmaxRows => (value.widen() - most).exp(),
    };
    let total: f64 = match input {
        TotoroInput::Scores => 1.0,
        TotoroInput::SoftmaxRows => values.iter().map(score).sum(),
    };
    nodes
        .iter()
        .zip(values)
        .map(move |(&node, value)| (node, score(value) / total))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn softmax_flattens_by_hand() {
        // Rows (ln 2, ln 1) and (-, ln 5): softmax (2/3, 1/3) and (0, 1). The classes have one label
        // each, so T₀ = 1/3 · 1 and T₁ = 1 · 1/3.
        let rows = Csr::new(
            2,
            2,
            vec![0, 2, 3],
            vec![0, 1, 1],
            vec![2.0_f64.ln(), 0.0, 5.0_f64.ln()],
        )
        .unwrap();
        let labels = Labels::complete(&[0, 1]).unwrap();
        let conflict =
            Conflict::from_rows(&rows, &labels, &[0, 1], TotoroInput::SoftmaxRows).unwrap();
        for value in conflict.values() {
            assert!((value - 1.0 / 3.0).abs() < 1e-15);
        }
        // As they are: T₀ = Σₓ row₀ · row₁ = ln 1 · ln 5 = 0.
        let plain = Conflict::from_rows(&rows, &labels, &[0, 1], TotoroInput::Scores).unwrap();
        assert_eq!(plain.values(), [0.0, 0.0]);
        let error = Conflict::from_rows(&rows, &labels, &[0], TotoroInput::Scores).unwrap_err();
        assert!(error.to_string().contains("class 1 of 2"), "{error}");
    }
}
