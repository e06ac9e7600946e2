use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::{EventContrast, PairPlan, PlannedPair, SpanPlace};

/// How often a sentence is encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Layout {
    /// Once; its pairs take their states from there.
    #[default]
    Once,
    /// Once for each of its pairs, as the released code does.
    PerPair,
}

/// A pair by the numbers of its spans.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct IndexedPair {
    pub(super) trigger: usize,
    pub(super) argument: usize,
    pub(super) argument_negatives: Vec<usize>,
    pub(super) trigger_negatives: Vec<usize>,
}

/// Where the spans of a plan lie in the rows of a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairLayout {
    /// The sentence of each row.
    pub rows: Vec<usize>,
    /// Row and sub-words of each span.
    pub spans: Vec<(usize, Range<usize>)>,
    pub(super) pairs: Vec<IndexedPair>,
    /// For each pair the pairs whose argument its trigger has too: itself, and false negatives.
    shared: Vec<Vec<usize>>,
}

impl PairLayout {
    /// Lays `plan` out for `sentences` sentences.
    pub fn new(plan: &PairPlan, sentences: usize, layout: Layout) -> Self {
        let (rows, row_of_pair): (Vec<usize>, Vec<usize>) = match layout {
            Layout::Once => (
                (0..sentences).collect(),
                plan.pairs
                    .iter()
                    .map(|pair| pair.trigger.sentence)
                    .collect(),
            ),
            Layout::PerPair => (
                plan.pairs
                    .iter()
                    .map(|pair| pair.trigger.sentence)
                    .collect(),
                (0..plan.pairs.len()).collect(),
            ),
        };
        let mut first_row: HashMap<usize, usize> = HashMap::new();
        for (row, &sentence) in rows.iter().enumerate() {
            first_row.entry(sentence).or_insert(row);
        }
        let mut numbers: HashMap<(usize, SpanPlace), usize> = HashMap::new();
        let mut spans = Vec::new();
        let mut pairs = Vec::with_capacity(plan.pairs.len());
        for (pair, &own_row) in plan.pairs.iter().zip(&row_of_pair) {
            let mut number = |span: &SpanPlace| {
                let row = if span.sentence == pair.trigger.sentence {
                    own_row
                } else {
                    first_row[&span.sentence]
                };
                *numbers.entry((row, *span)).or_insert_with(|| {
                    spans.push((row, span.start..span.end));
                    spans.len() - 1
                })
            };
            pairs.push(IndexedPair {
                trigger: number(&pair.trigger),
                argument: number(&pair.argument),
                argument_negatives: pair.argument_negatives.iter().map(&mut number).collect(),
                trigger_negatives: pair.trigger_negatives.iter().map(&mut number).collect(),
            });
        }
        Self {
            rows,
            spans,
            pairs,
            shared: shared(plan),
        }
    }

    /// The number of pairs.
    pub fn n_pairs(&self) -> usize {
        self.pairs.len()
    }

    /// Which pairs' arguments are no negatives of which pair: its own, those that its trigger has too
    /// where `contrast` masks them, and those of its sentence where `contrast` leaves them out.
    /// `[pairs, pairs]`, row by row.
    pub(super) fn in_batch_hidden(&self, contrast: &EventContrast) -> Vec<bool> {
        let n = self.pairs.len();
        let sentence = |pair: &IndexedPair| self.rows[self.spans[pair.trigger].0];
        let mut hidden = vec![false; n * n];
        for (pair, shared) in self.shared.iter().enumerate() {
            let row = &mut hidden[pair * n..(pair + 1) * n];
            row[pair] = true;
            if contrast.mask_false_negatives {
                shared.iter().for_each(|&other| row[other] = true);
            }
            if !contrast.same_sentence {
                let own = sentence(&self.pairs[pair]);
                for (flag, other) in row.iter_mut().zip(&self.pairs) {
                    *flag |= sentence(other) == own;
                }
            }
        }
        hidden
    }
}

fn shared(plan: &PairPlan) -> Vec<Vec<usize>> {
    let mut with_argument: BTreeMap<SpanPlace, Vec<usize>> = BTreeMap::new();
    for (number, pair) in plan.pairs.iter().enumerate() {
        with_argument.entry(pair.argument).or_default().push(number);
    }
    let of_pair = |pair: &PlannedPair| {
        plan.arguments[&pair.trigger]
            .iter()
            .filter_map(|argument| with_argument.get(argument))
            .flatten()
            .copied()
            .collect()
    };
    plan.pairs.iter().map(of_pair).collect()
}
