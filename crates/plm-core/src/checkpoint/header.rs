//! The header of a safetensors file, checked against the file.
//!
//! The file is: length of the header (8 bytes, little endian), header (JSON: name -> type, shape,
//! first and last byte), then the bytes of all tensors without gaps.

use std::collections::HashSet;
use std::fmt;
use std::ops::Range;

use safetensors::Dtype;
use safetensors::tensor::TensorInfo;
use serde::Deserializer as _;
use serde::de::{Error as _, IgnoredAny, MapAccess, Visitor};

/// Bytes in front of the header.
const LENGTH: usize = 8;

/// The format's own limit on the header.
const LONGEST_HEADER: usize = 100_000_000;

/// One tensor of a file.
#[derive(Debug)]
pub(super) struct Located {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<usize>,
    /// Its bytes in the file.
    pub(super) range: Range<usize>,
}

/// The tensors of `file`, or what is wrong with it.
pub(super) fn parse(file: &[u8]) -> Result<Vec<Located>, String> {
    let Some((length, rest)) = file.split_first_chunk::<LENGTH>() else {
        return Err(format!(
            "{} bytes, but the length of a safetensors header alone takes {LENGTH}",
            file.len()
        ));
    };
    let length = u64::from_le_bytes(*length);
    let limit = rest.len().min(LONGEST_HEADER);
    let header = usize::try_from(length)
        .ok()
        .filter(|length| *length <= limit)
        .map(|length| &rest[..length])
        .ok_or_else(|| {
            format!("the header claims {length} bytes, at most {limit} are possible here")
        })?;
    let mut json = serde_json::Deserializer::from_slice(header);
    let entries = json
        .deserialize_map(Entries)
        .and_then(|entries| json.end().map(|()| entries))
        .map_err(|error| format!("the header is not valid: {error}"))?;
    locate(entries, LENGTH + header.len(), file.len())
}

/// Checks that the tensors fill the bytes from `start` to `end` exactly.
fn locate(
    mut entries: Vec<(String, TensorInfo)>,
    start: usize,
    end: usize,
) -> Result<Vec<Located>, String> {
    entries.sort_by_key(|(_, info)| info.data_offsets);
    let available = end - start;
    let mut filled = 0;
    let mut located = Vec::with_capacity(entries.len());
    for (name, info) in entries {
        let (first, last) = info.data_offsets;
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
        let size = info
            .shape
            .iter()
            .try_fold(info.dtype.bitsize(), |bits, axis| bits.checked_mul(*axis));
        if size != (last - first).checked_mul(8) {
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
            range: start + first..start + last,
        });
    }
    if filled != available {
        return Err(format!(
            "the tensors take {filled} bytes, the file holds {available}"
        ));
    }
    Ok(located)
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Vec<(String, TensorInfo)>;

    fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("a map from tensor names to their descriptions")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut entries: Self::Value = Vec::new();
        let mut seen = HashSet::new();
        while let Some(name) = map.next_key::<String>()? {
            if !seen.insert(name.clone()) {
                return Err(A::Error::custom(format!("tensor `{name}` is listed twice")));
            }
            if name == "__metadata__" {
                map.next_value::<IgnoredAny>()?;
            } else {
                let info = map
                    .next_value()
                    .map_err(|error| A::Error::custom(format!("tensor `{name}`: {error}")))?;
                entries.push((name, info));
            }
        }
        Ok(entries)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(header: &str, data: usize) -> Vec<u8> {
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.as_bytes());
        file.resize(file.len() + data, 0);
        file
    }

    fn refused(header: &str, data: usize) -> String {
        parse(&file(header, data)).unwrap_err()
    }

    const ONE: &str = r#"{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[0,8]}}"#;

    #[test]
    fn a_good_file_is_read() {
        let file = file(ONE, 8);
        let found = parse(&file).unwrap();
        assert_eq!((&*found[0].name, &*found[0].shape), ("a", &[2, 1][..]));
        assert_eq!(found[0].range, file.len() - 8..file.len());
    }

    #[test]
    fn sizes_that_do_not_fit_are_refused() {
        assert!(parse(&[]).unwrap_err().contains("0 bytes"));
        assert!(
            parse(&[255; 40])
                .unwrap_err()
                .contains("claims 18446744073709551615")
        );
        assert!(refused(ONE, 7).contains("0..8 of 7"));
        assert!(refused(ONE, 9).contains("take 8 bytes, the file holds 9"));
        let huge = ONE.replace("[2,1]", "[4294967296,4294967296,8]");
        assert!(refused(&huge, 8).contains("cannot have 8 bytes"));
        assert!(refused(&ONE.replace("[0,8]", "[8,0]"), 8).contains("8..0"));
        assert!(refused(&ONE.replace("[0,8]", "[-1,8]"), 8).contains("tensor `a`"));
        assert!(refused(&ONE.replace("F32", "F31"), 8).contains("F31"));
    }

    #[test]
    fn gaps_overlaps_and_duplicates_are_refused() {
        let second = |at: &str, name: &str| {
            let more = format!(r#","{name}":{{"dtype":"U8","shape":[4],"data_offsets":{at}}}}}"#);
            format!("{}{more}", ONE.strip_suffix('}').unwrap())
        };
        assert!(parse(&file(&second("[8,12]", "b"), 12)).is_ok());
        assert!(refused(&second("[4,8]", "b"), 12).contains("begins at byte 4"));
        assert!(refused(&second("[9,13]", "b"), 13).contains("begins at byte 9"));
        assert!(refused(&second("[8,12]", "a"), 12).contains("listed twice"));
    }
}
