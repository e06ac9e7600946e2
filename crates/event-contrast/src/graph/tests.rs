use plm_core::rng::Seed;
use proptest::prelude::*;

use super::*;

/// A graph over one-token spans with these edges.
fn event_graph(n: usize, edges: &[(usize, usize)], roles: &mut RoleTypes) -> EventGraph {
    let spans: Vec<_> = (0..n).map(|at| Some((at, at + 1))).collect();
    let edges: Vec<AmrEdge<'_>> = edges
        .iter()
        .map(|&(source, target)| AmrEdge {
            source,
            role: [":ARG0", ":ARG1", ":time"][target % 3],
            target,
        })
        .collect();
    EventGraph::new(&spans, &edges, NodeChoice::Linked, roles).unwrap()
}

/// A star of degree 4, a path of three and a graph without edges.
fn graphs() -> Vec<EventGraph> {
    let mut roles = RoleTypes::new();
    [
        event_graph(5, &[(0, 1), (0, 2), (0, 3), (0, 4)], &mut roles),
        event_graph(3, &[(0, 1), (1, 2)], &mut roles),
        event_graph(2, &[], &mut roles),
    ]
    .to_vec()
}

fn sampler(settings: ViewSettings) -> ViewSampler {
    ViewSampler::new(graphs(), settings).unwrap()
}

#[test]
fn nodes_are_drawn_by_their_degrees() {
    let nodes = NodeSampler::new(&graphs(), 0.75).unwrap();
    assert_eq!(nodes.n_nodes(), 8);
    let mut rng = Seed::new(3).rng();
    let mut counts = std::collections::BTreeMap::new();
    for _ in 0..40_000 {
        *counts.entry(nodes.draw(&mut rng)).or_insert(0.0) += 1.0 / 40_000.0;
    }
    let weights = [
        ((0, 0), 4.0_f64.powf(0.75)),
        ((0, 1), 1.0),
        ((0, 4), 1.0),
        ((1, 0), 1.0),
        ((1, 1), 2.0_f64.powf(0.75)),
        ((1, 2), 1.0),
    ];
    let total: f64 = weights.iter().map(|weight| weight.1).sum::<f64>() + 2.0;
    for (node, weight) in weights {
        assert!((counts[&node] - weight / total).abs() < 0.008, "{node:?}");
    }
    assert!(NodeSampler::new(&graphs()[2..], 0.75).is_err());
    assert!(NodeSampler::new(&graphs(), f64::NAN).is_err());
}

#[test]
fn draws_depend_on_seed_and_number_only() {
    let run = |threads, count, cached_positions| {
        let sampler = sampler(ViewSettings {
            cached_positions,
            ..ViewSettings::default()
        });
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap()
            .install(|| sampler.sample(count, Seed::new(8)).unwrap())
    };
    let pairs = run(1, 60, 1_000);
    assert_eq!(pairs, run(3, 60, 1_000));
    assert_eq!(pairs, run(2, 60, 0));
    assert_eq!(pairs[..10], run(2, 10, 1));
    assert_ne!(
        pairs,
        sampler(ViewSettings::default())
            .sample(60, Seed::new(9))
            .unwrap()
    );
    assert!(
        pairs
            .iter()
            .any(|pair| pair.first.nodes != pair.second.nodes)
    );
    for pair in &pairs {
        assert_eq!(pair.first.graph, pair.second.graph);
        assert_eq!(pair.first.nodes[0], pair.second.nodes[0]);
    }
}

#[test]
fn positions_are_kept_within_their_limit() {
    let sampler = sampler(ViewSettings {
        cached_positions: 4,
        ..ViewSettings::default()
    });
    assert_eq!(sampler.cached(), 0);
    let first = sampler.whole(1).unwrap();
    assert_eq!((sampler.cached(), &first), (1, &sampler.whole(1).unwrap()));
    assert_eq!(sampler.cached(), 1);
    sampler.sample(100, Seed::new(1)).unwrap();
    assert_eq!(sampler.cached(), 4);
}

