//! Conflicts: the definition, another implementation's numbers, and what must not change them.

use plm_core::graph::Csr;
use plm_core::rng::Seed;
use plm_graph_imbalance::generate::{SbmConfig, complete, generate};
use plm_graph_imbalance::graph::{Adjacency, EdgePolicy, Labels, Weights};
use plm_graph_imbalance::ppr::{
    CgPpr, DensePpr, Diffusion, PowerPpr, PprForm, PprSolver, PushPpr, ppr_rows,
};
use plm_graph_imbalance::totoro::{ClassInfluence, Conflict, Seeds, Totoro, TotoroInput};
use proptest::prelude::*;

use super::shared::{
    arb_graph, assert_close, identity, permutation, random_labels, renamed, weighted,
};

#[derive(serde::Deserialize)]
pub(crate) struct Case {
    name: String,
    n_nodes: usize,
    edges: Vec<(u32, u32, f32)>,
    classes: Vec<u32>,
    pub(crate) train: Vec<u32>,
    teleport: f64,
    influence: Vec<f64>,
    pub(crate) conflict: Vec<f64>,
    conflict_of_all: Vec<f64>,
    softmax_conflict: Vec<f64>,
    predictions: Vec<Option<u32>>,
    #[serde(default)]
    pub(crate) weights: Vec<Weighted>,
    #[serde(default)]
    matrix: Vec<f64>,
}

#[derive(serde::Deserialize)]
pub(crate) struct Weighted {
    pub(crate) w_min: f64,
    pub(crate) w_max: f64,
    pub(crate) weights: Vec<f64>,
}

pub(crate) fn cases() -> Vec<Case> {
    #[derive(serde::Deserialize)]
    struct File {
        cases: Vec<Case>,
    }
    let file: File = serde_json::from_str(include_str!("../fixtures/totoro/totoro.json")).unwrap();
    file.cases
}

impl Case {
    fn diffusion(&self) -> Diffusion {
        let policy = EdgePolicy {
            weights: Weights::Keep,
            ..EdgePolicy::default()
        };
        let (graph, _) =
            Adjacency::from_entries(self.n_nodes, self.edges.iter().copied(), policy).unwrap();
        Diffusion::new(&graph, self.teleport).unwrap()
    }
}

#[test]
fn numpy_gives_the_same() {
    for case in cases() {
        let diffusion = case.diffusion();
        let labels = Labels::complete(&case.classes).unwrap();
        if !case.matrix.is_empty() {
            let p = DensePpr
                .solve(&diffusion, &identity(&diffusion), case.n_nodes)
                .unwrap();
            assert_close(&p, &case.matrix, 1e-13, &case.name);
        }
        let cg = CgPpr::new(1e-12, 1000).unwrap();
        let power = PowerPpr::tolerance(1e-12).unwrap();
        let solvers: [&dyn PprSolver; 3] = [&DensePpr, &cg, &power];
        for solver in solvers {
            let totoro = Totoro::solve(&diffusion, &labels, &case.train, solver).unwrap();
            let influence = totoro.influence();
            assert_close(influence.values(), &case.influence, 1e-11, &case.name);
            assert_eq!(influence.predictions(), case.predictions, "{}", case.name);
            let unreached = case.predictions.iter().filter(|p| p.is_none()).count();
            assert_eq!(influence.n_unreached(), unreached);
            let conflict = totoro.conflict();
            assert_eq!(conflict.nodes(), case.train);
            assert_close(conflict.values(), &case.conflict, 1e-11, &case.name);
            let all: Vec<f64> = totoro.of_all(&labels).into_iter().flatten().collect();
            assert_close(&all, &case.conflict_of_all, 1e-11, &case.name);
        }
        let rows = ppr_rows(&diffusion, &DensePpr, &case.train, None).unwrap();
        let by_rows = |input| Conflict::from_rows(&rows, &labels, &case.train, input).unwrap();
        // These rows are in single precision.
        let plain = by_rows(TotoroInput::Scores);
        assert_close(plain.values(), &case.conflict, 1e-6, &case.name);
        let softmax = by_rows(TotoroInput::SoftmaxRows);
        assert_close(softmax.values(), &case.softmax_conflict, 1e-6, &case.name);
    }
}

