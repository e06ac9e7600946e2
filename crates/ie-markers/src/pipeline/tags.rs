//! Tags as classes: 0 is O, type `t` has `B-` in class `2 t - 1` and `I-` in class `2 t`.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::data::WordSpan;
use crate::decode::SpanCandidate;
use crate::labels::NIL;

/// The tag of every word inside of an entity of a sentence of `words` words. Of entities that overlap the
/// longest has tags, and of those the first. What is no span of the sentence or has no type is no entity.
pub(super) fn tag_words(entities: &[(WordSpan, usize)], words: usize) -> BTreeMap<usize, usize> {
    let mut order = entities.to_vec();
    order.retain(|&(span, class)| class != NIL && span.is_within(words));
    order.sort_by_key(|&(span, _)| (Reverse(span.width()), span.start));
    let mut tags = BTreeMap::new();
    for (span, class) in order {
        let mut words = span.start..=span.end;
        if words.clone().any(|word| tags.contains_key(&word)) {
            continue;
        }
        tags.extend(words.next().map(|word| (word, 2 * class - 1)));
        tags.extend(words.map(|word| (word, 2 * class)));
    }
    tags
}

/// The entities that tags mark, each with the geometric mean of its tags' probabilities. `tags` are
/// word, tag and log-probability. A tag `I-` that continues nothing opens an entity, as does every
/// `B-`; words without tags are as their neighbors are.
pub(super) fn tag_entities(mut tags: Vec<(usize, usize, f64)>) -> Vec<SpanCandidate<usize>> {
    tags.sort_unstable_by_key(|&(word, ..)| word);
    let mut entities: Vec<SpanCandidate<usize>> = Vec::new();
    // Sum of log-probabilities and number of tags of the entity that is open.
    let mut open: Option<(f64, usize)> = None;
    for (word, tag, score) in tags {
        if tag == 0 {
            open = None;
            continue;
        }
        let label = tag.div_ceil(2);
        let last = entities.last_mut().filter(|last| last.label == label);
        match (last, open) {
            (Some(last), Some((sum, count))) if tag.is_multiple_of(2) => {
                let (sum, count) = (sum + score, count + 1);
                last.span.end = word;
                last.score = (sum / count as f64).exp();
                open = Some((sum, count));
            }
            _ => {
                entities.push(SpanCandidate {
                    span: WordSpan::new(word, word),
                    label,
                    score: score.exp(),
                });
                open = Some((score, 1));
            }
        }
    }
    entities
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: usize, end: usize) -> WordSpan {
        WordSpan::new(start, end)
    }

    #[test]
    fn tags_of_entities() {
        let entities = [(span(4, 4), 2), (span(0, 1), 1), (span(1, 3), 2)];
        let tags: Vec<_> = tag_words(&entities, 5).into_iter().collect();
        // The second overlaps the third, which is longer.
        assert_eq!(tags, [(1, 3), (2, 4), (3, 4), (4, 3)]);
    }

    #[test]
    fn what_is_no_entity_has_no_tags_and_takes_none() {
        // One too long by a word, one that ends before it starts, one of no type: each would hide the last.
        let entities = [
            (span(0, 3), 1),
            (span(2, 1), 1),
            (span(0, 2), NIL),
            (span(1, 2), 2),
        ];
        let tags: Vec<_> = tag_words(&entities, 3).into_iter().collect();
        assert_eq!(tags, [(1, 3), (2, 4)]);
        assert!(tag_words(&entities, 2).is_empty());
    }

    #[test]
    fn entities_of_tags() {
        // B-1 I-1 I-2, two words without tags, O I-2; out of order.
        let half = 0.5_f64.ln();
        let quarter = 0.25_f64.ln();
        let tags = vec![
            (6, 4, half),
            (0, 1, half),
            (1, 2, quarter * 1.5),
            (2, 4, half),
            (5, 0, half),
        ];
        let found = tag_entities(tags);
        let shape: Vec<_> = found.iter().map(|one| (one.span, one.label)).collect();
        assert_eq!(shape, [(span(0, 1), 1), (span(2, 2), 2), (span(6, 6), 2)]);
        // (1 + 3) / 2 halvings.
        assert!((found[0].score - 0.25).abs() < 1e-12);
        let over_a_gap = tag_entities(vec![(2, 2, half), (4, 2, half), (5, 1, half)]);
        let shape: Vec<_> = over_a_gap.iter().map(|one| one.span).collect();
        assert_eq!(shape, [span(2, 4), span(5, 5)]);
    }
}
