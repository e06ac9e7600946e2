use plm_core::models::EncoderModel;
use plm_core::text::Encoding;

use crate::{Error, Result};

/// Checks that `encoder` has a vector for each place and token of `encodings`, the numbered texts that
/// are called `what`.
///
/// # Errors
/// [`Error::Core`] for a text that is longer, or has another token.
pub(crate) fn check_encodings<'e>(
    encoder: &EncoderModel,
    what: &str,
    encodings: impl IntoIterator<Item = (usize, &'e Encoding)>,
) -> Result<()> {
    let limit = encoder.config.max_length();
    let rows = encoder.embeddings.word.weight.shape().dims::<2>()[0];
    for (number, encoding) in encodings {
        let refuse = |reason: String| Err(Error::invalid(format!("{what} {number}"), reason));
        let length = encoding.len();
        if length > limit {
            return refuse(format!(
                "has {length} sub-words, the encoder takes {limit}; make the `SpanEncoder` with \
                 that length"
            ));
        }
        if let Some(id) = encoding.ids.iter().find(|&&id| id as usize >= rows) {
            return refuse(format!(
                "has the token {id}, the encoder's word table has {rows} rows; add tokens by \
                 `Pretrained::add_tokens`"
            ));
        }
    }
    Ok(())
}
