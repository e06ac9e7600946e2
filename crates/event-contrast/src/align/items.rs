use crate::amr::{AlignedGraph, NodeRef};

/// A node to be aligned.
pub(super) struct Item<'g> {
    pub(super) node: NodeRef,
    /// The concept without the number of its frame and without quotes, or the constant.
    pub(super) text: &'g str,
    /// The role of a constant; nothing for a concept.
    pub(super) role: &'g str,
    /// The concept is one that no word stands for, such as `have-org-role-91`.
    pub(super) abstract_frame: bool,
}

/// The nodes of `aligned` that a word can stand for.
pub(super) fn items(aligned: &AlignedGraph) -> Vec<Item<'_>> {
    let roles = aligned
        .edges()
        .filter_map(|(_, role, target)| match target {
            NodeRef::Constant(triple) => Some((triple, role)),
            NodeRef::Variable(_) => None,
        });
    let roles: std::collections::BTreeMap<usize, &str> = roles.collect();
    let items = aligned.nodes().filter_map(|node| {
        let concept = aligned.concept(node)?;
        let role = match node {
            NodeRef::Constant(triple) => roles.get(&triple).copied().unwrap_or(""),
            NodeRef::Variable(_) => "",
        };
        let (text, sense) = split_sense(concept.trim_matches('"'));
        let item = Item {
            node,
            text,
            role,
            abstract_frame: sense.is_some_and(|sense| sense > 90),
        };
        let never = [":wiki", ":mode"].contains(&role) || text.is_empty();
        (!never).then_some(item)
    });
    items.collect()
}

/// `attack-01` as `attack` and 1; other concepts as they are.
fn split_sense(concept: &str) -> (&str, Option<u32>) {
    match concept.rsplit_once('-') {
        Some((word, sense)) if !word.is_empty() && sense.len() >= 2 => match sense.parse() {
            Ok(number) => (word, Some(number)),
            Err(_) => (concept, None),
        },
        _ => (concept, None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn senses() {
        assert_eq!(split_sense("attack-01"), ("attack", Some(1)));
        assert_eq!(split_sense("have-org-role-91"), ("have-org-role", Some(91)));
        assert_eq!(split_sense("wild-type"), ("wild-type", None));
        assert_eq!(split_sense("b-2"), ("b-2", None));
        assert_eq!(split_sense("-10"), ("-10", None));
        assert_eq!(split_sense("-"), ("-", None));
    }
}
