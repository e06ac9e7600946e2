//! The tier on public data: SST-2 and TREC with plm-mini, SST-2 with MiniLM made to use ReLU.

use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use burn::module::Module as _;
use burn::tensor::Device;
use plm_core::data::{LabeledLines, Lines, TextEncoding};
use plm_core::metrics::mean_std;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, Padding, Tokenizer, Truncation};
use plm_moe::relufy::{Blend, blend_activations, set_relu, to_relu};
use rand::seq::SliceRandom as _;

use super::grid::{Extent, find};
use super::task::Task;
use super::{speed, study};
use crate::repro::classify::{Labeled, Recipe, train_with};
use crate::repro::{Check, Context, Op, Outcome, Row};

/// A data set of labeled sentences.
struct Source {
    name: &'static str,
    train: &'static str,
    test: &'static str,
    classes: usize,
}

const SST2: Source = Source {
    name: "sst2",
    train: "stsa.binary.train",
    test: "stsa.binary.test",
    classes: 2,
};
const TREC: Source = Source {
    name: "trec",
    train: "TREC.train.all",
    test: "TREC.test.all",
    classes: 6,
};

/// Longest text, in tokens.
const LENGTH: usize = 64;

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let device = plm_core::device::parse(&context.device)?;
    let settings = study::Settings {
        tokens: context.settings.get("tokens", 20_000)?,
        epochs: context.settings.get("router_epochs", 10)?,
        extent: Extent::ALL,
    };
    let mini = context.root.join("models/plm-mini");
    let tasks: String = context
        .settings
        .get("tasks", "sst2,trec,minilm_relu".to_owned())?;
    let tasks: Vec<&str> = tasks.split(',').collect();
    if let Some(unknown) = tasks
        .iter()
        .find(|task| !["sst2", "trec", "minilm_relu"].contains(task))
    {
        bail!("no task `{unknown}`: there are sst2, trec and minilm_relu");
    }
    for source in [SST2, TREC] {
        if !tasks.contains(&source.name) {
            continue;
        }
        let mut runs = Vec::new();
        for &number in &context.seeds {
            let seed = Seed::new(number);
            let task = plain(context, &mini, &source, seed, &device)?;
            runs.push(measured(
                context,
                source.name,
                &task,
                &settings,
                seed,
                &mut outcome,
            )?);
        }
        study::report(source.name, &runs, &mut outcome)?;
        claims(source.name, &runs, &mut outcome)?;
    }
    let settings = study::Settings {
        extent: Extent {
            splits: &["random", "cluster"],
            routers: &["mlp", "groundtruth"],
        },
        ..settings
    };
    if tasks.contains(&"minilm_relu") {
        minilm(context, &settings, &device, &mut outcome)?;
    }
    outcome.notes.push(format!(
        "Sentences are cut to {LENGTH} tokens. Captured shares, layers and experts by token are those of \
         tokens of test sentences, to which nothing was fitted and by which no epoch was chosen. The \
         published figures are those of T5-Large; ours are of a model of 11 million parameters, so only the \
         relative accuracies compare."
    ));
    Ok(outcome)
}

/// The figures of one seed of the task called `name`; of the first seed, speeds too.
fn measured(
    context: &Context,
    name: &str,
    task: &Task,
    settings: &study::Settings,
    seed: Seed,
    outcome: &mut Outcome,
) -> Result<study::Run> {
    let run = study::run(context, task, settings, seed)?;
    if seed.value() == context.seeds[0] {
        let layers = &find(&run.cells, "cluster.mlp")?.layers;
        speed::report(&context.device, name, task, layers, outcome)?;
    }
    Ok(run)
}

/// The claims of the paper's abstract, for one task.
fn claims(name: &str, runs: &[study::Run], outcome: &mut Outcome) -> Result<()> {
    outcome.checks.push(Check::new(
        format!("{name}_relative_accuracy_r30_cluster_mlp"),
        study::mean_relative(runs, "cluster.mlp", 30)?,
        Op::Ge,
        0.95,
    ));
    outcome.rows.push(Row::over_seeds(
        format!("{name}.cluster_minus_random"),
        "capture with a trained router",
        &study::cluster_gains(runs)?,
    ));
    Ok(())
}

