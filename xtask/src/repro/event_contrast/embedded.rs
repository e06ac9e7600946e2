//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::rng::Seed;
use plm_event_contrast::generate::{GeneratorConfig, generate};

use super::lab::Lab;
use super::recipe::SMALL;
use super::sentences::{Sentences, aligned};
use super::study::{self, Plan, Problem};
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
        runs.push(study::run(context, &lab, &problem, &plan, seed)?);
    }
    amr::check_round_trips(failed, &mut outcome);
    report::rows("generated", &runs, &mut outcome)?;
    pictures::draw("generated", &runs, &plan, &mut outcome)?;
    report::check(&runs, &plan, &mut outcome)?;
    outcome.notes.push(format!(
        "Generated sentences of two events; test sentences have other triggers and objects than labeled ones. \
         The text encoder is the first {} layers of plm-mini, nodes of graphs have its word embeddings. `none` \
         are the same encoders without pre-training on events; `no-hard` is pre-trained without negatives from \
         the same sentence; `mlm` predicted masked words alone, in the same steps on the same sentences: what these \
         teach without the contrast. The maps of `none` and `mlm` were not trained, so their mentions are \
         represented by states; retrieval compares maps, and that of `none` is that of random ones. Clusters are \
         as many as there are gold types and roles, and are made by the same procedure from both encoders. \
         Candidates of detection are triggers and as many other words.",
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

/// The sentences of a seed, and how many of their graphs change when written and read again.
fn problem(context: &Context, seed: Seed, failed: &mut usize) -> Result<Problem> {
    let count = |key: &str, default: usize| context.settings.get(key, default);
    let (unlabeled, clustered) = (count("unlabeled", 400)?, count("clustered", 150)?);
    let config = GeneratorConfig {
        unlabeled: unlabeled + clustered,
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
    };
    let corpus = generate(&config, seed.child("corpus"))?;
    for part in [&corpus.unlabeled, &corpus.labeled, &corpus.test] {
        for sentence in part {
            *failed += usize::from(!amr::round_trip(&sentence.penman(true)));
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
