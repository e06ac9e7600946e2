mod properties;

use super::*;
use crate::Error;

/// The triples by name, sorted: equal for equal graphs.
fn sorted(graph: &Graph) -> Vec<Triple<'_>> {
    let mut triples: Vec<_> = graph.triples().collect();
    triples.sort_unstable();
    triples
}

fn parse(text: &str) -> Graph {
    Graph::parse(text, &RoleModel::amr()).unwrap()
}

fn named(graph: &Graph) -> Vec<(&str, &str, &str)> {
    graph
        .triples()
        .map(|triple| {
            let target = match triple.target {
                Target::Variable(name) | Target::Constant(name) => name,
                Target::Missing => "",
            };
            (triple.source, triple.role, target)
        })
        .collect()
}

#[test]
fn triples_in_order_with_forward_references() {
    let graph = parse(
        "(t / try-01 :ARG0 d :ARG1 (b / bark-01 :ARG0 (d / dog :mod-of (x)) :manner \"(loud)\"))",
    );
    let expected = [
        ("t", ":instance", "try-01"),
        ("t", ":ARG0", "d"),
        ("t", ":ARG1", "b"),
        ("b", ":instance", "bark-01"),
        ("b", ":ARG0", "d"),
        ("d", ":instance", "dog"),
        ("x", ":mod", "d"),
        ("x", ":instance", ""),
        ("b", ":manner", "\"(loud)\""),
    ];
    assert_eq!(named(&graph), expected);
    assert_eq!(graph.top(), "t");
    assert!(graph.variables().eq(["t", "b", "d", "x"]));
    assert_eq!(graph.edges().count(), 4);
    assert_eq!(graph.attributes().count(), 1);
    assert_eq!(
        (graph.concept(1), graph.concept(3)),
        (Some("bark-01"), None)
    );
}

#[test]
fn the_model_decides_what_is_inverse() {
    let text = "(a / b :prep-on-behalf-of (c / d))";
    assert_eq!(named(&parse(text))[1], ("a", ":prep-on-behalf-of", "c"));
    let plain = Graph::parse(text, &RoleModel::plain()).unwrap();
    assert_eq!(named(&plain)[1], ("c", ":prep-on-behalf", "a"));
    let text = "(a / b :mod-of (c / d) :domain-of c :ARG0-of-of c :ARG1-of 3)";
    let canonical = Graph::parse(text, &RoleModel::amr().canonical()).unwrap();
    let expected = [
        ("a", ":instance", "b"),
        ("a", ":domain", "c"),
        ("c", ":instance", "d"),
        ("a", ":mod", "c"),
        ("a", ":ARG0", "c"),
        ("a", ":ARG1-of", "3"),
    ];
    assert_eq!(named(&canonical), expected);
    assert_eq!(named(&parse(text))[4], ("c", ":ARG0-of", "a"));
}

#[test]
fn a_variable_may_open_twice_with_one_concept() {
    let graph = parse("(a :r (b / x :s (a / y)) :t (b))");
    let expected = [
        ("a", ":r", "b"),
        ("b", ":instance", "x"),
        ("b", ":s", "a"),
        ("a", ":instance", "y"),
        ("a", ":t", "b"),
    ];
    assert_eq!(named(&graph), expected);
    let error = Tree::parse("(a / x\n  :r (a / y))").unwrap_err();
    let Error::Penman {
        line,
        column,
        fault,
        ..
    } = error
    else {
        panic!("{error}")
    };
    assert_eq!((line, column), (2, 7));
    assert!(matches!(fault, Fault::DuplicateVariable { .. }));
}

#[test]
fn concepts_and_strings_are_no_references() {
    let graph = parse("(i / i :ARG0 \"i\" :ARG1 i)");
    assert_eq!(graph.edges().count(), 1);
    assert_eq!(graph.concept(0), Some("i"));
    assert_eq!(
        graph.to_tree(&RoleModel::amr()).unwrap().to_string(),
        "(i / i :ARG0 \"i\" :ARG1 i)"
    );
}

#[test]
fn errors_have_places() {
    let cases = [
        ("", 1, 1, "no graph"),
        ("# c\n", 2, 1, "no graph"),
        ("a", 1, 1, "expected `(`"),
        ("(", 1, 2, "the text ends"),
        ("()", 1, 2, "expected a variable"),
        ("(a /)", 1, 5, "expected a concept"),
        ("(a b)", 1, 4, "expected a role"),
        ("(a :r)", 1, 6, "expected a node"),
        ("(a :r \"x)", 1, 7, "closing `\"`"),
        ("(a :r x~y)", 1, 8, "`~` begins"),
        ("(a~e.1)", 1, 3, "expected a role"),
        ("(a / b)\n (c)", 2, 2, "after the graph"),
        (
            "(a\n  :é (b / c",
            2,
            12,
            "2 nodes are open, the last from line 2, column 6",
        ),
    ];
    for (text, line, column, message) in cases {
        let error = Tree::parse(text).unwrap_err().to_string();
        assert!(
            error.starts_with(&format!("text:{line}:{column}: ")),
            "{text}: {error}"
        );
        assert!(error.contains(message), "{text}: {error}");
    }
}

