//! Prompts of several tasks: a shared prompt times a matrix of low rank for each task, number by number
//! (multitask prompt tuning, arXiv 2303.02861).

use std::path::Path;

use crate::io::tensors::{RawTensor, TensorFile};
use crate::{Error, PromptMatrix, Result};

const COLS: &str = "prefix_task_cols";
const ROWS: &str = "prefix_task_rows";

/// The matrices of the tasks: `cols` `[tasks, total, ranks]` and `rows` `[tasks, ranks, width]`, where
/// `total` counts the stored rows of the shared prompt.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Factors {
    tasks: usize,
    total: usize,
    ranks: usize,
    width: usize,
    cols: Vec<f32>,
    rows: Vec<f32>,
}

impl Factors {
    /// Names of the tensors.
    pub(super) const NAMES: [&str; 2] = [COLS, ROWS];

    /// Reads the matrices for `total` rows of `width` numbers.
    pub(super) fn read(
        path: &Path,
        file: &mut TensorFile,
        total: usize,
        width: usize,
    ) -> Result<Self> {
        let (cols, rows) = (file.find(COLS)?, file.find(ROWS)?);
        let (tasks, ranks) = match (&cols.shape[..], &rows.shape[..]) {
            (&[tasks, length, ranks], &[same, inner, across])
                if (tasks, length, ranks) == (same, total, inner)
                    && across == width
                    && tasks > 0
                    && ranks > 0 =>
            {
                (tasks, ranks)
            }
            _ => {
                let found = format!("of shape {:?} beside {ROWS} {:?}", cols.shape, rows.shape);
                let expected = format!(
                    "the prompt of {total} rows of {width} needs [tasks, {total}, ranks] and \
                     [tasks, ranks, {width}]"
                );
                return Err(Error::entry(path, COLS, found, expected));
            }
        };
        Ok(Self {
            tasks,
            total,
            ranks,
            width,
            cols: file.floats(&cols)?,
            rows: file.floats(&rows)?,
        })
    }

    /// The tensors.
    pub(super) fn tensors(&self) -> [RawTensor; 2] {
        let (tasks, ranks) = (self.tasks, self.ranks);
        [
            RawTensor::floats(COLS, &[tasks, self.total, ranks], &self.cols),
            RawTensor::floats(ROWS, &[tasks, ranks, self.width], &self.rows),
        ]
    }

    /// Number of tasks.
    pub(super) fn tasks(&self) -> usize {
        self.tasks
    }

    /// The prompt of `task`: `shared ∘ (cols · rows)`, of the first rows as many as `shared` has; `None`
    /// where there is no such task.
    pub(super) fn prompt(
        &self,
        shared: &PromptMatrix,
        task: usize,
    ) -> Option<Result<PromptMatrix>> {
        let cols = self.cols.chunks_exact(self.total * self.ranks).nth(task)?;
        let rows = self.rows.chunks_exact(self.ranks * self.width).nth(task)?;
        let mut values = Vec::with_capacity(shared.values().len());
        let lines = shared.values().chunks_exact(self.width);
        for (line, cols) in lines.zip(cols.chunks_exact(self.ranks)) {
            for (column, &number) in line.iter().enumerate() {
                let down = rows.iter().skip(column).step_by(self.width);
                let product = cols
                    .iter()
                    .zip(down)
                    .map(|(&a, &b)| f64::from(a) * f64::from(b));
                values.push((f64::from(number) * product.sum::<f64>()) as f32);
            }
        }
        Some(PromptMatrix::new(shared.rows(), shared.width(), values))
    }
}
