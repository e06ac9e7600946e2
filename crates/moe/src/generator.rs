//! The synthetic layer that reference numbers were computed on, in `f64`.
//!
//! Neurons lie around 16 planted centers and every token around two of them, so that a good division
//! and its quality are known. The numbers come from SplitMix64 and need nothing but additions and
//! multiplications, so other programs can reproduce them exactly.

use plm_core::kernel::Activation;

use crate::FfnWeights;

/// Numbers `1, 2, ...` of SplitMix64.
pub(crate) fn splitmix64(seed: u64) -> impl Iterator<Item = u64> {
    let mut state = seed;
    std::iter::repeat_with(move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    })
}

/// Numbers with mean 0 and variance 1: sums of twelve uniform ones, less 6.
pub(crate) fn normals(seed: u64, count: usize) -> Vec<f64> {
    let mut uniform = splitmix64(seed).map(|z| (z >> 11) as f64 / (1_u64 << 53) as f64);
    let mut normal = || (&mut uniform).take(12).sum::<f64>() - 6.0;
    (0..count).map(|_| normal()).collect()
}

/// Width of inputs and outputs.
pub(crate) const WIDTH: usize = 64;
/// Number of neurons.
pub(crate) const NEURONS: usize = 512;
/// Number of planted centers.
pub(crate) const EXPERTS: usize = 16;
/// Number of tokens.
pub(crate) const TOKENS: usize = 4096;

/// The layer and its inputs.
pub(crate) struct Planted {
    /// Center of each neuron, `[F]`.
    pub(crate) labels: Vec<u32>,
    /// `[F, d]`
    pub(crate) w_in: Vec<f64>,
    /// `[F, d]`
    pub(crate) w_out: Vec<f64>,
    /// `[T, d]`
    pub(crate) x: Vec<f64>,
}

impl Planted {
    pub(crate) fn new() -> Self {
        let centers = normalized(normals(11, EXPERTS * WIDTH));
        let shift = normalized(normals(12, WIDTH));
        let labels: Vec<u32> = (0..NEURONS).map(|n| (7 * n % EXPERTS) as u32).collect();
        let noise = normals(13, NEURONS * WIDTH);
        let center = |group: usize, column: usize| centers[group * WIDTH + column];
        let mut w_in = Vec::new();
        for (label, noise) in labels.iter().zip(noise.chunks_exact(WIDTH)) {
            for (column, noise) in noise.iter().enumerate() {
                let value = center(*label as usize, column) + 0.08 * noise;
                w_in.push(value - 0.5 * shift[column]);
            }
        }
        let root = (NEURONS as f64).sqrt();
        let w_out = normals(14, NEURONS * WIDTH);
        let w_out = w_out.into_iter().map(|value| value / root).collect();
        let groups: Vec<usize> = splitmix64(15)
            .take(2 * TOKENS)
            .map(|z| (z % EXPERTS as u64) as usize)
            .collect();
        let noise = normals(16, TOKENS * WIDTH);
        let mut x = Vec::new();
        for (groups, noise) in groups.chunks_exact(2).zip(noise.chunks_exact(WIDTH)) {
            for (column, noise) in noise.iter().enumerate() {
                let value = center(groups[0], column) + 0.7 * center(groups[1], column);
                x.push(value + shift[column] + 0.03 * noise);
            }
        }
        Self {
            labels,
            w_in,
            w_out,
            x,
        }
    }

    /// Values of the neurons before the activation, `[T, F]`.
    pub(crate) fn products(&self) -> Vec<f64> {
        let mut out = Vec::with_capacity(TOKENS * NEURONS);
        for x in self.x.chunks_exact(WIDTH) {
            let product = |w: &[f64]| w.iter().zip(x).map(|(w, x)| w * x).sum::<f64>();
            out.extend(self.w_in.chunks_exact(WIDTH).map(product));
        }
        out
    }

    /// What each expert adds to each token, `[T, E, d]`, given the factors of the output rows,
    /// `[T, F]`, and the expert of each neuron.
    pub(crate) fn outputs(&self, factors: &[f64], labels: &[u32]) -> Vec<f64> {
        let mut out = vec![0.0; TOKENS * EXPERTS * WIDTH];
        let tokens = out.chunks_exact_mut(EXPERTS * WIDTH);
        for (out, factors) in tokens.zip(factors.chunks_exact(NEURONS)) {
            for (neuron, &factor) in factors.iter().enumerate().filter(|(_, f)| **f != 0.0) {
                let out = &mut out[labels[neuron] as usize * WIDTH..][..WIDTH];
                let row = &self.w_out[neuron * WIDTH..(neuron + 1) * WIDTH];
                for (out, weight) in out.iter_mut().zip(row) {
                    *out += factor * weight;
                }
            }
        }
        out
    }

