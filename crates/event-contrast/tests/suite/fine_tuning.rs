use plm_core::metrics::Average;
use plm_core::rng::Seed;
use plm_event_contrast::data::EventDocument;
use plm_event_contrast::finetune::{
    Candidate, CandidateSet, ClassifierConfig, EventClassifier, EventCorpus, EventLabels,
    FineTuning, Markers, Task, fine_tune, predict,
};
use plm_event_contrast::generate::GeneratedSentence;
use plm_event_contrast::gin::{Gin, GinConfig, NodeVectors, SentenceGraphs};
use plm_event_contrast::score::{ArgumentMode, argument_scores, detection_scores};
use plm_event_contrast::text::SpanEncoder;

use super::graph_pretraining::event_graphs;
use super::support::{bert, corpus, device, span_encoder};

const GIN: GinConfig = GinConfig {
    token_width: 16,
    position_width: 4,
    degree_width: 4,
    max_degree: 16,
    hidden: 16,
    output: 16,
    levels: 3,
    dropout: 0.1,
};

fn documents(sentences: &[GeneratedSentence]) -> Vec<EventDocument> {
    sentences.iter().map(|each| each.document.clone()).collect()
}

fn graphs(sentences: &[GeneratedSentence]) -> SentenceGraphs {
    let graphs = event_graphs(sentences);
    let tokens: Vec<Vec<String>> = sentences.iter().map(|s| s.tokens().to_vec()).collect();
    let vectors = NodeVectors::hashed(&graphs, &tokens, 16, Seed::new(2)).unwrap();
    SentenceGraphs::new(graphs, vectors, 4).unwrap()
}

struct Data {
    corpus: EventCorpus,
    graphs: SentenceGraphs,
}

impl Data {
    fn new(sentences: &[GeneratedSentence], labels: &EventLabels) -> Self {
        Self {
            corpus: EventCorpus::new(&documents(sentences), labels).unwrap(),
            graphs: graphs(sentences),
        }
    }

    fn set<'a>(
        &'a self,
        candidates: &'a [Candidate],
        encoder: &'a SpanEncoder,
        markers: &'a Markers,
    ) -> CandidateSet<'a> {
        CandidateSet {
            sentences: &self.corpus.sentences,
            candidates,
            encoder,
            markers,
            graphs: Some(&self.graphs),
        }
    }
}

fn settings() -> FineTuning {
    FineTuning {
        epochs: 20,
        accumulation: 1,
        lr: 3e-3,
        head_lr: 5e-3,
        warmup_ratio: 0.1,
        ..FineTuning::detection()
    }
}

#[test]
fn events_are_learned_from_text_graph_and_both() {
    let (encoder, device) = (span_encoder(64), device());
    let generated = corpus(1, 120, 40);
    let labels = EventLabels::of(&documents(&generated.labeled));
    let markers = Markers::reserved(encoder.tokenizer(), labels.types.len()).unwrap();
    let train = Data::new(&generated.labeled, &labels);
    let test = Data::new(&generated.test, &labels);
    let gold = test.corpus.types();
    for (text, graph, least) in [(true, true, 0.6), (false, true, 0.35), (true, false, 0.6)] {
        let model = |task, classes| {
            let config = ClassifierConfig {
                task,
                classes,
                readout: graph,
                dropout: 0.1,
            };
            let gin = graph.then(|| Gin::new(GIN, Seed::new(3), &device).unwrap());
            let encoder = text.then(|| bert(&device));
            EventClassifier::new(encoder, gin, config, Seed::new(5), &device).unwrap()
        };
        let detector = model(Task::Detection, labels.types.len() + 1);
        let set = train.set(&train.corpus.triggers, &encoder, &markers);
        let (detector, _) = fine_tune(detector, set, &settings(), None, &device).unwrap();
        let set = test.set(&test.corpus.triggers, &encoder, &markers);
        let types = predict(&detector, set, 64, &device).unwrap();
        let classes = detector.config.classes;
        let scores = detection_scores(&gold, &types, classes, Average::Micro).unwrap();
        assert!(scores.f1 > least, "{text} {graph}: {scores:?}");
        if graph {
            continue;
        }

        let roles = model(Task::Arguments, labels.roles.len() + 1);
        let candidates = train
            .corpus
            .arguments(&train.corpus.types())
            .unwrap()
            .candidates;
        let set = train.set(&candidates, &encoder, &markers);
        let (roles, _) = fine_tune(roles, set, &settings(), None, &device).unwrap();
        let types: Vec<usize> = types.iter().map(|found| found.unwrap_or(0)).collect();
        let candidates = test.corpus.arguments(&types).unwrap().candidates;
        let set = test.set(&candidates, &encoder, &markers);
        let found = predict(&roles, set, 64, &device).unwrap();
        let instances = test.corpus.instances(&types, &found).unwrap();
        let strict = argument_scores(&instances, ArgumentMode::Strict).unwrap();
        let arguments: usize = generated
            .test
            .iter()
            .flat_map(|sentence| &sentence.document.events)
            .map(|event| event.arguments.len())
            .sum();
        assert_eq!(strict.arguments.gold, arguments);
        assert!(strict.arguments.scores.f1 > 0.6, "{strict}");
    }
}

