//! Probing vectors for trees that are hidden in them.

use anyhow::{Context as _, Result};
use burn::tensor::Device;
use plm_core::rng::Seed;

use crate::report::{Plot, Series};
use crate::repro::bounds::worse;
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::generate::HiddenTrees;
use plm_lorentz::task::probing::{
    Probe, ProbeConfig, ProbeScores, ProbeSentence, ProbeTarget, ProbeTraining, probe_scores,
    train_probe,
};

/// One of the figures of a probe.
type Measure = fn(&ProbeScores) -> f64;

/// The measures, by their names in reports.
const MEASURES: [(&str, Measure); 4] = [
    ("uuas", |scores| scores.uuas),
    ("dspr", |scores| scores.distance_correlation),
    ("root_accuracy", |scores| scores.root_accuracy),
    ("nspr", |scores| scores.depth_correlation),
];

/// The spaces that are probed, by their names in reports.
const SPACES: [&str; 2] = ["lorentz", "euclidean"];

/// Sentences of one seed.
struct Sentences {
    train: Vec<ProbeSentence>,
    test: Vec<ProbeSentence>,
    /// Vectors and trees of `train` that do not belong together.
    control: Vec<ProbeSentence>,
    /// Vectors and trees of `test` that do not belong together.
    control_test: Vec<ProbeSentence>,
}

/// One seed's scores by dimensions, then by space.
type Scores = Vec<[ProbeScores; 2]>;

/// Probes generated vectors in both spaces.
pub(in super::super) fn embedded(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let settings = &context.settings;
    let trees = HiddenTrees {
        noise: settings.get("probe_noise", 0.3)?,
        ..HiddenTrees::default()
    };
    let dimensions: Vec<usize> = settings.list("probe_dimensions", &[2, 4, 8, 16])?;
    let counts = [
        settings.get("probe_sentences", 400)?,
        settings.get("probe_test", 200)?,
    ];
    let epochs = settings.get("probe_epochs", 20)?;
    let device = plm_core::device::parse(&context.device)?;
    let mut scores: Vec<Scores> = Vec::new();
    let mut control = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let sentences = sentences(&trees, counts, seed)?;
        let mut of_seed = Vec::new();
        for &dimensions in &dimensions {
            let config = ProbeConfig::new(2 * trees.half_width, dimensions);
            let lorentz = |device: &Device| config.init_lorentz(seed.child("init"), device);
            let euclidean = |device: &Device| config.init_euclidean(seed.child("init"), device);
            of_seed.push([
                probed(
                    lorentz,
                    [&sentences.train, &sentences.test],
                    epochs,
                    seed,
                    &device,
                )?,
                probed(
                    euclidean,
                    [&sentences.train, &sentences.test],
                    epochs,
                    seed,
                    &device,
                )?,
            ]);
        }
        let config = ProbeConfig::new(2 * trees.half_width, widest(&dimensions)?);
        let lorentz = |device: &Device| config.init_lorentz(seed.child("init"), device);
        let parts = [sentences.control.as_slice(), &sentences.control_test];
        control.push(probed(lorentz, parts, epochs, seed, &device)?);
        scores.push(of_seed);
    }
    report(&dimensions, &scores, &control, outcome);
    outcome.notes.push(format!(
        "Probing: vectors of {} numbers with random trees of {} to {} words hidden in half of their directions, \
         {} times weaker than the other half, with noise of {} of a step; {} sentences to train probes and {} to \
         measure them. Control vectors belong to other trees of the same sizes. No treebank is to be had here, so \
         the paper's probes of trained encoders on PTB are left out.",
        2 * trees.half_width,
        trees.min_length,
        trees.max_length,
        trees.distraction,
        trees.noise,
        counts[0],
        counts[1]
    ));
    Ok(())
}

fn widest(dimensions: &[usize]) -> Result<usize> {
    dimensions
        .iter()
        .copied()
        .max()
        .context("probe_dimensions: no number")
}

fn sentences(trees: &HiddenTrees, [train, test]: [usize; 2], seed: Seed) -> Result<Sentences> {
    let map = seed.child("map");
    let make = |count, name: &str| trees.generate(count, map, seed.child(name));
    let (train, test) = (make(train, "train")?, make(test, "test")?);
    Ok(Sentences {
        control: strangers(&train)?,
        control_test: strangers(&test)?,
        train,
        test,
    })
}

/// Each sentence's vectors with its words in the opposite order, its tree as it is.
fn strangers(sentences: &[ProbeSentence]) -> Result<Vec<ProbeSentence>> {
    let stranger = |sentence: &ProbeSentence| {
        let words = (0..sentence.tree().len()).rev();
        let states = words
            .flat_map(|word| sentence.state(word).to_vec())
            .collect();
        Ok(ProbeSentence::new(
            states,
            sentence.width(),
            sentence.tree().clone(),
        )?)
    };
    sentences.iter().map(stranger).collect()
}

/// Trains a probe of distances and one of depths, and measures both on other sentences.
fn probed<P: Probe>(
    init: impl Fn(&Device) -> plm_lorentz::Result<P>,
    [train, test]: [&[ProbeSentence]; 2],
    epochs: u64,
    seed: Seed,
    device: &Device,
) -> Result<ProbeScores> {
    let training = device.clone().autodiff();
    let fit = |target| -> Result<P> {
        let settings = ProbeTraining {
            epochs,
            learning_rate: 0.02,
            ..ProbeTraining::new(target, seed.child("order"))
        };
        let probe = train_probe(init(&training)?, train, &settings, &training)?;
        Ok(probe.valid())
    };
    let (distance, depth) = (fit(ProbeTarget::Distance)?, fit(ProbeTarget::Depth)?);
    Ok(probe_scores(&distance, &depth, test, device)?)
}

fn report(dimensions: &[usize], scores: &[Scores], control: &[ProbeScores], outcome: &mut Outcome) {
    for (name, measure) in MEASURES {
        let mut series = Vec::new();
        for (space, space_name) in SPACES.into_iter().enumerate() {
            let mut points = Vec::new();
            for (at, dimensions) in dimensions.iter().enumerate() {
                let values: Vec<f64> = scores
                    .iter()
                    .map(|of_seed| measure(&of_seed[at][space]))
                    .collect();
                let id = format!("probing.{space_name}.d{dimensions}");
                let row = Row::over_seeds(id, name, &values);
                points.push((*dimensions as f64, row.ours));
                outcome.rows.push(row);
            }
            series.push(Series::new(space_name, points));
        }
        let values: Vec<f64> = control.iter().map(measure).collect();
        let row = Row::over_seeds("probing.control", name, &values);
        if name == "uuas" {
            let best = series[0].points.iter().map(|point| point.1);
            let best = best.fold(f64::NEG_INFINITY, worse);
            let check = |id: &str, value, bound| Check::new(id, value, Op::Ge, bound);
            outcome
                .checks
                .push(check("probing_lorentz_uuas", best, 0.7));
            let lead = best - row.ours;
            outcome
                .checks
                .push(check("probing_above_control", lead, 0.3));
            outcome.plots.push(Plot::lines(
                "probing_uuas",
                "Probing: share of tree edges found, by dimensions of the probe",
                "dimensions",
                "UUAS",
                series,
            ));
        }
        outcome.rows.push(row);
    }
}
