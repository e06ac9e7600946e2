//! What must hold exactly.

use anyhow::{Context as _, Result};
use burn::tensor::Tensor;
use plm_core::checkpoint::{SaveOptions, TensorSource};
use plm_core::nn::DropoutMode;
use plm_core::rng::Seed;
use plm_core::train::checksum;
use plm_distill::Example;
use plm_distill::dynamic::DynamicSettings;
use plm_distill::fit::distill;
use plm_distill::score::{McScore, McSettings, deterministic_score};
use plm_distill::student::export;
use plm_distill::teacher::{
    CachedTeacher, LiveTeacher, Request, Teacher, TeacherOptions, precompute,
};

use super::embedded::sentences;
use super::lab::{Classifier, Lab, examples, new_cache};
use crate::repro::bounds::worse;
use crate::repro::opinions::Half;
use crate::repro::things::CLASSES;
use crate::repro::{Check, Context, Op, Outcome};

/// Adds the checks of invariants.
pub(super) fn check(context: &Context, lab: &Lab, outcome: &mut Outcome) -> Result<()> {
    let seed = Seed::new(context.seeds[0]);
    let labels: Vec<String> = (0..CLASSES).map(|class| class.to_string()).collect();
    let texts = examples("exact", &sentences(48, Half::Train, seed.child("exact")));
    let rows: Vec<&Example> = texts.iter().collect();
    let model = lab.student(2, &labels, seed)?;
    let teacher = |model| {
        let options = TeacherOptions {
            max_length: lab.max_length,
            dropout: None,
        };
        let tokenizer = lab.encoder.tokenizer().clone();
        LiveTeacher::new("teacher", model, tokenizer, options, &lab.device)?.with_labels(&labels)
    };
    let mut live = teacher(model.model.clone())?;

    let settings = McSettings {
        passes: 4,
        ..McSettings::default()
    };
    let whole = live.scores(&rows, &settings)?;
    let mut pieces = Vec::new();
    for part in rows.chunks(5) {
        pieces.extend(live.scores(part, &settings)?);
    }
    let gap = (whole.iter().zip(&pieces))
        .map(|(a, b)| f64::from((a.score - b.score).abs()))
        .fold(0.0, f64::max);
    let check = Check::new("mc_scores_batch_size_independent", gap, Op::Le, 1e-5);
    outcome.checks.push(check);
    let spread: f64 = whole.iter().map(|score| f64::from(score.variance)).sum();
    outcome
        .checks
        .push(Check::new("mc_dropout_has_variance", spread, Op::Gt, 0.0));

    cached(context, &mut live, &rows, &settings, outcome)?;

    let before = checksum(live.model(), |_| true);
    let train = lab.prepare(&texts, &labels)?;
    let student = lab.student(1, &labels, seed)?;
    let fit = lab.fit_with(seed);
    let dynamic = DynamicSettings::default();
    let (trained, _) = distill(
        student.model.clone(),
        &train,
        None,
        &mut [&mut live],
        &dynamic,
        &fit,
        None,
        &lab.device,
    )?;
    let unchanged = before == checksum(live.model(), |_| true);
    outcome
        .checks
        .push(Check::fact("teacher_unchanged", unchanged));

    let mut student = student;
    let expected = plm_core::train::count_params(&trained);
    student.model = trained;
    let path = context.out.join("student");
    let written = export(
        &student,
        &path,
        &SaveOptions::default(),
        &train,
        1e-6,
        &lab.device,
    )?;
    let source = TensorSource::open(&path)?;
    let numbers: usize = source
        .names()
        .map(|name| {
            source
                .shape(name)
                .map(|shape| shape.iter().product::<usize>())
        })
        .sum::<Option<usize>>()
        .context("a tensor without shape")?;
    let alone = numbers == expected.trainable + expected.frozen;
    outcome
        .checks
        .push(Check::fact("student_file_has_no_teacher", alone));
    outcome.checks.push(Check::new(
        "exported_student_max_abs",
        written.difference,
        Op::Le,
        1e-6,
    ));

    let mut calm = model.model;
    calm.classifier.dropout = 0.0;
    calm.classifier.dense_dropout = 0.0;
    calm.encoder.embeddings.dropout = 0.0;
    for layer in &mut calm.encoder.layers {
        layer.dropout = plm_core::nn::LayerDropout::default();
    }
    let spread = without_dropout(lab, &calm, &rows, &settings)?;
    let check = Check::new("mc_dropout_p0_zero_variance", spread, Op::Eq, 0.0);
    outcome.checks.push(check);
    let refused = teacher(calm)?.scores(&rows, &settings).is_err();
    outcome
        .checks
        .push(Check::fact("mc_without_dropout_is_refused", refused));
    Ok(())
}

