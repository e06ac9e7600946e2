//! A soft prompt on the host.

use plm_core::check::{finite, same_size};

use crate::{Error, Result};

/// A soft prompt on the host: slots by width, row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct PromptMatrix {
    rows: usize,
    width: usize,
    values: Vec<f32>,
}

impl PromptMatrix {
    /// `rows` slots of `width` numbers each, row by row.
    ///
    /// # Errors
    /// [`Error::Setting`] for a width of 0, [`Error::Size`] where the number of values is another,
    /// [`Error::NotFinite`] for a value that is not finite.
    pub fn new(rows: usize, width: usize, values: Vec<f32>) -> Result<Self> {
        if width == 0 {
            return Err(Error::Setting {
                name: "width",
                value: width.to_string(),
                limit: "a slot has at least one number",
            });
        }
        same_size(
            "values of a prompt",
            values.len(),
            rows.saturating_mul(width),
        )?;
        let prompt = Self::trusted(rows, width, values);
        prompt.check_finite()?;
        Ok(prompt)
    }

    /// Values that are known to fit.
    pub(crate) fn trusted(rows: usize, width: usize, values: Vec<f32>) -> Self {
        debug_assert_eq!(rows * width, values.len());
        Self {
            rows,
            width,
            values,
        }
    }

    /// Number of slots.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Numbers of a slot.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &[f32] {
        &self.values
    }

    /// The numbers of slot `index`.
    ///
    /// # Panics
    /// If there is no such slot.
    pub fn row(&self, index: usize) -> &[f32] {
        &self.values[index * self.width..(index + 1) * self.width]
    }

    /// All numbers are finite: training may have left some that are not.
    ///
    /// # Errors
    /// [`Error::NotFinite`].
    pub(crate) fn check_finite(&self) -> Result<()> {
        finite("prompt", self.values.iter().copied())?;
        Ok(())
    }

    /// `self` and `other` have the same numbers of slots and columns.
    ///
    /// # Errors
    /// [`Error::Size`] where they differ.
    pub(crate) fn check_same_size(&self, other: &Self) -> Result<()> {
        self.check_size("prompt", other.rows, other.width)
    }

    /// Another prompt called `what` has this one's numbers of slots and columns.
    ///
    /// # Errors
    /// [`Error::Size`] where they differ.
    pub(crate) fn check_size(&self, what: &str, rows: usize, width: usize) -> Result<()> {
        same_size(format_args!("slots of the {what}"), rows, self.rows)?;
        same_size(
            format_args!("numbers a slot of the {what}"),
            width,
            self.width,
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_lie_one_after_the_other() {
        let prompt = PromptMatrix::new(2, 3, vec![0.0, 1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((prompt.rows(), prompt.width()), (2, 3));
        assert_eq!(prompt.row(1), [3.0, 4.0, 5.0]);
        assert_eq!(prompt.values().len(), 6);
        assert!(PromptMatrix::new(0, 3, Vec::new()).is_ok());
    }

    #[test]
    fn wrong_sizes_and_values_are_named() {
        let text = |result: Result<PromptMatrix>| result.unwrap_err().to_string();
        assert!(text(PromptMatrix::new(2, 3, vec![0.0; 5])).contains("5, expected 6"));
        assert!(text(PromptMatrix::new(1, 0, vec![])).contains("width = 0"));
        assert!(text(PromptMatrix::new(1, 2, vec![0.0, f32::NAN])).contains("value 1 is NaN"));
    }
}
