use plm_core::check::{NotFiniteError, SizeError};
use proptest::prelude::*;

use super::*;

fn lists(lists: &[&[&str]]) -> Result<LabelSpace> {
    LabelSpace::new(lists.iter().map(|list| list.iter().copied()))
}

#[test]
fn labels_are_joined_in_the_teachers_order() {
    let space = lists(&[&["World", "Sports"], &["Business", "Sci/Tech"]]).unwrap();
    assert_eq!(space.names(), ["World", "Sports", "Business", "Sci/Tech"]);
    assert_eq!((space.map(0), space.map(1)), (&[0, 1][..], &[2, 3][..]));
    assert!(space.is_disjoint() && space.overlaps().is_empty());
    assert_eq!((space.len(), space.teachers().len()), (4, 2));
    assert_eq!((space.owners(3), space.owners(4)), (vec![1], vec![]));
    assert_eq!(
        (space.local(1, 2), space.local(0, 2), space.local(9, 9)),
        (Some(0), None, None)
    );
}

#[test]
fn overlapping_labels_have_several_owners() {
    let space = lists(&[&["a", "b", "c"], &["d", "b"], &["c", "b"]]).unwrap();
    assert_eq!(space.names(), ["a", "b", "c", "d"]);
    assert_eq!((space.map(1), space.map(2)), (&[3, 1][..], &[2, 1][..]));
    assert_eq!(
        (space.owners(1), space.overlaps()),
        (vec![0, 1, 2], vec![1, 2])
    );
    assert_eq!(space.local(2, 1), Some(1));
    assert!(!space.is_disjoint());
    assert_eq!(
        space.scatter(2, &[0.75, 0.25]).unwrap(),
        [0.0, 0.25, 0.75, 0.0]
    );
}

#[test]
fn aliases_join_labels_and_data_sets_part_them() {
    let space = LabelSpace::builder()
        .teacher_of("ag", ["Sports", "Sci/Tech"])
        .teacher_of("gs", ["sports", "health"])
        .alias("gs/sports", "ag/Sports")
        .alias("football", "gs/sports")
        .build()
        .unwrap();
    assert_eq!(space.names(), ["ag/Sports", "ag/Sci/Tech", "gs/health"]);
    assert_eq!(space.map(1), [0, 2]);
    let found = ["football", "gs/sports", "ag/Sports", "sports"].map(|name| space.id(name));
    assert_eq!(found, [Some(0), Some(0), Some(0), None]);
    let teacher = &space.teachers()[1];
    assert_eq!(
        (teacher.dataset(), teacher.labels()[0].as_str()),
        (Some("gs"), "sports")
    );
    let parted = LabelSpace::builder()
        .teacher_of("x", ["a", "b"])
        .teacher_of("y", ["a", "b"]);
    assert_eq!(
        parted.build().unwrap().names(),
        ["x/a", "x/b", "y/a", "y/b"]
    );
}

#[test]
fn clashes_are_refused() {
    let base = || {
        LabelSpace::builder()
            .teacher(["a", "b"])
            .teacher(["c", "d"])
    };
    assert!(matches!(lists(&[]), Err(Error::Empty { what: "teachers" })));
    for (list, count) in [(&[][..], 0), (&["c"][..], 1)] {
        let found = lists(&[&["a", "b"], list]);
        assert!(
            matches!(found, Err(Error::TeacherLabels { teacher: 1, labels }) if labels == count),
            "{found:?}"
        );
    }
    let twice = lists(&[&["a", "b"], &["c", "d", "c"]]);
    assert!(
        matches!(&twice, Err(Error::DuplicateLabel { place, first: 0, second: 2, .. })
            if place == "teachers[1]"),
        "{twice:?}"
    );
    assert!(matches!(
        lists(&[&["a", ""]]),
        Err(Error::EmptyLabel { index: 1, .. })
    ));
    match base().alias("d", "c").build() {
        Err(Error::MergedLabels {
            teacher,
            first,
            second,
            label,
        }) => {
            assert_eq!(
                (teacher, first.as_str(), second.as_str(), label.as_str()),
                (1, "c", "d", "c")
            );
        }
        other => panic!("{other:?}"),
    }
    let cycle = base().alias("a", "c").alias("c", "a").build();
    assert!(matches!(cycle, Err(Error::AliasCycle { .. })));
    let double = base().alias("x", "a").alias("x", "b").build();
    assert!(matches!(double, Err(Error::DuplicateAlias { .. })));
    let slash = base().teacher_of("x/y", ["e", "f"]).build();
    assert!(matches!(slash, Err(Error::Dataset { .. })));
}

