//! RIPPLe's restricted inner product (Kurita et al. 2020): poisoning that fine-tuning does not undo.
//!
//! L = L_P + λ / B max(0, -⟨∇L_FT, ∇L_P⟩), where L_P is the loss on poisoned and L_FT that on clean data, and B
//! the size of the batch, by which the published code divides the penalty.
//! With the clean gradient v taken as constant, the penalty's gradient is -H_P v where the product is
//! negative. burn has no second derivatives: H_P v is a central difference of two gradients.

use burn::module::Module;
use burn::tensor::{Int, Tensor};
use plm_core::kernel::at_least_single;
use plm_core::models::EncoderForSequenceClassification;
use plm_core::nn::Ffn;
use plm_core::rng::Seed;
use plm_core::text::Encoding;
use plm_core::train::{AdamWConfig, Gradients, Optimizer, SgdConfig};
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use super::Victim;
use super::fine_tune::{TrainingLoss, check_labels, training_loss};
use crate::{Error, Result, Sample};

/// Settings of RIPPLe.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PenaltySettings {
    /// λ. A step's penalty weighs `weight` divided by the number of its poisoned texts, as in the published
    /// code.
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

impl PenaltySettings {
    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Setting`] naming what is out of range.
    pub fn check(&self) -> Result<()> {
        for (name, value) in [
            ("lr", self.lr),
            ("max_grad_norm", self.max_grad_norm),
            ("epsilon", self.epsilon),
        ] {
            crate::error::positive(name, value)?;
        }
        if !(self.weight >= 0.0 && self.weight.is_finite()) {
            return Err(Error::Setting {
                name: "weight",
                value: self.weight.to_string(),
                limit: "must be 0 or positive",
            });
        }
        crate::error::at_least("steps", self.steps, 1, "must be at least 1")?;
        crate::error::at_least("batch", self.batch, 1, "must be at least 1")
    }
}

/// Trains the victim on `poisoned` samples under the penalty with `clean` ones.
///
/// Dropout is off, so that the two gradients of a difference see the same function.
///
/// # Errors
/// [`Error::Empty`] without samples on either side, [`Error::Class`] for a label that the model does not
/// have, [`Error::Core`] for gradients that are no finite numbers
/// ([`NotFiniteGradients`](plm_core::Error::NotFiniteGradients)), and those of [`PenaltySettings::check`] and
/// of the gradients.
pub fn penalized<F: Ffn>(
    victim: &Victim<F>,
    poisoned: &[Sample],
    clean: &[Sample],
    settings: &PenaltySettings,
) -> Result<Victim<F>> {
    settings.check()?;
    for (what, samples) in [("poisoned samples", poisoned), ("clean samples", clean)] {
        if samples.is_empty() {
            return Err(Error::Empty {
                what,
                fix: "the penalty needs both kinds",
            });
        }
        check_labels(victim, samples)?;
    }
    let mut model = victim.model.clone().train();
    let mut optimizer = Optimizer::adamw(AdamWConfig::default(), settings.lr);
    for step in 0..settings.steps {
        let mut rng = settings.seed.child("penalty").at(step).rng();
        let mut draw = |samples: &'_ [Sample]| -> Vec<Sample> {
            samples.sample(&mut rng, settings.batch).cloned().collect()
        };
        let (poisoned, clean) = (draw(poisoned), draw(clean));
        let mut gradients = step_gradient(victim, &model, &poisoned, &clean, settings)?;
        if !gradients.clip_norm(settings.max_grad_norm).is_finite() {
            let first = gradients.first_non_finite().unwrap_or("their sum");
            let error = plm_core::Error::NotFiniteGradients {
                step,
                first: first.to_owned(),
                in_a_row: 1,
                limit: 0,
            };
            return Err(error.into());
        }
        model = optimizer.step(model, gradients, 1.0);
    }
    Ok(victim.with_model(model))
}

/// The gradient of a step on these texts.
fn step_gradient<F: Ffn>(
    victim: &Victim<F>,
    model: &EncoderForSequenceClassification<F>,
    poisoned: &[Sample],
    clean: &[Sample],
    settings: &PenaltySettings,
) -> Result<Gradients> {
    let weight = settings.weight / poisoned.len() as f64;
    let (gradients, _) = penalty_gradient(
        model,
        &|model| batch_loss(victim, model, poisoned),
        &|model| batch_loss(victim, model, clean),
        weight,
        settings.epsilon,
    )?;
    Ok(gradients)
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
            let values = at_least_single(param.val().inner());
            let value: f32 = values.square().sum().into_scalar();
            self.0 += f64::from(value);
        }
    }
    let mut squares = Squares(0.0);
    model.visit(&mut squares);
    squares.0.sqrt()
}

#[cfg(test)]
mod tests {
    use plm_core::config::EncoderConfig;
    use plm_core::models::Pretrained;
    use plm_core::text::WordPieceTraining;

    use super::*;

    /// A small random BERT.
    fn victim() -> Victim {
        let training = WordPieceTraining {
            vocab_size: 60,
            min_frequency: 1,
            unused: 2,
            ..WordPieceTraining::default()
        };
        let tokenizer = training.train(["the film was good"].iter()).unwrap();
        let config = EncoderConfig {
            hidden_size: 16,
            num_hidden_layers: 1,
            num_attention_heads: 2,
            intermediate_size: 32,
            max_position_embeddings: 16,
            initializer_range: 0.3,
            ..EncoderConfig::bert(tokenizer.vocabulary_size())
        };
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        let new =
            Pretrained::<EncoderForSequenceClassification>::new(&config, Seed::new(1), &device)
                .unwrap();
        Victim::new(new.model, tokenizer, 16, &device).unwrap()
    }

    #[test]
    fn the_penalty_is_divided_by_the_batch() {
        let victim = victim();
        let model = victim.model.clone().train();
        let gradient = |weight: f64, copies: usize| {
            let settings = PenaltySettings {
                weight,
                ..PenaltySettings::default()
            };
            // The same text with both labels: the gradients of the two losses are opposite, and there is a
            // penalty. Copies change no mean.
            let texts = |label| vec![Sample::new("the film was good", label); copies];
            step_gradient(&victim, &model, &texts(1), &texts(0), &settings).unwrap()
        };
        let distance = |a: &Gradients, b: &Gradients| {
            let mut difference = b.clone();
            difference.scale(-1.0);
            difference.accumulate(a.clone());
            difference.norm()
        };
        let (one, four) = (gradient(1.0, 1), gradient(4.0, 4));
        let heavier = gradient(4.0, 1);
        assert!(distance(&one, &four) < 0.05 * distance(&one, &heavier));
    }
}
