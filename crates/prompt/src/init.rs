//! How a new prompt begins.

use burn::tensor::{Int, Tensor};
use plm_core::check::SizeError;
use plm_core::nn::init::{normal, uniform};
use plm_core::rng::Seed;
use plm_core::text::{EncodeOptions, Tokenizer};
use rand::RngExt;

use crate::matrix::PromptMatrix;
use crate::mixed::check_tokens;
use crate::soft_prompt::matrix_of;
use crate::{Error, Result, Verbalizer};

/// How a new prompt begins. A prompt from a file is a [`PromptMatrix`] already.
#[derive(Debug, Clone, PartialEq)]
pub enum PromptInit {
    /// Normal with mean 0 and this deviation (the authors: .02 for RoBERTa, 1 for T5).
    Normal(f64),
    /// Uniform within ± this bound (Lester et al. 2021 and OpenPrompt: .5).
    Uniform(f64),
    /// Word vectors of words drawn without replacement from the first so many of the vocabulary
    /// (Lester et al. 2021: 5,000), special tokens left out. Our default for new tasks.
    VocabularySample {
        /// How many words may be drawn; all where absent.
        first: Option<usize>,
    },
    /// Word vectors of a text's tokens, repeated or cut to the number of slots that are read (PEFT's
    /// `TEXT`); slots before them begin as the first token.
    Text(String),
    /// Word vectors of the label words from the first slot that is read on; what is left is drawn from
    /// the vocabulary (Lester et al. 2021, class labels).
    ClassLabels(Vec<u32>),
}

impl Default for PromptInit {
    fn default() -> Self {
        Self::VocabularySample { first: None }
    }
}

impl PromptInit {
    /// The label words of `verbalizer` as a beginning.
    pub fn class_labels(verbalizer: &Verbalizer) -> Self {
        Self::ClassLabels(verbalizer.ids().to_vec())
    }

    /// A prompt of `slots` slots for a model with the word table `words`, `[vocabulary, width]`. The
    /// first `unread` slots are not read
    /// ([`PromptModel::unread_slots`](crate::model::PromptModel::unread_slots)): they have values, but
    /// no word that was asked for.
    ///
    /// # Errors
    /// [`Error::Setting`] for a deviation or bound that is not a finite number from 0 on;
    /// [`Error::Size`] where the vocabulary has too few words, or there are more label words than slots
    /// that are read; [`Error::UnknownToken`] for a word that the table does not have; [`Error::Empty`]
    /// for a text without tokens.
    pub fn prompt(
        &self,
        slots: usize,
        unread: usize,
        words: &Tensor<2>,
        tokenizer: &Tokenizer,
        seed: Seed,
    ) -> Result<PromptMatrix> {
        let unread = unread.min(slots);
        let [_, width] = words.dims();
        match self {
            Self::Normal(deviation) => {
                check("deviation", *deviation)?;
                let values = normal(seed, "prompt", slots * width, *deviation);
                Ok(PromptMatrix::trusted(slots, width, values))
            }
            Self::Uniform(bound) => {
                check("bound", *bound)?;
                let values = uniform(seed, "prompt", slots * width, *bound);
                Ok(PromptMatrix::trusted(slots, width, values))
            }
            Self::VocabularySample { first } => {
                rows(words, &sample(slots, *first, words, tokenizer, seed)?)
            }
            Self::Text(text) => {
                let options = EncodeOptions::new().without_special_tokens();
                let ids = tokenizer.encode(text.as_str(), &options)?.ids;
                let Some(&first) = ids.first() else {
                    return Err(Error::Empty {
                        what: "tokens of the text that a prompt begins with",
                    });
                };
                let before = std::iter::repeat_n(first, unread);
                let ids: Vec<u32> = before.chain(ids.into_iter().cycle()).take(slots).collect();
                rows(words, &ids)
            }
            Self::ClassLabels(labels) => {
                let room = slots - unread;
                if labels.len() > room {
                    let what =
                        "slots that are read, one for each label word that the prompt begins with";
                    return Err(Error::Size(SizeError::new(what, room, labels.len())));
                }
                let mut ids = sample(slots - labels.len(), None, words, tokenizer, seed)?;
                ids.splice(unread..unread, labels.iter().copied());
                rows(words, &ids)
            }
        }
    }
}

fn check(name: &'static str, value: f64) -> Result<()> {
    if value.is_finite() && value >= 0.0 {
        return Ok(());
    }
    Err(Error::Setting {
        name,
        value: value.to_string(),
        limit: "must be a finite number, not below 0",
    })
}

/// `count` different words out of the first `first`, special tokens left out.
fn sample(
    count: usize,
    first: Option<usize>,
    words: &Tensor<2>,
    tokenizer: &Tokenizer,
    seed: Seed,
) -> Result<Vec<u32>> {
    let [vocabulary, _] = words.dims();
    let special = tokenizer.special_ids();
    let limit = first.unwrap_or(vocabulary).min(vocabulary);
    let mut pool: Vec<u32> = (0..limit as u32)
        .filter(|id| !special.contains(id) && tokenizer.id_to_token(*id).is_some())
        .collect();
    if pool.len() < count {
        let what = "words of the vocabulary to draw a prompt from";
        return Err(Error::Size(SizeError::new(what, pool.len(), count)));
    }
    let mut rng = seed.stream("vocabulary sample");
    for place in 0..count {
        let other = rng.random_range(place..pool.len());
        pool.swap(place, other);
    }
    pool.truncate(count);
    Ok(pool)
}

/// Rows `ids` of the word table.
fn rows(words: &Tensor<2>, ids: &[u32]) -> Result<PromptMatrix> {
    let [vocabulary, width] = words.dims();
    if ids.is_empty() {
        return Ok(PromptMatrix::trusted(0, width, Vec::new()));
    }
    let what = "words that the prompt begins with";
    check_tokens(what, ids.iter().copied(), vocabulary)?;
    let ids: Vec<i64> = ids.iter().map(|&id| i64::from(id)).collect();
    let ids = Tensor::<1, Int>::from_data(ids.as_slice(), &words.device().inner());
    Ok(matrix_of(words.clone().select(0, ids)))
}