/// plm-mini, whose activation is ReLU already, fine-tuned.
fn plain(
    context: &Context,
    folder: &Path,
    source: &Source,
    seed: Seed,
    device: &Device,
) -> Result<Task> {
    let mut task = untrained(context, folder, source, 1e-4, seed, device)?;
    let label = format!("{}, seed {}", source.name, seed.value());
    task.model.model = task.fine_tuned(context, &label, seed)?;
    Ok(task)
}

/// A model with a new head, and the data.
fn untrained(
    context: &Context,
    folder: &Path,
    source: &Source,
    lr: f64,
    seed: Seed,
    device: &Device,
) -> Result<Task> {
    let model = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
        folder,
        source.classes,
        seed,
        device,
    )?;
    let tokenizer = model.tokenizer()?;
    let data = context.store.dir("sentconv")?;
    let read = |name: &str| read(&data.join(name), tokenizer, source.classes);
    let (mut training, test) = (read(source.train)?, read(source.test)?);
    let most = context.settings.get("examples", training.len())?;
    training.shuffle(&mut seed.stream("examples"));
    training.truncate(most);
    Ok(Task {
        padding: Padding::of(tokenizer)?,
        model,
        training,
        test,
        recipe: Recipe {
            epochs: context.settings.get("epochs", 2)?,
            batch_size: 32,
            lr,
            evaluation_batch: 64,
        },
        device: device.clone(),
    })
}

/// Sentences of a file with lines `CLASS sentence`.
fn read(path: &Path, tokenizer: &Tokenizer, classes: usize) -> Result<Vec<Labeled>> {
    let reader = BufReader::new(File::open(path).with_context(|| path.display().to_string())?);
    let lines = LabeledLines::new(Lines::new(reader, path).with_encoding(TextEncoding::Latin1));
    let options = EncodeOptions::new().with_truncation(Truncation::new(LENGTH));
    let mut examples = Vec::new();
    for line in lines {
        let line = line?;
        let label: usize = line
            .label
            .parse()
            .ok()
            .filter(|label| *label < classes)
            .with_context(|| {
                format!(
                    "{}:{}: class `{}`, expected 0 to {}",
                    path.display(),
                    line.line,
                    line.label,
                    classes - 1
                )
            })?;
        let encoding = tokenizer.encode(line.text.as_str(), &options)?;
        examples.push(Labeled { encoding, label });
    }
    ensure!(!examples.is_empty(), "{}: no sentences", path.display());
    Ok(examples)
}

/// MiniLM on SST-2 with its own GELU, and with ReLU reached step by step; the latter in experts.
fn minilm(
    context: &Context,
    settings: &study::Settings,
    device: &Device,
    outcome: &mut Outcome,
) -> Result<()> {
    let folder = context.store.dir("minilm-l6")?;
    let (mut gelu, mut runs) = (Vec::new(), Vec::new());
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let mut task = untrained(context, &folder, &SST2, 5e-5, seed, device)?;
        let own = task.fine_tuned(context, &format!("GELU, seed {number}"), seed)?;
        gelu.push(task.accuracy(&own)?);
        let bar = context.progress.bar(1, &format!("ReLU, seed {number}"));
        let blend = Blend::default();
        let (blended, _) = train_with(
            blend_activations(task.model.model.clone(), &blend),
            &task.training,
            &task.padding,
            &task.recipe,
            seed,
            device,
            &bar,
            // ReLU alone from half of the steps on.
            |progress| blend.set(2.0 * progress),
        )?;
        task.model.model = to_relu(blended.valid(), false);
        set_relu(&mut task.model.config)?;
        runs.push(measured(
            context,
            "minilm_relu",
            &task,
            settings,
            seed,
            outcome,
        )?);
    }
    outcome
        .rows
        .push(Row::over_seeds("minilm_relu.gelu", "accuracy", &gelu));
    study::report("minilm_relu", &runs, outcome)?;
    let relu = study::mean(runs.iter().map(|run| run.dense));
    outcome.rows.push(Row::new(
        "minilm_relu.relative_to_gelu",
        "accuracy relative to GELU",
        relu / mean_std(&gelu)?.mean,
    ));
    claims("minilm_relu", &runs, outcome)
}
