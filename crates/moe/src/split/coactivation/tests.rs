use super::*;
use crate::testing::planted_activations;

/// Activations of the four neurons (1, 0), (0, 1), (1, 1), (-1, 1) for the inputs (2, 1), (-1, 2)
/// and (1, -3), before ReLU.
const TOY: [f32; 12] = [
    2.0, 1.0, 3.0, -1.0, -1.0, 2.0, 1.0, 3.0, 1.0, -3.0, -2.0, -4.0,
];

fn counter(weight: CoactivationWeight) -> CoactivationCounter {
    CoactivationCounter::new(4, weight, 100).unwrap()
}

fn close(found: f64, expected: f64, tolerance: f64) {
    assert!((found - expected).abs() < tolerance, "{found}, {expected}");
}

#[test]
fn sums_of_the_toy_layer_by_hand() {
    let mut counter = counter(CoactivationWeight::Paper);
    assert_eq!(counter.add(&TOY).unwrap(), 3);
    let found = [(0, 1), (0, 2), (3, 0), (1, 2), (1, 3), (2, 3)].map(|(m, n)| counter.weight(m, n));
    let expected = [2.0, 6.0, 0.0, 5.0, 6.0, 3.0];
    for (found, expected) in found.into_iter().zip(expected) {
        assert_eq!(found.unwrap(), expected);
    }
    // The least positive sum is one unit of 1.98.
    let graph = counter.edges(EdgeSelection::default()).unwrap();
    let weights = [(0, 1, 1), (0, 2, 3), (1, 2, 2), (1, 3, 3), (2, 3, 1)];
    assert_eq!(graph, Graph::from_edges(4, &weights).unwrap());
    // The largest sum is one unit, and each neuron keeps one edge.
    let selection = EdgeSelection {
        percentile: 100.0,
        per_neuron: 1,
    };
    let graph = counter.edges(selection).unwrap();
    assert_eq!(
        graph,
        Graph::from_edges(4, &[(0, 2, 1), (1, 3, 1)]).unwrap()
    );
}

#[test]
fn groups_of_eight_are_limited_and_the_last_is_left_out() {
    let mut counter = counter(CoactivationWeight::Repo);
    assert_eq!(counter.add(&TOY).unwrap(), 3);
    assert_eq!(counter.tokens(), 0);
    assert!(matches!(
        counter.edges(EdgeSelection::default()),
        Err(Error::NoTokens { .. })
    ));
    let mut small = [0.0; 8 * 4];
    (small[0], small[1], small[4], small[5]) = (0.5, 0.25, 0.5, 0.5);
    (small[24], small[25]) = (9.0, 9.0);
    assert_eq!(counter.add(&small).unwrap(), 8);
    // The first group ends after five tokens of `small`, the second lacks five.
    assert_eq!(counter.tokens(), 8);
    assert_eq!(counter.weight(0, 1).unwrap(), 1.0);
    assert_eq!(counter.add(&small[24..28].repeat(5)).unwrap(), 5);
    assert_eq!(counter.tokens(), 16);
    assert_eq!(counter.weight(0, 1).unwrap(), 2.0);
    assert_eq!(counter.weight(2, 3).unwrap(), 1.0);
    // A group of its own: 0.125 + 0.25, not limited.
    counter.add(&small[..24]).unwrap();
    counter.add(&[0.0; 8]).unwrap();
    assert_eq!(counter.weight(0, 1).unwrap(), 2.375);
}

#[test]
fn tokens_beyond_the_limit_are_not_taken() {
    for weight in [CoactivationWeight::Paper, CoactivationWeight::Repo] {
        let mut counter = CoactivationCounter::new(4, weight, 9).unwrap();
        assert_eq!(counter.add(&TOY.repeat(2)).unwrap(), 6);
        assert!(!counter.is_full());
        assert_eq!(counter.add(&TOY.repeat(2)).unwrap(), 3);
        assert!(counter.is_full());
        assert_eq!(counter.add(&TOY).unwrap(), 0);
        let counted = if weight == CoactivationWeight::Paper {
            9
        } else {
            8
        };
        assert_eq!(counter.tokens(), counted);
    }
}

#[test]
fn sums_of_the_planted_layer_are_the_known_ones() {
    let (layer, activations) = planted_activations();
    let mut counter = CoactivationCounter::new(512, CoactivationWeight::Paper, 256).unwrap();
    assert_eq!(counter.add(&activations).unwrap(), 256);
    close(counter.weight(0, 1).unwrap().into(), 0.745_733_192_2, 1e-6);
    close(counter.weight(0, 16).unwrap().into(), 7.471_882_217_7, 1e-5);
    let (mut within, mut all) = (0.0, 0.0);
    for m in 0..512 {
        for n in m + 1..512 {
            let weight = f64::from(counter.weight(m, n).unwrap());
            all += weight;
            if layer.labels[m] == layer.labels[n] {
                within += weight;
            }
        }
    }
    close(within / all, 0.547_883_650_6, 1e-6);
}

#[test]
fn a_sparse_layer_keeps_its_edges() {
    // 97 of 100 products are zero, where a percentile over all of them would be the maximum.
    let mut activations = vec![0.0; 100 * 100];
    for token in 0..100 {
        for neuron in 0..3 {
            activations[token * 100 + (token * 7 + neuron) % 100] = 1.0 + (token % 5) as f32;
        }
    }
    let mut counter = CoactivationCounter::new(100, CoactivationWeight::Paper, 1000).unwrap();
    counter.add(&activations).unwrap();
    let graph = counter.edges(EdgeSelection::default()).unwrap();
    assert!(graph.edges() >= 180, "{} edges", graph.edges());
}

#[test]
fn bad_input_is_named() {
    for (neurons, tokens) in [(0, 1), (1, 0)] {
        let counter = CoactivationCounter::new(neurons, CoactivationWeight::Paper, tokens);
        assert!(matches!(counter, Err(Error::Setting { .. })));
    }
    let mut counter = counter(CoactivationWeight::Paper);
    let mut bad = TOY;
    bad[6] = f32::NAN;
    assert!(matches!(
        counter.add(&bad),
        Err(Error::NotFinite {
            row: 1,
            column: 2,
            ..
        })
    ));
    assert!(matches!(
        counter.add(&TOY[..5]),
        Err(Error::Size { expected: 8, .. })
    ));
    assert_eq!(counter.tokens(), 0);
    assert!(counter.weight(0, 4).is_err() && counter.weight(1, 1).is_err());
    for (percentile, per_neuron) in [(-1.0, 5), (101.0, 5), (f64::NAN, 5), (10.0, 0)] {
        let selection = EdgeSelection {
            percentile,
            per_neuron,
        };
        assert!(matches!(
            counter.edges(selection),
            Err(Error::Setting { .. })
        ));
    }
    // No two neurons are active together.
    counter
        .add(&[1.0, 0.0, 0.0, 0.0, -1.0, 2.0, 0.0, 0.0])
        .unwrap();
    assert_eq!(counter.edges(EdgeSelection::default()).unwrap().edges(), 0);
}
