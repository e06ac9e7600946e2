//! The tier that needs nothing but the repository.

use anyhow::Result;
use burn::tensor::Device;
use plm_core::config::{ConfigFile, ModelConfig};
use plm_core::metrics::mean_std;
use plm_core::models::{
    EncoderForMaskedLM, EncoderForSequenceClassification, Pretrained, PretrainedModel,
};
use plm_core::nn::init::initialize;
use plm_core::rng::Seed;
use plm_core::text::{Padding, Tokenizer};

use super::cloze::{self, Cloze, Filled};
use super::parity;
use crate::report::{BarGroup, Plot, Series};
use crate::repro::classify::{Recipe, accuracy, encode, predict, train};
use crate::repro::opinions::{Half, opinions};
use crate::repro::{Check, Context, Op, Outcome, Row, Table};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let device = plm_core::device::parse(&context.device)?;
    let mut outcome = Outcome::default();
    masked_lm(context, &device, &mut outcome)?;
    classifier(context, &device, &mut outcome)?;
    Ok(outcome)
}

fn masked_lm(context: &Context, device: &Device, outcome: &mut Outcome) -> Result<()> {
    let folder = context.root.join("models/plm-mini");
    let fixtures = context.root.join("xtask/fixtures/core");
    let model = Pretrained::<EncoderForMaskedLM>::load(&folder, device)?;
    let stored = parity::read(&fixtures.join("plm_mini.safetensors"), "logits")?;
    let difference = parity::masked_lm(&model, &stored, device)?;
    let check = Check::new("plm_mini_parity_max_abs", difference, Op::Le, 1e-3);
    outcome.checks.push(check);

    let sentences = cloze::read(&fixtures.join("cloze.tsv"))?;
    let filled = cloze::fill(context, &model, &sentences, device)?;
    let top5 = cloze::hits(&filled, 5);
    outcome
        .checks
        .push(Check::new("cloze_top5", top5, Op::Ge, 0.6));
    let capital = sentences
        .iter()
        .zip(&filled)
        .find(|(cloze, _)| cloze.sentence == "paris is the [MASK] of france .")
        .is_some_and(|(_, filled)| {
            filled
                .words
                .iter()
                .take(3)
                .any(|(word, _)| word == "capital")
        });
    outcome
        .checks
        .push(Check::fact("fill_mask_capital", capital));
    for k in [1, 5, 10] {
        let share = cloze::hits(&filled, k);
        outcome.rows.push(Row::new(
            format!("cloze.top{k}"),
            "share of sentences",
            share,
        ));
    }
    outcome.tables.push(table(&sentences, &filled));
    let curve = (0..=10)
        .map(|power| 1 << power)
        .map(|k: usize| (k as f64, cloze::hits(&filled, k)))
        .collect();
    outcome.plots.push(Plot::lines(
        "cloze",
        "Sentences whose gap is filled rightly among the first k words",
        "k",
        "share of sentences",
        vec![Series::new("plm-mini", curve)],
    ));
    Ok(())
}

fn table(sentences: &[Cloze], filled: &[Filled]) -> Table {
    let words = |filled: &Filled| -> String {
        let words: Vec<String> = filled
            .words
            .iter()
            .map(|(word, probability)| format!("{word} {probability:.2}"))
            .collect();
        words.join(", ")
    };
    Table {
        title: "Gaps and the five most probable words".to_owned(),
        columns: ["sentence", "words", "rank of a right one"]
            .map(str::to_owned)
            .into(),
        rows: sentences
            .iter()
            .zip(filled)
            .map(|(cloze, filled)| {
                let rank = filled.rank.map_or("–".to_owned(), |rank| rank.to_string());
                vec![cloze.sentence.clone(), words(filled), rank]
            })
            .collect(),
    }
}

/// The same classifier from pre-trained and from random weights, under one budget.
fn classifier(context: &Context, device: &Device, outcome: &mut Outcome) -> Result<()> {
    let recipe = Recipe {
        epochs: context.settings.get("epochs", 4)?,
        batch_size: 16,
        lr: 3e-4,
        evaluation_batch: 64,
    };
    let examples: usize = context.settings.get("examples", 256)?;
    let folder = context.root.join("models/plm-mini");
    let tokenizer = Tokenizer::from_dir(&folder)?;
    let padding = Padding::of(&tokenizer)?;
    let mut accuracies = [Vec::new(), Vec::new()];
    let mut losses = [Vec::new(), Vec::new()];
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let training = encode(
            &tokenizer,
            opinions(examples, Half::Train, seed.child("train")),
        )?;
        let test = encode(&tokenizer, opinions(400, Half::Test, seed.child("test")))?;
        for (kind, name) in ["pre-trained", "from scratch"].into_iter().enumerate() {
            let mut model = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
                &folder, 2, seed, device,
            )?;
            if kind == 1 {
                model.model = from_scratch(&model.config, seed, device)?;
            }
            let bar = context.progress.bar(1, &format!("{name}, seed {number}"));
            let (trained, curve) = train(
                model.model,
                &training,
                &padding,
                &recipe,
                seed,
                device,
                &bar,
            )?;
            let predicted = predict(&trained, &test, &padding, &recipe, device)?;
            accuracies[kind].push(accuracy(&test, &predicted)?);
            losses[kind].push(curve);
        }
    }
    let [pretrained, scratch] = &accuracies;
    for (id, values) in [("pretrained", pretrained), ("scratch", scratch)] {
        let id = format!("opinions.{id}");
        outcome.rows.push(Row::over_seeds(id, "accuracy", values));
    }
    let (ours, baseline) = (mean_std(pretrained)?, mean_std(scratch)?);
    outcome.checks.push(Check::new(
        "pretraining_gain_in_accuracy",
        ours.mean - baseline.mean,
        Op::Ge,
        0.1,
    ));
    outcome.plots.push(Plot::bars(
        "opinions",
        "Opinion words not seen in training: accuracy by initial weights",
        "accuracy",
        vec!["accuracy".to_owned()],
        vec![
            BarGroup {
                name: "pre-trained".to_owned(),
                values: vec![ours.mean],
                errors: vec![ours.std.unwrap_or(0.0)],
            },
            BarGroup {
                name: "from scratch".to_owned(),
                values: vec![baseline.mean],
                errors: vec![baseline.std.unwrap_or(0.0)],
            },
        ],
    ));
    let mean_curve = |curves: &[Vec<f64>]| -> Vec<(f64, f64)> {
        (0..recipe.epochs as usize)
            .map(|epoch| {
                let sum: f64 = curves.iter().map(|curve| curve[epoch]).sum();
                ((epoch + 1) as f64, sum / curves.len() as f64)
            })
            .collect()
    };
    outcome.plots.push(Plot::lines(
        "opinions_loss",
        "Training loss of the opinion classifier, mean over seeds",
        "epoch",
        "cross-entropy",
        vec![
            Series::new("pre-trained", mean_curve(&losses[0])),
            Series::new("from scratch", mean_curve(&losses[1])),
        ],
    ));
    Ok(())
}

/// The same model with all weights drawn anew.
fn from_scratch(
    config: &ConfigFile,
    seed: Seed,
    device: &Device,
) -> Result<EncoderForSequenceClassification> {
    type Model = EncoderForSequenceClassification;
    let settings = <Model as PretrainedModel>::Config::from_file(config)?;
    let model = Model::new(&settings, device);
    Ok(initialize(model, seed.child("scratch"), |path| {
        Model::init(&settings, path)
    }))
}
