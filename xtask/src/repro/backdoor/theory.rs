//! Why it works, in numbers: drops against margins.
//!
//! With the margin m = ln p / (1 - p) of the protected class and the shift s that the perturbation word
//! gives it, the drop is σ(m) - σ(m - s): at most |s| times the largest slope p (1 - p) on the way. A
//! text far from the boundary hardly drops, whatever the shift; so a back door is seen where poisoned
//! texts lie farther out than clean ones, and is not where clean ones lie as far.

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

/// By how much a drop exceeds the bound, at most; not above 0 but for rounding.
pub(super) fn excess(points: &[Point]) -> f64 {
    let sigmoid = |m: f64| 1.0 / (1.0 + (-m).exp());
    let slope = |m: f64| sigmoid(m) * (1.0 - sigmoid(m));
    points
        .iter()
        .map(|point| {
            let (a, b) = (point.margin - point.shift, point.margin);
            // The slope is largest nearest to 0.
            let steepest = if a * b <= 0.0 {
                0.0
            } else {
                a.abs().min(b.abs())
            };
            point.drop.abs() - point.shift.abs() * slope(steepest)
        })
        .fold(f64::NEG_INFINITY, f64::max)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drops_stay_below_the_bound() {
        let point = |margin: f64, shift: f64| {
            let p = |m: f64| 1.0 / (1.0 + (-m).exp());
            Point {
                margin,
                shift,
                drop: p(margin) - p(margin - shift),
            }
        };
        // The example of a shift of 1.2: .1908 at a margin of 2, .00077 at one of 8.
        assert!((point(2.0, 1.2).drop - 0.1908).abs() < 1e-4);
        assert!((point(8.0, 1.2).drop - 0.00077).abs() < 1e-5);
        for margin in [0.0, 0.5, 2.0, 8.0] {
            for shift in [-3.0, -0.1, 0.0, 0.1, 1.2, 5.0, 20.0] {
                assert!(excess(&[point(margin, shift)]) <= 1e-12, "{margin} {shift}");
            }
        }
        let mut wrong = point(8.0, 1.2);
        wrong.drop = 0.1;
        assert!(excess(&[wrong]) > 0.05);
    }
}
