use super::{Layout, unwritable};
use crate::Result;
use crate::penman::Tree;
use crate::penman::piece::Piece;
use crate::penman::tree::TargetData;

impl Layout<'_> {
    /// Writes the triples that had no place: first edges, from the nodes that have one outward, so
    /// that all mentions are known when nodes are written out.
    pub(super) fn place_waiting(&mut self, waiting: &[usize]) -> Result<()> {
        let (edges, constants): (Vec<usize>, Vec<usize>) = waiting
            .iter()
            .partition(|&&index| self.graph.ends(index).1.is_some());
        let left = self.place_edges(&edges)?;
        self.last_resort = true;
        let mut lost = self.place_edges(&left)?;
        if lost.is_empty() {
            for index in constants {
                if !self.place(index)? {
                    lost.push(index);
                }
            }
        }
        let lost = lost.first().copied();
        match lost {
            None => Ok(()),
            Some(index) => Err(unwritable(
                self.graph.triple(index).source,
                "cannot be reached from the top; choose another top or add an edge",
            )),
        }
    }

    /// Writes `edges` as far as they can be reached; those that cannot.
    fn place_edges(&mut self, edges: &[usize]) -> Result<Vec<usize>> {
        if edges.is_empty() {
            return Ok(Vec::new());
        }
        let mut of_variable = vec![Vec::new(); self.spots.len()];
        for &index in edges {
            let (source, target) = self.graph.ends(index);
            of_variable[source].push(index);
            of_variable[target.unwrap_or(source)].push(index);
        }
        let mut done = vec![false; self.graph.triples.len()];
        let mut reached: Vec<usize> = (0..self.spots.len())
            .filter(|&variable| self.has_place(variable as u32))
            .collect();
        while let Some(variable) = reached.pop() {
            for index in std::mem::take(&mut of_variable[variable]) {
                if done[index] || !self.place(index)? {
                    continue;
                }
                done[index] = true;
                let (source, target) = self.graph.ends(index);
                reached.push(source);
                reached.extend(target);
            }
        }
        let left = edges.iter().copied().filter(|&index| !done[index]);
        Ok(left.collect())
    }

    /// Adds the alignments of mentions where nodes were written out to those of the concepts.
    pub(super) fn finish(self) -> Result<Tree> {
        let mut tree = self.tree;
        for index in 0..tree.branches.len() {
            let branch = &mut tree.branches[index];
            let TargetData::Node(node) = branch.target else {
                continue;
            };
            let moved = std::mem::replace(&mut branch.alignment, Piece::NONE);
            let Some(alignment) = tree.alignment(moved) else {
                continue;
            };
            let data = &tree.nodes[node as usize];
            if data.concept.is_none() {
                return Err(unwritable(
                    alignment.as_str(),
                    "aligns a mention at which a node without concept has to be written out; choose \
                     another top",
                ));
            }
            let joined = tree
                .alignment(data.alignment)
                .map(|own| format!("{},{}", own.as_str(), alignment.numbers()));
            tree.nodes[node as usize].alignment =
                joined.map_or(moved, |joined| Piece::push(&mut tree.text, &joined));
        }
        Ok(tree)
    }
}
