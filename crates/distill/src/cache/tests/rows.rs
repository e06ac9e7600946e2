//! Rows go in and come out.

use std::collections::HashMap;

use proptest::prelude::*;

use super::super::{CacheStatistics, TeacherCache, info, verify};
use super::{Folder, full_key, full_record, key, record};
use crate::Error;

#[test]
fn rows_come_back_after_reopening() {
    let folder = Folder::new();
    let mut cache = TeacherCache::open(folder.path(), full_key()).unwrap();
    assert!(cache.is_empty());
    for id in [9, u64::MAX, 0] {
        cache.insert(id, !id, full_record(id as f32)).unwrap();
    }
    // They are there before they are written.
    assert_eq!(cache.get(9, !9).unwrap(), Some(&full_record(9.0)));
    cache.flush().unwrap();
    drop(cache);
    let cache = TeacherCache::open(folder.path(), full_key()).unwrap();
    assert_eq!(cache.len(), 3);
    assert_eq!(cache.key(), &full_key());
    for id in [0, 9, u64::MAX] {
        let found = cache.get(id, !id).unwrap();
        assert_eq!(found, Some(&full_record(id as f32)));
    }
    assert_eq!(cache.get(1, 1).unwrap(), None);
}

#[test]
fn rows_are_joined_by_id_in_any_order() {
    let folder = Folder::filled(5);
    let mut cache = folder.open();
    let order = [(4, 104), (9, 109), (1, 101), (8, 108), (9, 109), (5, 105)];
    assert_eq!(cache.missing(&order).unwrap(), [1, 3]);
    let logits: Vec<f32> = [4, 1, 5]
        .iter()
        .map(|&id| cache.get(id, id + 100).unwrap().unwrap().logits[0])
        .collect();
    assert_eq!(logits, [4.0, 1.0, 5.0]);
}

#[test]
fn lookups_are_counted() {
    let folder = Folder::filled(2);
    let mut cache = folder.open();
    assert_eq!(cache.statistics().hit_rate(), None);
    cache
        .missing(&[(1, 101), (7, 107), (2, 102), (1, 101)])
        .unwrap();
    cache.missing(&[(1, 0)]).unwrap_err();
    let statistics = CacheStatistics { hits: 3, misses: 1 };
    assert_eq!(cache.statistics(), statistics);
    assert_eq!(statistics.hit_rate(), Some(0.75));
}

#[test]
fn full_shards_are_written_on_the_way() {
    let folder = Folder::new();
    let mut cache = folder.open();
    for id in 1..=5 {
        cache.insert(id, id, record(1.0)).unwrap();
    }
    let rows = |folder: &Folder| {
        let shards = folder.manifest().shards;
        shards.iter().map(|shard| shard.rows).collect::<Vec<_>>()
    };
    assert_eq!(rows(&folder), [2, 2]);
    cache.flush().unwrap();
    cache.flush().unwrap();
    assert_eq!(rows(&folder), [2, 2, 1]);
    let info = info(folder.path()).unwrap();
    let sizes = (0..3).map(|at| folder.shard(at).metadata().unwrap().len());
    assert_eq!((info.rows, info.shards, info.bytes), (5, 3, sizes.sum()));
    assert_eq!(info.key, key());
    let report = verify(folder.path()).unwrap();
    assert_eq!(
        (report.shards, report.rows, report.problems),
        (3, 5, vec![])
    );
    let error = folder.open().with_rows_per_shard(0).unwrap_err();
    assert!(
        error.to_string().starts_with("rows_per_shard = 0"),
        "{error}"
    );
}

#[test]
fn a_refused_row_changes_nothing() {
    let folder = Folder::filled(1);
    let mut cache = folder.open();
    let error = cache.insert(1, 101, record(2.0)).unwrap_err();
    assert!(matches!(error, Error::CachedTwice { id: 1 }), "{error}");
    let error = cache.insert(2, 102, record(f32::NAN)).unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("class scores of example id 2: value 0 is NaN"),
        "{text}"
    );
    let error = cache.insert(2, 102, full_record(1.0)).unwrap_err();
    assert!(matches!(error, Error::Size(_)), "{error}");
    assert_eq!(cache.len(), 1);
    assert_eq!(cache.get(1, 101).unwrap(), Some(&record(1.0)));
    assert_eq!(cache.missing(&[(2, 102)]).unwrap(), [0]);
    cache.insert(2, 102, record(2.0)).unwrap();
    let error = cache.insert(2, 102, record(2.0)).unwrap_err();
    assert!(matches!(error, Error::CachedTwice { id: 2 }), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_cache_is_a_map(
        steps in prop::collection::vec((0_u64..20, -9.0_f32..9.0, 0_u8..6), 1..40),
        rows_per_shard in 1_usize..5,
    ) {
        let folder = Folder::new();
        let open = || folder.open().with_rows_per_shard(rows_per_shard).unwrap();
        let mut cache = open();
        let mut map = HashMap::new();
        for (id, value, then) in steps {
            let added = cache.insert(id, id + 100, record(value)).is_ok();
            prop_assert_eq!(added, !map.contains_key(&id));
            map.entry(id).or_insert(value);
            if then == 0 {
                cache.flush().unwrap();
                drop(cache);
                cache = open();
            }
        }
        cache.flush().unwrap();
        drop(cache);
        let mut cache = open();
        prop_assert_eq!(cache.len(), map.len());
        for id in 0..20 {
            let kept = cache.get(id, id + 100).unwrap();
            prop_assert_eq!(kept.map(|record| record.logits[0]), map.get(&id).copied());
        }
        let all: Vec<(u64, u64)> = (0..20).map(|id| (id, id + 100)).collect();
        prop_assert_eq!(cache.missing(&all).unwrap().len(), 20 - map.len());
        prop_assert!(folder.manifest().shards.iter().all(|shard| shard.rows <= rows_per_shard));
    }
}
