//! What an entity model asks about a sentence, and what its answers mean.

use std::collections::{BTreeSet, HashMap};

use plm_core::models::PretrainedModel;

use super::EntitySettings;
use super::read::best;
use super::tags::{tag_entities, tag_words};
use crate::Result;
use crate::data::WordSpan;
use crate::decode::{SpanCandidate, TagCandidate, TagTypes, TypeProbabilities, tag_candidates};
use crate::labels::{LabelSet, NIL};
use crate::layout::MarkerPair;
use crate::model::{MarkerNer, RowClassifier, SequenceTagger, SpanConcatNer};
use crate::pack::{Packed, entity_rows, span_rows, word_row};
use crate::window::{SentenceWindows, Window};

/// A row of an entity model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EntityRow<R> {
    /// The row.
    pub row: R,
    /// The words of each of its targets.
    pub spans: Vec<WordSpan>,
}

/// A model that finds the entities of sentences.
pub trait EntityModel: RowClassifier + PretrainedModel {
    /// How many marker tokens it needs.
    const MARKERS: usize;

    /// How many classes its head has for entities of `labels`: those of `labels`, unless it says otherwise.
    fn head_classes(labels: &LabelSet) -> usize {
        labels.classes()
    }

    /// The rows of a sentence. Together their targets are every span, or word, of the sentence that a
    /// window holds, each once; of spans only those that were `proposed`, where that is said. `markers` has
    /// [`Self::MARKERS`] ids.
    ///
    /// # Errors
    /// As [`entity_rows`].
    fn rows(
        windows: &SentenceWindows,
        proposed: Option<&BTreeSet<WordSpan>>,
        settings: &EntitySettings,
        markers: &[u32],
    ) -> Result<Vec<EntityRow<Self::Row>>>;

    /// The head's class of each of `spans`, which are targets of one sentence of `words` words with these
    /// entities. What is no span of the sentence is not learned. Of a model of spans it is the class of the
    /// entity that is the span.
    fn targets(spans: &[WordSpan], entities: &[(WordSpan, usize)], _words: usize) -> Vec<usize> {
        span_targets(spans, entities)
    }

    /// The entities of a sentence, by the log-probabilities of the head's classes of all its targets.
    /// Labels are classes of the [`LabelSet`]. Of a model of spans they are those whose best class is an entity
    /// type.
    fn decode(scores: Vec<(WordSpan, Vec<f32>)>) -> Vec<SpanCandidate<usize>> {
        span_entities(scores)
    }

    /// Spans of a sentence of `words` words for another model to decide on, by the log-probabilities of the
    /// head's classes of all its targets: how probable it is that each is an entity of any type, and the type
    /// that is the most probable, by its place in [`LabelSet::types`]. Of a tagger `tags` are the classes,
    /// and its spans have up to `width` words.
    ///
    /// # Errors
    /// As [`tag_candidates`] and [`TypeProbabilities::from_tags`].
    fn propose(
        scores: Vec<(WordSpan, Vec<f32>)>,
        _tags: &TagTypes,
        _words: usize,
        _width: usize,
    ) -> Result<Vec<TagCandidate>> {
        Ok(span_proposals(scores))
    }
}

/// The rows that `pack` makes of the candidates of each window, of up to `width` words.
fn candidate_rows<R>(
    windows: &SentenceWindows,
    proposed: Option<&BTreeSet<WordSpan>>,
    width: usize,
    pack: impl Fn(&Window, &[WordSpan]) -> Result<Vec<Packed<R>>>,
) -> Result<Vec<EntityRow<R>>> {
    let mut rows = Vec::new();
    for (window, mut spans) in windows.windows.iter().zip(windows.candidates(width)?) {
        if let Some(proposed) = proposed {
            spans.retain(|span| proposed.contains(span));
        }
        let packed = pack(window, &spans)?;
        rows.extend(packed.into_iter().map(|packed| EntityRow {
            row: packed.row,
            spans: packed.targets.iter().map(|&at| spans[at]).collect(),
        }));
    }
    Ok(rows)
}

/// The class of each span.
fn span_targets(spans: &[WordSpan], entities: &[(WordSpan, usize)]) -> Vec<usize> {
    let mut classes = HashMap::new();
    for &(span, class) in entities {
        classes.entry(span).or_insert(class);
    }
    let of = |span| classes.get(span).copied().unwrap_or(NIL);
    spans.iter().map(of).collect()
}

