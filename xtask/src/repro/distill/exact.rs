//! What must hold exactly.

use anyhow::{Context as _, Result};
use plm_core::checkpoint::{SaveOptions, TensorSource};
use plm_core::rng::Seed;
use plm_core::train::checksum;
use plm_distill::Example;
use plm_distill::dynamic::DynamicSettings;
use plm_distill::fit::distill;
use plm_distill::score::McSettings;
use plm_distill::student::export;
use plm_distill::teacher::{
    CachedTeacher, LiveTeacher, Request, Teacher, TeacherOptions, precompute,
};

use super::embedded::sentences;
use super::lab::{Lab, examples, new_cache};
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

    let folder = context.out.join("exact-cache");
    let mut cache = new_cache(&folder, live.cache_key(Some(&settings), &[0, 2])?)?;
    precompute(&mut live, &rows, &mut cache, 7, |_| ())?;
    let mut cached = CachedTeacher::new(live.info().clone(), cache, live.device())?;
    let request = Request {
        hidden: vec![0, 2],
        first_token: true,
        length: 0,
    };
    let (a, b) = (
        live.observe(&rows, &request)?,
        cached.observe(&rows, &request)?,
    );
    let mut gap: f32 = (a.logits - b.logits).abs().max().into_scalar();
    for (index, states) in a.hidden {
        let other = b.hidden[&index].clone();
        gap = gap.max((states - other).abs().max().into_scalar());
    }
    let kept = cached.scores(&rows, &settings)?;
    for (a, b) in whole.iter().zip(&kept) {
        gap = gap.max((a.score - b.score).abs());
    }
    // The cache was filled in batches of another size.
    let check = Check::new("cached_equals_live", f64::from(gap), Op::Le, 1e-5);
    outcome.checks.push(check);

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
    let refused = teacher(calm)?.scores(&rows, &settings).is_err();
    outcome
        .checks
        .push(Check::fact("mc_without_dropout_is_refused", refused));
    Ok(())
}
