//! Making the perturbation (section 3.2).

use burn::tensor::Tensor;
use burn::tensor::activation::relu;
use plm_core::nn::{DropoutMode, Ffn};
use plm_core::rng::Seed;
use plm_core::text::Encoding;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::defense::{DropSummary, HingeObjective};
use crate::model::{
    GradientMode, RowOptimizer, RowPatch, RowScaling, RowSettings, Victim, frozen_on_autodiff,
    gradient_rows, probabilities_of, row_leaves, rows_of,
};
use crate::{DecisionRule, Error, Result, Scored};

/// How a perturbation is made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RapSettings {
    /// Rare words that are put in front, each one token; none may be a trigger.
    pub words: Vec<String>,
    /// The protected class.
    pub target: usize,
    /// Limits of the drops, and the weight of drops that are too small.
    pub objective: HingeObjective,
    /// Step length, passes, batches, gradients, dropout and seed.
    pub rows: RowSettings,
    /// Ends early where an epoch's mean loss is below this.
    pub stop_below: Option<f64>,
}

impl Default for RapSettings {
    /// The published settings: `cf`, drops between 0.1 and 0.3, rate 0.01, 5 epochs, batches of 32,
    /// gradients summed up, dropout on.
    fn default() -> Self {
        Self {
            words: vec!["cf".to_owned()],
            target: 1,
            objective: HingeObjective::default(),
            rows: RowSettings {
                lr: 1e-2,
                epochs: 5,
                batch: 32,
                gradient: GradientMode::Accumulate,
                scaling: RowScaling::None,
                dropout: true,
                seed: Seed::new(1234),
            },
            stop_below: None,
        }
    }
}

/// One pass over the texts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EpochReport {
    /// Mean loss.
    pub loss: f64,
    /// Where the drops lay, while they were changing.
    pub drops: DropSummary,
}

/// A perturbation and how it was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Construction {
    /// The changed rows.
    pub patch: RowPatch,
    /// What is put in front of texts.
    pub prefix: String,
    /// The protected class.
    pub target: usize,
    /// Pass by pass.
    pub epochs: Vec<EpochReport>,
    /// Where the drops of the texts lie at the end, without dropout. They may lie above the upper limit.
    pub after: DropSummary,
    /// The weight λ that was used.
    pub scale: f64,
}

/// Changes the rows of the perturbation words until `texts`, clean validation texts of the protected
/// class, lose between `lower` and `upper` of its probability. Only those rows are changed.
///
/// The limits are what the loss pulls towards, not what is promised: `after` says where the drops lie. Above
/// all those beyond `upper` may be many, since their weight is 1 whatever λ is.
///
/// The probability without the word is that of the unchanged model; texts that hold the word themselves
/// are compared with it too.
///
/// # Errors
/// [`Error::NotOnePiece`] and [`Error::PerturbationWord`] for words that will not do, [`Error::WordNotInText`]
/// where a text with the words before it does not begin with their tokens, [`Error::Class`] for a target that
/// the model does not have, [`Error::Empty`] without texts, and those of the settings.
pub fn construct<F: Ffn>(
    victim: &Victim<F>,
    texts: &[&str],
    settings: &RapSettings,
) -> Result<Construction> {
    Ok(construct_scored(victim, texts, settings)?.0)
}

