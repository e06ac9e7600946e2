use std::collections::BTreeMap;
use std::ops::Range;

use burn::tensor::Device;
use plm_core::text::Encoding;
use rayon::prelude::*;
use serde::Serialize;

use super::{
    ContrastSentence, EventEncoder, SpanEncoder, SpanKind, SpanLists, SpanVectors, span_vectors,
    unit_row,
};
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

/// Retrieval by what a model compares spans by.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Retrieval {
    /// As in pre-training: a model that was not pre-trained has random maps.
    pub by_maps: RetrievalScores,
    /// By the cosines of the encoder's own states: what it finds without maps.
    pub by_states: RetrievalScores,
}

/// Retrieval of arguments by triggers over `sentences`, of which `batch` are encoded at a time, each once.
///
/// # Errors
/// As [`span_vectors`].
pub fn retrieval_scores(
    model: &EventEncoder,
    sentences: &[ContrastSentence],
    encoder: &SpanEncoder,
    batch: usize,
    device: &Device,
) -> Result<Retrieval> {
    let kinds = [
        SpanKind::Trigger,
        SpanKind::Argument,
        SpanKind::State,
        SpanKind::State,
    ];
    let spans: Vec<(&Encoding, SpanLists<4>)> = sentences
        .iter()
        .map(|each| {
            let triggers = each.triggers.iter().map(|t| Some(t.trigger.clone()));
            let triggers: Vec<_> = triggers.collect();
            let arguments: Vec<_> = candidates(each).into_iter().map(Some).collect();
            let lists = [triggers.clone(), arguments.clone(), triggers, arguments];
            (&each.encoding, lists)
        })
        .collect();
    let [triggers, arguments, trigger_states, argument_states] =
        span_vectors(model, &spans, kinds, encoder, batch, device)?;
    Ok(Retrieval {
        by_maps: scores(sentences, &triggers, &arguments),
        by_states: scores(sentences, &unit(trigger_states), &unit(argument_states)),
    })
}

/// `vectors` of length 1; zeros stay.
fn unit(vectors: SpanVectors) -> SpanVectors {
    let rows = vectors.values.chunks_exact(vectors.width);
    SpanVectors {
        values: rows.flat_map(unit_row).collect(),
        ..vectors
    }
}

/// How often the argument with the greatest product is a trigger's own.
fn scores(
    sentences: &[ContrastSentence],
    triggers: &SpanVectors,
    arguments: &SpanVectors,
) -> RetrievalScores {
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
    RetrievalScores {
        in_sentence: near as f64 / contrasted.max(1) as f64,
        overall: overall as f64 / found.len().max(1) as f64,
        contrasted,
        triggers: found.len(),
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::ContrastTrigger;

    /// The negative, which is longer, has the greater product and the smaller cosine.
    #[test]
    fn lengths_of_states_do_not_count() {
        let at = |start: usize| start..start + 1;
        let sentences = [ContrastSentence {
            encoding: Encoding::default(),
            triggers: vec![ContrastTrigger {
                trigger: at(0),
                arguments: vec![at(1)],
                negatives: vec![at(2)],
            }],
        }];
        let vectors = |values: &[f32]| SpanVectors {
            width: 2,
            values: values.to_vec(),
        };
        let (trigger, arguments) = (vectors(&[2.0, 0.0]), vectors(&[1.0, 0.1, 5.0, 5.0]));
        let products = scores(&sentences, &trigger, &arguments);
        assert_eq!(products.in_sentence, 0.0);
        let cosines = scores(&sentences, &unit(trigger), &unit(arguments));
        assert_eq!((cosines.in_sentence, cosines.contrasted), (1.0, 1));
    }
}
