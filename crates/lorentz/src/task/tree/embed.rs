//! Embedding by relative distortion.

use burn::module::{Module, Param};
use burn::optim::GradientsParams;
use burn::tensor::{Device, Tensor, TensorData};
use plm_core::check::{at_least, positive};
use plm_core::rng::Seed;
use serde::{Deserialize, Serialize};

use super::{Distortion, GraphDistances};
use crate::optim::{ManifoldOptimizer, ManifoldOptimizerConfig};
use crate::task::nodes::{NodeEmbedding, NodeEmbeddingConfig, Places, Space};
use crate::{Error, Result};

/// Settings of [`embed`].
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DistortionConfig {
    /// Dimensions of the space.
    pub dimension: usize,
    /// The space.
    pub space: Space,
    /// Distance of all nodes from the origin before training.
    pub distance: f64,
    /// Updates.
    pub steps: usize,
    /// Learning rate of the first three quarters of the updates.
    pub lr: f64,
    /// Learning rate of the last quarter.
    pub final_lr: f64,
    /// Whether to compute in double precision, which not every device knows.
    pub double_precision: bool,
    /// The optimizer.
    pub optimizer: ManifoldOptimizerConfig,
}

impl DistortionConfig {
    /// 2000 updates in double precision.
    pub fn new(dimension: usize, space: Space) -> Self {
        Self {
            dimension,
            space,
            distance: 1.0,
            steps: 2000,
            lr: 0.05,
            final_lr: 0.005,
            double_precision: true,
            optimizer: ManifoldOptimizerConfig::default(),
        }
    }

    fn check(&self) -> Result<()> {
        const ORIGIN: &str = "DistortionConfig";
        at_least(ORIGIN, "steps", self.steps, 1)?;
        positive(ORIGIN, "lr", self.lr)?;
        positive(ORIGIN, "final_lr", self.final_lr)?;
        Ok(())
    }
}

/// A trained embedding.
#[derive(Debug)]
pub struct DistortionFit {
    /// The places, on the device that they were trained on, without its autodiff.
    pub embedding: NodeEmbedding,
    /// s: the distance that stands for one step.
    pub scale: f64,
    /// The loss before each hundredth update and before the last one, with the number of updates so far.
    pub losses: Vec<(usize, f64)>,
    /// What is left of distortion.
    pub distortion: Distortion,
}

#[derive(Module, Debug)]
struct Model {
    places: NodeEmbedding,
    log_scale: Param<Tensor<1>>,
}

/// Places the nodes of a graph so that distances are in proportion to steps: minimizes the mean over all
/// pairs of (d / (s d_G) − 1)² over places and the scale s > 0.
///
/// Distances of all pairs come from one matrix product, so time and memory of an update grow with the
/// square of the number of nodes. Its cancellation does not hurt, as nodes come to lie at least about s
/// apart. `device` is the plain device; training adds autodiff to it.
///
/// # Errors
/// [`Error::Core`] naming a setting that is out of its limits, or where the loss is no longer finite.
pub fn embed(
    distances: &GraphDistances,
    config: &DistortionConfig,
    seed: Seed,
    device: &Device,
) -> Result<DistortionFit> {
    config.check()?;
    let nodes = distances.nodes();
    let tracked = device.clone().autodiff();
    let places = NodeEmbeddingConfig {
        nodes,
        dimension: config.dimension,
        space: config.space,
        distance: config.distance,
        double_precision: config.double_precision,
    };
    let places = places.init(seed, &tracked)?;
    let dtype = places.val().dtype();
    let table = |value: &dyn Fn(u32) -> f64| {
        let values: Vec<f64> = (0..nodes)
            .flat_map(|node| distances.from(node))
            .map(|&steps| if steps == 0 { 0.0 } else { value(steps) })
            .collect();
        Tensor::<2>::from_data(TensorData::new(values, [nodes, nodes]), (&tracked, dtype))
    };
    let per_step = table(&|steps| 1.0 / f64::from(steps));
    let ones = table(&|_| 1.0);
    let pairs = (nodes * (nodes - 1)) as f64;
    let zero = Tensor::<1>::zeros([1], (&tracked, dtype));
    let mut model = Model {
        places,
        log_scale: Param::from_tensor(zero),
    };
    let mut optimizer = ManifoldOptimizer::new(&model, config.optimizer)?;
    let mut losses = Vec::new();
    for step in 0..config.steps {
        let points = model.places.val();
        let found = config.space.distance_pairwise(points.clone(), points);
        let factor = model.log_scale.val().neg().exp().unsqueeze::<2>();
        let off = found * per_step.clone() * factor - ones.clone();
        let loss = off.square().sum().div_scalar(pairs);
        if step.is_multiple_of(100) || step + 1 == config.steps {
            let value = number(loss.clone());
            if !value.is_finite() {
                let reason = format!("is {value} after {step} updates; lower `lr`");
                return Err(Error::Core(plm_core::Error::invalid("loss", reason)));
            }
            losses.push((step, value));
        }
        let gradients = GradientsParams::from_grads(loss.backward(), &model);
        let last = 4 * step >= 3 * config.steps;
        let lr = if last { config.final_lr } else { config.lr };
        model = optimizer.step(lr, model, gradients);
    }
    let model = model.valid();
    let scale = number(model.log_scale.val()).exp();
    let distortion = Distortion::of(&Places::of(&model.places), distances, scale)?;
    Ok(DistortionFit {
        embedding: model.places,
        scale,
        losses,
        distortion,
    })
}

