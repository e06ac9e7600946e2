use std::collections::{BTreeMap, BTreeSet};

use super::links::{End, is_operand, lift, links};
use super::types::Roles;
use super::{PairSettings, SentencePairs, Trigger};
use crate::amr::{AlignedGraph, TokenSpan};

/// Roles of arguments besides `ARG0`, `ARG1` and so on.
const ROLES: [&str; 8] = [
    "time",
    "year",
    "duration",
    "decade",
    "weekday",
    "location",
    "path",
    "destination",
];

/// The trigger-argument pairs of `aligned`; none where fewer than two triggers have arguments, as one
/// alone has nothing to be told apart from.
///
/// Nodes without tokens take no part, but coordinations and names pass edges on without any.
pub fn extract(aligned: &AlignedGraph, settings: PairSettings) -> Option<SentencePairs> {
    extract_any(aligned, settings).filter(|pairs| pairs.triggers.len() > 1)
}

/// As [`extract`], but none only where no trigger has arguments: mentions to cluster, not to contrast.
/// A trigger that is alone has no negatives.
pub fn extract_any(aligned: &AlignedGraph, settings: PairSettings) -> Option<SentencePairs> {
    let dropped = dropped(aligned, settings);
    let mut links = links(aligned);
    lift(&mut links, is_operand);
    lift(&mut links, |role| role.starts_with("name"));
    let mut arguments: BTreeMap<TokenSpan, Roles<'_>> = BTreeMap::new();
    for &(source, role, target) in &links {
        let (End::Span(source), End::Span(target)) = (source, target) else {
            continue;
        };
        let kept = |span| !dropped.contains(span);
        if is_argument(role) && source != target && kept(&source) && kept(&target) {
            let own = arguments.entry(source).or_default();
            own.entry(target).or_default().insert(role);
        }
    }
    if arguments.is_empty() {
        return None;
    }
    let all: BTreeSet<TokenSpan> = arguments
        .values()
        .flat_map(BTreeMap::keys)
        .copied()
        .collect();
    let triggers = arguments.iter().map(|(&trigger, own)| {
        let others = all.iter().copied();
        let negatives = others.filter(|span| *span != trigger && !own.contains_key(span));
        Trigger::new(trigger, own, negatives.collect())
    });
    Some(SentencePairs {
        id: aligned.id.clone(),
        tokens: aligned.tokens.clone(),
        auto_aligned: aligned.auto_aligned,
        triggers: triggers.collect(),
    })
}

/// The tokens that are neither triggers nor arguments: those of coordinations, negations and, unless
/// kept, quoted strings.
fn dropped(aligned: &AlignedGraph, settings: PairSettings) -> BTreeSet<TokenSpan> {
    let is_dropped = |concept: &str| {
        matches!(concept, "and" | "or" | "not")
            || (concept.starts_with('"') && !settings.keep_named)
    };
    let nodes = aligned
        .nodes()
        .filter(|&node| aligned.concept(node).is_some_and(is_dropped));
    nodes.filter_map(|node| aligned.span(node)).collect()
}

fn is_argument(role: &str) -> bool {
    let lower = role.to_ascii_lowercase();
    lower.starts_with("arg") || ROLES.contains(&lower.as_str())
}
