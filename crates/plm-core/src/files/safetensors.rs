//! Where the tensors of a safetensors file lie, checked against the length of the file.
//!
//! The file is: length of the header (8 bytes, little endian), header (JSON: name -> type, shape,
//! first and last byte; under `__metadata__` texts), then the bytes of all tensors without gaps.
//! Done here because the crate `safetensors` reads only whole files, adds up the offsets that a header
//! claims before it compares them with the file, and lets the last of two entries of one name win.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::ops::Range;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserializer as _;
use serde::de::{Error as _, MapAccess, Visitor};

/// Bytes in front of the header.
pub const PREFIX: usize = 8;

/// The format's own limit on the header in bytes.
const LONGEST_HEADER: u64 = 100_000_000;

/// What is wrong with a file's header; whoever knows the file's path adds it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LayoutError(String);

/// One tensor of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Located {
    /// Its name.
    pub name: String,
    /// Type of its elements.
    pub dtype: Dtype,
    /// Its axes.
    pub shape: Vec<usize>,
    /// Its bytes in the file.
    pub range: Range<u64>,
}

/// What a header says of its file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Layout {
    /// The texts under `__metadata__`.
    pub metadata: BTreeMap<String, String>,
    /// The tensors in the order of their bytes, which they fill without gaps up to the file's end.
    pub tensors: Vec<Located>,
}

impl Layout {
    /// The layout of the whole file `file`.
    ///
    /// # Errors
    /// As [`header_length`] and [`parse`](Self::parse).
    pub fn of(file: &[u8]) -> Result<Self, LayoutError> {
        let length = file.len() as u64;
        let (prefix, rest) = file
            .split_first_chunk::<PREFIX>()
            .ok_or_else(|| too_short(length))?;
        // At most the file's length, which is in memory.
        let header = header_length(*prefix, length)? as usize;
        Self::parse(&rest[..header], length)
    }

    /// The layout that `header` gives for a file of `file` bytes.
    ///
    /// # Errors
    /// Where the header is no valid JSON, lists a name twice, or claims bytes that are not there, overlap,
    /// leave gaps or do not suit a tensor's type and shape.
    pub fn parse(header: &[u8], file: u64) -> Result<Self, LayoutError> {
        let start = (PREFIX + header.len()) as u64;
        let available = file.checked_sub(start).ok_or_else(|| too_short(file))?;
        let mut json = serde_json::Deserializer::from_slice(header);
        let (metadata, entries) = json
            .deserialize_map(Entries)
            .and_then(|entries| json.end().map(|()| entries))
            .map_err(|error| LayoutError(format!("the header is not valid: {error}")))?;
        let tensors = locate(entries, start, available)?;
        Ok(Self { metadata, tensors })
    }
}

/// The length of the header, from the `prefix` of a file of `file` bytes.
///
/// # Errors
/// Where the file is too short for it, or it for the format.
pub fn header_length(prefix: [u8; PREFIX], file: u64) -> Result<u64, LayoutError> {
    let rest = (file.checked_sub(PREFIX as u64)).ok_or_else(|| too_short(file))?;
    let (claimed, limit) = (u64::from_le_bytes(prefix), rest.min(LONGEST_HEADER));
    if claimed > limit {
        let reason =
            format!("the header claims {claimed} bytes, at most {limit} are possible here");
        return Err(LayoutError(reason));
    }
    Ok(claimed)
}

fn too_short(file: u64) -> LayoutError {
    LayoutError(format!(
        "{file} bytes, but the length of a safetensors header alone takes {PREFIX}"
    ))
}

