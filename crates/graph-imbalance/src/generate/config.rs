//! Settings of the random graph.

use plm_core::check::{at_least, up_to_one};

use crate::{Error, Result};

/// A citation-like random graph: a degree-corrected stochastic block model (Karrer and Newman 2011) in
/// which some nodes belong to two classes.
///
/// A mixed node acts as a member of its second class in a share of its edges and words, but has the
/// label of its first: it lies at a class border. The larger `mixed_share` and `mixing`, the closer to
/// borders labels lie.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct SbmConfig {
    /// Nodes of each class, isolated ones included.
    pub class_sizes: Vec<usize>,
    /// Mean number of neighbors of the nodes that are not isolated. Pairs drawn twice count once, so
    /// that dense graphs get a little less.
    pub mean_degree: f64,
    /// Share of edges whose ends act as members of one class, in [0, 1].
    pub homophily: f64,
    /// Exponent of the Pareto distribution of expected degrees, above 1; the smaller, the larger the
    /// hubs. Expected degrees are cut at 100 times the least.
    pub degree_exponent: f64,
    /// Share of nodes that belong to two classes, in [0, 1].
    pub mixed_share: f64,
    /// Share of a mixed node's edges and words that come from its second class, in [0, 1]; 0.5 is on
    /// the border.
    pub mixing: f64,
    /// Number of nodes without any edge.
    pub isolated: usize,
    /// Bags of words as features; without them each node has a one at its own column.
    pub words: Option<WordConfig>,
}

/// Bags of words: each node has some words of its class's topic and some that all classes share.
#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(default)]
pub struct WordConfig {
    /// Words of each class alone.
    pub topic_words: usize,
    /// Words of all classes.
    pub common_words: usize,
    /// Words drawn for a node. Words drawn twice count once.
    pub words_per_node: usize,
    /// Chance that a word is one of the topic, in [0, 1].
    pub topic_share: f64,
    /// Zipf exponent: the r-th word of a topic or of the common ones has weight 1/r^exponent.
    pub zipf_exponent: f64,
}

impl Default for SbmConfig {
    /// Seven classes of 300 nodes of mean degree 4 at homophily 0.8, a fifth of them mixed, with words.
    fn default() -> Self {
        Self {
            class_sizes: vec![300; 7],
            mean_degree: 4.0,
            homophily: 0.8,
            degree_exponent: 2.5,
            mixed_share: 0.2,
            mixing: 0.4,
            isolated: 0,
            words: Some(WordConfig::default()),
        }
    }
}

impl Default for WordConfig {
    /// 100 words a topic and 700 common ones, 20 words a node, a third of them the topic's.
    fn default() -> Self {
        Self {
            topic_words: 100,
            common_words: 700,
            words_per_node: 20,
            topic_share: 0.33,
            zipf_exponent: 1.0,
        }
    }
}

impl SbmConfig {
    /// Number of nodes.
    pub(super) fn n_nodes(&self) -> usize {
        self.class_sizes.iter().sum()
    }

    pub(super) fn validate(&self) -> Result<()> {
        let fail = |key: &str, reason: String| Err(Error::config("SbmConfig", key, reason));
        let nodes = self
            .class_sizes
            .iter()
            .try_fold(0_usize, |sum, &size| sum.checked_add(size));
        let nodes = match nodes {
            Some(nodes) if nodes <= i32::MAX as usize => nodes,
            _ => return fail("class_sizes", format!("add up to more than {}", i32::MAX)),
        };
        if self.class_sizes.is_empty() {
            return fail("class_sizes", "is empty, at least 1 class".into());
        }
        if let Some(class) = self.class_sizes.iter().position(|&size| size == 0) {
            return fail("class_sizes", format!("class {class} has 0 nodes"));
        }
        if self.isolated > nodes {
            return fail(
                "isolated",
                format!("is {}, of {nodes} nodes", self.isolated),
            );
        }
        if !(self.mean_degree >= 0.0 && self.mean_degree <= nodes as f64) {
            return fail(
                "mean_degree",
                format!("is {}, must be in [0, {nodes}]", self.mean_degree),
            );
        }
        if !(self.degree_exponent > 1.0 && self.degree_exponent.is_finite()) {
            return fail(
                "degree_exponent",
                format!("is {}, must be above 1", self.degree_exponent),
            );
        }
        for (key, value) in [
            ("homophily", self.homophily),
            ("mixed_share", self.mixed_share),
            ("mixing", self.mixing),
        ] {
            up_to_one("SbmConfig", key, value)?;
        }
        self.words
            .as_ref()
            .map_or(Ok(()), |words| words.validate(self.class_sizes.len()))
    }
}

impl WordConfig {
    fn validate(&self, n_classes: usize) -> Result<()> {
        let fail = |key: &str, reason: String| Err(Error::config("WordConfig", key, reason));
        up_to_one("WordConfig", "topic_share", self.topic_share)?;
        for (key, count) in [
            ("topic_words", self.topic_words),
            ("common_words", self.common_words),
        ] {
            at_least("WordConfig", key, count, 1)?;
        }
        let vocabulary = self
            .topic_words
            .checked_mul(n_classes)
            .and_then(|topics| topics.checked_add(self.common_words));
        match vocabulary {
            Some(words) if words <= i32::MAX as usize => {
                if self.words_per_node > words {
                    return fail(
                        "words_per_node",
                        format!("is {}, of {words} words", self.words_per_node),
                    );
                }
            }
            _ => return fail("topic_words", format!("more than {} words", i32::MAX)),
        }
        if !(self.zipf_exponent >= 0.0 && self.zipf_exponent <= 10.0) {
            return fail(
                "zipf_exponent",
                format!("is {}, must be in [0, 10]", self.zipf_exponent),
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_checked() {
        let wrong = |change: fn(&mut SbmConfig), text: &str| {
            let mut config = SbmConfig::default();
            assert!(config.validate().is_ok());
            change(&mut config);
            let error = config.validate().unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        };
        wrong(|c| c.class_sizes = vec![], "is empty");
        wrong(|c| c.class_sizes = vec![3, 0], "class 1 has 0 nodes");
        wrong(|c| c.class_sizes = vec![usize::MAX, 2], "add up to more");
        wrong(|c| c.isolated = 3000, "is 3000, of 2100 nodes");
        wrong(|c| c.mean_degree = f64::NAN, "`mean_degree` is NaN");
        wrong(|c| c.mean_degree = 1e9, "must be in [0, 2100]");
        wrong(|c| c.degree_exponent = 1.0, "must be above 1");
        wrong(|c| c.homophily = 1.5, "`homophily` is 1.5");
        wrong(|c| c.mixing = -0.1, "`mixing` is -0.1");
        fn word(c: &mut SbmConfig) -> &mut WordConfig {
            c.words.as_mut().unwrap()
        }
        wrong(|c| word(c).topic_words = 0, "`topic_words` is 0");
        wrong(|c| word(c).topic_words = usize::MAX, "more than");
        wrong(|c| word(c).words_per_node = 5000, "of 1400 words");
        wrong(|c| word(c).topic_share = 2.0, "`topic_share` is 2");
        wrong(|c| word(c).zipf_exponent = f64::NAN, "`zipf_exponent`");
    }
}
