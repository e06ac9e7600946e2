//! `bench backdoor`: what a check of RAP, STRIP and ONION costs, and what the gradient of one row saves.

use std::rc::Rc;

use anyhow::{Context as _, Result};
use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_backdoor::DecisionRule;
use plm_backdoor::defense::onion::{OnionSettings, suspicions};
use plm_backdoor::defense::rap::{Construction, drops};
use plm_backdoor::defense::strip::{StripDetector, StripSettings};
use plm_backdoor::defense::{DropSummary, HingeObjective};
use plm_backdoor::model::{CausalPerplexity, RowPatch, Victim};
use plm_core::config::Gpt2Config;
use plm_core::models::{
    EncoderForSequenceClassification, EncoderInput, Gpt2LmHeadModel, Pretrained, RowOverride, loss,
};
use plm_core::rng::Seed;
use plm_core::train::{Gradients, freeze};
use serde_json::json;

use super::heap::peak_heap_while;
use super::ids::peer_ids;
use super::{Case, Context, Plan};

/// Words of a text: about the mean of IMDB's reviews.
const WORDS: usize = 230;
/// Positions of the models.
const POSITIONS: usize = 512;
/// Texts and tokens of a step that makes RAP's vector.
const STEP: (usize, usize) = (32, 64);
/// Words that are one token each.
const VOCABULARY: [&str; 8] = [
    "the", "film", "was", "good", "and", "story", "music", "river",
];

/// The cases.
pub(super) fn plan(context: &Context) -> Result<Plan> {
    let device = plm_core::device::parse(&context.device)?;
    let minilm = context.store.dir("minilm-l6")?;
    let on_gpu = context.device.starts_with("cuda");
    let load = json!({
        "op": "load",
        "dir": minilm,
        "device": context.peer_device(),
        "dtype": "f32",
        "threads": context.threads,
    });
    let mut cases = checks(context, &device)?;
    cases.extend(steps(&minilm, &device, on_gpu)?);
    Ok(Plan {
        setup: vec![load],
        cases,
    })
}

/// `count` different texts of [`WORDS`] words.
fn texts(count: usize) -> Vec<String> {
    (0..count)
        .map(|text| {
            let word = |place: usize| VOCABULARY[(place * 7 + place / 5 + text) % VOCABULARY.len()];
            (0..WORDS).map(word).collect::<Vec<_>>().join(" ")
        })
        .collect()
}

fn victim(folder: &std::path::Path, device: &Device) -> Result<Victim> {
    let loaded = Pretrained::<EncoderForSequenceClassification>::load_with_new_head(
        folder,
        2,
        Seed::new(1),
        device,
    )?;
    let tokenizer = loaded.tokenizer()?.clone();
    Ok(Victim::new(loaded.model, tokenizer, POSITIONS, device)?)
}

/// RAP's word with the vector it has: the time does not depend on it.
fn perturbation(victim: &Victim, word: &str) -> Result<Construction> {
    let id = victim.word_id("perturbation word", word)?;
    let objective = HingeObjective::default();
    let after: DropSummary = objective.summary(&[0.0])?;
    Ok(Construction {
        patch: RowPatch::of(&victim.model, &[id])?,
        prefix: word.to_owned(),
        target: 1,
        epochs: Vec::new(),
        after,
        scale: objective.scale,
    })
}

