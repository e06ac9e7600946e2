//! `cargo xtask test` and `cargo xtask ci`.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result, bail};
use clap::ValueEnum;

use super::steps::{Steps, Tests};
use super::{check_docs, tidy};
use crate::rerun::cargo;
use crate::systems::{self, Tier};
use crate::workspace::Workspace;

/// One selection of packages and features for every step: another would build burn again.
const SELECTION: [&str; 3] = [
    "--workspace",
    "--features",
    "ndarray,repro,plm-moe/cli,plm-moe/metis",
];

/// Tests of plm-core that run on a GPU's drivers in CI, by name. Each kernel takes seconds to compile
/// in software and a whole model minutes, so these are the operations that burn lacks.
const ON_WGPU: [&str; 6] = [
    "graph::segment::tests::hand_worked_values",
    "graph::segment::tests::large_scores_do_not_overflow",
    "graph::segment::tests::tied_maxima_share_the_gradient",
    "graph::spmm::tests::all_devices_give_the_same",
    "graph::spmm::tests::matrices_without_entries_give_zeros",
    "graph::spmm::tests::only_what_is_tracked_gets_a_gradient",
];

/// What `cargo xtask ci` runs beyond `cargo xtask test`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CiStep {
    /// All embedded reproductions on their smallest settings.
    Repro,
    /// The tests of the hub's client, offline.
    Hub,
    /// Tests of plm-core through wgpu on software GL.
    Wgpu,
    /// Type check with the feature `cuda`, without its toolkit.
    Cuda,
}

/// Formatting, lints, rules, documentation and all tests; the exit code says whether all is well.
pub fn test(workspace: &Workspace) -> ExitCode {
    let mut steps = Steps::default();
    run_tests(workspace, &mut steps);
    steps.end()
}

/// [`test()`] and every [`CiStep`], or `only` some of the latter.
pub fn ci(workspace: &Workspace, only: &[CiStep]) -> ExitCode {
    let mut steps = Steps::default();
    if only.is_empty() {
        run_tests(workspace, &mut steps);
    }
    let chosen = if only.is_empty() {
        CiStep::value_variants()
    } else {
        only
    };
    for step in chosen {
        match step {
            CiStep::Repro => repro(workspace, &mut steps),
            CiStep::Hub => {
                let mut command = in_root(workspace);
                command.args([
                    "test",
                    "--package",
                    "xtask",
                    "--features",
                    "hub",
                    "--lib",
                    "hub",
                ]);
                steps.command("hub", &mut command, Tests::Libtest);
            }
            CiStep::Wgpu => wgpu(workspace, &mut steps),
            CiStep::Cuda => {
                let mut command = in_root(workspace);
                // As on docs.rs, the build scripts then do without LLVM and the CUDA toolkit; own
                // folder, because those variables change fingerprints.
                command
                    .args(["check", "--package", "plm-core", "--features", "cuda"])
                    .env("DOCS_RS", "1")
                    .env("CUDARC_CUDA_VERSION", "13000")
                    .env("CARGO_TARGET_DIR", target(workspace).join("cuda-check"));
                steps.command("cuda", &mut command, Tests::None);
            }
        }
    }
    steps.end()
}

