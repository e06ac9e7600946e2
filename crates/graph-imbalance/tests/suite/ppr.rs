//! The PageRank matrix: its facts, and that every solver finds it.

use plm_graph_imbalance::generate::{SbmConfig, complete, generate};
use plm_graph_imbalance::ppr::{CgPpr, DensePpr, Diffusion, PowerPpr, PprForm, PprSolver, PushPpr};
use proptest::prelude::*;

use super::shared::{arb_graph, assert_close, identity};

fn dense(diffusion: &Diffusion) -> Vec<f64> {
    DensePpr
        .solve(diffusion, &identity(diffusion), diffusion.n_nodes())
        .unwrap()
}

#[test]
fn complete_graphs_have_a_closed_form() {
    for n in [1, 2, 5, 9] {
        for teleport in [0.15, 0.5, 1.0] {
            let diffusion = Diffusion::new(&complete(n).unwrap(), teleport).unwrap();
            let expected: Vec<f64> = identity(&diffusion)
                .iter()
                .map(|one| teleport * one + (1.0 - teleport) / n as f64)
                .collect();
            assert_close(&dense(&diffusion), &expected, 1e-14, &format!("K_{n}"));
        }
    }
}

proptest! {
    #[test]
    fn facts_of_the_matrix(graph in arb_graph(14), teleport in 0.02_f64..=1.0) {
        let diffusion = Diffusion::new(&graph, teleport).unwrap();
        let n = graph.n_nodes();
        let p = dense(&diffusion);
        let parts = graph.csr().components().unwrap().labels;
        for a in 0..n {
            for b in 0..n {
                prop_assert!((p[a * n + b] - p[b * n + a]).abs() < 1e-12, "symmetric");
                prop_assert_eq!(p[a * n + b] > 0.0, parts[a] == parts[b] && (a == b || teleport < 1.0));
                prop_assert!(p[a * n + b] >= 0.0);
            }
            if graph.csr().row_len(a) == 0 {
                prop_assert!((p[a * n + a] - 1.0).abs() < 1e-12, "a node alone keeps itself");
            }
        }
        // The square roots of the degrees are its eigenvector of 1.
        let roots: Vec<f64> = diffusion.degrees().iter().map(|degree| degree.sqrt()).collect();
        let image = DensePpr.solve(&diffusion, &roots, 1).unwrap();
        for (a, b) in image.iter().zip(&roots) {
            prop_assert!((a - b).abs() < 1e-11 * b);
        }
        // Its other eigenvalues lie above α/(2 − α): x·Px does for every x.
        let x: Vec<f64> = (0..n).map(|node| f64::from((node * 7 % 5) as u8) - 2.0).collect();
        let image = DensePpr.solve(&diffusion, &x, 1).unwrap();
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let square = dot(&x, &x);
        prop_assert!(dot(&x, &image) <= square * (1.0 + 1e-12));
        prop_assert!(dot(&x, &image) >= square * teleport / (2.0 - teleport) * (1.0 - 1e-12));
    }

    #[test]
    fn iterations_agree_with_the_factor(graph in arb_graph(30), teleport in 0.05_f64..=1.0) {
        let diffusion = Diffusion::new(&graph, teleport).unwrap();
        let n = graph.n_nodes();
        let exact = dense(&diffusion);
        let unit = identity(&diffusion);
        let found = CgPpr::new(1e-10, 500).unwrap().solve(&diffusion, &unit, n).unwrap();
        assert_close(&found, &exact, 1e-8, "conjugate gradients");
        let found = PowerPpr::tolerance(1e-9).unwrap().solve(&diffusion, &unit, n).unwrap();
        assert_close(&found, &exact, 1e-9, "power");
        for steps in [0, 1, 7] {
            let found = PowerPpr::steps(steps).solve(&diffusion, &unit, n).unwrap();
            let bound = (1.0 - teleport).powi(steps as i32) + 1e-13;
            for column in 0..n {
                let error: f64 = (0..n).map(|row| (found[row * n + column] - exact[row * n + column]).powi(2)).sum();
                prop_assert!(error.sqrt() <= bound, "{} after {steps} steps", error.sqrt());
            }
        }
    }

    #[test]
    fn push_keeps_its_promise(graph in arb_graph(20), teleport in 0.05_f64..=1.0, exponent in 1_i32..8) {
        let diffusion = Diffusion::new(&graph, teleport).unwrap();
        let n = graph.n_nodes();
        let epsilon = 10_f64.powi(-exponent);
        let exact = dense(&diffusion);
        let degrees = diffusion.degrees();
        let push = PushPpr::new(epsilon).unwrap();
        let all: Vec<u32> = (0..n as u32).collect();
        let walk = push.rows::<f64>(&diffusion, &all, None, PprForm::Walk).unwrap().to_dense();
        let symmetric = push.rows::<f64>(&diffusion, &all, None, PprForm::Symmetric).unwrap().to_dense();
        let product = push.solve(&diffusion, &identity(&diffusion), n).unwrap();
        for a in 0..n {
            for b in 0..n {
                let at = a * n + b;
                let in_walk = exact[at] * (degrees[b] / degrees[a]).sqrt();
                let short = in_walk - walk[at];
                prop_assert!(short >= -1e-12 && short <= epsilon * degrees[b] + 1e-12, "{short}");
                let short = exact[at] - symmetric[at];
                let bound = epsilon * (degrees[a] * degrees[b]).sqrt();
                prop_assert!(short >= -1e-12 && short <= bound + 1e-12, "{short}");
                // Row a of the product is the sum over sources b of P_ba, known from b's side.
                prop_assert!((product[at] - symmetric[b * n + a]).abs() < 1e-15);
            }
            let sum: f64 = walk[a * n..(a + 1) * n].iter().sum();
            prop_assert!(sum <= 1.0 + 1e-12);
        }
    }
}

#[test]
fn threads_do_not_change_a_bit() {
    let config = SbmConfig {
        class_sizes: vec![2000; 3],
        mean_degree: 8.0,
        words: None,
        ..SbmConfig::default()
    };
    let graph = generate(&config, plm_core::rng::Seed::new(1))
        .unwrap()
        .graph;
    let diffusion = Diffusion::new(&graph.adjacency, 0.15).unwrap();
    let mut rhs = vec![0.0; 6000 * 3];
    for node in 0..40 {
        rhs[node * 3 * 17 + node % 3] = 1.0;
    }
    let on = |threads: usize| {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| {
                let solvers: [&dyn PprSolver; 3] = [
                    &CgPpr::default(),
                    &PowerPpr::steps(5),
                    &PushPpr::new(1e-4).unwrap(),
                ];
                solvers.map(|solver| solver.solve(&diffusion, &rhs, 3).unwrap())
            })
    };
    let one = on(1);
    assert_eq!(one, on(4));
    let power = PowerPpr::tolerance(1e-10).unwrap();
    let power = power.solve(&diffusion, &rhs, 3).unwrap();
    assert_close(&one[0], &power, 1e-8, "conjugate gradients and power");
}
