//! The header of a safetensors file, checked against the length of the file.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};

/// Texts of a header by their keys.
pub(super) type Metadata = BTreeMap<String, String>;

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::io) struct Located {
    /// Its name.
    pub(in crate::io) name: String,
    /// Type of its elements.
    pub(in crate::io) dtype: Dtype,
    /// Its axes.
    pub(in crate::io) shape: Vec<usize>,
    /// Its bytes, counted from the end of the header.
    pub(super) range: Range<u64>,
}

/// The metadata and the tensors that `header` describes, or what is wrong with it. The tensors must
/// fill the `available` bytes after the header.
pub(super) fn parse(header: &[u8], available: u64) -> Result<(Metadata, Vec<Located>), String> {
    let mut json = serde_json::Deserializer::from_slice(header);
    let (metadata, entries) = json
        .deserialize_map(Entries)
        .and_then(|entries| json.end().map(|()| entries))
        .map_err(|error| format!("the header is not valid: {error}"))?;
    Ok((metadata, locate(entries, available)?))
}

fn locate(mut entries: Vec<(String, TensorInfo)>, available: u64) -> Result<Vec<Located>, String> {
    entries.sort_by_key(|(_, info)| info.data_offsets);
    let mut filled = 0;
    let mut located = Vec::with_capacity(entries.len());
    for (name, info) in entries {
        let (first, last) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        if first > last || last > available {
            return Err(format!(
                "tensor `{name}` claims the bytes {first}..{last} of {available}"
            ));
        }
        if first != filled {
            return Err(format!(
                "tensor `{name}` begins at byte {first}, but the one before ends at {filled}"
            ));
        }
        let bits = info
            .shape
            .iter()
            .try_fold(info.dtype.bitsize() as u64, |bits, &axis| {
                bits.checked_mul(axis as u64)
            });
        if bits != (last - first).checked_mul(8) {
            return Err(format!(
                "tensor `{name}` of type {} and shape {:?} cannot have {} bytes",
                info.dtype,
                info.shape,
                last - first
            ));
        }
        filled = last;
        located.push(Located {
            name,
            dtype: info.dtype,
            shape: info.shape,
            range: first..last,
        });
    }
    if filled != available {
        return Err(format!(
            "the tensors take {filled} bytes, but {available} follow the header"
        ));
    }
    Ok(located)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = (Metadata, Vec<(String, TensorInfo)>);

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map from tensor names to their descriptions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut metadata, mut entries) = Self::Value::default();
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("`{name}` is listed twice")));
            }
            let within = |error| A::Error::custom(format!("`{name}`: {error}"));
            if name == "__metadata__" {
                let texts: Option<Metadata> = map.next_value().map_err(within)?;
                metadata = texts.unwrap_or_default();
            } else {
                let info = map.next_value().map_err(within)?;
                entries.push((name, info));
            }
        }
        Ok((metadata, entries))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: &str =
        r#"{"__metadata__":{"k":"v"},"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#;

    fn refused(header: &str, available: u64) -> String {
        parse(header.as_bytes(), available).unwrap_err()
    }

    #[test]
    fn a_good_header_is_read() {
        let (metadata, tensors) = parse(ONE.as_bytes(), 8).unwrap();
        assert_eq!(metadata["k"], "v");
        assert_eq!((&*tensors[0].name, &*tensors[0].shape), ("a", &[2, 1][..]));
        assert_eq!(tensors[0].range, 0..8);
        assert!(parse(br#"{"__metadata__":null}"#, 0).is_ok());
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(refused(ONE, 7).contains("0..8 of 7"));
        assert!(refused(ONE, 9).contains("take 8 bytes, but 9"));
        let huge = ONE.replace("[2,1]", "[4294967296,4294967296,8]");
        assert!(refused(&huge, 8).contains("cannot have 8 bytes"));
        assert!(refused(&ONE.replace("[0,8]", "[8,0]"), 8).contains("8..0"));
        assert!(refused(&ONE.replace("[0,8]", "[1,9]"), 9).contains("begins at byte 1"));
        assert!(refused(&ONE.replace("[0,8]", "[-1,8]"), 8).contains("`a`"));
        assert!(refused(&ONE.replace("F32", "F31"), 8).contains("F31"));
        assert!(refused(&ONE.replace(r#""v""#, "1"), 8).contains("`__metadata__`"));
        let twice = ONE.replace(
            "__metadata__\":{\"k\":\"v\"}",
            "a\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}",
        );
        assert!(refused(&twice, 8).contains("listed twice"));
    }
}
