//! Arithmetic of figures that have bounds: what is not a number must not pass for one.

use anyhow::Result;
use plm_core::metrics::mean_std;

/// The larger of two, or what is not a number.
pub(super) fn worse(a: f64, b: f64) -> f64 {
    if b <= a || a.is_nan() { a } else { b }
}

/// The smaller of two, or what is not a number.
pub(super) fn lesser(a: f64, b: f64) -> f64 {
    if b >= a || a.is_nan() { a } else { b }
}

/// The mean minus twice its standard error: what is left of a gain that is not chance. Of one seed it is the
/// gain itself.
pub(super) fn certain(gains: &[f64]) -> Result<f64> {
    let summary = mean_std(gains)?;
    let error = summary.std.unwrap_or(0.0) / (summary.count as f64).sqrt();
    Ok(summary.mean - 2.0 * error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_number_is_neither_larger_nor_smaller_but_stays() {
        for values in [[0.5, 2.0, -1.0], [2.0, -1.0, 0.5]] {
            assert_eq!(values.into_iter().fold(f64::NEG_INFINITY, worse), 2.0);
            assert_eq!(values.into_iter().fold(f64::INFINITY, lesser), -1.0);
        }
        for values in [[f64::NAN, 1.0], [1.0, f64::NAN]] {
            assert!(values.into_iter().fold(f64::NEG_INFINITY, worse).is_nan());
            assert!(values.into_iter().fold(f64::INFINITY, lesser).is_nan());
        }
    }

    #[test]
    fn chance_is_taken_off_a_gain() {
        assert_eq!(certain(&[0.25]).unwrap(), 0.25);
        assert_eq!(certain(&[0.25; 3]).unwrap(), 0.25);
        // A deviation of .1 over 4 seeds.
        let gains = [0.2, 0.4, 0.3, 0.3];
        let deviation = (0.02_f64 / 3.0).sqrt();
        assert!((certain(&gains).unwrap() - (0.3 - deviation)).abs() < 1e-12);
        assert!(certain(&[]).is_err());
    }
}
