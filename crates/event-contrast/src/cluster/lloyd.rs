//! Lloyd's iteration.

/// Points in rows of one width.
#[derive(Clone, Copy)]
pub(super) struct Points<'a> {
    pub(super) width: usize,
    rows: &'a [f64],
}

/// What a run of Lloyd's iteration ends with.
pub(super) struct Run {
    pub(super) labels: Vec<usize>,
    pub(super) centers: Vec<f64>,
    pub(super) inertia: f64,
}

impl<'a> Points<'a> {
    pub(super) fn new(rows: &'a [f64], width: usize) -> Self {
        Self { width, rows }
    }

    pub(super) fn len(self) -> usize {
        self.rows.len() / self.width
    }

    pub(super) fn point(self, at: usize) -> &'a [f64] {
        &self.rows[at * self.width..(at + 1) * self.width]
    }

    /// Every point goes to its nearest center and every center to its points' mean, until no point
    /// moves or `max_iterations` are over. No cluster ends empty.
    pub(super) fn lloyd(self, mut centers: Vec<f64>, max_iterations: usize) -> Run {
        let mut labels = Vec::new();
        for _ in 0..max_iterations {
            let next = self.assign(&centers);
            if next == labels {
                break;
            }
            labels = next;
            self.move_centers(&labels, &mut centers);
        }
        let center = |label: usize| &centers[label * self.width..(label + 1) * self.width];
        let distances =
            (0..self.len()).map(|at| squared_distance(self.point(at), center(labels[at])));
        Run {
            inertia: distances.sum(),
            labels,
            centers,
        }
    }

    /// The nearest center of every point. A center without points gets the point that is furthest
    /// from its own among the clusters of several points.
    fn assign(self, centers: &[f64]) -> Vec<usize> {
        let k = centers.len() / self.width;
        let mut sizes = vec![0_usize; k];
        let mut distances = Vec::with_capacity(self.len());
        let mut labels = Vec::with_capacity(self.len());
        for at in 0..self.len() {
            let mut best = (0, f64::INFINITY);
            for (label, center) in centers.chunks_exact(self.width).enumerate() {
                let distance = squared_distance(self.point(at), center);
                if distance < best.1 {
                    best = (label, distance);
                }
            }
            sizes[best.0] += 1;
            labels.push(best.0);
            distances.push(best.1);
        }
        for empty in 0..k {
            if sizes[empty] > 0 {
                continue;
            }
            let movable = (0..self.len()).filter(|&at| sizes[labels[at]] > 1);
            let furthest = movable.reduce(|a, b| if distances[b] > distances[a] { b } else { a });
            if let Some(at) = furthest {
                sizes[labels[at]] -= 1;
                sizes[empty] = 1;
                labels[at] = empty;
                distances[at] = 0.0;
            }
        }
        labels
    }

    fn move_centers(self, labels: &[usize], centers: &mut [f64]) {
        centers.fill(0.0);
        let mut sizes = vec![0.0; centers.len() / self.width];
        for (at, &label) in labels.iter().enumerate() {
            sizes[label] += 1.0;
            let center = &mut centers[label * self.width..(label + 1) * self.width];
            for (sum, value) in center.iter_mut().zip(self.point(at)) {
                *sum += value;
            }
        }
        for (center, size) in centers.chunks_exact_mut(self.width).zip(sizes) {
            center.iter_mut().for_each(|value| *value /= size);
        }
    }
}

pub(super) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b) * (a - b)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_iteration_is_as_worked_by_hand() {
        let rows = [0.0, 1.0, 5.0, 9.0];
        let points = Points::new(&rows, 1);
        // 0 | 1 5 9, then 0 1 | 5 9 and means 0.5 and 7.
        let run = points.lloyd(vec![0.0, 1.5], 10);
        assert_eq!(run.labels, [0, 0, 1, 1]);
        assert_eq!(run.centers, [0.5, 7.0]);
        assert_eq!(run.inertia, 0.5 + 8.0);
        let early = points.lloyd(vec![-2.0, 1.5], 1);
        assert_eq!(
            (early.labels, early.centers),
            (vec![1, 1, 1, 0], vec![9.0, 2.0])
        );
    }
}
