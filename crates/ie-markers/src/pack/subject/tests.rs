use proptest::prelude::*;

use super::*;
use crate::layout::MarkerPair;
use crate::testing::{CLS, SEP, span, toy_document};
use crate::window::{WindowSettings, sentence_windows};

const S: MarkerPair = MarkerPair::new(90, 91);
const O: MarkerPair = MarkerPair::new(92, 93);

fn window(counts: &[u32], max_length: usize) -> Window {
    let subwords = toy_document(&[counts.to_vec()]);
    let settings = WindowSettings::new(max_length).with_solid_markers(2);
    sentence_windows(&subwords, 0, &settings)
        .unwrap()
        .windows
        .remove(0)
}

fn untyped(spans: &[(usize, usize)]) -> Vec<TypedSpan> {
    let of = |&(start, end): &(usize, usize)| TypedSpan {
        span: span(start, end),
        class: None,
    };
    spans.iter().map(of).collect()
}

fn rows(window: &Window, entities: &[TypedSpan], packing: SubjectPacking) -> SubjectRows {
    let (s, o) = (MarkerSet::plain(S), MarkerSet::plain(O));
    subject_rows(window, entities, &s, &o, &packing).unwrap()
}

fn positions(targets: &SubjectTargets) -> Vec<[usize; 2]> {
    let groups = &targets.row.row.groups;
    groups
        .iter()
        .map(|g| [g.markers[0].position, g.markers[1].position])
        .collect()
}

const ALL: SubjectPacking = SubjectPacking {
    limit: 16,
    objects: Objects::WithSubject,
    dummy: false,
};

#[test]
fn insertion_golden() {
    // david green and his wife are in dallas
    let window = window(&[1; 8], 20);
    let entities = untyped(&[(0, 1), (3, 3), (3, 4), (7, 7), (1, 1), (0, 2), (7, 8)]);
    let made = rows(&window, &entities, ALL);
    assert_eq!((made.rows.len(), made.skipped.as_slice()), (6, &[6][..]));
    let first = &made.rows[0];
    assert_eq!(first.row.subject, [1, 4]);
    let mut tokens = window.tokens.clone();
    tokens.insert(3, 91);
    tokens.insert(1, 90);
    assert_eq!(first.row.row.tokens, tokens);
    assert_eq!(
        (first.subject, first.objects.as_slice()),
        (Some(0), &[0, 1, 2, 3, 4, 5][..])
    );
    assert_eq!(
        positions(first),
        [[2, 3], [6, 6], [6, 7], [10, 10], [3, 3], [2, 5]]
    );
    let ids = first
        .row
        .row
        .groups
        .iter()
        .flat_map(|g| g.markers.iter().map(|m| m.id));
    assert_eq!(ids.collect::<Vec<_>>(), [92, 93].repeat(6));
}

#[test]
fn objects_are_cut_and_the_subject_left_out() {
    let window = window(&[1; 8], 20);
    let entities = untyped(&[(0, 0), (2, 2), (4, 4)]);
    let packing = SubjectPacking {
        limit: 2,
        objects: Objects::WithoutSubject,
        dummy: true,
    };
    let made = rows(&window, &entities, packing);
    let targets: Vec<_> = made
        .rows
        .iter()
        .map(|r| (r.subject, r.objects.clone()))
        .collect();
    assert_eq!(
        targets,
        [
            (Some(0), vec![1, 2]),
            (Some(1), vec![0, 2]),
            (Some(2), vec![0, 1]),
            (None, vec![0, 1]),
            (None, vec![2]),
        ]
    );
    let dummy = &made.rows[3].row;
    assert_eq!((dummy.row.tokens.len(), dummy.subject), (12, [10, 11]));
    assert_eq!(
        (dummy.row.tokens[0], &dummy.row.tokens[9..]),
        (CLS, &[SEP, 90, 91][..])
    );
    assert_eq!(positions(&made.rows[3]), [[1, 1], [3, 3]]);

    // A single entity is asked about in rows without a subject only.
    let single = rows(&window, &entities[..1], packing);
    assert_eq!((single.rows.len(), single.rows[0].subject), (1, None));
    assert_eq!(rows(&window, &[], packing), SubjectRows::default());
}

