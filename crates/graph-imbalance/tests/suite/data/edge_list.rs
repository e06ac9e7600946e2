use std::fs;
use std::path::Path;

use plm_graph_imbalance::data::{
    Dataset, EdgeListFiles, EdgeListOptions, Separator, read_edge_list, read_safetensors,
    write_edge_list,
};
use plm_graph_imbalance::graph::{EdgePolicy, Features, Weights};
use proptest::prelude::*;

use super::{assert_same, assert_valid, dense, edges, fixture, message};

/// Reads files with these contents.
fn read(
    edges: &str,
    labels: Option<&str>,
    features: Option<&str>,
    options: EdgeListOptions,
) -> plm_graph_imbalance::Result<Dataset> {
    let folder = tempfile::tempdir().unwrap();
    let mut files = EdgeListFiles::in_directory(folder.path(), "txt");
    fs::write(&files.edges, edges).unwrap();
    for (path, content) in [(&mut files.labels, labels), (&mut files.features, features)] {
        match content {
            Some(content) => fs::write(path.as_ref().unwrap(), content).unwrap(),
            None => *path = None,
        }
    }
    read_edge_list(&files, &options)
}

fn comma() -> EdgeListOptions {
    EdgeListOptions {
        separator: Separator::Comma,
        ..EdgeListOptions::default()
    }
}

#[test]
fn names_are_numbered_as_they_occur() {
    let edges_file = "# who knows whom\nbea al\n\nal cy\ncy al\nbea bea\n";
    let dataset = read(
        edges_file,
        Some("al 10\ndi\nbea 9\n"),
        None,
        EdgeListOptions::default(),
    );
    let dataset = dataset.unwrap();
    assert_valid(&dataset);
    assert_eq!(dataset.node_names, ["al", "di", "bea", "cy"]);
    // By value: as text, 10 comes before 9.
    assert_eq!(dataset.class_names, ["9", "10"]);
    assert_eq!(
        dataset.graph.labels.classes(),
        [Some(1), None, Some(0), None]
    );
    assert_eq!(edges(&dataset.graph), [(0, 2), (0, 3)]);
    assert_eq!((dataset.report.self_loops, dataset.report.one_way), (1, 0));
    assert_eq!(dataset.graph.features.width(), 4);
}

#[test]
fn features_weights_headers_and_quotes() {
    let options = EdgeListOptions {
        header: true,
        policy: EdgePolicy {
            weights: Weights::Keep,
            ..EdgePolicy::default()
        },
        ..comma()
    };
    let dataset = read(
        "from,to,w\n1,\"a, b\",0.5\n",
        Some("node,class\n1,\"x \"\"y\"\"\"\n\"a, b\",\n"),
        Some("node,f,g\n\"a, b\",1,2e-3\n1,-3,0\n"),
        options,
    )
    .unwrap();
    assert_eq!(dataset.node_names, ["a, b", "1"]);
    assert_eq!(dataset.class_names, ["x \"y\""]);
    assert_eq!(dataset.graph.labels.classes(), [None, Some(0)]);
    assert_eq!(dataset.graph.csr().get(0, 1), Some(0.5));
    assert!(matches!(dataset.graph.features, Features::Dense { .. }));
    assert_eq!(dense(&dataset.graph.features), [1.0, 0.002, -3.0, 0.0]);
}

#[test]
fn directed_lists_follow_the_policy() {
    let directed = |reject_asymmetric| EdgeListOptions {
        directed: true,
        policy: EdgePolicy {
            reject_asymmetric,
            ..EdgePolicy::default()
        },
        ..EdgeListOptions::default()
    };
    let text = "a b\nb a\nb c\n";
    let report = read(text, None, None, directed(false)).unwrap().report;
    assert_eq!((report.one_way, report.duplicates), (1, 0));
    let error = message(read(text, None, None, directed(true)));
    assert!(
        error.contains("edges.txt: edges: 1 → 2 has no opposite"),
        "{error}"
    );
}

#[test]
fn mistakes_name_file_and_line() {
    for (edges, labels, features, text) in [
        ("a,b\na\n", None, None, "edges.txt:2: 1 fields"),
        ("a,b,1,1\n", None, None, "edges.txt:1: 4 fields"),
        ("a,b,x\n", None, None, "edges.txt:1: \"x\" is no number"),
        (
            "a,b,inf\n",
            None,
            None,
            "edges.txt:1: \"inf\" is not finite",
        ),
        ("a,\n", None, None, "edges.txt:1: a node without a name"),
        (
            "a,\"b\n",
            None,
            None,
            "edges.txt:1: a quote is never closed",
        ),
        (
            "a,b\n",
            Some("\n#\na,0\na,1\n"),
            None,
            "labels.txt:4: node \"a\" is given twice",
        ),
        ("a,b\n", Some("a,0,1\n"), None, "labels.txt:1: 3 fields"),
        (
            "a,b\n",
            None,
            Some("a,1\nb,NaN\n"),
            "features.txt:2: \"NaN\" is not finite",
        ),
        (
            "a,b\n",
            None,
            Some("a,1\nb,1,2\n"),
            "features.txt:2: 2 features; the lines before",
        ),
        (
            "a,b\n",
            None,
            Some("a,1\na,1\n"),
            "features.txt:2: node \"a\" is given twice",
        ),
        (
            "a,b\n",
            None,
            Some("a,1\n"),
            "features.txt: has no features of node \"b\"",
        ),
    ] {
        let error = message(read(edges, labels, features, comma()));
        assert!(error.contains(text), "{error}");
    }
    let reject = EdgeListOptions {
        policy: EdgePolicy {
            weights: Weights::Reject,
            ..EdgePolicy::default()
        },
        ..EdgeListOptions::default()
    };
    let error = message(read("a b 2\n", None, None, reject));
    assert!(
        error.contains("edges.txt: edges: 0 → 1 has weight 2, must be 1"),
        "{error}"
    );
    let folder = tempfile::tempdir().unwrap();
    let files = EdgeListFiles::in_directory(folder.path(), "csv");
    let error = message(read_edge_list(&files, &comma()));
    assert!(error.contains("features.csv: "), "{error}");
}