/// A check of each defense on texts of IMDB's length: victim plm-mini, and a GPT-2 of its size for ONION, as
/// BERT-base and GPT-2 are of one size.
fn checks(context: &Context, device: &Device) -> Result<Vec<Case>> {
    let folder = context.root.join("models/plm-mini");
    let victim = victim(&folder, device)?;
    let made = Rc::new(perturbation(&victim, "winter")?);
    let rap = |victim: &Victim, count: usize| {
        let (mut victim, made) = (victim.clone(), Rc::clone(&made));
        let texts = texts(count);
        move || {
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            std::hint::black_box(drops(&mut victim, &texts, &made)?);
            Ok(())
        }
    };
    let count = 4;
    let own = texts(count);
    let documents: Vec<&str> = own.iter().map(String::as_str).collect();
    let rule = DecisionRule::for_classes(2);
    let settings = StripSettings::default();
    let mut strip = StripDetector::new(victim.clone(), &documents, 1, rule, settings)?;
    let mut cases = Vec::new();
    let id = format!("rap.w{WORDS}.b{count}");
    let case = Case::timed(format!("{id}.strip"), rap(&victim, count)).rounds(5);
    let asked = texts(count);
    let name = format!("STRIP, {} copies", settings.copies);
    cases.push(case.baseline(&name, move || {
        let texts: Vec<&str> = asked.iter().map(String::as_str).collect();
        std::hint::black_box(strip.scores(&texts)?);
        Ok(())
    }));
    let tokenizer = victim.tokenizer().clone();
    let shape = &victim.model.encoder.config;
    let config = Gpt2Config {
        n_embd: shape.hidden_size,
        n_layer: shape.num_hidden_layers,
        n_head: shape.num_attention_heads,
        n_inner: shape.intermediate_size,
        n_positions: POSITIONS,
        ..Gpt2Config::gpt2(tokenizer.vocabulary_size())
    };
    let model = Pretrained::<Gpt2LmHeadModel>::new(&config, Seed::new(1), device)?.model;
    let mut language = CausalPerplexity::new(model, tokenizer, POSITIONS, 32, device)?;
    let asked = texts(1);
    let mut own = victim.clone();
    let case = Case::timed(format!("rap.w{WORDS}.b1.onion"), rap(&victim, 1)).rounds(3);
    cases.push(
        case.baseline("ONION, a GPT-2 of the victim's size", move || {
            use plm_backdoor::Classifier as _;
            let texts = [asked[0].as_str()];
            suspicions(&mut language, &texts, OnionSettings::default())?;
            std::hint::black_box(own.probabilities(&texts)?);
            Ok(())
        }),
    );
    Ok(cases)
}

/// A step of the construction on MiniLM: the gradient of one row against those of the whole table and of all
/// weights, in time and in memory.
fn steps(folder: &std::path::Path, device: &Device, on_gpu: bool) -> Result<Vec<Case>> {
    let victim = victim(folder, device)?;
    let (batch, length) = STEP;
    let mut cases = Vec::new();
    let id = format!("row_gradient.b{batch}.s{length}");
    let case = Case::timed(format!("{id}.table"), step(&victim, Tracked::Row)?);
    cases.push(
        case.baseline(
            "gradient of the whole word table",
            step(&victim, Tracked::Table)?,
        )
        .rounds(7),
    );
    let case = Case::timed(format!("{id}.torch"), step(&victim, Tracked::Row)?);
    let request = json!({ "op": "construction_step", "batch": batch, "seq": length });
    cases.push(case.peer(request).rounds(7));
    if !on_gpu {
        let mut row = step(&victim, Tracked::Row)?;
        let mut table = step(&victim, Tracked::Table)?;
        let case = Case::value(format!("{id}.memory"), "MiB", move || {
            peak_heap_while(&mut row)
        });
        let case = case.baseline_value("gradient of the whole word table", move || {
            peak_heap_while(&mut table)
        });
        cases.push(case.warmup(1).rounds(3));
    }
    Ok(cases)
}

/// What a gradient is computed of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tracked {
    Row,
    Table,
}

/// Forward and backward pass of a batch.
fn step(victim: &Victim, tracked: Tracked) -> Result<impl FnMut() -> Result<()> + 'static> {
    let (batch, length) = STEP;
    let device = victim.device().clone().autodiff();
    let table = "encoder.embeddings.word.weight";
    let model = freeze(victim.model.clone().train(), |info| {
        tracked == Tracked::Row || info.path != table
    });
    let [words, width] = victim.model.encoder.embeddings.word.weight.dims();
    let ids = peer_ids(batch, length, words, &device);
    let first: i64 = ids.clone().slice([0..1, 0..1]).into_scalar();
    let labels: Vec<i64> = vec![1; batch];
    let labels = Tensor::<1, Int>::from_data(labels.as_slice(), &device);
    Ok(move || {
        let mut input = EncoderInput::ids(ids.clone());
        let mut leaf = None;
        if tracked == Tracked::Row {
            let rows = Tensor::<2>::ones([1, width], &device).require_grad();
            leaf = Some(rows.clone());
            let override_ = RowOverride {
                ids: vec![first],
                rows,
            };
            input = input.with_row_override(override_);
        }
        let logits = model.logits(&input);
        let loss = loss::cross_entropy(logits, labels.clone());
        match leaf {
            Some(leaf) => {
                let gradients = loss.backward();
                let row = leaf.grad(&gradients).context("no gradient of the row")?;
                std::hint::black_box(row.into_data());
            }
            None => {
                let gradients = Gradients::of(&loss, &model)?;
                anyhow::ensure!(!gradients.is_empty(), "no gradient of the table");
                device.sync()?;
                std::hint::black_box(gradients);
            }
        }
        Ok(())
    })
}
