use std::collections::BTreeMap;

use burn::tensor::Device;

use super::LiberalCandidates;
use crate::amr::TokenSpan;
use crate::gin::{Gin, SentenceGraphs};
use crate::text::{EventEncoder, SpanEncoder, SpanKind, SpanVectors, span_vectors, unit_row};
use crate::{Error, Result};

/// The vectors of candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct CandidateVectors {
    /// Of the triggers, in their order.
    pub triggers: SpanVectors,
    /// Of the arguments, in their order.
    pub arguments: SpanVectors,
}

impl LiberalCandidates {
    /// The vectors of a text encoder: as triggers and arguments are compared in pre-training, or with
    /// `states` the encoder's own states. Spans that were cut off get zeros.
    ///
    /// # Errors
    /// As [`span_vectors`].
    pub fn text_vectors(
        &self,
        model: &EventEncoder,
        states: bool,
        encoder: &SpanEncoder,
        batch: usize,
        device: &Device,
    ) -> Result<CandidateVectors> {
        let mut spans: BTreeMap<usize, [Vec<TokenSpan>; 2]> = BTreeMap::new();
        for (side, mentions) in [&self.triggers, &self.arguments].into_iter().enumerate() {
            for &(sentence, span) in mentions {
                spans.entry(sentence).or_default()[side].push(span);
            }
        }
        let encoded: Vec<_> = spans
            .iter()
            .map(|(sentence, lists)| encoder.encode(&self.tokens[sentence], &lists.concat()))
            .collect::<Result<_>>()?;
        let sentences: Vec<_> = encoded
            .iter()
            .zip(spans.values())
            .map(|(each, [triggers, _])| {
                let (triggers, arguments) = each.ranges.split_at(triggers.len());
                (&each.encoding, [triggers.to_vec(), arguments.to_vec()])
            })
            .collect();
        let kinds = if states {
            [SpanKind::State; 2]
        } else {
            [SpanKind::Trigger, SpanKind::Argument]
        };
        let [triggers, arguments] = span_vectors(model, &sentences, kinds, encoder, batch, device)?;
        Ok(CandidateVectors {
            triggers,
            arguments,
        })
    }

    /// The vectors of a graph network. Spans without a node get zeros.
    ///
    /// # Errors
    /// As [`SentenceGraphs::span_vectors`].
    pub fn graph_vectors(
        &self,
        gin: &Gin,
        graphs: &SentenceGraphs,
        batch: usize,
        device: &Device,
    ) -> Result<CandidateVectors> {
        Ok(CandidateVectors {
            triggers: graphs.span_vectors(gin, &self.triggers, batch, device)?,
            arguments: graphs.span_vectors(gin, &self.arguments, batch, device)?,
        })
    }
}

/// Text and graph vectors side by side, each brought to length 1 first; zeros stay.
///
/// # Errors
/// [`Error::Core`] where they are of different candidates.
pub fn join(text: &CandidateVectors, graph: &CandidateVectors) -> Result<CandidateVectors> {
    Ok(CandidateVectors {
        triggers: join_rows(&text.triggers, &graph.triggers)?,
        arguments: join_rows(&text.arguments, &graph.arguments)?,
    })
}

fn join_rows(a: &SpanVectors, b: &SpanVectors) -> Result<SpanVectors> {
    if a.n_spans() != b.n_spans() {
        let reason = format!("of {} and {} spans", a.n_spans(), b.n_spans());
        return Err(Error::invalid("vectors", reason));
    }
    let mut values = Vec::with_capacity(a.values.len() + b.values.len());
    for at in 0..a.n_spans() {
        for row in [a.row(at), b.row(at)] {
            values.extend(unit_row(row));
        }
    }
    Ok(SpanVectors {
        width: a.width + b.width,
        values,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_have_length_one() {
        let vectors = |width, values: &[f32]| SpanVectors {
            width,
            values: values.to_vec(),
        };
        let both = join_rows(
            &vectors(2, &[3.0, 4.0, 0.0, 0.0]),
            &vectors(1, &[-2.0, 5.0]),
        );
        assert_eq!(both.unwrap(), vectors(3, &[0.6, 0.8, -1.0, 0.0, 0.0, 1.0]));
        assert!(join_rows(&vectors(2, &[1.0; 4]), &vectors(1, &[1.0])).is_err());
    }
}
