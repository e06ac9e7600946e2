//! Rows of the baselines that mark pairs.

use super::solid::surround;
use super::subject::{check_room, held};
use super::{Packed, TypedSpan};
use crate::error::at_least_one;
use crate::layout::{MarkerGroup, MarkerPair, MarkerRow, PairRow, TokenPairRow};
use crate::markers::MarkerSet;
use crate::window::Window;
use crate::{Error, Result};

/// The markers of a pair.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PairMarkers {
    /// Those of the subject.
    pub subject: MarkerSet,
    /// Those of the object.
    pub object: MarkerSet,
}

/// Rows about pairs of entities.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PairRows<R> {
    /// The rows; their targets are indices in the pairs.
    pub rows: Vec<Packed<R>>,
    /// The pairs with an entity that the window does not hold or that has no tokens, as indices.
    pub skipped: Vec<usize>,
}

/// All pairs of two of `count` entities, in both directions.
pub fn ordered_pairs(count: usize) -> impl Iterator<Item = [usize; 2]> {
    let others = move |subject| (0..count).filter(move |&object| object != subject);
    (0..count).flat_map(move |subject| others(subject).map(move |object| [subject, object]))
}

/// How many pairs of four levitated markers fit beside a text of `text` tokens in `budget` tokens; at
/// least one. PURE packs its rows of prediction up to 250 tokens.
pub fn pairs_within(budget: usize, text: usize) -> usize {
    (budget.saturating_sub(text) / 4).max(1)
}

/// A pair, as an index, and first and last token of its subject and object.
type Place = (usize, [[usize; 2]; 2]);

/// Splits `pairs` into those with tokens in the window and the others.
fn places(
    window: &Window,
    entities: &[TypedSpan],
    pairs: &[[usize; 2]],
) -> Result<(Vec<Place>, Vec<usize>)> {
    let mut places = vec![None; entities.len()];
    for (at, place) in held(window, entities).0 {
        places[at] = Some(place);
    }
    let (mut found, mut skipped) = (Vec::new(), Vec::new());
    for (number, pair) in pairs.iter().enumerate() {
        if let Some(&index) = pair.iter().find(|&&entity| entity >= entities.len()) {
            return Err(Error::NoSuch {
                what: "entity",
                index,
                count: entities.len(),
            });
        }
        match pair.map(|entity| places[entity]) {
            [Some(subject), Some(object)] => found.push((number, [subject, object])),
            _ => skipped.push(number),
        }
    }
    Ok((found, skipped))
}

impl PairMarkers {
    fn of(&self, entities: &[TypedSpan], pair: [usize; 2]) -> Result<[MarkerPair; 2]> {
        let [subject, object] = pair.map(|entity| entities[entity].class);
        Ok([self.subject.of(subject)?, self.object.of(object)?])
    }
}

/// A row for each pair, with solid markers around subject and object (PURE's full model). Where markers
/// meet, end markers come before start markers and the subject's before the object's.
///
/// # Errors
/// [`Error::NoRoom`] for a window that was made without room for four solid markers,
/// [`Error::NoSuch`] for an entity that is not there and for an entity type without markers.
pub fn solid_pair_rows(
    window: &Window,
    entities: &[TypedSpan],
    pairs: &[[usize; 2]],
    markers: &PairMarkers,
) -> Result<PairRows<PairRow>> {
    check_room(window, 4)?;
    let (found, skipped) = places(window, entities, pairs)?;
    let rows = found.into_iter().map(|(number, [subject, object])| {
        let [s, o] = markers.of(entities, pairs[number])?;
        let (tokens, placed) = surround(&window.tokens, &[(s, subject), (o, object)]);
        let row = PairRow {
            tokens,
            subject: placed[0][0],
            object: placed[1][0],
        };
        let targets = vec![number];
        Ok(Packed { row, targets })
    });
    let rows = rows.collect::<Result<_>>()?;
    Ok(PairRows { rows, skipped })
}

/// Rows of at most `limit` pairs, each a group of four levitated markers: start and end of the subject,
/// then of the object (PURE's approximation trains with one pair a row; PL-Marker's version packs).
///
/// # Errors
/// [`Error::Setting`] for a limit of 0, [`Error::NoSuch`] for an entity that is not there and for an
/// entity type without markers.
pub fn levitated_pair_rows(
    window: &Window,
    entities: &[TypedSpan],
    pairs: &[[usize; 2]],
    markers: &PairMarkers,
    limit: usize,
) -> Result<PairRows<MarkerRow>> {
    at_least_one("limit", limit)?;
    let (found, skipped) = places(window, entities, pairs)?;
    let rows = found.chunks(limit).map(|chunk| {
        let groups = chunk.iter().map(|&(number, [subject, object])| {
            let [s, o] = markers.of(entities, pairs[number])?;
            Ok(MarkerGroup::pair((s, subject), (o, object)))
        });
        let groups = groups.collect::<Result<_>>()?;
        Ok(Packed {
            row: MarkerRow::new(window.tokens.clone(), groups)?,
            targets: chunk.iter().map(|&(number, _)| number).collect(),
        })
    });
    let rows = rows.collect::<Result<_>>()?;
    Ok(PairRows { rows, skipped })
}

