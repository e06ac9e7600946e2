//! Pairs that are known exactly.

use anyhow::{Context as _, Result};
use plm_event_contrast::amr::AlignedGraph;
use plm_event_contrast::pairs::{PairSettings, extract};
use plm_event_contrast::penman::Reader;

use crate::repro::{Check, Outcome};

/// Two events that share their agent.
const REBELS: &str = "\
# ::tok The rebels attacked the city yesterday and killed ten people .
(a / and~e.6
   :op1 (a2 / attack-01~e.2 :ARG0 (r / rebel~e.1) :ARG1 (c / city~e.4) :time (y / yesterday~e.5))
   :op2 (k / kill-01~e.7 :ARG0 r :ARG1 (p / people~e.9 :quant 10~e.8)))
";

/// An event with a coordinated object, one of which has an event of its own.
const POLICE: &str = "\
# ::tok Police arrested Smith and two students who protested .
# ::alignments 0-1|0.0 1-2|0 2-3|0.1.0+0.1.0.0+0.1.0.0.0 3-4|0.1 4-5|0.1.1.0 5-6|0.1.1 7-8|0.1.1.1
(a / arrest-01
   :ARG0 (p / police)
   :ARG1 (a2 / and
      :op1 (p2 / person :name (n / name :op1 \"Smith\"))
      :op2 (s / student :quant 2 :ARG0-of (p3 / protest-01))))
";

type Span = (usize, usize);

/// A trigger with its arguments and negatives.
type Expected = (Span, &'static [Span], &'static [Span]);

/// What the released script gives.
const OF_REBELS: [Expected; 2] = [
    ((2, 3), &[(1, 2), (4, 5), (5, 6)], &[(9, 10)]),
    ((7, 8), &[(1, 2), (9, 10)], &[(4, 5), (5, 6)]),
];
const OF_POLICE: [Expected; 2] = [
    ((1, 2), &[(0, 1), (5, 6)], &[]),
    ((7, 8), &[(5, 6)], &[(0, 1)]),
];

/// Adds the checks.
pub(super) fn check(outcome: &mut Outcome) -> Result<()> {
    for (id, text, expected) in [
        ("pair_golden_1", REBELS, OF_REBELS),
        ("pair_golden_2", POLICE, OF_POLICE),
    ] {
        let equal = holds(text, &expected)?;
        outcome.checks.push(Check::fact(id, equal));
    }
    Ok(())
}

fn holds(text: &str, expected: &[Expected]) -> Result<bool> {
    let mut reader = Reader::<_, AlignedGraph>::new(text.as_bytes(), "sentence");
    let graph = reader.next().context("no graph")??;
    let pairs = extract(&graph, PairSettings::default()).context("no pairs")?;
    let spans = |spans: &[plm_event_contrast::amr::TokenSpan]| -> Vec<Span> {
        spans.iter().map(|span| (span.start, span.end)).collect()
    };
    let found = pairs.triggers.iter().map(|trigger| {
        let own = (trigger.trigger.start, trigger.trigger.end);
        (own, spans(&trigger.arguments), spans(&trigger.negatives))
    });
    let expected = expected
        .iter()
        .map(|(own, arguments, negatives)| (*own, arguments.to_vec(), negatives.to_vec()));
    Ok(found.eq(expected))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_pairs_are_noticed() {
        assert!(holds(REBELS, &OF_REBELS).unwrap());
        assert!(!holds(REBELS, &OF_POLICE).unwrap());
        assert!(!holds(POLICE, &OF_POLICE[..1]).unwrap());
    }
}
