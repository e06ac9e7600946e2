//! The loop that takes samples in turns.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::registry::{Bench, Planner};
use super::{Measured, Peer, Record, Side};
use crate::repro::Progress;
use crate::store::Store;
use crate::workspace::{Machine, Workspace, now, rustc_version};

/// What a benchmark is given.
#[derive(Debug)]
pub struct Context {
    /// Device to compute on, as `plm_core::device::parse` takes it.
    pub device: String,
    /// Number type: `f32`, `bf16` or `f16`.
    pub dtype: String,
    /// Threads for both sides.
    pub threads: usize,
    /// Samples of each case; by default what the case asks for.
    pub rounds: Option<usize>,
    /// Text in the names of the cases to measure; all of them where it is empty.
    pub only: String,
    /// Whether both sides keep freed memory.
    pub keep_memory: bool,
    /// Models.
    pub store: Store,
    /// Root of the checkout.
    pub root: PathBuf,
}

impl Context {
    /// The device as peers on PyTorch call it.
    pub fn peer_device(&self) -> &str {
        if self.device.starts_with("cuda") {
            &self.device
        } else {
            "cpu"
        }
    }
}

/// A benchmark's cases.
#[derive(Debug, Default)]
pub struct Plan {
    /// Requests that the peer answers before anything is measured.
    pub setup: Vec<Value>,
    /// What is measured, in order.
    pub cases: Vec<Case>,
}

/// Something that both sides do.
pub struct Case {
    id: String,
    unit: String,
    warmup: usize,
    rounds: Option<usize>,
    ours: Work,
    other: Other,
}

/// Takes a sample.
type Work = Box<dyn FnMut() -> Result<f64>>;

/// What a case is compared with.
enum Other {
    Nothing,
    /// The request that makes the peer do the same.
    Peer(Value),
    /// Another way to do the same in this process, and its name.
    Baseline(String, Work),
}

impl fmt::Debug for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Case")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

impl Case {
    /// Work to be timed. `work` must wait for the device before it returns.
    pub fn timed(id: impl Into<String>, mut work: impl FnMut() -> Result<()> + 'static) -> Self {
        Self::value(id, "s", move || {
            let clock = Instant::now();
            work()?;
            Ok(clock.elapsed().as_secs_f64())
        })
    }

    /// A figure that the closure measures itself; less must be better.
    pub fn value(
        id: impl Into<String>,
        unit: impl Into<String>,
        ours: impl FnMut() -> Result<f64> + 'static,
    ) -> Self {
        Self {
            id: id.into(),
            unit: unit.into(),
            warmup: 1,
            rounds: None,
            ours: Box::new(ours),
            other: Other::Nothing,
        }
    }

    /// The request that makes the peer do the same.
    #[must_use]
    pub fn peer(mut self, request: Value) -> Self {
        self.other = Other::Peer(request);
        self
    }

    /// Another way to do the same, called `name`, in this process: work to be timed.
    #[must_use]
    pub fn baseline(
        self,
        name: impl Into<String>,
        mut work: impl FnMut() -> Result<()> + 'static,
    ) -> Self {
        self.baseline_value(name, move || {
            let clock = Instant::now();
            work()?;
            Ok(clock.elapsed().as_secs_f64())
        })
    }

    /// [`baseline`](Self::baseline) for a figure that the closure measures itself.
    #[must_use]
    pub fn baseline_value(
        mut self,
        name: impl Into<String>,
        work: impl FnMut() -> Result<f64> + 'static,
    ) -> Self {
        self.other = Other::Baseline(name.into(), Box::new(work));
        self
    }

    /// Samples that are thrown away first (1 by default).
    #[must_use]
    pub fn warmup(mut self, count: usize) -> Self {
        self.warmup = count;
        self
    }

    /// Samples to take where the user names no number.
    #[must_use]
    pub fn rounds(mut self, count: usize) -> Self {
        self.rounds = Some(count);
        self
    }
}

/// Largest memory that this process has held so far, in MiB, where the system says it.
///
/// # Errors
/// Where it does not.
pub fn peak_memory() -> Result<f64> {
    let status = fs::read_to_string("/proc/self/status").context("peak memory")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
    Ok(kib.context("peak memory: no VmHWM in /proc/self/status")? / 1024.0)
}

/// The largest memory of this process while `work` runs, in MiB, where the system says it.
///
/// # Errors
/// Where it does not, and those of `work`.
pub fn peak_memory_while(work: impl FnOnce() -> Result<()>) -> Result<f64> {
    // Sets the largest size so far back to the present one.
    fs::write("/proc/self/clear_refs", "5").context("peak memory")?;
    work()?;
    peak_memory()
}

/// Samples of a case that asks for no other number.
const ROUNDS: usize = 15;

