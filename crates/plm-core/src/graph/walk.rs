//! Seeded random walks.

use std::collections::HashMap;

use rand::RngExt;
use rayon::prelude::*;

use super::csr::Csr;
use super::scalar::Scalar;
use crate::rng::{Seed, StreamRng};
use crate::{Error, Result};

/// How a walk chooses its next node.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Step {
    /// Any neighbor.
    Neighbor,
    /// Back to the start with this probability, else any neighbor (Tong et al. 2006). At a node
    /// without neighbors always back; a start without neighbors ends the walk.
    Restart(f64),
    /// A neighbor with weight 1/p if the walk just came from it, 1 if it is a neighbor of where
    /// the walk came from, else 1/q (node2vec, Grover and Leskovec 2016).
    Node2Vec {
        /// The return parameter.
        p: f64,
        /// The in-out parameter.
        q: f64,
    },
}

/// What [`walks`] does.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct WalkOptions {
    /// The number of steps: a walk has at most one node more.
    pub steps: usize,
    /// How the next node is chosen.
    pub step: Step,
    /// Whether a neighbor's chance is proportional to the entry's value. If not, every stored
    /// entry counts the same.
    pub weighted: bool,
}

/// One random walk from each start, from rows to columns, over all threads.
///
/// A walk begins with its start and ends early where it cannot go on; jumps back to the start are
/// listed like other steps. Each walk has its own stream of random numbers, made from the node and
/// from how often the node has come before in `starts`, so a walk depends neither on the number of
/// threads nor on the other starts.
///
/// # Errors
/// [`Error::Invalid`] where the matrix is not square, a start is out of range, the restart
/// probability lies outside [0, 1], p or q is not positive and finite, or weights are asked for and
/// a value is negative.
pub fn walks<T: Scalar>(
    graph: &Csr<T>,
    starts: &[u32],
    options: &WalkOptions,
    seed: Seed,
) -> Result<Vec<Vec<u32>>> {
    graph.require_square("random walks")?;
    graph.require_nodes("random walks", starts)?;
    check(graph, options)?;
    let mut times: HashMap<u32, u64> = HashMap::new();
    let numbered: Vec<(u32, u64)> = starts
        .iter()
        .map(|&start| {
            let time = times.entry(start).or_default();
            *time += 1;
            (start, *time - 1)
        })
        .collect();
    Ok(numbered
        .into_par_iter()
        .map(|(start, time)| {
            let mut rng = seed.at(u64::from(start)).at(time).rng();
            walk(graph, start, options, &mut rng)
        })
        .collect())
}

fn check<T: Scalar>(graph: &Csr<T>, options: &WalkOptions) -> Result<()> {
    match options.step {
        Step::Restart(probability) if !(0.0..=1.0).contains(&probability) => {
            return Err(Error::invalid(
                "restart probability",
                format!("{probability}; allowed is 0 to 1"),
            ));
        }
        Step::Node2Vec { p, q } => {
            for (name, value) in [("p", p), ("q", q)] {
                if !(value > 0.0 && value.is_finite()) {
                    return Err(Error::invalid(
                        format!("node2vec {name}"),
                        format!("{value}; must be positive and finite"),
                    ));
                }
            }
        }
        Step::Neighbor | Step::Restart(_) => {}
    }
    let negative = graph.values().iter().find(|value| value.widen() < 0.0);
    match negative {
        Some(value) if options.weighted => Err(Error::invalid(
            "walk weights",
            format!("{value:?}; must not be negative"),
        )),
        _ => Ok(()),
    }
}

