use std::collections::HashMap;

use burn::tensor::Device;
use plm_core::nn::init::normal;
use plm_core::rng::Seed;

use crate::amr::TokenSpan;
use crate::graph::EventGraph;
use crate::text::{EventEncoder, SpanEncoder, SpanKind, span_vectors};
use crate::{Error, Result};

/// A vector for each node of each event graph that says what its tokens are.
#[derive(Debug, Clone, PartialEq)]
pub struct NodeVectors {
    width: usize,
    /// `[nodes, width]` for each graph.
    tables: Vec<Vec<f32>>,
}

impl NodeVectors {
    /// The vectors in `tables`, one for each graph, row after row.
    ///
    /// # Errors
    /// [`Error::Core`] where a table has not one row for each node of its graph.
    pub fn new(graphs: &[EventGraph], width: usize, tables: Vec<Vec<f32>>) -> Result<Self> {
        if graphs.len() != tables.len() {
            let reason = format!("{} tables for {} graphs", tables.len(), graphs.len());
            return Err(Error::invalid("node vectors", reason));
        }
        for (at, (graph, table)) in graphs.iter().zip(&tables).enumerate() {
            if table.len() != graph.n_nodes() * width {
                let (found, nodes) = (table.len(), graph.n_nodes());
                let reason = format!("{found} numbers for {nodes} nodes of graph {at}");
                return Err(Error::invalid("node vectors", reason));
            }
        }
        Ok(Self { width, tables })
    }

    /// The mean of random vectors of the node's tokens, the same for a token wherever it stands,
    /// whatever its case: word vectors for where there are none (CLEVE has GloVe's). Their numbers are
    /// normal with variance 1 / `width`.
    ///
    /// # Errors
    /// [`Error::Core`] where a graph has no sentence, or a span that its sentence has not.
    pub fn hashed<S: AsRef<str>>(
        graphs: &[EventGraph],
        sentences: &[Vec<S>],
        width: usize,
        seed: Seed,
    ) -> Result<Self> {
        check_sentences(graphs, sentences)?;
        let deviation = 1.0 / (width.max(1) as f64).sqrt();
        let mut known: HashMap<String, Vec<f32>> = HashMap::new();
        let mut tables = Vec::with_capacity(graphs.len());
        for (graph, tokens) in graphs.iter().zip(sentences) {
            let mut table = Vec::with_capacity(graph.n_nodes() * width);
            for &(start, end) in graph.spans() {
                let mut mean = vec![0.0; width];
                for token in &tokens[start..end] {
                    let token = token.as_ref().to_lowercase();
                    let vector = known
                        .entry(token)
                        .or_insert_with_key(|token| normal(seed, token, width, deviation));
                    for (sum, value) in mean.iter_mut().zip(vector) {
                        *sum += *value / (end - start) as f32;
                    }
                }
                table.append(&mut mean);
            }
            tables.push(table);
        }
        Ok(Self { width, tables })
    }

    /// The mean states of a text encoder, of which `batch` sentences are encoded at a time. Nodes
    /// whose tokens were cut off get zeros.
    ///
    /// # Errors
    /// As [`NodeVectors::hashed`] and [`span_vectors`].
    pub fn encoded(
        graphs: &[EventGraph],
        sentences: &[Vec<String>],
        model: &EventEncoder,
        encoder: &SpanEncoder,
        batch: usize,
        device: &Device,
    ) -> Result<Self> {
        check_sentences(graphs, sentences)?;
        let mut encoded = Vec::with_capacity(graphs.len());
        for (graph, tokens) in graphs.iter().zip(sentences) {
            let spans = graph.spans().iter();
            let spans: Vec<_> = spans
                .map(|&(start, end)| TokenSpan::new(start, end))
                .collect();
            encoded.push(encoder.encode(tokens, &spans)?);
        }
        let spans: Vec<_> = encoded
            .iter()
            .map(|each| (&each.encoding, [each.ranges.clone()]))
            .collect();
        let kinds = [SpanKind::State];
        let [vectors] = span_vectors(model, &spans, kinds, encoder, batch, device)?;
        let mut rest = vectors.values.as_slice();
        let tables = graphs.iter().map(|graph| {
            let (own, others) = rest.split_at(graph.n_nodes() * vectors.width);
            rest = others;
            own.to_vec()
        });
        Ok(Self {
            tables: tables.collect(),
            width: vectors.width,
        })
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The vector of a node.
    ///
    /// # Errors
    /// [`Error::Core`] where there is no such graph or node.
    pub fn row(&self, graph: usize, node: u32) -> Result<&[f32]> {
        let start = node as usize * self.width;
        self.tables
            .get(graph)
            .and_then(|table| table.get(start..start + self.width))
            .ok_or_else(|| Error::invalid("node", format!("{node} of graph {graph} has no vector")))
    }
}

fn check_sentences<S>(graphs: &[EventGraph], sentences: &[Vec<S>]) -> Result<()> {
    if graphs.len() != sentences.len() {
        let reason = format!("{} for {} graphs", sentences.len(), graphs.len());
        return Err(Error::invalid("sentences", reason));
    }
    for (at, (graph, tokens)) in graphs.iter().zip(sentences).enumerate() {
        if let Some(span) = graph.spans().iter().find(|span| span.1 > tokens.len()) {
            let reason = format!("{at} has {} tokens, its graph {span:?}", tokens.len());
            return Err(Error::invalid("sentence", reason));
        }
    }
    Ok(())
}
