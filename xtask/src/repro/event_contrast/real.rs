//! The tier on real models and public data.

use std::collections::BTreeMap;

use anyhow::{Result, bail, ensure};
use plm_core::rng::Seed;
use plm_event_contrast::amr::{AlignedGraph, TokenSpan};
use plm_event_contrast::data::EventDocument;
use plm_event_contrast::pairs::{PairSource, SentencePairs, Trigger};
use plm_event_contrast::text::{ContrastSentence, EventEncoder};
use rand::seq::SliceRandom;

use super::lab::{Lab, PAIRS};
use super::liberal::{Represented, Unlabeled, words};
use super::recipe::REAL;
use super::sentences::Sentences;
use super::study::{self, Run, retrieval, shares};
use super::supervised::{Extent, Parts, System, curve};
use super::{amr, pictures, pretrain, read, report, samples};
use crate::repro::{Context, Outcome, Row};

/// Mentions that a chain has to have to be clustered.
const CHAIN: usize = 4;

/// What can be run beside pre-training.
const PARTS: [&str; 4] = ["amr", "litbank", "bionlp", "ecb"];

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let parts: String = context.settings.get("parts", PARTS.join(","))?;
    for part in parts.split(',') {
        ensure!(PARTS.contains(&part), "parts={part}: some of {PARTS:?}");
    }
    let lab = lab(context)?;
    let graphs = read::graphs(&context.store)?;
    amr::check_round_trips(graphs.refused + graphs.changed, &mut outcome);
    for (metric, count) in [
        ("graphs", graphs.read),
        ("graphs of different names", graphs.ids.len()),
        ("graphs cut off by the end of their file", graphs.cut),
        ("other graphs that were not read", graphs.refused),
        ("graphs whose alignments were not read", graphs.unaligned),
    ] {
        outcome.rows.push(Row::new("amr", metric, count as f64));
    }
    let sets = Sets::read(context, &parts)?;
    outcome.notes.extend_from_slice(&sets.remarks);
    let shares = shares(context, &[0.1, 1.0])?;
    let mut runs: BTreeMap<&str, Vec<Run>> = BTreeMap::new();
    let bar = context
        .progress
        .bar(context.seeds.len() as u64, "real, seeds");
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let models = Models::train(context, &lab, &graphs.aligned, seed, &mut runs)?;
        for (name, arguments, [train, test]) in &sets.supervised {
            let count = |key: &str| context.settings.get(key, 300);
            let drawn = |documents: &[EventDocument], count, part: &str| Sentences {
                documents: read::draw(documents, count, seed.child(part)),
                graphs: None,
            };
            let train = drawn(train, count("labeled")?, "labeled");
            let test = drawn(test, count("test")?, "test");
            let mut run = Run::default();
            let systems = models.systems();
            curve(
                &lab,
                [&train, &test],
                *arguments,
                &systems,
                &shares,
                seed,
                &mut run,
            )?;
            runs.entry(*name).or_default().push(run);
        }
        if let Some(topics) = &sets.ecb {
            let run = coreference(context, &lab, topics, &models, seed)?;
            runs.entry("ecb").or_default().push(run);
        }
        bar.inc(1);
    }
    for (name, runs) in &runs {
        report::rows(name, runs, &mut outcome)?;
        if sets.supervised.iter().any(|set| set.0 == *name) {
            let systems = [("none", "not pre-trained"), ("text", "pre-trained")];
            pictures::curve(name, runs, &shares, systems, &mut outcome);
        }
    }
    if let Some(runs) = runs.get("amr") {
        report::check_retrieval("amr.pretraining_raises_retrieval_at_1", runs, &mut outcome)?;
    }
    outcome.notes.push(format!(
        "Text encoder alone: these sets have no graphs. It has {} layers; it is pre-trained on gold graphs of \
         Bio-AMR (aligned) and MASSIVE-AMR (aligned by rules), drawn anew for each seed. Where it can predict \
         masked words, `mlm` did so alone, in the same steps on the same sentences. The maps of `none` and `mlm` \
         were not trained: their mentions are clustered by states and those of `text` by maps, and retrieval \
         compares random maps for them; its rows with `states` compare the cosines of states. Graphs without two \
         triggers that have arguments give no pair: `sentences with pairs` is what is left of those drawn. LitBank \
         has one type of event, BioNLP is tested on its development texts. Only sentences with an event are drawn, \
         to train on and to test on, and candidates are triggers and three other words for each event, so that \
         scores are too high and cannot be compared with published ones. ECB+: mentions of chains of at least \
         {CHAIN} mentions are clustered into as many clusters as there are chains; the mentions are given. Graphs \
         of Bio-AMR stand in up to three files, which are all read, written and read again. The Little Prince \
         corpus is not used.",
        lab.layers()
    ));
    Ok(outcome)
}