/// Takes the samples of every case of `plan`, ours and the peer's in turns.
///
/// # Errors
/// Where a side fails or gives a figure that is no number.
pub fn measure(
    plan: Plan,
    mut peer: Option<&mut Peer>,
    rounds: Option<usize>,
) -> Result<Vec<Measured>> {
    ensure!(
        rounds != Some(0),
        "--rounds 0: at least one sample is needed"
    );
    let progress = Progress::default();
    if let Some(peer) = peer.as_deref_mut() {
        for request in &plan.setup {
            peer.ask(request)?;
        }
    }
    let mut results = Vec::new();
    for mut case in plan.cases {
        let rounds = rounds.or(case.rounds).unwrap_or(ROUNDS);
        let bar = progress.bar((case.warmup + rounds) as u64, &case.id);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for round in 0..case.warmup + rounds {
            // Whoever comes second may profit from a warm machine, or suffer from a hot one.
            for first in [round % 2 == 0, round % 2 != 0] {
                let (side, sample) = if first {
                    (&mut ours, Some((case.ours)()))
                } else {
                    let sample = match (&mut case.other, peer.as_deref_mut()) {
                        (Other::Baseline(_, work), _) => Some(work()),
                        (Other::Peer(request), Some(peer)) => Some(peer.number(request)),
                        _ => None,
                    };
                    (&mut theirs, sample)
                };
                if let Some(sample) = sample.transpose().with_context(|| case.id.clone())?
                    && round >= case.warmup
                {
                    side.push(sample);
                }
            }
            bar.inc(1);
        }
        let side =
            Side::new(ours).with_context(|| format!("{}: a sample is no number", case.id))?;
        let mut measured = Measured::new(case.id, case.unit, side, Side::new(theirs));
        if let Other::Baseline(name, _) = case.other {
            measured.baseline = Some(name);
        }
        results.push(measured);
    }
    Ok(results)
}

/// Runs `bench` against `peer` and gives its record.
///
/// # Errors
/// As [`measure`], and where the benchmark cannot prepare itself.
pub fn run(
    workspace: &Workspace,
    bench: &Bench,
    planner: Planner,
    context: &Context,
    mut peer: Option<Peer>,
) -> Result<Record> {
    let name = bench.name;
    let (commit, started) = (workspace.commit(), now());
    let mut versions = BTreeMap::from([("rustc".to_owned(), rustc_version())]);
    if let Some(version) = locked(workspace, "burn") {
        versions.insert("burn".to_owned(), version);
    }
    if let Some(peer) = &mut peer {
        let answer = peer
            .ask(&json!({"op": "hello"}))
            .with_context(|| bench.peer_help())?;
        for (name, version) in answer
            .get("versions")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
        {
            versions.insert(
                format!("peer.{name}"),
                version.as_str().unwrap_or_default().to_owned(),
            );
        }
    }
    let mut plan = planner(context)?;
    plan.cases.retain(|case| case.id.contains(&context.only));
    ensure!(
        !plan.cases.is_empty(),
        "bench {name} --only {}: no case has that in its name",
        context.only
    );
    let results = measure(plan, peer.as_mut(), context.rounds)?;
    Ok(Record {
        bench: name.to_owned(),
        started,
        commit,
        machine: Machine::here(),
        device: context.device.clone(),
        dtype: context.dtype.clone(),
        threads: context.threads,
        keep_memory: context.keep_memory,
        versions,
        results,
    })
}

/// The version of `package` in the lock file.
fn locked(workspace: &Workspace, package: &str) -> Option<String> {
    let text = fs::read_to_string(workspace.root().join("Cargo.lock")).ok()?;
    let lock: toml::Table = toml::from_str(&text).ok()?;
    let packages = lock.get("package")?.as_array()?;
    let found = packages
        .iter()
        .find(|entry| entry.get("name").and_then(toml::Value::as_str) == Some(package))?;
    Some(found.get("version")?.as_str()?.to_owned())
}

