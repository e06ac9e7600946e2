//! Training.

use burn::module::Module;
use burn::optim::GradientsParams;
use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::rng::{Seed, StreamRng};
use rand::seq::SliceRandom;

use super::negatives::draw_negative;
use super::{HierarchyConfig, HierarchyScore};
use crate::data::hierarchy::Hierarchy;
use crate::optim::ManifoldOptimizer;
use crate::task::nodes::{NodeEmbedding, NodeEmbeddingConfig, Places, Ranking, rank_related};
use crate::{Error, Result};

/// A trained embedding.
#[derive(Debug)]
pub struct HierarchyFit {
    /// The places, on the device that they were trained on, without its autodiff.
    pub embedding: NodeEmbedding,
    /// The mean loss of each epoch.
    pub losses: Vec<f64>,
    /// How well the hierarchy can be read off the places.
    pub ranking: Ranking,
}

/// Trains places of the nodes of `hierarchy`, whose pairs should be a
/// [closure](Hierarchy::closure), by the cross-entropy of a pair's ancestor among sampled nodes that are not
/// ancestors.
///
/// Negatives and the order of pairs come from `seed`, so a run can be repeated on one device. `device` is
/// the plain device; training adds autodiff to it. `progress` is told the number of epochs so far and the mean
/// loss of the last.
///
/// # Errors
/// [`Error::Core`] naming a setting that is out of its limits, where the hierarchy has no pair or a node is
/// related to all others, or where the loss is no longer finite.
pub fn embed_hierarchy(
    hierarchy: &Hierarchy,
    config: &HierarchyConfig,
    seed: Seed,
    device: &Device,
    mut progress: impl FnMut(u64, f64),
) -> Result<HierarchyFit> {
    config.check()?;
    if hierarchy.is_empty() {
        let reason = "has no pair of a node and one above it, so there is nothing to train on";
        return Err(Error::Core(plm_core::Error::invalid("hierarchy", reason)));
    }
    let tracked = device.clone().autodiff();
    let places = NodeEmbeddingConfig {
        distance: config.distance,
        ..NodeEmbeddingConfig::new(hierarchy.nodes(), config.dimension, config.space)
    };
    let mut places = places.init(seed.child("places"), &tracked)?;
    let mut optimizer = ManifoldOptimizer::new(&places, config.optimizer)?;
    let mut pairs: Vec<(u32, u32)> = hierarchy.pairs().collect();
    let mut losses = Vec::new();
    for epoch in 0..config.epochs {
        let mut rng = seed.child("epoch").at(epoch).rng();
        pairs.shuffle(&mut rng);
        let lr = if epoch < config.burn_in {
            0.1 * config.lr
        } else {
            config.lr
        };
        let mut sum = 0.0;
        for batch in pairs.chunks(config.batch) {
            let ids = nodes_of(hierarchy, batch, config.negatives, &mut rng)?;
            let loss = loss(&places, ids, config, &tracked);
            sum += loss.clone().into_data().iter::<f64>().sum::<f64>() * batch.len() as f64;
            let gradients = GradientsParams::from_grads(loss.backward(), &places);
            places = optimizer.step(lr, places, gradients);
        }
        let mean = sum / pairs.len() as f64;
        if !mean.is_finite() {
            let reason = format!("is {mean} in epoch {}; lower `lr`", epoch + 1);
            return Err(Error::Core(plm_core::Error::invalid("loss", reason)));
        }
        losses.push(mean);
        progress(epoch + 1, mean);
    }
    let embedding = places.valid();
    let ranking = rank_related(&Places::of(&embedding), hierarchy.related())?;
    Ok(HierarchyFit {
        embedding,
        losses,
        ranking,
    })
}

/// For each pair its node, its ancestor and `negatives` drawn nodes: `[pairs, negatives + 2]`.
fn nodes_of(
    hierarchy: &Hierarchy,
    pairs: &[(u32, u32)],
    negatives: usize,
    rng: &mut StreamRng,
) -> Result<Vec<i64>> {
    let mut ids = Vec::with_capacity(pairs.len() * (negatives + 2));
    for &(node, ancestor) in pairs {
        ids.extend([i64::from(node), i64::from(ancestor)]);
        let ancestors = hierarchy.related().row(node as usize).0;
        for _ in 0..negatives {
            let Some(drawn) = draw_negative(hierarchy.nodes(), node, ancestors, rng) else {
                let name = &hierarchy.names()[node as usize];
                let reason = format!("`{name}` is related to all other nodes: no negative is left");
                return Err(Error::Core(plm_core::Error::invalid("hierarchy", reason)));
            };
            ids.push(i64::from(drawn));
        }
    }
    Ok(ids)
}

