//! First centers by k-means++.

use plm_core::rng::StreamRng;
use rand::RngExt;

use super::lloyd::{Points, squared_distance};

/// `k` centers: points drawn one after the other, each with a probability proportional to its
/// squared distance from the nearest one drawn before (Arthur and Vassilvitskii 2007). Where every
/// point coincides with a center, all are equally likely.
pub(super) fn plus_plus(points: Points<'_>, k: usize, rng: &mut StreamRng) -> Vec<f64> {
    let mut centers = Vec::with_capacity(k * points.width);
    let mut nearest = vec![f64::INFINITY; points.len()];
    let mut drawn = rng.random_range(0..points.len());
    loop {
        let center = points.point(drawn);
        centers.extend_from_slice(center);
        if centers.len() == k * points.width {
            return centers;
        }
        for (at, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(squared_distance(points.point(at), center));
        }
        drawn = draw(&nearest, rng);
    }
}

/// A position drawn in proportion to its weight, any if all weights are zero.
fn draw(weights: &[f64], rng: &mut StreamRng) -> usize {
    let total: f64 = weights.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..weights.len());
    }
    let mut left = rng.random::<f64>() * total;
    let mut last = 0;
    for (at, &weight) in weights.iter().enumerate().filter(|(_, w)| **w > 0.0) {
        last = at;
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use plm_core::rng::Seed;

    use super::*;

    #[test]
    fn distinct_points_come_before_any_comes_twice() {
        let rows: Vec<f64> = (0..40).flat_map(|n| [f64::from(n % 4), 1.0]).collect();
        let points = Points::new(&rows, 2);
        for seed in 0..20 {
            let centers = plus_plus(points, 5, &mut Seed::new(seed).rng());
            let mut places: Vec<u32> = centers.chunks(2).take(4).map(|c| c[0] as u32).collect();
            places.sort_unstable();
            assert_eq!(places, [0, 1, 2, 3]);
            assert_eq!(centers.len(), 10);
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut rng = Seed::new(1).rng();
        let mut counts = [0_i32; 4];
        for _ in 0..4_000 {
            counts[draw(&[1.0, 0.0, 2.0, 1.0], &mut rng)] += 1;
        }
        assert_eq!(counts[1], 0);
        for (at, expected) in [(0, 1_000), (2, 2_000), (3, 1_000)] {
            assert!((counts[at] - expected).abs() < 150, "{counts:?}");
        }
    }
}
