use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};
use tokenizers as tk;
use tokenizers::models::bpe::{BPE, BpeTrainer, BpeTrainerBuilder};
use tokenizers::models::wordpiece::WordPiece;
use tokenizers::normalizers::BertNormalizer;
use tokenizers::pre_tokenizers::bert::BertPreTokenizer;
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{Normalizer, PreTokenizer, Trainer};

use super::Tokenizer;
use super::special::SpecialTokens;
use super::tokenizer::guarded;
use crate::{Error, Result};

/// Training of a WordPiece tokenizer for BERT. The first ids are `[PAD] [UNK] [CLS] [SEP] [MASK]`,
/// then the unused tokens, then the alphabet, then the alphabet within words (`##a`), then joined
/// pieces in the order in which they were joined. The same texts give the same tokenizer.
///
/// ```
/// use plm_core::text::{EncodeOptions, WordPieceTraining};
///
/// # fn main() -> plm_core::Result<()> {
/// let training = WordPieceTraining { vocab_size: 60, unused: 2, ..Default::default() };
/// let tokenizer = training.train(["the lamp", "the lamps", "the ramp"].iter())?;
/// assert_eq!(tokenizer.encode("the lamp", &EncodeOptions::new())?.ids[0], 2);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WordPieceTraining {
    /// The number of tokens, special and unused ones included.
    pub vocab_size: usize,
    /// How often a pair of pieces must occur to be joined.
    pub min_frequency: u64,
    /// Whether text is lower-cased, which also strips accents.
    pub lowercase: bool,
    /// How many tokens `[unused0]`, `[unused1]`, … are kept free for later use.
    pub unused: usize,
    /// The largest number of different characters; the rarest beyond it are dropped.
    pub limit_alphabet: Option<usize>,
}

impl Default for WordPieceTraining {
    /// 8,192 tokens, pairs from 3 occurrences on, lower-cased, 64 unused tokens, 200 characters.
    fn default() -> Self {
        Self {
            vocab_size: 8192,
            min_frequency: 3,
            lowercase: true,
            unused: 64,
            limit_alphabet: Some(200),
        }
    }
}

impl WordPieceTraining {
    /// Trains on `texts`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `vocab_size` has no room beyond the special and unused tokens,
    /// [`Error::Tokenizer`] where the texts hold no character.
    pub fn train<S>(&self, texts: impl Iterator<Item = S> + Send) -> Result<Tokenizer>
    where
        S: AsRef<str> + Send,
    {
        let mut special: Vec<String> = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
            .map(str::to_owned)
            .into();
        special.extend((0..self.unused).map(|index| format!("[unused{index}]")));
        check_room(self.vocab_size, special.len())?;
        let normalizer = BertNormalizer::new(true, true, None, self.lowercase);
        let counts = Mutex::new(CharCounts::default());
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(self.vocab_size)
            .min_frequency(self.min_frequency)
            .continuing_subword_prefix("##".to_owned())
            .build();
        feed(
            &mut trainer,
            texts,
            &normalizer,
            &BertPreTokenizer,
            |words| {
                // Poisoned means that another thread's panic is already on its way.
                counts
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .add(words);
            },
        )?;
        let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
        // The crate's own alphabet is in the order of a hash table, different in every process.
        // Given as leading tokens it has ours, and with a limit of 0 nothing is added to it.
        let mut leading = special.clone();
        leading.extend(counts.alphabet(self.limit_alphabet));
        if leading.len() == special.len() {
            return Err(Error::tokenizer("training: the texts hold no character"));
        }
        trainer.special_tokens = added(&leading);
        trainer.limit_alphabet = Some(0);
        let mut tok = tk::Tokenizer::new(WordPiece::from_bpe(&learn(&trainer)?));
        guarded("training", || {
            tok.with_normalizer(Some(normalizer)).map(|_| ())
        })?;
        tok.with_pre_tokenizer(Some(BertPreTokenizer));
        tok.with_decoder(Some(tk::decoders::wordpiece::WordPiece::default()));
        guarded("training", || tok.add_special_tokens(added(&special)))?;
        let template = guarded("post-processor", || {
            Ok(TemplateProcessing::builder()
                .try_single("[CLS] $A [SEP]")?
                .try_pair("[CLS] $A [SEP] $B:1 [SEP]:1")?
                .special_tokens(vec![("[CLS]", 2), ("[SEP]", 3)])
                .build()?)
        })?;
        tok.with_post_processor(Some(template));
        finish(tok, Some(self.lowercase))
    }
}

/// Whose special tokens a byte-level tokenizer has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum BytePairStyle {
    /// `<s> <pad> </s> <unk> <mask>` with ids 0 to 4, sequences framed by `<s>` and `</s>`: also
    /// BART's.
    Roberta,
    /// `<|endoftext|>` with id 0, sequences not framed.
    Gpt2,
}

/// Training of a byte-level BPE tokenizer, which can spell every text. The same texts give the same
/// tokenizer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BytePairTraining {
    /// The number of tokens, special ones and the 256 bytes included.
    pub vocab_size: usize,
    /// How often a pair of pieces must occur to be joined.
    pub min_frequency: u64,
    /// Whose special tokens it gets.
    pub style: BytePairStyle,
}

