//! All paths on layers of any size.

use proptest::prelude::*;

use plm_core::kernel::Activation;

use crate::exec::{ExpertFfn, Path};
use crate::{FfnWeights, Policy, Selection};

use super::{distance, interleaved, layer, random};

/// The chosen experts, neuron by neuron in `f64`.
fn plain(weights: &FfnWeights, mean: Option<&[f32]>, x: &[f32], chosen: &[bool]) -> Vec<f32> {
    let d = weights.hidden_size;
    let wide = f64::from;
    let mut y: Vec<f64> = match &weights.b_out {
        Some(bias) => bias.iter().copied().map(wide).collect(),
        None => vec![0.0; d],
    };
    for n in 0..weights.neurons {
        let product = |matrix: &[f32], bias: &Option<Vec<f32>>| {
            let row = &matrix[n * d..(n + 1) * d];
            let sum: f64 = row.iter().zip(x).map(|(&w, &x)| wide(w) * wide(x)).sum();
            sum + bias.as_ref().map_or(0.0, |bias| wide(bias[n]))
        };
        let z = product(&weights.w_in, &weights.b_in);
        let h = match &weights.w_gate {
            Some(gate) => act(weights.activation, product(gate, &weights.b_gate)) * z,
            None => act(weights.activation, z),
        };
        let fill = mean.map_or(0.0, |mean| wide(mean[n]));
        let factor = if chosen[n] { h } else { fill };
        for (y, &w) in y.iter_mut().zip(&weights.w_out[n * d..(n + 1) * d]) {
            *y += factor * wide(w);
        }
    }
    y.into_iter().map(|y| y as f32).collect()
}

fn act(activation: Activation, x: f64) -> f64 {
    match activation {
        Activation::Relu => x.max(0.0),
        Activation::Silu => x / (1.0 + (-x).exp()),
        Activation::QuickGelu => x / (1.0 + (-1.702 * x).exp()),
        Activation::Tanh => x.tanh(),
        Activation::Gelu | Activation::GeluTanh => unreachable!("not drawn"),
    }
}

fn activations() -> impl Strategy<Value = Activation> {
    prop_oneof![
        Just(Activation::Relu),
        Just(Activation::Silu),
        Just(Activation::QuickGelu),
        Just(Activation::Tanh),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn paths_compute_the_chosen_experts(
        seed in 0_u64..1000,
        (experts, k) in (1_usize..9).prop_flat_map(|e| (Just(e), 1..=e)),
        size in prop_oneof![Just(1_usize), 1_usize..80],
        d in 1_usize..70,
        tokens in 0_usize..14,
        gated: bool,
        fill: bool,
        activation in activations(),
    ) {
        let f = experts * size;
        let weights = layer(seed, [d, f], gated, activation);
        let partition = interleaved(f, experts);
        let mean = fill.then(|| random(seed + 7, f));
        let mut layer = ExpertFfn::new(&weights, &partition).unwrap();
        if let Some(mean) = &mean {
            layer = layer.with_mean_fill(mean).unwrap();
        }
        let x = random(seed + 8, tokens * d);
        let scores = random(seed + 9, tokens * experts);
        let selection = Policy::TopK(k).select(&scores, experts).unwrap();
        let mut expected = Vec::new();
        for token in 0..tokens {
            let used = |label: &u32| selection.of(token).contains(label);
            let chosen: Vec<bool> = partition.labels().iter().map(used).collect();
            let x = &x[token * d..(token + 1) * d];
            expected.extend(plain(&weights, mean.as_deref(), x, &chosen));
        }
        for path in Path::ALL {
            let y = layer.run(path, &x, &selection, None).unwrap();
            let error = distance(&y, &expected);
            prop_assert!(error < 1e-5, "{path:?}: {error}");
        }
        let everything = Selection::all(tokens, experts);
        let dense = layer.dense(&x).unwrap();
        for path in Path::ALL {
            let y = layer.run(path, &x, &everything, None).unwrap();
            let error = distance(&y, &dense);
            prop_assert!(error < 1e-5, "{path:?} of all: {error}");
        }
    }
}
