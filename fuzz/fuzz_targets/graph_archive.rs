//! Graphs in npz archives and safetensors files, plain or gzipped: they are sound and come back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_fuzz::graphs::{assert_same, assert_sound};
use plm_fuzz::{archive, file, folder, kind};
use plm_graph_imbalance::data::{Dataset, read_npz, read_safetensors, write_safetensors};
use plm_graph_imbalance::graph::{EdgePolicy, Weights};
use plm_lorentz::data::graph::read_graph;

/// The arrays of both forms of npz archives.
const NAMES: [&str; 16] = [
    "adj_data.npy",
    "adj_indices.npy",
    "adj_indptr.npy",
    "adj_shape.npy",
    "attr_data.npy",
    "attr_indices.npy",
    "attr_indptr.npy",
    "attr_shape.npy",
    "attr_matrix.npy",
    "labels.npy",
    "node_features.npy",
    "node_labels.npy",
    "edges.npy",
    "train_masks.npy",
    "val_masks.npy",
    "test_masks.npy",
];

/// Archives whose sums are right, of members that the input lists: a name's number, a length in two
/// bytes, and as many bytes.
fn members(mut bytes: &[u8]) -> Vec<u8> {
    let mut found: Vec<(&str, &[u8])> = Vec::new();
    while let [name, low, high, rest @ ..] = bytes {
        let length = usize::from(u16::from_le_bytes([*low, *high])).min(rest.len());
        let name = NAMES[usize::from(*name) % NAMES.len()];
        if found.iter().all(|(other, _)| *other != name) {
            found.push((name, &rest[..length]));
        }
        bytes = &rest[length..];
    }
    archive(&found)
}

fn write_again(dataset: &Dataset) {
    assert_sound(dataset);
    let path = folder().join("written.safetensors");
    write_safetensors(&path, dataset).unwrap();
    let again = read_safetensors(&path, Weights::Keep).unwrap();
    assert_same(&again, dataset);
    assert_eq!(again.splits.len(), dataset.splits.len());
    assert_eq!(again.placeholders, dataset.placeholders);
}

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let policy = EdgePolicy {
        reject_asymmetric: kind & 8 != 0,
        weights: [Weights::Drop, Weights::Keep][usize::from(kind >> 4 & 1)],
    };
    let found = match kind % 4 {
        0 => read_npz(file("graph.npz", bytes), policy),
        1 => read_npz(file("graph.npz", &members(bytes)), policy),
        2 => {
            let path = file("graph.safetensors", bytes);
            let _ = read_graph(&path);
            read_safetensors(path, policy.weights)
        }
        _ => {
            let path = file("graph.safetensors.gz", bytes);
            let _ = read_graph(&path);
            read_safetensors(path, policy.weights)
        }
    };
    if let Ok(dataset) = found {
        write_again(&dataset);
    }
});
