//! Running this program again as a build that holds the models.
//!
//! `cargo xtask` builds in seconds because it links no model. A verb that needs one starts
//! `cargo run --release --package xtask --features repro,…` with the same arguments, and sets
//! `BURN_DEVICE`, which burn reads wherever it picks a device by itself.

use std::ffi::OsString;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context as _, Result, bail, ensure};

use crate::workspace::Workspace;

/// Set in the second run, so that a build that lacks a feature cannot start itself for ever.
const GUARD: &str = "PLM_XTASK_RERUN";

/// glibc's allocator gives large buffers back to the system when they are freed, and the system clears them
/// anew at the next step. With these limits it keeps them, which saves up to a third of a training step.
/// Other allocators ignore them.
const ALLOCATOR: [(&str, &str); 2] = [
    ("MALLOC_MMAP_THRESHOLD_", "4294967296"),
    ("MALLOC_TRIM_THRESHOLD_", "4294967296"),
];

/// The kind of device in a name such as `cuda:1`.
fn kind(device: &str) -> &str {
    device.split_once(':').map_or(device, |(kind, _)| kind)
}

/// Refuses an index where the kind of device has none, and one that is no number: `plm_core::device::parse`
/// would, but only after minutes of building.
fn check_index(device: &str) -> Result<()> {
    let index = match device.strip_prefix("ws://") {
        Some(host) => host.split_once('#').map(|(_, index)| index),
        None => device.split_once(':').map(|(_, index)| index),
    };
    if let Some(index) = index {
        ensure!(
            ["cuda", "ws"].contains(&kind(device)),
            "device `{device}`: `{}` takes no index",
            kind(device)
        );
        ensure!(
            index.parse::<usize>().is_ok(),
            "device `{device}`: `{index}` is not a device index"
        );
    }
    Ok(())
}

/// The features that a build needs to run models on `device`.
///
/// # Errors
/// Where no feature brings a device of that name, or its index is wrong.
pub fn features(device: &str) -> Result<Vec<&'static str>> {
    let features = match kind(device) {
        "flex" => vec!["repro"],
        "ndarray" => vec!["repro", "ndarray"],
        "wgpu" => vec!["repro", "wgpu"],
        "vulkan" => vec!["repro", "vulkan"],
        "cuda" => vec!["repro", "cuda"],
        "ws" if device.starts_with("ws://") => vec!["repro", "remote"],
        _ => bail!(
            "unknown device `{device}`; there are: flex, ndarray, wgpu, vulkan, cuda, cuda:INDEX, \
             ws://HOST:PORT, ws://HOST:PORT#INDEX"
        ),
    };
    check_index(device)?;
    Ok(features)
}

/// True where `device` computes on the processor of this machine.
pub fn on_processor(device: &str) -> bool {
    ["flex", "ndarray"].contains(&device)
}

/// True where this build has `feature`.
pub fn has(feature: &str) -> bool {
    match feature {
        "repro" => cfg!(feature = "repro"),
        "ndarray" => cfg!(feature = "ndarray"),
        "wgpu" => cfg!(feature = "wgpu"),
        "vulkan" => cfg!(feature = "vulkan"),
        "cuda" => cfg!(feature = "cuda"),
        "remote" => cfg!(feature = "remote"),
        "hub" => cfg!(feature = "hub"),
        _ => false,
    }
}

/// The cargo that started this program, or the one on the path.
pub fn cargo() -> Command {
    Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

/// What the second run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Results: its environment is made as fast as it can be.
    Work,
    /// Timings with this many worker threads, in the environment that a user's program has.
    Timing {
        /// Worker threads.
        threads: usize,
        /// Whether freed memory is kept, as it is for [`Work`](Self::Work).
        keep_memory: bool,
    },
}

/// Runs the program again where this build or its environment does not suit `device` and `purpose`.
///
/// `None` means: go on here.
///
/// # Errors
/// Where the device is unknown, cargo cannot be started, or the second build still lacks a feature.
pub fn on_device(
    workspace: &Workspace,
    device: &str,
    purpose: Purpose,
) -> Result<Option<ExitCode>> {
    with_features(workspace, device, features(device)?, purpose)
}

/// As [`on_device`] in a build with `features`, some of which other devices may need.
///
/// # Errors
/// As [`on_device`].
pub fn with_features(
    workspace: &Workspace,
    device: &str,
    features: Vec<&'static str>,
    purpose: Purpose,
) -> Result<Option<ExitCode>> {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    let built = features.iter().all(|feature| has(feature));
    let default = match kind(device) {
        // burn's default is one of this process.
        "ws" => "flex",
        kind => kind,
    };
    let named = std::env::var("BURN_DEVICE").is_ok_and(|name| name == default);
    let missing = missing(purpose);
    let again = std::env::var_os(GUARD).is_some();
    let mut command = match plan(built, named && missing.is_empty(), again) {
        Plan::Here => return Ok(None),
        Plan::Stuck => bail!(
            "this build lacks one of the features {}",
            features.join(", ")
        ),
        Plan::Restart => Command::new(std::env::current_exe().context("this program's own path")?),
        Plan::Rebuild => {
            eprintln!(
                "building with the models (release, features {}) …",
                features.join(",")
            );
            let mut command = cargo();
            command
                .args(["run", "--quiet", "--release", "--manifest-path"])
                .arg(workspace.root().join("Cargo.toml"))
                .args([
                    "--package",
                    "xtask",
                    "--features",
                    &features.join(","),
                    "--",
                ]);
            command
        }
    };
    command.args(arguments);
    command.env(GUARD, "1").env("BURN_DEVICE", default);
    command.envs(missing);
    let status = command
        .status()
        .with_context(|| format!("{:?}", command.get_program()))?;
    Ok(Some(code(status)))
}

