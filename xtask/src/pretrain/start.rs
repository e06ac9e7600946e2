//! What a run begins with: the model and the text.

use anyhow::{Result, ensure};
use burn::tensor::Device;
use plm_core::config::EncoderConfig;
use plm_core::kernel::Activation;
use plm_core::models::{EncoderForMaskedLM, Pretrained};
use plm_core::rng::Seed;
use plm_core::text::{MlmMasking, SpecialToken, Tokenizer, WordPieceTraining};

use super::masked::MaskedWindows;
use super::windows::Windows;
use super::{Arguments, corpus};

/// Windows of an evaluation, and of one of its batches.
const HELD_OUT_WINDOWS: usize = 256;
const HELD_OUT_BATCH: usize = 32;

/// A model before its first step, and the text for it.
pub(crate) struct Start {
    pub(crate) model: Pretrained<EncoderForMaskedLM>,
    /// The text to train on, then the text that is held out.
    stream: Vec<u32>,
    held_out: usize,
}

impl Start {
    /// Reads the texts and reads or makes the model; tells `say` how much text there is.
    pub(crate) fn new(arguments: &Arguments, say: &dyn Fn(&str)) -> Result<Self> {
        let device = plm_core::device::parse(&arguments.device)?;
        let seed = Seed::new(arguments.seed);
        let documents = corpus::read(&arguments.texts, seed)?;
        let model = model(arguments, &documents, seed, &device)?;
        let stream = corpus::encode(&documents, model.tokenizer()?)?;
        say(&format!(
            "{} documents, {} tokens",
            documents.len(),
            stream.len()
        ));
        ensure!(
            stream.len() > 2 * arguments.held_out,
            "{} tokens of text are too few to hold out {}: see --held-out",
            stream.len(),
            arguments.held_out
        );
        ensure!(
            arguments.held_out + 1 >= arguments.length,
            "--held-out {}: fewer tokens than one window of --length {} takes",
            arguments.held_out,
            arguments.length
        );
        Ok(Self {
            model,
            stream,
            held_out: arguments.held_out,
        })
    }

    /// The text to train on and the text that is held out.
    fn texts(&self) -> (&[u32], &[u32]) {
        self.stream.split_at(self.stream.len() - self.held_out)
    }

    /// The token that windows begin with.
    fn first(&self) -> Result<u32> {
        Ok(self.model.tokenizer()?.require(SpecialToken::Cls)?)
    }

    pub(super) fn masking(&self) -> Result<MlmMasking> {
        Ok(MlmMasking::new(self.model.tokenizer()?)?)
    }

    /// The windows to train on, `batch` at a time.
    pub(super) fn windows(&self, arguments: &Arguments, batch: usize) -> Result<Windows<'_>> {
        let (training, length) = (self.texts().0, arguments.length);
        let seed = Seed::new(arguments.seed).child("windows");
        Ok(Windows::new(training, self.first()?, length, batch, seed)?)
    }

    /// The batches of an evaluation, always with the same noise.
    pub(crate) fn held_out(&self, arguments: &Arguments) -> Result<Vec<MaskedWindows>> {
        let (first, masking) = (self.first()?, self.masking()?);
        let windows: Vec<Vec<u32>> = (self.texts().1.chunks_exact(arguments.length - 1))
            .take(HELD_OUT_WINDOWS)
            .map(|tokens| [&[first], tokens].concat())
            .collect();
        let batches = windows.chunks(HELD_OUT_BATCH).enumerate();
        let draw = |(index, batch): (usize, &[Vec<u32>])| {
            let seed = Seed::new(123).at(index as u64);
            Ok(MaskedWindows::draw(batch, &masking, seed)?)
        };
        batches.map(draw).collect()
    }
}

/// The model to begin with, with its tokenizer.
fn model(
    arguments: &Arguments,
    documents: &[String],
    seed: Seed,
    device: &Device,
) -> Result<Pretrained<EncoderForMaskedLM>> {
    if let Some(folder) = &arguments.init {
        let model = Pretrained::<EncoderForMaskedLM>::load(folder, device)?;
        let positions = model.settings()?.max_length();
        ensure!(
            arguments.length <= positions,
            "--length {}: the model in {} has positions for {positions} tokens",
            arguments.length,
            folder.display()
        );
        return Ok(model);
    }
    let tokenizer = match &arguments.tokenizer {
        Some(folder) => Tokenizer::from_dir(folder)?,
        None => WordPieceTraining {
            vocab_size: arguments.vocab_size,
            min_frequency: 3,
            lowercase: true,
            unused: 64,
            limit_alphabet: Some(200),
        }
        .train(documents.iter().map(String::as_str))?,
    };
    ensure!(
        arguments.width.is_multiple_of(arguments.heads),
        "--heads {} does not divide --width {}",
        arguments.heads,
        arguments.width
    );
    let config = EncoderConfig {
        hidden_size: arguments.width,
        num_hidden_layers: arguments.layers,
        num_attention_heads: arguments.heads,
        intermediate_size: arguments.intermediate,
        hidden_act: Activation::Relu,
        hidden_dropout_prob: 0.05,
        attention_probs_dropout_prob: 0.05,
        classifier_dropout: 0.05,
        max_position_embeddings: arguments.length.max(512),
        pad_token_id: tokenizer.require(SpecialToken::Pad)? as usize,
        ..EncoderConfig::bert(tokenizer.vocabulary_size())
    };
    let mut model = Pretrained::new(&config, seed.child("weights"), device)?;
    model.tokenizer = Some(tokenizer);
    Ok(model)
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn windows_longer_than_the_model_to_go_on_from_are_refused() {
        let mini = concat!(env!("CARGO_MANIFEST_DIR"), "/../models/plm-mini");
        let device = plm_core::device::parse("flex").unwrap();
        let begin = |length: &str| {
            let words = ["pretrain", "a.txt", "--out", "b", "--init", mini];
            let words = words.into_iter().chain(["--length", length]);
            let line = Line::parse_from(words);
            model(&line.arguments, &[], Seed::new(1), &device)
        };
        assert!(begin("512").is_ok());
        let text = begin("513").unwrap_err().to_string();
        assert!(
            text.contains("--length 513") && text.contains("512"),
            "{text}"
        );
    }
}
