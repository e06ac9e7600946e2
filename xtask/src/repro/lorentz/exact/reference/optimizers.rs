//! Three updates of optimizers, from the gradients of the reference.

use anyhow::{Context as _, Result};
use burn::optim::Optimizer;
use burn::tensor::Tensor;
use plm_lorentz::Curvature;
use plm_lorentz::optim::{
    EuclideanAdamConfig, RiemannianAdamConfig, RiemannianSgdConfig, StepLimits,
};
use serde_json::Value;

use super::super::tensors::{Options, array};
use super::{Reference, fixture};
use crate::repro::Context;

pub(super) fn compare(
    context: &Context,
    options: Options<'_>,
    reference: &mut Reference,
) -> Result<()> {
    let file = fixture(context, "optimizers")?;
    let mut points = Runs {
        file: &file,
        key: "point",
        gradient: "egrad_manifold",
        options,
        reference: &mut *reference,
    };
    let adam = RiemannianAdamConfig::default();
    for name in ["fork_radam_lr0.05", "geoopt051_radam_lr0.05"] {
        points.compare(&adam.build(Curvature::UNIT)?, name, 0.05)?;
    }
    let decayed = RiemannianAdamConfig {
        weight_decay: 0.01,
        limits: StepLimits {
            stabilize: Some(1),
            ..StepLimits::default()
        },
        ..adam
    };
    let decayed = decayed.build(Curvature::UNIT)?;
    points.compare(&decayed, "fork_radam_wd0.01_stabilize1", 0.05)?;
    let largest = RiemannianAdamConfig {
        amsgrad: true,
        ..adam
    };
    let largest = largest.build(Curvature::UNIT)?;
    points.compare(&largest, "fork_radam_amsgrad", 0.05)?;
    let descent = RiemannianSgdConfig::default().build(Curvature::UNIT)?;
    points.compare(&descent, "fork_rsgd_lr0.1", 0.1)?;

    let mut vectors = Runs {
        key: "euclid",
        gradient: "egrad_euclid",
        ..points
    };
    let adam = EuclideanAdamConfig::default();
    vectors.compare(&adam.build()?, "fork_radam_lr0.05", 0.05)?;
    let decayed = EuclideanAdamConfig {
        weight_decay: 0.01,
        ..adam
    };
    vectors.compare(&decayed.build()?, "fork_radam_wd0.01_stabilize1", 0.05)
}

/// The runs of points or of vectors.
struct Runs<'a> {
    file: &'a Value,
    key: &'static str,
    gradient: &'static str,
    options: Options<'a>,
    reference: &'a mut Reference,
}

impl Runs<'_> {
    fn compare<O: Optimizer>(&mut self, optimizer: &O, name: &str, lr: f64) -> Result<()> {
        let start = &self.file["inputs"][format!("{}0", self.key)];
        let mut values: Tensor<2> = array(start, self.options)?;
        let mut state = None;
        let run = self.file["runs"][name].as_array();
        for step in run.with_context(|| format!("no run `{name}`"))? {
            let gradient = array::<2>(&step[self.gradient], self.options)?;
            (values, state) = optimizer.step(lr, values, gradient, state);
            self.reference.meet(values.clone(), &step[self.key])?;
        }
        Ok(())
    }
}
