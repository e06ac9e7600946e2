use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use plm_core::graph::Csr;
use plm_graph_imbalance::data::{
    Dataset, read_npz, read_planetoid, read_safetensors, write_safetensors,
};
use plm_graph_imbalance::graph::{Adjacency, EdgePolicy, Features, Labels, NodeGraph, Weights};
use plm_graph_imbalance::split::Split;
use proptest::prelude::*;

use super::{assert_same, assert_valid, dense, edges, fixture, message};

#[test]
fn a_file_with_a_split() {
    let path = fixture("safetensors/split.safetensors");
    let dataset = read_safetensors(&path, Weights::Keep).unwrap();
    assert_valid(&dataset);
    let graph = &dataset.graph;
    assert_eq!(edges(graph), [(0, 1), (1, 2), (2, 3)]);
    assert_eq!(graph.csr().get(1, 0), Some(2.0));
    assert_eq!(graph.csr().get(1, 2), Some(0.5));
    assert_eq!(
        graph.labels.classes(),
        [Some(1), Some(0), Some(1), Some(0), None]
    );
    assert_eq!(
        (graph.features.width(), graph.adjacency.n_isolated()),
        (7, 1)
    );
    assert_eq!(
        dense(&graph.features)[14..21],
        [2.0, 3.0, 0.0, 0.0, 0.0, 0.0, 0.0]
    );
    let report = dataset.report;
    assert_eq!(
        (report.one_way, report.duplicates, report.weighted),
        (0, 0, 3)
    );
    assert_eq!(dataset.unused, ["raw_feat"]);
    let split = Split {
        train: vec![1, 0],
        valid: vec![2],
        test: vec![3],
    };
    assert_eq!(dataset.splits, [split]);
    let dropped = read_safetensors(&path, Weights::Drop).unwrap();
    assert_eq!(dropped.graph.csr().get(1, 0), Some(1.0));
    let error = message(read_safetensors(&path, Weights::Reject));
    assert!(
        error.contains("split.safetensors: edges: 0 → 1 has weight 2"),
        "{error}"
    );
}

#[test]
fn a_gzipped_file_with_masks() {
    let path = fixture("safetensors/masks.safetensors.gz");
    let dataset = read_safetensors(path, Weights::Reject).unwrap();
    assert_valid(&dataset);
    assert_eq!(dataset.splits.len(), 2);
    assert_eq!(dataset.splits[1].train, [2, 3]);
    assert_eq!(dataset.splits[1].valid, [0, 1, 4]);
    let Features::Sparse(features) = &dataset.graph.features else {
        panic!("dense");
    };
    assert_eq!(features.values(), [1.0; 5]);
}

fn round_trip(dataset: &Dataset, path: &Path) -> Dataset {
    write_safetensors(path, dataset).unwrap();
    let read = read_safetensors(path, Weights::Keep).unwrap();
    assert_same(dataset, &read);
    assert!(read.unused.is_empty());
    read
}

#[test]
fn written_files_read_back() {
    let folder = tempfile::tempdir().unwrap();
    for (index, dataset) in [
        read_planetoid(fixture("planetoid"), "gaps").unwrap(),
        read_npz(fixture("npz/heterophilous.npz"), EdgePolicy::default()).unwrap(),
        read_npz(fixture("npz/dense.npz"), EdgePolicy::default()).unwrap(),
        read_safetensors(fixture("safetensors/split.safetensors"), Weights::Keep).unwrap(),
    ]
    .into_iter()
    .enumerate()
    {
        let plain = folder.path().join(format!("{index}.safetensors"));
        round_trip(&dataset, &plain);
        let again = folder.path().join(format!("{index}.again.safetensors"));
        round_trip(&dataset, &again);
        assert_eq!(fs::read(plain).unwrap(), fs::read(again).unwrap());
        let packed = folder.path().join(format!("{index}.safetensors.gz"));
        round_trip(&dataset, &packed);
        assert_eq!(fs::read(&packed).unwrap()[..2], [0x1f, 0x8b]);
    }
}

#[test]
fn the_crate_safetensors_reads_what_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    write_safetensors(
        &path,
        &read_planetoid(fixture("planetoid"), "tiny").unwrap(),
    )
    .unwrap();
    let bytes = fs::read(path).unwrap();
    let tensors = safetensors::SafeTensors::deserialize(&bytes).unwrap();
    assert_eq!(tensors.tensor("edge_index").unwrap().shape(), [2, 13]);
    assert_eq!(
        tensors.tensor("y").unwrap().dtype(),
        safetensors::Dtype::I32
    );
    let (length, header) = safetensors::SafeTensors::read_metadata(&bytes).unwrap();
    assert_eq!(length % 8, 0);
    let metadata = header.metadata().clone().unwrap();
    assert_eq!(metadata["x_cols"], "300");
}