#[test]
fn depth_does_not_matter() {
    let depth = 100_000;
    let model = RoleModel::amr();
    let deep: String = (0..depth).map(|i| format!("(v{i} / c :ARG0-of ")).collect();
    let text = format!("{deep}v0{}", ")".repeat(depth));
    let tree = Tree::parse(&text).unwrap();
    assert_eq!(tree.to_string(), text);
    let graph = tree.into_graph(&model);
    assert_eq!(graph.triples().len(), 2 * depth);
    let again = graph.to_tree(&model).unwrap().to_string();
    assert_eq!(sorted(&parse(&again)), sorted(&graph));
    let other = graph
        .clone()
        .with_top("v99999")
        .unwrap()
        .to_tree(&model)
        .unwrap();
    assert_eq!(sorted(&other.into_graph(&model)), sorted(&graph));
    let error = Tree::parse(&"(a :b ".repeat(depth))
        .unwrap_err()
        .to_string();
    assert!(error.contains("100000 nodes are open"), "{error}");
    assert!(Tree::parse(&"(".repeat(depth)).is_err());
}

#[test]
fn cycles_keep_their_triples() {
    let graph = parse("(a / x :r (b / y :r (c / z :r a)) :s a :s-of a)");
    for top in ["a", "b", "c"] {
        let tree = graph.clone().with_top(top).unwrap();
        let tree = tree.to_tree(&RoleModel::amr()).unwrap();
        assert_eq!(tree.root().variable(), top);
        assert_eq!(sorted(&parse(&tree.to_string())), sorted(&graph), "{tree}");
    }
}

#[test]
fn layouts_keep_the_places() {
    let texts = [
        "(t / try-01 :ARG0 d :ARG1 (b / bark-01 :ARG0 (d / dog)))",
        "(t / try-01 :ARG0 (d / dog) :ARG1 (b / bark-01 :ARG0 d))",
        "(t / try-01 :ARG0 (d / dog :ARG0-of (b / bark-01)) :ARG1 b)",
        "(t / try-01 :ARG1 (b / bark-01 :ARG0 (d / dog :ARG0-of t :mod (o / old))))",
        "(c / chapter~e.1 :mod 7~e.2 :op1-of~e.0 (x :time \"12:30\"~e.3,4))",
        "(a / x :r b~e.1 :s (b / y~e.2))",
        "(a / x :r b~e.1 :s-of (b / y~e.2))",
    ];
    for text in texts {
        let tree = parse(text).to_tree(&RoleModel::amr()).unwrap();
        assert_eq!(tree.to_string(), text);
    }
}

#[test]
fn alignments_of_mentions_move_to_concepts() {
    let layout = |text, top| {
        let graph = parse(text).with_top(top).unwrap();
        let tree = graph.to_tree(&RoleModel::amr());
        tree.map_or_else(|error| error.to_string(), |tree| tree.to_string())
    };
    let text = "(t / try-01 :consist (d / dog~e.1) :ARG1 (b / bark-01 :ARG0 d~e.3,4))";
    assert_eq!(
        layout(text, "b"),
        "(b / bark-01 :ARG1-of (t / try-01 :consist (d / dog~e.1)) :ARG0 d~e.3,4)"
    );
    let text = "(d / dog~e.1 :consist (t / try-01 :ARG1 (b / bark-01 :ARG0 d~e.3,4)))";
    let moved = "(b / bark-01 :ARG1-of t :ARG0 (d / dog~e.1,3,4 :consist (t / try-01)))";
    assert_eq!(layout(text, "b"), moved);
    let text = text.replace(" / dog~e.1", "");
    assert!(layout(&text, "b").contains("~e.3,4 aligns a mention"));
}

#[test]
fn graphs_from_triples() {
    let model = RoleModel::amr();
    let triples = [
        ("d", ":instance", Some("dog")),
        ("b", ":ARG0", Some("d")),
        ("b", ":polarity", Some("-")),
        ("s", ":consist", Some("b")),
        ("d", ":of", Some("\"a b\"")),
    ];
    let graph = Graph::from_triples("d", triples).unwrap();
    assert_eq!(graph.variables().len(), 3);
    let error = graph.to_tree(&model).unwrap_err().to_string();
    assert!(error.contains("written: s cannot be reached"), "{error}");
    let tree = graph
        .clone()
        .with_top("s")
        .unwrap()
        .to_tree(&model)
        .unwrap();
    let expected = "(s :consist (b :ARG0 (d / dog :of \"a b\") :polarity -))";
    assert_eq!(tree.to_string(), expected);
    let plain = graph.to_tree(&RoleModel::plain()).unwrap().to_string();
    assert_eq!(
        plain,
        "(d / dog :ARG0-of (b :polarity - :consist-of (s)) :of \"a b\")"
    );

    let fails = |triples: &[(&str, &str, Option<&str>)]| {
        let graph = Graph::from_triples("a", triples.iter().copied());
        let tree = graph.and_then(|graph| graph.to_tree(&model));
        tree.unwrap_err().to_string()
    };
    assert!(fails(&[]).contains("a is the top"));
    assert!(
        fails(&[("a", ":instance", Some("x")), ("a", ":instance", None)]).contains("two concepts")
    );
    assert!(fails(&[("a", ":r", None)]).contains(":r has no target"));
    assert!(fails(&[("a", ":instance", Some("x y"))]).contains("x y is neither"));
    assert!(fails(&[("a", "r", Some("x"))]).contains("r is no role"));
    assert!(fails(&[("a", ":r", Some("b")), ("(", ":r", Some("a"))]).contains("( is no symbol"));
    let apart = [("a", ":r", Some("x")), ("b", ":r", Some("b"))];
    assert!(fails(&apart).contains("b cannot be reached"));
}
