//! The citation graphs of Planetoid (Yang, Cohen and Salakhutdinov, 2016, arXiv 1603.08861).

use std::ops::Range;
use std::path::{Path, PathBuf};

use plm_core::data::{Lines, open};
use plm_core::graph::{Csr, Duplicates};

use super::Dataset;
use super::parts::{check_split, in_file, node, of};
use super::pickle;
use super::sparse::Compressed;
use crate::graph::{Adjacency, EdgePolicy, EdgeReport, Features, Labels, NodeGraph};
use crate::split::Split;
use crate::{Error, Result};

/// How many nodes after the training nodes choose the best epoch.
const N_VALID: usize = 500;

/// Reads the graph `name` (`cora`, `citeseer`, `pubmed`) from its eight files in `directory`.
///
/// `ind.NAME.x`, `.tx` and `.allx` are features of the training nodes, of the test nodes, and of all
/// but the test nodes; `.y`, `.ty` and `.ally` their classes, one-hot; `.graph` has each node's
/// neighbors and `.test.index` the numbers of the test nodes.
///
/// # What is made of them
/// - Row `i` of `tx` and `ty` belongs to the node on line `i` of the test index, which is in no order.
/// - Numbers that the test index skips (15 in CiteSeer) and nodes whose row of classes is all zeros
///   become [`Dataset::placeholders`].
/// - Each list of neighbors counts in both directions and once; self-loops are dropped. What that
///   changed is in [`Dataset::report`].
/// - The public split: the rows of `x` train, the 500 nodes after them are for validation (fewer where
///   `allx` ends before), the test index tests.
///
/// The pickles are read by a machine that knows only what these files need; see the errors.
///
/// # Errors
/// [`Error::Core`] naming the file where one is missing or is no pickle of its kind (then with the
/// byte offset and the opcode or global), where files contradict each other, and where a node is out
/// of range.
pub fn read_planetoid(directory: impl AsRef<Path>, name: &str) -> Result<Dataset> {
    let file = |part: &str| directory.as_ref().join(format!("ind.{name}.{part}"));
    let labeled = Part::read(file("x"), file("y"))?;
    let known = Part::read(file("allx"), file("ally"))?;
    let tested = Part::read(file("tx"), file("ty"))?;
    for other in [&labeled, &tested] {
        known.check_same_width(other)?;
    }
    if labeled.n_nodes() > known.n_nodes() {
        return Err(Error::format(
            &labeled.path,
            format!(
                "{} rows, more than the {} of allx",
                labeled.n_nodes(),
                known.n_nodes()
            ),
        ));
    }
    let graph_path = file("graph");
    let bytes = read(&graph_path)?;
    let lists = pickle::load(&bytes, &graph_path)?.lists()?;

    let index_path = file("test.index");
    let most = known.n_nodes() + tested.n_nodes() + lists.len();
    let test = read_index(&index_path, known.n_nodes(), most)?;
    if test.len() != tested.n_nodes() {
        return Err(Error::format(
            &index_path,
            format!("{} nodes, but tx has {} rows", test.len(), tested.n_nodes()),
        ));
    }
    let n_nodes = test
        .iter()
        .max()
        .map_or(known.n_nodes(), |&last| last as usize + 1);
    let (adjacency, report) = in_file(&graph_path, edges(n_nodes, &lists))?;
    let train = nodes(0..labeled.n_nodes());
    let valid = labeled.n_nodes()..known.n_nodes().min(labeled.n_nodes() + N_VALID);
    let all = Rows {
        n_nodes,
        test: &test,
        known,
        tested,
    };
    let (labels, placeholders) = all.labels()?;
    let graph = NodeGraph::new(adjacency, all.features()?, labels)?;
    let mut split = Split {
        train,
        valid: nodes(valid),
        test,
    };
    split.test.sort_unstable();
    in_file(&index_path, check_split(&split, &graph.labels))?;
    Ok(Dataset {
        splits: vec![split],
        report,
        placeholders,
        ..Dataset::new(graph)
    })
}

/// A file of features and the file of their classes.
struct Part {
    path: PathBuf,
    features: Compressed,
    /// `None` for a row of zeros.
    classes: Vec<Option<u32>>,
    n_classes: usize,
}

