use proptest::prelude::*;

use super::*;
use crate::amr::{AlignedGraph, TokenSpan};
use crate::penman::Reader;

fn read(text: &str) -> AlignedGraph {
    Reader::new(text.as_bytes(), "f").next().unwrap().unwrap()
}

fn span((start, end): (usize, usize)) -> TokenSpan {
    TokenSpan::new(start, end)
}

type Spans = &'static [(usize, usize)];

fn check(text: &str, settings: PairSettings, expected: &[((usize, usize), Spans, Spans)]) {
    let pairs = extract(&read(text), settings).unwrap();
    let spans = |spans: Spans| -> Vec<TokenSpan> { spans.iter().copied().map(span).collect() };
    assert_eq!(pairs.triggers.len(), expected.len());
    for (found, &(trigger, arguments, negatives)) in pairs.triggers.iter().zip(expected) {
        assert_eq!(found.trigger, span(trigger));
        assert_eq!(found.arguments, spans(arguments));
        assert_eq!(found.negatives, spans(negatives));
    }
}

const REBELS: &str = "\
# ::id rebels
# ::tok The rebels attacked the city yesterday and killed ten people .
(a / and~e.6
   :op1 (a2 / attack-01~e.2 :ARG0 (r / rebel~e.1) :ARG1 (c / city~e.4) :time (y / yesterday~e.5))
   :op2 (k / kill-01~e.7 :ARG0 r :ARG1 (p / people~e.9 :quant 10~e.8)))
";

