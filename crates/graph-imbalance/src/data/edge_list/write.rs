//! Writing.

use std::collections::HashSet;
use std::io::{self, Write};
use std::path::Path;

use plm_core::files::write_atomic;

use super::read::sorted;
use super::{EdgeListFiles, EdgeListOptions};
use crate::data::Dataset;
use crate::graph::Features;
use crate::{Error, Result};

/// Writes the graph of `dataset` as text files, those that `files` names.
///
/// [`read_edge_list`](super::read_edge_list) with the same options (and
/// [`Weights::Keep`](crate::graph::Weights::Keep) where edges have weights) reads the same graph back
/// from edges, labels and features, nodes in the same order. Nodes and classes are called by their names
/// or, where they have none, by their numbers. All nodes are in the file of labels, those of unknown
/// class with an empty field. Numbers are written so that they are read back exactly.
///
/// A class without nodes is not written, and those after it have lower numbers when they are read.
/// The reader numbers classes in the order of their names: names in another order, a name that two
/// classes share, and an empty one, which stands for an unknown class, are refused.
///
/// Each edge is written once, or in both directions where they are directed. Splits are not written.
///
/// # Errors
/// [`Error::Core`] where there are not as many names as nodes or classes, a node's name is shared or empty,
/// those of classes with nodes are not in the reader's order, shared or empty and labels are to be written, a
/// name cannot be written (it holds a line end, or a blank where blanks separate fields), or a file cannot be
/// written; that file is then left as it is.
pub fn write_edge_list(
    files: &EdgeListFiles,
    options: &EdgeListOptions,
    dataset: &Dataset,
) -> Result<()> {
    let graph = &dataset.graph;
    let nodes = names("node_names", &dataset.node_names, graph.n_nodes())?;
    let classes = names("class_names", &dataset.class_names, graph.n_classes())?;
    let node = |number: u32| nodes[number as usize].as_str();
    check_nodes(&nodes)?;
    if files.labels.is_some() {
        check_classes(&classes, &graph.labels.counts())?;
    }

    if let Some(path) = &files.features {
        let rows = feature_rows(&graph.features).zip(&nodes);
        let rows = rows.map(|(row, name)| [vec![name.clone()], row].concat());
        let header = (0..graph.features.width()).map(|column| format!("feature_{column}"));
        let header = [vec!["node".to_owned()], header.collect()].concat();
        write_rows(path, options, &header, rows)?;
    }
    if let Some(path) = &files.labels {
        let rows = (0..graph.n_nodes() as u32).map(|number| {
            let class = graph.labels.get(number);
            let class = class.map_or("", |class| classes[class as usize].as_str());
            match class.is_empty() && options.separator == super::Separator::Whitespace {
                true => vec![node(number)],
                false => vec![node(number), class],
            }
        });
        write_rows(path, options, &["node", "class"], rows)?;
    }
    let weighted = graph.csr().values().iter().any(|&weight| weight != 1.0);
    let edges = graph.csr().entries();
    let edges = edges.filter(|(from, to, _)| options.directed || from < to);
    let rows = edges.map(|(from, to, weight)| {
        let mut row = vec![node(from).to_owned(), node(to).to_owned()];
        row.extend(weighted.then(|| weight.to_string()));
        row
    });
    let header = ["source", "target", "weight"];
    write_rows(
        &files.edges,
        options,
        &header[..2 + usize::from(weighted)],
        rows,
    )
}

/// The given names or, if there are none, the numbers.
fn names(what: &str, names: &[String], count: usize) -> Result<Vec<String>> {
    if names.is_empty() {
        return Ok((0..count).map(|number| number.to_string()).collect());
    }
    if names.len() != count {
        return Err(Error::invalid(what, format!("{} for {count}", names.len())));
    }
    Ok(names.to_vec())
}

/// Refuses names by which nodes cannot be told apart, or that are none to the reader.
fn check_nodes(names: &[String]) -> Result<()> {
    let mut seen = HashSet::with_capacity(names.len());
    for (node, name) in names.iter().enumerate() {
        let fault = match (name.is_empty(), seen.insert(name)) {
            (true, _) => "is empty",
            (false, false) => "is that of a node before",
            (false, true) => continue,
        };
        let reason = format!("the name {name:?} of node {node} {fault}");
        return Err(Error::invalid("node_names", reason));
    }
    Ok(())
}

/// Refuses names of classes with nodes that the reader would number otherwise.
fn check_classes(names: &[String], counts: &[usize]) -> Result<()> {
    let with_nodes = names.iter().zip(counts).filter(|(_, count)| **count > 0);
    let used: Vec<&String> = with_nodes.map(|(name, _)| name).collect();
    if let Some(class) = used.iter().position(|name| name.is_empty()) {
        let reason = format!("the name of class {class} with nodes is empty");
        return Err(Error::invalid("class_names", reason));
    }
    let read = sorted(used.iter().copied());
    if read.iter().eq(used.iter().copied()) {
        return Ok(());
    }
    let reason = format!("{used:?} would be read as {read:?}: sort the classes by name");
    Err(Error::invalid("class_names", reason))
}

/// The numbers of each node.
fn feature_rows(features: &Features) -> impl Iterator<Item = Vec<String>> {
    let width = features.width();
    (0..features.n_nodes()).map(move |node| match features {
        Features::Sparse(csr) => {
            let mut row = vec!["0".to_owned(); width];
            let (columns, values) = csr.row(node);
            for (&column, value) in columns.iter().zip(values) {
                row[column as usize] = value.to_string();
            }
            row
        }
        Features::Dense { values, .. } => {
            let row = &values[node * width..(node + 1) * width];
            row.iter().map(f32::to_string).collect()
        }
    })
}

fn write_rows<S: AsRef<str>>(
    path: &Path,
    options: &EdgeListOptions,
    header: &[impl AsRef<str>],
    rows: impl Iterator<Item = Vec<S>>,
) -> Result<()> {
    write_atomic(path, |writer| {
        if options.header {
            writeln!(writer, "{}", line(options, header)?)?;
        }
        for row in rows {
            writeln!(writer, "{}", line(options, &row)?)?;
        }
        Ok(())
    })?;
    Ok(())
}

fn line(options: &EdgeListOptions, fields: &[impl AsRef<str>]) -> io::Result<String> {
    let fields: Vec<&str> = fields.iter().map(AsRef::as_ref).collect();
    options.separator.join(&fields).map_err(io::Error::other)
}
