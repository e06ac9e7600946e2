//! `cargo xtask pretrain`: a BERT-style masked language model from text files.
//!
//! The defaults are those that the model in `models/plm-mini` was made with, but for the batch, which
//! is sized for a CPU. A run that is stopped goes on where it was.

#[cfg(feature = "repro")]
mod corpus;
#[cfg(feature = "repro")]
mod masked;
#[cfg(feature = "repro")]
mod start;
#[cfg(feature = "repro")]
mod train;
#[cfg(feature = "repro")]
mod windows;

#[cfg(feature = "repro")]
pub(crate) use masked::MaskedWindows;
#[cfg(feature = "repro")]
pub(crate) use start::Start;
#[cfg(feature = "repro")]
pub(crate) use train::{ADAMW, MAX_GRAD_NORM, WEIGHT_DECAY, batches, curve, run, train};

use std::path::PathBuf;

use anyhow::{Result, ensure};

/// What to train on, and how.
#[derive(Debug, Clone, clap::Args)]
pub struct Arguments {
    /// Text: `.txt` files, `.jsonl` and `.jsonl.gz` files with a field `text` or `summary`, folders of
    /// such files.
    #[arg(required = true)]
    pub texts: Vec<PathBuf>,
    /// Folder for the model, the log, the loss curve and the checkpoints.
    #[arg(long)]
    pub out: PathBuf,
    /// Folder with the tokenizer to use; without it one is trained on the text.
    #[arg(long)]
    pub tokenizer: Option<PathBuf>,
    /// Folder with a masked LM to go on from; its tokenizer is used.
    #[arg(long, conflicts_with = "tokenizer")]
    pub init: Option<PathBuf>,
    /// Entries of a new tokenizer.
    #[arg(long, default_value_t = 8192)]
    pub vocab_size: usize,
    /// Layers of a new model.
    #[arg(long, default_value_t = 4)]
    pub layers: usize,
    /// Width of a new model.
    #[arg(long, default_value_t = 256)]
    pub width: usize,
    /// Attention heads of a new model.
    #[arg(long, default_value_t = 4)]
    pub heads: usize,
    /// Width of the feed-forward blocks of a new model.
    #[arg(long, default_value_t = 1024)]
    pub intermediate: usize,
    /// Optimizer steps.
    #[arg(long, default_value_t = 13_000)]
    pub steps: u64,
    /// Windows of text per step.
    #[arg(long, default_value_t = 64)]
    pub batch: usize,
    /// Tokens per window.
    #[arg(long, default_value_t = 128)]
    pub length: usize,
    /// Peak learning rate.
    #[arg(long, default_value_t = 6e-4)]
    pub lr: f64,
    /// Steps until the peak.
    #[arg(long, default_value_t = 1_500)]
    pub warmup: u64,
    /// Steps between evaluations; each writes a checkpoint.
    #[arg(long, default_value_t = 250)]
    pub evaluate_every: u64,
    /// Tokens at the end of the text that are kept for evaluation.
    #[arg(long, default_value_t = 200_000)]
    pub held_out: usize,
    /// Seed of everything random.
    #[arg(long, default_value_t = 1)]
    pub seed: u64,
    /// Device to compute on.
    #[arg(long, default_value = "flex")]
    pub device: String,
    /// Parts that the windows of a step are worked on in; the number of replicas does not change results
    /// beyond this one [default: the number of replicas].
    #[arg(long)]
    pub parts: Option<usize>,
    /// Devices that share the parts of a step, with commas between: flex, cuda:0, ws://HOST:PORT …; the
    /// model itself, its optimizer and its evaluation stay on `--device`.
    #[arg(long, value_delimiter = ',')]
    pub replicas: Vec<String>,
}

impl Arguments {
    /// Refuses what `run` would refuse only after minutes of building.
    ///
    /// # Errors
    /// Names a text, tokenizer or model that is not there.
    pub fn check(&self) -> Result<()> {
        for path in self.texts.iter().chain(&self.tokenizer).chain(&self.init) {
            ensure!(path.exists(), "{}: no such file or folder", path.display());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    #[derive(clap::Parser)]
    struct Cli {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn what_is_not_there_is_told_before_anything_is_built() {
        let folder = tempfile::tempdir().unwrap();
        let (there, gone) = (folder.path().join("a.txt"), folder.path().join("b"));
        std::fs::write(&there, "text").unwrap();
        let (there, gone) = (there.to_str().unwrap(), gone.to_str().unwrap());
        let said = |words: &[&str]| {
            let words = ["pretrain", "--out", "out"]
                .into_iter()
                .chain(words.iter().copied());
            let checked = Cli::parse_from(words).arguments.check();
            checked.map_or_else(|error| error.to_string(), |()| String::new())
        };
        assert_eq!(said(&[there]), "");
        for words in [
            [there, gone].as_slice(),
            &[there, "--tokenizer", gone],
            &[there, "--init", gone],
        ] {
            assert_eq!(said(words), format!("{gone}: no such file or folder"));
        }
    }
}
