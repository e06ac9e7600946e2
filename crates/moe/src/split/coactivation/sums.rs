//! Sums of products of activations, for all pairs of neurons.

use gemm::Parallelism;
use rayon::prelude::*;

/// Tokens whose products are summed before the sum is limited to 1.
pub(super) const GROUP: usize = 8;

/// Rows of the matrix that one task fills.
const BAND: usize = 64;

/// How many multiply-adds of a matrix product take as long as one update of a single entry.
const UPDATE_COST: usize = 32;

/// A symmetric matrix of which only the part above the diagonal is used.
#[derive(Debug, Clone)]
pub(super) struct Sums {
    neurons: usize,
    /// `[neurons, neurons]`
    values: Vec<f32>,
}

impl Sums {
    /// All zeros.
    pub(super) fn new(neurons: usize) -> Self {
        Self {
            neurons,
            values: vec![0.0; neurons * neurons],
        }
    }

    /// Number of neurons.
    pub(super) fn neurons(&self) -> usize {
        self.neurons
    }

    /// The sum of two different neurons.
    pub(super) fn get(&self, m: usize, n: usize) -> f32 {
        self.values[m.min(n) * self.neurons + m.max(n)]
    }

    /// The sums of a neuron with those after it.
    pub(super) fn after(&self, m: usize) -> &[f32] {
        &self.values[m * self.neurons..][m + 1..self.neurons]
    }

    /// Adds h_m · h_n for all tokens, by a matrix product or, where few neurons are active, one by
    /// one.
    ///
    /// # Shapes
    /// - activations: `[tokens, neurons]`, none negative
    pub(super) fn add_products(&mut self, activations: &[f32]) {
        let tokens: Vec<Active> = activations
            .par_chunks_exact(self.neurons)
            .map(|token| Active::new(token, self.neurons))
            .collect();
        let updates: usize = tokens.iter().map(|token| token.neurons.len().pow(2)).sum();
        if updates * UPDATE_COST > activations.len() * self.neurons {
            self.add_dense_products(activations);
        } else {
            self.add_active_products(&tokens);
        }
    }

    fn add_active_products(&mut self, tokens: &[Active]) {
        let width = self.neurons;
        self.bands(|start, band| {
            for token in tokens {
                for place in token.places(start, band.len() / width) {
                    let row = &mut band[(token.neurons[place] as usize - start) * width..];
                    let h = token.values[place];
                    let after = place + 1..token.neurons.len();
                    let others = token.neurons[after.clone()].iter();
                    for (&other, value) in others.zip(&token.values[after]) {
                        row[other as usize] += h * value;
                    }
                }
            }
        });
    }

    fn add_dense_products(&mut self, activations: &[f32]) {
        let width = self.neurons;
        let tokens = activations.len() / width;
        self.bands(|start, band| {
            // SAFETY: the product is of `[rows, tokens]`, columns `start..` of the activations
            // transposed, with `[tokens, width - start]`, the columns from there to the last. It is
            // added to the same columns of the band, which is borrowed alone.
            unsafe {
                gemm::gemm(
                    band.len() / width,
                    width - start,
                    tokens,
                    band.as_mut_ptr().add(start),
                    1,
                    width as isize,
                    true,
                    activations.as_ptr().add(start),
                    width as isize,
                    1,
                    activations.as_ptr().add(start),
                    1,
                    width as isize,
                    1.0,
                    1.0,
                    false,
                    false,
                    false,
                    Parallelism::None,
                );
            }
        });
    }

    /// Adds the lesser of 1 and the sum of h_m · h_n over each group of [`GROUP`] tokens.
    ///
    /// # Shapes
    /// - activations: `[groups * GROUP, neurons]`, none negative
    pub(super) fn add_clamped_groups(&mut self, activations: &[f32]) {
        let width = self.neurons;
        let groups: Vec<Active> = activations
            .par_chunks_exact(GROUP * width)
            .map(|group| Active::new(group, width))
            .collect();
        self.bands(|start, band| {
            let mut products = vec![0.0; width];
            for group in &groups {
                let count = group.neurons.len();
                for place in group.places(start, band.len() / width) {
                    let products = &mut products[..count - place - 1];
                    products.fill(0.0);
                    for token in group.values.chunks_exact(count) {
                        let h = token[place];
                        for (product, value) in products.iter_mut().zip(&token[place + 1..]) {
                            *product += h * value;
                        }
                    }
                    let row = &mut band[(group.neurons[place] as usize - start) * width..];
                    for (&other, product) in group.neurons[place + 1..].iter().zip(products) {
                        row[other as usize] += product.min(1.0);
                    }
                }
            }
        });
    }

