//! Trees in few dimensions: how little of their distances is distorted.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use plm_core::rng::Seed;

use super::exact::double_precision;
use super::pictures;
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::generate::{Tree, balanced_tree, random_tree};
use plm_lorentz::task::nodes::Space;
use plm_lorentz::task::tree::{DistortionConfig, DistortionFit, GraphDistances, embed};

/// Dimensions of the spaces.
const DIMENSIONS: [usize; 3] = [2, 5, 10];
/// The spaces by name.
const SPACES: [(&str, Space); 2] = [("lorentz", Space::LORENTZ), ("euclid", Space::Euclidean)];

/// Values of one seed after another.
type Figures = BTreeMap<(String, &'static str), Vec<f64>>;

/// Embeds a binary tree and a random one.
pub(super) fn embedded(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let device = double_precision(context)?;
    let depth: usize = context.settings.get("tree_depth", 5)?;
    let binary = balanced_tree(2, depth)?;
    let mut figures = Figures::new();
    for (index, &number) in context.seeds.iter().enumerate() {
        let seed = Seed::new(number);
        let mut shown = Vec::new();
        let bar = context.progress.bar(8, "trees");
        for dimension in DIMENSIONS {
            for (name, space) in SPACES {
                let fit = fit(context, &binary, (dimension, space), seed, &device)?;
                note(&mut figures, &format!("binary.{name}.d{dimension}"), &fit);
                if dimension == 2 {
                    shown.push((name, fit));
                }
                bar.inc(1);
            }
        }
        if let (0, [(_, curved), (_, flat)]) = (index, &shown[..]) {
            pictures::disks(&binary, curved, flat, outcome)?;
        }
        let random = random_tree(binary.nodes(), seed.child("random"))?;
        for (name, space) in SPACES {
            let fit = fit(context, &random, (5, space), seed, &device)?;
            note(&mut figures, &format!("random.{name}.d5"), &fit);
            bar.inc(1);
        }
    }
    for ((id, metric), values) in &figures {
        let row = Row::over_seeds(format!("tree.{id}"), *metric, values);
        outcome.rows.push(row);
    }
    let mean = |name: &str| {
        let values = figures.get(&(format!("binary.{name}.d5"), "mean_distortion"));
        let values = values.context("no tree in five dimensions")?;
        Ok::<f64, anyhow::Error>(values.iter().sum::<f64>() / values.len() as f64)
    };
    let (curved, flat) = (mean("lorentz")?, mean("euclid")?);
    outcome
        .checks
        .push(Check::new("tree_distortion_5d", curved, Op::Le, 0.045));
    outcome.checks.push(Check::new(
        "tree_distortion_ratio",
        curved / flat,
        Op::Lt,
        0.5,
    ));
    outcome.notes.push(format!(
        "Trees: {} nodes, all pairs in each of the updates, double precision. A distance d stands for d / s \
         steps with a learned s; mean_distortion is the mean of |d / (s steps) − 1|, worst_distortion the \
         largest d / steps over the smallest, neighbor_map the mean average precision of neighbors by \
         distance. Random trees are drawn evenly from the labeled ones, one for each seed.",
        binary.nodes()
    ));
    Ok(())
}

fn fit(
    context: &Context,
    tree: &Tree,
    (dimension, space): (usize, Space),
    seed: Seed,
    device: &Device,
) -> Result<DistortionFit> {
    let lr = context.settings.get("tree_lr", 0.05)?;
    let config = DistortionConfig {
        steps: context.settings.get("tree_steps", 2000)?,
        lr,
        final_lr: 0.1 * lr,
        ..DistortionConfig::new(dimension, space)
    };
    let distances = GraphDistances::of(&tree.adjacency()?)?;
    Ok(embed(&distances, &config, seed, device)?)
}

fn note(figures: &mut Figures, id: &str, fit: &DistortionFit) {
    let distortion = fit.distortion;
    for (metric, value) in [
        ("mean_distortion", distortion.mean),
        ("worst_distortion", distortion.worst),
        ("neighbor_map", distortion.neighbor_precision),
        ("scale", fit.scale),
    ] {
        figures
            .entry((id.to_owned(), metric))
            .or_default()
            .push(value);
    }
}
