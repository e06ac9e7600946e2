//! Reversed sequences, which need attention and positions and nothing else.

use anyhow::Result;
use burn::tensor::Device;
use plm_core::rng::Seed;
use plm_core::text::BatchBy;
use plm_core::train::Schedule;

use super::way::{Trained, Watch, Way, learn};
use crate::report::{Plot, Series};
use crate::repro::bounds::lesser;
use crate::repro::{Check, Context, Op, Outcome, Row};
use plm_lorentz::data::generate::ReverseCopy;
use plm_lorentz::nn::TransformerConfig;
use plm_lorentz::task::translation::{
    BeamSearch, TokenPair, TrainSettings, Translator, TranslatorConfig, evaluate,
};

/// Where the figures of the authors' code come from.
const MEASURED: &str = "the authors' code, run on CPU";

/// Sizes and recipe.
struct Recipe {
    task: ReverseCopy,
    config: TranslatorConfig,
    steps: u64,
    batch: usize,
    warmup: u64,
    rates: [f64; 2],
    every: u64,
    test: usize,
}

/// What one training gave.
struct Found {
    steps: u64,
    token_accuracy: f64,
    exact: f64,
    beam_exact: f64,
    step_seconds: f64,
    curve: Vec<(u64, f64)>,
}

/// Trains both translators on reversed sequences.
pub(in super::super::super) fn embedded(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let recipe = recipe(context)?;
    let device = plm_core::device::parse(&context.device)?;
    let mut found: Vec<[Found; 2]> = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let lorentz = |device: &Device| recipe.config.init_lorentz(seed.child("init"), device);
        let euclidean = |device: &Device| recipe.config.init_euclidean(seed.child("init"), device);
        found.push([
            run(context, &recipe, Way::Lorentz, lorentz, seed, &device)?,
            run(context, &recipe, Way::Euclidean, euclidean, seed, &device)?,
        ]);
    }
    report(context, &recipe, &found, outcome);
    Ok(())
}

fn recipe(context: &Context) -> Result<Recipe> {
    let settings = &context.settings;
    let width = settings.get("copy_width", 64)?;
    let layers = settings.get("copy_layers", 2)?;
    let task = ReverseCopy::default();
    let transformer = TransformerConfig::new(width, settings.get("copy_heads", 4)?, layers);
    Ok(Recipe {
        task,
        config: TranslatorConfig {
            max_length: task.max_length + 1,
            embedding_dropout: 0.0,
            ..TranslatorConfig::new(
                task.vocabulary(),
                task.vocabulary(),
                ReverseCopy::SPECIAL,
                transformer,
            )
        },
        steps: settings.get("copy_steps", 1_000)?,
        batch: settings.get("copy_batch", 64)?,
        warmup: settings.get("copy_warmup", 200)?,
        rates: [
            settings.get("copy_lr", 3.0)?,
            settings.get("copy_twin_lr", 0.4)?,
        ],
        every: settings.get("copy_every", 25)?,
        test: settings.get("copy_test", 512)?,
    })
}

fn run<M: Translator>(
    context: &Context,
    recipe: &Recipe,
    way: Way,
    init: impl Fn(&Device) -> plm_lorentz::Result<M>,
    seed: Seed,
    device: &Device,
) -> Result<Found> {
    let pairs = |name: &str, count| recipe.task.generate(count, seed.child(name));
    let train = pairs("train", 16_384)?;
    let held = pairs("validation", 256)?;
    let test = pairs("test", recipe.test)?;
    let settings = TrainSettings {
        batch: BatchBy::Count(recipe.batch),
        // Batches of one length each would pull the model from one length to the next.
        stretch: 1,
        learning_rate: recipe.rates[usize::from(way == Way::Euclidean)],
        schedule: Schedule::Noam {
            width: recipe.config.transformer.d_model as u64,
            warmup: recipe.warmup,
        },
        ..TrainSettings::new(
            recipe.steps,
            recipe.config.transformer.d_model,
            seed.child(way.name()),
        )
    };
    let watch = Watch {
        every: recipe.every,
        enough: 0.996,
        batch: 256,
    };
    let bar = context.progress.bar(
        recipe.steps,
        &format!("reverse {} {}", way.name(), seed.value()),
    );
    let model = init(&device.clone().autodiff())?;
    let Trained {
        model,
        steps,
        curve,
        step_seconds,
    } = learn(model, [&train, &held], &settings, watch, device, |step| {
        bar.set_position(step);
    })?;
    let greedy = BeamSearch::greedy(recipe.config.max_length);
    let beam = BeamSearch {
        beams: 4,
        length_penalty: 1.0,
        ..greedy
    };
    Ok(Found {
        steps,
        token_accuracy: evaluate(&model, &test, 256, device)?.token_accuracy,
        exact: exact(&model, greedy, &test, device)?,
        beam_exact: exact(&model, beam, &test, device)?,
        step_seconds,
        curve: curve
            .into_iter()
            .map(|(step, found)| (step, found.token_accuracy))
            .collect(),
    })
}

