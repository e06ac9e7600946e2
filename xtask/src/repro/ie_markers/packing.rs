//! Rows of spans: that none is lost, and what packing saves.

use std::time::Instant;

use anyhow::Result;
use plm_core::nn::DropoutContext;
use plm_core::rng::Seed;
use plm_ie_markers::data::{Document, Sentence, WordSpan};
use plm_ie_markers::encode::MarkerEncoder;
use plm_ie_markers::layout::MarkerRow;
use plm_ie_markers::markers::resolve_markers;
use plm_ie_markers::model::MarkerNer;
use plm_ie_markers::pack::{Axis, Packing};
use plm_ie_markers::pipeline::{EntityModel as _, EntitySettings, EntityStage};
use plm_ie_markers::spans::{candidate_count, candidate_spans};
use plm_ie_markers::subwords::{EmptyWords, Subwords, WordSplitter};
use plm_ie_markers::window::{SentenceWindows, WindowSettings, sentence_windows};

use super::lab::Lab;
use crate::repro::{Check, Outcome, Row};

/// A row of the entity model, and the spans that it asks about.
pub(super) struct Asked {
    /// Number of the sentence, through all documents.
    pub(super) sentence: usize,
    pub(super) row: MarkerRow,
    pub(super) spans: Vec<WordSpan>,
}

/// Documents to make rows of.
pub(super) struct Reading<'d> {
    documents: &'d [Document],
    splitter: WordSplitter<'d>,
    markers: Vec<u32>,
}

impl<'d> Reading<'d> {
    pub(super) fn new(
        stage: &'d EntityStage<MarkerNer>,
        documents: &'d [Document],
    ) -> Result<Self> {
        let splitter = WordSplitter::new(stage.model().tokenizer()?, EmptyWords::Flag)?;
        Ok(Self {
            markers: resolve_markers(&splitter, stage.markers())?,
            splitter,
            documents,
        })
    }

    fn windows(&self, settings: &WindowSettings) -> Result<Vec<SentenceWindows>> {
        let mut all = Vec::new();
        for document in self.documents {
            let words = document.sentences.iter().map(|one| one.words.as_slice());
            let subwords = Subwords::new(words, &self.splitter)?;
            for sentence in 0..subwords.sentences() {
                all.push(sentence_windows(&subwords, sentence, settings)?);
            }
        }
        Ok(all)
    }

    /// The rows of all sentences.
    pub(super) fn rows(&self, settings: &EntitySettings) -> Result<Vec<Asked>> {
        let mut asked = Vec::new();
        for (sentence, windows) in self.windows(&settings.window)?.iter().enumerate() {
            let rows = MarkerNer::rows(windows, None, settings, &self.markers)?;
            asked.extend(rows.into_iter().map(|one| Asked {
                sentence,
                row: one.row,
                spans: one.spans,
            }));
        }
        Ok(asked)
    }
}

/// Whatever the width, the order and the size of rows, every span is asked about once and no row is too
/// large; also where a sentence has several windows.
pub(super) fn every_span_once(
    lab: &Lab,
    stage: &EntityStage<MarkerNer>,
    documents: &[Document],
    outcome: &mut Outcome,
) -> Result<()> {
    let mut documents = documents[..documents.len().min(40)].to_vec();
    let words = documents
        .iter()
        .flat_map(|one| one.sentences[0].words.clone());
    let long = Sentence::new(words.take(120).collect::<Vec<_>>());
    documents.push(Document::new("long", vec![long]));
    let reading = Reading::new(stage, &documents)?;
    let sentences: Vec<&Sentence> = documents.iter().flat_map(|one| &one.sentences).collect();
    let mut right = true;
    for (packing, limit) in [
        (Packing::Natural, 256),
        (Packing::Shuffled(Seed::new(3)), 1),
        (Packing::GroupEdge { axis: Axis::Start }, 10),
        (
            Packing::Sorted {
                axis: Axis::End,
                descending: true,
            },
            7,
        ),
    ] {
        for width in [1, 3, 8] {
            let settings = EntitySettings {
                window: WindowSettings::new(40).with_overlap(8),
                width,
                limit,
                packing,
                ..lab.entities.clone()
            };
            let mut spans = vec![Vec::new(); sentences.len()];
            for asked in reading.rows(&settings)? {
                right &= asked.spans.len() <= limit && asked.row.groups.len() == asked.spans.len();
                spans[asked.sentence].extend(asked.spans);
            }
            for (sentence, mut found) in sentences.iter().zip(spans) {
                let count = sentence.words.len();
                found.sort_unstable();
                right &= found.len() == candidate_count(count, width)
                    && found == candidate_spans(0..count, width)?.collect::<Vec<_>>();
            }
        }
    }
    outcome.checks.push(Check::fact("every_span_once", right));
    Ok(())
}

/// How much faster spans are encoded together than one a row.
pub(super) fn speed(
    model: &MarkerNer,
    stage: &EntityStage<MarkerNer>,
    documents: &[Document],
    outcome: &mut Outcome,
) -> Result<()> {
    let words = documents
        .iter()
        .flat_map(|one| one.sentences[0].words.clone());
    let sentence = Sentence::new(words.take(40).collect::<Vec<_>>());
    let documents = [Document::new("forty words", vec![sentence])];
    let reading = Reading::new(stage, &documents)?;
    let settings = |limit| EntitySettings {
        window: WindowSettings::new(64),
        width: 4,
        limit,
        ..stage.settings().clone()
    };
    // The median of three passes after one to warm up.
    let time = |limit: usize, encoder: MarkerEncoder| -> Result<(f64, usize)> {
        let asked = reading.rows(&settings(limit))?;
        let rows: Vec<&MarkerRow> = asked.iter().map(|one| &one.row).collect();
        let pass = || -> Result<f64> {
            let clock = Instant::now();
            for batch in rows.chunks(16) {
                let states = encoder.encode(&model.encoder, batch, &DropoutContext::default())?;
                // Waits for the device.
                let _: f32 = states.markers().sum().into_scalar();
            }
            Ok(clock.elapsed().as_secs_f64())
        };
        pass()?;
        let mut seconds = [pass()?, pass()?, pass()?];
        seconds.sort_by(f64::total_cmp);
        let spans = asked.iter().map(|one| one.spans.len()).sum();
        Ok((seconds[1], spans))
    };
    let (alone, spans) = time(1, MarkerEncoder::Dense)?;
    for (name, encoder) in [
        ("dense", MarkerEncoder::Dense),
        ("factorized", MarkerEncoder::Factorized),
    ] {
        let (packed, _) = time(256, encoder)?;
        let id = format!("packing.{name}");
        let speed = spans as f64 / packed;
        let rows = &mut outcome.rows;
        rows.push(Row::new(id.clone(), "spans a second, 40 words", speed));
        rows.push(Row::new(
            id,
            "times as fast as one span a row",
            alone / packed,
        ));
    }
    Ok(())
}
