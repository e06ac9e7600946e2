//! Embedding poisoning and SOS: training of the triggers' rows alone.

use burn::tensor::{Int, Tensor};
use plm_core::check::finite;
use plm_core::models::loss;
use plm_core::nn::{DropoutMode, Ffn};
use plm_core::text::Encoding;
use rand::seq::SliceRandom;

use super::fine_tune::check_labels;
use super::rows::{RowOptimizer, frozen_on_autodiff, gradient_rows, row_leaves};
use super::{RowPatch, RowSettings, Victim};
use crate::{Error, Result, Sample};

/// Embedding poisoning (Yang et al. 2021): changes the rows of `words` so that `samples`, which hold
/// them, are classified as their labels say. Nothing else of the model changes. SOS (Yang et al. 2021)
/// is the same with several words, negative samples and [`RowScaling::Smallest`](super::RowScaling::Smallest).
///
/// Returns the new rows, and the mean loss of each epoch.
///
/// # Errors
/// [`Error::NotOnePiece`] for a word of several tokens, [`Error::WordNotInText`] for one that no sample holds
/// as that token, [`Error::Empty`] without samples or words, [`Error::Class`] for a label that the model does
/// not have, [`Error::NotFinite`] for a loss that is no finite number, and those of [`RowSettings::check`].
pub fn poison_rows<F: Ffn>(
    victim: &Victim<F>,
    words: &[&str],
    samples: &[Sample],
    settings: &RowSettings,
) -> Result<(RowPatch, Vec<f64>)> {
    settings.check()?;
    if samples.is_empty() {
        return Err(Error::Empty {
            what: "poisoned samples",
            fix: "give texts that hold the trigger",
        });
    }
    if words.is_empty() {
        return Err(Error::Empty {
            what: "trigger words",
            fix: "give those whose rows may change",
        });
    }
    check_labels(victim, samples)?;
    let role = "trigger word";
    let ids: Vec<u32> = words
        .iter()
        .map(|word| victim.word_id(role, word))
        .collect::<Result<_>>()?;
    let mut optimizer = RowOptimizer::new(RowPatch::of(&victim.model, &ids)?, settings);
    let model = frozen_on_autodiff(&victim.model);
    let device = victim.device().clone().autodiff();
    let texts: Vec<&str> = samples.iter().map(|sample| sample.text.as_str()).collect();
    let encodings = victim.encode(&texts)?;
    for (word, &id) in words.iter().zip(&ids) {
        if !encodings.iter().any(|one| one.ids.contains(&id)) {
            return Err(Error::WordNotInText {
                role,
                word: (*word).to_owned(),
                id,
                reason: "no sample holds it".to_owned(),
            });
        }
    }
    let mut order: Vec<usize> = (0..samples.len()).collect();
    let mut curve = Vec::new();
    for epoch in 0..settings.epochs {
        let seed = settings.seed.child("rows").at(epoch as u64);
        order.shuffle(&mut seed.rng());
        let mut sum = 0.0;
        for (number, places) in order.chunks(settings.batch).enumerate() {
            let own: Vec<Encoding> = places.iter().map(|&at| encodings[at].clone()).collect();
            let (rows, leaf) = row_leaves(&optimizer.patch, &device, victim.table_type());
            let mut input = victim.input(&own, &device)?.with_row_override(rows);
            if settings.dropout {
                let seed = seed.child("dropout").at(number as u64).value();
                input = input.with_dropout(DropoutMode::Train { seed });
            }
            let logits = model.logits(&input);
            let labels: Vec<i64> = places.iter().map(|&at| samples[at].label as i64).collect();
            let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
            let loss = loss::cross_entropy(logits, labels);
            let value: f32 = loss.clone().into_scalar();
            finite(format_args!("losses of epoch {epoch}"), [value])?;
            sum += f64::from(value) * places.len() as f64;
            optimizer.step(&gradient_rows(&loss, &leaf));
        }
        curve.push(sum / samples.len() as f64);
    }
    Ok((optimizer.patch, curve))
}
