//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::models::{EncoderForSequenceClassification, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{Padding, Tokenizer};

use super::task::Task;
use super::{exact, grid, speed, study};
use crate::repro::classify::{Recipe, encode};
use crate::repro::opinions::Half;
use crate::repro::things::{CLASSES, things};
use crate::repro::{Check, Context, ENOUGH_SEEDS, Op, Outcome, Row};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    let settings = study::Settings {
        tokens: context.settings.get("tokens", 8_000)?,
        epochs: context.settings.get("router_epochs", 10)?,
        extent: grid::Extent::ALL,
    };
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let task = task(context, Seed::new(number))?;
        let run = study::run(context, &task, &settings, Seed::new(number))?;
        if number == context.seeds[0] {
            let layers = &grid::find(&run.cells, "cluster.mlp")?.layers;
            exact::check(context, &task, layers, &mut outcome)?;
            speed::report(&context.device, "things", &task, layers, &mut outcome)?;
        }
        runs.push(run);
    }
    study::report("things", &runs, &mut outcome)?;
    let mean = |name: &str| study::mean_capture(&runs, name);
    let steps = [
        mean("cluster.random")?,
        mean("cluster.similarity")?,
        mean("cluster.mlp")?,
        mean("cluster.groundtruth")?,
    ];
    let ordered = steps.windows(2).all(|pair| pair[0] <= pair[1] + 0.01);
    let check = Check::fact("order_random_le_similarity_le_mlp_le_oracle", ordered);
    outcome.claim(runs.len(), "1 if so", check);
    let gains = study::cluster_gains(&runs)?;
    outcome.rows.push(Row::over_seeds(
        "things.cluster_minus_random",
        "capture with a trained router",
        &gains,
    ));
    let (count, gain) = (gains.len(), study::mean(gains.into_iter()));
    let id = "clusters_capture_more_than_random_groups";
    let check = Check::new(id, gain, Op::Gt, 0.0);
    outcome.claim(count, "mean gain in capture", check);
    // The claims are about means of three seeds; a single one may lie a few hundredths off.
    let slack = if runs.len() < ENOUGH_SEEDS { 0.03 } else { 0.0 };
    outcome.checks.push(Check::new(
        "relative_accuracy_r30_cluster_mlp",
        study::mean_relative(&runs, "cluster.mlp", 30)?,
        Op::Ge,
        0.97 - slack,
    ));
    outcome.checks.push(Check::new(
        "relative_accuracy_r20_cluster_mlp_calibrated",
        study::mean(runs.iter().map(|run| run.calibrated.closed_form)),
        Op::Ge,
        0.95 - slack,
    ));
    outcome.notes.push(
        "A sentence names two things and is classified by the kind of the first; training and test \
         sentences share no thing. Captured shares, layers and experts by token are those of tokens of \
         test sentences, to which nothing was fitted and by which no epoch was chosen."
            .to_owned(),
    );
    if slack > 0.0 {
        outcome.notes.push(format!(
            "With fewer than {ENOUGH_SEEDS} seeds, the bounds of relative accuracy are lower by {slack}."
        ));
    }
    outcome.notes.push(
        "Groups of neurons that are active together hold more of the contributions here than groups of \
         like weights, for every router but the random one; the paper finds the two close to each other."
            .to_owned(),
    );
    Ok(outcome)
}

/// plm-mini, fine-tuned on generated sentences. Training and test sentences share no thing.
fn task(context: &Context, seed: Seed) -> Result<Task> {
    let device = plm_core::device::parse(&context.device)?;
    let recipe = Recipe {
        epochs: context.settings.get("epochs", 4)?,
        batch_size: 16,
        lr: 3e-4,
        evaluation_batch: 64,
    };
    let examples: usize = context.settings.get("examples", 900)?;
    let folder = context.root.join("models/plm-mini");
    let tokenizer = Tokenizer::from_dir(&folder)?;
    let padding = Padding::of(&tokenizer)?;
    let training = encode(
        &tokenizer,
        things(examples, Half::Train, seed.child("train")),
    )?;
    let test = encode(&tokenizer, things(450, Half::Test, seed.child("test")))?;
    let model = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
        &folder, CLASSES, seed, &device,
    )?;
    let mut task = Task {
        model,
        training,
        test,
        padding,
        recipe,
        device,
    };
    let label = format!("things, seed {}", seed.value());
    task.model.model = task.fine_tuned(context, &label, seed)?;
    Ok(task)
}
