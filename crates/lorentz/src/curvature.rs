//! The curvature of a hyperbolic space, in the two conventions that are in use.

use serde::{Deserialize, Serialize};

use crate::{Error, Result};

/// The smallest and the largest k: √k and 1/k keep their precision in single-precision tensors.
const LIMITS: [f64; 2] = [1e-12, 1e12];
/// More than a pair of single-precision numbers loses of their sum, relatively.
const ROUNDING: f64 = 1e-13;

/// The constant negative curvature K = −1/k of the hyperboloid ⟨x, x⟩ = −k.
///
/// Libraries disagree on what their one number means, so there is no constructor without a name:
/// [`Curvature::from_k`] takes k > 0 (the squared radius), [`Curvature::from_sectional`] K < 0. In
/// files it is `{"k": 1.0}`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Fields", into = "Fields")]
pub struct Curvature {
    k: f64,
}

#[derive(Serialize, Deserialize)]
#[serde(rename = "Curvature", deny_unknown_fields)]
struct Fields {
    k: f64,
}

impl Curvature {
    /// K = −1, that is k = 1: the curvature of all experiments of the HyboNet paper
    /// (arXiv:2105.14686).
    pub const UNIT: Self = Self { k: 1.0 };

    /// The space of curvature −1/`k`.
    ///
    /// # Errors
    /// [`Error::Curvature`] unless `k` lies in `[1e-12, 1e12]`.
    pub fn from_k(k: f64) -> Result<Self> {
        if (LIMITS[0]..=LIMITS[1]).contains(&k) {
            return Ok(Self { k });
        }
        Err(Error::Curvature {
            what: "k",
            value: k,
            limit: "must lie in [1e-12, 1e12]; k = -1/K is positive",
        })
    }

    /// The space of sectional curvature `sectional`.
    ///
    /// # Errors
    /// [`Error::Curvature`] unless it lies in `[-1e12, -1e-12]`.
    pub fn from_sectional(sectional: f64) -> Result<Self> {
        if (LIMITS[0]..=LIMITS[1]).contains(&-sectional) {
            return Ok(Self {
                k: (-1.0 / sectional).clamp(LIMITS[0], LIMITS[1]),
            });
        }
        Err(Error::Curvature {
            what: "sectional curvature",
            value: sectional,
            limit: "must lie in [-1e12, -1e-12]; hyperbolic spaces have a negative one",
        })
    }

    /// The space of a `k` that was stored and read, whose rounding may have taken it past a limit.
    ///
    /// # Errors
    /// As [`Curvature::from_k`].
    pub(crate) fn from_stored(k: f64) -> Result<Self> {
        let within = k.clamp(LIMITS[0], LIMITS[1]);
        let rounding = (within - k).abs() <= ROUNDING * within;
        Self::from_k(if rounding { within } else { k })
    }

    /// k > 0, with ⟨x, x⟩ = −k on the hyperboloid.
    pub fn k(self) -> f64 {
        self.k
    }

    /// The sectional curvature −1/k.
    pub fn sectional(self) -> f64 {
        -1.0 / self.k
    }

    /// √k: the time of the origin, and the unit in which hyperbolic radii are measured.
    pub fn radius(self) -> f64 {
        self.k.sqrt()
    }
}

impl Default for Curvature {
    fn default() -> Self {
        Self::UNIT
    }
}

impl TryFrom<Fields> for Curvature {
    type Error = Error;

    fn try_from(fields: Fields) -> Result<Self> {
        Self::from_k(fields.k)
    }
}

impl From<Curvature> for Fields {
    fn from(curvature: Curvature) -> Self {
        Self { k: curvature.k }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conventions_agree() {
        let quarter = Curvature::from_k(0.25).unwrap();
        assert_eq!(quarter.sectional(), -4.0);
        assert_eq!(quarter.radius(), 0.5);
        assert_eq!(Curvature::from_sectional(-4.0).unwrap(), quarter);
        assert_eq!(Curvature::default(), Curvature::from_k(1.0).unwrap());
        for bound in [-1e12, -1e-12] {
            assert!(Curvature::from_sectional(bound).is_ok());
        }
    }

    #[test]
    fn other_numbers_are_refused() {
        for k in [0.0, -1.0, 1e13, f64::NAN, f64::INFINITY] {
            let error = Curvature::from_k(k).unwrap_err().to_string();
            assert!(error.starts_with("k = "), "{error}");
        }
        for sectional in [0.0, 1.0, -1e13, f64::NAN, f64::NEG_INFINITY] {
            assert!(Curvature::from_sectional(sectional).is_err());
        }
    }

    #[test]
    fn rounding_does_not_lead_past_the_limits() {
        for (stored, k) in [(1e-12 * (1.0 - 1e-14), 1e-12), (1e12 * (1.0 + 1e-14), 1e12)] {
            assert!(Curvature::from_k(stored).is_err());
            assert_eq!(Curvature::from_stored(stored).unwrap().k(), k);
        }
        assert_eq!(Curvature::from_stored(0.3).unwrap().k(), 0.3);
        for k in [0.0, -1.0, 9e-13, 1.1e12, f64::NAN] {
            assert!(Curvature::from_stored(k).is_err(), "{k}");
        }
    }

    #[test]
    fn files_keep_it_and_refuse_what_it_cannot_be() {
        let four = Curvature::from_k(4.0).unwrap();
        let text = serde_json::to_string(&four).unwrap();
        assert_eq!(text, r#"{"k":4.0}"#);
        assert_eq!(serde_json::from_str::<Curvature>(&text).unwrap(), four);
        for text in [r#"{"k":-1.0}"#, r#"{"c":1.0}"#, "1.0"] {
            assert!(serde_json::from_str::<Curvature>(text).is_err(), "{text}");
        }
    }
}
