//! Reading, strictly.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use super::Row;
use super::layout::columns;
use super::locate::locate;
use crate::cache::manifest::{ShardEntry, sha256};
use crate::cache::{CacheKey, Record};
use crate::score::McScore;
use crate::{Error, Result};

/// The rows of the shard that `entry` lists, in `dir`. It takes as much memory as the file.
///
/// # Errors
/// [`Error::DamagedShard`] where the file is not there, not the one that was written or not of `key`;
/// [`Error::Core`] where it cannot be read.
pub(in crate::cache) fn read(dir: &Path, entry: &ShardEntry, key: &CacheKey) -> Result<Vec<Row>> {
    let path = entry.path(dir);
    let damaged = |reason| {
        let path = path.clone();
        Error::DamagedShard { path, reason }
    };
    let io = |error: std::io::Error| match error.kind() {
        ErrorKind::NotFound => damaged("is not there".to_owned()),
        _ => Error::io(&path, error),
    };
    let found = fs::metadata(&path).map_err(io)?.len();
    if found != entry.bytes {
        let reason = format!("has {found} bytes, the manifest says {}", entry.bytes);
        return Err(damaged(reason));
    }
    let bytes = fs::read(&path).map_err(io)?;
    let sum = sha256(&bytes);
    if sum != entry.sha256 {
        let reason = format!("has SHA-256 {sum}, the manifest says {}", entry.sha256);
        return Err(damaged(reason));
    }
    let rows = parse(&bytes, key, entry.rows).map_err(damaged)?;
    for row in &rows {
        let checked = row.record.check(row.id, key);
        checked.map_err(|error| damaged(error.to_string()))?;
    }
    Ok(rows)
}

/// The `rows` rows in the safetensors file `bytes`, or why there are none.
fn parse(bytes: &[u8], key: &CacheKey, rows: usize) -> Result<Vec<Row>, String> {
    let columns = columns(key, rows);
    let mut places = locate(bytes, &columns)?
        .into_iter()
        .map(|place| &bytes[place]);
    let mut next = || places.next().unwrap_or_default();
    let (ids, texts) = (integers(next()), integers(next()));
    let logits = floats(next());
    let scores = key
        .scoring
        .is_some()
        .then(|| [next(), next(), next()].map(floats));
    let first_token = floats(next());
    let width = key.first_token.len() * key.hidden_size;
    let row = |row: usize| Row {
        id: ids[row],
        text: texts[row],
        record: Record {
            logits: logits[row * key.classes..][..key.classes].to_vec(),
            score: scores
                .as_ref()
                .map(|[score, mutual_information, variance]| McScore {
                    score: score[row],
                    mutual_information: mutual_information[row],
                    variance: variance[row],
                }),
            first_token: first_token[row * width..][..width].to_vec(),
        },
    };
    Ok((0..rows).map(row).collect())
}

fn integers(bytes: &[u8]) -> Vec<u64> {
    let items = bytes.as_chunks().0.iter();
    items.map(|&item| u64::from_le_bytes(item)).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    let items = bytes.as_chunks().0.iter();
    items.map(|&item| f32::from_le_bytes(item)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::to_bytes;
    use super::*;
    use crate::cache::tests::{full_key, full_record, key, record};

    fn rows() -> Vec<Row> {
        [(7, 1.0), (u64::MAX, 2.0)]
            .map(|(id, value)| Row {
                id,
                text: id ^ 0xff,
                record: full_record(value),
            })
            .to_vec()
    }

    #[test]
    fn shards_read_back() {
        let bytes = to_bytes(&rows(), &full_key()).unwrap();
        assert_eq!(parse(&bytes, &full_key(), 2).unwrap(), rows());
        let plain: Vec<Row> = rows()
            .into_iter()
            .map(|row| Row {
                record: record(1.5),
                ..row
            })
            .collect();
        let bytes = to_bytes(&plain, &key()).unwrap();
        assert_eq!(parse(&bytes, &key(), 2).unwrap(), plain);
        let theirs = safetensors::SafeTensors::deserialize(&bytes).unwrap();
        assert_eq!(theirs.tensor("logits").unwrap().shape(), [2, 2]);
        assert_eq!(theirs.len(), 3);
        let none = to_bytes(&[], &full_key()).unwrap();
        assert_eq!(parse(&none, &full_key(), 0).unwrap(), []);
    }

    #[test]
    fn shards_of_another_key_are_refused() {
        let bytes = to_bytes(&rows(), &full_key()).unwrap();
        let refused = |key: &CacheKey, rows| parse(&bytes, key, rows).unwrap_err();
        assert!(
            refused(&full_key(), 3)
                .contains("`ids` is of type U64 and shape [2], expected U64 and [3]")
        );
        assert!(refused(&full_key(), usize::MAX).contains("`ids`"));
        assert!(refused(&key(), 2).contains("holds `first_token`"));
        let mut other = full_key();
        other.classes = 3;
        assert!(refused(&other, 2).contains("`logits` is of type F32 and shape [2, 2]"));
        let bytes = to_bytes(&[], &key()).unwrap();
        assert!(
            parse(&bytes, &full_key(), 0)
                .unwrap_err()
                .contains("no tensor `score`")
        );
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_are_no_shard(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            prop_assert!(parse(&bytes, &key(), 1).is_err());
        }

        #[test]
        fn a_changed_byte_of_a_shard_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
            let mut bytes = to_bytes(&rows(), &full_key()).unwrap();
            let place = place.index(bytes.len());
            bytes[place] = byte;
            if let Ok(read) = parse(&bytes, &full_key(), 2) {
                prop_assert_eq!(read.len(), 2);
            }
            prop_assert!(parse(&bytes[..place], &full_key(), 2).is_err());
        }
    }
}
