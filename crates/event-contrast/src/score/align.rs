//! Which system mention stands for which gold mention.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use super::mention::{Mention, check};
use crate::Result;

/// When a system mention and a gold mention are the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MentionMatch {
    /// All spans are equal.
    #[default]
    Exact,
    /// The spans share a token, and so do the triggers of arguments. Each mention is used once,
    /// equal spans before others and larger overlaps before smaller ones.
    Overlap,
}

/// The system mention of each gold mention: `[gold]`.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) for a mention without tokens and one that comes twice.
pub fn align(
    system: &[Mention],
    gold: &[Mention],
    how: MentionMatch,
) -> Result<Vec<Option<usize>>> {
    check("system mentions", system)?;
    check("gold mentions", gold)?;
    match how {
        MentionMatch::Exact => {
            let at: HashMap<_, _> = system.iter().enumerate().map(|(i, m)| (m, i)).collect();
            Ok(gold
                .iter()
                .map(|mention| at.get(mention).copied())
                .collect())
        }
        MentionMatch::Overlap => Ok(overlapping(system, gold)),
    }
}

fn overlapping(system: &[Mention], gold: &[Mention]) -> Vec<Option<usize>> {
    let mut by_sentence: HashMap<usize, Vec<usize>> = HashMap::new();
    for (at, mention) in system.iter().enumerate() {
        by_sentence.entry(mention.sentence).or_default().push(at);
    }
    let mut pairs = Vec::new();
    for (g, mention) in gold.iter().enumerate() {
        for &s in by_sentence.get(&mention.sentence).into_iter().flatten() {
            let shared = shared_tokens(mention, &system[s]);
            if shared > 0 {
                pairs.push((*mention != system[s], Reverse(shared), g, s));
            }
        }
    }
    pairs.sort_unstable();
    let mut found = vec![None; gold.len()];
    let mut used = vec![false; system.len()];
    for (_, _, g, s) in pairs {
        if found[g].is_none() && !used[s] {
            found[g] = Some(s);
            used[s] = true;
        }
    }
    found
}

/// Tokens of both spans, and of both triggers; 0 where either pair shares none.
fn shared_tokens(a: &Mention, b: &Mention) -> usize {
    let shared = |a: (usize, usize), b: (usize, usize)| a.1.min(b.1).saturating_sub(a.0.max(b.0));
    let spans = shared(a.span, b.span);
    match (a.trigger, b.trigger) {
        (None, None) => spans,
        (Some(a), Some(b)) if spans > 0 && shared(a, b) > 0 => spans.saturating_add(shared(a, b)),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_spans_come_before_larger_overlaps() {
        let trigger = Mention::trigger;
        let system = [trigger(0, (0, 5)), trigger(0, (1, 2)), trigger(1, (0, 1))];
        let gold = [
            trigger(0, (0, 4)),
            trigger(0, (1, 2)),
            trigger(1, (4, 5)),
            trigger(2, (0, 1)),
        ];
        let exact = align(&system, &gold, MentionMatch::Exact).unwrap();
        assert_eq!(exact, [None, Some(1), None, None]);
        let overlap = align(&system, &gold, MentionMatch::Overlap).unwrap();
        assert_eq!(overlap, [Some(0), Some(1), None, None]);
        // A mention is used once, by the larger overlap.
        let twice = [trigger(0, (0, 2)), trigger(0, (2, 5))];
        let overlap = align(&system[..1], &twice, MentionMatch::Overlap).unwrap();
        assert_eq!(overlap, [None, Some(0)]);
    }

    #[test]
    fn arguments_belong_to_their_triggers() {
        let argument = Mention::argument;
        let system = [argument(0, (3, 5), (1, 2)), argument(0, (3, 5), (6, 8))];
        let gold = [
            argument(0, (3, 5), (6, 7)),
            argument(0, (3, 5), (1, 2)),
            Mention::trigger(0, (3, 5)),
        ];
        let exact = align(&system, &gold, MentionMatch::Exact).unwrap();
        assert_eq!(exact, [None, Some(0), None]);
        let overlap = align(&system, &gold, MentionMatch::Overlap).unwrap();
        assert_eq!(overlap, [Some(1), Some(0), None]);
    }

    #[test]
    fn faults_are_named() {
        let good = [Mention::trigger(0, (0, 1))];
        let empty = [Mention::trigger(0, (1, 1))];
        let error = align(&empty, &good, MentionMatch::Exact)
            .unwrap_err()
            .to_string();
        assert!(error.contains("system mentions: mention 0"), "{error}");
        let twice = [good[0], good[0]];
        let error = align(&good, &twice, MentionMatch::Overlap)
            .unwrap_err()
            .to_string();
        assert!(
            error.contains("gold mentions") && error.contains("twice"),
            "{error}"
        );
        assert!(
            align(
                &[Mention::argument(0, (0, 1), (2, 2))],
                &good,
                MentionMatch::Exact
            )
            .is_err()
        );
    }
}
