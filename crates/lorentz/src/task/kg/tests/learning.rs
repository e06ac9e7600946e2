//! Training.

use rayon::ThreadPoolBuilder;

use super::*;
use crate::data::kg::{HierarchyConfig, KnownTails};
use crate::task::kg::{
    CompletionLearner, DeviceLearner, Fit, HostLearner, RankingScores, fit, rank,
};
use crate::testing::devices;

fn small() -> (KnowledgeGraph, CompletionConfig) {
    let hierarchy = HierarchyConfig {
        entities: 60,
        ..HierarchyConfig::default()
    };
    let graph = hierarchy.generate(Seed::new(1)).unwrap().with_reciprocals();
    let config = CompletionConfig {
        d_model: 8,
        batch_size: 100,
        negatives: 10,
        learning_rate: 0.1,
        epochs: 60,
        evaluate_every: 10,
        ..CompletionConfig::default()
    };
    (graph, config)
}

fn start(graph: &KnowledgeGraph, config: &CompletionConfig) -> CompletionTables<f32> {
    let counts = [graph.entities().len(), graph.relations().len()];
    CompletionTables::new(config, counts[0], counts[1], Seed::new(5)).unwrap()
}

fn run(graph: &KnowledgeGraph, config: &CompletionConfig) -> Fit<f32> {
    let mut learner = HostLearner::new(*config, start(graph, config)).unwrap();
    fit(&mut learner, graph, config, Seed::new(2), |_| {}).unwrap()
}

fn mrr(tables: &CompletionTables<f32>, triples: &[Triple], known: &KnownTails) -> f64 {
    RankingScores::of(&rank(tables, triples, known).unwrap())
        .unwrap()
        .mrr
}

#[test]
fn held_out_triples_are_found_in_both_spaces() {
    let (graph, config) = small();
    let known = KnownTails::new(graph.all());
    let chance = mrr(&start(&graph, &config), graph.test(), &known);
    assert!(chance < 0.15, "{chance}");
    for geometry in [EntityGeometry::Lorentz, EntityGeometry::Euclidean] {
        let config = CompletionConfig { geometry, ..config };
        let fit = run(&graph, &config);
        assert_eq!(fit.epochs.len(), 60);
        assert!(fit.epochs[59].loss < fit.epochs[0].loss / 2.0);
        assert_eq!(fit.epochs.iter().filter(|e| e.valid.is_some()).count(), 6);
        assert_eq!(mrr(&fit.tables, graph.valid(), &known), fit.valid.mrr);
        let found = mrr(&fit.tables, graph.test(), &known);
        assert!(found > 0.35, "{geometry:?} {found}");
        if geometry == EntityGeometry::Lorentz {
            for point in fit.tables.entities.chunks(config.d_model) {
                let square: f32 = point[1..].iter().map(|x| x * x).sum();
                assert!((1.0 + square - point[0] * point[0]).abs() < 1e-5 * point[0] * point[0]);
                assert!(square.sqrt() < 1.5 + 1e-5);
            }
        }
    }
}

#[test]
fn threads_change_nothing() {
    let (graph, mut config) = small();
    config.epochs = 3;
    let with = |threads: usize| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| run(&graph, &config)).tables
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn patience_ends_the_training() {
    let (graph, mut config) = small();
    config.learning_rate = 1e-12;
    config.evaluate_every = 2;
    config.patience = Some(3);
    let fit = run(&graph, &config);
    assert_eq!(fit.epochs.len(), 8);
    assert_eq!(fit.best_epoch, 2);
}

#[test]
fn the_device_learner_learns_too() {
    let (graph, mut config) = small();
    config.epochs = 2;
    for device in devices() {
        let mut learner = DeviceLearner::new(config, &start(&graph, &config), &device).unwrap();
        let found = fit(&mut learner, &graph, &config, Seed::new(2), |_| {}).unwrap();
        let expected = run(&graph, &config);
        let losses = |fit: &Fit<f32>| [fit.epochs[0].loss, fit.epochs[1].loss];
        for (found, expected) in losses(&found).iter().zip(losses(&expected)) {
            assert!((found / expected - 1.0).abs() < 1e-3);
        }
    }
}

