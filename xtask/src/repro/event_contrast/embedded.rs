//! The tier that needs nothing but the repository.

use std::collections::BTreeSet;

use anyhow::Result;
use plm_core::rng::Seed;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::finetune::EventLabels;
use plm_event_contrast::generate::{GeneratorConfig, generate};
use plm_event_contrast::liberal::LiberalCandidates;
use plm_event_contrast::pairs::{PairSettings, SentencePairs, extract, extract_any};

use super::lab::{Lab, PAIRS};
use super::recipe::SMALL;
use super::sentences::{Sentences, aligned};
use super::study::{self, Plan, Problem, Run};
use super::{amr, exact, losses, pictures, report};
use crate::repro::{Context, Outcome};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let folder = context.root.join("models/plm-mini");
    let lab = Lab::load(
        context,
        &folder,
        context.settings.get("layers", 2)?,
        64,
        &SMALL,
    )?;
    let plan = Plan::of(context)?;
    exact::check(&mut outcome)?;
    losses::check(&lab.device, &mut outcome)?;
    let mut runs = Vec::new();
    let mut failed = 0;
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let problem = problem(context, seed, &mut failed)?;
        let mut run = study::run(context, &lab, &problem, &plan, seed)?;
        if plan.liberal {
            coverage(context, seed, &mut run)?;
        }
        runs.push(run);
    }
    amr::check_round_trips(failed, &mut outcome);
    report::rows("generated", &runs, &mut outcome)?;
    pictures::draw("generated", &runs, &plan, &mut outcome)?;
    report::check(&runs, &plan, &mut outcome)?;
    outcome.notes.push(format!(
        "Generated sentences of two events; test sentences have other triggers and objects than labeled ones. \
         The text encoder is the first {} layers of plm-mini, nodes of graphs have its word embeddings. `none` \
         are the same encoders without pre-training on events; `far` is pre-trained without negatives from the \
         same sentence, those of the batch included; `mlm` predicted masked words alone, in the same steps on the \
         same sentences: what these teach without the contrast. `none` and `mlm` have a graph network that was not \
         trained, so `both` differs from `mlm` by contrast and graph, and `text` from `mlm.text` by the contrast \
         alone. The maps of `none` and `mlm` were not trained either, so their mentions are clustered by states and \
         those of `text` by maps; retrieval compares maps, which are random for both, and rows with `states` the \
         cosines of states. Clusters are as many as there are gold types and roles, and are made by the same \
         procedure from both encoders. Candidates of detection are triggers and as many other words. `coverage` is \
         of other sentences, of one event or two: `contrasted` has candidates from those with two triggers that \
         have arguments, as pre-training does, `all` from every one, as clustering does.",
        lab.layers()
    ));
    outcome.notes.push(
        "Retrieval rises whatever is done; that clusters get better does not follow from it. Negatives from \
         other sentences are told apart by what a state says of its own sentence, and an encoder that is \
         trained on that alone groups mentions by sentence, not by event type. Three things against it, none \
         of which is in the released code: new maps are trained before the encoder is, masked words are \
         predicted beside (`mlm`), and a mention is represented by the mean over all mentions of its concept \
         (`senses`), from which the single sentence is gone; rows with `mentions` are without the last."
            .to_owned(),
    );
    Ok(outcome)
}

/// What generates sentences of two events.
fn generator(context: &Context) -> Result<GeneratorConfig> {
    let count = |key: &str, default: usize| context.settings.get(key, default);
    Ok(GeneratorConfig {
        unlabeled: count("unlabeled", 400)? + count("clustered", 150)?,
        labeled: count("labeled", 120)?,
        development: 0,
        test: count("test", 60)?,
        event_types: count("types", 8)?,
        min_events: 2,
        max_events: 2,
        modifiers: 0.1,
        places: 0.15,
        times: 0.25,
        distractors: 0.1,
        ..GeneratorConfig::default()
    })
}

/// The rules by which a graph gives mentions.
type Extract = fn(&AlignedGraph, PairSettings) -> Option<SentencePairs>;

/// The share of gold triggers among candidates, where some sentences have one event.
fn coverage(context: &Context, seed: Seed, run: &mut Run) -> Result<()> {
    let config = GeneratorConfig {
        min_events: 1,
        ..generator(context)?
    };
    let corpus = generate(&config, seed.child("coverage"))?;
    let sentences = Sentences::generated(&corpus.unlabeled, seed.child("coverage"))?;
    let (gold, _) = sentences.gold(&EventLabels::of(&sentences.documents))?;
    for (name, rules) in [
        ("contrasted", extract as Extract),
        ("all", extract_any as Extract),
    ] {
        let graphs = sentences.graphs()?.iter();
        let pairs: Vec<_> = graphs.map(|graph| rules(graph, PAIRS)).collect();
        let candidates = LiberalCandidates::new(&pairs)?;
        let triggers = candidates.triggers.iter();
        let found: BTreeSet<(usize, (usize, usize))> = triggers
            .map(|&(sentence, span)| (sentence, (span.start, span.end)))
            .collect();
        let mentions = gold.mentions.iter();
        let covered = mentions.filter(|mention| found.contains(&(mention.sentence, mention.span)));
        let share = covered.count() as f64 / gold.mentions.len().max(1) as f64;
        let id = format!("coverage.{name}.triggers");
        run.put(id, "share of gold mentions", share);
    }
    Ok(())
}

/// The sentences of a seed, and how many of their graphs change when written and read again.
fn problem(context: &Context, seed: Seed, failed: &mut usize) -> Result<Problem> {
    let config = generator(context)?;
    let unlabeled = context.settings.get("unlabeled", 400_usize)?;
    let corpus = generate(&config, seed.child("corpus"))?;
    for part in [&corpus.unlabeled, &corpus.labeled, &corpus.test] {
        for sentence in part {
            let trip = amr::round_trip(&sentence.penman(true));
            *failed += usize::from(trip != amr::Trip::Same);
        }
    }
    // Both have all words; no sentence is in both.
    let (pretraining, fresh) = corpus.unlabeled.split_at(unlabeled);
    Ok(Problem {
        unlabeled: aligned(pretraining)?,
        labeled: Sentences::generated(&corpus.labeled, seed.child("labeled"))?,
        test: Sentences::generated(&corpus.test, seed.child("test"))?,
        clustered: Sentences::generated(fresh, seed.child("clustered"))?,
    })
}
