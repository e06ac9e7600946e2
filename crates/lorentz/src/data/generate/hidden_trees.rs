//! Vectors of words in which a tree is hidden.

use plm_core::check::not_negative;
use plm_core::nn::init::normal;
use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::Result;
use crate::task::probing::{DependencyTree, ProbeSentence};

/// Sentences whose words are vectors made from a random tree, for probes to find.
///
/// A word has one fresh normal vector in each of two spaces. In the first one the vectors of all words
/// on the way to the root are added up, so that squared distances grow with the steps of the tree; in
/// the second one each word keeps its own, `distraction` times as long. One random rotation or
/// reflection, the same for all sentences, mixes the two spaces, and noise is added.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HiddenTrees {
    /// The shortest sentence.
    pub min_length: usize,
    /// The longest sentence.
    pub max_length: usize,
    /// Width of each of the two spaces; the vectors are twice as wide.
    pub half_width: usize,
    /// Length of the second space's vectors, compared with the first's.
    pub distraction: f64,
    /// Standard deviation of the noise, compared with one step of the tree.
    pub noise: f64,
}

impl Default for HiddenTrees {
    /// 5 to 16 words of 32 numbers; distraction 2, noise 0.3.
    fn default() -> Self {
        Self {
            min_length: 5,
            max_length: 16,
            half_width: 16,
            distraction: 2.0,
            noise: 0.3,
        }
    }
}

impl HiddenTrees {
    /// `count` sentences; `map` seeds the rotation, so that training and test can share it.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where there is no word, no width, or a number is not finite
    /// or negative.
    pub fn generate(&self, count: usize, map: Seed, seed: Seed) -> Result<Vec<ProbeSentence>> {
        self.check()?;
        let mixing = orthogonal(2 * self.half_width, map);
        (0..count)
            .map(|index| self.sentence(&mixing, seed.at(index as u64)))
            .collect()
    }

    fn check(&self) -> Result<()> {
        let refuse = |key: &str, reason: String| {
            Err(plm_core::Error::config("HiddenTrees", key, reason).into())
        };
        if self.min_length == 0 || self.half_width == 0 {
            let (words, width) = (self.min_length, self.half_width);
            let reason = format!("is {words} with `half_width` {width}, both must be at least 1");
            return refuse("min_length", reason);
        }
        if self.max_length < self.min_length {
            let (min, max) = (self.min_length, self.max_length);
            return refuse("max_length", format!("is {max}, below `min_length`, {min}"));
        }
        for (key, value) in [("distraction", self.distraction), ("noise", self.noise)] {
            not_negative("HiddenTrees", key, value)?;
        }
        Ok(())
    }

    fn sentence(&self, mixing: &[f32], seed: Seed) -> Result<ProbeSentence> {
        let mut rng = seed.stream("tree");
        let length = rng.random_range(self.min_length..=self.max_length);
        let (heads, order) = random_tree(length, &mut rng);
        let (half, width) = (self.half_width, 2 * self.half_width);
        let step = (half as f64).sqrt().recip();
        let own = normal(seed, "own", length * half, step);
        let other = normal(seed, "other", length * half, step * self.distraction);
        let noise = normal(seed, "noise", length * width, step * self.noise);
        let mut hidden = vec![0.0_f32; length * width];
        for &word in &order {
            for at in 0..half {
                let above = heads[word].map_or(0.0, |head| hidden[head * width + at]);
                hidden[word * width + at] = above + own[word * half + at];
                hidden[word * width + half + at] = other[word * half + at];
            }
        }
        let mut states = noise;
        for (state, hidden) in states.chunks_mut(width).zip(hidden.chunks(width)) {
            for (value, row) in hidden.iter().zip(mixing.chunks(width)) {
                for (state, weight) in state.iter_mut().zip(row) {
                    *state += value * weight;
                }
            }
        }
        ProbeSentence::new(states, width, DependencyTree::new(heads)?)
    }
}