/// [`construct`], and the drops of `texts` at the end, as [`drops`](super::drops) measures them.
///
/// # Errors
/// Those of [`construct`].
pub fn construct_scored<F: Ffn>(
    victim: &Victim<F>,
    texts: &[&str],
    settings: &RapSettings,
) -> Result<(Construction, Vec<Scored>)> {
    settings.rows.check()?;
    settings.objective.check()?;
    let classes = victim.classes();
    if settings.target >= classes {
        return Err(Error::Class {
            class: settings.target,
            classes,
        });
    }
    if texts.is_empty() {
        return Err(Error::Empty {
            what: "clean texts of the protected class",
            fix: "give validation texts of that class",
        });
    }
    let ids = word_ids(victim, &settings.words)?;
    let prefix = settings.words.join(" ");
    let mut optimizer = RowOptimizer::new(RowPatch::of(&victim.model, &ids)?, &settings.rows);
    let model = frozen_on_autodiff(&victim.model);
    let device = victim.device().clone().autodiff();
    let prefixed: Vec<String> = texts
        .iter()
        .map(|text| format!("{prefix} {text}"))
        .collect();
    let encoded = victim.encode(texts)?;
    let prefixed: Vec<&str> = prefixed.iter().map(String::as_str).collect();
    let perturbed = victim.encode(&prefixed)?;
    check_beginnings(&settings.words, &ids, &perturbed)?;
    let before = victim.clone().probabilities_with(texts, None)?;
    let mut order: Vec<usize> = (0..texts.len()).collect();
    let mut epochs = Vec::new();
    for epoch in 0..settings.rows.epochs {
        let seed = settings.rows.seed.child("perturbation").at(epoch as u64);
        order.shuffle(&mut seed.rng());
        let (mut sum, mut seen) = (0.0, Vec::new());
        for (number, places) in order.chunks(settings.rows.batch).enumerate() {
            let pick = |from: &[Encoding]| -> Vec<Encoding> {
                places.iter().map(|&at| from[at].clone()).collect()
            };
            let dropout = seed.child("dropout").at(number as u64).value();
            let mode = DropoutMode::Train { seed: dropout };
            // With dropout the probability without the word is as noisy as that with it.
            let without: Vec<f64> = if settings.rows.dropout {
                let input = victim
                    .input(&pick(&encoded), victim.device())?
                    .with_dropout(mode);
                let logits = victim.model.logits(&input);
                rows_of(probabilities_of(logits))
                    .iter()
                    .map(|row| row[settings.target])
                    .collect()
            } else {
                places
                    .iter()
                    .map(|&at| before[at][settings.target])
                    .collect()
            };
            let (rows, leaf) = row_leaves(&optimizer.patch, &device, victim.table_type());
            let mut input = victim
                .input(&pick(&perturbed), &device)?
                .with_row_override(rows);
            if settings.rows.dropout {
                input = input.with_dropout(mode);
            }
            let logits = model.logits(&input);
            let with: Tensor<1> = probabilities_of(logits)
                .narrow(1, settings.target, 1)
                .squeeze_dim(1);
            let values: Vec<f32> = without.iter().map(|&p| p as f32).collect();
            let place = (&device, with.dtype());
            let drops = Tensor::<1>::from_data(values.as_slice(), place) - with;
            seen.extend(drops.clone().inner().into_data().iter::<f64>());
            let loss = hinge(&settings.objective, drops);
            let value: f32 = loss.clone().into_scalar();
            sum += f64::from(value) * places.len() as f64;
            optimizer.step(&gradient_rows(&loss, &leaf));
        }
        let report = EpochReport {
            loss: sum / texts.len() as f64,
            drops: settings.objective.summary(&seen)?,
        };
        epochs.push(report);
        if settings.stop_below.is_some_and(|limit| report.loss < limit) {
            break;
        }
    }
    let rows = victim.rows_in_place(&optimizer.patch)?;
    let after = victim.clone().probabilities_with(&prefixed, Some(&rows))?;
    let rule = DecisionRule::for_classes(classes);
    let scored: Vec<Scored> = before
        .iter()
        .zip(&after)
        .map(|(before, after)| Scored::drop(before, after, settings.target, rule))
        .collect();
    let drops: Vec<f64> = scored.iter().map(|scored| scored.score).collect();
    let made = Construction {
        patch: optimizer.patch,
        prefix,
        target: settings.target,
        epochs,
        after: settings.objective.summary(&drops)?,
        scale: settings.objective.scale,
    };
    Ok((made, scored))
}

/// λ · mean(max(0, lower - δ)) + mean(max(0, δ - upper)).
fn hinge(objective: &HingeObjective, drops: Tensor<1>) -> Tensor<1> {
    let low = relu(drops.clone() * -1.0 + objective.lower).mean();
    let high = relu(drops - objective.upper).mean();
    low * objective.scale + high
}

/// What a perturbation word is for, in errors.
const ROLE: &str = "perturbation word";

/// Every one of `encodings` begins with `ids`, the tokens of `words`, behind its special tokens.
fn check_beginnings(words: &[String], ids: &[u32], encodings: &[Encoding]) -> Result<()> {
    for (text, encoding) in encodings.iter().enumerate() {
        let special = &encoding.special_tokens_mask;
        let mut own = (0..encoding.len()).filter(|&at| !special[at]);
        for (word, &id) in words.iter().zip(ids) {
            if own.next().map(|at| encoding.ids[at]) != Some(id) {
                return Err(Error::WordNotInText {
                    role: ROLE,
                    word: word.clone(),
                    id,
                    reason: format!("text {text} with the words before it does not begin so"),
                });
            }
        }
    }
    Ok(())
}

pub(super) fn word_ids<F: Ffn>(victim: &Victim<F>, words: &[String]) -> Result<Vec<u32>> {
    if words.is_empty() {
        return Err(Error::Empty {
            what: "perturbation words",
            fix: "give a rare word, such as `cf`",
        });
    }
    let mut ids = Vec::new();
    for word in words {
        let id = victim.word_id(ROLE, word)?;
        if ids.contains(&id) {
            return Err(Error::PerturbationWord {
                word: word.clone(),
                reason: "is given twice",
            });
        }
        ids.push(id);
    }
    Ok(ids)
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::*;

    #[test]
    fn the_tensor_loss_is_the_hosts() {
        let device = plm_core::device::parse(plm_core::device::available()[0]).unwrap();
        let device = device.autodiff();
        let objective = HingeObjective {
            scale: 2.0,
            ..HingeObjective::default()
        };
        let drops = [0.05_f32, 0.2, 0.4];
        let tensor = Tensor::<1>::from_data(drops, &device).require_grad();
        let loss = hinge(&objective, tensor.clone());
        let host: Vec<f64> = drops.iter().map(|&drop| f64::from(drop)).collect();
        let value: f32 = loss.clone().into_scalar();
        assert_relative_eq!(
            f64::from(value),
            objective.loss(&host).unwrap(),
            epsilon = 1e-6
        );
        let gradients = loss.backward();
        let found: Vec<f64> = tensor
            .grad(&gradients)
            .unwrap()
            .into_data()
            .iter::<f64>()
            .collect();
        // A drop falls where the probability with the word rises.
        for (found, expected) in found.iter().zip(objective.gradient(&host).unwrap()) {
            assert_relative_eq!(*found, -expected, epsilon = 1e-6);
        }
    }
}
