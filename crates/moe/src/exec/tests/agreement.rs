//! What must not change the result.

use rayon::ThreadPoolBuilder;

use plm_core::kernel::Activation;

use crate::exec::{ExpertFfn, Path, Planner, RowsRead, Situation};
use crate::{Error, Partition, Policy, Selection};

use super::{distance, interleaved, layer, random};

const WIDTH: usize = 128;
const EXPERTS: usize = 64;
const NEURONS: usize = 2048;

fn experts(activation: Activation) -> ExpertFfn {
    let weights = layer(1, [WIDTH, NEURONS], false, activation);
    ExpertFfn::new(&weights, &interleaved(NEURONS, EXPERTS)).unwrap()
}

fn choice(tokens: usize, k: usize) -> Selection {
    let scores = random(5, tokens * EXPERTS);
    Policy::TopK(k).select(&scores, EXPERTS).unwrap()
}

#[test]
fn all_experts_are_the_dense_layer() {
    let layer = experts(Activation::Relu);
    for tokens in [1, 3, 20, 300] {
        let x = random(2, tokens * WIDTH);
        let dense = layer.dense(&x).unwrap();
        for path in Path::ALL {
            let y = layer.run(path, &x, &Selection::all(tokens, EXPERTS), None);
            assert!(distance(&y.unwrap(), &dense) < 1e-6, "{path:?} {tokens}");
        }
        let y = layer.run(Path::Dense, &x, &choice(tokens, 13), None);
        assert_eq!(y.unwrap(), dense, "{tokens}");
    }
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let layer = experts(Activation::Gelu);
    for tokens in [1, 6, 40, 300] {
        let (x, selection) = (random(2, tokens * WIDTH), choice(tokens, 40));
        let with = |threads| {
            let pool = ThreadPoolBuilder::new().num_threads(threads).build();
            pool.unwrap().install(|| {
                let mut results = vec![layer.dense(&x).unwrap()];
                for path in Path::ALL {
                    results.push(layer.run(path, &x, &selection, None).unwrap());
                }
                results
            })
        };
        assert_eq!(with(1), with(2), "{tokens} tokens");
    }
}

#[test]
fn names_and_order_of_experts_and_neurons_do_not_matter() {
    let weights = layer(1, [WIDTH, NEURONS], true, Activation::Silu);
    let labels: Vec<u32> = (0..NEURONS).map(|n| (n % EXPERTS) as u32).collect();
    let (x, selection) = (random(2, 9 * WIDTH), choice(9, 13));
    let run = |weights, labels: &[u32]| {
        let partition = Partition::new(labels, EXPERTS).unwrap();
        let layer = ExpertFfn::new(weights, &partition).unwrap();
        layer.run(Path::Grouped, &x, &selection, None).unwrap()
    };
    let expected = run(&weights, &labels);
    let renamed: Vec<u32> = labels
        .iter()
        .map(|&label| (label + 5) % EXPERTS as u32)
        .collect();
    assert_eq!(run(&weights, &renamed), expected);
    // Each expert's neurons in another order: the layer turned by one neuron of every expert.
    let mut rotated = weights.clone();
    let d = WIDTH;
    for (matrix, width) in [
        (&mut rotated.w_in, d),
        (rotated.w_gate.as_mut().unwrap(), d),
        (&mut rotated.w_out, d),
        (rotated.b_in.as_mut().unwrap(), 1),
        (rotated.b_gate.as_mut().unwrap(), 1),
    ] {
        matrix.rotate_left(EXPERTS * width);
    }
    assert!(distance(&run(&rotated, &labels), &expected) < 1e-6);
}