fn run_tests(workspace: &Workspace, steps: &mut Steps) {
    let cargo = |arguments: &[&str]| {
        let mut command = in_root(workspace);
        command.args(arguments);
        command
    };
    let selected = |verb: &[&'static str], rest: &[&'static str]| {
        cargo(&[verb, SELECTION.as_slice(), rest].concat())
    };
    steps.command(
        "format",
        &mut cargo(&["fmt", "--all", "--check"]),
        Tests::None,
    );
    steps.check("tidy", || run_tidy(workspace));
    steps.check("docs", || check_docs(workspace));
    let clippy = &mut selected(&["clippy"], &["--all-targets", "--", "--deny", "warnings"]);
    steps.command("clippy", clippy, Tests::None);
    let rustdoc = &mut selected(&["doc", "--no-deps"], &[]);
    steps.command(
        "rustdoc",
        rustdoc.env("RUSTDOCFLAGS", "--deny warnings"),
        Tests::None,
    );
    if cargo(&["nextest", "--version"])
        .output()
        .is_ok_and(|output| output.status.success())
    {
        let record = target(workspace).join("nextest/xtask/junit.xml");
        let _ = std::fs::remove_file(&record);
        let run = &mut selected(&["nextest", "run"], &["--profile", "xtask"]);
        steps.command("tests", run, Tests::Nextest);
        // What passing tests print is only in nextest's record.
        steps.unmet(&std::fs::read_to_string(&record).unwrap_or_default());
    } else {
        let run = &mut selected(
            &["test", "--no-fail-fast"],
            &["--lib", "--bins", "--tests", "--", "--show-output"],
        );
        steps.command("tests", run, Tests::Libtest);
    }
    let doctests = &mut selected(&["test", "--no-fail-fast", "--doc"], &[]);
    steps.command("doctests", doctests, Tests::Libtest);
}

/// Prints what [`tidy`] finds.
///
/// # Errors
/// Where something is a fault.
fn run_tidy(workspace: &Workspace) -> Result<()> {
    let findings = tidy(workspace)?;
    for finding in &findings {
        eprintln!("{finding}");
    }
    match findings.iter().filter(|finding| finding.fault).count() {
        0 => Ok(()),
        faults => bail!("{faults} faults"),
    }
}

fn repro(workspace: &Workspace, steps: &mut Steps) {
    let command = || -> Result<Option<Command>> {
        let systems = systems::all()?;
        if systems
            .iter()
            .all(|system| system.tier(Tier::Embedded).is_err())
        {
            return Ok(None);
        }
        let mut command = Command::new(std::env::current_exe().context("this program's own path")?);
        command.args([
            "repro", "all", "--tier", "embedded", "--seeds", "1", "--out",
        ]);
        command.arg(target(workspace).join("repro"));
        for system in &systems {
            for setting in &system.settings {
                if let Some(value) = &setting.smallest {
                    command
                        .arg("--set")
                        .arg(format!("{}.{}={value}", system.name, setting.key));
                }
            }
        }
        Ok(Some(command))
    };
    match command() {
        Ok(Some(mut command)) => steps.command("repro", &mut command, Tests::None),
        Ok(None) => steps.skip("repro", "no system can be reproduced yet"),
        Err(error) => steps.check("repro", || Err(error)),
    }
}

fn wgpu(workspace: &Workspace, steps: &mut Steps) {
    if !software_gl() {
        steps.skip("wgpu", "Mesa's software GL is not installed");
        return;
    }
    let mut command = in_root(workspace);
    command
        .args([
            "test",
            "--package",
            "plm-core",
            "--features",
            "wgpu",
            "--profile",
            "gpu-test",
            "--lib",
            "--",
            "--exact",
            "--test-threads=1",
        ])
        .args(ON_WGPU)
        // No Vulkan driver: wgpu then takes GL, whose shader compiler is the faster one.
        .env("VK_DRIVER_FILES", "/nonexistent")
        .env("CUBECL_AUTOTUNE_LEVEL", "minimal")
        .env("XDG_RUNTIME_DIR", std::env::temp_dir());
    steps.command("wgpu", &mut command, Tests::LibtestOf(ON_WGPU.len()));
}

/// True where the EGL driver of Mesa lies in one of the usual folders.
fn software_gl() -> bool {
    let folders = [
        "/usr/lib/x86_64-linux-gnu",
        "/usr/lib/aarch64-linux-gnu",
        "/usr/lib64",
        "/usr/lib",
    ];
    folders
        .iter()
        .any(|folder| Path::new(folder).join("libEGL_mesa.so.0").exists())
}

/// Cargo in the root of the checkout, with burn's own choice of device fixed.
fn in_root(workspace: &Workspace) -> Command {
    let mut command = cargo();
    command
        .current_dir(workspace.root())
        .env("BURN_DEVICE", "flex");
    command
}

/// The folder that cargo builds into.
fn target(workspace: &Workspace) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR")
        .map_or_else(|| workspace.root().join("target"), PathBuf::from)
}
