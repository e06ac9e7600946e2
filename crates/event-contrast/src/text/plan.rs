use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use plm_core::rng::{Seed, StreamRng};
use rand::seq::SliceRandom;

use super::{ContrastSentence, EventContrast};

/// A span of a batch of sentences.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SpanPlace {
    /// The sentence's number in the batch.
    pub sentence: usize,
    /// Its first sub-word.
    pub start: usize,
    /// The sub-word after its last.
    pub end: usize,
}

/// A pair with the negatives that were drawn for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlannedPair {
    /// The trigger.
    pub trigger: SpanPlace,
    /// The argument.
    pub argument: SpanPlace,
    /// Spans in the place of the argument.
    pub argument_negatives: Vec<SpanPlace>,
    /// Spans in the place of the trigger.
    pub trigger_negatives: Vec<SpanPlace>,
}

/// All pairs of a batch of sentences.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairPlan {
    /// The pairs, by sentence, trigger and argument.
    pub pairs: Vec<PlannedPair>,
    /// The arguments of each trigger.
    pub arguments: BTreeMap<SpanPlace, BTreeSet<SpanPlace>>,
}

impl PairPlan {
    /// The pairs of `sentences` with as many negatives as `contrast` asks for. Negatives of the pair's
    /// own sentence, unless `contrast` has none, come first; where there are too many, `seed` decides.
    pub fn new(sentences: &[&ContrastSentence], contrast: &EventContrast, seed: Seed) -> Self {
        let mut arguments: BTreeMap<SpanPlace, BTreeSet<SpanPlace>> = BTreeMap::new();
        let place = |sentence, range: &Range<usize>| SpanPlace {
            sentence,
            start: range.start,
            end: range.end,
        };
        for (sentence, each) in sentences.iter().enumerate() {
            for trigger in &each.triggers {
                let own = trigger.arguments.iter().map(|range| place(sentence, range));
                let of_trigger = arguments.entry(place(sentence, &trigger.trigger));
                of_trigger.or_default().extend(own);
            }
        }
        let all: BTreeSet<SpanPlace> = arguments.values().flatten().copied().collect();
        let mut rng = seed.stream("negatives");
        let mut pairs = Vec::new();
        for (sentence, each) in sentences.iter().enumerate() {
            for contrasted in &each.triggers {
                let trigger = place(sentence, &contrasted.trigger);
                let own = &arguments[&trigger];
                let near: Vec<SpanPlace> = contrasted
                    .negatives
                    .iter()
                    .map(|range| place(sentence, range))
                    .filter(|span| contrast.same_sentence && !own.contains(span))
                    .collect();
                for range in &contrasted.arguments {
                    let argument = place(sentence, range);
                    let far = || {
                        let others = all.iter().filter(|span| span.sentence != sentence);
                        if contrast.in_batch {
                            Vec::new()
                        } else {
                            others.copied().collect()
                        }
                    };
                    let argument_negatives =
                        draw(near.clone(), far, contrast.argument_negatives, &mut rng);
                    let without = |near: bool| {
                        arguments
                            .iter()
                            .filter(|(other, has)| {
                                (other.sentence == sentence) == near
                                    && !has.contains(&argument)
                                    && **other != argument
                            })
                            .map(|(&other, _)| other)
                            .collect::<Vec<_>>()
                    };
                    let trigger_negatives = if contrast.trigger_negatives == 0 {
                        Vec::new()
                    } else {
                        let most = contrast.trigger_negatives;
                        let near = if contrast.same_sentence {
                            without(true)
                        } else {
                            Vec::new()
                        };
                        draw(near, || without(false), most, &mut rng)
                    };
                    pairs.push(PlannedPair {
                        trigger,
                        argument,
                        argument_negatives,
                        trigger_negatives,
                    });
                }
            }
        }
        Self { pairs, arguments }
    }
}

/// At most `most` of `near`, and where they are fewer, of `far`.
fn draw(
    mut near: Vec<SpanPlace>,
    far: impl FnOnce() -> Vec<SpanPlace>,
    most: usize,
    rng: &mut StreamRng,
) -> Vec<SpanPlace> {
    if near.len() > most {
        let (chosen, _) = near.partial_shuffle(rng, most);
        return chosen.to_vec();
    }
    if near.len() < most {
        let mut far = far();
        let missing = (most - near.len()).min(far.len());
        near.extend_from_slice(far.partial_shuffle(rng, missing).0);
    }
    near
}
