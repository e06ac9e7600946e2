//! Some test sentences with what was found in them.

use std::collections::BTreeSet;

use plm_ie_markers::data::{Document, Sentence, Source, WordSpan};

use super::study::Run;
use super::{entities, relations};
use crate::repro::{Outcome, Text};

/// Sentences that are shown.
const SHOWN: usize = 6;

/// Adds the first test sentences that have relations, or entities where nothing has relations.
pub(super) fn add(name: &str, run: &Run, outcome: &mut Outcome) {
    let found = |relations: &relations::Found| relations.predicted.clone();
    let predicted = match run.relations.get(&relations::Way::PlMarker) {
        Some(relations) => found(relations),
        None => match run.entities.get(&entities::Way::PlMarker) {
            Some(entities) => entities.predicted.clone(),
            None => return,
        },
    };
    let related = !run.relations.is_empty();
    let sentences = predicted.iter().flat_map(|one: &Document| &one.sentences);
    let gold = run.test.iter().flat_map(|one| &one.sentences);
    let shown = gold.zip(sentences).filter(|(gold, _)| match related {
        true => gold.relations.len() > 1,
        false => !gold.entities.is_empty(),
    });
    let blocks: Vec<String> = shown
        .take(SHOWN)
        .map(|(gold, found)| block(gold, found))
        .collect();
    outcome.texts.push(Text {
        title: format!("{name}: test sentences, PL-Marker (= right, + not gold, - missed)"),
        body: blocks.join("\n\n"),
    });
}

fn words(sentence: &Sentence, span: WordSpan) -> String {
    let words = sentence.words.get(span.start..=span.end);
    words.unwrap_or_default().join(" ")
}

fn entities_of(sentence: &Sentence, source: Source) -> BTreeSet<String> {
    let entities = sentence.entities_from(source).into_iter();
    entities
        .map(|one| format!("[{}] {}", words(sentence, one.span), one.label))
        .collect()
}

fn relations_of(sentence: &Sentence, source: Source) -> BTreeSet<String> {
    let relations = sentence.relations_from(source).into_iter();
    relations
        .map(|one| {
            let [subject, object] = [one.subject, one.object].map(|span| words(sentence, span));
            format!("[{subject}] {} [{object}]", one.label)
        })
        .collect()
}

fn block(gold: &Sentence, found: &Sentence) -> String {
    let mut lines = vec![gold.words.join(" ")];
    for (expected, predicted) in [
        (
            entities_of(gold, Source::Gold),
            entities_of(found, Source::Predicted),
        ),
        (
            relations_of(gold, Source::Gold),
            relations_of(found, Source::Predicted),
        ),
    ] {
        for one in expected.union(&predicted) {
            let sign = match (expected.contains(one), predicted.contains(one)) {
                (true, true) => '=',
                (true, false) => '-',
                _ => '+',
            };
            lines.push(format!("  {sign} {one}"));
        }
    }
    lines.join("\n")
}
