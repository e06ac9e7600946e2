//! Similarities of the released prompts.

use serde::Serialize;

use super::Evidence;
use crate::catalog::Backbone;
use crate::similarity::EmbeddingMetric;

/// Similarities of the prompts for one model: means over pairs of different tasks, and correlation
/// with transfer.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct SimilarityFigures {
    /// The model.
    pub backbone: Backbone,
    /// Mean `E_concat` of tasks of the same type and of different types.
    pub euclidean_concat: [f64; 2],
    /// Mean `C_concat`, likewise.
    pub cosine_concat: [f64; 2],
    /// Mean `C_average`, likewise.
    pub cosine_average: [f64; 2],
    /// Spearman's correlation with transfer, mean per target with the task itself, of `E_concat`,
    /// `E_average`, `C_concat` and `C_average`.
    pub spearman_per_target: [f64; 4],
    /// How the figures are known.
    pub evidence: Evidence,
}

impl SimilarityFigures {
    /// Mean similarity of tasks of the same type and of different types; of `E_average` none is known.
    pub fn means(&self, metric: EmbeddingMetric) -> Option<[f64; 2]> {
        match metric {
            EmbeddingMetric::EuclideanConcat => Some(self.euclidean_concat),
            EmbeddingMetric::EuclideanAverage => None,
            EmbeddingMetric::CosineConcat => Some(self.cosine_concat),
            EmbeddingMetric::CosineAverage => Some(self.cosine_average),
        }
    }

    /// Spearman's correlation of `metric` with transfer, mean per target with the task itself.
    pub fn spearman(&self, metric: EmbeddingMetric) -> f64 {
        let place = match metric {
            EmbeddingMetric::EuclideanConcat => 0,
            EmbeddingMetric::EuclideanAverage => 1,
            EmbeddingMetric::CosineConcat => 2,
            EmbeddingMetric::CosineAverage => 3,
        };
        self.spearman_per_target[place]
    }
}

/// Similarities of two released prompts.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct PairSimilarity {
    /// The model.
    pub backbone: Backbone,
    /// The two tasks.
    pub tasks: [&'static str; 2],
    /// `E_concat`, `E_average`, `C_concat` and `C_average`, to six decimals.
    pub similarities: [f64; 4],
    /// How the figures are known.
    pub evidence: Evidence,
}

/// The figures for each model, over 13 tasks for RoBERTa and 17 for T5, with all 100 slots.
pub fn similarity_figures() -> &'static [SimilarityFigures] {
    &FIGURES
}

/// The figures for single pairs, with all 100 slots.
pub fn pair_similarities() -> &'static [PairSimilarity] {
    &PAIRS
}

static FIGURES: [SimilarityFigures; 4] = [
    SimilarityFigures {
        backbone: Backbone::RobertaBase,
        euclidean_concat: [0.0161, 0.0073],
        cosine_concat: [0.0774, 0.0498],
        cosine_average: [0.0388, 0.0288],
        spearman_per_target: [0.20, -0.05, 0.36, 0.52],
        evidence: Evidence::ComputedFromRelease,
    },
    SimilarityFigures {
        backbone: Backbone::RobertaLarge,
        euclidean_concat: [0.0947, 0.0725],
        cosine_concat: [0.4586, 0.3448],
        cosine_average: [0.0125, 0.0106],
        spearman_per_target: [0.16, -0.05, 0.18, 0.41],
        evidence: Evidence::ComputedFromRelease,
    },
    SimilarityFigures {
        backbone: Backbone::T5Small,
        euclidean_concat: [0.0023, 0.0022],
        cosine_concat: [0.2698, 0.1971],
        cosine_average: [0.0467, 0.0251],
        spearman_per_target: [0.19, 0.03, 0.26, 0.53],
        evidence: Evidence::ComputedFromRelease,
    },
    SimilarityFigures {
        backbone: Backbone::T5Base,
        euclidean_concat: [0.0016, 0.0014],
        cosine_concat: [0.2518, 0.1360],
        cosine_average: [0.0453, 0.0147],
        spearman_per_target: [0.27, 0.11, 0.29, 0.53],
        evidence: Evidence::ComputedFromRelease,
    },
];

static PAIRS: [PairSimilarity; 4] = [
    PairSimilarity {
        backbone: Backbone::RobertaBase,
        tasks: ["sst2", "imdb"],
        similarities: [0.009384, 0.090663, 0.051010, 0.033423],
        evidence: Evidence::ComputedFromRelease,
    },
    PairSimilarity {
        backbone: Backbone::RobertaBase,
        tasks: ["sst2", "mnli"],
        similarities: [0.001970, 0.028906, -0.062571, 0.043820],
        evidence: Evidence::ComputedFromRelease,
    },
    PairSimilarity {
        backbone: Backbone::RobertaLarge,
        tasks: ["sst2", "imdb"],
        similarities: [0.080332, 0.409300, 0.393221, 0.007199],
        evidence: Evidence::ComputedFromRelease,
    },
    PairSimilarity {
        backbone: Backbone::T5Base,
        tasks: ["sst2", "imdb"],
        similarities: [0.001513, 0.013762, 0.196671, 0.051332],
        evidence: Evidence::ComputedFromRelease,
    },
];