type Change = fn(&mut CompletionConfig);

#[test]
fn mistakes_are_errors() {
    let (graph, config) = small();
    let error = |config: CompletionConfig| {
        let tables = start(&graph, &small().1);
        HostLearner::new(config, tables).unwrap_err().to_string()
    };
    let bad = CompletionConfig {
        d_model: 1,
        ..config
    };
    assert!(error(bad).contains("`d_model` is 1"));
    let bad = CompletionConfig {
        learning_rate: f64::NAN,
        ..config
    };
    assert!(error(bad).contains("`learning_rate` is NaN"));
    let bad = CompletionConfig {
        patience: Some(0),
        ..config
    };
    assert!(error(bad).contains("`patience` is 0"));
    let cases: [(Change, &str); 4] = [
        (
            |c| c.geometry = EntityGeometry::Euclidean,
            "`geometry` is Euclidean, but the tables have Lorentz",
        ),
        (|c| c.d_model = 9, "`d_model` is 9, but the tables have 8"),
        (|c| c.margin = 7.5, "`margin` is 7.5, but the tables have 8"),
        (|c| c.scale = 2.5, "`scale` is 2.5, but the tables have 3.5"),
    ];
    for (change, text) in cases {
        let mut bad = config;
        change(&mut bad);
        let found = error(bad);
        assert!(found.contains(text), "{found}");
        let mut learner = HostLearner::new(config, start(&graph, &config)).unwrap();
        let found = fit(&mut learner, &graph, &bad, Seed::new(1), |_| {}).unwrap_err();
        assert!(found.to_string().contains(text), "{found}");
    }
    let mut tables = start(&graph, &config);
    tables.head_biases.pop();
    assert!(HostLearner::new(config, tables).is_err());
    let bad = CompletionConfig {
        geometry: EntityGeometry::Euclidean,
        ..config
    };
    let device = devices().swap_remove(0);
    let tables = start(&graph, &bad);
    assert!(DeviceLearner::new(bad, &tables, &device).is_err());

    // Tables without the relations of the reciprocals.
    let [entities, relations] = [graph.entities().len(), graph.relations().len() / 2];
    let tables = CompletionTables::<f32>::new(&config, entities, relations, Seed::new(5)).unwrap();
    let mut learner = HostLearner::new(config, tables).unwrap();
    let found = fit(&mut learner, &graph, &config, Seed::new(1), |_| {}).unwrap_err();
    let expected = format!("{relations} relations, but the graph has {entities} and");
    assert!(found.to_string().contains(&expected), "{found}");

    let splits = [graph.train().to_vec(), vec![], vec![]];
    let names = [graph.entities().to_vec(), graph.relations().to_vec()];
    let [entities, relations] = names;
    let unsplit = KnowledgeGraph::new(entities, relations, splits).unwrap();
    let mut learner = HostLearner::new(config, start(&graph, &config)).unwrap();
    assert!(fit(&mut learner, &unsplit, &config, Seed::new(1), |_| {}).is_err());

    let mut wild = config;
    wild.margin = 1e30;
    let mut tables = start(&graph, &wild);
    tables.head_biases.fill(f32::MAX);
    tables.tail_biases.fill(f32::MAX);
    let mut learner = HostLearner::new(wild, tables).unwrap();
    let sampler = NegativeSampler::new(&graph, NegativeFilter::None, 2).unwrap();
    let batch = Batch::new(&graph.train()[..4], &sampler, Seed::new(1));
    assert!(
        learner
            .step(&batch)
            .unwrap_err()
            .to_string()
            .contains("learning rate")
    );
}

#[test]
fn settings_survive_json() {
    let config = CompletionConfig::fb15k_237();
    let text = serde_json::to_string(&config).unwrap();
    assert_eq!(
        serde_json::from_str::<CompletionConfig>(&text).unwrap(),
        config
    );
    assert!(serde_json::from_str::<CompletionConfig>(r#"{"dim": 3}"#).is_err());
}
