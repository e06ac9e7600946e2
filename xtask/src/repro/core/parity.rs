//! Our values beside those that transformers computed (`fixtures/core/make_core.py`).

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, EncoderModel, Pretrained};
use plm_core::text::{EncodeOptions, Padding, collate};
use safetensors::SafeTensors;

/// Sentences, their ids and what transformers computed from them.
pub(super) struct Stored {
    pub(super) sentences: Vec<String>,
    ids: Vec<i64>,
    pub(super) expected: Vec<f32>,
}

/// Reads a file of `fixtures/core`; `key` names its expected values.
pub(super) fn read(path: &Path, key: &str) -> Result<Stored> {
    let bytes = std::fs::read(path).with_context(|| path.display().to_string())?;
    let (_, metadata) = SafeTensors::read_metadata(&bytes)?;
    let sentences = metadata
        .metadata()
        .as_ref()
        .and_then(|texts| texts.get("sentences"))
        .with_context(|| format!("{}: no sentences", path.display()))?;
    let tensors = SafeTensors::deserialize(&bytes)?;
    let ids = tensors.tensor("input_ids")?;
    let expected = tensors.tensor(key)?;
    Ok(Stored {
        sentences: serde_json::from_str(sentences)?,
        ids: ids
            .data()
            .chunks_exact(8)
            .map(|bytes| i64::from_le_bytes(bytes.try_into().expect("8 bytes")))
            .collect(),
        expected: expected
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes(bytes.try_into().expect("4 bytes")))
            .collect(),
    })
}

/// The largest difference of masked-LM logits at the mask, over all words.
pub(super) fn masked_lm(
    model: &Pretrained<EncoderForMaskedLM>,
    stored: &Stored,
    device: &Device,
) -> Result<f64> {
    let tokenizer = model.tokenizer()?;
    let texts: Vec<&str> = stored.sentences.iter().map(String::as_str).collect();
    let batch = tokenizer.encode_batch(texts, &EncodeOptions::new())?;
    let mask_id = tokenizer.require(plm_core::text::SpecialToken::Mask)?;
    let collated = collate(&batch.encodings, &Padding::of(tokenizer)?, device)?;
    check_ids(stored, collated.ids.clone())?;
    let length = collated.ids.dims()[1];
    let places: Vec<i64> = batch
        .encodings
        .iter()
        .enumerate()
        .map(|(row, encoding)| {
            let at = encoding.ids.iter().position(|&id| id == mask_id);
            at.map(|at| (row * length + at) as i64)
                .context("a sentence without a mask")
        })
        .collect::<Result<_>>()?;
    let input = EncoderInput::ids(collated.ids).with_padding(collated.mask);
    let hidden = model.model.encoder.forward(&input).last_hidden_state;
    let places = Tensor::<1, Int>::from_data(TensorData::from(places.as_slice()), device);
    let logits = model.model.logits_at(hidden, places, None);
    largest_difference(logits.into_data(), &stored.expected)
}

/// The largest difference of last hidden states.
pub(super) fn encoder(
    model: &Pretrained<EncoderModel>,
    stored: &Stored,
    device: &Device,
) -> Result<f64> {
    let tokenizer = model.tokenizer()?;
    let texts: Vec<&str> = stored.sentences.iter().map(String::as_str).collect();
    let batch = tokenizer.encode_batch(texts, &EncodeOptions::new())?;
    let collated = collate(&batch.encodings, &Padding::of(tokenizer)?, device)?;
    check_ids(stored, collated.ids.clone())?;
    let input = EncoderInput::ids(collated.ids).with_padding(collated.mask);
    let hidden = model.model.forward(&input).last_hidden_state;
    largest_difference(hidden.into_data(), &stored.expected)
}

fn check_ids(stored: &Stored, ids: Tensor<2, Int>) -> Result<()> {
    let ids = ids.into_data().convert::<i64>();
    let ids: Vec<i64> = ids
        .try_to_vec()
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    ensure!(
        ids == stored.ids,
        "our token ids differ from the stored ones"
    );
    Ok(())
}

fn largest_difference(ours: TensorData, expected: &[f32]) -> Result<f64> {
    let ours = ours.convert::<f32>();
    let ours: Vec<f32> = ours
        .try_to_vec()
        .map_err(|error| anyhow::anyhow!("{error:?}"))?;
    ensure!(ours.len() == expected.len(), "another number of values");
    let mut largest = 0.0_f64;
    for (a, b) in ours.iter().zip(expected) {
        let difference = f64::from((a - b).abs());
        // A NaN must not pass for a small difference.
        if difference.is_nan() || difference > largest {
            largest = difference;
        }
        if largest.is_nan() {
            break;
        }
    }
    Ok(largest)
}
