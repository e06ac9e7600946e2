//! Graphs as text, and splits of the reference code: graphs are sound and come back.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_fuzz::graphs::{assert_same, assert_sound};
use plm_fuzz::{file, kind, parts, subfolder};
use plm_graph_imbalance::data::{
    EdgeListFiles, EdgeListOptions, Separator, read_edge_list, write_edge_list,
};
use plm_graph_imbalance::graph::{EdgePolicy, Weights};
use plm_graph_imbalance::split::ReferenceSplits;

fuzz_target!(|bytes: &[u8]| {
    let (kind, bytes) = kind(bytes);
    let [edges, labels, features, splits] = parts(bytes);
    let options = EdgeListOptions {
        separator: [Separator::Whitespace, Separator::Comma, Separator::Tab][usize::from(kind) % 3],
        header: kind & 4 != 0,
        directed: kind & 8 != 0,
        policy: EdgePolicy {
            reject_asymmetric: false,
            weights: Weights::Keep,
        },
    };
    let files = EdgeListFiles {
        edges: file("edges.txt", edges),
        labels: Some(file("labels.txt", labels)),
        features: (kind & 16 != 0).then(|| file("features.txt", features)),
    };
    let Ok(dataset) = read_edge_list(&files, &options) else {
        return;
    };
    assert_sound(&dataset);
    let written = EdgeListFiles::in_directory(subfolder("written"), "txt");
    if write_edge_list(&written, &options, &dataset).is_ok() {
        assert_same(&read_edge_list(&written, &options).unwrap(), &dataset);
    }
    if let Ok(splits) = ReferenceSplits::read(file("splits.json", splits)) {
        for seed in splits.seeds() {
            if let Ok(split) = splits.get(seed, &dataset.graph.labels) {
                split.check(&dataset.graph.labels).unwrap();
            }
        }
    }
});