#[cfg(all(test, unix))]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;

    use super::super::peer::tests::shell;
    use super::*;
    use crate::store::Manifest;

    #[test]
    fn sides_take_turns_and_change_who_is_first() {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let body = format!(
            r#"echo peer >> {}; echo '{{"ok":true,"value":6}}'"#,
            log.display()
        );
        let mut peer = shell(&body);
        let ours = log.clone();
        let case = Case::value("memory", "MiB", move || {
            let text = fs::read_to_string(&ours).unwrap_or_default();
            fs::write(&ours, text + "ours\n")?;
            Ok(3.0)
        });
        let plan = Plan {
            setup: Vec::new(),
            cases: vec![case.peer(json!({"op": "x"})).warmup(1)],
        };
        let results = measure(plan, Some(&mut peer), Some(3)).unwrap();
        let order = fs::read_to_string(&log).unwrap();
        assert_eq!(
            order.split_whitespace().collect::<String>(),
            "ourspeerpeeroursourspeerpeerours"
        );
        let one = &results[0];
        assert_eq!(
            (
                one.ours.samples.len(),
                one.peer.as_ref().unwrap().samples.len()
            ),
            (3, 3)
        );
        assert_eq!(
            (one.ratio_of_medians, one.ratio_of_minima),
            (Some(2.0), Some(2.0))
        );
    }

    #[test]
    fn without_a_peer_only_ours_is_measured() {
        let count = Rc::new(RefCell::new(0));
        let inner = Rc::clone(&count);
        let case = Case::timed("sleep", move || {
            *inner.borrow_mut() += 1;
            std::thread::sleep(std::time::Duration::from_millis(2));
            Ok(())
        });
        let plan = Plan {
            setup: vec![json!({"op": "load"})],
            cases: vec![case.warmup(2).rounds(4)],
        };
        let results = measure(plan, None, None).unwrap();
        assert_eq!(*count.borrow(), 6);
        assert!(results[0].ours.min >= 0.002 && results[0].ours.samples.len() == 4);
        assert_eq!(results[0].peer, None);
        assert!(measure(Plan::default(), None, Some(0)).is_err());
        let broken = Case::value("nan", "s", || Ok(f64::NAN));
        assert!(
            measure(
                Plan {
                    setup: Vec::new(),
                    cases: vec![broken]
                },
                None,
                Some(1)
            )
            .is_err()
        );
    }

    #[test]
    fn a_baseline_is_the_other_side_without_any_peer() {
        let case = Case::value("sum", "MiB", || Ok(2.0)).baseline_value("dense", || Ok(5.0));
        let plan = Plan {
            setup: Vec::new(),
            cases: vec![case.rounds(7)],
        };
        let results = measure(plan, None, Some(2)).unwrap();
        assert_eq!(results[0].ours.samples.len(), 2);
        assert_eq!(results[0].baseline.as_deref(), Some("dense"));
        assert_eq!(results[0].ratio_of_medians, Some(2.5));
    }

    #[test]
    fn a_run_is_recorded_with_versions_and_never_overwritten() {
        fn plan(context: &Context) -> Result<Plan> {
            let size = context.rounds.unwrap_or_default();
            let case = Case::timed(format!("sum.{size}"), move || {
                ensure!((0..size).sum::<usize>() < usize::MAX);
                Ok(())
            });
            Ok(Plan {
                setup: vec![json!({"op": "load"})],
                cases: vec![case.peer(json!({"op": "sum"}))],
            })
        }
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::find().unwrap();
        let context = Context {
            device: "cuda:1".into(),
            dtype: "f32".into(),
            threads: 1,
            rounds: Some(3),
            only: "m.3".into(),
            keep_memory: true,
            store: Store::at(folder.path(), Manifest::committed().unwrap()),
            root: workspace.root().to_path_buf(),
        };
        let sum = Bench {
            name: "sum",
            about: "sums",
            peer: "sum.py",
            needs: &[],
        };
        let mute = run(&workspace, &sum, plan, &context, Some(shell("exit 1"))).unwrap_err();
        let mute = format!("{mute:#}");
        assert!(
            mute.contains("benches/peers/sum.py") && mute.contains("--peer none"),
            "{mute}"
        );
        let body = r#"echo '{"ok":true,"seconds":0.5,"versions":{"torch":"2.15"}}'"#;
        let record = run(&workspace, &sum, plan, &context, Some(shell(body))).unwrap();
        assert_eq!(record.versions["peer.torch"], "2.15");
        assert_eq!(record.versions["burn"], "0.22.1");
        assert!(record.results[0].ratio_of_medians.unwrap() > 1.0);
        assert!(record.table().contains("sum.3"));
        let first = record.write(folder.path()).unwrap();
        let second = record.write(folder.path()).unwrap();
        assert!(
            first.to_string_lossy().ends_with("-sum-cuda1-kept.json"),
            "{}",
            first.display()
        );
        assert_ne!(first, second);
        let read: Record = serde_json::from_str(&fs::read_to_string(&first).unwrap()).unwrap();
        assert_eq!(read.results[0].id, "sum.3");
        let other = Context {
            only: "product".into(),
            ..context
        };
        let refused = run(&workspace, &sum, plan, &other, None).unwrap_err();
        assert!(refused.to_string().contains("--only product"), "{refused}");
    }

    #[test]
    fn memory_has_a_peak() {
        if cfg!(target_os = "linux") {
            assert!(peak_memory().unwrap() > 1.0);
        }
    }
}