/// A detector of the types of `labels` by text alone, without dropout.
fn detection(labels: &EventLabels) -> ClassifierConfig {
    ClassifierConfig {
        task: Task::Detection,
        classes: labels.types.len() + 1,
        readout: false,
        dropout: 0.0,
    }
}

#[test]
fn long_candidates_are_misses_and_gold_roles_are_kept() {
    let device = device();
    let encoder = span_encoder(12);
    let generated = corpus(1, 10, 1);
    let labels = EventLabels::of(&documents(&generated.labeled));
    let markers = Markers::reserved(encoder.tokenizer(), labels.types.len()).unwrap();
    let data = Data::new(&generated.labeled, &labels);
    let config = detection(&labels);
    let new = |config, text: bool| {
        let encoder = text.then(|| bert(&device));
        EventClassifier::new(encoder, None, config, Seed::new(5), &device)
    };
    let model = new(config, true).unwrap();
    let set = data.set(&data.corpus.triggers, &encoder, &markers);
    let found = predict(&model, set, 8, &device).unwrap();
    let missed = found.iter().filter(|class| class.is_none()).count();
    assert!(
        missed > 0 && missed < found.len(),
        "{missed} of {}",
        found.len()
    );
    assert!(new(config, false).is_err());
    let arguments = ClassifierConfig {
        task: Task::Arguments,
        ..config
    };
    let other = new(arguments, true).unwrap();
    assert!(predict(&other, set, 8, &device).is_err());

    // Perfect predictions, and none at all.
    let gold = data.corpus.types();
    let candidates = data.corpus.arguments(&gold).unwrap().candidates;
    let roles: Vec<Option<usize>> = candidates.iter().map(|each| Some(each.class)).collect();
    let perfect = data.corpus.instances(&gold, &roles).unwrap();
    for mode in ArgumentMode::ALL {
        assert_eq!(
            argument_scores(&perfect, mode).unwrap().arguments.scores.f1,
            1.0
        );
    }
    let none = vec![0; gold.len()];
    let missed = data.corpus.instances(&none, &[]).unwrap();
    let strict = argument_scores(&missed, ArgumentMode::Strict)
        .unwrap()
        .arguments;
    let expected = roles.iter().flatten().filter(|&&role| role > 0).count();
    assert_eq!((strict.gold, strict.predicted), (expected, 0));
    assert!(data.corpus.instances(&gold, &[]).is_err());
}

#[test]
fn tokens_without_vectors_and_scores_that_are_not_finite_are_refused() {
    let (encoder, device) = (span_encoder(64), device());
    let generated = corpus(1, 10, 1);
    let labels = EventLabels::of(&documents(&generated.labeled));
    let markers = Markers::reserved(encoder.tokenizer(), labels.types.len()).unwrap();
    let data = Data::new(&generated.labeled, &labels);
    let config = detection(&labels);
    let text = Some(bert(&device));
    let mut model = EventClassifier::new(text, None, config, Seed::new(5), &device).unwrap();
    // The encoder's table has 8192 rows.
    let unknown = Markers {
        detection: 8192,
        ..markers.clone()
    };
    let set = data.set(&data.corpus.triggers, &encoder, &unknown);
    let found = predict(&model, set, 8, &device).err();
    let trained = fine_tune(model.clone(), set, &settings(), None, &device).err();
    for error in [found, trained] {
        let error = error.unwrap().to_string();
        assert!(
            error.starts_with("candidate 0: has the token 8192"),
            "{error}"
        );
    }

    let set = data.set(&data.corpus.triggers, &encoder, &markers);
    assert!(predict(&model, set, 8, &device).is_ok());
    let weight = model.output.weight;
    model.output.weight = weight.map(|weight| weight.mul_scalar(f32::NAN));
    let error = predict(&model, set, 8, &device).unwrap_err().to_string();
    assert!(
        error.contains("class 0 has the score NaN, must be finite"),
        "{error}"
    );
}
