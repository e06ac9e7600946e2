//! Ranks against a plain reference.

use plm_core::metrics::{RankTies, filtered_rank};

use super::*;
use crate::data::kg::KnownTails;
use crate::task::kg::{RankingScores, rank};

#[test]
fn ranks_are_those_of_scores_one_by_one() {
    for geometry in [EntityGeometry::Lorentz, EntityGeometry::Euclidean] {
        let config = config(geometry);
        let graph = graph(6);
        let known = KnownTails::new(graph.all());
        let mut triples: Vec<Triple> = graph.all().collect();
        let mut tables = tables::<f64>(&config, 1);
        // Twins of the first tails: equal scores.
        let d = config.d_model;
        for (at, triple) in triples.iter().enumerate().take(40) {
            let (tail, twin) = (
                triple.tail as usize,
                (triple.tail as usize + 5 + at) % ENTITIES,
            );
            let point = tables.entities[tail * d..][..d].to_vec();
            tables.entities[twin * d..][..d].copy_from_slice(&point);
            tables.tail_biases[twin] = tables.tail_biases[tail];
        }
        triples.push(Triple {
            head: 3,
            relation: 1,
            tail: 3,
        });
        let found = rank(&tables, &triples, &known).unwrap();
        let mut tied = 0;
        for (triple, found) in triples.iter().zip(&found) {
            // Rounded, so that twins tie whatever the order of additions.
            let scores: Vec<f64> = (0..ENTITIES as u32)
                .map(|tail| (tables.score(Triple { tail, ..*triple }) * 1e9).round())
                .collect();
            let mut out: Vec<usize> = known
                .of(triple.head, triple.relation)
                .iter()
                .map(|tail| *tail as usize)
                .collect();
            out.push(triple.head as usize);
            let of = |ties| filtered_rank(&scores, triple.tail as usize, &out, ties).unwrap();
            assert_eq!(*found, of(RankTies::Pessimistic), "{triple:?}");
            tied += usize::from(of(RankTies::Optimistic) < *found);
        }
        assert!(tied >= 20, "{tied}");
        let single = super::tables::<f32>(&config, 1);
        let double = super::tables::<f64>(&config, 1);
        let mrr = |ranks: Vec<f64>| RankingScores::of(&ranks).unwrap().mrr;
        let single = mrr(rank(&single, &triples, &known).unwrap());
        let double = mrr(rank(&double, &triples, &known).unwrap());
        assert!((single - double).abs() < 1e-4);
    }
}

/// Three entities on a line: scores fall with the distance.
#[test]
fn ranks_by_hand() {
    let triple = |head, tail| Triple {
        head,
        relation: 0,
        tail,
    };
    let tables = CompletionTables::<f64> {
        geometry: EntityGeometry::Euclidean,
        d_model: 2,
        margin: 1.0,
        scale: 1.0,
        entities: vec![0.0, 0.0, 1.0, 0.0, 3.0, 0.0, 6.0, 0.0],
        relation_weights: vec![1.0, 0.0, 0.0, 1.0],
        relation_biases: vec![1.5, 0.0],
        head_biases: vec![0.5; 4],
        tail_biases: vec![0.0; 4],
    };
    // Entity 0 moves to 1.5: squared distances 2.25, 0.25, 2.25, 20.25.
    assert_eq!(tables.score(triple(0, 1)), 1.25);
    assert_eq!(tables.score(triple(0, 3)), -18.75);
    let ranks = |known: &[Triple]| {
        let known = KnownTails::new(known.iter().copied());
        let triples = [triple(0, 1), triple(0, 2), triple(0, 3)];
        rank(&tables, &triples, &known).unwrap()
    };
    assert_eq!(ranks(&[]), [1.0, 2.0, 3.0]);
    assert_eq!(ranks(&[triple(0, 1)]), [1.0, 1.0, 2.0]);
    assert_eq!(ranks(&[triple(0, 1), triple(0, 2), triple(0, 3)]), [1.0; 3]);
    let scores = RankingScores::of(&[1.0, 2.0, 4.0, 20.0]).unwrap();
    assert_eq!(scores.mrr, 1.8 / 4.0);
    assert_eq!(
        [scores.hits_1, scores.hits_3, scores.hits_10],
        [0.25, 0.5, 0.75]
    );
}

#[test]
fn a_model_that_scores_all_alike_is_last() {
    let config = config(EntityGeometry::Euclidean);
    let mut tables = tables::<f32>(&config, 1);
    tables.entities.fill(1.0);
    tables.tail_biases.fill(0.0);
    let graph = graph(6);
    let known = KnownTails::default();
    let triples = graph.test();
    let ranks = rank(&tables, triples, &known).unwrap();
    for (triple, rank) in triples.iter().zip(ranks) {
        let competitors = ENTITIES - 1 - usize::from(triple.head != triple.tail);
        assert_eq!(rank, 1.0 + competitors as f64);
    }
}

#[test]
fn bad_input_is_named() {
    let config = config(EntityGeometry::Lorentz);
    let good = tables::<f32>(&config, 1);
    let known = KnownTails::default();
    let error = |tables: &CompletionTables<f32>, triple: Triple| {
        rank(tables, &[triple], &known).unwrap_err().to_string()
    };
    let triple = Triple {
        head: 0,
        relation: 0,
        tail: 1,
    };
    let far = Triple {
        tail: ENTITIES as u32,
        ..triple
    };
    assert!(error(&good, far).starts_with("triples[0]"));
    let far = Triple {
        relation: RELATIONS as u32,
        ..triple
    };
    assert!(error(&good, far).contains("5 relations"));
    let mut bad = good.clone();
    bad.entities.pop();
    assert!(error(&bad, triple).starts_with("entities"));
    let mut bad = good.clone();
    bad.head_biases[4] = f32::NAN;
    assert!(error(&bad, triple).contains("number 4 is NaN"));
    let mut bad = good.clone();
    bad.scale = -0.5;
    assert!(error(&bad, triple).contains("scale: is -0.5, must be positive"));
    assert!(rank(&good, &[], &known).unwrap().is_empty());
    // Known tails of another, larger graph.
    let larger = KnownTails::new([Triple {
        tail: ENTITIES as u32 + 2,
        ..triple
    }]);
    let error = rank(&good, &[triple], &larger).unwrap_err().to_string();
    assert!(error.contains("name tail 302"), "{error}");
}