/// A random orthogonal matrix, row by row: normal rows made orthonormal by Gram and Schmidt.
fn orthogonal(width: usize, seed: Seed) -> Vec<f32> {
    let raw = normal(seed, "mixing", width * width, 1.0);
    let mut rows: Vec<Vec<f64>> = Vec::with_capacity(width);
    for raw in raw.chunks(width) {
        let mut row: Vec<f64> = raw.iter().map(|value| f64::from(*value)).collect();
        for other in &rows {
            let shared: f64 = row.iter().zip(other).map(|(a, b)| a * b).sum();
            for (value, other) in row.iter_mut().zip(other) {
                *value -= shared * other;
            }
        }
        let norm = row.iter().map(|value| value * value).sum::<f64>().sqrt();
        rows.push(row.into_iter().map(|value| value / norm).collect());
    }
    rows.concat()
        .into_iter()
        .map(|value| value as f32)
        .collect()
}

/// The heads of a random recursive tree over shuffled words, and the words from the root on.
fn random_tree(length: usize, rng: &mut StreamRng) -> (Vec<Option<usize>>, Vec<usize>) {
    let mut order: Vec<usize> = (0..length).collect();
    order.shuffle(rng);
    let mut heads = vec![None; length];
    for (at, &word) in order.iter().enumerate().skip(1) {
        heads[word] = Some(order[rng.random_range(0..at)]);
    }
    (heads, order)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn squared_distances_follow_the_tree_where_nothing_distracts() {
        let bare = HiddenTrees {
            half_width: 400,
            distraction: 0.0,
            noise: 0.0,
            ..HiddenTrees::default()
        };
        let sentences = bare.generate(3, Seed::new(1), Seed::new(2)).unwrap();
        for sentence in sentences {
            let tree = sentence.tree();
            let distances = tree.distances();
            let n = tree.len();
            for (a, b) in (0..n).flat_map(|a| (0..a).map(move |b| (a, b))) {
                let [a_state, b_state] = [a, b].map(|word| sentence.state(word));
                let square: f32 = a_state
                    .iter()
                    .zip(b_state)
                    .map(|(a, b)| (a - b).powi(2))
                    .sum();
                let ratio = f64::from(square) / distances[a * n + b];
                assert!((ratio - 1.0).abs() < 0.4, "{ratio}");
            }
        }
    }

    #[test]
    fn the_mixing_is_a_rotation_or_reflection() {
        let rows = orthogonal(9, Seed::new(4));
        let rows: Vec<&[f32]> = rows.chunks(9).collect();
        for (at, row) in rows.iter().enumerate() {
            for (other_at, other) in rows.iter().enumerate() {
                let product: f32 = row.iter().zip(*other).map(|(a, b)| a * b).sum();
                let expected = if at == other_at { 1.0 } else { 0.0 };
                assert!((product - expected).abs() < 1e-6, "{product}");
            }
        }
    }

    #[test]
    fn seeds_choose_trees_and_map() {
        let trees = HiddenTrees::default();
        let make = |map, seed| trees.generate(2, Seed::new(map), Seed::new(seed)).unwrap();
        let states = |of: &[ProbeSentence]| of[0].state(0).to_vec();
        assert_eq!(states(&make(1, 2)), states(&make(1, 2)));
        assert_ne!(states(&make(1, 2)), states(&make(3, 2)));
        assert_eq!(make(1, 2)[0].tree(), make(3, 2)[0].tree());
        assert_ne!(states(&make(1, 2)), states(&make(1, 3)));
        let lengths = trees.generate(200, Seed::new(1), Seed::new(2)).unwrap();
        assert!(lengths.iter().all(|s| (5..=16).contains(&s.tree().len())));
    }

    #[test]
    fn impossible_settings_are_refused() {
        let change = |change: fn(&mut HiddenTrees)| {
            let mut trees = HiddenTrees::default();
            change(&mut trees);
            trees
                .generate(1, Seed::new(1), Seed::new(1))
                .unwrap_err()
                .to_string()
        };
        assert!(change(|trees| trees.min_length = 0).contains("min_length"));
        assert!(change(|trees| trees.max_length = 1).contains("max_length"));
        assert!(change(|trees| trees.noise = f64::NAN).contains("noise"));
    }
}
