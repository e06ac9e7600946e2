//! An encoder with a head of this crate.

use std::path::Path;

use burn::module::Module;
use burn::tensor::{Device, Tensor};
use plm_core::checkpoint::{KeyTable, LoadOptions};
use plm_core::config::{ConfigFile, EncoderConfig, EncoderFamily, ModelConfig};
use plm_core::models::{EncoderModel, Pretrained, PretrainedModel, WordTable};
use plm_core::nn::init::{Init, bert_rule, initialize};
use plm_core::nn::{FeedForward, Ffn};
use plm_core::rng::Seed;

use super::HeadedConfig;
use super::config::HEAD_FIELD;
use crate::Result;
use crate::heads::{Head, HeadConfig, layer_names};

/// An encoder with a head.
///
/// [`Pretrained::save`] and [`Pretrained::load`] keep both in one Hugging Face directory, the head's
/// settings in its `config.json`.
#[derive(Module, Debug)]
pub struct Headed<H: Head, F: Ffn = FeedForward> {
    /// The encoder, without a pooler.
    pub encoder: EncoderModel<F>,
    /// The head.
    pub head: H,
}

impl<H: Head> PretrainedModel for Headed<H> {
    type Config = HeadedConfig<H::Config>;

    const HEAD: &'static [&'static str] = &["head."];

    fn from_config(config: &Self::Config, _names: &[String], device: &Device) -> Self {
        Self {
            encoder: EncoderModel::new(&config.encoder, false, device),
            head: H::new(&config.head, &config.encoder, device),
        }
    }

    fn key_table(config: &Self::Config) -> KeyTable<'static> {
        KeyTable {
            head: H::KEYS,
            ..EncoderModel::key_table(&config.encoder)
        }
    }

    fn architecture(config: &Self::Config) -> String {
        let family = match config.encoder.family {
            EncoderFamily::Bert => "Bert",
            EncoderFamily::Roberta => "Roberta",
            EncoderFamily::Mpnet => "MPNet",
            EncoderFamily::DistilBert => "DistilBert",
        };
        format!("{family}{}", H::NAME)
    }

    fn init(config: &Self::Config, path: &str) -> Init {
        bert_rule(config.encoder.initializer_range)(path)
    }

    fn vocab_size(config: &Self::Config) -> usize {
        config.encoder.vocab_size
    }

    fn leftovers(config: &Self::Config) -> Vec<String> {
        leftovers(&config.encoder)
    }
}

/// What the models do not want of an encoder's file: the pooler and BERT's next-sentence head.
fn leftovers(config: &EncoderConfig) -> Vec<String> {
    let mut names = vec!["cls.seq_relationship".to_owned(), "pooler".to_owned()];
    for prefix in EncoderModel::key_table(config).prefixes {
        names.push(format!("{prefix}pooler"));
    }
    names
}

impl<H: Head, F: Ffn> WordTable for Headed<H, F> {
    const TABLE: &'static str = "encoder.embeddings.word.weight";

    fn words(&self) -> Tensor<2> {
        self.encoder.words()
    }

    fn with_new_words(mut self, rows: Tensor<2>) -> Self {
        self.encoder = self.encoder.with_new_words(rows);
        self
    }

    fn with_word_copied(mut self, from: usize, to: usize) -> Self {
        self.encoder = self.encoder.with_word_copied(from, to);
        self
    }
}

/// Reads the encoder of a directory, whatever head the file has on it, those of this crate included.
///
/// # Errors
/// As [`Pretrained::load`].
pub fn load_base(dir: impl AsRef<Path>, device: &Device) -> Result<Pretrained<EncoderModel>> {
    let dir = dir.as_ref();
    let config = EncoderConfig::from_file(&ConfigFile::read(dir)?)?;
    let heads = EncoderModel::key_table(&config).heads;
    let mut options = LoadOptions::new();
    let others = layer_names().chain(["cls.seq_relationship"]);
    for name in heads.iter().copied().chain(others) {
        options = options.allow_unused(name);
    }
    Ok(Pretrained::load_with(dir, device, &options)?)
}

/// `base` with a new head, whose weights are drawn from `seed` by the encoder's rule.
///
/// # Errors
/// Those of [`HeadConfig::check`].
pub fn with_head<H: Head>(
    base: Pretrained<EncoderModel>,
    config: &H::Config,
    seed: Seed,
) -> Result<Pretrained<Headed<H>>> {
    config.check()?;
    let mut encoder = base.model;
    encoder.pooler = None;
    let device = encoder.embeddings.word.weight.device();
    let head = H::new(config, &encoder.config, &device);
    let rule = bert_rule(encoder.config.initializer_range);
    let head = initialize(head, seed.child("head"), rule);
    let mut file = base.config;
    let fields = serde_json::to_value(config)
        .map_err(|error| plm_core::Error::config("head", HEAD_FIELD, error.to_string()))?;
    file.set(HEAD_FIELD, fields);
    Ok(Pretrained {
        model: Headed { encoder, head },
        config: file,
        tokenizer: base.tokenizer,
        report: base.report,
    })
}
