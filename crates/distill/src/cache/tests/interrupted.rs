//! Runs that end in the middle, and runs beside each other.

use std::fs;

use super::super::{repair, verify};
use super::{Folder, record};
use crate::Error;

/// Ids 1 to 6 that `folder`'s cache holds.
fn kept(folder: &Folder) -> Vec<u64> {
    let cache = folder.open();
    let has = |id: &u64| cache.get(*id, id + 100).unwrap().is_some();
    (1..=6).filter(has).collect()
}

/// Goes on until ids 1 to 6 are there.
fn resume(folder: &Folder) {
    let mut cache = folder.open();
    let all: Vec<(u64, u64)> = (1..=6).map(|id| (id, id + 100)).collect();
    for place in cache.missing(&all).unwrap() {
        let (id, text) = all[place];
        cache.insert(id, text, record(id as f32)).unwrap();
    }
    cache.flush().unwrap();
    drop(cache);
    let cache = folder.open();
    for (id, text) in all {
        assert_eq!(cache.get(id, text).unwrap(), Some(&record(id as f32)));
    }
    assert_eq!(verify(folder.path()).unwrap().problems, []);
}

#[test]
fn a_run_that_ends_before_it_flushes_loses_the_last_rows() {
    let folder = Folder::new();
    let mut cache = folder.open();
    for id in 1..=5 {
        cache.insert(id, id + 100, record(id as f32)).unwrap();
    }
    drop(cache);
    assert_eq!(kept(&folder), [1, 2, 3, 4]);
    resume(&folder);
}

#[test]
fn a_shard_that_the_manifest_does_not_list_is_not_used() {
    let folder = Folder::filled(2);
    let before = fs::read(folder.path().join("manifest.json")).unwrap();
    let mut cache = folder.open();
    for id in [3, 4] {
        cache.insert(id, id + 100, record(-1.0)).unwrap();
    }
    cache.flush().unwrap();
    drop(cache);
    // As if the run had ended between the shard and the manifest.
    fs::write(folder.path().join("manifest.json"), before).unwrap();
    assert!(folder.shard(1).exists());
    assert_eq!(kept(&folder), [1, 2]);
    resume(&folder);
    let names = [
        "manifest.json",
        "shard-000000.safetensors",
        "shard-000001.safetensors",
    ];
    assert_eq!(folder.names()[..3], names);
}

#[test]
fn half_written_files_are_removed_by_the_next_writer() {
    let folder = Folder::filled(2);
    let leftovers = [
        ".manifest.json.77-0.new",
        ".shard-000001.safetensors.77-1.new",
    ];
    let other = [".manifest.json", "notes.new", ".notes.new"];
    for name in leftovers.iter().chain(&other) {
        fs::write(folder.path().join(name), b"{").unwrap();
    }
    assert_eq!(kept(&folder), [1, 2]);
    assert!(folder.path().join(leftovers[0]).exists());
    resume(&folder);
    assert!(
        leftovers
            .iter()
            .all(|name| !folder.path().join(name).exists())
    );
    assert!(other.iter().all(|name| folder.path().join(name).exists()));
}

#[test]
fn a_lost_or_damaged_shard_is_refused_until_it_is_repaired() {
    type Damage = fn(Vec<u8>) -> Option<Vec<u8>>;
    let damages: [(Damage, &str); 4] = [
        (|_| None, "is not there"),
        (
            |bytes| Some(bytes[..bytes.len() - 1].to_vec()),
            "the manifest says",
        ),
        (|bytes| Some([bytes, vec![0]].concat()), "the manifest says"),
        (
            |mut bytes| {
                *bytes.last_mut().unwrap() ^= 1;
                Some(bytes)
            },
            "has SHA-256",
        ),
    ];
    for (damage, reason) in damages {
        for number in [0, 2] {
            let folder = Folder::filled(6);
            let path = folder.shard(number);
            match damage(fs::read(&path).unwrap()) {
                Some(bytes) => fs::write(&path, bytes).unwrap(),
                None => fs::remove_file(&path).unwrap(),
            }
            let error = folder.refused();
            assert!(matches!(error, Error::DamagedShard { .. }), "{error}");
            let text = error.to_string();
            let name = format!("shard-00000{number}.safetensors");
            assert!(text.contains(&name) && text.contains(reason), "{text}");
            assert!(text.contains("repair"), "{text}");
            let report = verify(folder.path()).unwrap();
            assert_eq!((report.shards, report.rows), (3, 4));
            assert_eq!(report.problems[0].path, path);
            assert!(report.problems[0].reason.contains(reason));
            assert_eq!(repair(folder.path()).unwrap(), report);
            let lost = u64::from(number) * 2 + 1;
            assert!(!kept(&folder).contains(&lost));
            assert_eq!(kept(&folder).len(), 4);
            resume(&folder);
        }
    }
}

#[test]
fn a_lost_manifest_costs_no_shard() {
    let folder = Folder::filled(4);
    let path = folder.path().join("manifest.json");
    let manifest = fs::read(&path).unwrap();
    fs::remove_file(&path).unwrap();
    let text = folder.refused().to_string();
    assert!(text.contains("but no manifest"), "{text}");
    assert!(matches!(verify(folder.path()), Err(Error::Core(_))));
    assert!(matches!(repair(folder.path()), Err(Error::Core(_))));
    fs::write(&path, manifest).unwrap();
    assert_eq!(kept(&folder), [1, 2, 3, 4]);
}

#[test]
fn rows_wait_where_they_cannot_be_written() {
    let folder = Folder::filled(2);
    let mut cache = folder.open();
    for id in [3, 4] {
        cache.insert(id, id + 100, record(id as f32)).unwrap();
    }
    // A folder where the shard belongs.
    fs::create_dir(folder.shard(1)).unwrap();
    assert!(matches!(cache.flush(), Err(Error::Core(_))));
    assert!(matches!(
        cache.insert(5, 105, record(5.0)),
        Err(Error::Core(_))
    ));
    assert_eq!((cache.len(), cache.get(5, 105).unwrap()), (4, None));
    // The manifest comes last: it lists no shard that is not there.
    assert_eq!(kept(&folder), [1, 2]);
    fs::remove_dir(folder.shard(1)).unwrap();
    cache.insert(5, 105, record(5.0)).unwrap();
    drop(cache);
    assert_eq!(kept(&folder), [1, 2, 3, 4]);
    resume(&folder);
}

#[test]
fn one_writes_while_others_read() {
    let folder = Folder::filled(2);
    let (mut first, mut second) = (folder.open(), folder.open());
    first.insert(3, 103, record(3.0)).unwrap();
    let error = second.insert(4, 104, record(4.0)).unwrap_err();
    assert!(matches!(error, Error::CacheInUse { .. }), "{error}");
    assert!(matches!(
        repair(folder.path()),
        Err(Error::CacheInUse { .. })
    ));
    assert_eq!(second.get(2, 102).unwrap(), Some(&record(2.0)));
    first.flush().unwrap();
    drop(first);
    // What the second has read is no longer all there is.
    let error = second.insert(4, 104, record(4.0)).unwrap_err();
    assert!(matches!(error, Error::CacheChanged { .. }), "{error}");
    assert_eq!(kept(&folder), [1, 2, 3]);
    resume(&folder);
}