fn walk<T: Scalar>(
    graph: &Csr<T>,
    start: u32,
    options: &WalkOptions,
    rng: &mut StreamRng,
) -> Vec<u32> {
    let mut trace = vec![start];
    let mut before = None;
    let mut here = start;
    let mut weights = Vec::new();
    while trace.len() <= options.steps {
        let next = match options.step {
            Step::Neighbor => neighbor(graph, here, options.weighted, rng),
            Step::Restart(probability) => match rng.random_bool(probability) {
                true if graph.row_len(start as usize) > 0 => Some(start),
                true => None,
                false => neighbor(graph, here, options.weighted, rng)
                    .or((here != start).then_some(start)),
            },
            Step::Node2Vec { p, q } => match before {
                None => neighbor(graph, here, options.weighted, rng),
                Some(before) => {
                    let (columns, values) = graph.row(here as usize);
                    weights.clear();
                    weights.extend(columns.iter().zip(values).map(|(&next, value)| {
                        let bias = match graph.get(before as usize, next) {
                            _ if next == before => 1.0 / p,
                            Some(_) => 1.0,
                            None => 1.0 / q,
                        };
                        match options.weighted {
                            true => bias * value.widen(),
                            false => bias,
                        }
                    }));
                    draw(weights.iter().copied(), rng).map(|at| columns[at])
                }
            },
        };
        let Some(next) = next else { break };
        before = Some(here);
        here = next;
        trace.push(next);
    }
    trace
}

fn neighbor<T: Scalar>(
    graph: &Csr<T>,
    node: u32,
    weighted: bool,
    rng: &mut StreamRng,
) -> Option<u32> {
    let (columns, values) = graph.row(node as usize);
    if weighted {
        return draw(values.iter().map(|value| value.widen()), rng).map(|at| columns[at]);
    }
    (!columns.is_empty()).then(|| columns[rng.random_range(0..columns.len())])
}

/// A position drawn in proportion to its weight; none if all weights are zero.
fn draw(weights: impl Iterator<Item = f64> + Clone, rng: &mut StreamRng) -> Option<usize> {
    let total: f64 = weights.clone().sum();
    if total <= 0.0 {
        return None;
    }
    let mut left = rng.random::<f64>() * total;
    let mut last = None;
    for (at, weight) in weights.enumerate().filter(|&(_, weight)| weight > 0.0) {
        last = Some(at);
        left -= weight;
        if left < 0.0 {
            break;
        }
    }
    // Rounding may leave a crumb after the last weight: it belongs to that one.
    last
}

#[cfg(test)]
mod tests {
    use super::super::Duplicates;
    use super::super::testing::random_graph;
    use super::*;

    fn options(steps: usize, step: Step) -> WalkOptions {
        WalkOptions {
            steps,
            step,
            weighted: false,
        }
    }

    /// The directed path 0 -> 1 -> 2 and the isolated node 3.
    fn path() -> Csr<f32> {
        Csr::from_edges(4, &[(0, 1), (1, 2)], Duplicates::First).unwrap()
    }

    #[test]
    fn forced_walks_are_as_worked_by_hand() {
        let seed = Seed::new(1);
        let uniform = walks(&path(), &[0, 3], &options(5, Step::Neighbor), seed).unwrap();
        assert_eq!(uniform, [vec![0, 1, 2], vec![3]]);
        let restart = walks(&path(), &[0, 3], &options(4, Step::Restart(0.0)), seed).unwrap();
        assert_eq!(restart, [vec![0, 1, 2, 0, 1], vec![3]]);
        let always = walks(&path(), &[0, 3], &options(2, Step::Restart(1.0)), seed).unwrap();
        assert_eq!(always, [vec![0, 0, 0], vec![3]]);
        let none = walks(&path(), &[2], &options(0, Step::Neighbor), seed).unwrap();
        assert_eq!(none, [vec![2]]);
    }

    #[test]
    fn walks_do_not_depend_on_threads_or_company() {
        let graph = random_graph(80, 400, 2);
        let kinds = [
            Step::Neighbor,
            Step::Restart(0.3),
            Step::Node2Vec { p: 0.5, q: 2.0 },
        ];
        for step in kinds {
            let starts: Vec<u32> = (0..80).chain(0..80).collect();
            let run = |threads, starts: &[u32]| {
                rayon::ThreadPoolBuilder::new()
                    .num_threads(threads)
                    .build()
                    .unwrap()
                    .install(|| walks(&graph, starts, &options(12, step), Seed::new(9)).unwrap())
            };
            let one = run(1, &starts);
            assert_eq!(one, run(4, &starts));
            assert_eq!(one[17], run(1, &[17])[0]);
            assert_ne!(one[..80], one[80..], "repeated starts walk anew");
            for trace in &one {
                for pair in trace.windows(2) {
                    let jump = matches!(step, Step::Restart(_)) && pair[1] == trace[0];
                    assert!(jump || graph.get(pair[0] as usize, pair[1]).is_some());
                }
            }
        }
    }