impl BytePairTraining {
    /// Trains on `texts`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `vocab_size` has no room for the special tokens and the bytes.
    pub fn train<S>(&self, texts: impl Iterator<Item = S> + Send) -> Result<Tokenizer>
    where
        S: AsRef<str> + Send,
    {
        let special: Vec<String> = match self.style {
            BytePairStyle::Roberta => ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
                .map(str::to_owned)
                .into(),
            BytePairStyle::Gpt2 => vec!["<|endoftext|>".to_owned()],
        };
        check_room(self.vocab_size, special.len() + 255)?;
        let mut tokens = added(&special);
        if let Some(mask) = tokens.iter_mut().find(|token| token.content == "<mask>") {
            mask.lstrip = true;
        }
        let splitter = ByteLevel::new(false, true, true);
        let mut trainer = BpeTrainerBuilder::new()
            .show_progress(false)
            .vocab_size(self.vocab_size)
            .min_frequency(self.min_frequency)
            .special_tokens(tokens.clone())
            .initial_alphabet(ByteLevel::alphabet().into_iter().collect())
            .build();
        feed(&mut trainer, texts, &NoNormalizer, &splitter, |_| {})?;
        let mut tok = tk::Tokenizer::new(learn(&trainer)?);
        tok.with_pre_tokenizer(Some(splitter));
        tok.with_decoder(Some(ByteLevel::default()));
        guarded("training", || tok.add_special_tokens(tokens))?;
        if self.style == BytePairStyle::Roberta {
            let ends = RobertaProcessing::new(("</s>".to_owned(), 2), ("<s>".to_owned(), 0));
            tok.with_post_processor(Some(ends.trim_offsets(true).add_prefix_space(false)));
        }
        finish(tok, None)
    }
}

fn check_room(vocab_size: usize, taken: usize) -> Result<()> {
    if vocab_size > taken {
        Ok(())
    } else {
        Err(Error::invalid(
            "vocab_size",
            format!("is {vocab_size}, must exceed {taken}"),
        ))
    }
}

fn added(tokens: &[String]) -> Vec<tk::AddedToken> {
    tokens
        .iter()
        .map(|token| tk::AddedToken::from(token.as_str(), true))
        .collect()
}

/// Text as it is.
struct NoNormalizer;

impl Normalizer for NoNormalizer {
    fn normalize(&self, _: &mut tk::NormalizedString) -> tk::Result<()> {
        Ok(())
    }
}

/// How often every character occurs, and which occur within words.
#[derive(Default)]
struct CharCounts {
    total: BTreeMap<char, u64>,
    inner: BTreeSet<char>,
}

impl CharCounts {
    fn add(&mut self, words: &[String]) {
        for (index, c) in words.iter().flat_map(|word| word.chars().enumerate()) {
            *self.total.entry(c).or_default() += 1;
            if index > 0 {
                self.inner.insert(c);
            }
        }
    }

    /// The `limit` most frequent characters by code point, then those of them that occur within
    /// words, as continuations. Of equally frequent ones the lower code point wins.
    fn alphabet(&self, limit: Option<usize>) -> Vec<String> {
        let mut kept: Vec<(char, u64)> = self.total.iter().map(|(&c, &n)| (c, n)).collect();
        kept.sort_by(|a, b| b.1.cmp(&a.1).then(a.0.cmp(&b.0)));
        kept.truncate(limit.unwrap_or(usize::MAX));
        kept.sort_unstable();
        let first = kept.iter().map(|(c, _)| c.to_string());
        let inner = kept.iter().filter(|(c, _)| self.inner.contains(c));
        first.chain(inner.map(|(c, _)| format!("##{c}"))).collect()
    }
}

/// Counts the words of `texts`, on all threads; `seen` gets the words of each text.
fn feed<S: AsRef<str> + Send>(
    trainer: &mut BpeTrainer,
    texts: impl Iterator<Item = S> + Send,
    normalizer: &impl Normalizer,
    splitter: &(impl PreTokenizer + Sync),
    seen: impl Fn(&[String]) + Sync,
) -> Result<()> {
    guarded("training", || {
        trainer.feed(texts, |text| {
            let mut normalized = tk::NormalizedString::from(text);
            normalizer.normalize(&mut normalized)?;
            let mut pieces = tk::PreTokenizedString::from(normalized);
            splitter.pre_tokenize(&mut pieces)?;
            let words: Vec<String> = pieces
                .get_splits(tk::OffsetReferential::Original, tk::OffsetType::Byte)
                .into_iter()
                .map(|(word, _, _)| word.to_owned())
                .collect();
            seen(&words);
            Ok(words)
        })
    })
}

fn learn(trainer: &BpeTrainer) -> Result<BPE> {
    let mut model = BPE::default();
    guarded("training", || trainer.train(&mut model).map(|_| ()))?;
    Ok(model)
}

fn finish(tok: tk::Tokenizer, lowercase: Option<bool>) -> Result<Tokenizer> {
    let special = SpecialTokens::resolve(&[], |token| tok.token_to_id(token))?;
    let settings = lowercase
        .map(|flag| ("do_lower_case".to_owned(), flag.into()))
        .into_iter()
        .collect();
    Tokenizer::from_parts(tok, special, settings)
}
