//! The crate's error type.

/// What every fallible function of this crate returns.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// A mistake in a setting, a tensor or a file. Each text names the place, the value and the limit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A setting, a tensor or a file that `plm-core` refuses.
    #[error(transparent)]
    Core(#[from] plm_core::Error),
    /// A number that is no curvature of a hyperbolic space.
    #[error("{what} = {value}: {limit}")]
    Curvature {
        /// Which number: `k` or the sectional curvature.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        limit: &'static str,
    },
    /// A parameter whose stored curvature is not the one that its layer computes with.
    #[error(
        "the points were stored with k = {stored}, but the layer computes with k = {expected}; build \
         the layer with the stored curvature, or map the points with `change_curvature`"
    )]
    CurvatureMismatch {
        /// k beside the points.
        stored: f64,
        /// k of the layer.
        expected: f64,
    },
    /// A point of the lower sheet, or one that is too low to be a point.
    #[error(
        "points: a time is {time}, but those of the upper sheet are at least sqrt(k) = {radius}"
    )]
    LowTime {
        /// The smallest time.
        time: f64,
        /// √k, the time of the origin.
        radius: f64,
    },
    /// Points that lie too far from the hyperboloid.
    #[error(
        "points: |<x,x> + k| / x0^2 is {residual:e}, must be at most {limit:e}; project them first"
    )]
    OffManifold {
        /// The largest relative residual.
        residual: f64,
        /// The largest that is accepted.
        limit: f64,
    },
}

impl Error {
    /// An argument `what` whose value is out of its domain.
    pub(crate) fn invalid(what: impl Into<String>, reason: impl Into<String>) -> Self {
        plm_core::Error::invalid(what, reason).into()
    }

    /// A setting `key` of `origin` that is out of its domain.
    pub(crate) fn config(
        origin: impl Into<String>,
        key: impl Into<String>,
        reason: impl Into<String>,
    ) -> Self {
        plm_core::Error::config(origin, key, reason).into()
    }
}
