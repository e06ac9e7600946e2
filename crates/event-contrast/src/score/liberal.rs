//! Scores of event extraction without labels.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::{ClusterScores, Mention, MentionMatch, align};
use crate::{Error, Result};

/// How clusters of system mentions are compared with classes of gold mentions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LiberalScoring {
    /// When a system mention and a gold mention are the same.
    pub matching: MentionMatch,
    /// Whether mentions without a partner count, each as a cluster or a class of its own. If not
    /// they are dropped, and the coverage alone tells of them.
    pub strict: bool,
}

/// How many mentions have a partner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
pub struct Coverage {
    /// Pairs of a system mention and a gold mention.
    pub matched: usize,
    /// System mentions.
    pub system: usize,
    /// Gold mentions.
    pub gold: usize,
}

impl Coverage {
    /// The share of gold mentions among the candidates; 0 if there are none.
    pub fn recall(&self) -> f64 {
        self.matched as f64 / self.gold.max(1) as f64
    }

    /// The share of candidates that are gold mentions; 0 if there are none.
    pub fn precision(&self) -> f64 {
        self.matched as f64 / self.system.max(1) as f64
    }
}

/// Coverage of the candidates and quality of the clusters, which are separate things.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct LiberalScores {
    /// How many mentions have a partner.
    pub coverage: Coverage,
    /// Mentions that the cluster scores are taken over.
    pub items: usize,
    /// The cluster scores; none where there is no item.
    pub clusters: Option<ClusterScores>,
}

/// A label that was given, or one of its own for a mention without a partner.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Label {
    Given(usize),
    Alone(usize),
}

impl LiberalScoring {
    /// Compares system mentions and their clusters with gold mentions and their classes.
    ///
    /// # Errors
    /// [`Error::Core`] where there is not one label for each mention, for a mention without tokens
    /// and one that comes twice on a side.
    pub fn score(
        &self,
        system: &[Mention],
        clusters: &[usize],
        gold: &[Mention],
        classes: &[usize],
    ) -> Result<LiberalScores> {
        for (what, mentions, labels) in [
            ("clusters", system.len(), clusters.len()),
            ("classes", gold.len(), classes.len()),
        ] {
            if mentions != labels {
                return Err(Error::invalid(
                    what,
                    format!("{labels} for {mentions} mentions"),
                ));
            }
        }
        let partners = align(system, gold, self.matching)?;
        let mut true_labels = Vec::new();
        let mut found_labels = Vec::new();
        for (at, partner) in partners.iter().enumerate() {
            match partner {
                Some(partner) => found_labels.push(Label::Given(clusters[*partner])),
                None if self.strict => found_labels.push(Label::Alone(at)),
                None => continue,
            }
            true_labels.push(Label::Given(classes[at]));
        }
        let used: HashSet<usize> = partners.iter().copied().flatten().collect();
        if self.strict {
            for at in (0..system.len()).filter(|at| !used.contains(at)) {
                found_labels.push(Label::Given(clusters[at]));
                true_labels.push(Label::Alone(at));
            }
        }
        let items = true_labels.len();
        let clusters = match items {
            0 => None,
            _ => Some(ClusterScores::new(&true_labels, &found_labels)?),
        };
        Ok(LiberalScores {
            coverage: Coverage {
                matched: used.len(),
                system: system.len(),
                gold: gold.len(),
            },
            items,
            clusters,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(sentences: &[usize]) -> Vec<Mention> {
        sentences
            .iter()
            .map(|&s| Mention::trigger(s, (0, 1)))
            .collect()
    }

    #[test]
    fn unmatched_mentions_count_only_if_strict() {
        let system = at(&[0, 1, 2, 9]);
        let gold = at(&[2, 1, 0, 5]);
        let score = |strict| {
            let scoring = LiberalScoring {
                strict,
                ..LiberalScoring::default()
            };
            scoring
                .score(&system, &[4, 4, 8, 8], &gold, &[1, 3, 3, 3])
                .unwrap()
        };
        let dropped = score(false);
        assert_eq!(dropped.items, 3);
        assert_eq!(dropped.clusters.unwrap().b_cubed.f1, 1.0);
        assert_eq!(dropped.coverage.recall(), 0.75);
        assert_eq!(dropped.coverage.precision(), 0.75);

        let strict = score(true);
        assert_eq!((strict.items, strict.coverage), (5, dropped.coverage));
        // Gold 5 is missing from its class of three: recalls 2/3, 2/3, 1/3 there; mention 9 spoils
        // cluster 8: precisions 1/2 and 1/2.
        let scores = strict.clusters.unwrap();
        assert!((scores.b_cubed.recall - (5.0 / 3.0 + 2.0) / 5.0).abs() < 1e-12);
        assert!((scores.b_cubed.precision - 4.0 / 5.0).abs() < 1e-12);
        assert_eq!(scores.accuracy, 3.0 / 5.0);
    }

    #[test]
    fn nothing_in_common_is_no_score() {
        let scores = LiberalScoring::default()
            .score(&at(&[0]), &[0], &at(&[1]), &[0])
            .unwrap();
        assert_eq!((scores.items, scores.clusters), (0, None));
        assert_eq!(scores.coverage.recall(), 0.0);
        let none = LiberalScoring::default().score(&[], &[], &[], &[]).unwrap();
        assert_eq!(
            (none.coverage.recall(), none.coverage.precision()),
            (0.0, 0.0)
        );
        assert!(
            LiberalScoring::default()
                .score(&at(&[0]), &[], &[], &[])
                .is_err()
        );
        assert!(
            LiberalScoring::default()
                .score(&[], &[], &at(&[0]), &[0, 1])
                .is_err()
        );
    }
}
