use rand::RngExt;

use super::{Encoding, SpecialToken, Tokenizer};
use crate::rng::StreamRng;
use crate::{Error, Result};

/// The noise of masked language modeling (BERT, Devlin et al. 2019, section 3.1): each token is
/// chosen with probability 0.15; of the chosen ones 80 % become the mask token, 10 % a random
/// token, and 10 % stay. Special tokens are never chosen and never drawn, and a token that the model
/// has no row for is not drawn either.
///
/// Choices are independent per token, so the number of chosen tokens varies. With whole words,
/// each word is chosen or not as one; what its tokens become is still drawn per token.
#[derive(Debug, Clone, PartialEq)]
pub struct MlmMasking {
    probability: f64,
    mask_share: f64,
    random_share: f64,
    whole_words: bool,
    mask_id: u32,
    /// Ascending.
    special: Vec<u32>,
    replacements: Vec<u32>,
}

/// Ids with noise, and what was there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Masked {
    /// The ids to feed.
    pub ids: Vec<u32>,
    /// The chosen positions, ascending: those to predict.
    pub positions: Vec<usize>,
    /// The original ids at `positions`.
    pub targets: Vec<u32>,
}

impl MlmMasking {
    /// BERT's rule for `tokenizer`.
    ///
    /// # Errors
    /// [`Error::Tokenizer`] where the tokenizer has no mask token or only special tokens that the model
    /// has a row for.
    pub fn new(tokenizer: &Tokenizer) -> Result<Self> {
        let mask_id = tokenizer.require(SpecialToken::Mask)?;
        let special = tokenizer.special_ids();
        let replacements: Vec<u32> = tokenizer
            .vocabulary()
            .into_iter()
            .map(|(_, id)| id)
            .filter(|&id| tokenizer.has_row(id) && special.binary_search(&id).is_err())
            .collect();
        if replacements.is_empty() {
            let reason = "no token but special ones can take another's place";
            return Err(tokenizer.error(reason.to_owned()));
        }
        Ok(Self {
            probability: 0.15,
            mask_share: 0.8,
            random_share: 0.1,
            whole_words: false,
            mask_id,
            special,
            replacements,
        })
    }

    /// With another probability of choosing a token.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it is not in [0, 1].
    pub fn with_probability(mut self, probability: f64) -> Result<Self> {
        share("probability", probability)?;
        self.probability = probability;
        Ok(self)
    }

    /// With other shares of the chosen tokens that become the mask token and a random token; the
    /// rest stays.
    ///
    /// # Errors
    /// [`Error::Invalid`] where a share or their sum is not in [0, 1].
    pub fn with_shares(mut self, mask: f64, random: f64) -> Result<Self> {
        share("mask share", mask)?;
        share("random share", random)?;
        share("mask and random share", mask + random)?;
        self.mask_share = mask;
        self.random_share = random;
        Ok(self)
    }

    /// Choosing whole words.
    #[must_use]
    pub fn with_whole_words(mut self) -> Self {
        self.whole_words = true;
        self
    }

    /// Noise for one encoding.
    pub fn mask(&self, encoding: &Encoding, rng: &mut StreamRng) -> Masked {
        let free = |at: usize| !encoding.special_tokens_mask.get(at).is_some_and(|&s| s);
        let starts = self.whole_words.then(|| encoding.word_starts());
        self.apply(&encoding.ids, free, starts.as_deref(), rng)
    }

    /// Noise for bare ids, as in packed pre-training text. `word_starts` says for every id whether
    /// it begins a word; without it every token counts as a word.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `word_starts` has another length than `ids`.
    pub fn mask_ids(
        &self,
        ids: &[u32],
        word_starts: Option<&[bool]>,
        rng: &mut StreamRng,
    ) -> Result<Masked> {
        if let Some(starts) = word_starts
            && starts.len() != ids.len()
        {
            return Err(Error::invalid(
                "word_starts",
                format!("has {} entries for {} ids", starts.len(), ids.len()),
            ));
        }
        let starts = word_starts.filter(|_| self.whole_words);
        Ok(self.apply(ids, |_| true, starts, rng))
    }

    fn apply(
        &self,
        ids: &[u32],
        free: impl Fn(usize) -> bool,
        word_starts: Option<&[bool]>,
        rng: &mut StreamRng,
    ) -> Masked {
        let mut masked = Masked {
            ids: ids.to_vec(),
            ..Masked::default()
        };
        let mut chosen = false;
        for (at, &id) in ids.iter().enumerate() {
            // A special token ends a word, so the next token begins one.
            let after_special = at > 0 && self.is_special(ids[at - 1]);
            if at == 0 || after_special || word_starts.is_none_or(|starts| starts[at]) {
                chosen = rng.random::<f64>() < self.probability;
            }
            if !chosen || !free(at) || self.is_special(id) {
                continue;
            }
            masked.positions.push(at);
            masked.targets.push(id);
            let draw = rng.random::<f64>();
            if draw < self.mask_share {
                masked.ids[at] = self.mask_id;
            } else if draw < self.mask_share + self.random_share {
                let pick = rng.random_range(0..self.replacements.len());
                masked.ids[at] = self.replacements[pick];
            }
        }
        masked
    }

    fn is_special(&self, id: u32) -> bool {
        self.special.binary_search(&id).is_ok()
    }
}

fn share(what: &str, value: f64) -> Result<()> {
    if (0.0..=1.0).contains(&value) {
        Ok(())
    } else {
        Err(Error::invalid(what, format!("{value} is not in [0, 1]")))
    }
}