/// Texts of one batch while a cache is filled.
const FILL: usize = 7;

/// Adds what a cache of `live` says of `rows` beside what the teacher itself says. How numbers are rounded
/// depends on the shape of a batch, so the teacher is asked in the batches that filled the cache, where
/// nothing may differ on a processor, and about all rows at once.
fn cached(
    context: &Context,
    live: &mut LiveTeacher,
    rows: &[&Example],
    settings: &McSettings,
    outcome: &mut Outcome,
) -> Result<()> {
    let folder = context.out.join("exact-cache");
    let mut cache = new_cache(&folder, live.cache_key(Some(settings), &[0, 2])?)?;
    precompute(live, rows, &mut cache, FILL, |_| ())?;
    let mut cached = CachedTeacher::new(live.info().clone(), cache, live.device())?;
    let mut filled = rows.to_vec();
    filled.sort_by_key(|example| example.text.len());
    let mut gap = 0.0_f64;
    for batch in filled.chunks(FILL) {
        gap = worse(gap, difference(live, &mut cached, batch, settings)?);
    }
    let exact = plm_core::device::is_host(live.device());
    let bound = if exact { 0.0 } else { 1e-6 };
    let check = Check::new("cached_equals_live_in_its_batches", gap, Op::Le, bound);
    outcome.checks.push(check);
    let gap = difference(live, &mut cached, rows, settings)?;
    outcome
        .checks
        .push(Check::new("cached_equals_live", gap, Op::Le, 1e-6));
    Ok(())
}

/// The largest difference between what two teachers say of `rows`: of class scores, and of the vectors of
/// each hidden state, as a share of the larger of 1 and the largest absolute number among them; of
/// Monte-Carlo scores, which lie in 0..=1, as it is.
fn difference(
    live: &mut LiveTeacher,
    cached: &mut CachedTeacher,
    rows: &[&Example],
    settings: &McSettings,
) -> Result<f64> {
    let request = Request {
        hidden: vec![0, 2],
        first_token: true,
        length: 0,
    };
    let (a, b) = (
        live.observe(rows, &request)?,
        cached.observe(rows, &request)?,
    );
    let mut gap = share(a.logits, b.logits);
    for (index, states) in a.hidden {
        gap = worse(gap, share(states, b.hidden[&index].clone()));
    }
    let scores = live.scores(rows, settings)?;
    for (a, b) in scores.iter().zip(cached.scores(rows, settings)?) {
        gap = worse(gap, f64::from((a.score - b.score).abs()));
    }
    Ok(gap)
}

/// The largest difference of `a` and `b` as a share of the larger of 1 and the largest number of `a`.
fn share<const D: usize>(a: Tensor<D>, b: Tensor<D>) -> f64 {
    let largest: f32 = a.clone().abs().max().into_scalar();
    let gap: f32 = (a - b).abs().max().into_scalar();
    f64::from(gap) / f64::from(largest).max(1.0)
}

/// How far stochastic passes of `model`, which drops nothing, differ: the larger of their largest variance
/// and of what their score differs from that of the pass without dropout. A teacher refuses to score such
/// a model, so the passes are made here.
fn without_dropout(
    lab: &Lab,
    model: &Classifier,
    rows: &[&Example],
    settings: &McSettings,
) -> Result<f64> {
    let input = lab.encoder.input(rows, 0, &lab.device)?;
    let passes: Vec<Vec<Vec<f64>>> = (0..settings.passes as u64)
        .map(|pass| {
            let seed = settings.seed;
            let input = input.clone().with_dropout(DropoutMode::Mc { seed, pass });
            on_host(model.logits(&input))
        })
        .collect();
    let mut spread = 0.0_f64;
    for (row, alone) in on_host(model.logits(&input)).iter().enumerate() {
        let logits: Vec<&[f64]> = passes.iter().map(|pass| pass[row].as_slice()).collect();
        let score = McScore::from_passes(&logits)?;
        let alone = deterministic_score(alone, 1.0)? as f32;
        let gap = (score.score - alone).abs();
        spread = worse(spread, worse(score.variance.into(), gap.into()));
    }
    Ok(spread)
}

/// Class scores row by row.
fn on_host(scores: Tensor<2>) -> Vec<Vec<f64>> {
    let [_, classes] = scores.dims();
    let values: Vec<f64> = scores.into_data().iter::<f64>().collect();
    values.chunks(classes).map(<[f64]>::to_vec).collect()
}
