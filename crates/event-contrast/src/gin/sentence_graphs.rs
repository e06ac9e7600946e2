use burn::module::Module;
use burn::tensor::{Device, Int, Tensor};
use plm_core::graph::{Segments, segment_mean};
use plm_core::nn::DropoutMode;

use super::{Gin, GinConfig, GraphBatch, NodeVectors, Statistics};
use crate::amr::TokenSpan;
use crate::graph::{EventGraph, View, laplacian_positions};
use crate::text::SpanVectors;
use crate::{Error, Result};

/// The whole graphs of sentences, for fine-tuning and clustering.
#[derive(Debug, Clone)]
pub struct SentenceGraphs {
    graphs: Vec<EventGraph>,
    views: Vec<View>,
    vectors: NodeVectors,
}

impl SentenceGraphs {
    /// The graphs of sentences in their order (a graph without nodes where there is none), with the
    /// vectors of their nodes and positions of `position_width` numbers.
    ///
    /// # Errors
    /// [`Error::Core`] where the eigensolver fails.
    pub fn new(
        graphs: Vec<EventGraph>,
        vectors: NodeVectors,
        position_width: usize,
    ) -> Result<Self> {
        let views = graphs.iter().enumerate().map(|(number, graph)| {
            Ok(View {
                graph: number,
                nodes: (0..graph.n_nodes() as u32).collect(),
                seeded: false,
                adjacency: graph.adjacency().clone(),
                roles: graph.roles().to_vec(),
                positions: laplacian_positions(graph.adjacency(), position_width)?,
            })
        });
        Ok(Self {
            views: views.collect::<Result<_>>()?,
            graphs,
            vectors,
        })
    }

    /// The graphs.
    pub fn graphs(&self) -> &[EventGraph] {
        &self.graphs
    }

    /// The graphs of `sentences` as one batch.
    ///
    /// # Errors
    /// As [`GraphBatch::new`]; [`Error::Core`] for a sentence that is not there.
    pub(crate) fn batch(
        &self,
        sentences: &[usize],
        config: &GinConfig,
        device: &Device,
    ) -> Result<GraphBatch> {
        let views = sentences.iter().map(|&sentence| {
            self.views.get(sentence).ok_or_else(|| {
                Error::invalid("sentence", format!("{sentence} of {}", self.views.len()))
            })
        });
        let views: Vec<&View> = views.collect::<Result<_>>()?;
        GraphBatch::new(views, &self.vectors, config, device)
    }

    /// The mean vector of the nodes that share a token with each span; zeros without any. A span is
    /// given with the place of its sentence in `sentences`, those of the batch behind `nodes`.
    ///
    /// # Shapes
    /// - nodes: `[nodes, hidden]`
    /// - result: `[spans, hidden]`
    pub(crate) fn pool(
        &self,
        nodes: Tensor<2>,
        sentences: &[usize],
        spans: &[(usize, TokenSpan)],
    ) -> Result<Tensor<2>> {
        let mut first = Vec::with_capacity(sentences.len());
        let mut next = 0;
        for &sentence in sentences {
            first.push(next);
            next += self.graphs[sentence].n_nodes();
        }
        let (mut rows, mut owners) = (Vec::new(), Vec::new());
        for (number, (place, span)) in spans.iter().enumerate() {
            let graph = &self.graphs[sentences[*place]];
            for node in graph.nodes_in((span.start, span.end)) {
                rows.push((first[*place] + node) as i64);
                owners.push(number as u32);
            }
        }
        let rows = Tensor::<1, Int>::from_data(rows.as_slice(), &nodes.device());
        let segments = Segments::new(&owners, spans.len())?;
        Ok(segment_mean(nodes.select(0, rows), &segments))
    }

    /// The vectors that `gin` has for spans (sentence and tokens): the mean over the nodes that share
    /// a token with the span, zeros without any. `batch` graphs are encoded at a time.
    ///
    /// # Errors
    /// As [`GraphBatch::new`]; [`Error::Core`] for a sentence that is not there or a `batch` of 0.
    pub fn span_vectors(
        &self,
        gin: &Gin,
        spans: &[(usize, TokenSpan)],
        batch: usize,
        device: &Device,
    ) -> Result<SpanVectors> {
        if batch == 0 {
            return Err(Error::invalid("batch", "is 0, must be positive"));
        }
        let device = device.clone().inner();
        let gin = gin.valid();
        let mut sentences: Vec<usize> = spans.iter().map(|&(sentence, _)| sentence).collect();
        sentences.sort_unstable();
        sentences.dedup();
        let mut found = SpanVectors {
            width: gin.config.hidden,
            values: vec![0.0; spans.len() * gin.config.hidden],
        };
        for chunk in sentences.chunks(batch) {
            let batch = self.batch(chunk, &gin.config, &device)?;
            if batch.tokens.dims()[0] == 0 {
                continue;
            }
            let nodes = gin
                .forward(&batch, Statistics::Running, DropoutMode::Off)
                .nodes;
            let (mut own, mut places) = (Vec::new(), Vec::new());
            for (number, &(sentence, span)) in spans.iter().enumerate() {
                if let Ok(place) = chunk.binary_search(&sentence) {
                    own.push((place, span));
                    places.push(number);
                }
            }
            let pooled: Vec<f32> = self.pool(nodes, chunk, &own)?.into_data().iter().collect();
            for (place, row) in places.into_iter().zip(pooled.chunks_exact(found.width)) {
                let start = place * found.width;
                found.values[start..start + found.width].copy_from_slice(row);
            }
        }
        Ok(found)
    }
}