#[test]
fn names_are_kept_and_wrong_lists_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    let adjacency = Adjacency::from_edges(2, &[(0, 1)]).unwrap();
    let features = Features::dense(2, 1, vec![0.1, f32::MIN_POSITIVE]).unwrap();
    let labels = Labels::new(vec![Some(0), None], 3).unwrap();
    let graph = NodeGraph::new(adjacency, features, labels).unwrap();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    let mut dataset = Dataset {
        node_names: names(&["é \"1\"", "\n"]),
        class_names: names(&["a", "b", "c"]),
        placeholders: vec![1],
        ..Dataset::new(graph)
    };
    let read = round_trip(&dataset, &path);
    assert_eq!(read.graph.n_classes(), 3);
    dataset.class_names.pop();
    let error = write_safetensors(&path, &dataset).unwrap_err().to_string();
    assert!(error.contains("class_names: 2 for 3"), "{error}");
    assert_same(&read, &read_safetensors(&path, Weights::Keep).unwrap());
}

/// What would be written and could not be read.
#[test]
fn splits_that_the_reader_refuses_are_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    let base = read_safetensors(fixture("safetensors/split.safetensors"), Weights::Keep).unwrap();
    let split = |train: &[u32], test: &[u32]| Split {
        train: train.to_vec(),
        valid: vec![2],
        test: test.to_vec(),
    };
    let good = split(&[0, 1], &[3]);
    for (bad, text) in [
        (split(&[0, 5], &[3]), "node 5 of 5"),
        (
            split(&[0, 1], &[1]),
            "node 1 is in `train` and again in `test`",
        ),
        (split(&[0, 1], &[4]), "node 4 is of unknown class"),
    ] {
        for splits in [vec![bad.clone()], vec![good.clone(), bad.clone()]] {
            let dataset = Dataset {
                splits,
                ..base.clone()
            };
            let error = write_safetensors(&path, &dataset).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
    let dataset = Dataset {
        placeholders: vec![5],
        ..base
    };
    let error = write_safetensors(&path, &dataset).unwrap_err().to_string();
    assert!(error.contains("placeholders: node 5 of 5"), "{error}");
    assert!(!path.exists());
}

/// The error of a file with these tensors of type I32 beside a graph of two nodes.
fn error_of(tensors: &[(&str, &[usize], &[i32])], metadata: &[(&str, &str)]) -> String {
    use safetensors::tensor::{Dtype, TensorView, serialize};
    let base: [(&str, &[usize], &[i32]); 2] =
        [("edge_index", &[2, 1], &[0, 1]), ("y", &[2], &[0, 1])];
    let given = |name: &str| tensors.iter().any(|(other, _, _)| *other == name);
    let all = base
        .iter()
        .filter(|(name, _, _)| !given(name))
        .chain(tensors);
    let bytes: Vec<(&str, &[usize], Vec<u8>)> = all
        .map(|(name, shape, values)| {
            let bytes = values.iter().flat_map(|value| value.to_le_bytes());
            (*name, *shape, bytes.collect())
        })
        .collect();
    let views =
        bytes
            .iter()
            .filter(|(_, shape, _)| !shape.is_empty())
            .map(|(name, shape, bytes)| {
                (
                    *name,
                    TensorView::new(Dtype::I32, shape.to_vec(), bytes).unwrap(),
                )
            });
    let metadata = metadata
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()));
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    fs::write(&path, serialize(views, Some(metadata.collect())).unwrap()).unwrap();
    message(read_safetensors(path, Weights::Keep))
}

#[test]
fn mistakes_name_the_tensor() {
    let sparse: [(&str, &[usize], &[i32]); 2] =
        [("x_indptr", &[3], &[0, 1, 1]), ("x_indices", &[1], &[4])];
    for (error, text) in [
        (
            error_of(&[("edge_index", &[2, 1], &[0, 2])], &[]),
            "edge_index: node 2 of 2",
        ),
        (
            error_of(&[("edge_index", &[2, 1], &[-1, 0])], &[]),
            "edge_index: node -1 of 2",
        ),
        (
            error_of(&[("edge_index", &[1, 2], &[0, 1])], &[]),
            "`edge_index`: a shape of [1, 2]",
        ),
        (error_of(&[("y", &[], &[])], &[]), "`y`"),
        (
            error_of(&[("y", &[2], &[0, -3])], &[]),
            "node 1 has class -3",
        ),
        (
            error_of(&[("y", &[2], &[0, 70_000])], &[]),
            "node 1 has class 70000",
        ),
        (
            error_of(&[], &[("classes", "1")]),
            "node 1 has class 1 of 1",
        ),
        (
            error_of(&[], &[("classes", "many")]),
            "`classes`: \"many\" is no number",
        ),
        (
            error_of(&[], &[("nodes", "4000000000")]),
            "`nodes` is 4000000000, but `y` has 2",
        ),
        (
            error_of(&[], &[("node_names", "[\"a\"]")]),
            "`node_names`: 1 names for 2",
        ),
        (error_of(&[], &[("class_names", "a, b")]), "`class_names`: "),
        (error_of(&sparse, &[]), "`x_cols`: is not in the metadata"),
        (
            error_of(&sparse, &[("x_cols", "4")]),
            "`x_*`: column 4 of 4",
        ),
        (
            error_of(&[("x", &[2], &[0, 1])], &[]),
            "`x`: a shape of [2]",
        ),
        (
            error_of(&[("train_idx", &[1], &[5])], &[]),
            "train_idx: node 5 of 2",
        ),
        (error_of(&[("train_idx", &[1], &[1])], &[]), "`val_idx`"),
        (
            error_of(
                &[
                    ("train_idx", &[1], &[1]),
                    ("val_idx", &[1], &[1]),
                    ("test_idx", &[1], &[0]),
                ],
                &[],
            ),
            "node 1 is in `train` and again in `valid`",
        ),
        (
            error_of(&[("train_masks", &[1, 3], &[0; 3])], &[]),
            "`train_masks`: a shape of [1, 3]",
        ),
        (
            error_of(&[("edge_weight", &[2], &[1; 2])], &[]),
            "`edge_weight`: 2 weights for 1 edges",
        ),
    ] {
        assert!(
            error.contains("g.safetensors: ") && error.contains(text),
            "{error}"
        );
    }
}