/// Rows of at most `limit` pairs by the tokens of both ends, without markers: T-Concat for relations.
///
/// # Errors
/// [`Error::Setting`] for a limit of 0, [`Error::NoSuch`] for an entity that is not there.
pub fn token_pair_rows(
    window: &Window,
    entities: &[TypedSpan],
    pairs: &[[usize; 2]],
    limit: usize,
) -> Result<PairRows<TokenPairRow>> {
    at_least_one("limit", limit)?;
    let (found, skipped) = places(window, entities, pairs)?;
    let rows = found.chunks(limit).map(|chunk| Packed {
        row: TokenPairRow {
            tokens: window.tokens.clone(),
            pairs: chunk.iter().map(|&(_, ends)| ends).collect(),
        },
        targets: chunk.iter().map(|&(number, _)| number).collect(),
    });
    Ok(PairRows {
        rows: rows.collect(),
        skipped,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{span, toy_document};
    use crate::window::{WindowSettings, sentence_windows};

    fn window(solid_markers: usize) -> Window {
        let subwords = toy_document(&[vec![1, 2, 1, 1]]);
        let settings = WindowSettings::new(7 + solid_markers).with_solid_markers(solid_markers);
        sentence_windows(&subwords, 0, &settings)
            .unwrap()
            .windows
            .remove(0)
    }

    fn entities() -> Vec<TypedSpan> {
        let of = |(start, end, class)| TypedSpan {
            span: span(start, end),
            class: Some(class),
        };
        [(0, 1, 0), (3, 3, 1), (4, 4, 0)].map(of).to_vec()
    }

    fn markers() -> PairMarkers {
        let typed = |base: u32| {
            let pairs = vec![
                MarkerPair::new(base, base + 1),
                MarkerPair::new(base + 2, base + 3),
            ];
            MarkerSet::typed(pairs, MarkerPair::new(base + 8, base + 9)).unwrap()
        };
        PairMarkers {
            subject: typed(60),
            object: typed(80),
        }
    }

    #[test]
    fn pairs_in_both_directions() {
        let pairs: Vec<_> = ordered_pairs(3).collect();
        assert_eq!(pairs, [[0, 1], [0, 2], [1, 0], [1, 2], [2, 0], [2, 1]]);
        assert_eq!((ordered_pairs(1).count(), ordered_pairs(0).count()), (0, 0));
        assert_eq!(pairs_within(250, 50), 50);
        assert_eq!((pairs_within(250, 247), pairs_within(250, 300)), (1, 1));
    }

    #[test]
    fn solid_markers_around_both() {
        let window = window(4);
        let pairs = [[0, 1], [1, 2], [1, 0]];
        let made = solid_pair_rows(&window, &entities(), &pairs, &markers()).unwrap();
        assert_eq!(made.skipped, [1]);
        let targets: Vec<_> = made
            .rows
            .iter()
            .map(|packed| packed.targets.clone())
            .collect();
        assert_eq!(targets, [[0], [2]]);
        let text = &window.tokens;
        let mut wanted = vec![text[0], 60];
        wanted.extend(&text[1..4]);
        wanted.extend([61, text[4], 82, text[5], 83, text[6]]);
        let row = &made.rows[0].row;
        assert_eq!((&row.tokens, row.subject, row.object), (&wanted, 1, 7));
        let row = &made.rows[1].row;
        assert_eq!((row.subject, row.object), (7, 1));
        assert_eq!((row.tokens[7], row.tokens[1]), (62, 80));
        let error = solid_pair_rows(&super::tests::window(2), &entities(), &pairs, &markers());
        assert!(matches!(
            error,
            Err(Error::NoRoom {
                markers: 4,
                room: 2,
                ..
            })
        ));
        let error = solid_pair_rows(&window, &entities(), &[[0, 3]], &markers());
        assert!(matches!(
            error,
            Err(Error::NoSuch {
                index: 3,
                count: 3,
                ..
            })
        ));
    }

    #[test]
    fn tokens_of_both_ends() {
        let window = window(0);
        let pairs = [[0, 1], [1, 2], [1, 0], [0, 0]];
        let made = token_pair_rows(&window, &entities(), &pairs, 2).unwrap();
        assert_eq!(made.skipped, [1]);
        let targets: Vec<_> = made.rows.iter().map(|row| row.targets.clone()).collect();
        assert_eq!(targets, [vec![0, 2], vec![3]]);
        let row = &made.rows[0].row;
        assert_eq!(row.tokens, window.tokens);
        assert_eq!(row.pairs, [[[1, 3], [5, 5]], [[5, 5], [1, 3]]]);
        assert!(token_pair_rows(&window, &entities(), &pairs, 0).is_err());
        assert!(token_pair_rows(&window, &entities(), &[[0, 3]], 2).is_err());
    }

    #[test]
    fn four_levitated_markers_a_pair() {
        let window = window(0);
        let pairs = [[0, 1], [1, 2], [1, 0], [0, 0]];
        let made = levitated_pair_rows(&window, &entities(), &pairs, &markers(), 2).unwrap();
        assert_eq!(made.skipped, [1]);
        let targets: Vec<_> = made
            .rows
            .iter()
            .map(|packed| packed.targets.clone())
            .collect();
        assert_eq!(targets, [vec![0, 2], vec![3]]);
        let group = &made.rows[0].row.groups[1];
        let found: Vec<_> = group.markers.iter().map(|m| (m.id, m.position)).collect();
        assert_eq!(found, [(62, 5), (63, 5), (80, 1), (81, 3)]);
        assert_eq!(made.rows[1].row.tokens, window.tokens);
        assert!(levitated_pair_rows(&window, &entities(), &pairs, &markers(), 0).is_err());
    }
}