impl Part {
    fn read(path: PathBuf, classes_path: PathBuf) -> Result<Self> {
        let features = pickle::load(&read(&path)?, &path)?.matrix()?;
        let bytes = read(&classes_path)?;
        let table = pickle::load(&bytes, &classes_path)?.array()?;
        let [n_nodes, n_classes] = of(&classes_path, "array", table.table())?;
        if n_nodes != features.shape()[0] {
            let rows = features.shape()[0];
            return Err(Error::format(
                classes_path,
                format!("{n_nodes} rows, but {} has {rows}", path.display()),
            ));
        }
        let table = of(&classes_path, "array", table.floats())?;
        let one_hot = |(row, values): (usize, &[f32])| {
            let ones = values.iter().filter(|&&value| value == 1.0).count();
            if ones > 1 || values.iter().any(|&value| value != 0.0 && value != 1.0) {
                let reason = format!("row {row} is not one-hot");
                return Err(Error::format(&classes_path, reason));
            }
            Ok(values
                .iter()
                .position(|&value| value == 1.0)
                .map(|class| class as u32))
        };
        let rows = table.chunks_exact(n_classes.max(1)).enumerate();
        let mut classes: Vec<_> = rows.map(one_hot).collect::<Result<_>>()?;
        classes.resize(n_nodes, None);
        Ok(Self {
            path,
            features,
            classes,
            n_classes,
        })
    }

    fn n_nodes(&self) -> usize {
        self.classes.len()
    }

    fn check_same_width(&self, other: &Self) -> Result<()> {
        let widths = |part: &Self| [part.features.shape()[1], part.n_classes];
        let ([f, k], [other_f, other_k]) = (widths(self), widths(other));
        if [f, k] != [other_f, other_k] {
            return Err(Error::format(
                &other.path,
                format!("{other_f} features and {other_k} classes, but allx has {f} and {k}"),
            ));
        }
        Ok(())
    }
}

/// All nodes: the known ones first, then those of the test index.
struct Rows<'a> {
    n_nodes: usize,
    test: &'a [u32],
    known: Part,
    tested: Part,
}

impl Rows<'_> {
    fn features(&self) -> Result<Features> {
        let tested = self.tested.features.entries();
        let tested = tested.map(|(row, column, value)| (self.test[row as usize], column, value));
        let (mut rows, mut columns, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for (row, column, value) in self.known.features.entries().chain(tested) {
            rows.push(row);
            columns.push(column);
            values.push(value);
        }
        let width = self.known.features.shape()[1];
        let csr = Csr::from_coo(
            self.n_nodes,
            width,
            &rows,
            &columns,
            &values,
            Duplicates::Sum,
        );
        Ok(Features::Sparse(in_file(
            &self.known.path,
            csr.map_err(Error::from),
        )?))
    }

    /// The classes, and the nodes without one, which are given class 0.
    fn labels(&self) -> Result<(Labels, Vec<u32>)> {
        let mut classes = vec![None; self.n_nodes];
        classes[..self.known.n_nodes()].copy_from_slice(&self.known.classes);
        for (&node, &class) in self.test.iter().zip(&self.tested.classes) {
            classes[node as usize] = class;
        }
        let missing = |&node: &u32| classes[node as usize].is_none();
        let placeholders = nodes(0..self.n_nodes).into_iter().filter(missing).collect();
        let classes = classes
            .iter()
            .map(|class| Some(class.unwrap_or(0)))
            .collect();
        let labels = Labels::new(classes, self.known.n_classes);
        Ok((in_file(&self.known.path, labels)?, placeholders))
    }
}

/// The numbers of the test nodes: different, after the `known` nodes and below `most`.
fn read_index(path: &Path, known: usize, most: usize) -> Result<Vec<u32>> {
    let (mut index, mut seen) = (Vec::new(), std::collections::HashSet::new());
    for line in Lines::new(open(path)?, path) {
        let line = line?;
        let text = line.text.trim();
        if text.is_empty() {
            continue;
        }
        let fault = |reason: &str| Error::line(path, line.number, format!("{text:?}: {reason}"));
        let number: u32 = text.parse().map_err(|_| fault("is no node number"))?;
        let at = number as usize;
        if at < known || at >= most {
            return Err(fault(&format!("must be from {known}, below {most}")));
        }
        if !seen.insert(number) {
            return Err(fault("is given twice"));
        }
        index.push(number);
    }
    Ok(index)
}

fn edges(n_nodes: usize, lists: &[(i64, Vec<i64>)]) -> Result<(Adjacency, EdgeReport)> {
    let mut entries = Vec::new();
    for (key, neighbors) in lists {
        let from = node("edges", *key, n_nodes)?;
        for &neighbor in neighbors {
            entries.push((from, node("edges", neighbor, n_nodes)?, 1.0));
        }
    }
    Adjacency::from_entries(n_nodes, entries, EdgePolicy::default())
}

fn nodes(range: Range<usize>) -> Vec<u32> {
    range.map(|node| node as u32).collect()
}

fn read(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).map_err(|error| Error::io(path, error))
}