#[test]
fn complete_graphs_have_a_closed_form() {
    // T = (k − 1)(1 − α²)/n for every node, whatever the class sizes.
    for (n, k) in [(2, 2), (5, 2), (9, 4), (7, 7)] {
        for teleport in [0.15, 0.6] {
            let diffusion = Diffusion::new(&complete(n).unwrap(), teleport).unwrap();
            let (labels, train) = random_labels(n, k, 3).unwrap();
            let totoro = Totoro::solve(&diffusion, &labels, &train, &CgPpr::default()).unwrap();
            let expected = f64::from(k - 1) * (1.0 - teleport * teleport) / n as f64;
            for value in totoro.conflict().values() {
                assert!((value - expected).abs() < 1e-8, "{value}, not {expected}");
            }
        }
    }
}

/// The definition: rows of P times the class means of rows of P.
fn by_definition(p: &[f64], labels: &Labels, train: &[u32]) -> Vec<f64> {
    let n = labels.n_nodes();
    let row = |node: u32| &p[node as usize * n..][..n];
    let classes = labels.of(train).unwrap();
    let of = |class: u32| {
        let nodes = train.iter().zip(&classes);
        nodes
            .filter(move |&(_, &c)| c == class)
            .map(|(&node, _)| node)
    };
    let conflict = |(&node, &own): (&u32, &u32)| {
        let mut sum = 0.0;
        for class in (0..labels.n_classes() as u32).filter(|&class| class != own) {
            for foreign in of(class) {
                for (a, b) in row(node).iter().zip(row(foreign)) {
                    sum += a * b / of(class).count() as f64;
                }
            }
        }
        sum
    };
    train.iter().zip(&classes).map(conflict).collect()
}

proptest! {
    #[test]
    fn two_solves_are_the_definition(graph in arb_graph(16), k in 1_u32..4, seed: u64) {
        let Some((labels, train)) = random_labels(graph.n_nodes(), k, seed) else { return Ok(()) };
        let diffusion = Diffusion::new(&graph, 0.15).unwrap();
        let p = DensePpr.solve(&diffusion, &identity(&diffusion), graph.n_nodes()).unwrap();
        let expected = by_definition(&p, &labels, &train);
        let solve = |solver: &dyn PprSolver| {
            Totoro::solve(&diffusion, &labels, &train, solver).unwrap().conflict().values().to_vec()
        };
        assert_close(&solve(&DensePpr), &expected, 1e-13, "factor");
        assert_close(&solve(&CgPpr::default()), &expected, 1e-7, "conjugate gradients");
        let rows: Csr<f64> = PushPpr::new(1e-9)
            .unwrap()
            .rows(&diffusion, &train, None, PprForm::Symmetric)
            .unwrap();
        let pushed = Conflict::from_rows(&rows, &labels, &train, TotoroInput::Scores).unwrap();
        assert_close(pushed.values(), &expected, 1e-6, "push");
    }

    #[test]
    fn names_of_nodes_and_classes_do_not_matter(graph in arb_graph(16), k in 2_u32..4, seed: u64) {
        let n = graph.n_nodes();
        let Some((labels, train)) = random_labels(n, k, seed) else { return Ok(()) };
        let solve = |graph: &Adjacency, classes: &[u32], train: &[u32]| {
            let diffusion = Diffusion::new(graph, 0.15).unwrap();
            let labels = Labels::complete(classes).unwrap();
            let totoro = Totoro::solve(&diffusion, &labels, train, &DensePpr).unwrap();
            totoro.conflict().values().to_vec()
        };
        let classes: Vec<u32> = labels.classes().iter().map(|class| class.unwrap()).collect();
        let expected = solve(&graph, &classes, &train);
        // Nodes: v becomes to[v], and so does its class.
        let to = permutation(n, seed);
        let mut moved = vec![0; n];
        for (node, &class) in classes.iter().enumerate() {
            moved[to[node] as usize] = class;
        }
        let moved_train: Vec<u32> = train.iter().map(|&node| to[node as usize]).collect();
        let found = solve(&renamed(&graph, &to), &moved, &moved_train);
        assert_close(&found, &expected, 1e-13, "nodes renamed");
        // Classes: one more, modulo k.
        let others: Vec<u32> = classes.iter().map(|class| (class + 1) % k).collect();
        assert_close(&solve(&graph, &others, &train), &expected, 1e-13, "classes renamed");
    }
}

