//! All ways on one generated corpus and seed.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::rng::Seed;
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::finetune::{CorpusLosses, EventLabels};
use plm_event_contrast::liberal::{CandidateVectors, join};
use plm_event_contrast::pairs::PairSource;
use plm_event_contrast::text::{ContrastSentence, EventContrast, EventEncoder, retrieval_scores};

use super::lab::{BATCH, Lab, PAIRS};
use super::liberal::{Clustered, Represented, Unlabeled};
use super::pretrain::{self, Encoders};
use super::samples;
use super::sentences::Sentences;
use super::supervised::{Extent, Parts, System, curve};
use crate::repro::{Context, Text};

/// The sentences of one seed.
pub(super) struct Problem {
    /// What is pre-trained on.
    pub(super) unlabeled: Vec<AlignedGraph>,
    /// What is fine-tuned on.
    pub(super) labeled: Sentences,
    /// What fine-tuned models are scored on.
    pub(super) test: Sentences,
    /// What is clustered, and what retrieval is measured on.
    pub(super) clustered: Sentences,
}

/// What is run beside pre-training.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) supervised: bool,
    pub(super) liberal: bool,
    /// Shares of the labeled sentences.
    pub(super) shares: Vec<f64>,
}

impl Plan {
    pub(super) fn of(context: &Context) -> Result<Self> {
        let parts: String = context
            .settings
            .get("parts", "supervised,liberal".to_owned())?;
        let known = ["supervised", "liberal"];
        for part in parts.split(',') {
            ensure!(known.contains(&part), "parts={part}: one of {known:?}");
        }
        Ok(Self {
            supervised: parts.contains("supervised"),
            liberal: parts.contains("liberal"),
            shares: shares(context, &[0.1, 1.0])?,
        })
    }
}

/// The shares of labels that are asked for.
pub(super) fn shares(context: &Context, default: &[f64]) -> Result<Vec<f64>> {
    let shares = context.settings.list("shares", default)?;
    let rising = shares.windows(2).all(|pair| pair[0] < pair[1]);
    ensure!(rising, "shares={shares:?}: must rise");
    Ok(shares)
}

