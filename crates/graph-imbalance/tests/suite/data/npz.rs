use std::io::{Cursor, Write};
use std::path::PathBuf;

use npyz::WriterBuilder;
use plm_graph_imbalance::data::read_npz;
use plm_graph_imbalance::graph::{EdgePolicy, Features, Weights};
use zip::write::SimpleFileOptions;

use super::{assert_valid, dense, edges, expected, fixture, get, message};

#[test]
fn archives_of_gnn_benchmark_read_as_the_generator_says() {
    let expected = expected("npz");
    for (name, unused) in [("sparse", &["class_names"][..]), ("dense", &[])] {
        let path = fixture(&format!("npz/{name}.npz"));
        let dataset = read_npz(&path, EdgePolicy::default()).unwrap();
        assert_valid(&dataset);
        let graph = &dataset.graph;
        assert_eq!(edges(graph), get::<Vec<(u32, u32)>>(&expected, "edges"));
        assert_eq!(
            dense(&graph.features),
            get::<Vec<f32>>(&expected, "features")
        );
        assert_eq!(
            graph.labels.classes(),
            get::<Vec<Option<u32>>>(&expected, "classes")
        );
        let report = dataset.report;
        assert_eq!(report.self_loops, get::<usize>(&expected, "self_loops"));
        assert_eq!(report.one_way, get::<usize>(&expected, "one_way"));
        assert_eq!(report.weighted, get::<usize>(&expected, "weighted"));
        assert_eq!(report.duplicates, 0);
        assert_eq!(dataset.unused, unused);
        assert!(dataset.splits.is_empty());

        let reject = |policy| message(read_npz(&path, policy));
        let error = reject(EdgePolicy {
            reject_asymmetric: true,
            ..EdgePolicy::default()
        });
        assert!(error.contains(&format!("{name}.npz: edges: ")), "{error}");
        assert!(error.contains("has no opposite"), "{error}");
        let error = reject(EdgePolicy {
            weights: Weights::Reject,
            ..EdgePolicy::default()
        });
        assert!(error.contains("must be 1"), "{error}");
    }
}

#[test]
fn heterophilous_archives_read_as_the_generator_says() {
    let expected = expected("npz");
    let dataset = read_npz(fixture("npz/heterophilous.npz"), EdgePolicy::default()).unwrap();
    assert_valid(&dataset);
    let graph = &dataset.graph;
    assert_eq!(edges(graph), get::<Vec<(u32, u32)>>(&expected, "edges"));
    assert_eq!(
        dense(&graph.features),
        get::<Vec<f32>>(&expected, "features")
    );
    assert_eq!(dataset.report.one_way, 0);
    let masks: Vec<Vec<u8>> = get(&expected, "masks");
    assert_eq!(dataset.splits.len(), masks.len());
    for (split, mask) in dataset.splits.iter().zip(masks) {
        for (nodes, value) in [(&split.train, 0), (&split.valid, 1), (&split.test, 2)] {
            let expected = (0..).zip(&mask).filter(|(_, m)| **m == value);
            assert_eq!(nodes, &expected.map(|(node, _)| node).collect::<Vec<u32>>());
        }
    }
}

#[test]
fn arrays_of_objects_are_refused_by_name() {
    let error = message(read_npz(fixture("npz/objects.npz"), EdgePolicy::default()));
    assert!(error.contains("objects.npz: `labels`:"), "{error}");
    assert!(error.contains("Python objects"), "{error}");
}

/// An archive being put together.
struct Builder {
    zip: zip::ZipWriter<Cursor<Vec<u8>>>,
}

impl Builder {
    fn new() -> Self {
        let zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
        Self { zip }
    }

    fn raw(mut self, name: &str, bytes: &[u8]) -> Self {
        let options = SimpleFileOptions::default();
        self.zip.start_file(format!("{name}.npy"), options).unwrap();
        self.zip.write_all(bytes).unwrap();
        self
    }

    fn array<T: npyz::AutoSerialize + Copy>(self, name: &str, shape: &[u64], values: &[T]) -> Self {
        let mut bytes = Vec::new();
        let writer = npyz::WriteOptions::new().default_dtype().shape(shape);
        let mut writer = writer.writer(&mut bytes).begin_nd().unwrap();
        writer.extend(values.iter().copied()).unwrap();
        writer.finish().unwrap();
        self.raw(name, &bytes)
    }

    /// The arrays of a path of three nodes.
    fn path(self) -> Self {
        self.array("adj_data", &[4], &[1.0_f32; 4])
            .array("adj_indices", &[4], &[1_i32, 0, 2, 1])
            .array("adj_indptr", &[4], &[0_i32, 1, 3, 4])
            .array("adj_shape", &[2], &[3_i64, 3])
    }