#[test]
fn headers_that_lie_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors");
    let mut many = String::from("{");
    // Eight tensors of 2⁶¹ − 1 bytes: their sum with the header exceeds 64 bits.
    for index in 0..8_u64 {
        let size = (1_u64 << 61) - 1;
        let (from, to) = (index * size, (index + 1) * size);
        many += &format!(
            "\"{index}\":{{\"dtype\":\"U8\",\"shape\":[{size}],\"data_offsets\":[{from},{to}]}},"
        );
    }
    many.pop();
    many += "}";
    for (header, text) in [
        (many.as_str(), "of 0"),
        (
            "{\"y\":{\"dtype\":\"I32\",\"shape\":[4],\"data_offsets\":[0,16]}}",
            "`y`: bytes 0 to 16 of 0",
        ),
        (
            "{\"y\":{\"dtype\":\"I32\",\"shape\":[0],\"data_offsets\":[9,3]}}",
            "`y`: bytes 9 to 3 of 0",
        ),
        ("{\"y\":", "header: "),
        ("[[[[[[[[", "header: "),
    ] {
        let length = (header.len() as u64).to_le_bytes();
        fs::write(&path, [&length[..], header.as_bytes()].concat()).unwrap();
        let error = message(read_safetensors(&path, Weights::Keep));
        assert!(
            error.contains("g.safetensors: ") && error.contains(text),
            "{error}"
        );
    }
    for bytes in [&[0xff; 8][..], &[0; 3], &[]] {
        fs::write(&path, bytes).unwrap();
        assert!(message(read_safetensors(&path, Weights::Keep)).contains("g.safetensors: "));
    }
}

#[test]
fn packed_files_cut_short_or_swollen_are_refused() {
    use std::io::Write;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("g.safetensors.gz");
    let bytes = fs::read(fixture("safetensors/masks.safetensors.gz")).unwrap();
    for length in [0, 5, bytes.len() / 2, bytes.len() - 1] {
        fs::write(&path, &bytes[..length]).unwrap();
        let error = message(read_safetensors(&path, Weights::Keep));
        assert!(error.contains("g.safetensors.gz: "), "{error}");
    }
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..8 {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    fs::write(&path, encoder.finish().unwrap()).unwrap();
    let error = message(read_safetensors(&path, Weights::Keep));
    assert!(error.contains("expands to more than"), "{error}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn any_graph_reads_back(
        edges in prop::collection::vec((0..9_u32, 0..9_u32, 0.25..4.0_f32), 0..30),
        classes in prop::collection::vec(prop::option::of(0..4_u32), 9),
        table in prop::collection::vec(prop_oneof![Just(0.0_f32), Just(1.0), -9.0..9.0_f32], 27),
        sparse in any::<bool>(),
    ) {
        let mut seen = BTreeSet::new();
        let entries = edges.into_iter().filter(|&(a, b, _)| a < b && seen.insert((a, b)));
        let policy = EdgePolicy { weights: Weights::Keep, ..EdgePolicy::default() };
        let (adjacency, _) = Adjacency::from_entries(9, entries, policy).unwrap();
        let features = match sparse {
            true => Features::Sparse(Csr::from_dense(9, 3, &table).unwrap()),
            false => Features::dense(9, 3, table).unwrap(),
        };
        let labels = Labels::new(classes, 5).unwrap();
        let graph = NodeGraph::new(adjacency, features, labels).unwrap();
        let folder = tempfile::tempdir().unwrap();
        round_trip(&Dataset::new(graph), &folder.path().join("g.safetensors"));
    }
}