    /// The layer in `f32`.
    pub(crate) fn weights(&self, activation: Activation) -> FfnWeights {
        FfnWeights {
            hidden_size: WIDTH,
            neurons: NEURONS,
            w_in: single(&self.w_in),
            b_in: None,
            w_gate: None,
            b_gate: None,
            w_out: single(&self.w_out),
            b_out: None,
            activation,
        }
    }

    /// What the neurons give for the first `tokens` inputs: max(x · W_inᵀ, 0), `[tokens, F]`.
    pub(crate) fn activations(&self, tokens: usize) -> Vec<f64> {
        let mut activations = Vec::with_capacity(tokens * NEURONS);
        for x in self.x.chunks_exact(WIDTH).take(tokens) {
            activations.extend(self.w_in.chunks_exact(WIDTH).map(|w| {
                let product: f64 = x.iter().zip(w).map(|(x, w)| x * w).sum();
                product.max(0.0)
            }));
        }
        activations
    }

    /// The share of neurons whose group's most frequent planted expert is theirs; 1 if `labels`
    /// divides the neurons just as planted.
    pub(crate) fn purity(&self, labels: &[u32]) -> f64 {
        let experts = EXPERTS;
        let mut counts = vec![0_usize; experts * experts];
        for (&found, &planted) in labels.iter().zip(&self.labels) {
            counts[found as usize * experts + planted as usize] += 1;
        }
        let agreeing: usize = counts
            .chunks_exact(experts)
            .filter_map(|group| group.iter().max())
            .sum();
        agreeing as f64 / NEURONS as f64
    }
}

/// `values` in `f32`.
pub(crate) fn single(values: &[f64]) -> Vec<f32> {
    values.iter().map(|&value| value as f32).collect()
}

/// The Euclidean norm.
pub(crate) fn norm(values: &[f64]) -> f64 {
    values.iter().map(|value| value * value).sum::<f64>().sqrt()
}

fn normalized(mut rows: Vec<f64>) -> Vec<f64> {
    for row in rows.chunks_exact_mut(WIDTH) {
        let norm = norm(row);
        row.iter_mut().for_each(|value| *value /= norm);
    }
    rows
}

mod tests {
    use super::*;

    fn close(found: f64, expected: f64, tolerance: f64) {
        assert!((found - expected).abs() < tolerance, "{found}, {expected}");
    }

    #[test]
    fn draws_are_those_of_the_recipe() {
        let draws: Vec<u64> = splitmix64(1).take(3).collect();
        assert_eq!(
            draws,
            [
                10_451_216_379_200_822_465,
                13_757_245_211_066_428_519,
                17_911_839_290_282_890_590
            ]
        );
        for (found, expected) in
            normals(1, 3)
                .iter()
                .zip([1.424_348_09, -0.618_904_26, -0.590_766_76])
        {
            close(*found, expected, 1e-8);
        }
    }

    #[test]
    fn the_layer_has_the_known_sums() {
        let layer = Planted::new();
        close(layer.x[0], 0.202_779_208_433_19, 1e-12);
        close(layer.w_in[0], -0.138_957_665_056_986, 1e-12);
        let h = layer.activations(TOKENS);
        close(h.iter().sum(), 114_386.066_412_512_8, 1e-6);
        let active = h.iter().filter(|&&h| h > 0.0).count();
        close(
            active as f64 / h.len() as f64,
            0.152_832_984_924_316_4,
            1e-12,
        );
        let mut squares = 0.0;
        for h in h.chunks_exact(NEURONS) {
            let mut y = [0.0; WIDTH];
            for (h, w) in h.iter().zip(layer.w_out.chunks_exact(WIDTH)) {
                y.iter_mut().zip(w).for_each(|(y, w)| *y += h * w);
            }
            squares += y.iter().map(|y| y * y).sum::<f64>();
        }
        close(squares.sqrt(), 93.476_574_820_313_1, 1e-8);
        close(layer.purity(&layer.labels), 1.0, 1e-15);
    }
}