    fn file(self, folder: &tempfile::TempDir) -> PathBuf {
        let path = folder.path().join("g.npz");
        std::fs::write(&path, self.zip.finish().unwrap().into_inner()).unwrap();
        path
    }

    fn error(self) -> String {
        let folder = tempfile::tempdir().unwrap();
        message(read_npz(self.file(&folder), EdgePolicy::default()))
    }
}

#[test]
fn what_the_crate_npyz_writes_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let archive = Builder::new().path().array("labels", &[3], &[1_u8, 0, 1]);
    let dataset = read_npz(archive.file(&folder), EdgePolicy::default()).unwrap();
    assert_eq!(edges(&dataset.graph), [(0, 1), (1, 2)]);
    // Without features, each node has a column of its own.
    assert!(matches!(dataset.graph.features, Features::Sparse(_)));
    assert_eq!(dataset.graph.features.width(), 3);
    let unknown = Builder::new().path().array("labels", &[3], &[-1_i64, 0, 1]);
    let dataset = read_npz(unknown.file(&folder), EdgePolicy::default()).unwrap();
    assert_eq!(dataset.graph.labels.get(0), None);
}

#[test]
fn mistakes_name_the_array() {
    let path = || Builder::new().path();
    let labeled = || path().array("labels", &[3], &[0_i32, 1, 0]);
    let header = |shape: &str| {
        let text = format!("{{'descr': '|i1', 'fortran_order': False, 'shape': {shape}}}");
        let length = u16::try_from(text.len()).unwrap().to_le_bytes();
        [
            b"\x93NUMPY\x01\x00",
            &length[..],
            text.as_bytes(),
            b"\x01\x01\x01",
        ]
        .concat()
    };
    for (archive, text) in [
        (
            Builder::new().array("a", &[1], &[0_i32]),
            "its arrays are [\"a\"]",
        ),
        (path(), "`labels`"),
        (
            path().array("labels", &[3], &[0.5_f32; 3]),
            "`labels`: floating-point",
        ),
        (
            path().array("labels", &[3], &[0_i32, -2, 0]),
            "node 1 has class -2",
        ),
        (
            path().array("labels", &[3], &[0_i64, 1 << 40, 0]),
            "node 1 has class 1099511627776",
        ),
        (
            path().array("labels", &[3, 1], &[0_i32; 3]),
            "`labels`: a shape of [3, 1]",
        ),
        (
            path().array("labels", &[2], &[0_i32; 2]),
            "labels: of 2 nodes for a graph of 3",
        ),
        (
            path().raw("labels", b"\x93NUMPY\x01\x00"),
            "`labels`: ends within its header",
        ),
        (
            path().raw("labels", &header("(4,)")),
            "`labels`: 3 bytes for a shape of [4]",
        ),
        (
            path().raw("labels", &header("(2,)")),
            "`labels`: 3 bytes for a shape of [2]",
        ),
        (
            path().raw("labels", &header("(99999999999,)")),
            "may expand to",
        ),
        (
            path().raw("labels", &header("(9999999999, 9999999999)")),
            "may expand to",
        ),
        (
            labeled().array("attr_matrix", &[3, 1], &[0.5_f32, f32::NAN, 1.0]),
            "node 1, column 0: NaN",
        ),
        (
            labeled().array("attr_matrix", &[2, 1], &[0.5_f32; 2]),
            "features: of 2 nodes for a graph of 3",
        ),
        (
            labeled()
                .array("attr_data", &[1], &[1.0_f64])
                .array("attr_indices", &[1], &[7_i32])
                .array("attr_indptr", &[4], &[0_i32, 1, 1, 1])
                .array("attr_shape", &[2], &[3_i32, 5]),
            "`attr_*`: column 7 of 5",
        ),
        (
            labeled()
                .array("attr_indptr", &[4], &[0_i32, 1, 1, 1])
                .array("attr_shape", &[3], &[3_i32, 5, 1]),
            "`attr_shape`: [3, 5, 1], must be rows and columns",
        ),
    ] {
        let error = archive.error();
        assert!(error.contains("g.npz: ") && error.contains(text), "{error}");
    }
}

#[test]
fn bombs_are_refused() {
    // 8 MiB of zeros pack into about 8 kB, of which 3 MiB may be made.
    let zeros = vec![0_u8; 1 << 20];
    let text = "{'descr': '|u1', 'fortran_order': False, 'shape': (8388608,)}";
    let length = u16::try_from(text.len()).unwrap().to_le_bytes();
    let header = [b"\x93NUMPY\x01\x00", &length[..], text.as_bytes()].concat();
    let mut builder = Builder::new().path().raw("labels", &header);
    for _ in 0..8 {
        builder.zip.write_all(&zeros).unwrap();
    }
    let error = builder.error();
    assert!(error.contains("`labels`: a shape of [8388608]"), "{error}");
}
