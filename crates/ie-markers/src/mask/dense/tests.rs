use approx::assert_abs_diff_eq;
use proptest::prelude::*;

use super::super::span_cells;
use super::*;
use crate::Error;
use crate::layout::{Marker, MarkerGroup};

fn row(text: usize, sizes: &[usize]) -> MarkerRow {
    let marker = Marker { id: 1, position: 0 };
    let group = |&size: &usize| MarkerGroup {
        markers: vec![marker; size],
    };
    MarkerRow {
        tokens: vec![7; text],
        groups: sizes.iter().map(group).collect(),
    }
}

fn drawn(mask: &DenseMask) -> Vec<String> {
    let rows = mask.visible.chunks(mask.length);
    rows.map(|row| row.iter().map(|&v| if v { '#' } else { '.' }).collect())
        .collect()
}

const ON: Visibility = Visibility {
    full: false,
    starts: false,
    ends: false,
};

#[test]
fn two_spans_with_padding() {
    let row = row(2, &[2, 2]);
    let size = PaddedSize {
        text: 3,
        groups: 3,
        markers: 2,
    };
    let mask = DenseMask::new(&row, size, ON).unwrap();
    assert_eq!(
        drawn(&mask),
        [
            "##.......",
            "##.......",
            ".........",
            "##.##....",
            "##.##....",
            "##...##..",
            "##...##..",
            ".........",
            ".........",
        ]
    );
    let starts = DenseMask::new(&row, size, Visibility { starts: true, ..ON }).unwrap();
    assert_eq!(
        drawn(&starts)[3..7],
        ["##.###...", "##.##....", "##.#.##..", "##...##.."]
    );
    let ends = DenseMask::new(&row, size, Visibility { ends: true, ..ON }).unwrap();
    assert_eq!(
        drawn(&ends)[3..7],
        ["##.##....", "##.##.#..", "##...##..", "##..###.."]
    );
    let full = DenseMask::new(&row, size, Visibility { full: true, ..ON }).unwrap();
    let seen = "##.####..";
    let hidden = ".........";
    assert_eq!(
        drawn(&full),
        [seen, seen, hidden, seen, seen, seen, seen, hidden, hidden]
    );
    for (text, groups, markers) in [(1, 3, 2), (3, 1, 2), (3, 3, 1)] {
        let size = PaddedSize {
            text,
            groups,
            markers,
        };
        let error = DenseMask::new(&row, size, ON).unwrap_err();
        assert!(matches!(error, Error::Padding { .. }));
    }
}

#[test]
fn density_goldens() {
    let density = |text: usize, spans: usize| {
        let row = row(text, &vec![2; spans]);
        let mask = DenseMask::new(&row, PaddedSize::of(&row), ON).unwrap();
        assert_eq!(mask.visible_cells(), span_cells(text, spans));
        mask.density()
    };
    assert_abs_diff_eq!(density(128, 256), 0.2025, epsilon = 1e-4);
    assert_abs_diff_eq!(density(512, 256), 0.5010, epsilon = 1e-4);
    assert_eq!((density(4, 0), density(0, 0)), (1.0, 0.0));
}

proptest! {
    #[test]
    fn cells_are_counted_without_the_matrix(
        text in 0_usize..12, sizes in prop::collection::vec(0_usize..5, 0..6),
        pads in [0_usize..4, 0_usize..4, 0_usize..3], switches in any::<[bool; 3]>(),
    ) {
        let row = row(text, &sizes);
        let tight = PaddedSize::of(&row);
        let size = PaddedSize {
            text: tight.text + pads[0],
            groups: tight.groups + pads[1],
            markers: tight.markers + pads[2],
        };
        let [full, starts, ends] = switches;
        let visibility = Visibility { full, starts, ends };
        let mask = DenseMask::new(&row, size, visibility).unwrap();
        prop_assert_eq!(mask.visible_cells(), visibility.cells(&row));
        let pairs = sizes.iter().all(|&size| size == 2);
        if pairs && switches == [false; 3] {
            prop_assert_eq!(mask.visible_cells(), span_cells(text, sizes.len()));
        }
        let see = |query: usize, key: usize| mask.visible[query * mask.length + key];
        let hidden_text = (text..size.text).chain((0..size.groups).flat_map(|group| {
            let real = sizes.get(group).copied().unwrap_or(0);
            (real..size.markers).map(move |marker| size.slot(group, marker))
        }));
        for pad in hidden_text {
            prop_assert!((0..mask.length).all(|other| !see(pad, other) && !see(other, pad)));
        }
        for query in 0..mask.length {
            for key in 0..mask.length {
                let both_marked = query >= size.text && key >= size.text;
                prop_assert!(!both_marked || see(query, key) == see(key, query));
            }
        }
    }
}
