use std::fs;
use std::path::Path;

use plm_graph_imbalance::data::{Dataset, read_planetoid};

use super::{assert_valid, dense, edges, expected, fixture, get, message};

fn assert_expected(name: &str, dataset: &Dataset) {
    let expected = &expected("planetoid")[name];
    let graph = &dataset.graph;
    assert_eq!(graph.n_nodes(), get::<usize>(expected, "n_nodes"));
    assert_eq!(edges(graph), get::<Vec<(u32, u32)>>(expected, "edges"));
    let width: usize = get(expected, "width");
    let mut table = vec![0.0; graph.n_nodes() * width];
    let columns: Vec<Vec<usize>> = get(expected, "features");
    for (node, columns) in columns.iter().enumerate() {
        for column in columns {
            table[node * width + column] = 1.0;
        }
    }
    assert_eq!(dense(&graph.features), table);
    let classes: Vec<u32> = get(expected, "classes");
    assert_eq!(
        graph.labels.classes(),
        classes.into_iter().map(Some).collect::<Vec<_>>()
    );
    let [split] = dataset.splits.as_slice() else {
        panic!("{} splits", dataset.splits.len());
    };
    for (nodes, key) in [
        (&split.train, "train"),
        (&split.valid, "valid"),
        (&split.test, "test"),
        (&dataset.placeholders, "placeholders"),
    ] {
        assert_eq!(nodes, &get::<Vec<u32>>(expected, key), "{key}");
    }
    let report = dataset.report;
    assert_eq!(report.self_loops, get::<usize>(expected, "self_loops"));
    assert_eq!(report.duplicates, get::<usize>(expected, "duplicates"));
    assert_eq!(report.one_way, get::<usize>(expected, "one_way"));
    assert_eq!(report.weighted, 0);
    assert_valid(dataset);
}

#[test]
fn files_of_old_and_new_python_read_as_the_generator_says() {
    for name in ["tiny", "gaps", "modern2", "modern4"] {
        let dataset = read_planetoid(fixture("planetoid"), name).unwrap();
        assert_expected(name, &dataset);
        assert!(dataset.node_names.is_empty() && dataset.unused.is_empty());
    }
}

#[test]
fn what_the_test_index_skips_is_padded() {
    // 8 known nodes and the test nodes 8, 9, 12, 14: of 10, 11 and 13 the files say nothing, and node 6
    // has a row of zeros for its class.
    let dataset = read_planetoid(fixture("planetoid"), "gaps").unwrap();
    assert_eq!(dataset.placeholders, [6, 10, 11, 13]);
    let features = dense(&dataset.graph.features);
    assert!(features[10 * 10..12 * 10].iter().all(|&value| value == 0.0));
    assert_eq!(dataset.graph.labels.get(13), Some(0));
    assert_eq!(dataset.graph.adjacency.n_isolated(), 5);
}

/// The error of reading `tiny` with `part` replaced by `content`, or missing.
fn replaced(part: &str, content: Option<&[u8]>) -> String {
    let folder = tempfile::tempdir().unwrap();
    copy(folder.path());
    let file = folder.path().join(format!("ind.tiny.{part}"));
    match content {
        Some(content) => fs::write(file, content).unwrap(),
        None => fs::remove_file(file).unwrap(),
    }
    message(read_planetoid(folder.path(), "tiny"))
}

pub(super) const PARTS: [&str; 8] = ["x", "y", "tx", "ty", "allx", "ally", "graph", "test.index"];

/// Copies the files of `tiny` to `folder`.
pub(super) fn copy(folder: &Path) {
    for part in PARTS {
        let name = format!("ind.tiny.{part}");
        fs::copy(fixture("planetoid").join(&name), folder.join(name)).unwrap();
    }
}

#[test]
fn mistakes_name_file_and_place() {
    let of = |part: &str| fs::read(fixture(&format!("planetoid/ind.tiny.{part}"))).unwrap();
    let graph = |lists: &[u8]| [b"\x80\x02}(", lists, b"u."].concat();
    for (part, content, text) in [
        ("x", None, "ind.tiny.x"),
        (
            "x",
            Some(of("y")),
            "ind.tiny.x: byte 64: an array where a sparse matrix",
        ),
        ("x", Some(of("allx")), "ind.tiny.y: 4 rows, but"),
        (
            "y",
            Some(of("x")),
            "ind.tiny.y: byte 34: a sparse matrix where an array",
        ),
        ("graph", Some(of("y")), "an array where a dictionary"),
        (
            "graph",
            Some(b"cos\nsystem\n".to_vec()),
            "ind.tiny.graph: byte 0: global \"os\"",
        ),
        (
            "graph",
            Some(graph(b"K\x00]K\x0ca")),
            "ind.tiny.graph: edges: node 12 of 12",
        ),
        (
            "graph",
            Some(graph(b"J\xff\xff\xff\xff]")),
            "edges: node -1 of 12",
        ),
        (
            "test.index",
            Some(b"7\n8\n9\n10\nx\n".to_vec()),
            "test.index:5: \"x\"",
        ),
        (
            "test.index",
            Some(b"7\n8\n9\n10\n7\n".to_vec()),
            "test.index:5: \"7\": is given twice",
        ),
        (
            "test.index",
            Some(b"6\n".to_vec()),
            "test.index:1: \"6\": must be from 7",
        ),
        (
            "test.index",
            Some(b"4000000000\n".to_vec()),
            "must be from 7, below 24",
        ),
        (
            "test.index",
            Some(b"7\n8\n\n".to_vec()),
            "2 nodes, but tx has 5 rows",
        ),
    ] {
        let error = replaced(part, content.as_deref());
        assert!(error.contains(text), "{error}");
    }
    // A class of 2 in a one-hot table.
    let mut wrong = of("y");
    let last = wrong.len() - 3 - 4;
    wrong[last] = 2;
    let error = replaced("y", Some(&wrong));
    assert!(
        error.contains("ind.tiny.y: row 3 is not one-hot"),
        "{error}"
    );
}
