//! Writing.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;

use flate2::{Compression, GzBuilder};
use plm_core::files::write_atomic;
use safetensors::Dtype;
use serde_json::json;

use super::is_gzipped;
use crate::data::Dataset;
use crate::data::parts::{check_split, node};
use crate::graph::Features;
use crate::{Error, Result};

/// Writes `dataset` as a safetensors file; gzipped if its name ends in `.gz`.
///
/// [`read_safetensors`](super::read_safetensors) with
/// [`Weights::Keep`](crate::graph::Weights::Keep) reads the same graph back, with its names, its
/// placeholders and its splits. A single split is kept in its order, several as masks, which come back
/// in ascending order. The report of edges and the list of unused parts belong to the file that they
/// were read from and are not written. The same dataset gives the same bytes.
///
/// # Errors
/// [`Error::Core`] where a number exceeds the 31 bits of the format, a name list is as long as neither
/// nothing nor what it names, a split is one that the reader refuses (a node is out of range, of unknown
/// class or in it twice), a placeholder is out of range, or the file cannot be written; a file of that name
/// is then left as it is.
pub fn write_safetensors(path: impl AsRef<Path>, dataset: &Dataset) -> Result<()> {
    let path = path.as_ref();
    check(dataset)?;
    let mut file = Outgoing::default();
    file.graph(dataset)?;
    file.splits(dataset)?;
    file.names("node_names", &dataset.node_names, dataset.graph.n_nodes())?;
    file.names(
        "class_names",
        &dataset.class_names,
        dataset.graph.n_classes(),
    )?;
    let bytes = file.bytes();
    write_atomic(path, |writer| {
        if !is_gzipped(path) {
            return writer.write_all(&bytes);
        }
        let mut encoder = GzBuilder::new().write(writer, Compression::best());
        encoder.write_all(&bytes)?;
        encoder.finish().map(|_| ())
    })?;
    Ok(())
}

/// Refuses numbers of nodes that the reader would refuse.
fn check(dataset: &Dataset) -> Result<()> {
    for split in &dataset.splits {
        check_split(split, &dataset.graph.labels)?;
    }
    let n_nodes = dataset.graph.n_nodes();
    for &placeholder in &dataset.placeholders {
        node("placeholders", placeholder.into(), n_nodes)?;
    }
    Ok(())
}

/// The tensors and the metadata of a file.
#[derive(Default)]
struct Outgoing {
    tensors: Vec<(String, Dtype, Vec<usize>, Vec<u8>)>,
    metadata: BTreeMap<String, String>,
}

impl Outgoing {
    fn graph(&mut self, dataset: &Dataset) -> Result<()> {
        let graph = &dataset.graph;
        let once = || {
            graph
                .csr()
                .entries()
                .filter(|(row, column, _)| row < column)
        };
        let n_edges = graph.adjacency.n_edges();
        let ends = once().map(|edge| edge.0).chain(once().map(|edge| edge.1));
        let ends: Vec<u32> = ends.collect();
        self.integers(
            "edge_index",
            &[2, n_edges],
            ends.iter().map(|&end| end.into()),
        )?;
        if once().any(|(_, _, weight)| weight != 1.0) {
            self.floats("edge_weight", &[n_edges], once().map(|edge| edge.2));
        }
        match &graph.features {
            Features::Sparse(csr) => {
                let indptr = csr.indptr().iter().map(|&end| end as i64);
                self.integers("x_indptr", &[csr.indptr().len()], indptr)?;
                let columns = csr.indices().iter().map(|&column| column.into());
                self.integers("x_indices", &[csr.nnz()], columns)?;
                if csr.values().iter().any(|&value| value != 1.0) {
                    self.floats("x_values", &[csr.nnz()], csr.values().iter().copied());
                }
                self.number("x_cols", csr.n_cols());
            }
            Features::Dense {
                values,
                n_nodes,
                width,
            } => self.floats("x", &[*n_nodes, *width], values.iter().copied()),
        }
        let class = |class: &Option<u32>| class.map_or(-1, i64::from);
        let classes = graph.labels.classes().iter().map(class);
        self.integers("y", &[graph.n_nodes()], classes)?;
        if !dataset.placeholders.is_empty() {
            self.list("placeholder_idx", &dataset.placeholders)?;
        }
        self.number("nodes", graph.n_nodes());
        self.number("classes", graph.n_classes());
        Ok(())
    }