#[test]
fn classes_that_do_not_meet_have_no_conflict() {
    let graph = weighted(7, &[(0, 1, 4), (1, 2, 4), (3, 4, 4), (4, 5, 8)]);
    let diffusion = Diffusion::new(&graph, 0.15).unwrap();
    let labels = Labels::complete(&[0, 0, 0, 1, 1, 1, 2]).unwrap();
    let solvers: [&dyn PprSolver; 3] = [
        &DensePpr,
        &CgPpr::default(),
        &PowerPpr::tolerance(1e-8).unwrap(),
    ];
    for solver in solvers {
        let train = [0, 2, 5, 3, 6];
        let totoro = Totoro::solve(&diffusion, &labels, &train, solver).unwrap();
        assert_eq!(totoro.conflict().values(), [0.0; 5]);
        assert_eq!(totoro.influence().n_unreached(), 0);
    }
}

#[test]
fn edges_between_classes_raise_the_conflict() {
    let graph = generate(
        &SbmConfig {
            class_sizes: vec![60, 60],
            homophily: 1.0,
            mixed_share: 0.0,
            words: None,
            ..SbmConfig::default()
        },
        Seed::new(5),
    )
    .unwrap()
    .graph;
    let members = graph.labels.members();
    let train: Vec<u32> = members
        .iter()
        .flat_map(|nodes| &nodes[..20])
        .copied()
        .collect();
    let mut edges: Vec<(u32, u32)> = graph.csr().entries().map(|(a, b, _)| (a, b)).collect();
    let mut last = -1.0;
    for step in 0..4 {
        let adjacency = Adjacency::from_edges(120, &edges).unwrap();
        let diffusion = Diffusion::new(&adjacency, 0.15).unwrap();
        let totoro = Totoro::solve(&diffusion, &graph.labels, &train, &CgPpr::default()).unwrap();
        let total = totoro.conflict().total();
        assert!(total > last, "{total} after {last}");
        assert_eq!(total == 0.0, step == 0);
        last = total;
        edges.extend(
            (0..10).map(|at| (members[0][10 * step + at], members[1][59 - 10 * step - at])),
        );
    }
}

#[test]
fn one_hot_seeds_are_class_sizes_times_the_mean() {
    let case = &cases()[3];
    let diffusion = case.diffusion();
    let labels = Labels::complete(&case.classes).unwrap();
    let solve =
        |seeds| ClassInfluence::solve(&diffusion, &labels, &case.train, seeds, &DensePpr).unwrap();
    let (mean, one_hot) = (solve(Seeds::ClassMean), solve(Seeds::OneHot));
    let k = labels.n_classes();
    let mut counts = vec![0.0; k];
    for class in labels.of(&case.train).unwrap() {
        counts[class as usize] += 1.0;
    }
    let scaled: Vec<f64> = mean
        .values()
        .iter()
        .enumerate()
        .map(|(at, value)| value * counts[at % k])
        .collect();
    assert_close(one_hot.values(), &scaled, 1e-13, "one-hot");
}
