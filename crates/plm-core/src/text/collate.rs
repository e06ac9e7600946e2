use burn::tensor::{Bool, Device, Int, Tensor, TensorData};

use super::{Encoding, SpecialToken, Tokenizer};
use crate::{Error, Result};

/// Where the padding goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Hash)]
pub enum PaddingSide {
    /// After the text (encoders).
    #[default]
    Right,
    /// Before the text (generation with decoders).
    Left,
}

/// How rows are brought to one length.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Padding {
    /// The id that fills up.
    pub pad_id: u32,
    /// The common length is a multiple of this.
    pub multiple_of: usize,
    /// The common length is at least this.
    pub min_length: usize,
    /// Where the padding goes.
    pub side: PaddingSide,
}

impl Padding {
    /// Pads with `pad_id` on the right, up to the longest row.
    pub fn new(pad_id: u32) -> Self {
        Self {
            pad_id,
            multiple_of: 1,
            min_length: 0,
            side: PaddingSide::default(),
        }
    }

    /// Pads with the padding token of `tokenizer`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where it has none.
    pub fn of(tokenizer: &Tokenizer) -> Result<Self> {
        tokenizer.require(SpecialToken::Pad).map(Self::new)
    }

    /// With lengths that are multiples of `multiple_of`: fewer shapes, aligned rows.
    #[must_use]
    pub fn with_multiple_of(mut self, multiple_of: usize) -> Self {
        self.multiple_of = multiple_of;
        self
    }

    /// With lengths of at least `min_length`.
    #[must_use]
    pub fn with_min_length(mut self, min_length: usize) -> Self {
        self.min_length = min_length;
        self
    }

    /// With the padding on `side`.
    #[must_use]
    pub fn with_side(mut self, side: PaddingSide) -> Self {
        self.side = side;
        self
    }

    /// The common length of rows of which the longest has `longest` tokens.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `multiple_of` is 0 or the length overflows.
    pub fn length(&self, longest: usize) -> Result<usize> {
        if self.multiple_of == 0 {
            return Err(Error::invalid("multiple_of", "is 0, must be at least 1"));
        }
        longest
            .max(self.min_length)
            .checked_next_multiple_of(self.multiple_of)
            .ok_or_else(|| {
                Error::invalid("multiple_of", format!("{} is too large", self.multiple_of))
            })
    }
}

/// A padded batch on a device.
#[derive(Debug, Clone)]
pub struct Batch {
    /// Token ids, `[batch, seq]`.
    pub ids: Tensor<2, Int>,
    /// True where a position is padding, `[batch, seq]`.
    pub mask: Tensor<2, Bool>,
    /// Token types, `[batch, seq]`; 0 at padding.
    pub token_type_ids: Tensor<2, Int>,
    /// Tokens of each row before padding.
    pub lengths: Vec<usize>,
}

impl Batch {
    /// Whether each position holds a token, `[batch, seq]` in row-major order: the mask turned around and
    /// read from the device.
    pub fn visible(&self) -> Vec<bool> {
        let mask = self.mask.clone().into_data();
        mask.iter::<bool>().map(|padding| !padding).collect()
    }
}

/// Pads `encodings` to one length and puts them on `device`.
///
/// # Errors
/// [`Error::Invalid`] where there is no encoding, where all are empty, or where the padding's
/// `multiple_of` is 0.
pub fn collate(encodings: &[Encoding], padding: &Padding, device: &Device) -> Result<Batch> {
    let lengths: Vec<usize> = encodings.iter().map(Encoding::len).collect();
    let longest = lengths.iter().copied().max().unwrap_or(0);
    let width = padding.length(longest)?;
    if width == 0 {
        return Err(Error::invalid("encodings", "there is no token to batch"));
    }
    let size = encodings
        .len()
        .checked_mul(width)
        .ok_or_else(|| Error::invalid("min_length", format!("{width} is too large")))?;
    let mut ids = vec![i64::from(padding.pad_id); size];
    let mut types = vec![0_i64; size];
    let mut mask = vec![true; size];
    for (row, encoding) in encodings.iter().enumerate() {
        let start = row * width
            + match padding.side {
                PaddingSide::Right => 0,
                PaddingSide::Left => width - encoding.len(),
            };
        for (offset, (&id, &kind)) in encoding.ids.iter().zip(&encoding.type_ids).enumerate() {
            ids[start + offset] = i64::from(id);
            types[start + offset] = i64::from(kind);
            mask[start + offset] = false;
        }
    }
    let shape = [encodings.len(), width];
    Ok(Batch {
        ids: Tensor::from_data(TensorData::new(ids, shape), device),
        mask: Tensor::from_data(TensorData::new(mask, shape), device),
        token_type_ids: Tensor::from_data(TensorData::new(types, shape), device),
        lengths,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device;

    fn encoding(ids: &[u32]) -> Encoding {
        Encoding {
            ids: ids.to_vec(),
            type_ids: ids.iter().map(|id| id % 2).collect(),
            ..Encoding::default()
        }
    }

    fn check(device: &Device) {
        let rows = [encoding(&[2, 7, 3]), encoding(&[2, 3])];
        let padding = Padding::new(9).with_multiple_of(4);
        let batch = collate(&rows, &padding, device).unwrap();
        assert_eq!(batch.ids.dims(), [2, 4]);
        let (t, f) = (true, false);
        assert_eq!(batch.visible(), [t, t, t, f, t, t, f, f]);
        let ints = |t: Tensor<2, Int>| t.into_data().try_to_vec_as::<i64>().unwrap();
        let bools = |t: Tensor<2, Bool>| t.into_data().try_to_vec::<bool>().unwrap();
        assert_eq!(ints(batch.ids), [2, 7, 3, 9, 2, 3, 9, 9]);
        assert_eq!(ints(batch.token_type_ids), [0, 1, 1, 0, 0, 1, 0, 0]);
        assert_eq!(bools(batch.mask), [f, f, f, t, f, f, t, t]);
        assert_eq!(batch.lengths, [3, 2]);

        let left = collate(&rows, &padding.with_side(PaddingSide::Left), device).unwrap();
        assert_eq!(left.visible(), [f, t, t, t, f, f, t, t]);
        assert_eq!(ints(left.ids), [9, 2, 7, 3, 9, 9, 2, 3]);
        assert_eq!(bools(left.mask), [t, f, f, f, t, t, f, f]);
    }

    #[test]
    fn rows_are_padded_on_every_device() {
        for name in device::available() {
            check(&device::parse(name).unwrap());
        }
    }

    #[test]
    fn nothing_to_batch_is_an_error() {
        let device = device::parse(device::available()[0]).unwrap();
        for rows in [vec![], vec![encoding(&[])]] {
            assert!(collate(&rows, &Padding::new(0), &device).is_err());
        }
        let zero = Padding::new(0).with_multiple_of(0);
        let text = collate(&[encoding(&[1])], &zero, &device)
            .unwrap_err()
            .to_string();
        assert!(text.contains("multiple_of"), "{text}");
        let huge = Padding::new(0)
            .with_multiple_of(usize::MAX - 1)
            .with_min_length(usize::MAX);
        assert!(collate(&[encoding(&[1])], &huge, &device).is_err());
    }
}