/// Share of sequences that are translated without a mistake.
fn exact<M: Translator>(
    model: &M,
    search: BeamSearch,
    test: &[TokenPair],
    device: &Device,
) -> Result<f64> {
    let sources: Vec<Vec<i64>> = test.iter().map(|pair| pair.source.clone()).collect();
    let translations = search.translate(model, &sources, 128, device)?;
    let right = translations
        .iter()
        .zip(test)
        .filter(|(found, pair)| found.ids == pair.target)
        .count();
    Ok(right as f64 / test.len() as f64)
}

fn report(context: &Context, recipe: &Recipe, found: &[[Found; 2]], outcome: &mut Outcome) {
    let mut series = Vec::new();
    for (index, way) in Way::BOTH.into_iter().enumerate() {
        let row = |metric: &str, value: &dyn Fn(&Found) -> f64| {
            let values: Vec<f64> = found.iter().map(|both| value(&both[index])).collect();
            Row::over_seeds(format!("reverse_copy.{}", way.name()), metric, &values)
        };
        let mut steps = row("steps", &|one| one.steps as f64);
        let mut accuracy = row("token_accuracy", &|one| one.token_accuracy);
        let mut seconds = row("seconds_per_step", &|one| one.step_seconds);
        if way == Way::Lorentz {
            steps = steps.published(750.0, format!("{MEASURED}, to accuracy 1.000"));
            accuracy = accuracy.published(1.0, format!("{MEASURED}, after 750 steps"));
            seconds = seconds.published(0.14, MEASURED);
        }
        outcome.rows.extend([
            steps,
            accuracy,
            row("exact_match_greedy", &|one| one.exact),
            row("exact_match_beam", &|one| one.beam_exact),
            seconds,
        ]);
        for (both, seed) in found.iter().zip(&context.seeds) {
            let points = both[index].curve.iter();
            series.push(Series::new(
                format!("{}, seed {seed}", way.name()),
                points.map(|&(step, value)| (step as f64, value)).collect(),
            ));
        }
    }
    outcome.plots.push(Plot::lines(
        "reverse_copy",
        "Reversed sequences: share of right tokens on held-out pairs",
        "step",
        "token accuracy",
        series,
    ));
    let worst = |value: &dyn Fn(&Found) -> f64| {
        let lorentz = found.iter().map(|[lorentz, _]| value(lorentz));
        lorentz.fold(f64::INFINITY, lesser)
    };
    for (id, value, bound) in [
        (
            "reverse_copy_token_accuracy",
            worst(&|one| one.token_accuracy),
            0.99,
        ),
        ("reverse_copy_exact_match", worst(&|one| one.exact), 0.9),
    ] {
        let check = Check::new(id, value, Op::Ge, bound);
        outcome.claim(found.len(), "lowest of the seeds", check);
    }
    let TransformerConfig {
        d_model,
        d_feed_forward,
        heads,
        layers,
        ..
    } = recipe.config.transformer;
    outcome.notes.push(format!(
        "Reversed sequences of {} to {} of {} symbols: {layers}+{layers} layers, {d_model} wide, {heads} \
         heads, {d_feed_forward} in feed-forward blocks, batches of {}, Noam's schedule with {} steps of \
         warm-up times {} (Euclidean twin: {}), clipped to 0.5. Training ends when 99.6 % of the tokens of \
         256 held-out pairs are right, at the latest after {} steps; figures are of {} others. Checks take the \
         worst seed. The authors' code was run with warm-up 400 times 5.",
        recipe.task.min_length,
        recipe.task.max_length,
        recipe.task.symbols,
        recipe.batch,
        recipe.warmup,
        recipe.rates[0],
        recipe.rates[1],
        recipe.steps,
        recipe.test,
    ));
}
