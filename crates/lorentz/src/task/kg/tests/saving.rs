//! Tables in files.

use std::path::Path;

use super::*;
use crate::task::kg::HostLearner;

const GEOMETRIES: [EntityGeometry; 2] = [EntityGeometry::Lorentz, EntityGeometry::Euclidean];

fn round_trip<T: Real + std::fmt::Debug>(folder: &Path) {
    for geometry in GEOMETRIES {
        let config = config(geometry);
        let tables = tables::<T>(&config, 1);
        let path = folder.join("tables.safetensors");
        tables.save(&path).unwrap();
        let loaded = CompletionTables::<T>::load(&path).unwrap();
        assert_eq!(loaded, tables);
        // Nothing but the file is left, and the same tables are the same bytes.
        assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
        let bytes = std::fs::read(&path).unwrap();
        loaded.save(&path).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), bytes);
        HostLearner::new(config, loaded).unwrap();
    }
}

#[test]
fn tables_come_back_bit_for_bit() {
    let folder = tempfile::tempdir().unwrap();
    round_trip::<f32>(folder.path());
    round_trip::<f64>(folder.path());
}

#[test]
fn learners_refuse_other_settings_than_those_of_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.safetensors");
    for (at, geometry) in GEOMETRIES.into_iter().enumerate() {
        let own = config(geometry);
        tables::<f32>(&own, 1).save(&path).unwrap();
        let other = CompletionConfig {
            geometry: GEOMETRIES[1 - at],
            ..own
        };
        let scale = CompletionConfig { scale: 2.5, ..own };
        for (config, name) in [(other, "`geometry`"), (scale, "`scale`")] {
            let loaded = CompletionTables::<f32>::load(&path).unwrap();
            let error = HostLearner::new(config, loaded).unwrap_err().to_string();
            assert!(error.contains(name), "{error}");
        }
        let error = CompletionTables::<f64>::load(&path)
            .unwrap_err()
            .to_string();
        assert!(error.contains("has F32, must have F64"), "{error}");
    }
}

/// `bytes` with the first `from` made `to`, of the same length.
fn replaced(bytes: &[u8], from: &str, to: &str) -> Vec<u8> {
    assert_eq!(from.len(), to.len());
    let mut windows = bytes.windows(from.len());
    let at = windows
        .position(|window| window == from.as_bytes())
        .unwrap();
    let mut bytes = bytes.to_vec();
    bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    bytes
}

#[test]
fn files_of_something_else_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.safetensors");
    let error = || {
        CompletionTables::<f32>::load(&path)
            .unwrap_err()
            .to_string()
    };
    assert!(error().contains("wrong.safetensors"));
    tables::<f32>(&config(EntityGeometry::Lorentz), 1)
        .save(&path)
        .unwrap();
    let good = std::fs::read(&path).unwrap();
    for (bytes, text) in [
        (Vec::new(), "header"),
        (good[..good.len() - 4].to_vec(), "bytes"),
        (replaced(&good, "1.0}", "4.0}"), "the curvature is"),
        (replaced(&good, "completion", "kompletion"), "no metadata"),
        (replaced(&good, "entities", "entitles"), "`entities`"),
        (
            replaced(&good, "d_model\\\":7", "d_model\\\":8"),
            "[300, 8]",
        ),
        (replaced(&good, "lorentz", "torentz"), "torentz"),
    ] {
        std::fs::write(&path, bytes).unwrap();
        let found = error();
        assert!(
            found.contains("wrong.safetensors") && found.contains(text),
            "{text}: {found}"
        );
    }
}

#[test]
fn what_is_no_model_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tables.safetensors");
    let good = tables::<f32>(&config(EntityGeometry::Lorentz), 1);
    let error = |tables: &CompletionTables<f32>| tables.save(&path).unwrap_err().to_string();
    let mut mirrored = good.clone();
    mirrored.entities[14..21].iter_mut().for_each(|x| *x = -*x);
    assert!(error(&mirrored).contains("entity 2 is no point"));
    let mut off = good.clone();
    off.entities[7] += 0.1;
    assert!(error(&off).contains("entity 1 is no point"));
    let mut bad = good.clone();
    bad.tail_biases[3] = f32::NAN;
    assert!(error(&bad).contains("number 3 is NaN"));
    let mut bad = good.clone();
    bad.margin = f32::INFINITY;
    assert!(error(&bad).contains("margin"));
    let mut bad = good;
    bad.tail_biases.clear();
    bad.head_biases.clear();
    bad.entities.clear();
    assert!(error(&bad).contains("has no rows"));
    assert!(!path.exists());
}
