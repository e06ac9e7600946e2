//! Event detection and argument extraction.

use anyhow::Result;
use plm_core::metrics::Average;
use plm_core::models::EncoderModel;
use plm_core::rng::Seed;
use plm_core::train::freeze;
use plm_event_contrast::finetune::{
    Candidate, CandidateSet, ClassifierConfig, EventClassifier, EventCorpus, EventLabels,
    FineTuning, Markers, Task, fine_tune, predict,
};
use plm_event_contrast::gin::{Gin, SentenceGraphs};
use plm_event_contrast::score::{ArgumentMode, argument_scores, detection_scores};
use plm_event_contrast::text::EventEncoder;

use super::lab::{BATCH, Lab};
use super::sentences::Sentences;
use super::study::{Run, percent};
use super::{pretrain, samples};

/// What classifies: a text encoder, a graph network, or both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'e> {
    pub(super) text: Option<&'e EncoderModel>,
    pub(super) gin: Option<&'e Gin>,
}

impl<'e> Parts<'e> {
    pub(super) fn of(text: Option<&'e EventEncoder>, gin: Option<&'e Gin>) -> Self {
        Self {
            text: text.map(|model| &model.encoder),
            gin,
        }
    }
}

/// A system that is fine-tuned.
#[derive(Debug, Clone, Copy)]
pub(super) struct System<'e> {
    pub(super) name: &'static str,
    pub(super) parts: Parts<'e>,
    pub(super) extent: Extent,
}

/// What a system is fine-tuned for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Extent {
    /// Both tasks, with every share of the labels.
    Whole,
    /// Detection, with the least and the largest share.
    Ends,
    /// Detection, with the largest share.
    Largest,
}

/// What was found in the test sentences.
#[derive(Debug, Clone)]
pub(super) struct Extraction {
    /// Micro F1 of event types.
    pub(super) detection: f64,
    /// Micro F1 of pairs of event type and role, of found triggers, in the mode `strict`; none where
    /// arguments were not asked for.
    pub(super) arguments: Option<f64>,
    /// The type of each trigger candidate.
    pub(super) types: Vec<usize>,
    /// Trigger candidate, argument and role of each argument that was found.
    pub(super) roles: Vec<(usize, Candidate, usize)>,
}

/// Sentences of one part with their candidates.
pub(super) struct Part {
    pub(super) corpus: EventCorpus,
    graphs: Option<SentenceGraphs>,
}

impl Part {
    pub(super) fn new(lab: &Lab, sentences: &Sentences, labels: &EventLabels) -> Result<Self> {
        let graphs = sentences.graphs.as_deref();
        Ok(Self {
            corpus: EventCorpus::new(&sentences.documents, labels)?,
            graphs: graphs
                .map(|graphs| pretrain::whole(lab, graphs))
                .transpose()?,
        })
    }

    fn set<'a>(
        &'a self,
        candidates: &'a [Candidate],
        lab: &'a Lab,
        markers: &'a Markers,
    ) -> CandidateSet<'a> {
        CandidateSet {
            sentences: &self.corpus.sentences,
            candidates,
            encoder: &lab.spans,
            markers,
            graphs: self.graphs.as_ref(),
        }
    }
}

/// The tasks on one corpus.
pub(super) struct Tasks {
    pub(super) labels: EventLabels,
    markers: Markers,
    pub(super) test: Part,
}

impl Tasks {
    pub(super) fn new(lab: &Lab, labels: EventLabels, test: &Sentences) -> Result<Self> {
        Ok(Self {
            markers: Markers::reserved(lab.spans.tokenizer(), labels.types.len())?,
            test: Part::new(lab, test, &labels)?,
            labels,
        })
    }

    /// Fine-tunes `parts` on `train` and scores them, on `arguments` too where there are any.
    pub(super) fn run(
        &self,
        lab: &Lab,
        parts: Parts<'_>,
        train: &Part,
        arguments: bool,
        seed: Seed,
    ) -> Result<Extraction> {
        let test = &self.test;
        let classes = self.labels.types.len() + 1;
        let model = Self::model(lab, parts, Task::Detection, classes, seed)?;
        let set = train.set(&train.corpus.triggers, lab, &self.markers);
        let settings = tuning(lab, &lab.recipe.detection, set.candidates.len(), seed);
        let (model, _) = fine_tune(model, set, &settings, None, &lab.device)?;
        let set = test.set(&test.corpus.triggers, lab, &self.markers);
        let found = predict(&model, set, BATCH, &lab.device)?;
        let gold = test.corpus.types();
        let scores = detection_scores(&gold, &found, classes, Average::Micro)?;
        let mut extraction = Extraction {
            detection: scores.f1,
            arguments: None,
            types: found.iter().map(|found| found.unwrap_or(0)).collect(),
            roles: Vec::new(),
        };
        if arguments && !self.labels.roles.is_empty() {
            self.arguments(lab, parts, train, seed, &mut extraction)?;
        }
        Ok(extraction)
    }

