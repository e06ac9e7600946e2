//! Generated sentences with nested entities, and relations that depend on other spans.
//!
//! A sentence has one clause or two of the same forms, so that the words of an entity do not say which
//! of the others it belongs to. Places are teams where they beat each other, some names are people's or
//! places', two people are colleagues only where they work for one organization, and each asymmetric
//! relation is also told from its object's side.

use std::collections::BTreeSet;

use plm_core::rng::Seed;
use plm_ie_markers::data::Document;

use super::draw::Draft;

/// The symmetric relations.
pub(super) const SYMMETRIC: &[&str] = &["colleague", "meets"];

const JOINTS: &[&str] = &["and", "while", "but", ", and"];

/// `count` different sentences, none of which has the words of one of `others`.
pub(super) fn sentences(count: usize, seed: Seed, others: &[Document]) -> Vec<Document> {
    let words = |document: &Document| document.sentences[0].words.join(" ");
    let mut seen: BTreeSet<String> = others.iter().map(words).collect();
    let mut rng = seed.stream("sentences");
    let mut made = Vec::with_capacity(count);
    while made.len() < count {
        let mut draft = Draft::new(&mut rng);
        clause(&mut draft);
        if draft.below(3) == 0 {
            let joint = JOINTS[draft.below(JOINTS.len())];
            draft.words(joint);
            clause(&mut draft);
        }
        let document = draft.finish(format!("generated-{}", made.len()));
        if seen.insert(words(&document)) {
            made.push(document);
        }
    }
    made
}

fn clause(draft: &mut Draft<'_>) {
    let turned = draft.below(2) == 0;
    match draft.below(6) {
        0 => works(draft, turned),
        1 => buys(draft, turned),
        2 => lives(draft, turned),
        3 => beats(draft, turned),
        4 => meets(draft, turned),
        _ => colleagues(draft),
    }
}

fn works(draft: &mut Draft<'_>, turned: bool) {
    if turned {
        let organization = draft.organization();
        draft.words("hired");
        let person = draft.person();
        draft.relation(person, "works_for", organization);
    } else {
        let person = draft.person();
        draft.words("works for");
        let organization = draft.organization();
        draft.relation(person, "works_for", organization);
    }
}

fn buys(draft: &mut Draft<'_>, turned: bool) {
    let first = draft.organization();
    draft.words(if turned { "was bought by" } else { "bought" });
    let second = draft.organization();
    if turned {
        draft.relation(second, "buys", first);
    } else {
        draft.relation(first, "buys", second);
    }
}

fn lives(draft: &mut Draft<'_>, turned: bool) {
    if turned {
        let place = draft.place();
        draft.words("is the home of");
        let person = draft.person();
        draft.relation(person, "lives_in", place);
    } else {
        let person = draft.person();
        draft.words("lives in");
        let place = draft.place();
        draft.relation(person, "lives_in", place);
    }
}

fn beats(draft: &mut Draft<'_>, turned: bool) {
    let first = draft.team();
    draft.words(if turned { "lost to" } else { "beat" });
    let second = draft.team();
    if turned {
        draft.relation(second, "beats", first);
    } else {
        draft.relation(first, "beats", second);
    }
}

fn meets(draft: &mut Draft<'_>, turned: bool) {
    let first = draft.person();
    draft.words(if turned { "met" } else { "and" });
    let second = draft.person();
    if !turned {
        draft.words("met at");
        draft.organization();
    }
    draft.relation(first, "meets", second);
}

fn colleagues(draft: &mut Draft<'_>) {
    let first = draft.person();
    draft.words("and");
    let second = draft.person();
    draft.words("work for");
    let organization = draft.organization();
    draft.relation(first, "works_for", organization);
    draft.relation(second, "works_for", organization);
    draft.relation(first, "colleague", second);
}

#[cfg(test)]
mod tests {
    use plm_core::text::Tokenizer;
    use plm_ie_markers::subwords::{EmptyWords, WordSplitter, WordTokenizer};

    use super::*;
    use crate::workspace::Workspace;

    #[test]
    fn sentences_differ_and_repeat_by_seed() {
        let train = sentences(60, Seed::new(3), &[]);
        assert_eq!(train, sentences(60, Seed::new(3), &[]));
        assert_ne!(train, sentences(60, Seed::new(4), &[]));
        let test = sentences(60, Seed::new(3), &train);
        assert!(test.iter().all(|one| {
            let words = &one.sentences[0].words;
            train.iter().all(|other| other.sentences[0].words != *words)
        }));
    }

    #[test]
    fn annotations_are_whole_and_of_all_kinds() {
        let made = sentences(400, Seed::new(1), &[]);
        let mut labels = BTreeSet::new();
        let (mut nested, mut backwards, mut symmetric) = (0, 0, 0);
        for sentence in made.iter().flat_map(|document| &document.sentences) {
            let nouns = || {
                sentence
                    .entities
                    .iter()
                    .map(|e| &sentence.words[e.span.start])
            };
            let different: BTreeSet<_> = nouns().collect();
            assert_eq!(different.len(), nouns().count(), "{:?}", sentence.words);
            let spans: BTreeSet<_> = sentence.entities.iter().map(|e| e.span).collect();
            assert_eq!(spans.len(), sentence.entities.len());
            for &span in &spans {
                assert!(span.is_within(sentence.words.len()) && span.width() <= 3);
                let inside = |other: &&_| span.overlaps(**other) && **other != span;
                nested += spans.iter().filter(inside).count();
            }
            for relation in &sentence.relations {
                assert!(spans.contains(&relation.subject) && spans.contains(&relation.object));
                labels.insert(relation.label.as_str());
                if SYMMETRIC.contains(&relation.label.as_str()) {
                    symmetric += 1;
                } else {
                    backwards += usize::from(relation.subject.start > relation.object.start);
                }
            }
        }
        assert_eq!(labels.len(), 8, "{labels:?}");
        assert!(nested > 100 && backwards > 50 && symmetric > 50);
    }

    #[test]
    fn every_word_is_one_token() {
        let root = Workspace::find().unwrap();
        let tokenizer = Tokenizer::from_dir(root.root().join("models/plm-mini")).unwrap();
        let splitter = WordSplitter::new(&tokenizer, EmptyWords::Flag).unwrap();
        for document in sentences(300, Seed::new(2), &[]) {
            for word in &document.sentences[0].words {
                assert_eq!(splitter.split(word).unwrap().len(), 1, "{word}");
            }
        }
    }
}