    /// Runs `work` for all bands of rows, with the first row of each.
    fn bands(&mut self, work: impl Fn(usize, &mut [f32]) + Sync) {
        self.values
            .par_chunks_mut(BAND * self.neurons)
            .enumerate()
            .for_each(|(index, band)| work(index * BAND, band));
    }
}

/// The neurons that are active for at least one of some tokens, in rising order.
struct Active {
    neurons: Vec<u32>,
    /// Their values, `[tokens, neurons.len()]`.
    values: Vec<f32>,
}

impl Active {
    /// The active ones of `width` neurons, for tokens `[tokens, width]`.
    fn new(tokens: &[f32], width: usize) -> Self {
        let neurons: Vec<u32> = (0..width)
            .filter(|&neuron| tokens.iter().skip(neuron).step_by(width).any(|&h| h > 0.0))
            .map(|neuron| neuron as u32)
            .collect();
        let mut values = Vec::with_capacity(neurons.len() * (tokens.len() / width));
        for token in tokens.chunks_exact(width) {
            values.extend(neurons.iter().map(|&neuron| token[neuron as usize]));
        }
        Self { neurons, values }
    }

    /// Places of the active ones among `count` neurons from `start` on.
    fn places(&self, start: usize, count: usize) -> std::ops::Range<usize> {
        let place = |end: usize| {
            self.neurons
                .partition_point(|&neuron| (neuron as usize) < end)
        };
        place(start)..place(start + count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generator::splitmix64;
    use crate::testing::with_threads;

    fn activations(tokens: usize, neurons: usize, percent: u64) -> Vec<f32> {
        let mut draws = splitmix64(percent);
        let mut draw = || draws.next().map_or(0, |draw| draw % 100);
        (0..tokens * neurons)
            .map(|_| {
                if draw() < percent {
                    draw() as f32 / 64.0
                } else {
                    0.0
                }
            })
            .collect()
    }

    fn check(sums: &Sums, expected: impl Fn(usize, usize) -> f32) {
        for m in 0..sums.neurons() {
            for (offset, found) in sums.after(m).iter().enumerate() {
                let wanted = expected(m, m + 1 + offset);
                assert!((found - wanted).abs() <= 1e-5 * wanted, "{found}, {wanted}");
                assert_eq!(*found, sums.get(m + 1 + offset, m));
            }
        }
    }

    #[test]
    fn both_ways_to_sum_agree() {
        let (tokens, neurons) = (40, 150);
        for percent in [0, 4, 30, 100] {
            let h = activations(tokens, neurons, percent);
            let product = |m: usize, n: usize| {
                let products = h.chunks(neurons).map(|token| token[m] * token[n]);
                products.sum()
            };
            let lists: Vec<Active> = h.chunks(neurons).map(|t| Active::new(t, neurons)).collect();
            let mut listed = Sums::new(neurons);
            listed.add_active_products(&lists);
            check(&listed, product);
            let mut dense = Sums::new(neurons);
            dense.add_dense_products(&h);
            check(&dense, product);
            let mut chosen = Sums::new(neurons);
            chosen.add_products(&h);
            assert!(chosen.after(0) == listed.after(0) || chosen.after(0) == dense.after(0));
        }
    }

    #[test]
    fn groups_add_at_most_one() {
        let (tokens, neurons) = (5 * GROUP, 130);
        let h = activations(tokens, neurons, 10);
        let mut sums = Sums::new(neurons);
        sums.add_clamped_groups(&h);
        check(&sums, |m, n| {
            let groups = h.chunks(GROUP * neurons).map(|group| {
                let products = group.chunks(neurons).map(|token| token[m] * token[n]);
                products.sum::<f32>().min(1.0)
            });
            groups.sum()
        });
    }

    #[test]
    fn threads_do_not_change_the_sums() {
        let h = activations(64, 300, 50);
        let sums = |threads| {
            with_threads(threads, || {
                let mut sums = Sums::new(300);
                sums.add_dense_products(&h);
                sums.add_clamped_groups(&h);
                sums.values
            })
        };
        assert_eq!(sums(1), sums(2));
    }
}
