//! Where the tensors of a shard lie.

use std::collections::BTreeMap;
use std::ops::Range;

use plm_core::files::safetensors::{Layout, Located};

use super::layout::Column;

/// Where each of `columns` lies in the safetensors file `bytes`, which holds nothing else.
pub(super) fn locate(bytes: &[u8], columns: &[Column]) -> Result<Vec<Range<usize>>, String> {
    let layout = Layout::of(bytes).map_err(|error| error.to_string())?;
    let mut entries: BTreeMap<&str, &Located> = layout
        .tensors
        .iter()
        .map(|tensor| (tensor.name.as_str(), tensor))
        .collect();
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
        // The file is in memory: its places fit.
        places.push(entry.range.start as usize..entry.range.end as usize);
    }
    if let Some(name) = entries.keys().next() {
        return Err(format!(
            "holds `{name}`, which belongs in no shard of this cache"
        ));
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
        for (from, to, data, reason) in [
            ("[0,8]", "[0,4]", 24, "cannot have 4 bytes"),
            ("[16,24]", "[8,16]", 24, "begins at byte 8"),
            ("24", "24", 23, "bytes 16..24 of 23"),
            ("F32", "I32", 24, "type I32"),
            ("[1,2]", "[2,1]", 24, "shape [2, 1]"),
            ("ids", "IDs", 24, "no tensor `ids`"),
        ] {
            let error = locate(&header.replace(from, to), data).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
