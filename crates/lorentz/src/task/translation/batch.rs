//! Pairs of token sequences as tensors.

use burn::tensor::{Bool, Device, Int, Tensor, TensorData};
use plm_core::models::EncoderInput;
use plm_core::models::loss::IGNORE_INDEX;
use serde::{Deserialize, Serialize};

use super::{SpecialIds, Translator};
use crate::Result;

/// A sequence of tokens and its translation, without special tokens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenPair {
    /// The sequence.
    pub source: Vec<i64>,
    /// Its translation.
    pub target: Vec<i64>,
}

impl TokenPair {
    /// Tokens of the longer side with its start or end: what a batch is filled up to.
    pub fn length(&self) -> usize {
        self.source.len().max(self.target.len()) + 1
    }
}

/// Pairs filled up to one length on each side.
#[derive(Debug, Clone)]
pub struct TranslationBatch {
    /// Sources with their ends: `[batch, source length]`, padding hidden.
    pub source: EncoderInput,
    /// Starts and targets: `[batch, length]`.
    pub decoder_ids: Tensor<2, Int>,
    /// Targets and ends, [`IGNORE_INDEX`] at padding: `[batch, length]`.
    pub labels: Tensor<2, Int>,
    /// Labels that are not padding.
    pub tokens: usize,
}

impl TranslationBatch {
    /// The batch of `pairs` on the plain device of `device`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there is no pair.
    pub fn new(pairs: &[&TokenPair], special: SpecialIds, device: &Device) -> Result<Self> {
        let sources: Vec<&[i64]> = pairs.iter().map(|pair| pair.source.as_slice()).collect();
        let source = source_input(&sources, special, device)?;
        let device = device.clone().inner();
        let longest = pairs.iter().map(|pair| pair.target.len()).max();
        let length = longest.unwrap_or(0) + 1;
        let mut decoder = Vec::with_capacity(pairs.len() * length);
        let mut labels = Vec::with_capacity(pairs.len() * length);
        for TokenPair { target, .. } in pairs {
            let padding = length - 1 - target.len();
            decoder.push(special.start);
            decoder.extend(target);
            decoder.extend(std::iter::repeat_n(special.pad, padding));
            labels.extend(target);
            labels.push(special.end);
            labels.extend(std::iter::repeat_n(IGNORE_INDEX, padding));
        }
        let tensor = |ids| Tensor::from_data(TensorData::new(ids, [pairs.len(), length]), &device);
        Ok(Self {
            source,
            decoder_ids: tensor(decoder),
            labels: tensor(labels),
            tokens: pairs.iter().map(|pair| pair.target.len() + 1).sum(),
        })
    }
}

/// Refuses pairs that are too long for `model` or hold ids that it has no token for.
pub(super) fn check_pairs<M: Translator>(pairs: &[TokenPair], model: &M) -> Result<()> {
    let most = model.max_positions().unwrap_or(usize::MAX);
    for (at, pair) in pairs.iter().enumerate() {
        let origin = format!("pair {at}");
        if pair.length() > most {
            let length = pair.length();
            let reason = format!(
                "has {length} tokens with its start or end, the model reads {most}: cut it or raise \
                 `max_length`"
            );
            return Err(plm_core::Error::invalid(origin, reason).into());
        }
        check_ids(&origin, "source", &pair.source, model.source_symbols())?;
        check_ids(&origin, "target", &pair.target, model.vocab_size())?;
    }
    Ok(())
}

/// Refuses ids of the `side` of `origin` that are not below `symbols`.
pub(super) fn check_ids(
    origin: &str,
    side: &str,
    ids: &[i64],
    symbols: usize,
) -> plm_core::Result<()> {
    let known = |id: i64| usize::try_from(id).is_ok_and(|id| id < symbols);
    match ids.iter().position(|&id| !known(id)) {
        None => Ok(()),
        Some(at) => {
            let id = ids[at];
            let reason = format!("is {id}, the model has ids from 0 to below {symbols}");
            let what = format!("{origin}, token {at} of the {side}");
            Err(plm_core::Error::invalid(what, reason))
        }
    }
}

/// Sources with their ends, padding hidden.
pub(super) fn source_input(
    sources: &[&[i64]],
    special: SpecialIds,
    device: &Device,
) -> Result<EncoderInput> {
    let Some(longest) = sources.iter().map(|source| source.len()).max() else {
        return Err(plm_core::Error::invalid("batch", "is empty").into());
    };
    let device = device.clone().inner();
    let shape = [sources.len(), longest + 1];
    let mut ids = Vec::with_capacity(shape[0] * shape[1]);
    let mut hidden = Vec::with_capacity(shape[0] * shape[1]);
    for source in sources {
        let padding = longest - source.len();
        ids.extend(*source);
        ids.push(special.end);
        ids.extend(std::iter::repeat_n(special.pad, padding));
        hidden.extend(std::iter::repeat_n(false, source.len() + 1));
        hidden.extend(std::iter::repeat_n(true, padding));
    }
    let padded = hidden.contains(&true);
    let input = EncoderInput::ids(Tensor::from_data(TensorData::new(ids, shape), &device));
    if !padded {
        return Ok(input);
    }
    let hidden: Tensor<2, Bool> = Tensor::from_data(TensorData::new(hidden, shape), &device);
    Ok(input.with_padding(hidden))
}

#[cfg(test)]
mod tests {
    use burn::tensor::TensorData;
    use plm_core::models::Tokens;

    use super::*;
    use crate::testing::devices;

    const SPECIAL: SpecialIds = SpecialIds {
        pad: 0,
        start: 1,
        end: 2,
    };

    fn pair(source: &[i64], target: &[i64]) -> TokenPair {
        TokenPair {
            source: source.to_vec(),
            target: target.to_vec(),
        }
    }

    fn host(data: TensorData) -> Vec<i64> {
        data.iter::<i64>().collect()
    }

    #[test]
    fn sides_are_shifted_and_filled_up() {
        let pairs = [pair(&[5, 6], &[7]), pair(&[8], &[9, 4, 3])];
        for device in devices() {
            let batch = TranslationBatch::new(&[&pairs[0], &pairs[1]], SPECIAL, &device).unwrap();
            let Tokens::Ids(ids) = &batch.source.tokens else {
                panic!("ids");
            };
            assert_eq!(host(ids.to_data()), [5, 6, 2, 8, 2, 0]);
            assert_eq!(
                host(batch.decoder_ids.into_data()),
                [1, 7, 0, 0, 1, 9, 4, 3]
            );
            let ignored = IGNORE_INDEX;
            let labels = [7, 2, ignored, ignored, 9, 4, 3, 2];
            assert_eq!(host(batch.labels.into_data()), labels);
            assert_eq!(batch.tokens, 6);
            let mask = batch.source.mask.unwrap().to_kernel().into_data();
            let mask: Vec<bool> = mask.iter().collect();
            assert_eq!(mask, [false, false, false, false, false, true]);
        }
        assert_eq!(pairs[1].length(), 4);
    }

    #[test]
    fn even_sources_need_no_mask_and_nothing_makes_no_batch() {
        let device = &devices()[0];
        let one = pair(&[], &[]);
        let batch = TranslationBatch::new(&[&one], SPECIAL, device).unwrap();
        assert!(batch.source.mask.is_none());
        assert_eq!(batch.tokens, 1);
        let error = TranslationBatch::new(&[], SPECIAL, device).unwrap_err();
        assert!(error.to_string().contains("empty"));
    }
}
