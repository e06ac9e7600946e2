//! Gold entities that no model of spans of limited width can find.

use serde::Serialize;

use crate::data::Document;

/// How many gold entities are candidates.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Reach {
    /// All gold entities, those beyond their sentence included.
    pub gold: usize,
    /// Those with more words than the widest candidate.
    pub too_wide: usize,
    /// Those beyond their sentence.
    pub outside: usize,
}

impl Reach {
    /// The share of gold entities that cannot be found: what recall loses from the start. 0 where
    /// there are none.
    pub fn unreachable_share(self) -> f64 {
        match self.gold {
            0 => 0.0,
            gold => (self.too_wide + self.outside) as f64 / gold as f64,
        }
    }
}

/// Counts the gold entities of `documents` that spans of at most `width` words within a sentence
/// cover. The others stay in the denominator of recall.
pub fn reach(documents: &[Document], width: usize) -> Reach {
    let mut reach = Reach::default();
    for document in documents {
        reach.outside += document.outside.entities.len();
        for entity in document.sentences.iter().flat_map(|s| &s.entities) {
            reach.gold += 1;
            reach.too_wide += usize::from(entity.span.width() > width);
        }
    }
    reach.gold += reach.outside;
    reach
}

#[cfg(test)]
mod tests {
    use plm_core::data::EntityMention;

    use super::*;
    use crate::data::{Aside, Entity, Sentence, WordSpan};

    #[test]
    fn wide_and_outside_entities_count() {
        let entity = |start, end| Entity {
            span: WordSpan::new(start, end),
            label: "X".to_owned(),
        };
        let mut sentence = Sentence::new(["a", "b", "c"]);
        sentence.entities = vec![entity(0, 0), entity(0, 1), entity(0, 2)];
        let mut document = Document::new("d", vec![sentence]);
        document.outside.entities.push(Aside {
            sentence: 0,
            at: 0,
            item: EntityMention {
                start: 2,
                end: 3,
                label: "X".to_owned(),
            },
        });
        let found = reach(&[document], 2);
        assert_eq!((found.gold, found.too_wide, found.outside), (4, 1, 1));
        assert_eq!(found.unreachable_share(), 0.5);
        assert_eq!(reach(&[], 8).unreachable_share(), 0.0);
    }
}
