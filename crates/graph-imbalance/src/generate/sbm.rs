//! The random graph as a whole.

use plm_core::rng::{Seed, StreamRng};
use rand::RngExt;
use rand::seq::SliceRandom;

use super::config::SbmConfig;
use super::edges::draw_edges;
use super::words::draw_words;
use crate::Result;
use crate::graph::{Adjacency, Features, Labels, NodeGraph};

/// A random graph, and what its labels do not tell.
#[derive(Debug, Clone)]
pub struct Sbm {
    /// The graph. Nodes are numbered at random: neither classes nor isolated nodes lie together.
    pub graph: NodeGraph,
    /// The second class of each mixed node: `[n_nodes]`.
    pub second_class: Vec<Option<u32>>,
}

/// A node's class and, if it is mixed, its second one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Membership {
    pub(super) class: u32,
    pub(super) second: Option<u32>,
}

impl Membership {
    /// The class that the node acts as this time.
    pub(super) fn act(self, mixing: f64, rng: &mut StreamRng) -> u32 {
        match self.second {
            Some(second) if rng.random_bool(mixing) => second,
            _ => self.class,
        }
    }

    /// The classes that the node acts as, and how often.
    pub(super) fn shares(self, mixing: f64) -> impl Iterator<Item = (u32, f64)> {
        let second = self.second.map(|second| (second, mixing));
        let first = (self.class, second.map_or(1.0, |(_, share)| 1.0 - share));
        std::iter::once(first).chain(second)
    }
}

/// Draws a graph: the same for the same settings and seed.
///
/// Time is linear in nodes, edges and words. The height of memory is about 100 bytes for each edge,
/// 1.3 GB for half a million nodes of mean degree 50.
///
/// # Errors
/// [`Error::Core`](crate::Error::Core) naming the setting that is out of its domain.
pub fn generate(config: &SbmConfig, seed: Seed) -> Result<Sbm> {
    config.validate()?;
    let mut rng = seed.stream("memberships");
    let n_classes = config.class_sizes.len() as u32;
    let sizes = config.class_sizes.iter().enumerate();
    let mut classes: Vec<u32> = sizes
        .flat_map(|(class, &size)| std::iter::repeat_n(class as u32, size))
        .collect();
    classes.shuffle(&mut rng);
    let members: Vec<Membership> = classes
        .iter()
        .map(|&class| Membership {
            class,
            second: (n_classes > 1 && rng.random_bool(config.mixed_share))
                .then(|| (class + rng.random_range(1..n_classes)) % n_classes),
        })
        .collect();
    let mut active: Vec<u32> = (0..config.n_nodes() as u32).collect();
    active.shuffle(&mut rng);
    active.truncate(config.n_nodes() - config.isolated);
    active.sort_unstable();
    let features = match &config.words {
        Some(words) => draw_words(config, words, &members, seed)?,
        None => Features::identity(config.n_nodes())?,
    };
    let edges = draw_edges(config, &members, &active, seed);
    let adjacency = Adjacency::from_edges(config.n_nodes(), &edges)?;
    let labels = classes.into_iter().map(Some).collect();
    Ok(Sbm {
        graph: NodeGraph::new(
            adjacency,
            features,
            Labels::new(labels, config.class_sizes.len())?,
        )?,
        second_class: members.iter().map(|member| member.second).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::generate::WordConfig;

    #[test]
    fn the_settings_come_out() {
        let config = SbmConfig {
            class_sizes: vec![900, 600, 300],
            mean_degree: 6.0,
            homophily: 0.7,
            mixed_share: 0.0,
            isolated: 50,
            ..SbmConfig::default()
        };
        let sbm = generate(&config, Seed::new(1)).unwrap();
        let graph = &sbm.graph;
        assert_eq!(graph.labels.counts(), [900, 600, 300]);
        assert!(sbm.second_class.iter().all(Option::is_none));
        let isolated = graph.adjacency.n_isolated();
        assert!((50..60).contains(&isolated), "{isolated}");
        let degree = 2.0 * graph.adjacency.n_edges() as f64 / 1750.0;
        assert!((5.5..=6.0).contains(&degree), "{degree}");
        let homophily = graph.edge_homophily().unwrap();
        assert!((homophily - 0.7).abs() < 0.02, "{homophily}");
        let largest = (0..1800).map(|row| graph.csr().row_len(row)).max();
        assert!(largest > Some(60), "{largest:?}");
        assert_eq!(graph.features.width(), 3 * 100 + 700);
        let Features::Sparse(words) = &graph.features else {
            panic!("words are sparse");
        };
        // No node has words of another class's topic.
        for (node, word, _) in words.entries() {
            let topic = word / 100;
            assert!(topic >= 3 || Some(topic) == graph.labels.get(node));
        }
    }

    #[test]
    fn seeds_repeat_and_differ() {
        let config = SbmConfig::default();
        let [a, b, c] = [1, 1, 2].map(|seed| generate(&config, Seed::new(seed)).unwrap().graph);
        assert_eq!(a.adjacency, b.adjacency);
        assert_eq!(a.labels, b.labels);
        assert_ne!(a.adjacency, c.adjacency);
    }

    #[test]
    fn mixed_nodes_blur_the_classes() {
        let homophily = |mixed_share| {
            let config = SbmConfig {
                mixed_share,
                mixing: 0.5,
                words: None,
                ..SbmConfig::default()
            };
            let sbm = generate(&config, Seed::new(3)).unwrap();
            let mixed = sbm.second_class.iter().flatten().count() as f64 / 2100.0;
            assert!((mixed - mixed_share).abs() < 0.05);
            sbm.graph.edge_homophily().unwrap()
        };
        let (pure, some, all) = (homophily(0.0), homophily(0.4), homophily(1.0));
        assert!(pure > some + 0.1 && some > all + 0.1, "{pure} {some} {all}");
    }

    #[test]
    fn extreme_settings_end() {
        for config in [
            SbmConfig {
                class_sizes: vec![1],
                mean_degree: 1.0,
                ..SbmConfig::default()
            },
            SbmConfig {
                class_sizes: vec![1, 1, 1],
                mean_degree: 3.0,
                homophily: 1.0,
                ..SbmConfig::default()
            },
            SbmConfig {
                class_sizes: vec![4, 4],
                isolated: 8,
                ..SbmConfig::default()
            },
            SbmConfig {
                class_sizes: vec![20, 20],
                mixed_share: 1.0,
                mixing: 1.0,
                homophily: 0.0,
                degree_exponent: 1.000_001,
                words: Some(WordConfig {
                    words_per_node: 0,
                    ..WordConfig::default()
                }),
                ..SbmConfig::default()
            },
        ] {
            let graph = generate(&config, Seed::new(0)).unwrap().graph;
            assert_eq!(graph.n_nodes(), config.n_nodes());
        }
    }
}
