use std::ops::Range;

use burn::tensor::{Int, Tensor};
use plm_core::graph::{Segments, segment_max, segment_mean};

use crate::Result;

/// The mean state of each span's sub-words.
///
/// # Shapes
/// - hidden: `[rows, length, width]`
/// - spans: row and sub-words of each span
/// - result: `[spans, width]`
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a span lies outside of the batch.
pub fn pool_mean(hidden: Tensor<3>, spans: &[(usize, Range<usize>)]) -> Result<Tensor<2>> {
    let (states, segments) = gather(hidden, spans)?;
    Ok(segment_mean(states, &segments))
}

/// The largest value of each span's sub-words in each dimension. Other sub-words take no part, so that
/// negative maxima stay what they are (the released code gives 0 for them); an empty span gives 0.
///
/// # Shapes
/// As [`pool_mean`].
///
/// # Errors
/// As [`pool_mean`].
pub fn pool_maximum(hidden: Tensor<3>, spans: &[(usize, Range<usize>)]) -> Result<Tensor<2>> {
    let (states, segments) = gather(hidden, spans)?;
    Ok(segment_max(states, &segments))
}

/// The states of all spans' sub-words, and the span of each.
fn gather(hidden: Tensor<3>, spans: &[(usize, Range<usize>)]) -> Result<(Tensor<2>, Segments)> {
    let [rows, length, width] = hidden.dims();
    let mut places = Vec::new();
    let mut owners = Vec::new();
    for (span, (row, range)) in spans.iter().enumerate() {
        if *row >= rows || range.end > length {
            let reason = format!("{range:?} of row {row}; the batch is {rows} by {length}");
            return Err(crate::Error::invalid("span", reason));
        }
        places.extend(range.clone().map(|at| (row * length + at) as i64));
        owners.extend(range.clone().map(|_| span as u32));
    }
    let places = Tensor::<1, Int>::from_data(places.as_slice(), &hidden.device());
    let states = hidden.reshape([rows * length, width]).select(0, places);
    Ok((states, Segments::new(&owners, spans.len())?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_maxima_by_hand() {
        for name in plm_core::device::available() {
            let device = plm_core::device::parse(name).unwrap();
            let values = [[[-3.0, 1.0], [-1.0, 2.0], [9.0, 9.0]]; 2];
            let hidden = Tensor::<3>::from_floats(values, &device);
            let spans = [(1, 0..2), (0, 1..3), (0, 1..1)];
            let read = |pooled: Tensor<2>| -> Vec<f32> { pooled.into_data().iter().collect() };
            let mean = read(pool_mean(hidden.clone(), &spans).unwrap());
            assert_eq!(mean, [-2.0, 1.5, 4.0, 5.5, 0.0, 0.0], "{name}");
            let maximum = read(pool_maximum(hidden.clone(), &spans).unwrap());
            assert_eq!(maximum, [-1.0, 2.0, 9.0, 9.0, 0.0, 0.0], "{name}");
            for outside in [(2, 0..1), (0, 2..4)] {
                assert!(pool_mean(hidden.clone(), &[outside]).is_err());
            }
        }
    }
}