/// The encoder that is asked for.
fn lab(context: &Context) -> Result<Lab> {
    let encoder: String = context.settings.get("encoder", "minilm".to_owned())?;
    let folder = match encoder.as_str() {
        "minilm" => context.store.dir("minilm-l6")?,
        "plm-mini" => context.root.join("models/plm-mini"),
        other => bail!("encoder={other}: minilm or plm-mini"),
    };
    Lab::load(
        context,
        &folder,
        context.settings.get("layers", 0)?,
        96,
        &REAL,
    )
}

/// The data sets that are asked for.
struct Sets {
    /// Name, whether there are arguments, training and test sentences.
    supervised: Vec<(&'static str, bool, [Vec<EventDocument>; 2])>,
    ecb: Option<BTreeMap<usize, Vec<EventDocument>>>,
    /// What was read and what was lost.
    remarks: Vec<String>,
}

impl Sets {
    fn read(context: &Context, parts: &str) -> Result<Self> {
        let wanted = |name: &str| parts.split(',').any(|part| part == name);
        let (mut supervised, mut remarks) = (Vec::new(), Vec::new());
        if wanted("litbank") {
            let (parts, report) = read::litbank(&context.store)?;
            remarks.push(read::remark("litbank", &report));
            supervised.push(("litbank", false, parts));
        }
        if wanted("bionlp") {
            let (parts, report) = read::bionlp(&context.store)?;
            remarks.push(read::remark("bionlp", &report));
            supervised.push(("bionlp", true, parts));
        }
        let mut ecb = None;
        if wanted("ecb") {
            let (topics, report) = read::ecb(&context.store)?;
            remarks.push(read::remark("ecb", &report));
            ecb = Some(topics);
        }
        Ok(Self {
            supervised,
            ecb,
            remarks,
        })
    }
}

/// The text encoder before and after pre-training, and after predicting masked words alone.
struct Models {
    none: EventEncoder,
    text: EventEncoder,
    mlm: Option<EventEncoder>,
}

impl Models {
    fn train(
        context: &Context,
        lab: &Lab,
        graphs: &[AlignedGraph],
        seed: Seed,
        runs: &mut BTreeMap<&str, Vec<Run>>,
    ) -> Result<Self> {
        let mut graphs = graphs.to_vec();
        graphs.shuffle(&mut seed.stream("graphs"));
        let held = graphs.split_off(graphs.len() - graphs.len() / 5);
        graphs.truncate(context.settings.get("unlabeled", 1_500)?);
        let pairs = PairSource::Amr(&graphs, PAIRS).pairs();
        let sentences = ContrastSentence::all(&lab.spans, &pairs)?;
        let contrast = lab.recipe.contrast;
        let models = Self {
            none: lab.encoder(&contrast, seed.child("maps")),
            text: pretrain::text(lab, &sentences, &contrast, seed)?,
            mlm: pretrain::masked_words(lab, &sentences, &contrast, seed)?,
        };
        let mut run = Run::default();
        let mut all = vec![("none", &models.none), ("text", &models.text)];
        all.extend(models.mlm.as_ref().map(|model| ("mlm", model)));
        retrieval(lab, &held, &all, &mut run)?;
        run.put("sentences", "sentences with pairs", sentences.len() as f64);
        runs.entry("amr").or_default().push(run);
        Ok(models)
    }

