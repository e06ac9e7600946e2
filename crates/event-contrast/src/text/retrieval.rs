use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Device;
use plm_core::text::Encoding;
use rayon::prelude::*;
use serde::Serialize;

use super::{ContrastSentence, EventEncoder, SpanEncoder, SpanKind, SpanLists, span_vectors};
use crate::Result;

/// How often the best-scored argument of a trigger is one of its own (retrieval@1).
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct RetrievalScores {
    /// Among its arguments and negatives, over triggers that have negatives; 0 if none has.
    pub in_sentence: f64,
    /// Among the arguments of all sentences, over all triggers.
    pub overall: f64,
    /// Triggers with negatives.
    pub contrasted: usize,
    /// Triggers.
    pub triggers: usize,
}

/// Retrieval of arguments by triggers over `sentences`, of which `batch` are encoded at a time.
///
/// # Errors
/// As [`span_vectors`].
pub fn retrieval_scores(
    model: &EventEncoder,
    sentences: &[ContrastSentence],
    encoder: &SpanEncoder,
    batch: usize,
    device: &Device,
) -> Result<RetrievalScores> {
    let spans: Vec<(&Encoding, SpanLists<2>)> = sentences
        .iter()
        .map(|each| {
            let triggers = each.triggers.iter().map(|t| Some(t.trigger.clone()));
            let arguments = candidates(each).into_iter().map(Some);
            (&each.encoding, [triggers.collect(), arguments.collect()])
        })
        .collect();
    let kinds = [SpanKind::Trigger, SpanKind::Argument];
    let [triggers, arguments] = span_vectors(model, &spans, kinds, encoder, batch, device)?;
    let mut tasks = Vec::new();
    let mut pool = Vec::new();
    let mut first = 0;
    for sentence in sentences {
        let spans = candidates(sentence);
        let numbers: BTreeMap<(usize, usize), usize> = spans
            .iter()
            .zip(first..)
            .map(|(range, number)| ((range.start, range.end), number))
            .collect();
        first += spans.len();
        let number = |range: &Range<usize>| numbers[&(range.start, range.end)];
        for trigger in &sentence.triggers {
            let own: Vec<usize> = trigger.arguments.iter().map(number).collect();
            pool.extend_from_slice(&own);
            tasks.push((
                own,
                trigger.negatives.iter().map(number).collect::<Vec<_>>(),
            ));
        }
    }
    pool.sort_unstable();
    pool.dedup();
    let found: Vec<(Option<bool>, bool)> = tasks
        .par_iter()
        .enumerate()
        .map(|(at, (own, negatives))| {
            let trigger = triggers.row(at);
            let score = |&number: &usize| -> f32 {
                let argument = arguments.row(number);
                trigger.iter().zip(argument).map(|(a, b)| a * b).sum()
            };
            let best =
                |numbers: &[usize]| numbers.iter().map(score).fold(f32::NEG_INFINITY, f32::max);
            let others: Vec<usize> = pool.iter().copied().filter(|n| !own.contains(n)).collect();
            let most = best(own);
            let near = (!negatives.is_empty()).then(|| most > best(negatives));
            (near, most > best(&others))
        })
        .collect();
    let contrasted = found.iter().filter(|(near, _)| near.is_some()).count();
    let near = found.iter().filter(|(near, _)| *near == Some(true)).count();
    let overall = found.iter().filter(|(_, overall)| *overall).count();
    Ok(RetrievalScores {
        in_sentence: near as f64 / contrasted.max(1) as f64,
        overall: overall as f64 / found.len().max(1) as f64,
        contrasted,
        triggers: found.len(),
    })
}

/// The arguments and negatives of a sentence, each once.
fn candidates(sentence: &ContrastSentence) -> Vec<Range<usize>> {
    let mut spans: Vec<(usize, usize)> = sentence
        .triggers
        .iter()
        .flat_map(|trigger| trigger.arguments.iter().chain(&trigger.negatives))
        .map(|range| (range.start, range.end))
        .collect();
    spans.sort_unstable();
    spans.dedup();
    spans.into_iter().map(|(start, end)| start..end).collect()
}
