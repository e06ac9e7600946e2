//! What must hold exactly, on the whole small model.

use std::collections::HashMap;

use anyhow::{Context as _, Result, ensure};
use burn::module::Module as _;
use burn::tensor::Tensor;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use plm_core::train::Gradients;
use plm_ie_markers::data::{Document, WordSpan};
use plm_ie_markers::encode::{DenseLayout, MarkerEncoder, MarkerStates, encode_text};
use plm_ie_markers::heads::NerHeadConfig;
use plm_ie_markers::layout::MarkerRow;
use plm_ie_markers::markers::published_entity_init;
use plm_ie_markers::model::MarkerNer;
use plm_ie_markers::pack::{Axis, Packing};
use plm_ie_markers::pipeline::EntityStage;
use plm_ie_markers::train::{Learner as _, Objective};

use super::lab::Lab;
use super::packing::{self, Asked, Reading};
use super::round_trips;
use super::study::Problem;
use crate::repro::bounds::worse;
use crate::repro::{Check, Op, Outcome};

const ENCODERS: [MarkerEncoder; 3] = [
    MarkerEncoder::Dense,
    MarkerEncoder::Factorized,
    MarkerEncoder::Shared,
];

/// The states of the markers of each span of each sentence.
type SpanStates = HashMap<(usize, WordSpan), Vec<f32>>;

/// Adds the checks of invariants. Six test sentences go through the encoder, all are packed.
pub(super) fn check(lab: &Lab, problem: &Problem, seed: Seed, outcome: &mut Outcome) -> Result<()> {
    let head = NerHeadConfig::new(problem.labels.classes());
    let stage: EntityStage<MarkerNer> = EntityStage::create(
        lab.base(),
        &head,
        problem.labels.clone(),
        lab.entities.clone(),
        &published_entity_init(),
        seed.child("exact"),
    )?;
    let some = &problem.test[..problem.test.len().min(6)];
    let reading = Reading::new(&stage, some)?;
    let natural = reading.rows(&lab.entities)?;
    let model = &stage.model().model;
    texts(model, &natural, outcome)?;
    packings(lab, model, &reading, &natural, outcome)?;
    gradients(model, &stage, some, outcome)?;
    packing::every_span_once(lab, &stage, &problem.test, outcome)?;
    packing::speed(model, &stage, &problem.test, outcome)?;
    round_trips::inverses(&problem.space, seed, outcome)
}

/// The values of a tensor.
fn values<const D: usize>(tensor: Tensor<D>) -> Vec<f32> {
    tensor.into_data().iter().collect()
}

/// The largest number, its sign left out.
fn largest(values: &[f32]) -> f64 {
    let sizes = values.iter().map(|value| f64::from(value.abs()));
    sizes.fold(0.0, f64::max)
}

/// The largest difference of two lists of equal length; not a number where the lengths differ.
fn difference(a: &[f32], b: &[f32]) -> f64 {
    if a.len() != b.len() {
        return f64::NAN;
    }
    let differences = a.iter().zip(b).map(|(a, b)| f64::from((a - b).abs()));
    differences.fold(0.0, worse)
}

/// The [`difference`] in units of the largest number of the first list where that is above 1.
fn distance(a: &[f32], b: &[f32]) -> f64 {
    difference(a, b) / largest(a).max(1.0)
}

/// Texts with markers have the states of texts alone; one more visible cell changes them.
fn texts(model: &MarkerNer, asked: &[Asked], outcome: &mut Outcome) -> Result<()> {
    let off = DropoutContext::default();
    let rows: Vec<&MarkerRow> = asked.iter().map(|one| &one.row).collect();
    let tokens: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
    let alone = encode_text(&model.encoder, &tokens, &off)?;
    let mut most = 0.0;
    for encoder in ENCODERS {
        let states = encoder.encode(&model.encoder, &rows, &off)?;
        for (row, tokens) in tokens.iter().enumerate() {
            let places: Vec<_> = (0..tokens.len()).map(|token| (row, token)).collect();
            let expected = alone.clone().narrow(0, row, 1).narrow(1, 0, tokens.len());
            let found = states.text_at(&places)?;
            most = worse(most, distance(&values(found), &values(expected)));
        }
    }
    let id = "text_states_unchanged_by_markers";
    outcome.checks.push(Check::new(id, most, Op::Le, 1e-5));
    let first = &rows[..1];
    let mut layout = DenseLayout::new(&model.encoder, first)?;
    let plain = layout.encode(&model.encoder, &off)?;
    layout.set_hidden(0, 1, layout.slot(0, 0), false);
    let changed = layout.encode(&model.encoder, &off)?;
    let far = distance(&values(plain.text()), &values(changed.text()));
    let id = "a_text_that_sees_a_marker_changes";
    outcome.checks.push(Check::new(id, far, Op::Gt, 1e-3));
    Ok(())
}

