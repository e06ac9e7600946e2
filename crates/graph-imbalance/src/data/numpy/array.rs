//! A shape and the bytes of its elements.

use std::borrow::Cow;

use super::Element;

/// The longest axis of an array without elements.
///
/// Bytes vouch for the length of every other axis. `(1000000000, 0)` has none, and who loops over
/// its rows would be busy for long.
const MAX_EMPTY_AXIS: usize = 1024;

/// An array as NumPy keeps it, its size checked against its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Array<'a> {
    element: Element,
    shape: Vec<usize>,
    fortran: bool,
    bytes: Cow<'a, [u8]>,
}

impl<'a> Array<'a> {
    /// The array of `shape`, its elements in `bytes`: the last axis the fastest, or the first where
    /// `fortran` says so.
    pub(crate) fn new(
        element: Element,
        shape: Vec<usize>,
        fortran: bool,
        bytes: Cow<'a, [u8]>,
    ) -> Result<Self, String> {
        if byte_length(element, &shape) != Some(bytes.len()) {
            return Err(format!(
                "{} bytes for a shape of {shape:?} with elements of {}",
                bytes.len(),
                element.size()
            ));
        }
        if bytes.is_empty() && shape.iter().any(|&axis| axis > MAX_EMPTY_AXIS) {
            return Err(format!(
                "a shape of {shape:?} without elements; its axes may be at most {MAX_EMPTY_AXIS}"
            ));
        }
        Ok(Self {
            element,
            shape,
            fortran,
            bytes,
        })
    }

    /// The only axis of a list.
    pub(crate) fn length(&self) -> Result<usize, String> {
        match self.shape[..] {
            [length] => Ok(length),
            _ => Err(format!("a shape of {:?}, must be a list", self.shape)),
        }
    }

    /// The axes of a table: rows and columns.
    pub(crate) fn table(&self) -> Result<[usize; 2], String> {
        match self.shape[..] {
            [rows, columns] => Ok([rows, columns]),
            _ => Err(format!("a shape of {:?}, must be a table", self.shape)),
        }
    }

    /// The elements as integers, the last axis the fastest.
    pub(crate) fn integers(&self) -> Result<Vec<i64>, String> {
        let items = self.items().map(|item| self.element.integer(item));
        Ok(self.in_row_order(items.collect::<Result<_, _>>()?))
    }

    /// The elements as 32-bit floats, the last axis the fastest.
    pub(crate) fn floats(&self) -> Result<Vec<f32>, String> {
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
pub(crate) fn byte_length(element: Element, shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(element.size(), |length, &axis| length.checked_mul(axis))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(shape: &[usize], fortran: bool, bytes: &[u8]) -> Result<Array<'static>, String> {
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
        assert!(rows.length().unwrap_err().contains("[2, 3]"));
        let list = array(&[2], true, &[7, 8]).unwrap();
        assert_eq!(
            (list.length(), list.integers().unwrap()),
            (Ok(2), vec![7, 8])
        );
        assert!(list.table().unwrap_err().contains("[2]"));
    }

    #[test]
    fn sizes_that_bytes_do_not_back_are_refused() {
        for (shape, bytes) in [
            (&[2, 3][..], &[0; 5][..]),
            (&[usize::MAX, 3], &[0; 3]),
            (&[usize::MAX / 2, 4], &[]),
            (&[1_000_000_000, 0], &[]),
        ] {
            let error = array(shape, false, bytes).unwrap_err();
            assert!(error.contains(&format!("{shape:?}")), "{error}");
        }
        assert!(array(&[10, 0], false, &[]).is_ok());
    }
}