    /// Of checked splits.
    fn splits(&mut self, dataset: &Dataset) -> Result<()> {
        let n_nodes = dataset.graph.n_nodes();
        if let [split] = dataset.splits.as_slice() {
            self.list("train_idx", &split.train)?;
            self.list("val_idx", &split.valid)?;
            return self.list("test_idx", &split.test);
        }
        let sets = |pick: fn(&crate::split::Split) -> &Vec<u32>| {
            let mut mask = vec![0_u8; dataset.splits.len() * n_nodes];
            for (index, split) in dataset.splits.iter().enumerate() {
                for &node in pick(split) {
                    mask[index * n_nodes + node as usize] = 1;
                }
            }
            mask
        };
        let masks = [
            ("train_masks", sets(|split| &split.train)),
            ("val_masks", sets(|split| &split.valid)),
            ("test_masks", sets(|split| &split.test)),
        ];
        for (name, mask) in masks {
            if !mask.is_empty() {
                let shape = vec![dataset.splits.len(), n_nodes];
                self.tensors.push((name.to_owned(), Dtype::U8, shape, mask));
            }
        }
        Ok(())
    }

    fn names(&mut self, key: &str, names: &[String], count: usize) -> Result<()> {
        if names.is_empty() {
            return Ok(());
        }
        if names.len() != count {
            return Err(Error::invalid(key, format!("{} for {count}", names.len())));
        }
        let text = serde_json::to_string(names).map_err(|e| Error::invalid(key, e.to_string()))?;
        self.metadata.insert(key.to_owned(), text);
        Ok(())
    }

    fn number(&mut self, key: &str, number: usize) {
        self.metadata.insert(key.to_owned(), number.to_string());
    }

    fn list(&mut self, name: &str, nodes: &[u32]) -> Result<()> {
        self.integers(name, &[nodes.len()], nodes.iter().map(|&node| node.into()))
    }

    fn integers(
        &mut self,
        name: &str,
        shape: &[usize],
        numbers: impl Iterator<Item = i64>,
    ) -> Result<()> {
        let mut bytes = Vec::new();
        for number in numbers {
            let number = i32::try_from(number).map_err(|_| {
                Error::invalid(
                    name,
                    format!("{number}; at most {} can be written", i32::MAX),
                )
            })?;
            bytes.extend(number.to_le_bytes());
        }
        let tensor = (name.to_owned(), Dtype::I32, shape.to_vec(), bytes);
        self.tensors.push(tensor);
        Ok(())
    }

    fn floats(&mut self, name: &str, shape: &[usize], numbers: impl Iterator<Item = f32>) {
        let bytes = numbers.flat_map(f32::to_le_bytes).collect();
        let tensor = (name.to_owned(), Dtype::F32, shape.to_vec(), bytes);
        self.tensors.push(tensor);
    }

    /// The file: the length of the header, the header, the tensors one after another.
    ///
    /// Put together here because the crate `safetensors` writes the metadata in an order that differs
    /// from run to run. Numbers of four bytes come before masks, so that all are aligned.
    fn bytes(self) -> Vec<u8> {
        let mut header = serde_json::Map::new();
        header.insert("__metadata__".to_owned(), json!(self.metadata));
        let mut end = 0;
        for (name, dtype, shape, bytes) in &self.tensors {
            let offsets = [end, end + bytes.len()];
            end = offsets[1];
            let place = json!({ "dtype": dtype, "shape": shape, "data_offsets": offsets });
            header.insert(name.clone(), place);
        }
        let mut header = serde_json::Value::from(header).to_string();
        let aligned = header.len().next_multiple_of(8);
        header.extend(std::iter::repeat_n(' ', aligned - header.len()));
        let mut file = (header.len() as u64).to_le_bytes().to_vec();
        file.extend(header.into_bytes());
        for (_, _, _, bytes) in &self.tensors {
            file.extend(bytes);
        }
        file
    }
}
