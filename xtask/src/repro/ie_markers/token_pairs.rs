//! A baseline without markers for relations: the first and last tokens of subject and object side by
//! side (the feature TEXT of PURE, section 5.1).

use anyhow::Result;
use burn::module::Module;
use burn::nn::Linear;
use burn::tensor::{Int, Tensor};
use plm_core::kernel;
use plm_core::models::{EncoderModel, Pretrained};
use plm_core::nn::init::{bert_rule, initialize};
use plm_core::nn::{DropoutContext, apply, zero_linear};
use plm_core::rng::Seed;
use plm_ie_markers::data::{
    Document, PredictedRelation, RelationMention, Score, Sentence, Source, WordSpan,
};
use plm_ie_markers::decode::{decode_relations, suppress_relations};
use plm_ie_markers::encode::{MarkerEncoder, encode_text};
use plm_ie_markers::labels::RelationSpace;
use plm_ie_markers::layout::Row;
use plm_ie_markers::model::{RowClassifier, predict};
use plm_ie_markers::pack::ordered_pairs;
use plm_ie_markers::subwords::{EmptyWords, Subwords, WordSplitter};
use plm_ie_markers::train::{Labeled, fit};
use plm_ie_markers::window::{WindowSettings, sentence_windows};

use super::lab::{Lab, Part};

/// The dropout site of the features, apart from those of layers.
const SITE: u64 = 1 << 36;

/// A text and the first and last tokens of both ends of pairs in it.
#[derive(Debug, Clone)]
pub(super) struct TokenPairRow {
    tokens: Vec<u32>,
    pairs: Vec<[usize; 4]>,
}

impl Row for TokenPairRow {
    fn text_length(&self) -> usize {
        self.tokens.len()
    }

    fn targets(&self) -> usize {
        self.pairs.len()
    }
}

/// One linear map of four token states.
#[derive(Module, Debug)]
pub(super) struct TokenPairModel {
    encoder: EncoderModel,
    head: Linear,
}

impl RowClassifier for TokenPairModel {
    type Row = TokenPairRow;

    fn classes(&self) -> usize {
        self.head.weight.shape().dims::<2>()[1]
    }

    fn logits(
        &self,
        rows: &[&TokenPairRow],
        _encoder: MarkerEncoder,
        dropout: &DropoutContext,
    ) -> plm_ie_markers::Result<Tensor<2>> {
        let texts: Vec<&[u32]> = rows.iter().map(|row| row.tokens.as_slice()).collect();
        let states = encode_text(&self.encoder, &texts, dropout)?;
        let mask = dropout.site(SITE, 0.1);
        let states = kernel::dropout(states, mask.as_ref());
        let [count, length, width] = states.dims();
        let device = states.device();
        let flat = states.reshape([count * length, width]);
        let ends = (0..4).map(|end| {
            let ids = rows.iter().enumerate().flat_map(|(row, one)| {
                let pairs = one.pairs.iter();
                pairs.map(move |pair| (row * length + pair[end]) as i64)
            });
            let ids: Vec<i64> = ids.collect();
            flat.clone()
                .select(0, Tensor::<1, Int>::from_data(ids.as_slice(), &device))
        });
        Ok(apply(&self.head, Tensor::cat(ends.collect(), 1)))
    }
}

/// The model with what it needs to read documents.
pub(super) struct TokenPairStage {
    model: Pretrained<EncoderModel>,
    classifier: TokenPairModel,
    space: RelationSpace,
    window: WindowSettings,
}

/// The spans of a sentence's entities, and its rows with the pairs that each holds.
type Asked = (Vec<WordSpan>, Vec<(TokenPairRow, Vec<[usize; 2]>)>);

impl TokenPairStage {
    pub(super) fn create(
        mut base: Pretrained<EncoderModel>,
        space: RelationSpace,
        window: WindowSettings,
        seed: Seed,
    ) -> Result<Self> {
        base.model.pooler = None;
        let config = &base.model.config;
        let device = base.model.embeddings.word.weight.device();
        let head = zero_linear(4 * config.hidden_size, space.classes(), true, &device);
        let rule = bert_rule(config.initializer_range);
        let classifier = TokenPairModel {
            encoder: base.model.clone(),
            head: initialize(head, seed.child("head"), rule),
        };
        Ok(Self {
            model: base,
            classifier,
            space,
            window,
        })
    }

