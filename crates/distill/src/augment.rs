//! More texts like those at hand (TinyBERT, Jiao et al. 2020, section 3.3): words replaced by what a
//! masked language model would put in their place.
//!
//! TinyBERT takes the neighbors of words of several pieces from GloVe vectors; here such words stay.

mod word_mark;

use std::path::Path;

use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::models::{EncoderForMaskedLM, EncoderInput};
use plm_core::rng::Seed;
use plm_core::text::{
    EncodeOptions, Encoding, OffsetUnit, Padding, SpecialToken, Tokenizer, Truncation, collate,
};
use rand::RngExt;
use rand::seq::IndexedRandom;
use serde::{Deserialize, Serialize};

use self::word_mark::WordMark;
use crate::example::Example;
use crate::{Error, Result};

/// How texts are changed.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AugmentSettings {
    /// New texts for each one.
    pub variants: usize,
    /// How likely a word is replaced.
    pub probability: f64,
    /// Most likely words among which one is drawn.
    pub candidates: usize,
    /// Longest text in tokens; what lies behind is kept as it is.
    pub max_length: usize,
    /// Copies of a text that go through the model together.
    pub batch: usize,
    /// Seed; a text's variants depend on it and on the text's name alone.
    pub seed: Seed,
}

impl Default for AugmentSettings {
    /// TinyBERT's 20 variants, 0.4 and 15 candidates.
    fn default() -> Self {
        Self {
            variants: 20,
            probability: 0.4,
            candidates: 15,
            max_length: 128,
            batch: 32,
            seed: Seed::new(1),
        }
    }
}

/// A changed text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Augmented {
    /// The new example; its label is the old one's.
    pub example: Example,
    /// Name of the example that it was made from.
    pub source: String,
}

/// Writes `texts` to `path` as JSON lines, which [`Corpus::open`](crate::Corpus::open) reads; `aug_of` is the
/// name of the example that a text was made from.
///
/// # Errors
/// [`Error::Core`] where the file cannot be written; what was there before is then still there.
pub fn write_json_lines(path: impl AsRef<Path>, texts: &[Augmented]) -> Result<()> {
    let lines = texts.iter();
    let lines = lines.map(|text| (&text.example, Some(text.source.as_str())));
    crate::corpus::write_json_lines(path.as_ref(), lines)
}

/// A masked language model that changes texts.
#[derive(Debug)]
pub struct Augmenter<'m> {
    model: &'m EncoderForMaskedLM,
    tokenizer: &'m Tokenizer,
    settings: AugmentSettings,
    mask: u32,
    words: WordMark,
    device: Device,
}

/// A word of one token and what could stand in its place.
struct Place {
    bytes: std::ops::Range<usize>,
    words: Vec<String>,
}

impl<'m> Augmenter<'m> {
    /// A model on the plain `device` with its tokenizer.
    ///
    /// # Errors
    /// [`Error::Core`] for a tokenizer without mask token or with other words than the model,
    /// [`Error::Setting`] for settings out of range or texts longer than the model takes, [`Error::Empty`] for
    /// a tokenizer whose tokens do not show where words begin.
    pub fn new(
        model: &'m EncoderForMaskedLM,
        tokenizer: &'m Tokenizer,
        settings: AugmentSettings,
        device: &Device,
    ) -> Result<Self> {
        let refuse = |name, value: String, limit| Err(Error::Setting { name, value, limit });
        if !(0.0..=1.0).contains(&settings.probability) {
            let value = settings.probability.to_string();
            return refuse("probability", value, "must be in 0..=1");
        }
        for (name, value) in [
            ("candidates", settings.candidates),
            ("batch", settings.batch),
        ] {
            if value == 0 {
                return refuse(name, "0".to_owned(), "must be at least 1");
            }
        }
        if settings.max_length == 0 || settings.max_length > model.encoder.config.max_length() {
            let limit = "must be between 1 and the tokens that the model has positions for";
            return refuse("max_length", settings.max_length.to_string(), limit);
        }
        tokenizer.check_vocabulary(model.encoder.config.vocab_size)?;
        Ok(Self {
            words: WordMark::of(
                tokenizer
                    .vocabulary()
                    .iter()
                    .map(|(token, _)| token.as_str()),
            )?,
            mask: tokenizer.require(SpecialToken::Mask)?,
            model,
            tokenizer,
            settings,
            device: device.clone().inner(),
        })
    }

