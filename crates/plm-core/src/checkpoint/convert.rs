//! Numbers of files to and from 32-bit floats and 64-bit integers.
//!
//! Files are little endian. A conversion makes one copy and uses all threads.

use half::slice::{HalfBitsSliceExt, HalfFloatSliceExt};
use half::{bf16, f16};
use rayon::prelude::*;
use safetensors::Dtype;

/// Elements that one thread converts at a time: large enough to hide the hand-over, small enough
/// to spread one embedding over all threads.
const CHUNK: usize = 1 << 16;

/// Rows of the result that one thread fills when it transposes. It writes that many streams at
/// once, which the first-level cache holds.
const ROWS: usize = 64;

/// Whether [`to_f32`] reads this type.
pub(super) fn is_float(dtype: Dtype) -> bool {
    matches!(dtype, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::BF16)
}

/// Bytes per element of the types this module reads.
fn width(dtype: Dtype) -> usize {
    dtype.bitsize() / 8
}

/// `bytes` as 32-bit floats; `None` for types that are not floats.
pub(super) fn to_f32(bytes: &[u8], dtype: Dtype) -> Option<Vec<f32>> {
    if !is_float(dtype) {
        return None;
    }
    let width = width(dtype);
    let mut out = vec![0.0; bytes.len() / width];
    out.par_chunks_mut(CHUNK)
        .zip(bytes.par_chunks(CHUNK * width))
        .for_each(|(out, bytes)| decode(bytes, dtype, out));
    Some(out)
}

/// The transpose of a matrix of `rows` rows, `[rows, columns]` to `[columns, rows]`, as 32-bit
/// floats; `None` for types that are not floats.
pub(super) fn to_f32_transposed(bytes: &[u8], dtype: Dtype, rows: usize) -> Option<Vec<f32>> {
    if !is_float(dtype) {
        return None;
    }
    let width = width(dtype);
    let mut out = vec![0.0; bytes.len() / width];
    if out.is_empty() {
        return Some(out);
    }
    let columns = out.len() / rows;
    out.par_chunks_mut(ROWS * rows)
        .enumerate()
        .for_each(|(index, out)| {
            let first = index * ROWS;
            let count = out.len() / rows;
            let mut piece = [0.0; ROWS];
            let piece = &mut piece[..count];
            for row in 0..rows {
                let at = (row * columns + first) * width;
                decode(&bytes[at..at + count * width], dtype, piece);
                for (column, value) in piece.iter().enumerate() {
                    out[column * rows + row] = *value;
                }
            }
        });
    Some(out)
}

/// Converts one run of elements.
fn decode(bytes: &[u8], dtype: Dtype, out: &mut [f32]) {
    match dtype {
        Dtype::F32 => {
            for (out, four) in out.iter_mut().zip(bytes.as_chunks::<4>().0) {
                *out = f32::from_le_bytes(*four);
            }
        }
        Dtype::F64 => {
            for (out, eight) in out.iter_mut().zip(bytes.as_chunks::<8>().0) {
                *out = f64::from_le_bytes(*eight) as f32;
            }
        }
        // The slice conversions of `half` use the processor's instructions, but need the numbers
        // to lie at even addresses.
        Dtype::F16 | Dtype::BF16 => match (bytemuck::try_cast_slice::<u8, u16>(bytes), dtype) {
            (Ok(bits), Dtype::F16) if cfg!(target_endian = "little") => {
                bits.reinterpret_cast::<f16>().convert_to_f32_slice(out);
            }
            (Ok(bits), _) if cfg!(target_endian = "little") => {
                bits.reinterpret_cast::<bf16>().convert_to_f32_slice(out);
            }
            _ => {
                for (out, two) in out.iter_mut().zip(bytes.as_chunks::<2>().0) {
                    *out = if dtype == Dtype::F16 {
                        f16::from_le_bytes(*two).to_f32()
                    } else {
                        bf16::from_le_bytes(*two).to_f32()
                    };
                }
            }
        },
        _ => unreachable!("only floats are decoded"),
    }
}

