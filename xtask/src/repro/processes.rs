//! Several systems at a time, each in a process of its own.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use anyhow::{Context as _, Result, anyhow, bail};

use super::{Progress, Request, Settings};
use crate::report::{Entry, Report};
use crate::systems::System;
use crate::workspace;

/// Lines of a failed process's standard error that are shown.
const LAST_LINES: usize = 12;

/// Runs each of `systems` by `program repro NAME …`, at most `jobs` at a time and the longest first.
/// `done` hears of each as it ends; the entries come back in the order of `systems`.
pub(super) fn run(
    program: &Path,
    systems: &[&System],
    request: &Request,
    jobs: usize,
    done: impl Fn(&Entry) + Sync,
) -> Vec<Entry> {
    let minutes =
        |index: &usize| (systems[*index].tier(request.tier)).map_or(0.0, |spec| spec.minutes);
    let mut order: Vec<usize> = (0..systems.len()).collect();
    order.sort_by(|a, b| minutes(b).total_cmp(&minutes(a)));
    let threads = threads_each(workspace::threads(), jobs);
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    let bar = Progress::default().bar(systems.len() as u64, "systems");
    thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while let Some(&index) = order.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let system = systems[index];
                    let result = one(program, system, request, threads);
                    let entry = Entry {
                        name: system.name.clone(),
                        result: result.map_err(|error| format!("{error:#}")),
                    };
                    bar.suspend(|| done(&entry));
                    bar.inc(1);
                    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                    ended.insert(index, entry);
                }
            });
        }
    });
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    ended.into_values().collect()
}

/// Threads of each of `jobs` processes.
fn threads_each(threads: usize, jobs: usize) -> usize {
    (threads / jobs.max(1)).max(1)
}

fn one(
    program: &Path,
    system: &System,
    request: &Request,
    threads: usize,
) -> Result<(Report, Vec<String>)> {
    let folder = request.out.join(&system.name);
    super::run::forget(&folder)?;
    let mut command = Command::new(program);
    command
        .args(["repro", &system.name, "--tier", &request.tier.to_string()])
        .args(["--device", &request.device])
        .args(["--seeds", &request.seeds.to_string()])
        .arg("--out")
        .arg(&request.out)
        .env("RAYON_NUM_THREADS", threads.to_string());
    for pair in &request.set {
        if Settings::check(&[system], request.tier, std::slice::from_ref(pair)).is_ok() {
            command.args(["--set", pair]);
        }
    }
    let output = command
        .output()
        .with_context(|| program.display().to_string())?;
    // A run with a claim that does not hold exits with 1 too, and leaves a report.
    let path = folder.join("report.json");
    if !path.is_file() {
        let told =
            String::from_utf8_lossy(&output.stderr) + String::from_utf8_lossy(&output.stdout);
        bail!("{}: {}", output.status, last_lines(&told));
    }
    let report = Report::read(&path)?;
    let plots = (report.plots.iter())
        .map(|picture| {
            let path = folder.join(&picture.file);
            std::fs::read_to_string(&path).map_err(|error| anyhow!("{}: {error}", path.display()))
        })
        .collect::<Result<_>>()?;
    Ok((report, plots))
}

fn last_lines(text: &str) -> String {
    let lines: Vec<&str> = text
        .lines()
        .filter(|line| !line.trim().is_empty())
        .collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::report::sample;
    use crate::systems::{self, Tier};

    /// A program that writes the report it is told to, with its arguments and threads beside it.
    fn program(folder: &Path) -> std::path::PathBuf {
        let path = folder.join("program.sh");
        let text = "#!/bin/sh\nfor last; do :; done\n\
             case \"$2\" in broken) echo 'no root' >&2; exit 1;; esac\n\
             out=$(echo \"$*\" | sed 's/.*--out \\([^ ]*\\).*/\\1/')\n\
             mkdir -p \"$out/$2\"\necho \"$* threads $RAYON_NUM_THREADS\" > \"$out/$2/called\"\n\
             cp \"$(dirname \"$0\")\"/sample/* \"$out/$2\"\n";
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        let sample = folder.join("sample");
        std::fs::create_dir_all(&sample).unwrap();
        sample::report()
            .write(&sample, &sample::outcome().plots)
            .unwrap();
        path
    }

    fn systems() -> Vec<System> {
        let one = |name: &str, minutes: f64| {
            format!(
                "[[system]]\nname = \"{name}\"\ntitle = \"T\"\npackage = \"plm-a\"\n\
                 folder = \"crates/a\"\nstatus = \"ready\"\n[[system.tier]]\ntier = \"embedded\"\n\
                 minutes = {minutes}\n[[system.setting]]\nkey = \"{name}_steps\"\nhelp = \"steps\"\n"
            )
        };
        let text = [one("short", 1.0), one("broken", 2.0), one("long", 3.0)].concat();
        systems::parse(&text).unwrap()
    }

    #[test]
    fn every_system_has_its_own_process_and_settings() {
        let folder = tempfile::tempdir().unwrap();
        let all = systems();
        let chosen: Vec<&System> = all.iter().collect();
        let out = folder.path().join("out");
        let request = Request {
            names: Vec::new(),
            tier: Tier::Embedded,
            device: "flex".into(),
            seeds: 2,
            out: out.clone(),
            set: vec!["long_steps=3".into(), "short.short_steps=4".into()],
            jobs: Some(1),
        };
        let ended = Mutex::new(Vec::new());
        let heard = |entry: &Entry| ended.lock().unwrap().push(entry.name.clone());
        let entries = run(&program(folder.path()), &chosen, &request, 1, heard);
        assert_eq!(ended.into_inner().unwrap(), ["long", "broken", "short"]);
        let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
        assert_eq!(names, ["short", "broken", "long"]);
        let (report, plots) = entries[0].result.as_ref().unwrap();
        assert_eq!((report.checks.len(), plots.len()), (2, 1));
        let reason = entries[1].result.as_ref().unwrap_err();
        assert!(reason.contains("no root"), "{reason}");
        let called = |name: &str| std::fs::read_to_string(out.join(name).join("called")).unwrap();
        let (short, long) = (called("short"), called("long"));
        assert!(
            short.contains("--seeds 2") && short.contains("short.short_steps=4"),
            "{short}"
        );
        assert!(
            !short.contains("long_steps") && long.contains("long_steps=3"),
            "{short}{long}"
        );
    }

    #[test]
    fn threads_are_shared_out() {
        assert_eq!(
            [threads_each(16, 4), threads_each(2, 2), threads_each(2, 8)],
            [4, 1, 1]
        );
    }
}
