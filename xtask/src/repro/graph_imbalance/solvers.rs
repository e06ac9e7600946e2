//! Solvers and closed forms.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_graph_imbalance::generate::{complete, path};
use plm_graph_imbalance::graph::{Adjacency, Labels};
use plm_graph_imbalance::ppr::{CgPpr, DensePpr, Diffusion, PowerPpr, PprSolver, PushPpr};
use plm_graph_imbalance::totoro::Totoro;
use rand::RngExt;

use super::problem::TELEPORT;
use crate::repro::{Check, Op, Outcome};

/// Columns of random numbers that the solvers are compared on.
const WIDTH: usize = 3;

/// Residual bound of the push, and the steps of the power iteration that bring (1 − α)ᵗ below 1e-10.
const EPSILON: f64 = 1e-9;
const STEPS: usize = 150;

/// All solvers on one graph, which must be small enough for the dense one.
pub(super) fn agree(outcome: &mut Outcome, adjacency: &Adjacency) -> Result<()> {
    let diffusion = Diffusion::new(adjacency, TELEPORT)?;
    let mut rng = Seed::new(5).stream("solvers");
    let rhs: Vec<f64> = (0..adjacency.n_nodes() * WIDTH)
        .map(|_| rng.random())
        .collect();
    let dense = DensePpr.solve(&diffusion, &rhs, WIDTH)?;
    let solvers: [&dyn PprSolver; 2] = [&CgPpr::new(1e-12, 1000)?, &PowerPpr::steps(STEPS)];
    let mut largest = 0.0_f64;
    for solver in solvers {
        largest = largest.max(difference(&dense, &solver.solve(&diffusion, &rhs, WIDTH)?));
    }
    let check = Check::new("ppr_solvers_agree", largest, Op::Le, 1e-8);
    outcome.checks.push(check);

    // One source: the push stays below P by at most ε √(d̃ᵢ d̃ⱼ).
    let mut unit = vec![0.0; adjacency.n_nodes()];
    unit[0] = 1.0;
    let exact = DensePpr.solve(&diffusion, &unit, 1)?;
    let pushed = PushPpr::new(EPSILON)?.solve(&diffusion, &unit, 1)?;
    let degrees = diffusion.degrees();
    let share = exact.iter().zip(&pushed).zip(degrees).map(|((p, q), d)| {
        let bound = EPSILON * (degrees[0] * d).sqrt();
        // Rounding of the dense solve may bring an equal value below the pushed one.
        let missing = p - q;
        if missing < -1e-14 {
            f64::INFINITY
        } else {
            missing.max(0.0) / bound
        }
    });
    let share = share.fold(0.0, f64::max);
    let check = Check::new("push_error_in_units_of_its_bound", share, Op::Le, 1.0);
    outcome.checks.push(check);
    Ok(())
}

/// Graphs whose conflicts are known on paper: complete ones, and the path of four.
pub(super) fn closed_forms(outcome: &mut Outcome) -> Result<()> {
    let mut largest = 0.0_f64;
    for (nodes, classes) in [(2_u32, 2_u32), (5, 2), (9, 3)] {
        // T = (k − 1)(1 − α²)/n for every node.
        let graph = complete(nodes as usize)?;
        let labels: Vec<u32> = (0..nodes).map(|node| node % classes).collect();
        let all: Vec<u32> = (0..nodes).collect();
        let expected = f64::from(classes - 1) * (1.0 - TELEPORT * TELEPORT) / f64::from(nodes);
        for value in conflicts(&graph, &labels, &all)? {
            largest = largest.max((value / expected - 1.0).abs());
        }
    }
    // The ends of a path of four, one of each class.
    let graph = path(4)?;
    for value in conflicts(&graph, &[0, 0, 1, 1], &[0, 3])? {
        largest = largest.max((value / 0.148_165_511 - 1.0).abs());
    }
    let check = Check::new("totoro_closed_forms_relative", largest, Op::Le, 1e-8);
    outcome.checks.push(check);
    Ok(())
}

fn conflicts(graph: &Adjacency, labels: &[u32], train: &[u32]) -> Result<Vec<f64>> {
    let diffusion = Diffusion::new(graph, TELEPORT)?;
    let labels = Labels::complete(labels)?;
    let solver = CgPpr::new(1e-13, 1000)?;
    let totoro = Totoro::solve(&diffusion, &labels, train, &solver)?;
    Ok(totoro.conflict().values().to_vec())
}

fn difference(a: &[f64], b: &[f64]) -> f64 {
    let differences = a.iter().zip(b).map(|(a, b)| (a - b).abs());
    differences.fold(0.0, f64::max)
}
