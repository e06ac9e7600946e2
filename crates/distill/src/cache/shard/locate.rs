//! Where the tensors of a shard lie.

use std::collections::BTreeMap;
use std::ops::Range;

use safetensors::tensor::TensorInfo;

use super::layout::Column;

/// Bytes in front of the header of a safetensors file.
const LENGTH: usize = 8;

/// Where each of `columns` lies in the safetensors file `bytes`, which holds nothing else.
///
/// The file is: length of the header (8 bytes, little endian), header (JSON: name -> type, shape, first
/// and last byte), the bytes of all tensors without gaps. Done here because the crate `safetensors` adds
/// up the offsets that a header claims before it compares them with the file.
pub(super) fn locate(bytes: &[u8], columns: &[Column]) -> Result<Vec<Range<usize>>, String> {
    let short = || "ends within its header".to_owned();
    let (length, rest) = bytes.split_first_chunk::<LENGTH>().ok_or_else(short)?;
    let length = usize::try_from(u64::from_le_bytes(*length)).ok();
    let (header, data) = length
        .and_then(|length| rest.split_at_checked(length))
        .ok_or_else(short)?;
    let mut entries: BTreeMap<String, TensorInfo> = serde_json::from_slice(header)
        .map_err(|error| format!("the header is not valid: {error}"))?;
    let start = LENGTH + header.len();
    let mut places = Vec::with_capacity(columns.len());
    for column in columns {
        let name = column.name;
        let entry = entries
            .remove(name)
            .ok_or_else(|| format!("has no tensor `{name}`"))?;
        if (entry.dtype, &entry.shape) != (column.dtype, &column.shape) {
            return Err(format!(
                "`{name}` is of type {} and shape {:?}, expected {} and {:?}",
                entry.dtype, entry.shape, column.dtype, column.shape
            ));
        }
        let (first, last) = entry.data_offsets;
        if last > data.len() || last.checked_sub(first) != column.bytes() {
            return Err(format!(
                "`{name}` cannot be the bytes {first}..{last} of {}",
                data.len()
            ));
        }
        places.push(start + first..start + last);
    }
    if let Some(name) = entries.keys().next() {
        return Err(format!(
            "holds `{name}`, which belongs in no shard of this cache"
        ));
    }
    let mut order: Vec<&Range<usize>> = places.iter().collect();
    order.sort_by_key(|place| (place.start, place.end));
    let end = order.iter().try_fold(start, |end, place| {
        (place.start == end).then_some(place.end)
    });
    if end != Some(bytes.len()) {
        return Err("its tensors overlap or leave gaps".to_owned());
    }
    Ok(places)
}

#[cfg(test)]
mod tests {
    use super::super::layout::columns;
    use super::*;
    use crate::cache::tests::key;

    /// A file of `header` and `data` bytes.
    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.resize(file.len() + data, 0);
        file
    }

    #[test]
    fn headers_that_lie_are_refused() {
        let header = r#"{"ids":{"dtype":"U64","shape":[1],"data_offsets":[0,8]},
            "texts":{"dtype":"U64","shape":[1],"data_offsets":[8,16]},
            "logits":{"dtype":"F32","shape":[1,2],"data_offsets":[16,24]}}"#;
        let locate = |header: &str, data| locate(&file(header, data), &columns(&key(), 1));
        let start = 8 + header.len();
        let places = [0, 8, 16].map(|at| start + at..start + at + 8);
        assert_eq!(locate(header, 24).unwrap(), places);
        let huge = u64::MAX.to_string();
        for (from, to, data, reason) in [
            ("[0,8]", "[8,0]", 24, "bytes 8..0 of 24"),
            ("[0,8]", "[0,4]", 24, "bytes 0..4 of 24"),
            ("[16,24]", "[8,16]", 24, "overlap or leave gaps"),
            ("[16,24]", "[17,25]", 25, "overlap or leave gaps"),
            ("24", "24", 25, "overlap or leave gaps"),
            ("24", "24", 23, "bytes 16..24 of 23"),
            ("24", &huge, 24, "bytes 16..18446744073709551615"),
            ("F32", "F31", 24, "header is not valid"),
            ("F32", "I32", 24, "type I32"),
        ] {
            let error = locate(&header.replace(from, to), data).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
        for length in [u64::MAX, 100] {
            let file = [&length.to_le_bytes()[..], b"{}"].concat();
            let error = super::locate(&file, &columns(&key(), 0)).unwrap_err();
            assert!(error.contains("ends within"), "{error}");
        }
    }
}
