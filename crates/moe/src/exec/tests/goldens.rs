//! Reference numbers on the planted layer, computed with numpy in `f64`.

use approx::assert_abs_diff_eq;

use crate::generator::{EXPERTS, NEURONS, Planted, TOKENS, WIDTH, norm, single};
use plm_core::kernel::Activation;

use crate::exec::{ExpertFfn, Path};
use crate::{Partition, Policy, Selection};

const EXACT: f64 = 1e-9;

/// Each expert's contribution to each token, `[T, E, d]`.
struct Outputs(Vec<f64>);

impl Outputs {
    /// The sum of the experts that `wanted(token, expert)` names, `[T, d]`.
    fn sum(&self, wanted: impl Fn(usize, usize) -> bool) -> Vec<f64> {
        let mut out = vec![0.0; TOKENS * WIDTH];
        for (pair, output) in self.0.chunks_exact(WIDTH).enumerate() {
            let (token, expert) = (pair / EXPERTS, pair % EXPERTS);
            if wanted(token, expert) {
                for (out, value) in out[token * WIDTH..].iter_mut().zip(output) {
                    *out += value;
                }
            }
        }
        out
    }

    fn total(&self) -> Vec<f64> {
        self.sum(|_, _| true)
    }

    /// What is missing without the unselected experts, relative to `reference`.
    fn relative_error(&self, selection: &Selection, reference: &[f64]) -> f64 {
        let missing = |token, expert: usize| !selection.of(token).contains(&(expert as u32));
        norm(&self.sum(missing)) / norm(reference)
    }

    /// Norms of the contributions, `[T, E]`.
    fn norms(&self) -> Vec<f64> {
        self.0.chunks_exact(WIDTH).map(norm).collect()
    }
}

/// Sums over the neurons of each expert, `[T, E]`.
fn sums(values: &[f64], labels: &[u32]) -> Vec<f64> {
    let mut out = vec![0.0; TOKENS * EXPERTS];
    for (i, value) in values.iter().enumerate() {
        out[i / NEURONS * EXPERTS + labels[i % NEURONS] as usize] += value;
    }
    out
}

fn top(scores: &[f64], k: usize) -> Selection {
    Policy::TopK(k).select(&single(scores), EXPERTS).unwrap()
}

/// The share of the sums that chosen experts have, on average over tokens.
fn capture(sums: &[f64], selection: &Selection) -> f64 {
    let one = |(token, sums): (usize, &[f64])| {
        let chosen = selection.of(token).iter().map(|&e| sums[e as usize]);
        chosen.sum::<f64>() / sums.iter().sum::<f64>()
    };
    let shares = sums.chunks_exact(EXPERTS).enumerate().map(one);
    shares.sum::<f64>() / TOKENS as f64
}

fn relu(planted: &Planted) -> Vec<f64> {
    planted.products().iter().map(|z| z.max(0.0)).collect()
}

#[test]
fn activation_statistics() {
    let h = relu(&Planted::new());
    let active = h.iter().filter(|&&h| h > 0.0).count() as f64;
    assert_abs_diff_eq!(
        active / h.len() as f64,
        0.152_832_984_924_316_4,
        epsilon = EXACT
    );
    assert_abs_diff_eq!(h.iter().sum::<f64>(), 114_386.066_412_512_8, epsilon = 1e-6);
    let below = |limit: f64| {
        let share = |h: &&[f64]| h.iter().filter(|&&h| h > 0.0).count() as f64 / NEURONS as f64;
        let few = h.chunks_exact(NEURONS).filter(|h| share(h) < limit).count();
        few as f64 / TOKENS as f64
    };
    assert_eq!(below(0.1), 0.056_884_765_625);
    assert_eq!(below(0.2), 0.882_812_5);
}

#[test]
fn best_experts_of_the_planted_division() {
    let planted = Planted::new();
    let h = relu(&planted);
    let outputs = Outputs(planted.outputs(&h, &planted.labels));
    let scores = sums(&h, &planted.labels);
    let y = outputs.total();
    assert_abs_diff_eq!(norm(&y), 93.476_574_820_313_1, epsilon = 1e-8);
    for (k, captured, error) in [
        (1, 0.674_368_781_846_985_5, 0.448_697_731_963_561_05),
        (2, 0.939_924_119_566_154_4, 0.138_556_341_973_348_18),
        (3, 0.979_616_944_239_117_6, 0.070_389_860_040_729_42),
        (4, 0.992_757_320_014_256, 0.038_279_385_520_585_84),
        (8, 0.999_850_957_536_289_8, 0.003_896_347_535_779_855),
        (16, 1.0, 0.0),
    ] {
        let selection = top(&scores, k);
        assert_abs_diff_eq!(capture(&scores, &selection), captured, epsilon = EXACT);
        let found = outputs.relative_error(&selection, &y);
        assert_abs_diff_eq!(found, error, epsilon = EXACT);
    }
    // The paths in f32 come to the same outputs.
    let partition = Partition::new(&planted.labels, EXPERTS).unwrap();
    let layer = ExpertFfn::new(&planted.weights(Activation::Relu), &partition).unwrap();
    let names: Vec<u32> = (0..EXPERTS as u32)
        .map(|e| 7 * e % EXPERTS as u32)
        .collect();
    let renamed: Vec<f64> = (0..TOKENS * EXPERTS)
        .map(|i| scores[i - i % EXPERTS + names[i % EXPERTS] as usize])
        .collect();
    let selection = top(&scores, 2);
    let expected = single(&outputs.sum(|t, e| selection.of(t).contains(&(e as u32))));
    let x = single(&planted.x);
    for path in Path::ALL {
        let found = layer.run(path, &x, &top(&renamed, 2), None).unwrap();
        assert!(super::distance(&found, &expected) < 1e-5, "{path:?}");
    }
}

