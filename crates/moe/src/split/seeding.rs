//! First centers for k-means.

use rand::RngExt;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;

use super::points::{Points, TASK, squared_distance};

/// Centers by k-means++ (Arthur and Vassilvitskii 2007): points that are drawn one after the other,
/// each with a probability proportional to its squared distance from the nearest one drawn before.
///
/// Where every point coincides with a center, all points are equally likely.
///
/// # Shapes
/// - result: `[count, width]`
pub(super) fn plus_plus(points: Points<'_>, count: usize, rng: &mut ChaCha8Rng) -> Vec<f32> {
    let mut centers = Vec::with_capacity(count * points.width());
    let mut nearest = vec![f32::INFINITY; points.len()];
    let mut drawn = rng.random_range(0..points.len());
    loop {
        let center = points.point(drawn);
        centers.extend_from_slice(center);
        if centers.len() == count * points.width() {
            return centers;
        }
        let sums: Vec<f64> = nearest
            .par_chunks_mut(TASK)
            .enumerate()
            .map(|(task, nearest)| {
                let mut sum = 0.0;
                for (offset, nearest) in nearest.iter_mut().enumerate() {
                    let point = points.point(task * TASK + offset);
                    *nearest = nearest.min(squared_distance(point, center));
                    sum += f64::from(*nearest);
                }
                sum
            })
            .collect();
        drawn = draw(&nearest, &sums, rng);
    }
}

/// An index with a probability proportional to its weight; `sums` holds the weights' sums by task.
fn draw(weights: &[f32], sums: &[f64], rng: &mut ChaCha8Rng) -> usize {
    let total: f64 = sums.iter().sum();
    if total <= 0.0 {
        return rng.random_range(0..weights.len());
    }
    let mut left = rng.random::<f64>() * total;
    for (task, (&sum, weights)) in sums.iter().zip(weights.chunks(TASK)).enumerate() {
        if left >= sum {
            left -= sum;
            continue;
        }
        for (offset, &weight) in weights.iter().enumerate() {
            left -= f64::from(weight);
            if left < 0.0 {
                return task * TASK + offset;
            }
        }
    }
    // Rounding can leave a sliver behind the last weight that is not zero.
    weights
        .iter()
        .rposition(|&weight| weight > 0.0)
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    #[test]
    fn distinct_points_are_drawn_before_any_twice() {
        // 300 points at five places.
        let rows: Vec<f32> = (0..300).flat_map(|n| [(n % 5) as f32, 1.0]).collect();
        let points = Points::new(&rows, 2).unwrap();
        for seed in 0..20 {
            let mut rng = ChaCha8Rng::seed_from_u64(seed);
            let centers = plus_plus(points, 7, &mut rng);
            let mut places: Vec<u32> = centers.chunks(2).take(5).map(|c| c[0] as u32).collect();
            places.sort_unstable();
            assert_eq!(places, [0, 1, 2, 3, 4]);
            assert_eq!(centers.len(), 14);
        }
    }

    #[test]
    fn draws_follow_the_weights() {
        let mut weights = vec![0.0; 2 * TASK];
        (weights[3], weights[TASK + 1], weights[TASK + 2]) = (1.0, 2.0, 1.0);
        let mut counts = [0; 3];
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        for _ in 0..4000 {
            match draw(&weights, &[1.0, 3.0], &mut rng) {
                3 => counts[0] += 1,
                at if at == TASK + 1 => counts[1] += 1,
                at if at == TASK + 2 => counts[2] += 1,
                other => panic!("drew {other}, whose weight is 0"),
            }
        }
        for (count, expected) in counts.iter().zip([1000, 2000, 1000]) {
            assert!(i32::abs(count - expected) < 150, "{counts:?}");
        }
    }
}
