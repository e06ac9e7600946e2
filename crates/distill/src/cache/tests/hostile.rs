//! Files that are not what they say.

use std::fs;

use proptest::prelude::*;

use super::super::manifest::{ShardEntry, sha256};
use super::super::shard::{Row, to_bytes};
use super::super::{TeacherCache, info, verify};
use super::{Folder, key, record};
use crate::Error;

/// Puts `bytes` in the place of shard `number`, and the sizes and sums that go with them into the
/// manifest.
fn replace(folder: &Folder, number: usize, bytes: &[u8], rows: usize) {
    let mut manifest = folder.manifest();
    let entry = &mut manifest.shards[number];
    *entry = ShardEntry {
        number: entry.number,
        rows,
        bytes: bytes.len() as u64,
        sha256: sha256(bytes),
    };
    fs::write(entry.path(folder.path()), bytes).unwrap();
    manifest.write(folder.path()).unwrap();
}

fn row(id: u64, value: f32) -> Row {
    Row {
        id,
        text: id + 100,
        record: record(value),
    }
}

fn damaged(folder: &Folder) -> String {
    let error = folder.refused();
    assert!(matches!(error, Error::DamagedShard { .. }), "{error}");
    let report = verify(folder.path()).unwrap();
    assert_eq!(report.problems.len(), 1);
    assert!(error.to_string().contains(&report.problems[0].reason));
    error.to_string()
}

#[test]
fn shards_that_contradict_each_other_or_themselves_are_refused() {
    let folder = Folder::filled(4);
    let put = |rows: &[Row]| replace(&folder, 1, &to_bytes(rows, &key()).unwrap(), rows.len());
    put(&[row(3, 1.0), row(2, 1.0)]);
    assert!(damaged(&folder).contains("holds example id 2 a second time"));
    put(&[row(3, 1.0), row(3, 1.0)]);
    assert!(damaged(&folder).contains("holds example id 3 a second time"));
    put(&[row(3, 1.0), row(4, f32::NAN)]);
    assert!(damaged(&folder).contains("example id 4: value 0 is NaN"));
    let bytes = to_bytes(&[row(3, 1.0)], &key()).unwrap();
    replace(&folder, 1, &bytes, usize::MAX);
    assert!(damaged(&folder).contains("`ids` is of type U64 and shape [1]"));
    assert_eq!(info(folder.path()).unwrap().rows, u64::MAX);
    replace(&folder, 1, &bytes, 1);
    assert_eq!(folder.open().len(), 3);
}

#[test]
fn other_manifests_are_refused() {
    let folder = Folder::filled(2);
    let path = folder.path().join("manifest.json");
    let good = fs::read_to_string(&path).unwrap();
    for (content, reason) in [
        (String::new(), "is no manifest"),
        (good[..good.len() - 2].to_owned(), "is no manifest"),
        (
            "{\"format\": 1, \"files\": {}}".to_owned(),
            "unknown field `files`",
        ),
        (
            good.replace("\"format\": 1", "\"format\": 9"),
            "is of format 9",
        ),
        (good.replace("\"f32\"", "\"f16\""), "`key` has SHA-256"),
    ] {
        fs::write(&path, &content).unwrap();
        let error = folder.refused();
        assert!(matches!(error, Error::ForeignCache { .. }), "{error}");
        let text = error.to_string();
        assert!(
            text.contains("manifest.json") && text.contains(reason),
            "{text}"
        );
        assert!(matches!(
            verify(folder.path()),
            Err(Error::ForeignCache { .. })
        ));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
    }
    fs::write(&path, good.replace("\"rows\": 2", "\"rows\": 1")).unwrap();
    assert!(damaged(&folder).contains("expected U64 and [1]"));
}

#[test]
fn a_key_without_a_sense_makes_no_folder() {
    let folder = Folder::new();
    let dir = folder.path().join("new");
    let mut key = key();
    key.classes = 0;
    assert!(matches!(
        TeacherCache::open(&dir, key),
        Err(Error::Setting { .. })
    ));
    assert!(!dir.exists());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn arbitrary_manifests_are_refused(content in prop::collection::vec(any::<u8>(), 0..200)) {
        let folder = Folder::new();
        fs::write(folder.path().join("manifest.json"), &content).unwrap();
        let error = folder.refused();
        let expected = matches!(error, Error::ForeignCache { .. });
        prop_assert!(expected, "{error}");
        prop_assert!(info(folder.path()).is_err());
    }

    #[test]
    fn a_changed_byte_is_found(
        number in 0_u32..3,
        place in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let folder = Folder::filled(4);
        let path = match number {
            2 => folder.path().join("manifest.json"),
            _ => folder.shard(number),
        };
        let mut bytes = fs::read(&path).unwrap();
        let place = place.index(bytes.len());
        let changed = bytes[place] != byte;
        let blank = |byte: u8| b" \n\r\t".contains(&byte);
        let same_json = number == 2 && blank(bytes[place]) && blank(byte);
        bytes[place] = byte;
        fs::write(&path, bytes).unwrap();
        let opened = TeacherCache::open(folder.path(), key());
        prop_assert_eq!(opened.is_err(), changed && !same_json);
    }

    #[test]
    fn arbitrary_shards_are_refused(content in prop::collection::vec(any::<u8>(), 0..300), rows in 0_usize..4) {
        let folder = Folder::filled(2);
        replace(&folder, 0, &content, rows);
        let error = folder.refused();
        let expected = matches!(error, Error::DamagedShard { .. });
        prop_assert!(expected, "{error}");
        prop_assert_eq!(verify(folder.path()).unwrap().problems.len(), 1);
    }

    #[test]
    fn a_changed_byte_under_a_good_sum_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let folder = Folder::filled(2);
        let mut bytes = fs::read(folder.shard(0)).unwrap();
        let place = place.index(bytes.len());
        bytes[place] = byte;
        replace(&folder, 0, &bytes, 2);
        if let Ok(cache) = TeacherCache::open(folder.path(), key()) {
            prop_assert_eq!(cache.len(), 2);
            prop_assert_eq!(verify(folder.path()).unwrap().problems, vec![]);
        }
    }
}
