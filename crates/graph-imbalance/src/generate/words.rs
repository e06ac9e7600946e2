//! Bags of words by topic.

use plm_core::graph::Csr;
use plm_core::rng::Seed;
use rand::RngExt;

use super::alias::Alias;
use super::config::{SbmConfig, WordConfig};
use super::sbm::Membership;
use crate::Result;
use crate::graph::Features;

/// A binary bag of words for each node: columns of the topics in the order of the classes, then the
/// common words.
pub(super) fn draw_words(
    config: &SbmConfig,
    words: &WordConfig,
    members: &[Membership],
    seed: Seed,
) -> Result<Features> {
    let mut rng = seed.stream("words");
    let topic = zipf(words.topic_words, words.zipf_exponent);
    let common = zipf(words.common_words, words.zipf_exponent);
    let first_common = (words.topic_words * config.class_sizes.len()) as u32;
    let mut indptr = Vec::with_capacity(members.len() + 1);
    indptr.push(0);
    let mut indices: Vec<u32> = Vec::new();
    let mut bag = Vec::with_capacity(words.words_per_node);
    for member in members {
        bag.clear();
        for _ in 0..words.words_per_node {
            bag.push(match rng.random_bool(words.topic_share) {
                true => {
                    let class = member.act(config.mixing, &mut rng);
                    class * words.topic_words as u32 + topic.draw(&mut rng)
                }
                false => first_common + common.draw(&mut rng),
            });
        }
        bag.sort_unstable();
        bag.dedup();
        indices.extend_from_slice(&bag);
        indptr.push(indices.len());
    }
    let values = vec![1.0; indices.len()];
    let width = first_common as usize + words.common_words;
    Ok(Features::Sparse(Csr::new(
        members.len(),
        width,
        indptr,
        indices,
        values,
    )?))
}

fn zipf(count: usize, exponent: f64) -> Alias {
    let weights: Vec<f64> = (1..=count)
        .map(|rank| (rank as f64).powf(-exponent))
        .collect();
    Alias::new(&weights)
}
