//! Numbers that are not of this teacher, these settings or this text.

use super::super::{CacheKey, TeacherCache};
use super::{Folder, full_key, full_record, record};
use crate::Error;
use crate::score::{McSettings, McSites};

#[test]
fn every_part_of_the_key_counts() {
    type Change = (&'static str, fn(&mut CacheKey));
    fn scoring(key: &mut CacheKey) -> &mut McSettings {
        key.scoring.as_mut().unwrap()
    }
    let changes: [Change; 13] = [
        ("weights", |key| key.weights.push('0')),
        ("config", |key| key.config.push('0')),
        ("tokenizer", |key| key.tokenizer.push('0')),
        ("max_length", |key| key.max_length = 256),
        ("precision", |key| key.precision = "bf16".to_owned()),
        ("classes", |key| key.classes = 3),
        ("scoring.passes", |key| scoring(key).passes = 4),
        ("scoring.seed", |key| scoring(key).seed = 1),
        ("scoring.sites", |key| {
            scoring(key).sites = McSites::Classifier
        }),
        ("scoring", |key| key.scoring = None),
        ("first_token", |key| key.first_token.push(6)),
        ("first_token", |key| key.first_token.reverse()),
        ("hidden_size", |key| key.hidden_size = 4),
    ];
    let folder = Folder::new();
    let mut cache = TeacherCache::open(folder.path(), full_key()).unwrap();
    cache.insert(1, 1, full_record(1.0)).unwrap();
    cache.flush().unwrap();
    drop(cache);
    let before = folder.manifest();
    for (field, change) in changes {
        let mut key = full_key();
        change(&mut key);
        let error = TeacherCache::open(folder.path(), key.clone()).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("use another folder, or delete"), "{text}");
        let Error::StaleCache { dir, differences } = error else {
            panic!("{text}");
        };
        assert_eq!(dir, folder.path());
        let fields: Vec<&str> = differences.iter().map(|d| d.field.as_str()).collect();
        assert_eq!(fields, [field]);
        assert_ne!(differences[0].stored, differences[0].wanted);
        let cache = TeacherCache::open(folder.path(), full_key()).unwrap();
        assert!(matches!(
            cache.check_key(&key),
            Err(Error::StaleCache { .. })
        ));
    }
    assert_eq!(folder.manifest(), before);
    TeacherCache::open(folder.path(), full_key()).unwrap();
}

#[test]
fn a_changed_text_is_named() {
    let folder = Folder::filled(2);
    let mut cache = folder.open();
    let stale = |error: Error| match error {
        Error::StaleRow { id, stored, found } => (id, stored, found),
        other => panic!("{other}"),
    };
    let error = cache.get(2, 7).unwrap_err();
    let text = error.to_string();
    assert!(
        text.contains("example id 2 has hash 0000000000000007"),
        "{text}"
    );
    assert_eq!(stale(error), (2, 102, 7));
    let error = cache.missing(&[(1, 101), (2, 7)]).unwrap_err();
    assert_eq!(stale(error), (2, 102, 7));
    assert_eq!(
        stale(cache.insert(2, 7, record(1.0)).unwrap_err()),
        (2, 102, 7)
    );
    // Two texts under one id, neither of them there.
    let error = cache.missing(&[(5, 1), (5, 2)]).unwrap_err();
    assert_eq!(stale(error), (5, 1, 2));
    assert_eq!(cache.get(2, 102).unwrap(), Some(&record(2.0)));
}