    /// What is asked about each sentence of `documents`.
    fn asked(&self, documents: &[Document], source: Source) -> Result<Vec<Vec<Asked>>> {
        let splitter = WordSplitter::new(self.model.tokenizer()?, EmptyWords::Flag)?;
        let mut asked = Vec::with_capacity(documents.len());
        for document in documents {
            let words = document.sentences.iter().map(|one| one.words.as_slice());
            let subwords = Subwords::new(words, &splitter)?;
            let mut sentences = Vec::with_capacity(document.sentences.len());
            for (at, sentence) in document.sentences.iter().enumerate() {
                let spans = spans(sentence, source);
                let windows = sentence_windows(&subwords, at, &self.window)?;
                let mut rows: Vec<(TokenPairRow, Vec<[usize; 2]>)> = Vec::new();
                for window in &windows.windows {
                    let row = TokenPairRow {
                        tokens: window.tokens.clone(),
                        pairs: Vec::new(),
                    };
                    rows.push((row, Vec::new()));
                }
                for pair in ordered_pairs(spans.len()) {
                    let [subject, object] = pair.map(|entity| spans[entity]);
                    let Some(decider) = windows.pair_decider(subject, object) else {
                        continue;
                    };
                    let place = |span| windows.windows[decider].token_span(span);
                    if let (Some([a, b]), Some([c, d])) = (place(subject), place(object)) {
                        rows[decider].0.pairs.push([a, b, c, d]);
                        rows[decider].1.push(pair);
                    }
                }
                sentences.push((spans, rows));
            }
            asked.push(sentences);
        }
        Ok(asked)
    }

    /// Trains on gold relations; with the seconds that took.
    pub(super) fn train(
        mut self,
        lab: &Lab,
        documents: &[Document],
        seed: Seed,
    ) -> Result<(Self, f64)> {
        let mut examples = Vec::new();
        let asked = self.asked(documents, Source::Gold)?;
        for (document, sentences) in documents.iter().zip(asked) {
            for (sentence, (spans, rows)) in document.sentences.iter().zip(sentences) {
                let targets = self.space.targets(&sentence.relations)?;
                for (row, pairs) in rows {
                    let class = |&[s, o]: &[usize; 2]| targets.class(spans[s], spans[o]);
                    let labels = pairs.iter().map(class).collect();
                    examples.push(Labeled { row, labels });
                }
            }
        }
        let settings = lab.fit(Part::Relations, examples.len(), documents, seed);
        let (classifier, report) = fit(self.classifier.clone(), &examples, &settings, None, None)?;
        self.classifier = classifier;
        Ok((self, report.seconds))
    }

    /// Replaces the predicted relations of `documents`.
    pub(super) fn predict(
        &self,
        lab: &Lab,
        documents: &mut [Document],
        source: Source,
    ) -> Result<()> {
        let asked = self.asked(documents, source)?;
        let rows = asked.iter().flatten().flat_map(|(_, rows)| rows);
        let rows: Vec<TokenPairRow> = rows.map(|(row, _)| row.clone()).collect();
        let computation = &lab.computation;
        let found = predict(
            &self.classifier,
            &rows,
            computation.encoder,
            computation.batch,
        )?;
        let mut found = found.into_iter();
        for (document, sentences) in documents.iter_mut().zip(asked) {
            for (sentence, (spans, rows)) in document.sentences.iter_mut().zip(sentences) {
                let mut scores = vec![vec![None; spans.len()]; spans.len()];
                for (_, pairs) in rows {
                    let own = found.next().unwrap_or_default();
                    for ([subject, object], own) in pairs.into_iter().zip(own) {
                        scores[subject][object] = Some(own);
                    }
                }
                sentence.predicted_relations = self.decode(&spans, &scores)?;
            }
            document.layers.predicted_relations = true;
        }
        Ok(())
    }

    fn decode(
        &self,
        spans: &[WordSpan],
        scores: &[Vec<Option<Vec<f32>>>],
    ) -> Result<Vec<PredictedRelation>> {
        let kept = vec![true; spans.len()];
        let candidates = decode_relations(&self.space, spans, &kept, |subject, object| {
            scores[subject][object].as_deref()
        })?;
        let mut relations = Vec::new();
        for at in suppress_relations(&candidates)? {
            let found = &candidates[at];
            relations.push(PredictedRelation {
                relation: RelationMention {
                    subject: found.subject,
                    object: found.object,
                    label: self.space.labels()[found.label].clone(),
                },
                types: None,
                score: Some(Score {
                    raw: found.score,
                    probability: found.score.exp(),
                }),
            });
        }
        relations.sort_by(|a, b| a.relation.cmp(&b.relation));
        Ok(relations)
    }
}

/// The spans of the entities of `sentence`, each once.
fn spans(sentence: &Sentence, source: Source) -> Vec<WordSpan> {
    let mut spans: Vec<WordSpan> = Vec::new();
    for entity in sentence.entities_from(source) {
        if !spans.contains(&entity.span) {
            spans.push(entity.span);
        }
    }
    spans
}
