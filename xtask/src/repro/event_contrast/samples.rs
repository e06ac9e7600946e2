//! Output as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::Result;
use plm_event_contrast::cluster::cluster_names;
use plm_event_contrast::finetune::Candidate;

use super::liberal::{Clustered, Unlabeled, words};
use super::supervised::{Extraction, Tasks};
use crate::repro::Text;

/// Sentences that are shown.
const SHOWN: usize = 8;

/// The first test sentences with their gold events and those that `system` found.
pub(super) fn events(tasks: &Tasks, found: &Extraction, system: &str) -> Text {
    let corpus = &tasks.test.corpus;
    let types = corpus.types();
    let gold = corpus.arguments(&types).unwrap_or_default();
    let mut roles: BTreeMap<usize, Vec<(&Candidate, usize)>> = BTreeMap::new();
    let mut gold_roles = roles.clone();
    for (trigger, candidate, role) in &found.roles {
        roles.entry(*trigger).or_default().push((candidate, *role));
    }
    for (trigger, candidate) in gold.triggers.iter().zip(&gold.candidates) {
        if candidate.class > 0 {
            let own = gold_roles.entry(*trigger).or_default();
            own.push((candidate, candidate.class));
        }
    }
    let mut body = String::new();
    for (sentence, tokens) in corpus.sentences.iter().enumerate().take(SHOWN) {
        let _ = writeln!(body, "{}", tokens.join(" "));
        for (what, types, roles) in [
            ("gold ", &types, &gold_roles),
            ("found", &found.types, &roles),
        ] {
            for (number, trigger) in corpus.triggers.iter().enumerate() {
                if trigger.sentence != sentence || types[number] == 0 {
                    continue;
                }
                let event = &tasks.labels.types[types[number] - 1];
                let _ = write!(body, "  {what} {event}: {}", words(tokens, trigger.trigger));
                for (candidate, role) in roles.get(&number).into_iter().flatten() {
                    if let Some(span) = candidate.argument {
                        let role = &tasks.labels.roles[*role - 1];
                        let _ = write!(body, ", {role} = {}", words(tokens, span));
                    }
                }
                body.push('\n');
            }
        }
    }
    Text {
        title: format!(
            "Test sentences with gold and found events (system `{system}`, largest share of labels)"
        ),
        body,
    }
}

/// The clusters of triggers: the name of each and what is in it.
pub(super) fn clusters(unlabeled: &Unlabeled, clustered: &Clustered) -> Result<Text> {
    let vectors = &clustered.vectors.triggers;
    let (rows, width) = (&vectors.values, vectors.width);
    let names = cluster_names(rows, width, &clustered.labels, &unlabeled.names.triggers)?;
    let mut members: BTreeMap<usize, BTreeMap<&str, usize>> = BTreeMap::new();
    for (label, name) in clustered.labels.iter().zip(&unlabeled.names.triggers) {
        *members.entry(*label).or_default().entry(name).or_default() += 1;
    }
    let mut body = String::new();
    for (label, counts) in members {
        let mut counts: Vec<(&str, usize)> = counts.into_iter().collect();
        counts.sort_by_key(|&(name, count)| (std::cmp::Reverse(count), name));
        let list: Vec<String> = counts
            .iter()
            .map(|(name, count)| format!("{name} {count}"))
            .collect();
        let name = names.get(&label).map_or("", String::as_str);
        let _ = writeln!(body, "{name}: {}", list.join(", "));
    }
    Ok(Text {
        title: "Clusters of triggers (pre-trained text encoder), named by their central trigger"
            .to_owned(),
        body,
    })
}
