use std::ops::Range;

use burn::tensor::{Bool, Int, Tensor, TensorData};
use plm_core::graph::{Segments, segment_mean};
use plm_core::models::{EncoderInput, EncoderModel};

use crate::Result;

/// The mean state of each span's sub-words in the last layer of `encoder`, which is computed for these
/// sub-words alone: what [`pool_mean`] makes of all states.
///
/// # Shapes
/// - spans: row and sub-words of each span
/// - result: `[spans, width]`
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) where a span lies outside of the batch.
pub fn span_states(
    encoder: &EncoderModel,
    input: &EncoderInput,
    spans: &[(usize, Range<usize>)],
) -> Result<Tensor<2>> {
    check(spans, input.tokens.dims())?;
    let all = spans.iter().enumerate();
    let (owners, read): (Vec<u32>, Vec<(usize, usize)>) = all
        .flat_map(|(span, (row, range))| range.clone().map(move |at| (span as u32, (*row, at))))
        .unzip();
    let mut places = read.clone();
    places.sort_unstable();
    places.dedup();
    let states = encoder.states_at(input, &places);
    let read = read
        .iter()
        .map(|place| places.partition_point(|other| other < place) as i64);
    let read: Vec<i64> = read.collect();
    let read = Tensor::<1, Int>::from_data(read.as_slice(), &states.device());
    let segments = Segments::new(&owners, spans.len())?;
    Ok(segment_mean(states.select(0, read), &segments))
}

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
    let [rows, length, _] = hidden.dims();
    check(spans, [rows, length])?;
    let (mut places, mut owners) = (Vec::new(), Vec::new());
    for (span, (row, range)) in spans.iter().enumerate() {
        places.extend(range.clone().map(|at| row * length + at));
        owners.extend(range.clone().map(|_| span as u32));
    }
    let segments = Segments::new(&owners, spans.len())?;
    Ok(segment_mean(pick(hidden, &places), &segments))
}

/// The largest value of each span's sub-words in each dimension. Other sub-words take no part, so that
/// negative maxima stay what they are (the released code gives 0 for them); an empty span gives 0. Of
/// equal maxima the first has the gradient.
///
/// # Shapes
/// As [`pool_mean`].
///
/// # Errors
/// As [`pool_mean`].
pub fn pool_maximum(hidden: Tensor<3>, spans: &[(usize, Range<usize>)]) -> Result<Tensor<2>> {
    let [rows, length, width] = hidden.dims();
    check(spans, [rows, length])?;
    let lengths = spans.iter().map(|(_, range)| range.len());
    let most = lengths.max().unwrap_or(0);
    if most == 0 {
        return Ok(Tensor::zeros([spans.len(), width], &hidden.device()));
    }
    // Shorter spans repeat their first sub-word, which changes no maximum.
    let mut places = Vec::with_capacity(spans.len() * most);
    for (row, range) in spans {
        let first = row * length + range.start.min(length - 1);
        places.extend(range.clone().map(|at| row * length + at));
        places.extend(std::iter::repeat_n(first, most - range.len()));
    }
    let states = pick(hidden, &places).reshape([spans.len(), most, width]);
    let maxima = states.max_dim(1).reshape([spans.len(), width]);
    let empty: Vec<bool> = spans.iter().map(|(_, range)| range.is_empty()).collect();
    if !empty.contains(&true) {
        return Ok(maxima);
    }
    let device = maxima.device();
    let empty = Tensor::<2, Bool>::from_data(TensorData::new(empty, [spans.len(), 1]), &device);
    Ok(maxima.mask_fill(empty.expand([spans.len(), width]), 0.0))
}

/// Rows of `hidden`, its first two axes in one.
fn pick(hidden: Tensor<3>, places: &[usize]) -> Tensor<2> {
    let [rows, length, width] = hidden.dims();
    let places: Vec<i64> = places.iter().map(|&place| place as i64).collect();
    let places = Tensor::<1, Int>::from_data(places.as_slice(), &hidden.device());
    hidden.reshape([rows * length, width]).select(0, places)
}

fn check(spans: &[(usize, Range<usize>)], [rows, length]: [usize; 2]) -> Result<()> {
    let outside = |(row, range): &&(usize, Range<usize>)| *row >= rows || range.end > length;
    match spans.iter().find(outside) {
        Some((row, range)) => {
            let reason = format!("{range:?} of row {row}; the batch is {rows} by {length}");
            Err(crate::Error::invalid("span", reason))
        }
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use plm_core::graph::segment_max;

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
            for outside in [[(2, 0..1)], [(0, 2..4)]] {
                assert!(pool_mean(hidden.clone(), &outside).is_err());
                assert!(pool_maximum(hidden.clone(), &outside).is_err());
            }
            let none = read(pool_maximum(hidden, &[(0, 3..3)]).unwrap());
            assert_eq!(none, [0.0; 2], "{name}");
        }
    }

    #[test]
    fn gradients_of_maxima_are_those_of_segments() {
        for name in plm_core::device::available() {
            let device = plm_core::device::parse(name).unwrap().autodiff();
            let values: Vec<f32> = (0..30).map(|at| (at * 17 % 31) as f32 - 15.0).collect();
            let values = TensorData::new(values, [2, 5, 3]);
            let hidden = Tensor::<3>::from_data(values, &device).require_grad();
            let spans = [(0, 0..2), (0, 2..5), (1, 0..4), (1, 4..4), (1, 4..5)];
            let read = |gradient: Tensor<3>| -> Vec<f32> { gradient.into_data().iter().collect() };
            let gradient = |pooled: Tensor<2>| {
                let gradients = pooled.square().sum().backward();
                read(hidden.grad(&gradients).unwrap())
            };
            let states = hidden.clone().reshape([10, 3]);
            let segments = Segments::new(&[0, 0, 1, 1, 1, 2, 2, 2, 2, 4], 5).unwrap();
            let expected = gradient(segment_max(states, &segments));
            let found = gradient(pool_maximum(hidden.clone(), &spans).unwrap());
            assert_eq!(found, expected, "{name}");
        }
    }
}