#[test]
fn bytes_that_are_no_text_name_the_line() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("edges");
    fs::write(&path, b"a b\n\xff c\n").unwrap();
    let files = EdgeListFiles {
        edges: path,
        labels: None,
        features: None,
    };
    let error = message(read_edge_list(&files, &EdgeListOptions::default()));
    assert!(error.contains("edges:2: not UTF-8"), "{error}");
}

fn round_trip(folder: &Path, dataset: &Dataset, separator: Separator, header: bool) {
    for directed in [false, true] {
        let options = EdgeListOptions {
            separator,
            header,
            directed,
            policy: EdgePolicy {
                weights: Weights::Keep,
                reject_asymmetric: true,
            },
        };
        let files = EdgeListFiles::in_directory(folder, "txt");
        write_edge_list(&files, &options, dataset).unwrap();
        let read = read_edge_list(&files, &options).unwrap();
        assert_same(dataset, &read);
    }
}

#[test]
fn written_files_read_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture("safetensors/split.safetensors");
    let mut dataset = read_safetensors(path, Weights::Keep).unwrap();
    dataset.splits.clear();
    let names = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    dataset.node_names = names(&["0", "1", "2", "3", "4"]);
    dataset.class_names = names(&["0", "1"]);
    for header in [false, true] {
        round_trip(folder.path(), &dataset, Separator::Whitespace, header);
    }
    dataset.node_names = names(&["#", "a b", "\"", ",", "\t"]);
    dataset.class_names = names(&[" ", "x,y"]);
    for separator in [Separator::Comma, Separator::Tab] {
        round_trip(folder.path(), &dataset, separator, true);
    }
    let files = EdgeListFiles::in_directory(folder.path(), "txt");
    let before = fs::read(&files.edges).unwrap();
    let error = write_edge_list(&files, &EdgeListOptions::default(), &dataset).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("cannot be written without quotes")
    );
    assert_eq!(fs::read(&files.edges).unwrap(), before);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

#[test]
fn class_names_that_read_otherwise_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture("safetensors/split.safetensors");
    let mut dataset = read_safetensors(path, Weights::Keep).unwrap();
    let files = EdgeListFiles::in_directory(folder.path(), "txt");
    for (names, text) in [
        (
            ["10", "9"],
            "[\"10\", \"9\"] would be read as [\"9\", \"10\"]",
        ),
        (["b", "a"], "sort the classes by name"),
        (["a", "a"], "would be read as [\"a\"]"),
        (["", "a"], "class 0 with nodes is empty"),
    ] {
        dataset.class_names = names.map(str::to_owned).into();
        let error = write_edge_list(&files, &comma(), &dataset).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert!(!files.edges.exists());
        let edges = EdgeListFiles {
            labels: None,
            ..files.clone()
        };
        write_edge_list(&edges, &comma(), &dataset).unwrap();
        fs::remove_file(&files.edges).unwrap();
    }
}

/// Two nodes of one name would be one node when they are read.
#[test]
fn node_names_that_are_shared_or_empty_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = fixture("safetensors/split.safetensors");
    let mut dataset = read_safetensors(path, Weights::Keep).unwrap();
    let files = EdgeListFiles::in_directory(folder.path(), "txt");
    for (names, text) in [
        (
            ["a", "b", "c", "b", "d"],
            "the name \"b\" of node 3 is that of a node before",
        ),
        (["a", "b", "", "c", "d"], "the name \"\" of node 2 is empty"),
    ] {
        dataset.node_names = names.map(str::to_owned).into();
        let error = write_edge_list(&files, &comma(), &dataset).unwrap_err();
        assert!(error.to_string().contains(text), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}

proptest! {
    #[test]
    fn any_text_is_a_graph_or_an_error(
        edges in "[ab0-2,\t \"#\n.é-]{0,60}",
        labels in "[ab0-2,\t \"#\n]{0,40}",
        comma in any::<bool>(),
        header in any::<bool>(),
    ) {
        let separator = if comma { Separator::Comma } else { Separator::Tab };
        let options = EdgeListOptions { separator, header, ..EdgeListOptions::default() };
        if let Ok(dataset) = read(&edges, Some(&labels), None, options) {
            assert_valid(&dataset);
        }
    }
}
