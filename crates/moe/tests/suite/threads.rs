//! Forward passes of several threads at once.

use std::sync::mpsc;
use std::time::Duration;

use plm_core::kernel::Activation;
use plm_core::nn::{FeedForwardConfig, init};
use plm_core::rng::Seed;
use plm_moe::exec::{Path, Planner};
use plm_moe::{
    FfnInputs, Metric, MoeConfig, MoeLayer, RouterKind, SharedPlanner, SparseFfn, SplitKind,
};

use super::support::{WIDTH, assert_close, devices, rows};

/// Width of the layer: four of the rows that `support` makes.
const WIDE: usize = 4 * WIDTH;
/// Numbers of tokens: so many powers of 2, from 1.
const SIZES: usize = 8;
const JOBS: usize = 6 * SIZES;

fn layer() -> MoeLayer {
    let (_, device) = devices().remove(0);
    let dense = FeedForwardConfig {
        hidden_size: WIDE,
        intermediate_size: 1024,
        activation: Activation::Relu,
        gated: false,
        bias: true,
    }
    .init(&device);
    let dense = init::initialize(dense, Seed::new(3), |_| init::Init::Normal(0.2));
    let inputs = FfnInputs {
        width: WIDE,
        rows: rows(400, 1).rows,
    };
    let config = MoeConfig {
        split: SplitKind::Contiguous,
        router: RouterKind::Similarity(Metric::Cosine),
        share: 0.25,
        ..MoeConfig::default()
    };
    MoeLayer::convert(&dense, &inputs, &config, Seed::new(0)).unwrap()
}

#[test]
fn a_planner_measures_while_others_ask_it() {
    let layer = layer();
    let planner = SharedPlanner::new(Planner {
        dense: false,
        ..Planner::default()
    });
    let fast = SparseFfn::new(&layer, &planner).unwrap();
    let x = rows(4 << SIZES, 2).rows;
    let input = |job: usize| x[..WIDE << (job % SIZES)].to_vec();
    // Jobs from outside the pool: a thread that waits for a part of its measurement takes the next one.
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build();
    let pool = pool.unwrap();
    let (done, results) = mpsc::channel();
    for job in 0..JOBS {
        let (fast, done, x) = (fast.clone(), done.clone(), input(job));
        // The receiver is gone where the test has failed already.
        pool.spawn(move || drop(done.send((job, fast.run(&x)))));
    }
    let reference = SharedPlanner::new(Planner::fixed(Path::Masked));
    let reference = SparseFfn::new(&layer, &reference).unwrap();
    for _ in 0..JOBS {
        let result = results.recv_timeout(Duration::from_secs(60));
        let (job, y) = result.expect("a thread waits for itself");
        let expected = reference.run(&input(job)).unwrap();
        assert_close(&y.unwrap(), &expected, 1e-4, &format!("job {job}"));
    }
    assert_eq!(planner.snapshot().decisions.len(), SIZES);
}