/// −log softmax of the ancestor's score among those of the drawn nodes, averaged over pairs.
fn loss(
    places: &NodeEmbedding,
    ids: Vec<i64>,
    config: &HierarchyConfig,
    device: &Device,
) -> Tensor<1> {
    let choices = config.negatives + 1;
    let count = ids.len() / (choices + 1);
    let ids = Tensor::<1, Int>::from_data(TensorData::new(ids, [count * (choices + 1)]), device);
    let table = places.val();
    let width = table.dims()[1];
    let found = table.select(0, ids).reshape([count, choices + 1, width]);
    let nodes = found.clone().narrow(1, 0, 1);
    let others = found.narrow(1, 1, choices);
    let distances = match config.score {
        HierarchyScore::Distance => config.space.distance(nodes, others),
        HierarchyScore::SquaredDistance => config.space.squared_distance(nodes, others),
    };
    let scores: Tensor<2> = distances.neg().reshape([count, choices]);
    log_softmax(scores, 1).narrow(1, 0, 1).mean().neg()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::generate::balanced_tree;
    use crate::task::nodes::Space;
    use crate::testing::devices;

    /// The closure of a tree of 3 branches and 3 levels below the root: 40 nodes.
    fn tree() -> Hierarchy {
        let tree = balanced_tree(3, 3).unwrap();
        let names = (0..tree.nodes()).map(|node| node.to_string()).collect();
        let pairs: Vec<(u32, u32)> = tree.edges().iter().map(|&(up, down)| (down, up)).collect();
        Hierarchy::new(names, &pairs).unwrap().closure().unwrap()
    }

    #[test]
    fn a_tree_can_be_read_off_its_places() {
        let tree = tree();
        for device in devices() {
            for score in [HierarchyScore::Distance, HierarchyScore::SquaredDistance] {
                let config = HierarchyConfig {
                    score,
                    epochs: 60,
                    batch: 32,
                    lr: 0.05,
                    ..HierarchyConfig::new(3, Space::LORENTZ)
                };
                let mut told = Vec::new();
                let fit = embed_hierarchy(&tree, &config, Seed::new(2), &device, |epoch, _| {
                    told.push(epoch);
                })
                .unwrap();
                assert_eq!(told, (1..=60).collect::<Vec<_>>());
                let map = fit.ranking.mean_average_precision;
                assert!(map > 0.8, "{score:?} {:?}", fit.ranking);
                assert!(fit.losses[59] < 0.5 * fit.losses[0], "{:?}", fit.losses);
            }
        }
    }

    #[test]
    fn the_loss_before_training_is_that_of_guessing() {
        let tree = tree();
        for device in devices() {
            let config = HierarchyConfig::new(3, Space::Euclidean);
            let tracked = device.clone().autodiff();
            let places = NodeEmbeddingConfig {
                distance: 1e-6,
                ..NodeEmbeddingConfig::new(40, 3, Space::Euclidean)
            };
            let places = places.init(Seed::new(1), &tracked).unwrap();
            let pairs: Vec<(u32, u32)> = tree.pairs().collect();
            let ids = nodes_of(&tree, &pairs, 10, &mut Seed::new(1).rng()).unwrap();
            let found = loss(&places, ids, &config, &tracked).into_scalar::<f32>();
            assert!((found - 11.0_f32.ln()).abs() < 1e-4, "{found}");
        }
    }

    #[test]
    fn runs_repeat_and_bad_settings_are_refused() {
        let (tree, device) = (tree(), devices().remove(0));
        let config = HierarchyConfig {
            epochs: 2,
            ..HierarchyConfig::new(2, Space::LORENTZ)
        };
        let run = |config: &HierarchyConfig, seed| {
            embed_hierarchy(&tree, config, Seed::new(seed), &device, |_, _| ())
        };
        assert_eq!(
            run(&config, 1).unwrap().losses,
            run(&config, 1).unwrap().losses
        );
        assert_ne!(
            run(&config, 1).unwrap().losses,
            run(&config, 2).unwrap().losses
        );
        for bad in [
            HierarchyConfig { batch: 0, ..config },
            HierarchyConfig {
                negatives: 0,
                ..config
            },
            HierarchyConfig {
                lr: f64::NAN,
                ..config
            },
        ] {
            assert!(run(&bad, 1).is_err());
        }
        let chain = Hierarchy::new(vec!["a".into(), "b".into()], &[(0, 1)]).unwrap();
        let error = embed_hierarchy(&chain, &config, Seed::new(1), &device, |_, _| ())
            .unwrap_err()
            .to_string();
        assert!(error.contains("`a`"), "{error}");
    }

    #[test]
    fn a_hierarchy_without_pairs_is_refused() {
        let none = Hierarchy::new(vec!["a".into(), "b".into()], &[]).unwrap();
        let config = HierarchyConfig::new(2, Space::LORENTZ);
        let device = devices().remove(0);
        let error = embed_hierarchy(&none, &config, Seed::new(1), &device, |_, _| ())
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("hierarchy") && error.contains("no pair"),
            "{error}"
        );
    }
}
