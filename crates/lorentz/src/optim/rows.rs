//! Parameters as tables of rows, and the rows that a gradient touches.

use burn::tensor::{IndexingUpdateOp, Int, Tensor};

/// The tensor with all axes but the last in one.
pub(super) fn to_rows<const D: usize>(tensor: Tensor<D>) -> Tensor<2> {
    let width = tensor.dims()[D - 1];
    let rows = tensor.dims()[..D - 1].iter().product();
    tensor.reshape([rows, width])
}

/// Which rows an update works on.
pub(super) enum Rows {
    All,
    Some(Box<Tensor<1, Int>>),
    None,
}

impl Rows {
    /// All rows, or those that `gradients` touch.
    pub(super) fn of(gradients: &Tensor<2>, sparse: bool) -> Self {
        if sparse {
            Self::touched(gradients)
        } else {
            Self::All
        }
    }

    /// The rows of `gradients` that hold anything but zeros.
    fn touched(gradients: &Tensor<2>) -> Self {
        let [rows, _] = gradients.dims();
        let touched = gradients
            .clone()
            .not_equal_scalar(0.0)
            .any_dim(1)
            .reshape([rows])
            .argwhere();
        match touched.dims()[0] {
            0 => Self::None,
            count if count == rows => Self::All,
            count => Self::Some(Box::new(touched.reshape([count]))),
        }
    }

    pub(super) fn select(&self, table: &Tensor<2>) -> Tensor<2> {
        match self {
            Self::Some(rows) => table.clone().select(0, rows.as_ref().clone()),
            Self::All | Self::None => table.clone(),
        }
    }

    /// `table` with these rows replaced.
    pub(super) fn assign(&self, table: Tensor<2>, values: Tensor<2>) -> Tensor<2> {
        match self {
            Self::All => values,
            Self::Some(rows) => {
                table.select_assign(0, rows.as_ref().clone(), values, IndexingUpdateOp::Assign)
            }
            Self::None => table,
        }
    }
}