    fn arguments(
        &self,
        lab: &Lab,
        parts: Parts<'_>,
        train: &Part,
        seed: Seed,
        extraction: &mut Extraction,
    ) -> Result<()> {
        let corpus = &train.corpus;
        let candidates = corpus.arguments(&corpus.types())?.candidates;
        let classes = self.labels.roles.len() + 1;
        let model = Self::model(lab, parts, Task::Arguments, classes, seed.child("roles"))?;
        let set = train.set(&candidates, lab, &self.markers);
        let settings = tuning(lab, &lab.recipe.arguments, candidates.len(), seed);
        let (model, _) = fine_tune(model, set, &settings, None, &lab.device)?;
        let test = &self.test;
        let asked = test.corpus.arguments(&extraction.types)?;
        let set = test.set(&asked.candidates, lab, &self.markers);
        let found = predict(&model, set, BATCH, &lab.device)?;
        let instances = test.corpus.instances(&extraction.types, &found)?;
        let scores = argument_scores(&instances, ArgumentMode::Strict)?;
        extraction.arguments = Some(scores.arguments.scores.f1);
        let pairs = asked.triggers.iter().zip(&asked.candidates).zip(&found);
        extraction.roles = pairs
            .filter_map(|((&trigger, &candidate), role)| {
                role.filter(|&role| role > 0)
                    .map(|role| (trigger, candidate, role))
            })
            .collect();
        Ok(())
    }

    fn model(
        lab: &Lab,
        parts: Parts<'_>,
        task: Task,
        classes: usize,
        seed: Seed,
    ) -> Result<EventClassifier> {
        let config = ClassifierConfig {
            task,
            classes,
            readout: false,
            dropout: 0.1,
        };
        let (text, gin) = (parts.text.cloned(), parts.gin.cloned());
        let model = EventClassifier::new(text, gin, config, seed.child("output"), &lab.device)?;
        let fixed = lab.layers().saturating_sub(lab.recipe.tuned);
        Ok(freeze(model, |param| {
            param.is_under("encoder.embeddings")
                || (0..fixed).any(|at| param.is_under(&format!("encoder.layers.{at}")))
        }))
    }
}

/// `settings` with passes enough for the least number of steps.
fn tuning(lab: &Lab, settings: &FineTuning, candidates: usize, seed: Seed) -> FineTuning {
    let steps = candidates.div_ceil(settings.batch).max(1);
    let least = lab.recipe.least_steps.div_ceil(steps) as u64;
    FineTuning {
        epochs: settings.epochs.max(least),
        seed: seed.child("tuning"),
        ..settings.clone()
    }
}

/// Fine-tunes `systems` on shares of the first of `sets` and scores them on the second, each as far as its
/// extent asks; arguments where they are asked for. Of the second system its output is kept as text.
pub(super) fn curve(
    lab: &Lab,
    sets: [&Sentences; 2],
    arguments: bool,
    systems: &[System<'_>],
    shares: &[f64],
    seed: Seed,
    run: &mut Run,
) -> Result<()> {
    let [labeled, test] = sets;
    let documents: Vec<_> = sets.iter().flat_map(|set| set.documents.clone()).collect();
    let tasks = Tasks::new(lab, EventLabels::of(&documents), test)?;
    for (at, share) in shares.iter().enumerate() {
        let (first, last) = (at == 0, at + 1 == shares.len());
        let train = labeled.share(*share, seed.child("share"))?;
        let train = Part::new(lab, &train, &tasks.labels)?;
        if last {
            let mut losses = train.corpus.losses;
            losses += tasks.test.corpus.losses;
            run.losses = Some(losses);
        }
        for (number, system) in systems.iter().enumerate() {
            let wanted = match system.extent {
                Extent::Whole => true,
                Extent::Ends => first || last,
                Extent::Largest => last,
            };
            if !wanted {
                continue;
            }
            let arguments = arguments && system.extent == Extent::Whole;
            let found = tasks.run(lab, system.parts, &train, arguments, seed)?;
            let id = |task: &str| format!("{task}.{}.{}", system.name, percent(*share));
            run.put(id("detection"), "F1", found.detection);
            if let Some(arguments) = found.arguments {
                run.put(id("arguments"), "F1 (strict)", arguments);
            }
            if number == 1 && last {
                run.texts.push(samples::events(&tasks, &found, system.name));
            }
        }
    }
    Ok(())
}
