use burn::tensor::{Bool, Int, Tensor, TensorData};
use plm_core::check::positive;
use serde::{Deserialize, Serialize};

use super::PairLayout;
use crate::contrast::info_nce;
use crate::{Error, Result};

/// How a trigger and an argument are compared.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ScoreFunction {
    /// The cosine of two linear projections, divided by the temperature `tau`.
    Cosine {
        /// The temperature, above 0; 1 in the released code.
        tau: f64,
    },
    /// `x_t W x_a` of the states themselves.
    Bilinear,
}

/// The loss of text pre-training.
///
/// A pair's loss is −s + ln(exp s + Σ exp s⁻) over its negatives: arguments in the place of its own,
/// and triggers in the place of its own.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EventContrast {
    /// How a trigger and an argument are compared.
    pub score: ScoreFunction,
    /// Whether the arguments of all other pairs of the batch are negatives.
    pub in_batch: bool,
    /// The most negatives of a pair that stand for the argument: spans of the same sentence, and where
    /// `in_batch` is not set and these are fewer, arguments from other sentences of the batch. A batch
    /// holds whole sentences, so with `in_batch` the same spans are among the arguments of the other
    /// pairs too: each counts at least twice, and with 0 here still once.
    pub argument_negatives: usize,
    /// The most negatives of a pair that stand for the trigger: other triggers of the sentence which
    /// the argument does not belong to, and where these are fewer, triggers of other sentences.
    pub trigger_negatives: usize,
    /// Whether spans of a pair's own sentence are negatives at all; without them it is told apart from
    /// other sentences alone.
    pub same_sentence: bool,
    /// Whether in-batch negatives that are arguments of the same trigger are left out.
    pub mask_false_negatives: bool,
}

impl Default for EventContrast {
    /// [`EventContrast::released`] without its false negatives.
    fn default() -> Self {
        Self {
            mask_false_negatives: true,
            ..Self::released()
        }
    }
}

impl EventContrast {
    /// The loss of the released code: cosines without temperature, in-batch negatives with the other
    /// arguments of the same trigger among them, 20 further negatives from the same sentence. In batches
    /// of sentences these count twice: see [`EventContrast::argument_negatives`].
    pub fn released() -> Self {
        Self {
            score: ScoreFunction::Cosine { tau: 1.0 },
            in_batch: true,
            argument_negatives: 20,
            trigger_negatives: 0,
            same_sentence: true,
            mask_false_negatives: false,
        }
    }

    /// The loss of the paper: a bilinear score, 30 negatives for the argument and 9 for the trigger.
    /// The paper does not say from where they are drawn once the sentence has no more.
    pub fn paper() -> Self {
        Self {
            score: ScoreFunction::Bilinear,
            in_batch: false,
            argument_negatives: 30,
            trigger_negatives: 9,
            same_sentence: true,
            mask_false_negatives: true,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`Error::Core`] for a temperature that is not above 0, or no negatives at all.
    pub fn check(&self) -> Result<()> {
        if let ScoreFunction::Cosine { tau } = self.score {
            positive("EventContrast", "tau", tau)?;
        }
        if !self.in_batch && self.argument_negatives == 0 && self.trigger_negatives == 0 {
            let reason = "is 0 where there are no other negatives; set `in_batch` or a number";
            return Err(Error::config("EventContrast", "argument_negatives", reason));
        }
        Ok(())
    }

    /// The loss of each pair.
    ///
    /// # Shapes
    /// - triggers, arguments: the spans of `layout` as triggers and as arguments, `[spans, width]`,
    ///   of length 1 where the score is a cosine
    /// - result: `[pairs]`
    ///
    /// # Panics
    /// If the tensors do not have the spans of `layout`.
    pub fn losses(
        &self,
        triggers: Tensor<2>,
        arguments: Tensor<2>,
        layout: &PairLayout,
    ) -> Tensor<1> {
        let device = triggers.device();
        let pairs = &layout.pairs;
        let n = pairs.len();
        let scale = match self.score {
            ScoreFunction::Cosine { tau } => 1.0 / tau,
            ScoreFunction::Bilinear => 1.0,
        };
        let select = |table: &Tensor<2>, spans: Vec<usize>| {
            let spans: Vec<i64> = spans.into_iter().map(|span| span as i64).collect();
            let spans = Tensor::<1, Int>::from_data(spans.as_slice(), &device);
            table.clone().select(0, spans)
        };
        let own_triggers = select(&triggers, pairs.iter().map(|pair| pair.trigger).collect());
        let own_arguments = select(&arguments, pairs.iter().map(|pair| pair.argument).collect());
        let positive = (own_triggers.clone() * own_arguments.clone())
            .sum_dim(1)
            .mul_scalar(scale);
        let mut scores: Vec<Tensor<2>> = Vec::new();
        let mut hidden: Vec<Tensor<2, Bool>> = Vec::new();
        if self.in_batch {
            scores.push(
                own_triggers
                    .clone()
                    .matmul(own_arguments.clone().transpose()),
            );
            let flags = layout.in_batch_hidden(self);
            hidden.push(Tensor::from_data(TensorData::new(flags, [n, n]), &device));
        }
        // Lists of different lengths, padded with the pair's own span, which is hidden.
        let mut listed = |own: &Tensor<2>, table: &Tensor<2>, lists: Vec<&[usize]>| {
            let most = lists.iter().map(|list| list.len()).max().unwrap_or(0);
            if most == 0 {
                return;
            }
            let padded = |list: &&[usize]| {
                let rest = most - list.len();
                list.iter()
                    .copied()
                    .chain(std::iter::repeat_n(0, rest))
                    .collect::<Vec<_>>()
            };
            let spans: Vec<usize> = lists.iter().flat_map(padded).collect();
            let width = table.dims()[1];
            let negatives = select(table, spans).reshape([n, most, width]);
            let own = own.clone().reshape([n, width, 1]);
            scores.push(negatives.matmul(own).reshape([n, most]));
            let flags: Vec<bool> = lists
                .iter()
                .flat_map(|list| (0..most).map(|at| at >= list.len()))
                .collect();
            hidden.push(Tensor::from_data(
                TensorData::new(flags, [n, most]),
                &device,
            ));
        };
        let of_arguments = pairs.iter().map(|pair| pair.argument_negatives.as_slice());
        listed(&own_triggers, &arguments, of_arguments.collect());
        let of_triggers = pairs.iter().map(|pair| pair.trigger_negatives.as_slice());
        listed(&own_arguments, &triggers, of_triggers.collect());
        if scores.is_empty() {
            return positive.mul_scalar(0.0).reshape([n]);
        }
        let scores = Tensor::cat(scores, 1).mul_scalar(scale);
        info_nce(positive, scores, Some(Tensor::cat(hidden, 1)))
    }
}
