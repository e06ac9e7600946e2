//! A parameter whose rows are points.

use burn::module::{Module, Param};
use burn::tensor::{Tensor, TensorData};

use crate::geometry::{Precision, project, residual, time};
use crate::{Curvature, Error, Result};

/// A trainable tensor whose last axis holds points of one hyperboloid.
///
/// The type is the mark by which [`ManifoldRegistry`](super::ManifoldRegistry) tells points from
/// Euclidean parameters. The curvature is kept twice: as a setting, which the computations use, and as
/// a frozen tensor, which goes into every record and checkpoint beside the points.
/// [`ManifoldParam::check`] compares the two after loading.
#[derive(Module, Debug)]
pub struct ManifoldParam<const D: usize> {
    points: Param<Tensor<D>>,
    k: Param<Tensor<1>>,
    #[module(skip)]
    curvature: Curvature,
}

impl<const D: usize> ManifoldParam<D> {
    /// A parameter with the space components of `points`; their times are computed.
    ///
    /// # Shapes
    /// - points: `[.., n + 1]`
    ///
    /// # Errors
    /// [`Error::Core`] where a point has no space components.
    pub fn from_points(points: Tensor<D>, curvature: Curvature) -> Result<Self> {
        let width = points.dims()[D - 1];
        if width < 2 {
            return Err(Error::invalid(
                "points",
                format!("have {width} components, need a time and at least one of space"),
            ));
        }
        let k = Tensor::from_data(
            TensorData::new(split(curvature.k()).to_vec(), [2]),
            &points.device(),
        );
        let points = project(points.detach().set_require_grad(false), curvature);
        Ok(Self {
            points: Param::from_tensor(points),
            k: Param::from_tensor(k).set_require_grad(false),
            curvature,
        })
    }

    /// The points, `[.., n + 1]`.
    pub fn val(&self) -> Tensor<D> {
        self.points.val()
    }

    /// The parameter itself: its id, its gradient.
    pub fn param(&self) -> &Param<Tensor<D>> {
        &self.points
    }

    /// The curvature of the points' space.
    pub fn curvature(&self) -> Curvature {
        self.curvature
    }

    /// Checks what was loaded: that the points belong to this curvature, and lie on the upper sheet of the
    /// hyperboloid.
    ///
    /// # Errors
    /// [`Error::CurvatureMismatch`] where the record holds points of another curvature,
    /// [`Error::OffManifold`] where a point is not one or not finite, [`Error::LowTime`] where it lies on
    /// the lower sheet.
    pub fn check(&self) -> Result<()> {
        let stored = joined(&self.k.val());
        let expected = joined_of(split(self.curvature.k()));
        if stored != expected {
            return Err(Error::CurvatureMismatch { stored, expected });
        }
        let points = self.val();
        let limit = Precision::of(points.dtype()).residual;
        let worst = residual(points.detach(), self.curvature)
            .into_data()
            .iter::<f64>()
            .fold(0.0, |worst, value| {
                if value <= worst || worst.is_nan() {
                    worst
                } else {
                    value
                }
            });
        if worst <= limit {
            return self.check_sheet(limit);
        }
        Err(Error::OffManifold {
            residual: worst,
            limit,
        })
    }

    /// Refuses times below √k by more than rounding.
    fn check_sheet(&self, limit: f64) -> Result<()> {
        let radius = self.curvature.radius();
        let times = time(self.val().detach()).into_data();
        let lowest = times.iter::<f64>().fold(f64::INFINITY, f64::min);
        if lowest >= radius * (1.0 - limit) {
            return Ok(());
        }
        Err(Error::LowTime {
            time: lowest,
            radius,
        })
    }
}

/// Two single-precision numbers whose sum is `k` up to 2⁻⁴⁸ of it: every device can store them.
fn split(k: f64) -> [f32; 2] {
    let high = k as f32;
    [high, (k - f64::from(high)) as f32]
}

fn joined_of([high, low]: [f32; 2]) -> f64 {
    f64::from(high) + f64::from(low)
}

/// k of a stored pair.
pub(super) fn joined<const D: usize>(pair: &Tensor<D>) -> f64 {
    pair.clone().into_data().iter::<f64>().sum()
}

#[cfg(test)]
mod tests {
    use burn::tensor::DType;

    use super::*;
    use crate::testing::{everywhere, points, tensor};

    /// −x has the residual of x.
    #[test]
    fn the_lower_sheet_is_refused() {
        everywhere(|device, dtype, curvature| {
            let x = points(6, 3, 3.0, curvature, 1, (device, dtype));
            let mut param = ManifoldParam::from_points(x.clone(), curvature).unwrap();
            param.check().unwrap();
            let signs = tensor(&[1.0, 1.0, -1.0, 1.0, 1.0, 1.0], [6, 1], device, dtype);
            param.points = Param::from_tensor(x.clone() * signs);
            assert!(matches!(param.check(), Err(Error::LowTime { time, .. }) if time < 0.0));
            param.points = Param::from_tensor(x.mul_scalar(f64::NAN));
            assert!(matches!(param.check(), Err(Error::OffManifold { .. })));
        });
    }

    /// The origin, whose time rounding can take below √k.
    #[test]
    fn the_origin_is_accepted() {
        let k = Curvature::from_k(0.3).unwrap();
        for device in crate::testing::devices() {
            let zero = tensor(&[0.0; 3], [1, 3], &device, DType::F32);
            ManifoldParam::from_points(zero, k)
                .unwrap()
                .check()
                .unwrap();
        }
    }
}
