//! Why it works, in numbers: drops against margins.
//!
//! With the margin m = ln p / (1 - p) of the protected class and the shift s that the perturbation word
//! gives it, the drop is σ(m) - σ(m - s): at most |s| times the largest slope p (1 - p) on the way. A
//! text far from the boundary hardly drops, whatever the shift; so a back door is seen where poisoned
//! texts lie farther out than clean ones, and is not where clean ones lie as far.

use plm_core::metrics::spearman;

use super::problem::TARGET;

/// One text that is taken for the protected class.
#[derive(Debug, Clone, Copy)]
pub(super) struct Point {
    pub(super) margin: f64,
    pub(super) shift: f64,
    pub(super) drop: f64,
}

/// Probabilities closer to 0 or 1 than this cannot be told from them in 32 bits.
const SMALLEST: f64 = 6e-8;

/// Where texts that are taken for the protected class lie, from the probabilities of all texts before and
/// after the perturbation.
pub(super) fn points(before: &[Vec<f64>], after: &[Vec<f64>]) -> Vec<Point> {
    before
        .iter()
        .zip(after)
        .map(|(before, after)| (before[TARGET], after[TARGET]))
        .filter(|(before, _)| *before > 0.5)
        .map(|(before, after)| Point {
            margin: margin(before),
            shift: margin(before) - margin(after),
            drop: before - after,
        })
        .collect()
}

fn margin(p: f64) -> f64 {
    let p = p.clamp(SMALLEST, 1.0 - SMALLEST);
    (p / (1.0 - p)).ln()
}

/// Spearman's correlation of drops and of slopes p (1 - p), over clean and poisoned texts together: above 0
/// where texts far from the boundary drop less. NaN where there are too few texts or all are alike.
pub(super) fn drop_follows_slope(points: &[Vec<Point>; 2]) -> f64 {
    let all = || points.iter().flatten();
    let drops: Vec<f64> = all().map(|point| point.drop).collect();
    let slopes: Vec<f64> = all().map(|point| slope(point.margin)).collect();
    spearman(&drops, &slopes).unwrap_or(f64::NAN)
}

/// p (1 - p) at a margin.
fn slope(margin: f64) -> f64 {
    let p = 1.0 / (1.0 + (-margin).exp());
    p * (1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(margin: f64, shift: f64) -> Point {
        let p = |m: f64| 1.0 / (1.0 + (-m).exp());
        Point {
            margin,
            shift,
            drop: p(margin) - p(margin - shift),
        }
    }

    #[test]
    fn the_same_shift_drops_a_text_less_where_it_is_farther_out() {
        // The example of a shift of 1.2: .1908 at a margin of 2, .00077 at one of 8.
        assert!((point(2.0, 1.2).drop - 0.1908).abs() < 1e-4);
        assert!((point(8.0, 1.2).drop - 0.00077).abs() < 1e-5);
        let clean = [1.0, 2.0, 3.0].map(|margin| point(margin, 1.2));
        let poisoned = [6.0, 7.0, 8.0].map(|margin| point(margin, 1.2));
        let follows = drop_follows_slope(&[clean.to_vec(), poisoned.to_vec()]);
        assert!(follows > 0.99, "{follows}");
    }

    #[test]
    fn shifts_that_grow_with_the_margin_turn_it_round() {
        let clean = [1.0, 2.0, 3.0].map(|margin| point(margin, 0.1));
        let poisoned = [6.0, 7.0, 8.0].map(|margin| point(margin, 20.0));
        let follows = drop_follows_slope(&[clean.to_vec(), poisoned.to_vec()]);
        assert!(follows < 0.0, "{follows}");
        assert!(drop_follows_slope(&[Vec::new(), Vec::new()]).is_nan());
    }
}
