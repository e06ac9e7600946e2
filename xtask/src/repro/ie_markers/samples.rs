//! Some test sentences with what was found in them.

use std::collections::BTreeSet;

use plm_ie_markers::data::{Document, Sentence, Source, WordSpan};
use plm_ie_markers::labels::RelationSpace;

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
        .map(|(gold, found)| block(gold, found, &run.space))
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

/// The relations; of symmetric ones, whose order says nothing, the earlier end first.
fn relations_of(sentence: &Sentence, source: Source, space: &RelationSpace) -> BTreeSet<String> {
    let relations = sentence.relations_from(source).into_iter();
    relations
        .map(|one| {
            let mut ends = [one.subject, one.object];
            if space.is_symmetric(&one.label) {
                ends.sort_unstable();
            }
            let [subject, object] = ends.map(|span| words(sentence, span));
            format!("[{subject}] {} [{object}]", one.label)
        })
        .collect()
}

fn block(gold: &Sentence, found: &Sentence, space: &RelationSpace) -> String {
    let mut lines = vec![gold.words.join(" ")];
    for (expected, predicted) in [
        (
            entities_of(gold, Source::Gold),
            entities_of(found, Source::Predicted),
        ),
        (
            relations_of(gold, Source::Gold, space),
            relations_of(found, Source::Predicted, space),
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

#[cfg(test)]
mod tests {
    use plm_ie_markers::data::{PredictedRelation, RelationMention};

    use super::*;

    #[test]
    fn a_symmetric_relation_is_right_in_either_order() {
        let relation = |subject: usize, object: usize, label: &str| RelationMention {
            subject: WordSpan::new(subject, subject),
            object: WordSpan::new(object, object),
            label: label.to_owned(),
        };
        let mut sentence = Sentence::new(["a", "b"]);
        sentence.relations = vec![relation(1, 0, "meets"), relation(1, 0, "knows")];
        sentence.predicted_relations = [relation(0, 1, "meets"), relation(0, 1, "knows")]
            .map(|relation| PredictedRelation {
                relation,
                types: None,
                score: None,
            })
            .into();
        let space = RelationSpace::new(["meets"], ["knows"]).unwrap();
        assert_eq!(
            block(&sentence, &sentence, &space),
            "a b\n  + [a] knows [b]\n  = [a] meets [b]\n  - [b] knows [a]"
        );
    }
}
