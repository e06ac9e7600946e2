//! Filling masks: what the model puts into sentences with a gap.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use burn::tensor::activation::softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput, Pretrained};
use plm_core::text::{EncodeOptions, Padding, SpecialToken, collate};

use crate::repro::Context;

/// A sentence with a gap and the words that fit.
pub(super) struct Cloze {
    pub(super) sentence: String,
    pub(super) answers: Vec<String>,
}

/// What the model says.
pub(super) struct Filled {
    /// Most probable words first, with their probabilities.
    pub(super) words: Vec<(String, f64)>,
    /// Place of the best fitting word among all words, from 1; none where the vocabulary holds no
    /// answer as one word, which counts as a miss.
    pub(super) rank: Option<usize>,
}

/// Reads `sentence TAB answers`.
pub(super) fn read(path: &Path) -> Result<Vec<Cloze>> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    let read = |(index, line): (usize, &str)| {
        let (sentence, answers) = line
            .split_once('\t')
            .with_context(|| format!("{}:{}: no tab", path.display(), index + 1))?;
        Ok(Cloze {
            sentence: sentence.to_owned(),
            answers: answers.split(' ').map(str::to_owned).collect(),
        })
    };
    text.lines().enumerate().map(read).collect()
}

/// Fills every gap, a sentence at a time, with a bar.
pub(super) fn fill(
    context: &Context,
    model: &Pretrained<EncoderForMaskedLM>,
    sentences: &[Cloze],
    device: &Device,
) -> Result<Vec<Filled>> {
    let tokenizer = model.tokenizer()?;
    let mask_id = tokenizer.require(SpecialToken::Mask)?;
    let bar = context.progress.bar(sentences.len() as u64, "fill mask");
    let mut filled = Vec::with_capacity(sentences.len());
    for cloze in sentences {
        let encoding = tokenizer.encode(cloze.sentence.as_str(), &EncodeOptions::new())?;
        let at = encoding
            .ids
            .iter()
            .position(|&id| id == mask_id)
            .with_context(|| format!("no [MASK] in `{}`", cloze.sentence))?;
        let batch = collate(&[encoding], &Padding::of(tokenizer)?, device)?;
        let hidden = model
            .model
            .encoder
            .forward(&EncoderInput::ids(batch.ids))
            .last_hidden_state;
        let place = Tensor::<1, Int>::from_data(TensorData::from([at as i64]), device);
        let logits = model.model.logits_at(hidden, place, None);
        let data = softmax(logits, 1).into_data().convert::<f32>();
        let probabilities: Vec<f32> = data
            .try_to_vec()
            .map_err(|error| anyhow::anyhow!("{error:?}"))?;
        let mut order: Vec<usize> = (0..probabilities.len()).collect();
        order.sort_by(|&a, &b| {
            probabilities[b]
                .total_cmp(&probabilities[a])
                .then(a.cmp(&b))
        });
        let name = |id: usize| tokenizer.id_to_token(id as u32).unwrap_or_default();
        let rank = order
            .iter()
            .position(|&id| cloze.answers.contains(&name(id)));
        filled.push(Filled {
            words: order[..5]
                .iter()
                .map(|&id| (name(id), f64::from(probabilities[id])))
                .collect(),
            rank: rank.map(|rank| rank + 1),
        });
        bar.inc(1);
    }
    ensure!(!filled.is_empty(), "no cloze sentences");
    Ok(filled)
}

/// Share of sentences whose best answer is among the first `k` words.
pub(super) fn hits(filled: &[Filled], k: usize) -> f64 {
    let hits = filled
        .iter()
        .filter(|filled| filled.rank.is_some_and(|rank| rank <= k))
        .count();
    hits as f64 / filled.len() as f64
}
