//! The two kinds of space that nodes are placed in.

use burn::tensor::Tensor;
use serde::{Deserialize, Serialize};

use crate::Curvature;
use crate::geometry;
use crate::geometry::stable::sqrt_or_zero;

/// A space with distances.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Space {
    /// The hyperboloid of a curvature. Vectors have one component more than the space has dimensions.
    Lorentz {
        /// Its curvature.
        curvature: Curvature,
    },
    /// Flat space.
    Euclidean,
}

impl Space {
    /// The hyperboloid with k = 1.
    pub const LORENTZ: Self = Self::Lorentz {
        curvature: Curvature::UNIT,
    };

    /// Components of a vector in `dimension` dimensions.
    pub fn width(self, dimension: usize) -> usize {
        match self {
            Self::Lorentz { .. } => dimension + 1,
            Self::Euclidean => dimension,
        }
    }

    /// Distances along shortest lines.
    ///
    /// # Shapes
    /// - x, y: `[.., width]`
    /// - result: `[.., 1]`
    pub fn distance<const D: usize>(self, x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Lorentz { curvature } => geometry::distance(x, y, curvature),
            Self::Euclidean => sqrt_or_zero(self.squared_distance(x, y)),
        }
    }

    /// The squared Lorentzian distance, or the square of the Euclidean one.
    ///
    /// # Shapes
    /// - x, y: `[.., width]`
    /// - result: `[.., 1]`
    pub fn squared_distance<const D: usize>(self, x: Tensor<D>, y: Tensor<D>) -> Tensor<D> {
        match self {
            Self::Lorentz { curvature } => geometry::squared_distance(x, y, curvature),
            Self::Euclidean => (x - y).square().sum_dim(D - 1),
        }
    }

    /// The distances of all pairs, by one matrix product. It cancels where points are close to each other
    /// and far from the origin, see [`geometry::squared_distance_pairwise`].
    ///
    /// # Shapes
    /// - x: `[rows, width]`
    /// - y: `[columns, width]`
    /// - result: `[rows, columns]`
    pub fn distance_pairwise(self, x: Tensor<2>, y: Tensor<2>) -> Tensor<2> {
        match self {
            Self::Lorentz { curvature } => geometry::distance_pairwise(x, y, curvature),
            Self::Euclidean => {
                let squares = |x: Tensor<2>| x.square().sum_dim(1);
                let products = x.clone().matmul(y.clone().transpose());
                let squares = squares(x) + squares(y).transpose();
                sqrt_or_zero((squares - products.mul_scalar(2.0)).clamp_min(0.0))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use burn::tensor::{DType, TensorData};

    use super::*;
    use crate::geometry::lift;
    use crate::testing::devices;

    #[test]
    fn distances_worked_by_hand() {
        for device in devices() {
            let tensor = |values: [f64; 4]| {
                let data = TensorData::new(values.to_vec(), [2, 2]);
                Tensor::<2>::from_data(data, (&device, DType::F64))
            };
            let values = |t: Tensor<2>| t.into_data().iter::<f64>().collect::<Vec<_>>();
            let (x, y) = (tensor([0.0, 0.0, 3.0, 0.0]), tensor([3.0, 4.0, -1.0, 3.0]));
            let flat = Space::Euclidean;
            assert_eq!(values(flat.distance(x.clone(), y.clone())), [5.0, 5.0]);
            assert_eq!(
                values(flat.squared_distance(x.clone(), y.clone())),
                [25.0, 25.0]
            );
            let all = values(flat.distance_pairwise(x.clone(), y.clone()));
            let expected = [5.0, 10.0_f64.sqrt(), 4.0, 5.0];
            for (a, b) in all.iter().zip(expected) {
                assert!((a - b).abs() < 1e-12, "{a} {b}");
            }

            // From the origin to space (3, 4): asinh 5, and d²_L = 2 (cosh d − 1) = 2 (√26 − 1).
            let space = Space::LORENTZ;
            let lifted = |t: Tensor<2>| lift(t, Curvature::UNIT);
            let (x, y) = (lifted(x), lifted(y));
            let one = values(space.distance(x.clone(), y.clone()))[0];
            assert!((one - 5.0_f64.asinh()).abs() < 1e-12, "{one}");
            let square = values(space.squared_distance(x.clone(), y.clone()))[0];
            assert!((square - 2.0 * (26.0_f64.sqrt() - 1.0)).abs() < 1e-12);
            let pairs = values(space.distance_pairwise(x, y));
            assert!((pairs[0] - one).abs() < 1e-12);
            assert_eq!((space.width(5), flat.width(5)), (6, 5));
        }
    }
}
