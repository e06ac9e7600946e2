//! AMR graphs: written and read again.

use plm_event_contrast::penman::{Graph, RoleModel, Style, Target};

use crate::repro::{Check, Op, Outcome};

/// Whether the graph of `text` has the same triples after it was written as a tree and read again, on one
/// line and on many.
pub(super) fn round_trip(text: &str) -> bool {
    let model = RoleModel::amr();
    let Ok(graph) = Graph::parse(text, &model) else {
        return false;
    };
    let Ok(tree) = graph.to_tree(&model) else {
        return false;
    };
    [Style::OneLine, Style::AMR].into_iter().all(|style| {
        Graph::parse(&tree.to_penman(style), &model)
            .is_ok_and(|again| triples(&again) == triples(&graph))
    })
}

/// Source, role, target and whether that is a variable, in order.
fn triples(graph: &Graph) -> Vec<(&str, &str, &str, bool)> {
    let mut triples: Vec<_> = graph
        .triples()
        .map(|triple| match triple.target {
            Target::Variable(target) => (triple.source, triple.role, target, true),
            Target::Constant(target) => (triple.source, triple.role, target, false),
            Target::Missing => (triple.source, triple.role, "", false),
        })
        .collect();
    triples.sort_unstable();
    triples
}

/// Adds the claim that no graph `failed`.
pub(super) fn check_round_trips(failed: usize, outcome: &mut Outcome) {
    let id = "penman_round_trip";
    outcome
        .checks
        .push(Check::new(id, failed as f64, Op::Eq, 0.0));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn graphs_survive_and_no_graph_does_not() {
        assert!(round_trip(
            "(d / dog~e.1 :ARG0-of (b / bark-01 :polarity - :time (n / \"now\")) :mod d)"
        ));
        assert!(!round_trip("(d / dog :ARG0-of (b / bark-01)"));
        let model = RoleModel::amr();
        let parse = |text| Graph::parse(text, &model).unwrap();
        let one = parse("(d / dog :ARG0-of (b / bark-01))");
        let same = parse("(b / bark-01 :ARG0 (d / dog))");
        let other = parse("(b / bark-01 :ARG1 (d / dog))");
        assert_eq!(triples(&one), triples(&same));
        assert_ne!(triples(&one), triples(&other));
    }
}