#[test]
fn an_alias_leads_to_a_label_that_a_teacher_has() {
    let base = || LabelSpace::builder().teacher(["a", "b"]);
    match base().alias("x", "y").build() {
        Err(Error::UnknownAlias {
            alias,
            label,
            known,
        }) => {
            assert_eq!(
                (alias.as_str(), label.as_str(), known.as_str()),
                ("x", "y", "a, b")
            );
        }
        other => panic!("{other:?}"),
    }
    // A new name for a teacher's own label is not a label that a teacher has.
    assert!(matches!(
        base().alias("a", "y").build(),
        Err(Error::UnknownAlias { .. })
    ));
    assert_eq!(base().alias("x", "a").build().unwrap().id("x"), Some(0));
}

#[test]
fn probabilities_must_fit_their_teacher() {
    let space = lists(&[&["a", "b"], &["c", "d", "e"]]).unwrap();
    let refused = |teacher, probabilities: &[f64]| space.scatter(teacher, probabilities);
    let size = refused(1, &[0.5, 0.5]);
    assert!(
        matches!(
            size,
            Err(Error::Size(SizeError {
                found: 2,
                expected: 3,
                ..
            }))
        ),
        "{size:?}"
    );
    let none = refused(2, &[1.0]);
    assert!(
        matches!(
            none,
            Err(Error::Teacher {
                teacher: 2,
                teachers: 2
            })
        ),
        "{none:?}"
    );
    let nan = refused(0, &[0.5, f64::NAN]);
    assert!(
        matches!(nan, Err(Error::NotFinite(NotFiniteError { index: 1, .. }))),
        "{nan:?}"
    );
}

const POOL: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

/// Teachers, each with some of the labels in some order and a probability for each.
fn teachers() -> impl Strategy<Value = Vec<(Vec<&'static str>, Vec<f64>)>> {
    let labels = prop::sample::subsequence(POOL.to_vec(), 2..=POOL.len()).prop_shuffle();
    let teacher = labels.prop_flat_map(|labels| {
        let count = labels.len();
        let weights = prop::collection::vec(0.01..1.0_f64, count);
        (Just(labels), weights).prop_map(|(labels, weights)| {
            let sum: f64 = weights.iter().sum();
            (labels, weights.iter().map(|weight| weight / sum).collect())
        })
    });
    prop::collection::vec(teacher, 1..5)
}

fn space(teachers: &[(Vec<&'static str>, Vec<f64>)]) -> LabelSpace {
    LabelSpace::new(teachers.iter().map(|(labels, _)| labels.iter().copied())).unwrap()
}

proptest! {
    #[test]
    fn scattered_targets_sum_to_one(teachers in teachers(), raw in prop::collection::vec(0.01..1.0_f64, 5)) {
        let space = space(&teachers);
        let total: f64 = raw[..teachers.len()].iter().sum();
        let mut mixture = vec![0.0; space.len()];
        for (index, (labels, probabilities)) in teachers.iter().enumerate() {
            let columns = space.scatter(index, probabilities).unwrap();
            prop_assert!((columns.iter().sum::<f64>() - 1.0).abs() < 1e-12);
            for (id, &value) in columns.iter().enumerate() {
                let local = labels.iter().position(|label| *label == space.names()[id]);
                prop_assert_eq!(value, local.map_or(0.0, |local| probabilities[local]));
                prop_assert_eq!(space.local(index, id), local);
                mixture[id] += raw[index] / total * value;
            }
        }
        prop_assert!((mixture.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        prop_assert!(mixture.iter().all(|&value| value > 0.0));
    }

    #[test]
    fn permuting_teachers_permutes_columns(
        (first, order) in teachers().prop_flat_map(|teachers| {
            let order: Vec<usize> = (0..teachers.len()).collect();
            (Just(teachers), Just(order).prop_shuffle())
        }),
    ) {
        let second: Vec<_> = order.iter().map(|&index| first[index].clone()).collect();
        let (one, other) = (space(&first), space(&second));
        // The place in the other space of each column of the first.
        let places: Vec<usize> = one.names().iter().map(|name| other.id(name).unwrap()).collect();
        let mut sorted = places.clone();
        sorted.sort_unstable();
        prop_assert_eq!(sorted, (0..other.len()).collect::<Vec<_>>());
        for (place, &index) in order.iter().enumerate() {
            let probabilities = &first[index].1;
            let ours = one.scatter(index, probabilities).unwrap();
            let theirs = other.scatter(place, probabilities).unwrap();
            let permuted: Vec<f64> = places.iter().map(|&column| theirs[column]).collect();
            prop_assert_eq!(ours, permuted);
        }
        for (id, &column) in places.iter().enumerate() {
            let mut owners: Vec<usize> = other.owners(column).iter().map(|&o| order[o]).collect();
            owners.sort_unstable();
            prop_assert_eq!(owners, one.owners(id));
        }
    }
}
