//! Edges of the block model.

use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::alias::Alias;
use super::config::SbmConfig;
use super::sbm::Membership;

/// How often an end is drawn again that is the other end itself.
const RETRIES: usize = 16;

/// The nodes that act as members of one class, drawn by expected degree times share of membership.
struct Pool {
    nodes: Vec<u32>,
    table: Alias,
    weight: f64,
}

/// Draws about `mean_degree`/2 edges for each node of `active`, in time linear in them.
///
/// The first edges start from each active node once, so that few of them stay alone; the rest start
/// from nodes drawn by expected degree.
pub(super) fn draw_edges(
    config: &SbmConfig,
    members: &[Membership],
    active: &[u32],
    seed: Seed,
) -> Vec<(u32, u32)> {
    if active.len() < 2 {
        return Vec::new();
    }
    let mut rng = seed.stream("edges");
    let expected: Vec<f64> = expected_degrees(active.len(), config, seed);
    let pools = pools(config, members, active, &expected);
    let foreign = foreign_tables(&pools);
    let starts = Alias::new(&expected);
    let count = (active.len() as f64 * config.mean_degree / 2.0).round() as usize;
    let mut first = active.to_vec();
    first.shuffle(&mut rng);
    let mut edges = Vec::with_capacity(count);
    for index in 0..count {
        let from = match first.get(index) {
            Some(&node) => node,
            None => active[starts.draw(&mut rng) as usize],
        };
        let class = members[from as usize].act(config.mixing, &mut rng);
        for _ in 0..RETRIES {
            let pool = match (&foreign[class as usize], rng.random_bool(config.homophily)) {
                (Some(table), false) => &pools[table.draw(&mut rng) as usize],
                _ => &pools[class as usize],
            };
            let Some(pool) = pool else { continue };
            let to = pool.nodes[pool.table.draw(&mut rng) as usize];
            if to != from {
                edges.push((from.min(to), from.max(to)));
                break;
            }
        }
    }
    edges
}

/// Pareto numbers of least value 1, cut at 100.
fn expected_degrees(count: usize, config: &SbmConfig, seed: Seed) -> Vec<f64> {
    let mut rng: StreamRng = seed.stream("degrees");
    let power = -1.0 / (config.degree_exponent - 1.0);
    (0..count)
        .map(|_| (1.0 - rng.random::<f64>()).powf(power).min(100.0))
        .collect()
}

fn pools(
    config: &SbmConfig,
    members: &[Membership],
    active: &[u32],
    expected: &[f64],
) -> Vec<Option<Pool>> {
    let n_classes = config.class_sizes.len();
    let mut nodes = vec![Vec::new(); n_classes];
    let mut weights = vec![Vec::new(); n_classes];
    for (&node, &degree) in active.iter().zip(expected) {
        for (class, share) in members[node as usize].shares(config.mixing) {
            if share > 0.0 {
                nodes[class as usize].push(node);
                weights[class as usize].push(share * degree);
            }
        }
    }
    nodes
        .into_iter()
        .zip(weights)
        .map(|(nodes, weights)| {
            (!nodes.is_empty()).then(|| Pool {
                nodes,
                table: Alias::new(&weights),
                weight: weights.iter().sum(),
            })
        })
        .collect()
}

/// For each class the distribution over the other ones by their weight; none where it is alone.
fn foreign_tables(pools: &[Option<Pool>]) -> Vec<Option<Alias>> {
    let weight = |class: usize| pools[class].as_ref().map_or(0.0, |pool| pool.weight);
    (0..pools.len())
        .map(|own| {
            let weights: Vec<f64> = (0..pools.len())
                .map(|class| if class == own { 0.0 } else { weight(class) })
                .collect();
            weights
                .iter()
                .any(|&weight| weight > 0.0)
                .then(|| Alias::new(&weights))
        })
        .collect()
}
