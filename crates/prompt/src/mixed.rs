//! Batches whose examples belong to several tasks.

use burn::tensor::{Device, Int, Tensor};
use plm_core::text::{Batch, Encoding, Padding, collate};

use crate::{Error, Result};

/// Which task each example of a batch belongs to.
#[derive(Debug, Clone)]
pub(crate) struct Mixed {
    /// Place of each example's task in `tasks`, `[batch]`.
    rows: Tensor<1, Int>,
    /// The tasks of the batch, ascending.
    pub(crate) tasks: Vec<usize>,
    /// How many examples belong to each.
    pub(crate) counts: Vec<usize>,
}

impl Mixed {
    /// A batch whose examples belong to the tasks `own`, one for each example.
    pub(crate) fn of(own: &[usize], device: &Device) -> Self {
        let mut tasks = own.to_vec();
        tasks.sort_unstable();
        tasks.dedup();
        let mut counts = vec![0; tasks.len()];
        let mut rows = Vec::with_capacity(own.len());
        for task in own {
            let place = tasks.partition_point(|other| other < task);
            counts[place] += 1;
            rows.push(place as i64);
        }
        Self {
            rows: Tensor::from_data(rows.as_slice(), device),
            tasks,
            counts,
        }
    }

    /// Each example's prompt: `[batch, slots, width]` out of those of `tasks`, or the one that all share,
    /// `[1, slots, width]`.
    pub(crate) fn spread(&self, prompts: Tensor<3>) -> Tensor<3> {
        match prompts.dims()[0] {
            1 => prompts,
            _ => prompts.select(0, self.rows.clone()),
        }
    }
}

/// Texts of token ids as a batch; token types are 0.
pub(crate) fn collate_ids<'a>(
    texts: impl Iterator<Item = &'a [u32]>,
    padding: &Padding,
    device: &Device,
) -> Result<Batch> {
    let encodings: Vec<Encoding> = texts
        .map(|ids| Encoding {
            ids: ids.to_vec(),
            type_ids: vec![0; ids.len()],
            ..Encoding::default()
        })
        .collect();
    Ok(collate(&encodings, padding, device)?)
}

/// Refuses tokens of `what` that a model of `vocabulary` words does not have.
///
/// # Errors
/// [`Error::UnknownToken`].
pub(crate) fn check_tokens(
    what: &'static str,
    ids: impl IntoIterator<Item = u32>,
    vocabulary: usize,
) -> Result<()> {
    match ids.into_iter().find(|&id| id as usize >= vocabulary) {
        Some(id) => Err(Error::UnknownToken {
            what,
            id,
            vocabulary,
        }),
        None => Ok(()),
    }
}

/// Refuses tokens of `texts` that a model of `vocabulary` words does not have, and such padding where a
/// batch of them may have any.
///
/// # Errors
/// [`Error::UnknownToken`]; [`Error::Core`] where the padding cannot be laid out.
pub(crate) fn check_texts(texts: &[&[u32]], padding: &Padding, vocabulary: usize) -> Result<()> {
    let ids = texts.iter().copied().flatten().copied();
    check_tokens("texts", ids, vocabulary)?;
    let lengths = || texts.iter().map(|text| text.len());
    let shortest = lengths().min().unwrap_or(0);
    if shortest < padding.length(lengths().max().unwrap_or(0))? {
        check_tokens("padding", [padding.pad_id], vocabulary)?;
    }
    Ok(())
}
