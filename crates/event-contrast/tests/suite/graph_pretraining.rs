use plm_core::rng::Seed;
use plm_core::train::{CheckpointConfig, Every, Observer, TrainReport, checksum};
use plm_event_contrast::generate::GeneratedSentence;
use plm_event_contrast::gin::{
    Gin, GinConfig, GraphContrast, GraphEncoder, GraphPretraining, NodeVectors, graph_retrieval,
    pretrain_graph,
};
use plm_event_contrast::graph::{EventGraph, NodeChoice, RoleTypes, ViewSampler, ViewSettings};

use super::support::{aligned, corpus, device, stop_after, values};

const CONFIG: GinConfig = GinConfig {
    token_width: 16,
    position_width: 4,
    degree_width: 4,
    max_degree: 16,
    hidden: 16,
    output: 16,
    levels: 3,
    dropout: 0.1,
};

pub(super) fn event_graphs(sentences: &[GeneratedSentence]) -> Vec<EventGraph> {
    let mut roles = RoleTypes::new();
    aligned(sentences)
        .iter()
        .map(|graph| EventGraph::from_amr(graph, NodeChoice::Linked, &mut roles).unwrap())
        .collect()
}

fn setup(count: usize) -> (ViewSampler, NodeVectors) {
    let sentences = corpus(count, 1, 1).unlabeled;
    let graphs = event_graphs(&sentences);
    let tokens: Vec<Vec<String>> = sentences.iter().map(|s| s.tokens().to_vec()).collect();
    let vectors = NodeVectors::hashed(&graphs, &tokens, 16, Seed::new(2)).unwrap();
    let settings = ViewSettings {
        position_width: 4,
        ..ViewSettings::default()
    };
    (ViewSampler::new(graphs, settings).unwrap(), vectors)
}

fn settings(contrast: GraphContrast) -> GraphPretraining {
    GraphPretraining {
        contrast,
        samples: 640,
        epochs: 30,
        lr: 0.003,
        ..GraphPretraining::default()
    }
}

fn model(contrast: &GraphContrast) -> GraphEncoder {
    let device = device();
    let gin = Gin::new(CONFIG, Seed::new(3), &device).unwrap();
    GraphEncoder::new(gin, contrast, Seed::new(4), &device).unwrap()
}

#[test]
fn retrieval_rises() {
    let device = device();
    let (sampler, vectors) = setup(100);
    let pairs = sampler.sample(200, Seed::new(77)).unwrap();
    let score = |model: &GraphEncoder| graph_retrieval(&model.gin, &pairs, &vectors, &device);
    let moco = GraphContrast::Moco {
        queue: 64,
        momentum: 0.9,
    };
    for contrast in [moco, GraphContrast::InBatch] {
        let model = model(&contrast);
        let before = score(&model).unwrap();
        let settings = settings(contrast);
        let (model, report) =
            pretrain_graph(model, &sampler, &vectors, &settings, None, &device).unwrap();
        assert_eq!(report.step, 600);
        let after = score(&model).unwrap();
        assert!(after > before + 0.1, "{contrast:?}: {before} {after}");
    }
}

#[test]
fn resumed_runs_equal_uninterrupted_ones() {
    let device = device();
    let (sampler, vectors) = setup(20);
    let contrast = GraphContrast::Moco {
        queue: 20,
        momentum: 0.9,
    };
    let dir = tempfile::tempdir().unwrap();
    let run =
        |name: &str, observer: Option<&mut dyn Observer>| -> (String, Vec<f64>, TrainReport) {
            let settings = GraphPretraining {
                batch: 8,
                samples: 24,
                epochs: 3,
                checkpoint: Some(CheckpointConfig {
                    every: Every::Steps(2),
                    ..CheckpointConfig::new(dir.path().join(name))
                }),
                ..settings(contrast)
            };
            let (model, report) = pretrain_graph(
                model(&contrast),
                &sampler,
                &vectors,
                &settings,
                observer,
                &device,
            )
            .unwrap();
            let queue = values(model.queue().unwrap());
            (checksum(&model, |_| true), queue, report)
        };
    let whole = run("whole", None);
    let mut stop = stop_after(5);
    assert_eq!(run("parts", Some(&mut stop)).2.step, 5);
    let second = run("parts", None);
    assert_eq!(second.2.resumed_from, Some(5));
    assert_eq!(second.1, whole.1);
    assert_eq!(second.0, whole.0);
}

#[test]
fn models_for_other_contrasts_are_refused() {
    let device = device();
    let (sampler, vectors) = setup(5);
    let model = model(&GraphContrast::InBatch);
    let settings = settings(GraphContrast::default());
    let error = pretrain_graph(model, &sampler, &vectors, &settings, None, &device);
    let error = error.unwrap_err().to_string();
    assert!(error.contains("queue of the model"), "{error}");
}