/// Checks that the tensors fill the `available` bytes from `start` on exactly.
fn locate(
    mut entries: Vec<(String, TensorInfo)>,
    start: u64,
    available: u64,
) -> Result<Vec<Located>, LayoutError> {
    entries.sort_by_key(|(_, info)| info.data_offsets);
    let mut filled = 0;
    let mut located = Vec::with_capacity(entries.len());
    for (name, info) in entries {
        let (first, last) = (info.data_offsets.0 as u64, info.data_offsets.1 as u64);
        if first > last || last > available {
            let reason = format!("tensor `{name}` claims the bytes {first}..{last} of {available}");
            return Err(LayoutError(reason));
        }
        if first != filled {
            return Err(LayoutError(format!(
                "tensor `{name}` begins at byte {first}, but the one before ends at {filled}"
            )));
        }
        let bits = info
            .shape
            .iter()
            .try_fold(info.dtype.bitsize() as u64, |bits, &axis| {
                bits.checked_mul(axis as u64)
            });
        if bits != (last - first).checked_mul(8) {
            return Err(LayoutError(format!(
                "tensor `{name}` of type {} and shape {:?} cannot have {} bytes",
                info.dtype,
                info.shape,
                last - first
            )));
        }
        filled = last;
        located.push(Located {
            name,
            dtype: info.dtype,
            shape: info.shape,
            range: start + first..start + last,
        });
    }
    if filled != available {
        return Err(LayoutError(format!(
            "the tensors take {filled} bytes, but {available} follow the header"
        )));
    }
    Ok(located)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = (BTreeMap<String, String>, Vec<(String, TensorInfo)>);

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
                let texts: Option<BTreeMap<String, String>> = map.next_value().map_err(within)?;
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

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.resize(file.len() + data, 0);
        file
    }

    fn refused(header: &str, data: usize) -> String {
        Layout::of(&file(header, data)).unwrap_err().to_string()
    }

    #[test]
    fn a_good_file_is_read() {
        let file = file(ONE, 8);
        let found = Layout::of(&file).unwrap();
        assert_eq!(found.metadata["k"], "v");
        let tensor = &found.tensors[0];
        assert_eq!((&*tensor.name, &*tensor.shape), ("a", &[2, 1][..]));
        let end = file.len() as u64;
        assert_eq!(tensor.range, end - 8..end);
        assert_eq!(Layout::parse(ONE.as_bytes(), end).unwrap(), found);
        assert!(Layout::parse(br#"{"__metadata__":null}"#, 29).is_ok());
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused() {
        let text = |file: &[u8]| Layout::of(file).unwrap_err().to_string();
        assert!(text(&[]).contains("0 bytes"));
        assert!(text(&[255; 40]).contains("claims 18446744073709551615"));
        assert!(text(&file(ONE, 0)[..40]).contains("at most 32 are possible"));
        assert!(header_length([0; PREFIX], 7).is_err());
        let long = (LONGEST_HEADER + 1).to_le_bytes();
        let text = header_length(long, u64::MAX).unwrap_err().to_string();
        assert!(text.contains("at most 100000000"), "{text}");
        assert!(Layout::parse(ONE.as_bytes(), 20).is_err());
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        assert!(refused(ONE, 7).contains("0..8 of 7"));
        assert!(refused(ONE, 9).contains("take 8 bytes, but 9"));
        let huge = ONE.replace("[2,1]", "[4294967296,4294967296,8]");
        assert!(refused(&huge, 8).contains("cannot have 8 bytes"));
        assert!(refused(&ONE.replace("[0,8]", "[8,0]"), 8).contains("8..0"));
        assert!(refused(&ONE.replace("[0,8]", "[-1,8]"), 8).contains("`a`"));
        assert!(refused(&ONE.replace("F32", "F31"), 8).contains("F31"));
        assert!(refused(&ONE.replace(r#""v""#, "1"), 8).contains("`__metadata__`"));
    }

    #[test]
    fn gaps_overlaps_and_duplicates_are_refused() {
        let second = |at: &str, name: &str| {
            let more = format!(r#","{name}":{{"dtype":"U8","shape":[4],"data_offsets":{at}}}}}"#);
            format!("{}{more}", ONE.strip_suffix('}').unwrap())
        };
        assert!(Layout::of(&file(&second("[8,12]", "b"), 12)).is_ok());
        assert!(refused(&second("[4,8]", "b"), 12).contains("begins at byte 4"));
        assert!(refused(&second("[9,13]", "b"), 13).contains("begins at byte 9"));
        assert!(refused(&second("[8,12]", "a"), 12).contains("listed twice"));
    }
}