    /// The variants of `example`, both texts of a pair changed. Variants may be equal to each other where
    /// there is little to replace.
    ///
    /// # Errors
    /// [`Error::Core`] where a text cannot be encoded.
    pub fn augment(&self, example: &Example) -> Result<Vec<Augmented>> {
        let text = self.places(&example.text)?;
        let pair = match &example.pair {
            Some(pair) => Some((pair, self.places(pair)?)),
            None => None,
        };
        let seed = self.settings.seed.child(&example.name);
        Ok((0..self.settings.variants)
            .map(|number| {
                let mut rng = seed.at(number as u64).rng();
                let mut changed = Example::new(self.vary(&example.text, &text, &mut rng))
                    .with_name(format!("{}#{number}", example.name));
                if let Some((pair, places)) = &pair {
                    changed = changed.with_pair(self.vary(pair, places, &mut rng));
                }
                if let Some(label) = &example.label {
                    changed = changed.with_label(label);
                }
                Augmented {
                    example: changed,
                    source: example.name.clone(),
                }
            })
            .collect())
    }

    fn vary(&self, text: &str, places: &[Place], rng: &mut plm_core::rng::StreamRng) -> String {
        let mut changed = String::with_capacity(text.len());
        let mut end = 0;
        for place in places {
            if !rng.random_bool(self.settings.probability) {
                continue;
            }
            let Some(word) = place.words.choose(rng) else {
                continue;
            };
            changed.push_str(&text[end..place.bytes.start]);
            changed.push_str(word);
            end = place.bytes.end;
        }
        changed.push_str(&text[end..]);
        changed
    }

    /// The words of `text` that are one token, with their candidates.
    fn places(&self, text: &str) -> Result<Vec<Place>> {
        let options = EncodeOptions::new()
            .with_truncation(Truncation::new(self.settings.max_length))
            .with_offsets(OffsetUnit::Bytes);
        let encoding = self.tokenizer.encode(text, &options)?;
        // Of the word at the cut the first token may be left alone.
        let uncut = match encoding.truncated {
            0 => None,
            _ => Some(self.tokenizer.encode(text, &EncodeOptions::new())?),
        };
        let whole = uncut.as_ref().unwrap_or(&encoding);
        let single: Vec<usize> = (0..encoding.len())
            .filter(|&at| {
                let word = text.get(span(&encoding, text, at)).unwrap_or_default();
                encoding.word_ids[at].is_some_and(|word| whole.word_tokens(0, word).len() == 1)
                    && word.chars().any(char::is_alphanumeric)
            })
            .collect();
        let mut places = Vec::with_capacity(single.len());
        for chunk in single.chunks(self.settings.batch) {
            for (&at, words) in chunk.iter().zip(self.candidates(&encoding, chunk)?) {
                let bytes = span(&encoding, text, at);
                let old = text[bytes.clone()].to_lowercase();
                let words = words.into_iter().filter(|word| word.to_lowercase() != old);
                places.push(Place {
                    bytes,
                    words: words.take(self.settings.candidates).collect(),
                });
            }
        }
        Ok(places)
    }

    /// The likeliest words at each of `positions`, one masked at a time.
    fn candidates(&self, encoding: &Encoding, positions: &[usize]) -> Result<Vec<Vec<String>>> {
        let masked: Vec<Encoding> = positions
            .iter()
            .map(|&at| {
                let mut masked = encoding.clone();
                masked.ids[at] = self.mask;
                masked
            })
            .collect();
        let batch = collate(&masked, &Padding::of(self.tokenizer)?, &self.device)?;
        let input = EncoderInput::ids(batch.ids).with_padding(batch.mask);
        let hidden = self.model.encoder.forward(&input).last_hidden_state;
        let length = encoding.len();
        let at: Vec<i64> = (positions.iter().enumerate())
            .map(|(row, &at)| (row * length + at) as i64)
            .collect();
        let at = Tensor::<1, Int>::from_data(TensorData::from(at.as_slice()), &self.device);
        let scores = crate::loss::rows_of(self.model.logits_at(hidden, at, None));
        Ok(scores.iter().map(|scores| self.words(scores)).collect())
    }

    /// One candidate more than wanted, since the old word may be among them.
    fn words(&self, scores: &[f64]) -> Vec<String> {
        let mut ids: Vec<u32> = (0..scores.len() as u32).collect();
        ids.sort_by(|&a, &b| scores[b as usize].total_cmp(&scores[a as usize]));
        ids.into_iter()
            .filter_map(|id| self.word(id))
            .take(self.settings.candidates + 1)
            .collect()
    }

    /// The token as a whole word, if it is one.
    fn word(&self, id: u32) -> Option<String> {
        let token = self.tokenizer.id_to_token(id)?;
        let piece = !self.words.is_start(&token) || self.tokenizer.special_ids().contains(&id);
        let word = self.tokenizer.decode(&[id], true).ok()?.trim().to_owned();
        (!piece && !word.is_empty() && word.chars().all(char::is_alphanumeric)).then_some(word)
    }
}

/// The bytes of the token at `at` without the space that some tokenizers count to a word.
fn span(encoding: &Encoding, text: &str, at: usize) -> std::ops::Range<usize> {
    let (start, end) = encoding.offsets[at];
    let word = text.get(start..end).unwrap_or_default();
    start + word.len() - word.trim_start().len()..end
}