#[test]
fn the_order_of_tokens_does_not_matter() {
    let layer = experts(Activation::Relu);
    let tokens = 7;
    let (x, selection) = (random(2, tokens * WIDTH), choice(tokens, 13));
    let reversed: Vec<f32> = x.chunks_exact(WIDTH).rev().flatten().copied().collect();
    let lists: Vec<&[u32]> = (0..tokens).rev().map(|token| selection.of(token)).collect();
    let backwards = Selection::from_lists(&lists, EXPERTS).unwrap();
    for path in Path::ALL {
        let y = layer.run(path, &x, &selection, None).unwrap();
        let z = layer.run(path, &reversed, &backwards, None).unwrap();
        let z: Vec<f32> = z.chunks_exact(WIDTH).rev().flatten().copied().collect();
        assert!(distance(&y, &z) < 1e-6, "{path:?}");
    }
}

#[test]
fn a_planner_measures_once_and_keeps_the_result() {
    let layer = experts(Activation::Relu);
    let mut planner = Planner {
        dense: false,
        repetitions: 1,
        ..Planner::default()
    };
    for tokens in [1, 3, 4, 30] {
        let (x, selection) = (random(2, tokens * WIDTH), choice(tokens, 13));
        let expected = layer.run(Path::Masked, &x, &selection, None).unwrap();
        let y = planner.run(&layer, &x, &selection).unwrap();
        assert!(distance(&y, &expected) < 1e-5);
        let situation = Situation::of(&layer, &selection);
        let known = planner.known(&situation);
        assert_eq!(known, Some(planner.plan(&layer, &x, &selection).unwrap()));
    }
    assert_eq!(planner.decisions.len(), 3);
    for decision in &planner.decisions {
        let mut timings = decision.timings.iter();
        let chosen = decision.relative_time() * decision.dense_seconds;
        assert!(timings.all(|timing| chosen <= timing.seconds * (1.0 + 1e-9)));
    }
    let mut fixed = Planner::fixed(Path::Union);
    let (x, selection) = (random(2, 40 * WIDTH), choice(40, 13));
    assert_eq!(fixed.plan(&layer, &x, &selection).unwrap(), Path::Union);
    assert!(fixed.decisions.is_empty());
}

#[test]
fn values_that_are_not_finite_stay_with_their_token() {
    let layer = experts(Activation::Relu);
    let (mut x, selection) = (random(2, 5 * WIDTH), choice(5, 13));
    let clean: Vec<_> = Path::ALL
        .map(|path| layer.run(path, &x, &selection, None).unwrap())
        .into();
    x[2 * WIDTH + 3] = f32::NAN;
    for (path, clean) in Path::ALL.into_iter().zip(clean) {
        let y = layer.run(path, &x, &selection, None).unwrap();
        for (token, (y, clean)) in y.chunks(WIDTH).zip(clean.chunks(WIDTH)).enumerate() {
            if token == 2 {
                assert!(y.iter().all(|value| value.is_nan()), "{path:?}");
            } else {
                assert!(distance(y, clean) < 1e-6, "{path:?}");
            }
        }
    }
}

#[test]
fn sizes_that_do_not_fit_are_errors() {
    let layer = experts(Activation::Relu);
    let selection = choice(2, 1);
    for path in Path::ALL.into_iter().chain([Path::Dense]) {
        let short = layer.run(path, &[0.0; WIDTH], &selection, None);
        assert!(matches!(short, Err(Error::Size { .. })));
        let other = layer.run(path, &[0.0; WIDTH], &Selection::all(1, 3), None);
        assert!(matches!(other, Err(Error::Size { .. })));
        let rows = RowsRead::new(NEURONS - 1);
        let observed = layer.run(path, &[0.0; 2 * WIDTH], &selection, Some(&rows));
        assert!(matches!(observed, Err(Error::Size { .. })), "{path:?}");
    }
    assert!(layer.dense(&[0.0; WIDTH + 1]).is_err());
    assert!(layer.clone().with_mean_fill(&[0.0; 3]).is_err());
    assert!(layer.with_mean_fill(&[f32::NAN; NEURONS]).is_err());
    let weights = super::layer(1, [4, 8], false, Activation::Relu);
    assert!(ExpertFfn::new(&weights, &interleaved(16, 2)).is_err());
}
