//! Trees over the words of a sentence.

use crate::Result;

/// A tree whose nodes are words, each with a head but the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DependencyTree {
    heads: Vec<Option<usize>>,
    root: usize,
    depths: Vec<usize>,
}

impl DependencyTree {
    /// The tree in which word `i` hangs on word `heads[i]`, and the root on none.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) naming the word where there is not exactly one root, a head
    /// does not exist, or heads go round in a circle.
    pub fn new(heads: Vec<Option<usize>>) -> Result<Self> {
        let refuse = |reason: String| Err(plm_core::Error::invalid("heads", reason).into());
        let count = heads.len();
        let roots: Vec<usize> = (0..count).filter(|&word| heads[word].is_none()).collect();
        let &[root] = roots.as_slice() else {
            return refuse(format!(
                "of {count} words {} have no head, exactly one must",
                roots.len()
            ));
        };
        if let Some((word, head)) = heads
            .iter()
            .enumerate()
            .find_map(|(word, head)| head.filter(|&head| head >= count).map(|head| (word, head)))
        {
            return refuse(format!(
                "word {word} has head {head}, there are {count} words"
            ));
        }
        let mut children = vec![Vec::new(); count];
        for (word, head) in heads.iter().enumerate() {
            if let Some(head) = head {
                children[*head].push(word);
            }
        }
        let mut depths = vec![usize::MAX; count];
        depths[root] = 0;
        let mut open = vec![root];
        while let Some(word) = open.pop() {
            for &child in &children[word] {
                depths[child] = depths[word] + 1;
                open.push(child);
            }
        }
        if let Some(word) = depths.iter().position(|&depth| depth == usize::MAX) {
            return refuse(format!("word {word} hangs on a circle, not on the root"));
        }
        Ok(Self {
            heads,
            root,
            depths,
        })
    }

    /// Number of words, at least 1.
    #[expect(clippy::len_without_is_empty, reason = "a tree has a root")]
    pub fn len(&self) -> usize {
        self.heads.len()
    }

    /// The word without a head.
    pub fn root(&self) -> usize {
        self.root
    }

    /// The head of each word.
    pub fn heads(&self) -> &[Option<usize>] {
        &self.heads
    }

    /// Steps from the root to each word.
    pub fn depths(&self) -> &[usize] {
        &self.depths
    }

    /// The edges, each as its smaller and its larger word, in order.
    pub fn edges(&self) -> Vec<(usize, usize)> {
        let edge = |(word, head): (usize, &Option<usize>)| {
            head.map(|head| (word.min(head), word.max(head)))
        };
        let mut edges: Vec<_> = self.heads.iter().enumerate().filter_map(edge).collect();
        edges.sort_unstable();
        edges
    }

    /// Steps between all pairs of words, row by row.
    pub fn distances(&self) -> Vec<f64> {
        let count = self.len();
        let mut order: Vec<usize> = (0..count).collect();
        order.sort_by_key(|&word| self.depths[word]);
        let mut distances = vec![0.0; count * count];
        for (at, &word) in order.iter().enumerate() {
            let Some(head) = self.heads[word] else {
                continue;
            };
            // The words before it are no deeper, so none of them hangs on it.
            for &other in &order[..at] {
                let steps = distances[head * count + other] + 1.0;
                distances[word * count + other] = steps;
                distances[other * count + word] = steps;
            }
        }
        distances
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 1 is the root with 0 and 3 below, 2 and 4 hang on 3.
    fn tree() -> DependencyTree {
        DependencyTree::new(vec![Some(1), None, Some(3), Some(1), Some(3)]).unwrap()
    }

    #[test]
    fn depths_edges_and_distances_as_counted() {
        let tree = tree();
        assert_eq!((tree.len(), tree.root()), (5, 1));
        assert_eq!(tree.depths(), [1, 0, 2, 1, 2]);
        assert_eq!(tree.edges(), [(0, 1), (1, 3), (2, 3), (3, 4)]);
        #[rustfmt::skip]
        let expected = [
            0.0, 1.0, 3.0, 2.0, 3.0,
            1.0, 0.0, 2.0, 1.0, 2.0,
            3.0, 2.0, 0.0, 1.0, 2.0,
            2.0, 1.0, 1.0, 0.0, 1.0,
            3.0, 2.0, 2.0, 1.0, 0.0,
        ];
        assert_eq!(tree.distances(), expected);
        let one = DependencyTree::new(vec![None]).unwrap();
        assert_eq!(one.distances(), [0.0]);
        assert!(one.edges().is_empty());
    }

    #[test]
    fn what_is_no_tree_is_refused() {
        let text = |heads| DependencyTree::new(heads).unwrap_err().to_string();
        assert!(text(vec![]).contains("0 have no head"));
        assert!(text(vec![None, None]).contains("2 have no head"));
        assert!(text(vec![Some(1), Some(0)]).contains("0 have no head"));
        assert!(text(vec![None, Some(7)]).contains("word 1 has head 7"));
        assert!(text(vec![None, Some(2), Some(1)]).contains("circle"));
        assert!(text(vec![None, Some(1)]).contains("circle"));
    }
}