#[test]
fn types_choose_markers_and_mistakes_are_refused() {
    let typed = |base: u32| {
        let pairs = (0..2).map(|n| MarkerPair::new(base + 2 * n, base + 2 * n + 1));
        MarkerSet::typed(pairs.collect(), MarkerPair::new(base + 8, base + 9)).unwrap()
    };
    let view = window(&[1, 1, 1], 20);
    let of = |at: usize, class| TypedSpan {
        span: span(at, at),
        class,
    };
    let entities = [of(0, Some(1)), of(2, Some(0))];
    let packing = SubjectPacking { dummy: true, ..ALL };
    let made = subject_rows(&view, &entities, &typed(60), &typed(80), &packing).unwrap();
    let subject = |row: &SubjectTargets| row.row.subject.map(|at| row.row.row.tokens[at]);
    let subjects: Vec<_> = made.rows.iter().map(subject).collect();
    assert_eq!(subjects, [[62, 63], [60, 61], [68, 69]]);
    let objects = made.rows[0].row.row.groups.iter().map(|g| g.markers[0].id);
    assert_eq!(objects.collect::<Vec<_>>(), [82, 80]);
    let unknown = subject_rows(&view, &[of(0, Some(2))], &typed(60), &typed(80), &ALL);
    assert!(matches!(
        unknown,
        Err(Error::NoSuch {
            index: 2,
            count: 2,
            ..
        })
    ));
    let subwords = toy_document(&[vec![1; 9]]);
    let full = sentence_windows(&subwords, 0, &WindowSettings::new(11)).unwrap();
    let s = MarkerSet::plain(S);
    let error = subject_rows(&full.windows[0], &entities, &s, &s, &ALL).unwrap_err();
    assert!(matches!(
        error,
        Error::NoRoom {
            markers: 2,
            room: 0,
            ..
        }
    ));
    let none = SubjectPacking { limit: 0, ..ALL };
    assert!(subject_rows(&view, &entities, &s, &s, &none).is_err());
}

proptest! {
    #[test]
    fn every_object_once_at_its_own_tokens(
        counts in prop::collection::vec(0_u32..4, 1..14),
        spans in prop::collection::vec((0_usize..14, 0_usize..4), 0..8),
        limit in 1_usize..5, max_length in 8_usize..30, without in any::<bool>(),
    ) {
        let subwords = toy_document(std::slice::from_ref(&counts));
        let settings = WindowSettings::new(max_length).with_solid_markers(2);
        let windows = sentence_windows(&subwords, 0, &settings).unwrap();
        let spans: Vec<_> = spans.iter().map(|&(start, more)| (start, start + more)).collect();
        let entities = untyped(&spans);
        for window in &windows.windows {
            let objects = if without { Objects::WithoutSubject } else { Objects::WithSubject };
            let packing = SubjectPacking { limit, objects, dummy: true };
            let made = rows(window, &entities, packing);
            let held: Vec<usize> = (0..entities.len())
                .filter(|at| !made.skipped.contains(at))
                .collect();
            for &at in &held {
                prop_assert!(window.token_span(entities[at].span).is_some());
            }
            for subject in held.iter().map(|&at| Some(at)).chain([None]) {
                let own = made.rows.iter().filter(|row| row.subject == subject);
                let asked: Vec<usize> = own.flat_map(|row| row.objects.clone()).collect();
                let keep = |&at: &usize| !without || Some(at) != subject;
                let wanted: Vec<usize> = held.iter().copied().filter(keep).collect();
                prop_assert_eq!(asked, wanted);
            }
            for targets in &made.rows {
                let row = &targets.row.row;
                prop_assert!(row.tokens.len() <= max_length);
                prop_assert!((1..=limit).contains(&row.groups.len()));
                let [start, end] = targets.row.subject;
                prop_assert_eq!((row.tokens[start], row.tokens[end]), (90, 91));
                for (group, &object) in row.groups.iter().zip(&targets.objects) {
                    let own = subwords.of_span(0, entities[object].span).unwrap();
                    let [a, b] = [group.markers[0].position, group.markers[1].position];
                    let inner: Vec<u32> =
                        row.tokens[a..=b].iter().copied().filter(|id| *id != 90 && *id != 91).collect();
                    prop_assert_eq!(inner, &subwords.ids()[own]);
                }
            }
        }
    }
}
