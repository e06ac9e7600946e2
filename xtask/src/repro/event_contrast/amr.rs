//! AMR graphs: written and read again.

use plm_event_contrast::penman::{Graph, RoleModel, Style, Target, Tree};

use crate::repro::{Check, Op, Outcome};

/// What became of a graph's text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trip {
    /// Its triples were the same when written and read again.
    Same,
    /// They were not.
    Changed,
    /// It was not read.
    Refused,
}

/// Reads `text`, writes its tree and a new tree of its triples, each on one line and on many, and compares
/// the triples of all four with its own.
pub(super) fn round_trip(text: &str) -> Trip {
    let model = RoleModel::amr();
    let Ok(tree) = Tree::parse(text) else {
        return Trip::Refused;
    };
    let graph = Graph::from_tree(&tree, &model);
    let Ok(other) = graph.to_tree(&model) else {
        return Trip::Changed;
    };
    let same = [&tree, &other].into_iter().all(|tree| {
        [Style::OneLine, Style::AMR].into_iter().all(|style| {
            Graph::parse(&tree.to_penman(style), &model)
                .is_ok_and(|again| triples(&again) == triples(&graph))
        })
    });
    if same { Trip::Same } else { Trip::Changed }
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

/// Adds the claim that no graph `failed`: was refused, or changed.
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
        let text = "# ::id 1\n(d / dog~e.1 :ARG0-of (b / bark-01 :polarity - :time (n / \"now\")) :mod d)\n";
        assert_eq!(round_trip(text), Trip::Same);
        assert_eq!(round_trip("(d / dog :ARG0-of (b / bark-01)"), Trip::Refused);
        let model = RoleModel::amr();
        let parse = |text| Graph::parse(text, &model).unwrap();
        let one = parse("(d / dog :ARG0-of (b / bark-01))");
        let same = parse("(b / bark-01 :ARG0 (d / dog))");
        let other = parse("(b / bark-01 :ARG1 (d / dog))");
        assert_eq!(triples(&one), triples(&same));
        assert_ne!(triples(&one), triples(&other));
    }
}