#[test]
fn best_experts_of_contiguous_blocks() {
    let planted = Planted::new();
    let h = relu(&planted);
    let labels: Vec<u32> = (0..NEURONS)
        .map(|n| (n * EXPERTS / NEURONS) as u32)
        .collect();
    let outputs = Outputs(planted.outputs(&h, &labels));
    let scores = sums(&h, &labels);
    let y = outputs.total();
    for (k, captured, error) in [
        (1, 0.082_031_337_074_312_16, 0.952_231_928_609_194_7),
        (2, 0.158_712_667_832_429_5, 0.908_862_879_834_046),
        (3, 0.231_683_662_714_115_06, 0.863_280_501_246_624_6),
        (4, 0.302_078_327_745_208_26, 0.820_437_553_814_209_8),
        (8, 0.563_888_158_030_617_9, 0.638_245_671_287_982_2),
    ] {
        let selection = top(&scores, k);
        assert_abs_diff_eq!(capture(&scores, &selection), captured, epsilon = EXACT);
        let found = outputs.relative_error(&selection, &y);
        assert_abs_diff_eq!(found, error, epsilon = EXACT);
    }
}

#[test]
fn experts_by_the_norm_of_their_output() {
    let planted = Planted::new();
    let outputs = Outputs(planted.outputs(&relu(&planted), &planted.labels));
    let (norms, y) = (outputs.norms(), outputs.total());
    for (policy, mean_chosen, error) in [
        (Policy::TopK(1), 1.0, 0.444_740_779_281_614_8),
        (Policy::TopK(2), 2.0, 0.137_896_498_968_225_73),
        (Policy::TopK(4), 4.0, 0.037_701_693_335_968_83),
        (
            Policy::Max { tau: 0.5 },
            1.478_759_765_625,
            0.237_914_988_956_873_73,
        ),
        (
            Policy::Max { tau: 0.8 },
            2.015_869_140_625,
            0.113_053_091_437_745_45,
        ),
        (
            Policy::Max { tau: 0.9 },
            2.545_898_437_5,
            0.062_521_985_041_626_3,
        ),
        (
            Policy::Share { tau: 0.5 },
            1.220_458_984_375,
            0.360_756_778_519_133_5,
        ),
        (
            Policy::Share { tau: 0.8 },
            2.055_908_203_125,
            0.112_968_477_678_641_67,
        ),
        (
            Policy::Share { tau: 0.9 },
            2.618_896_484_375,
            0.062_385_966_883_725_7,
        ),
    ] {
        let selection = policy.select(&single(&norms), EXPERTS).unwrap();
        assert_eq!(selection.mean_chosen(), mean_chosen, "{policy:?}");
        let found = outputs.relative_error(&selection, &y);
        assert_abs_diff_eq!(found, error, epsilon = EXACT);
    }
}

#[test]
fn gelu_with_zeros_and_with_means() {
    let planted = Planted::new();
    let normal = |x: f64| {
        let (mut term, mut sum) = (x, x);
        for k in 1..100 {
            term *= x * x / f64::from(2 * k + 1);
            sum += term;
        }
        0.5 + sum * (-x * x / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt()
    };
    let h: Vec<f64> = planted.products().iter().map(|&z| z * normal(z)).collect();
    let mut mean = vec![0.0; NEURONS];
    for (i, h) in h.iter().enumerate() {
        mean[i % NEURONS] += h / TOKENS as f64;
    }
    let without: Vec<f64> = h
        .iter()
        .zip(mean.iter().cycle())
        .map(|(h, mean)| h - mean)
        .collect();
    let outputs = Outputs(planted.outputs(&h, &planted.labels));
    let centered = Outputs(planted.outputs(&without, &planted.labels));
    let y = outputs.total();
    let sizes: Vec<f64> = h.iter().map(|h| h.abs()).collect();
    let squares: Vec<f64> = without.iter().map(|h| h * h).collect();
    let (sizes, squares) = (
        sums(&sizes, &planted.labels),
        sums(&squares, &planted.labels),
    );
    for (k, zeros, means) in [
        (2, 0.659_881_929_494_531_5, 0.339_351_458_908_331_24),
        (4, 0.598_462_422_379_967_4, 0.283_511_484_180_605_07),
        (8, 0.444_149_260_225_776_7, 0.190_472_882_510_287_8),
    ] {
        let found = outputs.relative_error(&top(&sizes, k), &y);
        assert_abs_diff_eq!(found, zeros, epsilon = 1e-8);
        let found = centered.relative_error(&top(&squares, k), &y);
        assert_abs_diff_eq!(found, means, epsilon = 1e-8);
    }
    // In f32, through the layer itself: experts are numbered by their smallest neuron.
    let partition = Partition::new(&planted.labels, EXPERTS).unwrap();
    let layer = ExpertFfn::new(&planted.weights(Activation::Gelu), &partition).unwrap();
    let layer = layer.with_mean_fill(&single(&mean)).unwrap();
    let scores: Vec<f64> = (0..TOKENS * EXPERTS)
        .map(|i| squares[i - i % EXPERTS + 7 * (i % EXPERTS) % EXPERTS])
        .collect();
    let found = layer
        .run(Path::Grouped, &single(&planted.x), &top(&scores, 4), None)
        .unwrap();
    let missing: Vec<f64> = found
        .iter()
        .zip(&y)
        .map(|(&f, y)| f64::from(f) - y)
        .collect();
    assert_abs_diff_eq!(norm(&missing) / norm(&y), 0.283_511_484, epsilon = 1e-5);
}