fn number(tensor: Tensor<1>) -> f64 {
    tensor.into_data().iter::<f64>().sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Curvature;
    use crate::data::generate::balanced_tree;
    use crate::testing::devices;

    fn tree() -> GraphDistances {
        let tree = balanced_tree(2, 3).unwrap();
        GraphDistances::of(&tree.adjacency().unwrap()).unwrap()
    }

    fn config(space: Space) -> DistortionConfig {
        DistortionConfig {
            steps: 400,
            ..DistortionConfig::new(3, space)
        }
    }

    #[test]
    fn hyperbolic_space_distorts_a_tree_less() {
        for device in devices() {
            let fit = |space| embed(&tree(), &config(space), Seed::new(1), &device).unwrap();
            let (curved, flat) = (fit(Space::LORENTZ), fit(Space::Euclidean));
            let distortion = curved.distortion;
            assert!(distortion.mean < 0.06, "{distortion:?}");
            assert!(distortion.mean < 0.7 * flat.distortion.mean, "{flat:?}");
            assert_eq!(distortion.neighbor_precision, 1.0);
            assert_eq!(curved.losses.last().unwrap().0, 399);
            assert!(curved.losses.last().unwrap().1 < 0.1 * curved.losses[0].1);
            if let NodeEmbedding::Lorentz(points) = &curved.embedding {
                points.check().unwrap();
            }
        }
    }

    #[test]
    fn other_curvatures_hold_trees_too() {
        let device = devices().remove(0);
        for k in [0.25, 4.0] {
            let curvature = Curvature::from_k(k).unwrap();
            let config = config(Space::Lorentz { curvature });
            let fit = embed(&tree(), &config, Seed::new(1), &device).unwrap();
            assert!(fit.distortion.mean < 0.1, "{k} {:?}", fit.distortion);
            assert_eq!(fit.embedding.space(), config.space);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_places() {
        let device = devices().remove(0);
        let run = |seed| {
            let config = DistortionConfig {
                steps: 5,
                double_precision: false,
                ..config(Space::LORENTZ)
            };
            let fit = embed(&tree(), &config, Seed::new(seed), &device).unwrap();
            fit.embedding
                .val()
                .into_data()
                .iter::<f64>()
                .collect::<Vec<_>>()
        };
        assert_eq!(run(1), run(1));
        assert_ne!(run(1), run(2));
        let bad = DistortionConfig {
            steps: 0,
            ..config(Space::LORENTZ)
        };
        assert!(embed(&tree(), &bad, Seed::new(1), &device).is_err());
    }
}