/// `bytes` as 64-bit integers; `None` for types that are not integers, `Some(Err)` with the value
/// for one above the largest.
pub(super) fn to_i64(bytes: &[u8], dtype: Dtype) -> Option<Result<Vec<i64>, u64>> {
    macro_rules! read {
        ($type:ty, $width:literal) => {
            bytes
                .as_chunks::<$width>()
                .0
                .iter()
                .map(|bytes| i64::from(<$type>::from_le_bytes(*bytes)))
                .collect()
        };
    }
    Some(Ok(match dtype {
        Dtype::I64 => read!(i64, 8),
        Dtype::I32 => read!(i32, 4),
        Dtype::I16 => read!(i16, 2),
        Dtype::I8 => read!(i8, 1),
        Dtype::U32 => read!(u32, 4),
        Dtype::U16 => read!(u16, 2),
        Dtype::U8 | Dtype::BOOL => read!(u8, 1),
        Dtype::U64 => {
            return Some(
                bytes
                    .as_chunks::<8>()
                    .0
                    .iter()
                    .map(|bytes| {
                        let value = u64::from_le_bytes(*bytes);
                        i64::try_from(value).map_err(|_| value)
                    })
                    .collect(),
            );
        }
        _ => return None,
    }))
}

/// How many of `values` are NaN or infinite.
pub(super) fn non_finite(values: &[f32]) -> usize {
    values
        .par_chunks(CHUNK)
        .map(|chunk| chunk.iter().filter(|value| !value.is_finite()).count())
        .sum()
}

/// `values` as bytes of `dtype` (F32, F16 or BF16), and how many finite ones became infinite.
pub(super) fn from_f32(values: &[f32], dtype: Dtype) -> (Vec<u8>, usize) {
    match dtype {
        Dtype::F16 => encode(values, |value| {
            let half = f16::from_f32(value);
            (half.to_le_bytes(), half.is_finite())
        }),
        Dtype::BF16 => encode(values, |value| {
            let half = bf16::from_f32(value);
            (half.to_le_bytes(), half.is_finite())
        }),
        _ => encode(values, |value| (value.to_le_bytes(), true)),
    }
}

fn encode<const N: usize>(
    values: &[f32],
    one: impl Fn(f32) -> ([u8; N], bool) + Sync,
) -> (Vec<u8>, usize) {
    let mut bytes = vec![0; values.len() * N];
    let lost = bytes
        .par_chunks_mut(CHUNK * N)
        .zip(values.par_chunks(CHUNK))
        .map(|(bytes, values)| {
            let mut lost = 0;
            for (bytes, value) in bytes.as_chunks_mut::<N>().0.iter_mut().zip(values) {
                let (encoded, finite) = one(*value);
                *bytes = encoded;
                lost += usize::from(!finite && value.is_finite());
            }
            lost
        })
        .sum();
    (bytes, lost)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn halves(values: &[f32], dtype: Dtype) -> Vec<u8> {
        from_f32(values, dtype).0
    }

    #[test]
    fn every_float_type_reads_at_odd_addresses_too() {
        let values = [0.0, -1.5, 3.25, 1024.0, -0.0, 0.5, 2.0];
        for dtype in [Dtype::F32, Dtype::F16, Dtype::BF16] {
            let bytes = halves(&values, dtype);
            assert_eq!(to_f32(&bytes, dtype).unwrap(), values, "{dtype}");
            let mut shifted = vec![0];
            shifted.extend(&bytes);
            assert_eq!(to_f32(&shifted[1..], dtype).unwrap(), values, "{dtype}");
        }
        let wide: Vec<u8> = values
            .iter()
            .flat_map(|value| f64::from(*value).to_le_bytes())
            .collect();
        assert_eq!(to_f32(&wide, Dtype::F64).unwrap(), values);
        assert_eq!(to_f32(&wide, Dtype::I64), None);
    }

    #[test]
    fn transposing_spans_blocks() {
        let (rows, columns) = (70, 131);
        let values: Vec<f32> = (0..rows * columns).map(|value| value as f32).collect();
        let bytes = halves(&values, Dtype::F32);
        let turned = to_f32_transposed(&bytes, Dtype::F32, rows).unwrap();
        for row in 0..rows {
            for column in 0..columns {
                assert_eq!(turned[column * rows + row], values[row * columns + column]);
            }
        }
        assert!(to_f32_transposed(&[], Dtype::F32, 0).unwrap().is_empty());
    }

    #[test]
    fn overflow_to_half_is_counted() {
        let (_, lost) = from_f32(&[1e5, f32::NAN, 1.0, -7e4], Dtype::F16);
        assert_eq!(lost, 2);
        assert_eq!(from_f32(&[1e5, 3.38e38], Dtype::BF16).1, 0);
    }

    #[test]
    fn integers_widen() {
        let narrow = to_i64(&[255, 1, 0], Dtype::I8).unwrap();
        assert_eq!(narrow, Ok(vec![-1, 1, 0]));
        let large = u64::MAX.to_le_bytes();
        assert_eq!(to_i64(&large, Dtype::U64), Some(Err(u64::MAX)));
        assert_eq!(to_i64(&large, Dtype::F64), None);
    }
}