const POLICE: &str = "\
# ::tok Police arrested Smith and two students who protested .
# ::alignments 0-1|0.0 1-2|0 2-3|0.1.0+0.1.0.0+0.1.0.0.0 3-4|0.1 4-5|0.1.1.0 5-6|0.1.1 7-8|0.1.1.1
(a / arrest-01
   :ARG0 (p / police)
   :ARG1 (a2 / and
      :op1 (p2 / person :name (n / name :op1 \"Smith\"))
      :op2 (s / student :quant 2 :ARG0-of (p3 / protest-01))))
";

#[test]
fn golden_coordinated_triggers() {
    let expected: [((usize, usize), Spans, Spans); 2] = [
        ((2, 3), &[(1, 2), (4, 5), (5, 6)], &[(9, 10)]),
        ((7, 8), &[(1, 2), (9, 10)], &[(4, 5), (5, 6)]),
    ];
    check(REBELS, PairSettings::default(), &expected);
}

#[test]
fn golden_coordinated_arguments() {
    let expected: [((usize, usize), Spans, Spans); 2] = [
        ((1, 2), &[(0, 1), (5, 6)], &[]),
        ((7, 8), &[(5, 6)], &[(0, 1)]),
    ];
    check(POLICE, PairSettings::default(), &expected);
}

#[test]
fn named_entities_can_be_kept() {
    let settings = PairSettings { keep_named: true };
    let expected: [((usize, usize), Spans, Spans); 2] = [
        ((1, 2), &[(0, 1), (2, 3), (5, 6)], &[]),
        ((7, 8), &[(5, 6)], &[(0, 1), (2, 3)]),
    ];
    check(POLICE, settings, &expected);
}

#[test]
fn one_trigger_is_clustered_but_not_contrasted() {
    let settings = PairSettings::default();
    let one = read("# ::tok Rebels attacked\n(a / attack-01~e.1 :ARG0 (r / rebel~e.0))\n");
    assert_eq!(extract(&one, settings), None);
    let found = extract_any(&one, settings).unwrap();
    assert_eq!(found.triggers.len(), 1);
    assert_eq!(found.triggers[0].trigger, span((1, 2)));
    assert_eq!(found.triggers[0].arguments, [span((0, 1))]);
    assert!(found.triggers[0].negatives.is_empty());
    let none = read("# ::tok Rebels\n(r / rebel~e.0)\n");
    assert_eq!(extract_any(&none, settings), None);
    let two = read(REBELS);
    assert_eq!(extract_any(&two, settings), extract(&two, settings));
}

#[test]
fn arguments_keep_their_roles() {
    let pairs = extract(&read(REBELS), PairSettings::default()).unwrap();
    let roles = |at: usize| pairs.triggers[at].roles.concat();
    assert_eq!(roles(0), ["ARG0", "ARG1", "time"]);
    assert_eq!(roles(1), ["ARG0", "ARG1"]);
    // Inverse roles are turned around, and roles lead through coordinations.
    let pairs = extract(&read(POLICE), PairSettings::default()).unwrap();
    assert_eq!(pairs.triggers[0].roles, [["ARG0"], ["ARG1"]]);
    assert_eq!(pairs.triggers[1].roles, [["ARG0"]]);
    let twice = "\
# ::tok she saw herself and ran
(a / and~e.3 :op1 (s / see-01~e.1 :ARG0 (h / she~e.0) :ARG1 h) :op2 (r / run-02~e.4 :ARG0 h))
";
    let pairs = extract(&read(twice), PairSettings::default()).unwrap();
    assert_eq!(pairs.triggers[0].roles, [["ARG0", "ARG1"]]);
}

#[test]
fn one_trigger_is_not_enough() {
    let text = "\
# ::tok Nora might act like a nurse .
# ::alignments 0-1|0.0+0.0.0+0.0.0.0 2-3|0 5-6|0.1
(a / act-02 :ARG0 (p / person :name (n / name :op1 \"Nora\")) :ARG1 (n2 / nurse))
";
    assert_eq!(extract(&read(text), PairSettings::default()), None);
    let unaligned = REBELS.replace("~e.7", "");
    assert_eq!(extract(&read(&unaligned), PairSettings::default()), None);
}

/// Names whose nodes have other tokens than the named node hand their edges on.
#[test]
fn names_are_lifted() {
    let text = "\
# ::tok the ship Vega sank , divers found it
(a / and :op1 (s / sink-01~e.3 :ARG1 (h / ship~e.1 :name (n / name~e.2 :op1 \"Vega\")))
   :op2 (f / find-01~e.6 :ARG0 (d / diver~e.5) :ARG1 h))
";
    let expected: [((usize, usize), Spans, Spans); 2] = [
        ((3, 4), &[(1, 2), (2, 3)], &[(5, 6)]),
        ((6, 7), &[(1, 2), (2, 3), (5, 6)], &[]),
    ];
    check(text, PairSettings::default(), &expected);
}

#[test]
fn one_example_for_each_pair() {
    let pairs = extract(&read(REBELS), PairSettings::default()).unwrap();
    let examples: Vec<_> = pairs.examples().collect();
    assert_eq!(examples.len(), 5);
    assert_eq!(examples[3].trigger, span((7, 8)));
    assert_eq!(examples[3].argument, span((1, 2)));
    assert_eq!(examples[3].negatives, [span((4, 5)), span((5, 6))]);
    let json = serde_json::to_string(&pairs).unwrap();
    assert_eq!(serde_json::from_str::<SentencePairs>(&json).unwrap(), pairs);
    assert!(json.starts_with("{\"id\":\"rebels\",\"tokens\":[\"The\""));
}

/// Sentences of 12 tokens with a graph whose nodes have random concepts, roles and tokens.
fn sentences() -> impl Strategy<Value = String> {
    let concept = prop::sample::select(vec!["and", "or", "not", "run-01", "dog", "\"Rex\""]);
    let roles = [
        ":ARG0",
        ":ARG1-of",
        ":op1",
        ":op2",
        ":name",
        ":time",
        ":location-of",
        ":mod",
        ":arg2",
    ];
    let role = prop::sample::select(roles.to_vec());
    let node = (
        concept,
        role,
        any::<prop::sample::Index>(),
        prop::option::of(0..12_usize),
    );
    prop::collection::vec(node, 1..14).prop_map(|nodes| {
        let mut children = vec![Vec::new(); nodes.len()];
        for (index, (_, role, parent, _)) in nodes.iter().enumerate().skip(1) {
            children[parent.index(index)].push((role, index));
        }
        let mut texts = vec![String::new(); nodes.len()];
        for (index, (concept, _, _, token)) in nodes.iter().enumerate().rev() {
            let token = token.map_or_else(String::new, |token| format!("~e.{token}"));
            let branches: String = children[index]
                .iter()
                .map(|&(role, child)| format!(" {role} {}", texts[child]))
                .collect();
            texts[index] = format!("(n{index} / {concept}{token}{branches})");
        }
        format!("# ::tok a b c d e f g h i j k l\n{}\n", texts[0])
    })
}

proptest! {
    #[test]
    fn properties(text in sentences(), keep_named: bool) {
        let aligned = read(&text);
        if let Some(pairs) = extract(&aligned, PairSettings { keep_named }) {
            prop_assert!(pairs.triggers.len() >= 2);
            let is_dropped = |span: TokenSpan| aligned.nodes().any(|node| {
                let concept = aligned.concept(node).unwrap();
                let named = concept.starts_with('"') && !keep_named;
                aligned.span(node) == Some(span) && (named || ["and", "or", "not"].contains(&concept))
            });
            let all: Vec<_> = pairs.triggers.iter().flat_map(|each| &each.arguments).collect();
            for each in &pairs.triggers {
                prop_assert!(!each.arguments.is_empty());
                prop_assert!(!is_dropped(each.trigger));
                for span in &each.arguments {
                    prop_assert!(!each.negatives.contains(span));
                    prop_assert!(*span != each.trigger && !is_dropped(*span));
                }
                for span in &each.negatives {
                    prop_assert!(*span != each.trigger && all.contains(&span));
                }
                let known = |span: &TokenSpan| {
                    each.arguments.contains(span) || each.negatives.contains(span)
                };
                prop_assert!(all.iter().all(|span| known(span) || **span == each.trigger));
            }
            let count: usize = pairs.triggers.iter().map(|each| each.arguments.len()).sum();
            prop_assert_eq!(pairs.examples().count(), count);
        }
    }
}