    fn systems(&self) -> Vec<System<'_>> {
        let mlm = self.mlm.as_ref().map(|model| ("mlm", model));
        [("none", &self.none), ("text", &self.text)]
            .into_iter()
            .chain(mlm)
            .map(|(name, model)| System {
                name,
                parts: Parts::of(Some(model), None),
                extent: Extent::Whole,
            })
            .collect()
    }

    /// What mentions are represented by.
    fn represented(&self) -> Vec<(&'static str, Represented<'_>)> {
        let mlm = self.mlm.as_ref();
        let mlm = mlm.map(|model| ("mlm", Represented::by_states(model)));
        [
            ("none", Represented::by_states(&self.none)),
            ("text", Represented::by_maps(&self.text)),
        ]
        .into_iter()
        .chain(mlm)
        .collect()
    }
}

/// Clusters the mentions of some topics of ECB+ into chains.
fn coreference(
    context: &Context,
    lab: &Lab,
    topics: &BTreeMap<usize, Vec<EventDocument>>,
    models: &Models,
    seed: Seed,
) -> Result<Run> {
    let mut numbers: Vec<&usize> = topics.keys().collect();
    numbers.shuffle(&mut seed.stream("topics"));
    numbers.truncate(context.settings.get("topics", 4)?);
    let mut documents: Vec<EventDocument> = numbers
        .into_iter()
        .flat_map(|topic| topics[topic].clone())
        .collect();
    let mut mentions: BTreeMap<String, usize> = BTreeMap::new();
    for event in documents.iter().flat_map(|document| &document.events) {
        *mentions.entry(event.event_type.clone()).or_default() += 1;
    }
    for document in &mut documents {
        document
            .events
            .retain(|event| mentions[&event.event_type] >= CHAIN);
    }
    documents.retain(|document| !document.events.is_empty());
    documents.truncate(context.settings.get("clustered", 300)?);
    let sentences = Sentences {
        documents,
        graphs: None,
    };
    let pairs: Vec<_> = sentences.documents.iter().map(mentioned).collect();
    let tokens = sentences.tokens();
    let name = |sentence: usize, span| words(&tokens[sentence], span);
    let unlabeled = Unlabeled::new(&sentences, &pairs, name, None)?;
    let mut run = Run::default();
    for (name, text) in models.represented() {
        let vectors = unlabeled.text(lab, text)?;
        let vectors = unlabeled.prepared(&vectors, lab.recipe.clustering.senses);
        let clustered = unlabeled.cluster(lab, vectors)?;
        study::report(name, &clustered, &mut run);
        if name == "text" {
            run.texts.push(samples::clusters(&unlabeled, &clustered)?);
        }
    }
    let id = "liberal.chains";
    run.put(id, "chains", unlabeled.types as f64);
    run.put(id, "mentions", unlabeled.candidates.triggers.len() as f64);
    Ok(run)
}

/// The gold mentions of a sentence as triggers; its participants, times and places are the arguments of
/// each, as ECB+ does not say whose they are.
fn mentioned(document: &EventDocument) -> Option<SentencePairs> {
    let spans = |spans: &mut dyn Iterator<Item = (usize, usize)>| {
        let mut spans: Vec<TokenSpan> = spans.map(|(a, b)| TokenSpan::new(a, b)).collect();
        spans.sort_unstable();
        spans.dedup();
        spans
    };
    let events = document.events.iter().flat_map(|event| &event.mentions);
    let triggers = spans(&mut events.map(|mention| (mention.span.start, mention.span.end)));
    let entities = document.entities.iter().flat_map(|entity| &entity.mentions);
    let entities = spans(&mut entities.map(|mention| (mention.span.start, mention.span.end)));
    let sentence = document.sentences.first()?;
    (!triggers.is_empty() && !entities.is_empty()).then(|| SentencePairs {
        id: document.id.clone(),
        tokens: sentence.tokens.clone(),
        auto_aligned: false,
        triggers: triggers
            .into_iter()
            .map(|trigger| Trigger {
                trigger,
                arguments: entities.clone(),
                roles: Vec::new(),
                negatives: Vec::new(),
            })
            .collect(),
    })
}