/// Identifier and metric of a figure.
pub(super) type Key = (String, &'static str);

/// What one seed gave.
#[derive(Default)]
pub(super) struct Run {
    pub(super) figures: BTreeMap<Key, f64>,
    pub(super) scene: Option<Scene>,
    pub(super) texts: Vec<Text>,
    /// Gold events and arguments of labeled and test sentences that are not among the candidates; none
    /// where nothing was fine-tuned.
    pub(super) losses: Option<CorpusLosses>,
}

/// What is drawn of the first seed: triggers before and after pre-training.
pub(super) struct Scene {
    /// The gold type of each trigger, none for words that trigger nothing.
    pub(super) types: Vec<Option<usize>>,
    pub(super) names: Vec<String>,
    /// Vectors of single mentions.
    pub(super) before: plm_event_contrast::text::SpanVectors,
    pub(super) after: plm_event_contrast::text::SpanVectors,
    pub(super) clusters: Vec<usize>,
}

impl Run {
    pub(super) fn put(&mut self, id: impl Into<String>, metric: &'static str, value: f64) {
        self.figures.insert((id.into(), metric), value);
    }

    /// The figure `id`.
    pub(super) fn get(&self, id: &str, metric: &'static str) -> Option<f64> {
        self.figures.get(&(id.to_owned(), metric)).copied()
    }
}

/// The encoders of a seed.
pub(super) struct Ways {
    pub(super) none: Encoders,
    pub(super) cleve: Encoders,
    /// The text encoder after the same steps of predicting masked words without the contrast.
    pub(super) mlm: Option<EventEncoder>,
    /// Pre-trained without negatives from the same sentence, neither listed ones nor those of the batch.
    pub(super) far: EventEncoder,
}

impl Ways {
    pub(super) fn train(lab: &Lab, graphs: &[AlignedGraph], seed: Seed) -> Result<Self> {
        let contrast = lab.recipe.contrast;
        let pairs = PairSource::Amr(graphs, PAIRS).pairs();
        let sentences = ContrastSentence::all(&lab.spans, &pairs)?;
        let far = EventContrast {
            same_sentence: false,
            ..contrast
        };
        Ok(Self {
            none: Encoders {
                text: lab.encoder(&contrast, seed.child("maps")),
                gin: pretrain::new_gin(lab, seed)?,
            },
            cleve: Encoders {
                text: pretrain::text(lab, &sentences, &contrast, seed)?,
                gin: pretrain::graph(lab, graphs, seed)?,
            },
            mlm: pretrain::masked_words(lab, &sentences, &contrast, seed)?,
            far: pretrain::text(lab, &sentences, &far, seed)?,
        })
    }
}

/// Pre-trains, and measures everything that `plan` asks for.
pub(super) fn run(
    context: &Context,
    lab: &Lab,
    problem: &Problem,
    plan: &Plan,
    seed: Seed,
) -> Result<Run> {
    let label = format!("generated, seed {}", seed.value());
    let bar = context.progress.bar(3, &label);
    let mut run = Run::default();
    let ways = Ways::train(lab, &problem.unlabeled, seed)?;
    bar.inc(1);
    let mut models = vec![
        ("none", &ways.none.text),
        ("text", &ways.cleve.text),
        ("far", &ways.far),
    ];
    models.extend(ways.mlm.as_ref().map(|model| ("mlm", model)));
    retrieval(lab, problem.clustered.graphs()?, &models, &mut run)?;
    if plan.liberal {
        liberal(lab, problem, &ways, &mut run)?;
    }
    bar.inc(1);
    if plan.supervised {
        supervised(lab, problem, &ways, plan, seed, &mut run)?;
    }
    bar.inc(1);
    Ok(run)
}

fn liberal(lab: &Lab, problem: &Problem, ways: &Ways, run: &mut Run) -> Result<()> {
    let unlabeled = Unlabeled::of_graphs(lab, &problem.clustered)?;
    let (none, cleve) = (&ways.none, &ways.cleve);
    let senses = lab.recipe.clustering.senses;
    let ready = |vectors: &CandidateVectors| unlabeled.prepared(vectors, senses);
    let plain = unlabeled.text(lab, Represented::by_states(&none.text))?;
    let trained = unlabeled.text(lab, Represented::by_maps(&cleve.text))?;
    let far = unlabeled.text(lab, Represented::by_maps(&ways.far))?;
    let (plain_text, trained_text) = (ready(&plain), ready(&trained));
    let plain_graph = ready(&unlabeled.graph(lab, &none.gin)?);
    let trained_graph = ready(&unlabeled.graph(lab, &cleve.gin)?);
    let mut systems = vec![
        ("none.both", join(&plain_text, &plain_graph)?),
        ("both", join(&trained_text, &trained_graph)?),
        ("none.text", plain_text),
        ("none.graph", plain_graph),
        ("text", trained_text),
        ("graph", trained_graph),
        ("far", ready(&far)),
    ];
    if let Some(mlm) = &ways.mlm {
        let mlm = unlabeled.text(lab, Represented::by_states(mlm))?;
        systems.push(("mlm", ready(&mlm)));
    }
    let mut kept: Option<Clustered> = None;
    for (name, vectors) in systems {
        let clustered = unlabeled.cluster(lab, vectors)?;
        report(name, &clustered, run);
        if name == "text" {
            kept = Some(clustered);
        }
    }
    let clusters = kept.context("no clusters")?;
    let (before, after) = (
        unlabeled.prepared(&plain, false),
        unlabeled.prepared(&trained, false),
    );
    for (name, vectors) in [("none.mentions", &before), ("mentions", &after)] {
        report(name, &unlabeled.cluster(lab, vectors.clone())?, run);
    }
    run.texts.push(samples::clusters(&unlabeled, &clusters)?);
    run.scene = Some(Scene {
        types: unlabeled.gold_types(),
        names: EventLabels::of(&problem.clustered.documents).types,
        before: before.triggers,
        after: after.triggers,
        clusters: clusters.labels,
    });
    Ok(())
}

/// Adds the scores of both sides.
pub(super) fn report(name: &str, clustered: &Clustered, run: &mut Run) {
    for (side, scores) in [
        ("triggers", clustered.report.triggers),
        ("arguments", clustered.report.arguments),
    ] {
        // Corpora of coreference have no gold arguments.
        if scores.coverage.gold == 0 {
            continue;
        }
        let id = format!("liberal.{name}.{side}");
        run.put(&id, "share of gold mentions", scores.coverage.recall());
        if let Some(clusters) = scores.clusters {
            run.put(&id, "B-cubed F1", clusters.b_cubed.f1);
            run.put(&id, "NMI", clusters.normalized_mutual_information);
            run.put(&id, "ARI", clusters.adjusted_rand_index);
            run.put(&id, "Fowlkes-Mallows", clusters.fowlkes_mallows);
            run.put(&id, "accuracy (best assignment)", clusters.accuracy);
        }
    }
}

/// The name of a share: its percentage.
pub(super) fn percent(share: f64) -> String {
    format!("{:.0}", 100.0 * share)
}

fn supervised(
    lab: &Lab,
    problem: &Problem,
    ways: &Ways,
    plan: &Plan,
    seed: Seed,
    run: &mut Run,
) -> Result<()> {
    let (none, cleve) = (&ways.none, &ways.cleve);
    let (text, gin) = (&cleve.text, &cleve.gin);
    let mut systems: Vec<System<'_>> = [
        ("none", Extent::Whole, Some(&none.text), Some(&none.gin)),
        ("both", Extent::Whole, Some(text), Some(gin)),
        ("none.text", Extent::Largest, Some(&none.text), None),
        ("text", Extent::Largest, Some(text), None),
        ("graph", Extent::Largest, None, Some(gin)),
        ("far", Extent::Largest, Some(&ways.far), Some(gin)),
    ]
    .into_iter()
    .map(|(name, extent, text, gin)| System {
        name,
        parts: Parts::of(text, gin),
        extent,
    })
    .collect();
    if let Some(mlm) = &ways.mlm {
        systems.push(System {
            name: "mlm",
            parts: Parts::of(Some(mlm), Some(&none.gin)),
            extent: Extent::Ends,
        });
        systems.push(System {
            name: "mlm.text",
            parts: Parts::of(Some(mlm), None),
            extent: Extent::Largest,
        });
    }
    let sets = [&problem.labeled, &problem.test];
    curve(lab, sets, true, &systems, &plan.shares, seed, run)
}

/// How often the best-scored argument of a trigger is its own, by maps and by states.
pub(super) fn retrieval(
    lab: &Lab,
    graphs: &[AlignedGraph],
    models: &[(&str, &EventEncoder)],
    run: &mut Run,
) -> Result<()> {
    let pairs = PairSource::Amr(graphs, PAIRS).pairs();
    let sentences = ContrastSentence::all(&lab.spans, &pairs)?;
    for (name, model) in models {
        let found = retrieval_scores(model, &sentences, &lab.spans, BATCH, &lab.device)?;
        for (id, scores) in [
            (format!("retrieval.{name}"), found.by_maps),
            (format!("retrieval.{name}.states"), found.by_states),
        ] {
            run.put(&id, AT_1, scores.in_sentence);
            run.put(&id, "retrieval@1 over all sentences", scores.overall);
        }
    }
    Ok(())
}

/// The metric of [`retrieval`] that is claimed to rise.
pub(super) const AT_1: &str = "retrieval@1 in the sentence";
