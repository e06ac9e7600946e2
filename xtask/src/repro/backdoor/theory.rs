//! Why drops are small, in numbers: margins, and how far they move.
//!
//! With the margin m = ln p / (1 - p) of the protected class and the shift s that the perturbation word
//! gives it, the drop is σ(m) - σ(m - s). It is small for either of two reasons: the margin hardly moves, or it
//! moves where p is flat, far from the boundary. The paper explains RAP by the second. Both are measured here, and
//! what the drop of a text would be if its margin moved as that of other texts does.

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

/// Spearman's correlation of drops and of slopes p (1 - p): above 0 where texts far from the boundary drop less. NaN
/// where there are too few texts or all are alike.
///
/// Over clean and poisoned texts together it is above 0 too where the two kinds differ in both for another reason:
/// look at it within each kind.
pub(super) fn drop_follows_slope<'p>(points: impl Iterator<Item = &'p Point> + Clone) -> f64 {
    let drops: Vec<f64> = points.clone().map(|point| point.drop).collect();
    let slopes: Vec<f64> = points.map(|point| slope(point.margin)).collect();
    spearman(&drops, &slopes).unwrap_or(f64::NAN)
}

/// The mean drop of `points` if all their margins moved by `shift`; NaN where there is no text.
pub(super) fn drop_if_moved(points: &[Point], shift: f64) -> f64 {
    let drops = points
        .iter()
        .map(|point| sigmoid(point.margin) - sigmoid(point.margin - shift));
    drops.sum::<f64>() / points.len() as f64
}

fn sigmoid(margin: f64) -> f64 {
    1.0 / (1.0 + (-margin).exp())
}

/// p (1 - p) at a margin.
fn slope(margin: f64) -> f64 {
    let p = sigmoid(margin);
    p * (1.0 - p)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn point(margin: f64, shift: f64) -> Point {
        Point {
            margin,
            shift,
            drop: sigmoid(margin) - sigmoid(margin - shift),
        }
    }

    #[test]
    fn the_same_shift_drops_a_text_less_where_it_is_farther_out() {
        // The example of a shift of 1.2: .1908 at a margin of 2, .00077 at one of 8.
        assert!((point(2.0, 1.2).drop - 0.1908).abs() < 1e-4);
        assert!((point(8.0, 1.2).drop - 0.00077).abs() < 1e-5);
        let points = [1.0, 2.0, 3.0, 6.0, 7.0, 8.0].map(|margin| point(margin, 1.2));
        let follows = drop_follows_slope(points.iter());
        assert!(follows > 0.99, "{follows}");
        // Whatever their own shifts are.
        let still = [2.0, 8.0].map(|margin| point(margin, 0.0));
        let moved = drop_if_moved(&still, 1.2);
        assert!((moved - (0.1908 + 0.00077) / 2.0).abs() < 1e-4, "{moved}");
        assert!(drop_if_moved(&[], 1.2).is_nan());
    }

    #[test]
    fn kinds_that_differ_in_margin_and_shift_look_like_saturation_together() {
        // Within each kind the farther texts move more, and drop more.
        let clean = [1.0, 1.5, 2.0].map(|margin| point(margin, 2.0 * margin));
        let shift = |margin: f64| 1e-4 * (1.5 * margin).exp();
        let poisoned = [4.0, 4.5, 5.0].map(|margin| point(margin, shift(margin)));
        let all = clean.iter().chain(&poisoned);
        assert!(drop_follows_slope(all) > 0.0);
        for kind in [clean, poisoned] {
            assert!(drop_follows_slope(kind.iter()) < 0.0, "{kind:?}");
        }
    }

    #[test]
    fn shifts_that_grow_with_the_margin_turn_it_round() {
        let clean = [1.0, 2.0, 3.0].map(|margin| point(margin, 0.1));
        let poisoned = [6.0, 7.0, 8.0].map(|margin| point(margin, 20.0));
        let follows = drop_follows_slope(clean.iter().chain(&poisoned));
        assert!(follows < 0.0, "{follows}");
        let none: [Point; 0] = [];
        assert!(drop_follows_slope(none.iter()).is_nan());
    }
}
