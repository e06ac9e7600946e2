//! What generation returns.

/// One generated sequence.
#[derive(Debug, Clone, PartialEq)]
pub struct Hypothesis {
    /// The generated ids without the prompt, up to and with the end of sequence.
    pub ids: Vec<i64>,
    /// Beam search: sum of the processed log-probabilities divided by `length ^ length_penalty`, as
    /// transformers' `sequences_scores`. Else: sum of the model's own log-probabilities.
    pub score: f32,
    /// Whether it ends with an end-of-sequence token, not at the length limit.
    pub finished: bool,
}

/// The sequences of a batch.
#[derive(Debug, Clone, PartialEq)]
pub struct Generation {
    /// What each example began with: the padded prompt, or the decoder's start token.
    pub prompts: Vec<Vec<i64>>,
    /// Each example's sequences, best first in beam search.
    pub hypotheses: Vec<Vec<Hypothesis>>,
    /// What [`Generation::sequences`] fills with, in beam search too: the padding token, else the first
    /// end-of-sequence token, else 0.
    pub fill: i64,
}

impl Generation {
    /// All sequences with their prompts, examples in order, filled to one length with [`Generation::fill`]:
    /// what transformers returns as `sequences`, but for its beam search where the padding token's id is
    /// 0, as in T5: that fills with the first end-of-sequence token.
    pub fn sequences(&self) -> Vec<Vec<i64>> {
        let mut rows: Vec<Vec<i64>> = self
            .prompts
            .iter()
            .zip(&self.hypotheses)
            .flat_map(|(prompt, hypotheses)| {
                hypotheses.iter().map(move |hypothesis| {
                    let mut row = prompt.clone();
                    row.extend(&hypothesis.ids);
                    row
                })
            })
            .collect();
        let longest = rows.iter().map(Vec::len).max().unwrap_or(0);
        for row in &mut rows {
            row.resize(longest, self.fill);
        }
        rows
    }

    /// The best (or only) sequence of each example.
    pub fn best(&self) -> impl Iterator<Item = &Hypothesis> {
        self.hypotheses.iter().filter_map(|ranked| ranked.first())
    }
}