/// The states of all spans of `asked`.
fn span_states(model: &MarkerNer, asked: &[Asked], encoder: MarkerEncoder) -> Result<SpanStates> {
    let off = DropoutContext::default();
    let mut all = SpanStates::new();
    for batch in asked.chunks(32) {
        let rows: Vec<&MarkerRow> = batch.iter().map(|one| &one.row).collect();
        let states: MarkerStates = encoder.encode(&model.encoder, &rows, &off)?;
        let mut places = Vec::new();
        let mut names = Vec::new();
        for (row, one) in batch.iter().enumerate() {
            for (group, &span) in one.spans.iter().enumerate() {
                places.extend([(row, group, 0), (row, group, 1)]);
                names.push((one.sentence, span));
            }
        }
        let found = values(states.markers_at(&places)?);
        let width = found.len() / names.len().max(1);
        for (name, own) in names.into_iter().zip(found.chunks(width)) {
            all.insert(name, own.to_vec());
        }
    }
    Ok(all)
}

fn span_distance(a: &SpanStates, b: &SpanStates) -> f64 {
    if a.len() != b.len() {
        return f64::NAN;
    }
    let far = |(name, own): (&_, &Vec<f32>)| match b.get(name) {
        Some(other) => distance(own, other),
        None => f64::NAN,
    };
    a.iter().map(far).fold(0.0, worse)
}

/// A span has the same states in any row, and by all encoders.
fn packings(
    lab: &Lab,
    model: &MarkerNer,
    reading: &Reading<'_>,
    natural: &[Asked],
    outcome: &mut Outcome,
) -> Result<()> {
    let expected = span_states(model, natural, MarkerEncoder::Dense)?;
    let mut most = 0.0;
    for (packing, limit) in [
        (Packing::Natural, 1),
        (Packing::Shuffled(Seed::new(7)), 9),
        (Packing::GroupEdge { axis: Axis::End }, 16),
    ] {
        let mut settings = lab.entities.clone();
        (settings.packing, settings.limit) = (packing, limit);
        let asked = reading.rows(&settings)?;
        for encoder in ENCODERS {
            let found = span_states(model, &asked, encoder)?;
            most = worse(most, span_distance(&expected, &found));
        }
    }
    outcome
        .checks
        .push(Check::new("packing_invariance", most, Op::Le, 1e-5));
    Ok(())
}

/// The factorized encoder has the states and the gradients of the dense one.
fn gradients(
    model: &MarkerNer,
    stage: &EntityStage<MarkerNer>,
    documents: &[Document],
    outcome: &mut Outcome,
) -> Result<()> {
    let (examples, _) = stage.examples(documents)?;
    let own: Vec<_> = examples.iter().collect();
    let model = model.clone().train();
    let off = DropoutContext::default();
    let run = |encoder| -> Result<(Vec<f32>, Gradients)> {
        let rows: Vec<&MarkerRow> = own.iter().map(|example| &example.row).collect();
        let states = encoder_states(&model, &rows, encoder)?;
        let objective = Objective {
            encoder,
            nil_weight: 1.0,
        };
        let loss = model.loss(&own, &objective, &off)?;
        Ok((states, Gradients::of(&loss.mean, &model)?))
    };
    let (expected, dense) = run(MarkerEncoder::Dense)?;
    let mut most = 0.0;
    for encoder in [MarkerEncoder::Factorized, MarkerEncoder::Shared] {
        let (found, own) = run(encoder)?;
        most = worse(most, distance(&expected, &found));
        most = worse(most, gradient_distance(&dense, &own)?);
    }
    outcome
        .checks
        .push(Check::new("factorised_equals_dense", most, Op::Le, 1e-5));
    Ok(())
}

/// The largest difference of two lists of gradients, those of the encoder in units of its largest one and those
/// of the head in units of its: a new head's weights are small, and so is what they let through.
///
/// # Errors
/// Where other parameters have gradients, and where most gradients are so small that they could be wrong by a
/// tenth unseen.
fn gradient_distance(expected: &Gradients, found: &Gradients) -> Result<f64> {
    ensure!(
        expected.len() == found.len(),
        "{} parameters have gradients, and {} by another encoder",
        expected.len(),
        found.len()
    );
    let mut most = 0.0;
    for part in ["encoder", "head"] {
        let mut pairs = Vec::new();
        for path in expected.paths().filter(|path| path.starts_with(part)) {
            let one = expected.get(path).with_context(|| path.to_owned())?;
            let other = found.get(path).with_context(|| path.to_owned())?;
            pairs.push((one, other));
        }
        let unit = pairs.iter().map(|(one, _)| largest(one));
        let unit = unit.fold(0.0, f64::max);
        let seen = pairs.iter().filter(|(one, _)| largest(one) > 1e-4 * unit);
        let (seen, count) = (seen.count(), pairs.len());
        ensure!(
            unit > 0.0 && 4 * seen > 3 * count,
            "{seen} of {count} gradients of the {part} are large enough to be compared"
        );
        for (one, other) in &pairs {
            most = worse(most, difference(one, other) / unit);
        }
    }
    Ok(most)
}

/// The states of all markers of `rows`, group by group.
fn encoder_states(
    model: &MarkerNer,
    rows: &[&MarkerRow],
    encoder: MarkerEncoder,
) -> Result<Vec<f32>> {
    let model = model.valid();
    let states = encoder.encode(&model.encoder, rows, &DropoutContext::default())?;
    let groups = rows.iter().enumerate().flat_map(|(row, one)| {
        let groups = 0..one.groups.len();
        groups.flat_map(move |group| [(row, group, 0), (row, group, 1)])
    });
    let places: Vec<_> = groups.collect();
    Ok(values(states.markers_at(&places)?))
}