    /// How often each third node follows in 20,000 walks 0 -> 1 -> ?.
    fn third_node(graph: &Csr<f32>, options: &WalkOptions) -> HashMap<u32, f64> {
        const WALKS: usize = 20_000;
        let traces = walks(graph, &vec![0; WALKS], options, Seed::new(3)).unwrap();
        let mut shares = HashMap::new();
        for trace in traces {
            *shares.entry(trace[2]).or_insert(0.0) += 1.0 / WALKS as f64;
        }
        shares
    }

    #[test]
    fn node2vec_biases_have_the_stated_odds() {
        // 0 has only the way to 1; from 1 to 0 (back), 2 (also next to 0) and 3 (further off).
        let graph = Csr::<f32>::from_coo(
            4,
            4,
            &[0, 0, 1, 1, 1],
            &[1, 2, 0, 2, 3],
            &[1.0, 0.0, 1.0, 1.0, 1.0],
            Duplicates::Reject,
        )
        .unwrap();
        let biased = WalkOptions {
            weighted: true,
            ..options(2, Step::Node2Vec { p: 4.0, q: 0.5 })
        };
        let shares = third_node(&graph, &biased);
        // 1/p : 1 : 1/q = 0.25 : 1 : 2; three standard deviations of 20,000 draws are 0.011.
        for (node, expected) in [(0, 0.25 / 3.25), (2, 1.0 / 3.25), (3, 2.0 / 3.25)] {
            assert!((shares[&node] - expected).abs() < 0.011, "{node}");
        }
    }

    #[test]
    fn weights_and_restarts_have_the_stated_odds() {
        let graph = Csr::<f32>::from_coo(
            4,
            4,
            &[0, 1, 1, 1],
            &[1, 0, 2, 3],
            &[1.0, 1.0, 3.0, 0.0],
            Duplicates::Reject,
        )
        .unwrap();
        let weighted = WalkOptions {
            weighted: true,
            ..options(2, Step::Neighbor)
        };
        let shares = third_node(&graph, &weighted);
        assert!((shares[&2] - 0.75).abs() < 0.011);
        assert!(!shares.contains_key(&3), "a weight of zero is never drawn");

        let traces = walks(
            &graph,
            &vec![1; 20_000],
            &options(1, Step::Restart(0.8)),
            Seed::new(5),
        )
        .unwrap();
        let back = traces.iter().filter(|trace| trace[1] == 1).count();
        assert!((back as f64 / 20_000.0 - 0.8).abs() < 0.011);
    }

    #[test]
    fn bad_options_are_errors() {
        let run = |step| {
            walks(&path(), &[0], &options(2, step), Seed::new(0))
                .unwrap_err()
                .to_string()
        };
        assert!(run(Step::Restart(1.5)).contains("1.5; allowed is 0 to 1"));
        assert!(run(Step::Restart(f64::NAN)).contains("NaN"));
        assert!(run(Step::Node2Vec { p: 0.0, q: 1.0 }).contains("node2vec p: 0"));
        assert!(
            run(Step::Node2Vec {
                p: 1.0,
                q: f64::NAN
            })
            .contains("node2vec q: NaN")
        );
        let plain = options(2, Step::Neighbor);
        assert!(walks(&path(), &[4], &plain, Seed::new(0)).is_err());
        let negative = path().scale(-1.0).unwrap();
        let weighted = WalkOptions {
            weighted: true,
            ..plain
        };
        assert!(walks(&negative, &[0], &plain, Seed::new(0)).is_ok());
        assert!(walks(&negative, &[0], &weighted, Seed::new(0)).is_err());
    }
}
