//! RIPPLe's restricted inner product (Kurita et al. 2020): poisoning that fine-tuning does not undo.
//!
//! L = L_P + λ max(0, -⟨∇L_FT, ∇L_P⟩), where L_P is the loss on poisoned and L_FT that on clean data.
//! With the clean gradient v taken as constant, the penalty's gradient is -H_P v where the product is
//! negative. burn has no second derivatives: H_P v is a central difference of two gradients.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::Encoding;
use plm_core::train::{AdamWConfig, Gradients, Optimizer, SgdConfig};
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::Victim;
use super::fine_tune::{TrainingLoss, training_loss};
use crate::{Error, Result, Sample};

/// Settings of RIPPLe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PenaltySettings {
    /// λ.
    pub weight: f64,
    /// Learning rate of AdamW.
    pub lr: f64,
    /// Steps.
    pub steps: u64,
    /// Texts of a batch, of which a step takes one of poisoned and one of clean texts.
    pub batch: usize,
    /// Greatest global norm of the gradient.
    pub max_grad_norm: f64,
    /// ε of the central difference, as a share of ‖θ‖ / ‖v‖.
    pub epsilon: f64,
    /// Seed of the batches.
    pub seed: Seed,
}

impl Default for PenaltySettings {
    /// The published λ of 0.1, rate 2e-5 and clipping to 1; 5,000 steps at most.
    fn default() -> Self {
        Self {
            weight: 0.1,
            lr: 2e-5,
            steps: 5_000,
            batch: 32,
            max_grad_norm: 1.0,
            epsilon: 1e-3,
            seed: Seed::new(1234),
        }
    }
}

/// Trains the victim on `poisoned` samples under the penalty with `clean` ones.
///
/// Dropout is off, so that the two gradients of a difference see the same function.
///
/// # Errors
/// [`Error::Empty`] without samples on either side, [`Error::Setting`] for a batch of 0, and those of
/// the gradients.
pub fn penalized<F: Ffn>(
    victim: &Victim<F>,
    poisoned: &[Sample],
    clean: &[Sample],
    settings: &PenaltySettings,
) -> Result<Victim<F>> {
    crate::error::at_least("batch", settings.batch, 1, "must be at least 1")?;
    for (what, samples) in [("poisoned samples", poisoned), ("clean samples", clean)] {
        if samples.is_empty() {
            return Err(Error::Empty {
                what,
                fix: "the penalty needs both kinds",
            });
        }
    }
    let mut model = victim.model.clone().train();
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), settings.lr);
    for step in 0..settings.steps {
        let mut rng = settings.seed.child("penalty").at(step).rng();
        let mut draw = |samples: &'_ [Sample]| -> Vec<Sample> {
            samples.sample(&mut rng, settings.batch).cloned().collect()
        };
        let (poisoned, clean) = (draw(poisoned), draw(clean));
        let on = |samples: Vec<Sample>| {
            move |model: &EncoderForSequenceClassification<F>| batch_loss(victim, model, &samples)
        };
        let (mut gradients, _) = penalty_gradient(
            &model,
            &on(poisoned),
            &on(clean),
            settings.weight,
            settings.epsilon,
        )?;
        gradients.clip_norm(settings.max_grad_norm);
        model = optimizer.step(model, gradients, 1.0);
    }
    Ok(victim.with_model(model))
}

fn batch_loss<F: Ffn>(
    victim: &Victim<F>,
    model: &EncoderForSequenceClassification<F>,
    samples: &[Sample],
) -> Result<Tensor<1>> {
    let device = victim.device().clone().autodiff();
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    let encodings: Vec<Encoding> = victim.encode(&texts)?;
    let input = victim.input(&encodings, &device)?;
    let labels: Vec<i64> = samples.iter().map(|sample| sample.label as i64).collect();
    let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    Ok(training_loss(
        model,
        input,
        labels,
        TrainingLoss::Classifier,
    ))
}

/// The gradient of L_P + λ max(0, -⟨v, ∇L_P⟩) with constant v = ∇L_FT, and the inner product.
///
/// `model` is on the autodiff device; `poisoned` and `clean` give the losses, `[1]`, of any model.
/// Without a penalty it costs two gradients, with one four.
///
/// # Errors
/// Those of the losses, [`Error::Core`] for a loss that depends on no parameter.
pub fn penalty_gradient<M: Module>(
    model: &M,
    poisoned: &dyn Fn(&M) -> Result<Tensor<1>>,
    clean: &dyn Fn(&M) -> Result<Tensor<1>>,
    weight: f64,
    epsilon: f64,
) -> Result<(Gradients, f64)> {
    let direction = Gradients::of(&clean(model)?, model)?;
    let mut gradients = Gradients::of(&poisoned(model)?, model)?;
    let product = inner_product(&direction, &gradients);
    let norm = direction.norm();
    if product >= 0.0 || weight == 0.0 || norm == 0.0 {
        return Ok((gradients, product));
    }
    let step = epsilon * parameter_norm(model).max(1e-12) / norm;
    let beside = |sign: f64| -> Result<Gradients> {
        let mut away = direction.clone();
        away.scale(-sign);
        // Descent against the negative direction moves along it.
        let moved = Optimizer::sgd(SgdConfig::default(), step).step(model.clone(), away, 1.0);
        Ok(Gradients::of(&poisoned(&moved)?, &moved)?)
    };
    let (mut above, mut below) = (beside(1.0)?, beside(-1.0)?);
    above.scale(-weight / (2.0 * step));
    below.scale(weight / (2.0 * step));
    gradients.accumulate(above);
    gradients.accumulate(below);
    Ok((gradients, product))
}

fn inner_product(a: &Gradients, b: &Gradients) -> f64 {
    a.paths()
        .filter_map(|path| Some((a.get(path)?, b.get(path)?)))
        .map(|(a, b)| -> f64 {
            a.iter()
                .zip(b)
                .map(|(a, b)| f64::from(*a) * f64::from(b))
                .sum()
        })
        .sum()
}

/// The length of all parameters together.
fn parameter_norm<M: Module>(model: &M) -> f64 {
    struct Squares(f64);
    impl burn::module::ModuleVisitor for Squares {
        fn visit_float<const D: usize>(&mut self, param: &burn::module::Param<Tensor<D>>) {
            let value: f32 = param.val().inner().square().sum().into_scalar();
            self.0 += f64::from(value);
        }
    }
    let mut squares = Squares(0.0);
    model.visit(&mut squares);
    squares.0.sqrt()
}
