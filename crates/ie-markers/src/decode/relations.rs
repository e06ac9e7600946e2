//! The relations of a sentence.

use plm_core::check::{finite, same_size};

use super::spans::by_score;
use crate::Result;
use crate::data::WordSpan;
use crate::labels::{Direction, RelationSpace};

/// A relation that a sentence may have.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RelationCandidate {
    /// The words of its subject.
    pub subject: WordSpan,
    /// The words of its object.
    pub object: WordSpan,
    /// Its place in [`RelationSpace::labels`].
    pub label: usize,
    /// Mean log-probability ([`DirectedRelation`](crate::labels::DirectedRelation)).
    pub score: f64,
}

/// The relations of a sentence with these `entities`, at most one for each two of them (one each way in a
/// space without inverse classes), in the order of the pairs. The subject of a symmetric relation is the
/// span that comes first in the sentence, whatever the order of `entities`. `logits` are those of subject
/// and object, by their places in `entities`; where it has none for both orders, the pair is left out.
/// `kept` is false for entities that the relation model takes for none, which have no relations.
///
/// # Errors
/// [`crate::Error::Size`] where `kept` has not one value for each entity; as
/// [`RelationSpace::decode`].
pub fn decode_relations<'a, T: Copy + Into<f64> + 'a>(
    space: &RelationSpace,
    entities: &[WordSpan],
    kept: &[bool],
    logits: impl Fn(usize, usize) -> Option<&'a [T]>,
) -> Result<Vec<RelationCandidate>> {
    same_size("entities that are kept or not", kept.len(), entities.len())?;
    let mut relations = Vec::new();
    for (one, first) in entities.iter().enumerate() {
        for (other, second) in entities.iter().enumerate().skip(one + 1) {
            // The earlier span first: it is the subject of a symmetric relation.
            let [x, y] = match second < first {
                true => [other, one],
                false => [one, other],
            };
            let (forward, backward) = (logits(x, y), logits(y, x));
            if !(kept[x] && kept[y]) || forward.is_none() && backward.is_none() {
                continue;
            }
            for found in space.decode(forward, backward)? {
                let [subject, object] = match found.direction {
                    Direction::Forward => [x, y],
                    Direction::Backward => [y, x],
                };
                relations.push(RelationCandidate {
                    subject: entities[subject],
                    object: entities[object],
                    label: found.label,
                    score: found.score,
                });
            }
        }
    }
    Ok(relations)
}

/// Indices in `candidates` of the relations that remain, ascending: the best one is kept, and those
/// of the same label dropped whose subject overlaps its subject and whose object overlaps its
/// object, then the next best, and so on. Of equal scores the first of the list goes first.
///
/// # Errors
/// [`crate::Error::NotFinite`] for a score.
pub fn suppress_relations(candidates: &[RelationCandidate]) -> Result<Vec<usize>> {
    finite(
        "the scores of relations",
        candidates.iter().map(|c| c.score),
    )?;
    let mut order: Vec<usize> = (0..candidates.len()).collect();
    order.sort_by(|&a, &b| by_score(candidates[a].score, candidates[b].score));
    let mut kept: Vec<usize> = Vec::new();
    for index in order {
        let candidate = &candidates[index];
        let clashes = kept.iter().any(|&other| {
            let other = &candidates[other];
            other.label == candidate.label
                && other.subject.overlaps(candidate.subject)
                && other.object.overlaps(candidate.object)
        });
        if !clashes {
            kept.push(index);
        }
    }
    kept.sort_unstable();
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    #[test]
    fn pairs_are_decoded_in_order() {
        let space = RelationSpace::new(vec!["S"], vec!["a"]).unwrap();
        let entities = [(0, 0), (2, 3), (5, 5), (7, 7)].map(WordSpan::from);
        let row = |class: usize| {
            let mut row = [0.0_f32; 4];
            row[class] = 3.0;
            row
        };
        let rows: HashMap<(usize, usize), [f32; 4]> = [
            ((0, 1), row(2)),
            ((1, 0), row(3)),
            ((0, 2), row(0)),
            ((2, 0), row(0)),
            ((2, 1), row(2)),
            ((1, 3), row(1)),
            ((0, 3), row(1)),
        ]
        .into();
        let logits = |x, y| rows.get(&(x, y)).map(|row| &row[..]);
        let found = |kept| {
            let found = decode_relations(&space, &entities, kept, logits)
                .unwrap()
                .into_iter();
            let name = |c: RelationCandidate| format!("{} {} {}", c.subject, c.object, c.label);
            found.map(name).collect::<Vec<_>>()
        };
        assert_eq!(
            found(&[true, true, true, false]),
            ["[0, 0] [2, 3] 1", "[5, 5] [2, 3] 1"]
        );
        assert_eq!(found(&[true; 4]).len(), 4);
        assert!(decode_relations(&space, &entities, &[true], logits).is_err());
    }

    #[test]
    fn the_earlier_span_is_the_subject_of_a_symmetric_relation() {
        let space = RelationSpace::new(vec!["S"], vec!["a"]).unwrap();
        // By start and then by end; the list has the spans in another order.
        let entities = [(4, 4), (0, 1), (0, 0)].map(WordSpan::from);
        let symmetric = [0.0_f32, 3.0, 0.0, 0.0];
        let found = |space: &RelationSpace, logits: [[f32; 4]; 2]| {
            let classes = space.classes();
            let rows = |x: usize, y: usize| Some(&logits[usize::from(y < x)][..classes]);
            let found = decode_relations(space, &entities, &[true; 3], rows).unwrap();
            let name = |c: RelationCandidate| format!("{} {} {}", c.subject, c.object, c.label);
            found.into_iter().map(name).collect::<Vec<_>>()
        };
        let expected = ["[0, 1] [4, 4] 0", "[0, 0] [4, 4] 0", "[0, 0] [0, 1] 0"];
        assert_eq!(found(&space, [symmetric; 2]), expected);
        let each = space.clone().without_inverses();
        assert_eq!(found(&each, [symmetric; 2]), expected);
        // An asymmetric relation goes as its class says: the first of the list is the subject.
        let (own, inverse) = ([0.0, 0.0, 3.0, 0.0], [0.0, 0.0, 0.0, 3.0]);
        let expected = ["[4, 4] [0, 1] 1", "[4, 4] [0, 0] 1", "[0, 1] [0, 0] 1"];
        assert_eq!(found(&space, [own, inverse]), expected);
    }

    #[test]
    fn a_relation_drops_those_like_it_on_both_sides() {
        let candidate = |subject: (usize, usize), object: (usize, usize), label, score| {
            let (subject, object) = (subject.into(), object.into());
            RelationCandidate {
                subject,
                object,
                label,
                score,
            }
        };
        let candidates = [
            candidate((0, 2), (5, 6), 1, -0.3),
            candidate((1, 1), (6, 8), 1, -0.1),
            candidate((1, 1), (6, 8), 0, -0.4),
            candidate((1, 1), (9, 9), 1, -0.5),
            candidate((5, 6), (0, 2), 1, -0.6),
        ];
        assert_eq!(suppress_relations(&candidates).unwrap(), [1, 2, 3, 4]);
        let mut bad = candidates;
        bad[0].score = f64::NAN;
        assert!(suppress_relations(&bad).is_err());
    }
}
