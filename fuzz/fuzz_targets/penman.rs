//! PENMAN notation and AMR graphs with alignments: what is written again is the same graph.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::penman::{Graph, Reader, RoleModel, Strictness, Style, Target};

fn named(graph: &Graph) -> Vec<(&str, &str, &str)> {
    graph
        .triples()
        .map(|triple| {
            let target = match triple.target {
                Target::Variable(name) | Target::Constant(name) => name,
                Target::Missing => "",
            };
            (triple.source, triple.role, target)
        })
        .collect()
}

fuzz_target!(|bytes: &[u8]| {
    let model = RoleModel::amr();
    for strictness in [Strictness::Strict, Strictness::Lenient] {
        for entry in Reader::<_>::new(bytes, "f").with_strictness(strictness) {
            let Ok(entry) = entry else {
                assert_eq!(strictness, Strictness::Strict);
                continue;
            };
            let graph = entry.graph(&model);
            let again = Graph::parse(&entry.to_penman(Style::AMR), &model).unwrap();
            assert_eq!(named(&again), named(&graph));
            if let Ok(tree) = graph.to_tree(&model) {
                let (mut ours, again) = (named(&graph), tree.into_graph(&model));
                let mut again = named(&again);
                ours.sort_unstable();
                again.sort_unstable();
                assert_eq!(again, ours);
            }
        }
        let aligned = Reader::<_, AlignedGraph>::new(bytes, "f").with_strictness(strictness);
        for mut graph in aligned.flatten() {
            graph.spread_names();
            let tokens = graph.tokens.len();
            let mut spans = graph.spans.values().flatten();
            assert!(spans.all(|span| span.end <= tokens));
        }
    }
});
