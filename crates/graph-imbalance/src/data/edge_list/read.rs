//! Reading.

use std::collections::HashMap;
use std::path::Path;

use super::fields::rows;
use super::{EdgeListFiles, EdgeListOptions};
use crate::data::Dataset;
use crate::data::parts::{features, in_file, undirected};
use crate::graph::{Adjacency, Features, Labels, NodeGraph};
use crate::{Error, Result};

/// Reads a graph from text files.
///
/// Names of nodes and classes may be anything; the numbers that they get are the positions in
/// [`Dataset::node_names`] and [`Dataset::class_names`]. Nodes are numbered as they first occur: in the
/// file of features, then in that of labels, then in that of edges. Classes are sorted, by value where
/// all are whole numbers, else by name, so that their numbers do not depend on the order of lines.
/// A node without a line of labels, or with an empty class, is of unknown class. Where there is a file
/// of features, it must have every node; without one each node gets a column of its own.
///
/// # Errors
/// [`Error::Core`] naming the file and line where a line has too few or too many fields, a weight or a
/// feature is no finite number, or a node is given twice; naming the file where an edge is refused by
/// the policy or a node has no features.
pub fn read_edge_list(files: &EdgeListFiles, options: &EdgeListOptions) -> Result<Dataset> {
    let mut nodes = Nodes::default();
    let table = match &files.features {
        Some(path) => Some(read_features(path, options, &mut nodes)?),
        None => None,
    };
    let with_features = nodes.names.len();
    let classes = match &files.labels {
        Some(path) => read_classes(path, options, &mut nodes)?,
        None => HashMap::new(),
    };
    let edges = read_edges(&files.edges, options, &mut nodes)?;

    let n_nodes = nodes.names.len();
    let result = match options.directed {
        true => Adjacency::from_entries(n_nodes, edges, options.policy),
        false => undirected(n_nodes, edges, options.policy.weights),
    };
    let (adjacency, report) = in_file(&files.edges, result)?;
    let features = match (&files.features, table) {
        (Some(path), Some((width, values))) => {
            if let Some(name) = nodes.names.get(with_features) {
                return Err(Error::format(
                    path,
                    format!("has no features of node {name:?}"),
                ));
            }
            in_file(path, features(n_nodes, width, values))?
        }
        _ => Features::identity(n_nodes)?,
    };
    let class_names = sorted(classes.values());
    let number: HashMap<&String, u32> = class_names.iter().zip(0..).collect();
    let class = |node: u32| Some(number[classes.get(&node)?]);
    let labels = (0..n_nodes as u32).map(class).collect();
    let labels = Labels::new(labels, class_names.len())?;
    Ok(Dataset {
        report,
        node_names: nodes.names,
        class_names,
        ..Dataset::new(NodeGraph::new(adjacency, features, labels)?)
    })
}

/// The names of the nodes and their numbers.
#[derive(Default)]
struct Nodes {
    names: Vec<String>,
    numbers: HashMap<String, u32>,
}

impl Nodes {
    /// The number of the node `name`, and whether it is new.
    fn number(&mut self, name: &str) -> Result<(u32, bool), String> {
        if name.is_empty() {
            return Err("a node without a name".to_owned());
        }
        if let Some(&number) = self.numbers.get(name) {
            return Ok((number, false));
        }
        let number = u32::try_from(self.names.len()).map_err(|_| "too many nodes")?;
        self.names.push(name.to_owned());
        self.numbers.insert(name.to_owned(), number);
        Ok((number, true))
    }
}

/// The numbers of each node, as many as the first line has.
fn read_features(
    path: &Path,
    options: &EdgeListOptions,
    nodes: &mut Nodes,
) -> Result<(usize, Vec<f32>)> {
    let mut width = None;
    let mut values = Vec::new();
    rows(path, options.separator, options.header, |fields| {
        if !nodes.number(&fields[0])?.1 {
            return Err(format!("node {:?} is given twice", fields[0]));
        }
        let found = fields.len() - 1;
        let width = *width.get_or_insert(found);
        if found != width {
            return Err(format!("{found} features; the lines before have {width}"));
        }
        for field in &fields[1..] {
            values.push(number(field)?);
        }
        Ok(())
    })?;
    Ok((width.unwrap_or(0), values))
}

/// The name of each labeled node's class.
fn read_classes(
    path: &Path,
    options: &EdgeListOptions,
    nodes: &mut Nodes,
) -> Result<HashMap<u32, String>> {
    let mut classes = HashMap::new();
    let mut seen = std::collections::HashSet::new();
    rows(path, options.separator, options.header, |mut fields| {
        let (node, _) = nodes.number(&fields[0])?;
        if fields.len() > 2 {
            return Err(format!("{} fields; a node and its class", fields.len()));
        }
        if !seen.insert(node) {
            return Err(format!("node {:?} is given twice", fields[0]));
        }
        if fields.len() == 2 && !fields[1].is_empty() {
            classes.insert(node, fields.swap_remove(1));
        }
        Ok(())
    })?;
    Ok(classes)
}

fn read_edges(
    path: &Path,
    options: &EdgeListOptions,
    nodes: &mut Nodes,
) -> Result<Vec<(u32, u32, f32)>> {
    let mut edges = Vec::new();
    rows(path, options.separator, options.header, |fields| {
        let (from, to, weight) = match fields.as_slice() {
            [from, to] => (from, to, 1.0),
            [from, to, weight] => (from, to, number(weight)?),
            _ => return Err(format!("{} fields; two nodes and a weight", fields.len())),
        };
        edges.push((nodes.number(from)?.0, nodes.number(to)?.0, weight));
        Ok(())
    })?;
    Ok(edges)
}

fn number(field: &str) -> Result<f32, String> {
    let number: f32 = field
        .parse()
        .map_err(|_| format!("{field:?} is no number"))?;
    if number.is_finite() {
        return Ok(number);
    }
    Err(format!("{field:?} is not finite"))
}

/// The different names, by value where all are whole numbers.
pub(super) fn sorted<'a>(names: impl Iterator<Item = &'a String>) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = names.collect();
    let mut names: Vec<String> = names.into_iter().cloned().collect();
    let value = |name: &String| name.parse::<i64>().ok();
    if names.iter().all(|name| value(name).is_some()) {
        names.sort_by_key(value);
    }
    names
}