#[test]
fn views_carry_what_belongs_to_their_nodes() {
    let settings = ViewSettings {
        hops: 200,
        restart: 0.3,
        ..ViewSettings::default()
    };
    let sampler = sampler(settings);
    let view = sampler.view(1, 2, Seed::new(4)).unwrap();
    assert_eq!(
        (&view.nodes[..], view.seeded, view.graph),
        (&[2, 0, 1][..], true, 1)
    );
    let whole = sampler.whole(1).unwrap();
    assert_eq!((&whole.nodes[..], whole.seeded), (&[0, 1, 2][..], false));
    // Equal sets have equal positions whatever the order, and roles follow their edges.
    let row = |view: &View, at: usize| view.positions[at * 32..(at + 1) * 32].to_vec();
    for (at, &node) in view.nodes.iter().enumerate() {
        assert_eq!(row(&view, at), row(&whole, node as usize));
        for (&column, entry) in view
            .adjacency
            .row(at)
            .0
            .iter()
            .zip(view.adjacency.row_range(at))
        {
            let other = view.nodes[column as usize] as usize;
            let original = &sampler.graphs()[1];
            let place = original
                .adjacency()
                .row_range(node as usize)
                .find(|&place| original.adjacency().indices()[place] as usize == other);
            assert_eq!(view.roles[entry], original.roles()[place.unwrap()]);
        }
    }
    assert_eq!(
        (view.degrees(512), view.degrees(1)),
        (vec![1, 1, 2], vec![1; 3])
    );
    assert_eq!(sampler.whole(2).unwrap().nodes.len(), 0);
    assert!(sampler.whole(3).is_err());
    let error = sampler.view(1, 3, Seed::new(0)).unwrap_err().to_string();
    assert!(error.contains("node: 3 of 3 in graph 1"), "{error}");
}

#[test]
fn settings_out_of_range_are_named() {
    for settings in [
        ViewSettings {
            restart: 0.001,
            ..ViewSettings::default()
        },
        ViewSettings {
            restart: f64::NAN,
            ..ViewSettings::default()
        },
        ViewSettings {
            hops: 0,
            ..ViewSettings::default()
        },
        ViewSettings {
            degree_power: 2.5,
            ..ViewSettings::default()
        },
    ] {
        assert!(
            ViewSampler::new(graphs(), settings).is_err(),
            "{settings:?}"
        );
    }
    let json = serde_json::from_str::<ViewSettings>("{\"hops\": 5}").unwrap();
    assert_eq!((json.hops, json.restart), (5, 0.8));
}

#[test]
fn batches_are_blocks() {
    let sampler = sampler(ViewSettings::default());
    let views: Vec<View> = (0..3).map(|graph| sampler.whole(graph).unwrap()).collect();
    let batch = SubgraphBatch::new(&views, 3).unwrap();
    assert_eq!(batch.offsets, [0, 5, 8, 8]);
    assert_eq!((batch.n_views(), batch.n_nodes()), (3, 8));
    assert_eq!(batch.view_of_nodes(), [0, 0, 0, 0, 0, 1, 1, 1]);
    assert_eq!(batch.degrees, [3, 1, 1, 1, 1, 1, 2, 1]);
    assert_eq!(batch.origins[6], (1, 1));
    assert_eq!(batch.adjacency.row(6).0, [5, 7]);
    assert_eq!(batch.positions.len(), 8 * 32);
    assert!(batch.seeds.iter().all(|seed| !seed));
    let none = SubgraphBatch::new([], SubgraphBatch::MAX_DEGREE).unwrap();
    assert_eq!((none.n_views(), none.n_nodes()), (0, 0));
    let mut narrow = views[1].clone();
    narrow.positions.truncate(3);
    let error = SubgraphBatch::new([&views[0], &narrow], 3)
        .unwrap_err()
        .to_string();
    assert!(error.contains("view 1 has width 1"), "{error}");
}

proptest! {
    #[test]
    fn a_batch_holds_each_view_unchanged(count in 1..9_usize, seed in 0..50_u64) {
        let sampler = sampler(ViewSettings::default());
        let pairs = sampler.sample(count, Seed::new(seed)).unwrap();
        let batch = SubgraphBatch::new(pairs.iter().map(|pair| &pair.first), 512).unwrap();
        let mut entries = 0;
        for (view, ends) in pairs.iter().map(|pair| &pair.first).zip(batch.offsets.windows(2)) {
            let nodes: Vec<u32> = (ends[0]..ends[1]).map(|node| node as u32).collect();
            prop_assert_eq!(&batch.adjacency.induced(&nodes).unwrap().graph, &view.adjacency);
            prop_assert_eq!(&batch.positions[ends[0] * 32..ends[1] * 32], &view.positions[..]);
            prop_assert_eq!(&batch.roles[entries..entries + view.roles.len()], &view.roles[..]);
            prop_assert!(batch.seeds[ends[0]] && !batch.seeds[ends[0] + 1..ends[1]].contains(&true));
            entries += view.roles.len();
        }
        prop_assert_eq!(entries, batch.adjacency.nnz());
    }
}
