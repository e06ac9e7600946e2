//! Mistakes that are told before the work begins.

use std::fs;

use anyhow::{Result, bail, ensure};
use plm_core::nn::FeedForward;
use plm_moe::{LayerId, Policy};

use crate::arguments::{Arguments, RouterName};

/// Fewest tokens that routers can be fitted to, chosen by and measured on.
pub(crate) const MIN_TOKENS: usize = 10;

impl Arguments {
    /// Checks all that can be checked without the model.
    ///
    /// # Errors
    /// The first mistake.
    pub(crate) fn check(&self) -> Result<()> {
        self.config().k(1)?;
        if let Some(tau) = self.dynamic {
            Policy::Max { tau }.check(1)?;
            ensure!(
                self.router() == RouterName::Contribution,
                "--dynamic needs scores that are sizes of outputs: --router contribution"
            );
        }
        if let Some(ratio) = self.operations {
            ensure!(
                ratio > 0.0 && ratio <= 1.0,
                "--operations {ratio}: must be above 0 and at most 1"
            );
        }
        let tokens = self.tokens;
        ensure!(
            tokens >= MIN_TOKENS,
            "--tokens {tokens}: at least {MIN_TOKENS} are needed"
        );
        ensure!(self.length > 0, "--length 0: at least 1 token is needed");
        self.check_out()
    }

    /// Checks that the folder for the result may be written.
    fn check_out(&self) -> Result<()> {
        let out = self.out.display();
        if !self.out.exists() {
            return Ok(());
        }
        ensure!(self.out.is_dir(), "{out}: exists and is not a folder");
        ensure!(
            fs::canonicalize(&self.out).ok() != fs::canonicalize(&self.model).ok(),
            "{out}: is the folder of the model itself"
        );
        let entries = fs::read_dir(&self.out);
        let mut entries = entries.map_err(|error| plm_core::Error::io(&self.out, error))?;
        if entries.next().is_none() {
            return Ok(());
        }
        ensure!(
            self.overwrite,
            "{out}: the folder is not empty; --overwrite replaces the checkpoint in it"
        );
        ensure!(
            self.out.join("config.json").is_file(),
            "{out}: the folder holds no checkpoint; it is not replaced"
        );
        Ok(())
    }
}

/// Checks that every layer can be divided into two or more experts of `size` neurons.
///
/// # Errors
/// Where one cannot; the text names the nearest sizes that do.
pub(crate) fn check_expert_size(blocks: &[(LayerId, FeedForward)], size: usize) -> Result<()> {
    let mut neurons: Vec<usize> = blocks
        .iter()
        .map(|(_, block)| block.inner.weight.val().dims()[1])
        .collect();
    neurons.sort_unstable();
    neurons.dedup();
    let divides = |size: &usize| {
        let fits = |own: &usize| own.is_multiple_of(*size) && own / size >= 2;
        neurons.iter().all(fits)
    };
    if size > 0 && divides(&size) {
        return Ok(());
    }
    let smallest = neurons.first().copied().unwrap_or(0);
    let below = (1..size.min(smallest)).rev().find(divides);
    let above = (size.saturating_add(1)..=smallest).find(divides);
    let near: Vec<String> = (below.iter().chain(&above)).map(usize::to_string).collect();
    let neurons: Vec<String> = neurons.iter().map(usize::to_string).collect();
    bail!(
        "--expert-size {size}: layers of {} neurons cannot be divided into two or more experts of \
         that size; near sizes that do: {}",
        neurons.join(" and "),
        near.join(" and ")
    )
}
