//! Limits that depend on the data type.

use burn::tensor::DType;

/// Where formulas change over in one data type.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Precision {
    /// Below this q, the series of cosh √q and sinh √q / √q replace the closed forms.
    pub(crate) sinh_series: f64,
    /// Below this q, the series of asinh √q / √q replaces the closed form.
    pub(crate) asinh_series: f64,
    /// What counts as zero under a square root.
    pub(crate) tiny: f64,
    /// The longest tangent vector, in units of √k, whose exponential neither overflows nor whose
    /// square does.
    pub(crate) longest: f64,
    /// The hyperbolic radius, in units of √k, that optimizers keep points within: farther out, rounding
    /// outweighs the curvature, and momenta grow by it at every transport.
    pub(crate) farthest: f64,
    /// How far from the boundary points of the Klein and Poincaré balls are kept.
    pub(crate) margin: f64,
    /// Largest residual of a point, relative to its squared time.
    pub(crate) residual: f64,
}

impl Precision {
    pub(crate) fn of(dtype: DType) -> Self {
        match dtype {
            DType::F64 => Self {
                sinh_series: 1e-4,
                asinh_series: 1e-4,
                tiny: 1e-290,
                longest: 170.0,
                farthest: 19.0,
                margin: 1e-15,
                residual: 1e-12,
            },
            DType::F16 => Self {
                sinh_series: 0.1,
                asinh_series: 1e-2,
                tiny: 6.2e-5,
                longest: 4.0,
                farthest: 4.0,
                margin: 1e-3,
                residual: 1e-2,
            },
            DType::BF16 => Self {
                sinh_series: 0.1,
                asinh_series: 1e-2,
                tiny: 1e-36,
                longest: 20.0,
                farthest: 3.0,
                margin: 1e-2,
                residual: 5e-2,
            },
            _ => Self {
                sinh_series: 0.1,
                asinh_series: 1e-2,
                tiny: 1e-36,
                longest: 20.0,
                farthest: 9.0,
                margin: 2.5e-7,
                residual: 1e-5,
            },
        }
    }
}
