use std::collections::BTreeMap;

use proptest::prelude::*;

use super::align;
use crate::amr::{AlignedGraph, TokenSpan};
use crate::penman::Reader;

fn aligned(tokens: &str, graph: &str) -> AlignedGraph {
    let text = format!("# ::tok {tokens}\n{graph}\n");
    let mut read = Reader::<_, AlignedGraph>::new(text.as_bytes(), "f");
    let mut aligned = read.next().unwrap().unwrap();
    align(&mut aligned);
    aligned
}

#[track_caller]
fn check(tokens: &str, graph: &str, expected: &[(&str, &str)]) {
    let aligned = aligned(tokens, graph);
    let found: BTreeMap<String, String> = aligned
        .nodes()
        .filter_map(|node| {
            let span = aligned.span(node)?;
            let words = aligned.tokens[span.start..span.end].join(" ");
            Some((aligned.concept(node)?.to_owned(), words))
        })
        .collect();
    let expected: BTreeMap<String, String> = expected
        .iter()
        .map(|&(concept, words)| (concept.to_owned(), words.to_owned()))
        .collect();
    assert_eq!(found, expected);
    assert!(aligned.auto_aligned);
}

#[test]
fn frames_inflections_and_exact_words() {
    check(
        "The farmers were attacking wolves with old rifles",
        "(a / attack-01 :ARG0 (f / farmer) :ARG1 (w / wolf) :instrument (r / rifle :mod (o / old)))",
        &[
            ("attack-01", "attacking"),
            ("farmer", "farmers"),
            ("old", "old"),
            ("rifle", "rifles"),
        ],
    );
}

#[test]
fn short_concepts_are_no_starts_of_other_words() {
    check("he is in it", "(i / i)", &[]);
    check("I said it is me", "(i / i)", &[("i", "I")]);
    check(
        "cards fell as dogs were eating",
        "(e / eat-01 :ARG0 (d / dog) :ARG1 (c / car) :time (b / be))",
        &[("eat-01", "eating"), ("dog", "dogs")],
    );
}

#[test]
fn names_as_a_whole() {
    check(
        "Lake Mara is near San Lo @-@ Ruz , says Mara",
        "(s / say-01 :ARG0 (p / person :name (n / name :op1 \"Mara\")) :ARG1 (n2 / near \
         :op1 (c / city :wiki \"San_Lo-Ruz\" :name (n3 / name :op2 \"Lo-Ruz\" :op1 \"San\"))))",
        &[
            ("say-01", "says"),
            ("person", "Mara"),
            ("name", "San Lo @-@ Ruz"),
            ("\"Mara\"", "Mara"),
            ("near", "near"),
            ("city", "San Lo @-@ Ruz"),
            ("\"San\"", "San Lo @-@ Ruz"),
            ("\"Lo-Ruz\"", "San Lo @-@ Ruz"),
        ],
    );
}

#[test]
fn tables_of_words() {
    check(
        "On March 7 we did n't see their twelve boats and 1.5 million 15 of us",
        "(s / see-01 :polarity - :ARG0 (w / we) :time (d / date-entity :month 3 :day 7) \
         :ARG1 (b / boat :quant 12 :poss (t / they)) :x 1500000 :y 15)",
        &[
            ("see-01", "see"),
            ("-", "n't"),
            ("we", "we"),
            ("3", "March"),
            ("7", "7"),
            ("boat", "boats"),
            ("12", "twelve"),
            ("they", "their"),
            ("1500000", "1.5 million"),
            ("15", "15"),
        ],
    );
}

#[test]
fn abstract_frames_and_far_words_stay_unaligned() {
    check(
        "They have an internal date",
        "(h / have-org-role-91 :ARG0 (d / date-entity) :ARG1 (i / international))",
        &[],
    );
}

#[test]
fn a_token_serves_one_node() {
    let found = aligned(
        "one dog saw a dog",
        "(s / see-01 :ARG0 (d / dog) :ARG1 (d2 / dog))",
    );
    let spans: Vec<_> = found.spans.values().flatten().copied().collect();
    assert_eq!(spans, [TokenSpan::new(1, 2), TokenSpan::new(4, 5)]);
}

#[test]
fn alignments_that_were_read_stay() {
    let found = aligned("a dog", "(d / dog~e.0)");
    assert!(!found.auto_aligned);
    assert_eq!(found.spans.len(), 1);
}

proptest! {
    #[test]
    fn spans_lie_in_the_sentence(tokens in "[a-c1.@ -]{0,30}", concepts in "[a-c1-]{1,8}( [a-c1-]{1,8}){0,9}") {
        let branches: String = concepts
            .split(' ')
            .enumerate()
            .map(|(i, concept)| format!(" :op{i} \"{concept}\" :ARG{i} (x{i} / {concept})"))
            .collect();
        let found = aligned(&tokens, &format!("(n / name{branches} :name n)"));
        for span in found.spans.values().flatten() {
            prop_assert!(span.start < span.end && span.end <= found.tokens.len());
        }
    }
}
