//! A shape and the bytes of its elements.

use std::borrow::Cow;

use super::{ArrayError, Element};

/// The longest axis of an array without elements.
///
/// Bytes vouch for the length of every other axis. `(1000000000, 0)` has none, and who loops over
/// its rows would be busy for long.
const MAX_EMPTY_AXIS: usize = 1024;

/// An array as NumPy keeps it, its size checked against its bytes.
#[derive(Debug, Clone)]
pub struct Array<'a> {
    element: Element,
    shape: Vec<usize>,
    fortran: bool,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Array<'a> {
    /// The array of `shape`, its elements in `bytes`: the last axis the fastest, or the first where
    /// `fortran` says so.
    ///
    /// # Errors
    /// [`ArrayError`] where the elements do not fill the bytes exactly, an array without elements has
    /// an axis above 1024, or one with `fortran` has more than two axes.
    pub fn new(
        element: Element,
        shape: Vec<usize>,
        fortran: bool,
        bytes: Cow<'a, [u8]>,
    ) -> Result<Self, ArrayError> {
        if byte_length(element, &shape) != Some(bytes.len()) {
            return Err(format!(
                "{} bytes for a shape of {shape:?} with elements of {}",
                bytes.len(),
                element.size()
            )
            .into());
        }
        if bytes.is_empty() && shape.iter().any(|&axis| axis > MAX_EMPTY_AXIS) {
            return Err(format!(
                "a shape of {shape:?} without elements; its axes may be at most {MAX_EMPTY_AXIS}"
            )
            .into());
        }
        if fortran && shape.len() > 2 {
            return Err(format!(
                "a shape of {shape:?} in Fortran's order; read are lists and tables, save it in C's \
                 order"
            )
            .into());
        }
        Ok(Self {
            element,
            shape,
            fortran,
            bytes,
        })
    }

    /// The type of the elements.
    pub fn element(&self) -> Element {
        self.element
    }

    /// The only axis of a list.
    ///
    /// # Errors
    /// [`ArrayError`] where there is not exactly one axis.
    pub fn length(&self) -> Result<usize, ArrayError> {
        match self.shape[..] {
            [length] => Ok(length),
            _ => Err(format!("a shape of {:?}, must be a list", self.shape).into()),
        }
    }

    /// The axes of a table: rows and columns.
    ///
    /// # Errors
    /// [`ArrayError`] where there are not exactly two axes.
    pub fn table(&self) -> Result<[usize; 2], ArrayError> {
        match self.shape[..] {
            [rows, columns] => Ok([rows, columns]),
            _ => Err(format!("a shape of {:?}, must be a table", self.shape).into()),
        }
    }

    /// The elements as integers, the last axis the fastest.
    ///
    /// # Errors
    /// [`ArrayError`] for floating-point numbers, and for a number above the largest 64-bit integer.
    pub fn integers(&self) -> Result<Vec<i64>, ArrayError> {
        let items = self.items().map(|item| self.element.integer(item));
        Ok(self.in_row_order(items.collect::<Result<_, _>>()?))
    }

    /// The elements as the nearest 32-bit floats, the last axis the fastest.
    ///
    /// # Errors
    /// [`ArrayError`] for an integer above the largest 64-bit one.
    pub fn floats(&self) -> Result<Vec<f32>, ArrayError> {
        let items = self.items().map(|item| self.element.float(item));
        Ok(self.in_row_order(items.collect::<Result<_, _>>()?))
    }

    fn items(&self) -> impl Iterator<Item = &[u8]> {
        self.bytes.chunks_exact(self.element.size())
    }

    fn in_row_order<T: Copy>(&self, items: Vec<T>) -> Vec<T> {
        match self.shape[..] {
            [rows, columns] if self.fortran => (0..rows)
                .flat_map(|row| (0..columns).map(move |column| column * rows + row))
                .map(|at| items[at])
                .collect(),
            _ => items,
        }
    }
}

/// Bytes of all elements of an array; `None` where there are more than can be counted.
pub(super) fn byte_length(element: Element, shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(element.size(), |length, &axis| length.checked_mul(axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize], fortran: bool, bytes: &[u8]) -> Result<Array<'static>, ArrayError> {
        let element = Element::parse("|i1").unwrap();
        Array::new(element, shape.to_vec(), fortran, bytes.to_vec().into())
    }

    #[test]
    fn both_orders_read_the_same_table() {
        let rows = array(&[2, 3], false, &[1, 2, 3, 4, 5, 6]).unwrap();
        let columns = array(&[2, 3], true, &[1, 4, 2, 5, 3, 6]).unwrap();
        assert_eq!(rows.integers().unwrap(), [1, 2, 3, 4, 5, 6]);
        assert_eq!(columns.integers(), rows.integers());
        assert_eq!(columns.floats(), rows.floats());
        assert_eq!(rows.table(), Ok([2, 3]));
        assert!(rows.length().unwrap_err().to_string().contains("[2, 3]"));
        let list = array(&[2], true, &[7, 8]).unwrap();
        assert_eq!(
            (list.length(), list.integers().unwrap()),
            (Ok(2), vec![7, 8])
        );
        assert!(list.table().unwrap_err().to_string().contains("[2]"));
    }

    #[test]
    fn sizes_that_bytes_do_not_back_are_refused() {
        for (shape, bytes) in [
            (&[2, 3][..], &[0; 5][..]),
            (&[usize::MAX, 3], &[0; 3]),
            (&[usize::MAX / 2, 4], &[]),
            (&[1_000_000_000, 0], &[]),
        ] {
            let error = array(shape, false, bytes).unwrap_err().to_string();
            assert!(error.contains(&format!("{shape:?}")), "{error}");
        }
        assert!(array(&[10, 0], false, &[]).is_ok());
        assert!(array(&[1, 1, 2], false, &[0; 2]).is_ok());
        let error = array(&[1, 1, 2], true, &[0; 2]).unwrap_err().to_string();
        assert!(error.contains("Fortran"), "{error}");
    }
}
