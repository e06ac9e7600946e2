//! What the relation head is to say about each ordered pair.

use std::collections::BTreeMap;

use super::{NIL, RelationSpace};
use crate::Result;
use crate::data::{RelationMention, WordSpan};

/// The target classes of the ordered pairs of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RelationTargets {
    classes: BTreeMap<(WordSpan, WordSpan), usize>,
    /// Relations that cannot be a target, because their pair has another relation already.
    pub conflicts: usize,
}

impl RelationTargets {
    /// The target of subject and object; NIL where they have no relation.
    pub fn class(&self, subject: WordSpan, object: WordSpan) -> usize {
        self.classes.get(&(subject, object)).copied().unwrap_or(NIL)
    }

    /// The pairs that have a target other than NIL, in order.
    pub fn pairs(&self) -> impl Iterator<Item = (WordSpan, WordSpan, usize)> {
        let classes = self.classes.iter().filter(|&(_, &class)| class != NIL);
        classes.map(|(&(subject, object), &class)| (subject, object, class))
    }
}

impl RelationSpace {
    /// The targets of the gold relations of one sentence: the class of the relation for subject and
    /// object, and its inverse for object and subject (NIL without inverse classes), unless these have a
    /// gold relation of their own. The first relation of a pair holds. The order of relations of different pairs does not
    /// matter.
    ///
    /// # Errors
    /// [`plm_core::Error::Invalid`] for an unknown relation.
    pub fn targets(&self, relations: &[RelationMention]) -> Result<RelationTargets> {
        let mut targets = RelationTargets::default();
        for relation in relations {
            let class = self.class(&relation.label)?;
            let pair = (relation.subject, relation.object);
            let kept = *targets.classes.entry(pair).or_insert(class);
            targets.conflicts += usize::from(kept != class);
        }
        for ((subject, object), class) in targets.classes.clone() {
            let pair = (object, subject);
            targets.classes.entry(pair).or_insert(self.inverse(class));
        }
        Ok(targets)
    }
}