/// The spans whose best class is an entity type.
fn span_entities(scores: Vec<(WordSpan, Vec<f32>)>) -> Vec<SpanCandidate<usize>> {
    let found = scores.into_iter().filter_map(|(span, scores)| {
        let (label, score) = best(&scores);
        let score = score.exp();
        (label != NIL).then_some(SpanCandidate { span, label, score })
    });
    found.collect()
}

/// All spans, with the probability that they are not of the class for no entity.
fn span_proposals(scores: Vec<(WordSpan, Vec<f32>)>) -> Vec<TagCandidate> {
    let proposed = scores.into_iter().filter_map(|(span, scores)| {
        let (&nil, types) = scores.split_first()?;
        let (label, _) = best(types);
        let score = -f64::from(nil).exp_m1();
        (!types.is_empty()).then_some(TagCandidate { span, label, score })
    });
    proposed.collect()
}

impl EntityModel for MarkerNer {
    const MARKERS: usize = 2;

    fn rows(
        windows: &SentenceWindows,
        proposed: Option<&BTreeSet<WordSpan>>,
        settings: &EntitySettings,
        markers: &[u32],
    ) -> Result<Vec<EntityRow<Self::Row>>> {
        let markers = MarkerPair::new(markers[0], markers[1]);
        candidate_rows(windows, proposed, settings.width, |window, spans| {
            entity_rows(window, spans, markers, settings.packing, settings.limit)
        })
    }
}

impl EntityModel for SpanConcatNer {
    const MARKERS: usize = 0;

    fn rows(
        windows: &SentenceWindows,
        proposed: Option<&BTreeSet<WordSpan>>,
        settings: &EntitySettings,
        _markers: &[u32],
    ) -> Result<Vec<EntityRow<Self::Row>>> {
        candidate_rows(windows, proposed, settings.width, |window, spans| {
            span_rows(window, spans, settings.packing, settings.limit)
        })
    }
}

/// Class 0 is the tag O; type `t` has `B-` in class `2 t - 1` and `I-` in class `2 t`. Of gold entities
/// that overlap the longest is learned, and of those the first.
impl EntityModel for SequenceTagger {
    const MARKERS: usize = 0;

    fn head_classes(labels: &LabelSet) -> usize {
        2 * labels.types().len() + 1
    }

    fn rows(
        windows: &SentenceWindows,
        _proposed: Option<&BTreeSet<WordSpan>>,
        _settings: &EntitySettings,
        _markers: &[u32],
    ) -> Result<Vec<EntityRow<Self::Row>>> {
        let mut rows = Vec::new();
        for (window, own) in windows.windows.iter().zip(windows.candidates(1)?) {
            let mut tagged = word_row(window);
            let mut spans = Vec::with_capacity(own.len());
            let mut words = tagged.words.iter();
            tagged.row.words.retain(|_| {
                let word = words.next().map(|&word| WordSpan::new(word, word));
                let decided = word.filter(|word| own.binary_search(word).is_ok());
                spans.extend(decided);
                decided.is_some()
            });
            let row = tagged.row;
            rows.push(EntityRow { row, spans });
        }
        Ok(rows)
    }

    fn targets(spans: &[WordSpan], entities: &[(WordSpan, usize)], words: usize) -> Vec<usize> {
        let tags = tag_words(entities, words);
        let of = |span: &WordSpan| tags.get(&span.start).copied().unwrap_or(NIL);
        spans.iter().map(of).collect()
    }

    fn decode(scores: Vec<(WordSpan, Vec<f32>)>) -> Vec<SpanCandidate<usize>> {
        let tags = scores.into_iter().map(|(span, scores)| {
            let (tag, score) = best(&scores);
            (span.start, tag, score)
        });
        tag_entities(tags.collect())
    }

    fn propose(
        scores: Vec<(WordSpan, Vec<f32>)>,
        tags: &TagTypes,
        words: usize,
        width: usize,
    ) -> Result<Vec<TagCandidate>> {
        // Words without tokens have no tag: they lie outside of entities.
        let mut outside = vec![0.0_f32; tags.count()];
        outside[0] = 1.0;
        let mut rows = vec![outside; words];
        for (span, scores) in scores {
            if let Some(row) = rows.get_mut(span.start) {
                *row = scores.iter().map(|score| score.exp()).collect();
            }
        }
        let probabilities = TypeProbabilities::from_tags(&rows.concat(), tags)?;
        tag_candidates(&probabilities, width)
    }
}