/// The variables that a run for `purpose` needs and that are not as it needs them, with their values.
/// Limits of the allocator that the user has set stay what they are.
fn missing(purpose: Purpose) -> Vec<(&'static str, String)> {
    let (threads, keep_memory) = match purpose {
        Purpose::Work => (None, true),
        Purpose::Timing {
            threads,
            keep_memory,
        } => (Some(threads.to_string()), keep_memory),
    };
    let limits = ALLOCATOR.iter().filter(|_| keep_memory);
    let limits = limits
        .filter(|(variable, _)| std::env::var(variable).is_err())
        .map(|&(variable, limit)| (variable, limit.to_owned()));
    let threads = threads.map(|count| ("RAYON_NUM_THREADS", count));
    let threads = threads.filter(|(variable, count)| {
        !std::env::var(variable).is_ok_and(|present| present == *count)
    });
    limits.chain(threads).collect()
}

/// Runs the program again as a build with the feature `hub`, where this build lacks it.
///
/// # Errors
/// As [`on_device`].
pub fn with_hub(workspace: &Workspace) -> Result<Option<ExitCode>> {
    if has("hub") {
        return Ok(None);
    }
    if std::env::var_os(GUARD).is_some() {
        bail!("this build lacks the feature hub");
    }
    eprintln!("building with the hub's client …");
    let status = cargo()
        .args(["run", "--quiet", "--manifest-path"])
        .arg(workspace.root().join("Cargo.toml"))
        .args(["--package", "xtask", "--features", "hub", "--"])
        .args(std::env::args_os().skip(1))
        .env(GUARD, "1")
        .status()
        .context("cargo")?;
    Ok(Some(code(status)))
}

/// What [`on_device`] has to do.
#[derive(Debug, PartialEq, Eq)]
enum Plan {
    Here,
    Restart,
    Rebuild,
    Stuck,
}

fn plan(built: bool, environment: bool, again: bool) -> Plan {
    match (built, environment, again) {
        (true, true, _) => Plan::Here,
        (true, false, _) => Plan::Restart,
        (false, _, false) => Plan::Rebuild,
        (false, _, true) => Plan::Stuck,
    }
}

/// A child's exit status as our own; 1 where it was killed.
pub fn code(status: ExitStatus) -> ExitCode {
    let number = status.code().unwrap_or(1);
    ExitCode::from(u8::try_from(number).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_name_their_features() {
        assert_eq!(features("flex").unwrap(), ["repro"]);
        assert_eq!(features("cuda:1").unwrap(), ["repro", "cuda"]);
        assert_eq!(features("ws://gpu:3000#1").unwrap(), ["repro", "remote"]);
        let text = features("tpu").unwrap_err().to_string();
        assert!(text.contains("`tpu`") && text.contains("ndarray"), "{text}");
    }

    #[test]
    fn indices_are_checked_before_anything_is_built() {
        for (device, reason) in [
            ("flex:1", "`flex` takes no index"),
            ("wgpu:0", "`wgpu` takes no index"),
            ("cuda:x", "`x` is not a device index"),
            ("cuda:", "`` is not a device index"),
            ("ws://gpu:3000#x", "`x` is not a device index"),
            ("ws:3", "unknown device"),
        ] {
            let text = features(device).unwrap_err().to_string();
            assert!(text.contains(device) && text.contains(reason), "{text}");
        }
        assert!(features("ws://gpu:3000").is_ok());
    }

    /// Crates of this workspace come without default features, so each kernel for flex must be asked for.
    #[test]
    fn every_crate_comes_with_its_kernels() {
        let manifest: toml::Table = toml::from_str(include_str!("../Cargo.toml")).unwrap();
        let repro = manifest["features"]["repro"].as_array().unwrap();
        let repro: Vec<&str> = repro.iter().filter_map(toml::Value::as_str).collect();
        let crates = repro
            .iter()
            .filter_map(|each| each.strip_prefix("dep:plm-"));
        let wanted: Vec<String> = crates.map(|name| format!("plm-{name}/flex")).collect();
        assert!(wanted.len() == 9, "{wanted:?}");
        for each in wanted {
            assert!(repro.contains(&each.as_str()), "{each}");
        }
    }

    #[test]
    fn a_second_run_never_builds_again() {
        assert_eq!(plan(false, false, false), Plan::Rebuild);
        assert_eq!(plan(false, true, true), Plan::Stuck);
        assert_eq!(plan(true, false, true), Plan::Restart);
        assert_eq!(plan(true, true, true), Plan::Here);
    }
}
