use std::collections::HashMap;

use proptest::prelude::*;
use safetensors::Dtype;
use safetensors::tensor::{TensorView, serialize};

use super::*;

fn bytes_of(numbers: &[i32]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

/// A file of integer tensors and one float table.
fn file(tensors: &[(&str, &[usize], &[i32])], table: Option<(&[usize], &[f32])>) -> Vec<u8> {
    let table = table.map(|(shape, numbers)| {
        let bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        (shape, bytes)
    });
    let data: Vec<Vec<u8>> = tensors.iter().map(|(_, _, n)| bytes_of(n)).collect();
    let mut views: Vec<(&str, TensorView<'_>)> = tensors
        .iter()
        .zip(&data)
        .map(|((name, shape, _), data)| {
            let view = TensorView::new(Dtype::I32, shape.to_vec(), data).unwrap();
            (*name, view)
        })
        .collect();
    if let Some((shape, bytes)) = &table {
        let view = TensorView::new(Dtype::F32, shape.to_vec(), bytes).unwrap();
        views.push(("raw_feat", view));
    }
    let metadata = HashMap::from([("x_cols".to_owned(), "4".to_owned())]);
    serialize(views, Some(metadata)).unwrap()
}

const EDGES: &[i32] = &[0, 1, 2, 1, 2, 2];
const LABELS: &[i32] = &[1, 0, 2];

fn whole() -> Vec<u8> {
    file(
        &[
            ("edge_index", &[2, 3], EDGES),
            ("y", &[3], LABELS),
            ("x_indptr", &[4], &[0, 2, 2, 3]),
            ("x_indices", &[3], &[0, 3, 1]),
            ("train_idx", &[1], &[0]),
            ("val_idx", &[1], &[1]),
            ("test_idx", &[1], &[2]),
        ],
        Some((&[3, 2], &[0.5, 0.0, 0.0, 0.0, 0.0, -1.0])),
    )
}

#[test]
fn all_parts_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("graph.safetensors");
    std::fs::write(&path, whole()).unwrap();
    let graph = read_graph(&path).unwrap();
    // The loop at node 2 is left out.
    assert_eq!(graph.edges(), [(0, 1), (1, 2)]);
    assert_eq!(
        (graph.labels.as_slice(), graph.n_classes),
        (&[1, 0, 2][..], 3)
    );
    assert_eq!(graph.features.row(0), (&[0, 3][..], &[1.0, 1.0][..]));
    assert_eq!(graph.features.n_cols(), 4);
    let split = graph.split.unwrap();
    assert_eq!(
        (split.train, split.valid, split.test),
        (vec![0], vec![1], vec![2])
    );
    assert_eq!(graph.raw_features.unwrap().get(2, 1), Some(-1.0));
}

#[test]
fn graphs_without_features_get_a_column_for_each_node() {
    let bytes = file(&[("edge_index", &[2, 3], EDGES), ("y", &[3], LABELS)], None);
    assert_eq!(parse(&bytes).unwrap().features, Csr::identity(3).unwrap());
}

#[test]
fn mistakes_name_file_and_tensor() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("wrong.safetensors");
    let refuse = |bytes: Vec<u8>, word: &str| {
        std::fs::write(&path, bytes).unwrap();
        let error = read_graph(&path).unwrap_err().to_string();
        assert!(
            error.contains("wrong.safetensors") && error.contains(word),
            "{error}"
        );
    };
    refuse(Vec::new(), "header");
    refuse(file(&[("y", &[3], LABELS)], None), "edge_index");
    refuse(file(&[("edge_index", &[2, 3], EDGES)], None), "`y`");
    let far: &[i32] = &[0, 1, 3, 1, 2, 2];
    refuse(
        file(&[("edge_index", &[2, 3], far), ("y", &[3], LABELS)], None),
        "holds 3, must lie in 0..3",
    );
    refuse(
        file(&[("edge_index", &[6], EDGES), ("y", &[3], LABELS)], None),
        "two rows",
    );
    let mut cut = whole();
    cut.truncate(cut.len() - 1);
    refuse(cut, "bytes");
    assert!(read_graph(folder.path().join("none")).is_err());
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
        prop_assert!(parse(&bytes).is_err());
    }

    #[test]
    fn changed_bytes_never_panic(at in 0_usize..2000, value: u8) {
        let mut bytes = whole();
        let at = at % bytes.len();
        bytes[at] = value;
        if let Ok(graph) = parse(&bytes) {
            prop_assert!(graph.n_nodes() <= bytes.len());
        }
    }
}
