//! A sentence as probes see it.

use super::DependencyTree;
use crate::Result;

/// The vectors of a sentence's words, and its tree.
#[derive(Debug, Clone)]
pub struct ProbeSentence {
    states: Vec<f32>,
    width: usize,
    tree: DependencyTree,
}

impl ProbeSentence {
    /// A sentence whose word `i` has the vector `states[i * width..][..width]`.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where the numbers are not as many as words times width, or
    /// one is not finite.
    pub fn new(states: Vec<f32>, width: usize, tree: DependencyTree) -> Result<Self> {
        let refuse = |reason: String| Err(plm_core::Error::invalid("states", reason).into());
        if width == 0 || states.len() != width.saturating_mul(tree.len()) {
            let (numbers, words) = (states.len(), tree.len());
            return refuse(format!(
                "hold {numbers} numbers, not {width} for each of {words} words"
            ));
        }
        if let Some(at) = states.iter().position(|value| !value.is_finite()) {
            return refuse(format!("of word {} hold {}", at / width, states[at]));
        }
        Ok(Self {
            states,
            width,
            tree,
        })
    }

    /// The vectors, word after word.
    pub fn states(&self) -> &[f32] {
        &self.states
    }

    /// The vector of one word.
    ///
    /// # Panics
    /// If there is no such word.
    pub fn state(&self, word: usize) -> &[f32] {
        &self.states[word * self.width..][..self.width]
    }

    /// Numbers of a vector.
    pub fn width(&self) -> usize {
        self.width
    }

    /// The tree.
    pub fn tree(&self) -> &DependencyTree {
        &self.tree
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_have_their_vectors_and_odd_sizes_are_refused() {
        let tree = DependencyTree::new(vec![None, Some(0)]).unwrap();
        let states = vec![1.0, 2.0, 3.0, 4.0];
        let sentence = ProbeSentence::new(states.clone(), 2, tree.clone()).unwrap();
        assert_eq!(sentence.state(1), [3.0, 4.0]);
        let text = |states, width| {
            ProbeSentence::new(states, width, tree.clone())
                .unwrap_err()
                .to_string()
        };
        assert!(text(states.clone(), 3).contains("4 numbers"));
        assert!(text(vec![], 0).contains("0 numbers"));
        assert!(text(vec![1.0, f32::NAN], 1).contains("word 1"));
    }
}
