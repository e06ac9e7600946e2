//! First vectors of marker tokens.

use burn::tensor::{FloatDType, Int, Tensor, TensorData};
use plm_core::models::{EncoderModel, Pretrained, WordTable};
use plm_core::nn::Ffn;
use plm_core::nn::init::normal;
use plm_core::rng::Seed;

use super::Headed;
use crate::heads::Head;
use crate::markers::{MarkerInit, VectorSource};
use crate::subwords::{EmptyWords, WordSplitter};
use crate::{Error, Result};

/// Gives each marker, named by its token, a first vector and returns their ids, in order. Tokens that
/// the vocabulary lacks are added to it as special tokens. Random vectors, and those of new tokens that
/// are kept, are normal numbers drawn from `seed` with the encoder's deviation of new weights.
///
/// The vectors are read before any is set, so that no marker starts from another's.
///
/// # Errors
/// [`Error::Marker`] for a token given twice, a word without tokens, or a tokenizer without mask token;
/// those of the tokenizer.
pub fn initialize_markers<H: Head>(
    model: &mut Pretrained<Headed<H>>,
    markers: &[(&str, MarkerInit)],
    seed: Seed,
) -> Result<Vec<u32>> {
    let refuse = |marker: &str, reason: &str| Error::Marker {
        marker: marker.to_owned(),
        reason: reason.to_owned(),
    };
    for (index, (marker, _)) in markers.iter().enumerate() {
        if markers[..index].iter().any(|(other, _)| other == marker) {
            return Err(refuse(marker, "is given twice; name each token once"));
        }
    }
    let splitter = WordSplitter::new(model.tokenizer()?, EmptyWords::Flag)?;
    let sources = markers
        .iter()
        .map(|(marker, init)| init.resolve(marker, &splitter));
    let sources = sources.collect::<Result<Vec<_>>>()?;
    let names: Vec<&str> = markers.iter().map(|(marker, _)| *marker).collect();
    let ids = model.add_tokens(&names, true, seed)?;
    let deviation = model.model.encoder.config.initializer_range;
    let table = model.model.words().detach();
    let (mut targets, mut rows) = (Vec::new(), Vec::new());
    for (index, source) in sources.iter().enumerate() {
        let row = match source {
            VectorSource::Keep => continue,
            VectorSource::Mean(ids) => mean(&table, ids),
            VectorSource::Random => {
                let width = table.dims()[1];
                let values = normal(seed.child("markers"), names[index], width, deviation);
                let options = (&table.device(), table.dtype());
                Tensor::from_data(TensorData::new(values, [1, width]), options)
            }
        };
        targets.push(ids[index]);
        rows.push(row);
    }
    if !rows.is_empty() {
        let encoder = model.model.encoder.clone();
        model.model.encoder = set_marker_rows(encoder, &targets, Tensor::cat(rows, 0))?;
    }
    Ok(ids)
}

/// The mean of rows `ids`, `[1, hidden]`.
fn mean(table: &Tensor<2>, ids: &[u32]) -> Tensor<2> {
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &table.device());
    table.clone().select(0, ids).mean_dim(0)
}

/// `encoder` with rows `ids` of its word table replaced by `rows`, `[ids, hidden]`, brought to the
/// table's device and precision.
///
/// # Errors
/// [`Error::Size`] where `rows` has another shape, [`Error::Token`] for an id beyond the table.
pub fn set_marker_rows<F: Ffn>(
    mut encoder: EncoderModel<F>,
    ids: &[u32],
    rows: Tensor<2>,
) -> Result<EncoderModel<F>> {
    let [count, width] = rows.dims();
    let [words, hidden] = encoder.embeddings.word.weight.shape().dims::<2>();
    plm_core::check::same_size("marker rows", count, ids.len())?;
    plm_core::check::same_size("width of marker rows", width, hidden)?;
    if let Some((row, &id)) = ids
        .iter()
        .enumerate()
        .find(|&(_, &id)| id as usize >= words)
    {
        return Err(Error::Token {
            row,
            id,
            rows: words,
        });
    }
    let mut word = encoder.embeddings.word;
    word.weight = word.weight.map(|old| {
        let tracked = old.is_require_grad();
        let rows = rows.to_device(&old.device()).detach();
        let rows = rows.cast(FloatDType::from(old.dtype()));
        let mut table = old;
        for (row, &id) in ids.iter().enumerate() {
            let id = id as usize;
            let one = rows.clone().narrow(0, row, 1);
            table = table.slice_assign([id..id + 1, 0..width], one);
        }
        // Only a leaf of the graph can be a parameter.
        table.detach().set_require_grad(tracked)
    });
    encoder.embeddings.word = word;
    Ok(encoder)
}
