//! Splits by how topology-imbalanced they are.

use plm_core::rng::Seed;
use rand::seq::SliceRandom;
use rayon::prelude::*;

use super::balanced::BalancedSplit;
use super::parts::Split;
use super::sample::{Validation, check_class, sorted};
use crate::graph::Labels;
use crate::ppr::{Diffusion, PprSolver};
use crate::totoro::Totoro;
use crate::{Error, Result};

/// How much conflict there is in a labeled set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TopologyLevel {
    /// Little.
    Low,
    /// As much as usual.
    Middle,
    /// Much.
    High,
}

/// How [`sampled_levels`] samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct LevelOptions {
    /// How each split is drawn.
    pub split: BalancedSplit,
    /// Splits that are drawn.
    pub draws: usize,
    /// Splits that each level keeps, a third of the draws at most.
    pub keep: usize,
}

/// A split and its conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct RankedSplit {
    /// The split.
    pub split: Split,
    /// Which draw it was: its seed is `seed.at(draw)`.
    pub draw: u64,
    /// ΣT over its training nodes.
    pub conflict: f64,
}

/// Splits of three levels, each by ascending conflict.
#[derive(Debug, Clone, PartialEq)]
pub struct ConflictLevels {
    /// Those of least conflict.
    pub low: Vec<RankedSplit>,
    /// Those around the median.
    pub middle: Vec<RankedSplit>,
    /// Those of most conflict.
    pub high: Vec<RankedSplit>,
}

/// Draws many random splits, ranks them by ΣT and keeps the ends and the middle (the paper's section
/// 4.4, whose levels are such quantiles).
///
/// The levels lie close together: on Cora ΣT is 0.08, 0.12 and 0.18 for the ends and the middle of
/// 1,500 draws. [`constructed_split`] spreads further. Costs two solves for each draw.
///
/// # Errors
/// [`Error::Core`] where three times `keep` exceeds `draws`; else as [`BalancedSplit::draw`] and
/// [`Totoro::solve`].
pub fn sampled_levels(
    diffusion: &Diffusion,
    labels: &Labels,
    options: &LevelOptions,
    solver: &dyn PprSolver,
    seed: Seed,
) -> Result<ConflictLevels> {
    if options.keep.saturating_mul(3) > options.draws {
        return Err(Error::config(
            "LevelOptions",
            "keep",
            format!(
                "is {}, a third of {} draws at most",
                options.keep, options.draws
            ),
        ));
    }
    // Few draws at a time: each holds numbers for all nodes and classes.
    let mut ranked = Vec::with_capacity(options.draws.min(1 << 16));
    let draws: Vec<u64> = (0..options.draws as u64).collect();
    for some in draws.chunks(rayon::current_num_threads()) {
        let some: Vec<RankedSplit> = some
            .par_iter()
            .map(|&draw| {
                let split = options.split.draw(labels, seed.at(draw))?;
                let totoro = Totoro::solve(diffusion, labels, &split.train, solver)?;
                Ok(RankedSplit {
                    split,
                    draw,
                    conflict: totoro.conflict().total(),
                })
            })
            .collect::<Result<_>>()?;
        ranked.extend(some);
    }
    ranked.sort_by(|a, b| a.conflict.total_cmp(&b.conflict).then(a.draw.cmp(&b.draw)));
    let middle = (ranked.len() - options.keep) / 2;
    let mut high = ranked.split_off(ranked.len() - options.keep);
    high.shrink_to_fit();
    Ok(ConflictLevels {
        middle: ranked[middle..middle + options.keep].to_vec(),
        low: ranked[..options.keep].to_vec(),
        high,
    })
}

