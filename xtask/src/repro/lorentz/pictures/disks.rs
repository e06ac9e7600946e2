//! Places of a tree in the Poincaré disk and in the Euclidean plane, side by side.

use std::f64::consts::TAU;

use anyhow::{Result, ensure};
use plm_core::graph::Csr;
use plm_lorentz::lorentz_group::LorentzTransform;

use crate::report::{Plot, Series};
use crate::repro::Outcome;
use plm_lorentz::data::generate::Tree;
use plm_lorentz::task::nodes::Places;
use plm_lorentz::task::tree::DistortionFit;

/// Points of an edge's curve.
const PARTS: usize = 8;
/// Where the center of the second picture is, and its radius: right of the first, below the legend.
const SECOND: ([f64; 2], f64) = ([2.25, -0.2], 0.8);

/// Adds the picture of two planar embeddings, the first in hyperbolic space with k = 1, and how the losses
/// fell. Node 0 is in the middle of both.
pub(in super::super) fn disks(
    tree: &Tree,
    curved: &DistortionFit,
    flat: &DistortionFit,
    outcome: &mut Outcome,
) -> Result<()> {
    let walk = walk(&tree.adjacency()?);
    let hyperbolic = geodesics(&Places::of(&curved.embedding), &walk)?;
    let straight = lines(&Places::of(&flat.embedding), &walk)?;
    let circle = |x: f64| {
        let angle = |part: usize| TAU * part as f64 / 120.0;
        let points = (0..=120).map(move |part| (x + angle(part).cos(), angle(part).sin()));
        points.collect::<Vec<_>>()
    };
    outcome.plots.push(Plot::lines(
        "tree_disks",
        &format!("A binary tree of {} nodes in two dimensions", tree.nodes()),
        "left: hyperbolic (Poincaré disk), right: Euclidean",
        "",
        vec![
            Series::new("edges, hyperbolic", hyperbolic),
            Series::new("edges, Euclidean", straight),
            Series::new("rim of the disk", circle(0.0)),
        ],
    ));
    let series = [("hyperbolic", curved), ("Euclidean", flat)]
        .map(|(name, fit)| {
            let points = fit.losses.iter();
            let points = points.map(|&(step, loss)| (step as f64, loss.log10()));
            Series::new(name, points.collect())
        })
        .to_vec();
    outcome.plots.push(Plot::lines(
        "tree_losses",
        "Squared relative distortion of a binary tree in two dimensions",
        "updates",
        "log10 of the loss",
        series,
    ));
    Ok(())
}

/// The nodes of a walk from node 0 that goes along each edge of a tree twice.
fn walk(adjacency: &Csr<f32>) -> Vec<usize> {
    let mut walk = vec![0];
    let mut open = vec![(0, 0, 0)];
    while let Some((node, from, next)) = open.pop() {
        let neighbors = adjacency.row(node).0;
        match neighbors.get(next) {
            Some(&to) => {
                open.push((node, from, next + 1));
                let to = to as usize;
                if to != from || walk.len() == 1 {
                    walk.push(to);
                    open.push((to, node, 0));
                }
            }
            None if !open.is_empty() => walk.push(from),
            None => {}
        }
    }
    walk
}

/// The walk along geodesics in the Poincaré disk, moved so that node 0 is the origin.
fn geodesics(places: &Places, walk: &[usize]) -> Result<Vec<(f64, f64)>> {
    let root = places.place(0);
    ensure!(root.len() == 3, "{} components, not 3", root.len());
    let boost = LorentzTransform::boost(&[root[1] / root[0], root[2] / root[0]])?;
    let points: Vec<[f64; 3]> = (0..places.nodes())
        .map(|node| {
            let place = places.place(node);
            [0, 1, 2].map(|i| (0..3).map(|j| boost.get(i, j) * place[j]).sum())
        })
        .collect();
    let disk = |p: [f64; 3]| (p[1] / (1.0 + p[0]), p[2] / (1.0 + p[0]));
    let mut line = vec![disk(points[0])];
    for ends in walk.windows(2) {
        let (x, y) = (points[ends[0]], points[ends[1]]);
        let product = x[0] * y[0] - x[1] * y[1] - x[2] * y[2];
        let distance = product.max(1.0).acosh();
        for part in 1..=PARTS {
            let share = part as f64 / PARTS as f64;
            // Coincident ends: any weights that add up to 1.
            let [a, b] = [1.0 - share, share].map(|share| match distance > 1e-9 {
                true => (share * distance).sinh() / distance.sinh(),
                false => share,
            });
            line.push(disk([0, 1, 2].map(|i| a * x[i] + b * y[i])));
        }
    }
    Ok(line)
}

/// The walk along straight lines, moved and scaled so that node 0 is the second picture's center and the
/// farthest node on its rim.
fn lines(places: &Places, walk: &[usize]) -> Result<Vec<(f64, f64)>> {
    let root = places.place(0);
    ensure!(root.len() == 2, "{} components, not 2", root.len());
    let largest = places.distances(0).into_iter().fold(0.0, f64::max);
    ensure!(largest > 0.0, "all nodes at the same place");
    let (center, radius) = SECOND;
    let at =
        |place: &[f64], axis: usize| center[axis] + radius * (place[axis] - root[axis]) / largest;
    Ok(walk
        .iter()
        .map(|&node| places.place(node))
        .map(|place| (at(&place, 0), at(&place, 1)))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use plm_lorentz::data::generate::{balanced_tree, prufer_tree};

    #[test]
    fn a_walk_goes_along_each_edge_twice() {
        let tree = balanced_tree(2, 2).unwrap();
        let walk = walk(&tree.adjacency().unwrap());
        assert_eq!(walk, [0, 1, 3, 1, 4, 1, 0, 2, 5, 2, 6, 2, 0]);
    }

    #[test]
    fn a_walk_from_a_leaf_comes_back_to_it() {
        // The path 0 – 2 – 1.
        let walk = walk(&prufer_tree(&[2]).unwrap().adjacency().unwrap());
        assert_eq!(walk, [0, 2, 1, 2, 0]);
    }
}