/// A split whose training nodes come, class by class, from the third of the class with the least, the
/// middle or the most conflict.
///
/// `conflict` are the conflicts of all nodes where all labels are known: those of
/// [`Totoro::of_all`], solved with every labeled node as training node. Validation and test nodes are
/// drawn from all others.
///
/// # Errors
/// [`Error::Core`] where there is not one conflict for each labeled node or one is not finite, or a
/// class is too small: a third of it must hold the training nodes; [`Error::EmptyClass`] where none
/// are asked for.
pub fn constructed_split(
    labels: &Labels,
    conflict: &[Option<f64>],
    level: TopologyLevel,
    split: &BalancedSplit,
    seed: Seed,
) -> Result<Split> {
    if conflict.len() != labels.n_nodes() {
        return Err(Error::invalid(
            "conflict",
            format!("{} values for {} nodes", conflict.len(), labels.n_nodes()),
        ));
    }
    let mut rng = seed.stream("split");
    let mut parts = Split {
        train: Vec::new(),
        valid: Vec::new(),
        test: Vec::new(),
    };
    for (class, nodes) in labels.members().into_iter().enumerate() {
        let mut by_conflict = Vec::with_capacity(nodes.len());
        for node in nodes {
            match conflict[node as usize] {
                Some(value) if value.is_finite() => by_conflict.push((value, node)),
                other => {
                    return Err(Error::invalid(
                        "conflict",
                        format!("node {node} of class {class} has {other:?}, must be finite"),
                    ));
                }
            }
        }
        by_conflict.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        let count = by_conflict.len();
        check_class(
            class,
            count,
            split.train_each,
            split.valid_each,
            labels.n_classes(),
        )?;
        let third = match level {
            TopologyLevel::Low => 0..count / 3,
            TopologyLevel::Middle => count / 3..count - count / 3,
            TopologyLevel::High => count - count / 3..count,
        };
        if third.len() < split.train_each {
            return Err(Error::invalid(
                "split",
                format!(
                    "class {class} has {} nodes in its {level:?} third, asked for {} to train",
                    third.len(),
                    split.train_each
                ),
            ));
        }
        let mut chosen: Vec<u32> = by_conflict.drain(third).map(|(_, node)| node).collect();
        chosen.shuffle(&mut rng);
        let mut rest: Vec<u32> = by_conflict.into_iter().map(|(_, node)| node).collect();
        rest.extend(chosen.split_off(split.train_each));
        rest.sort_unstable();
        if split.validation == Validation::Random {
            rest.shuffle(&mut rng);
        }
        parts.test.extend(rest.split_off(split.valid_each));
        parts.valid.extend(rest);
        parts.train.extend(chosen);
    }
    Ok(sorted(parts))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::{SbmConfig, generate};
    use crate::ppr::CgPpr;

    fn options(draws: usize, keep: usize) -> LevelOptions {
        LevelOptions {
            split: BalancedSplit {
                train_each: 5,
                valid_each: 5,
                validation: Validation::Random,
            },
            draws,
            keep,
        }
    }

    #[test]
    fn levels_are_ordered() {
        let config = SbmConfig {
            class_sizes: vec![60, 50, 40],
            words: None,
            ..SbmConfig::default()
        };
        let graph = generate(&config, Seed::new(1)).unwrap().graph;
        let diffusion = Diffusion::new(&graph.adjacency, 0.15).unwrap();
        let solver = CgPpr::default();
        let levels = |options: &LevelOptions| {
            sampled_levels(&diffusion, &graph.labels, options, &solver, Seed::new(2))
        };
        let found = levels(&options(30, 4)).unwrap();
        let all: Vec<&RankedSplit> = [&found.low, &found.middle, &found.high]
            .into_iter()
            .flatten()
            .collect();
        assert_eq!(all.len(), 12);
        assert!(
            all.windows(2)
                .all(|pair| pair[0].conflict <= pair[1].conflict)
        );
        for ranked in all {
            let again = options(1, 0)
                .split
                .draw(&graph.labels, Seed::new(2).at(ranked.draw));
            assert_eq!(ranked.split, again.unwrap());
        }
        let error = levels(&options(10, 4)).unwrap_err().to_string();
        assert!(error.contains("a third of 10 draws at most"), "{error}");
        assert!(levels(&options(0, 0)).unwrap().low.is_empty());

        let everyone: Vec<u32> = (0..150).collect();
        let full = Totoro::solve(&diffusion, &graph.labels, &everyone, &solver).unwrap();
        let conflict = full.of_all(&graph.labels);
        let total = |level| {
            let split = constructed_split(
                &graph.labels,
                &conflict,
                level,
                &options(1, 0).split,
                Seed::new(3),
            )
            .unwrap();
            split.check(&graph.labels).unwrap();
            assert_eq!(
                (split.train.len(), split.valid.len(), split.test.len()),
                (15, 15, 120)
            );
            let totoro = Totoro::solve(&diffusion, &graph.labels, &split.train, &solver).unwrap();
            totoro.conflict().total()
        };
        let [low, middle, high] = [
            TopologyLevel::Low,
            TopologyLevel::Middle,
            TopologyLevel::High,
        ]
        .map(total);
        assert!(low < middle && middle < high, "{low} {middle} {high}");
    }

    #[test]
    fn thirds_by_hand() {
        // One class of 7 whose conflict falls with the node: thirds of 2, 3 and 2.
        let labels = Labels::complete(&[0; 7]).unwrap();
        let conflict: Vec<Option<f64>> = (0..7).map(|node| Some(7.0 - f64::from(node))).collect();
        let draw = |level, train_each| {
            let split = BalancedSplit {
                train_each,
                valid_each: 1,
                validation: Validation::Ascending,
            };
            constructed_split(&labels, &conflict, level, &split, Seed::new(0))
        };
        let low = draw(TopologyLevel::Low, 2).unwrap();
        assert_eq!((low.train, low.valid), (vec![5, 6], vec![0]));
        assert_eq!(draw(TopologyLevel::Middle, 3).unwrap().train, [2, 3, 4]);
        assert_eq!(draw(TopologyLevel::High, 2).unwrap().train, [0, 1]);
        let error = draw(TopologyLevel::High, 3).unwrap_err().to_string();
        assert!(
            error.contains("2 nodes in its High third, asked for 3"),
            "{error}"
        );
        let lacking = [None; 7];
        let split = BalancedSplit::default();
        for (conflict, text) in [
            (&lacking[..], "node 0 of class 0 has None"),
            (&[], "0 values"),
        ] {
            let error =
                constructed_split(&labels, conflict, TopologyLevel::Low, &split, Seed::new(0));
            let error = error.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
