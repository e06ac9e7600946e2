//! `cargo xtask repro`.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, bail, ensure};

use super::registry::Runner;
use super::terminal::{overview, tell};
use super::{Context, Outcome, Progress, Settings, needs, processes};
use crate::report::{Entry, Report, SCHEMA, index, number, table};
use crate::rerun::on_processor;
use crate::store::Store;
use crate::systems::{self, System, Tier};
use crate::workspace::{Machine, Workspace, now, threads, used_threads, write_atomic};

/// What the user asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// Names of systems; empty or `all` for every one that can be run.
    pub names: Vec<String>,
    /// Tier to run.
    pub tier: Tier,
    /// Device to compute on.
    pub device: String,
    /// Number of seeds: 1, 2, …
    pub seeds: u64,
    /// Folder for the reports.
    pub out: PathBuf,
    /// `key=value` pairs.
    pub set: Vec<String>,
    /// Systems that run at a time; `None`: as many as there are threads on a CPU, one elsewhere.
    pub jobs: Option<usize>,
}

impl Request {
    /// True where the user named no single system.
    fn is_all(&self) -> bool {
        self.names.is_empty() || self.names.iter().any(|name| name == "all")
    }

    /// Systems that run at a time: what the user asked for, else as many as there are threads on a CPU,
    /// where one system would leave some of them idle, and one elsewhere.
    fn jobs(&self, systems: usize, threads: usize) -> usize {
        let most = if on_processor(&self.device) {
            threads
        } else {
            1
        };
        let chosen = self.jobs.unwrap_or(most);
        chosen.clamp(1, systems.max(1))
    }

    /// The systems to run, after everything that can be checked without models has been. Where the user
    /// named none, those that lack assets or folders of the store are left out, and a line for each of these
    /// comes back beside the others.
    ///
    /// # Errors
    /// Where a name, a tier or a setting is unknown, the tier does not read a setting, or something is missing
    /// of a system that was named or of all that there are (the text says how to get it).
    pub fn check<'a>(
        &self,
        systems: &'a [System],
        store: &Store,
    ) -> Result<(Vec<&'a System>, Vec<String>)> {
        ensure!(self.seeds > 0, "--seeds 0: at least one seed is needed");
        ensure!(
            self.jobs != Some(0),
            "--jobs 0: at least one system has to run"
        );
        let mut chosen = systems::select(systems, &self.names)?;
        if self.is_all() {
            chosen.retain(|system| system.tier(self.tier).is_ok());
            ensure!(
                !chosen.is_empty(),
                "no system has a tier `{}` yet",
                self.tier
            );
        }
        for system in &chosen {
            system.tier(self.tier)?;
        }
        Settings::check(&chosen, self.tier, &self.set)?;
        let (mut ready, mut missing) = (Vec::new(), Vec::new());
        for system in chosen {
            let spec = system.tier(self.tier)?;
            let settings = Settings::for_system(system, self.tier, &self.set)?;
            let own = needs::missing(spec, &settings, store);
            if own.is_empty() {
                ready.push(system);
            }
            missing.extend(own.iter().map(|text| format!("{}: {text}", system.name)));
        }
        if !missing.is_empty() && (ready.is_empty() || !self.is_all()) {
            bail!(
                "tier `{}` needs what is not there:\n  {}",
                self.tier,
                missing.join("\n  ")
            );
        }
        Ok((ready, missing))
    }
}

/// A table of all systems and what their tiers need.
pub fn list(systems: &[System]) -> String {
    let mut rows = Vec::new();
    for system in systems {
        let paper = system.paper.clone().unwrap_or_default();
        let mut row = |tier: String, needs: String, minutes: String| {
            rows.push(vec![
                system.name.clone(),
                paper.clone(),
                system.package.clone(),
                tier,
                needs,
                minutes,
            ]);
        };
        if system.tiers.is_empty() {
            row(system.status.clone(), String::new(), String::new());
        }
        for spec in &system.tiers {
            let folders = spec.folders.iter();
            let folders = folders.map(|folder| format!("folder {}", needs::label(folder)));
            let all: Vec<String> = spec.needs.iter().cloned().chain(folders).collect();
            let needs = if all.is_empty() {
                "nothing".to_owned()
            } else {
                all.join(", ")
            };
            row(spec.tier.to_string(), needs, number(spec.minutes));
        }
    }
    let mut text = table(
        &[
            "system",
            "arXiv",
            "crate",
            "tier",
            "needs",
            "minutes, one system by itself",
        ],
        &rows,
    );
    for system in systems {
        for spec in system.tiers.iter().filter(|spec| !spec.folders.is_empty()) {
            text.push_str(&format!(
                "\nfolders of the store that you fill for {}, tier {}:\n",
                system.name, spec.tier
            ));
            for folder in &spec.folders {
                text.push_str(&format!("  {}\n", needs::described(folder)));
            }
        }
    }
    for system in systems.iter().filter(|system| !system.settings.is_empty()) {
        text.push_str(&format!("\nsettings of {}:\n", system.name));
        for setting in &system.settings {
            text.push_str(&format!("  --set {}=…  {}", setting.key, setting.help));
            if let Some(tiers) = &setting.tiers {
                let tiers: Vec<String> = tiers.iter().map(ToString::to_string).collect();
                text.push_str(&format!(" (tier {})", tiers.join(", ")));
            }
            text.push('\n');
        }
    }
    text
}

/// Runs what `request` names, writes the reports and prints a table; true where every run finished
/// and every check holds. Systems that lack something, where none was named, are told of and do not count.
///
/// # Errors
/// As [`Request::check`], and where a report cannot be written. A reproduction that fails is part
/// of the result, not an error of this function.
pub fn run(
    workspace: &Workspace,
    systems: &[System],
    store: &Store,
    request: &Request,
    find: impl Fn(&str) -> Option<Runner>,
) -> Result<bool> {
    let (chosen, missing) = request.check(systems, store)?;
    let left_out = format!("not run, something is missing:\n  {}", missing.join("\n  "));
    if !missing.is_empty() {
        eprintln!("{left_out}");
    }
    let jobs = request.jobs(chosen.len(), threads());
    let entries = if jobs > 1 {
        let program = std::env::current_exe().context("this program's own path")?;
        processes::run(&program, &chosen, request, jobs, tell)
    } else {
        let mut entries = Vec::new();
        for system in chosen {
            let runner = find(&system.name)
                .with_context(|| format!("this build holds no reproduction `{}`", system.name))?;
            eprintln!("{}: {}, tier {}", system.name, system.title, request.tier);
            let result = one(workspace, system, store, request, runner);
            let entry = Entry {
                name: system.name.clone(),
                result: result.map_err(|error| format!("{error:#}")),
            };
            tell(&entry);
            entries.push(entry);
        }
        entries
    };
    if request.is_all() {
        let page = request.out.join("index.html");
        write_atomic(
            &page,
            &index(&format!("Reproductions, tier {}", request.tier), &entries),
        )?;
        println!("{}\n{}", overview(&entries), page.display());
        if !missing.is_empty() {
            println!("{left_out}");
        }
    }
    Ok(entries.iter().all(|entry| {
        entry
            .result
            .as_ref()
            .is_ok_and(|(report, _)| report.holds())
    }))
}

fn one(
    workspace: &Workspace,
    system: &System,
    store: &Store,
    request: &Request,
    runner: Runner,
) -> Result<(Report, Vec<String>)> {
    let folder = request.out.join(&system.name);
    fs::create_dir_all(&folder).with_context(|| folder.display().to_string())?;
    forget(&folder)?;
    let context = Context {
        tier: request.tier,
        device: request.device.clone(),
        seeds: (1..=request.seeds).collect(),
        settings: Settings::for_system(system, request.tier, &request.set)?,
        out: folder.clone(),
        root: workspace.root().to_path_buf(),
        store: store.clone(),
        folders: system.tier(request.tier)?.folders.clone(),
        progress: Progress::default(),
    };
    let (commit, started) = (workspace.commit(), now());
    let clock = Instant::now();
    let mut outcome: Outcome = runner(&context)?;
    for key in context.settings.unread() {
        let note = format!("`--set {key}` changed nothing: no part of this run read it.");
        eprintln!("{}: {note}", system.name);
        outcome.notes.push(note);
    }
    let mut report = Report {
        schema: SCHEMA,
        name: system.name.clone(),
        title: system.title.clone(),
        paper: system.paper.clone(),
        tier: request.tier,
        device: request.device.clone(),
        commit,
        started,
        machine: Machine::here(),
        threads: Some(used_threads()),
        seeds: context.seeds.clone(),
        settings: context.settings.used(),
        wall_s: clock.elapsed().as_millis() as f64 / 1000.0,
        rows: Vec::new(),
        checks: Vec::new(),
        plots: Vec::new(),
        tables: Vec::new(),
        texts: Vec::new(),
        notes: Vec::new(),
    };
    report.fill(&outcome)?;
    report.write(&folder, &outcome.plots)?;
    let plots = outcome
        .plots
        .iter()
        .map(|plot| plot.svg())
        .collect::<Result<_>>()?;
    Ok((report, plots))
}

/// Removes the report of an earlier run, so that a run that fails leaves none that looks like its own.
pub(super) fn forget(folder: &Path) -> Result<()> {
    for file in ["report.json", "report.md"] {
        let path = folder.join(file);
        match fs::remove_file(&path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| path.display().to_string());
            }
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::{Plot, Series};
    use crate::repro::{Check, Op, Row};
    use crate::store::Manifest;

    /// Newton's iteration for the square root of `of`: a real, if small, reproduction.
    fn newton(context: &Context) -> Result<Outcome> {
        let of: f64 = context.settings.get("of", 2.0)?;
        let steps: u32 = if of == 0.0 {
            60
        } else {
            context.settings.get("steps", 6)?
        };
        let bar = context
            .progress
            .bar(u64::from(steps) * context.seeds.len() as u64, "newton");
        let mut errors = Vec::new();
        let mut curve = Vec::new();
        for &seed in &context.seeds {
            let mut x = 1.0 + seed as f64 / 10.0;
            for step in 0..steps {
                x = 0.5 * (x + of / x);
                curve.push((f64::from(step), x));
                bar.inc(1);
            }
            errors.push((x - of.sqrt()).abs());
        }
        ensure!(of >= 0.0, "of = {of}: no root");
        let worst = errors.iter().copied().fold(0.0, f64::max);
        Ok(Outcome {
            rows: vec![Row::over_seeds("root", "absolute_error", &errors)],
            checks: vec![Check::new("converges", worst, Op::Le, 1e-9)],
            plots: vec![Plot::lines(
                "curve",
                "Newton",
                "step",
                "x",
                vec![Series::new("x", curve)],
            )],
            ..Outcome::default()
        })
    }

    fn systems() -> Vec<System> {
        systems::parse(
            r#"
            [[system]]
            name = "newton"
            title = "Square roots"
            package = "plm-a"
            folder = "crates/a"
            status = "ready"
            [[system.tier]]
            tier = "embedded"
            minutes = 0.1
            [[system.tier]]
            tier = "real"
            needs = ["minilm-l6"]
            minutes = 1
            [[system.tier.folder]]
            name = "roots"
            holds = "tables"
            [[system.setting]]
            key = "of"
            help = "number to take the root of"
            [[system.setting]]
            key = "steps"
            help = "iterations"
            tiers = ["embedded"]
            [[system]]
            name = "later"
            title = "Later"
            package = "plm-b"
            folder = "crates/b"
            status = "not yet"
            "#,
        )
        .unwrap()
    }

    fn request(out: &Path, names: &[&str], set: &[&str]) -> Request {
        Request {
            names: names.iter().map(|&name| name.to_owned()).collect(),
            tier: Tier::Embedded,
            device: "flex".into(),
            seeds: 3,
            out: out.to_path_buf(),
            set: set.iter().map(|&pair| pair.to_owned()).collect(),
            jobs: Some(1),
        }
    }

    fn go(request: &Request) -> Result<bool> {
        let store = Store::at(request.out.join("store"), Manifest::committed()?);
        let find = |name: &str| (name == "newton").then_some(newton as Runner);
        run(&Workspace::find()?, &systems(), &store, request, find)
    }

    #[test]
    fn a_run_writes_a_report_and_a_page() {
        let out = tempfile::tempdir().unwrap();
        assert!(go(&request(out.path(), &[], &[])).unwrap());
        let report = Report::read(&out.path().join("newton/report.json")).unwrap();
        assert_eq!(report.seeds, [1, 2, 3]);
        assert_eq!(report.settings["of"], "2");
        assert!(report.holds() && report.checks[0].value < 1e-9);
        assert!(out.path().join("newton/curve.svg").is_file());
        let page = fs::read_to_string(out.path().join("index.html")).unwrap();
        assert!(page.contains("1 of 1 hold"), "{page}");
    }

    #[test]
    fn what_no_part_of_a_run_reads_is_told_in_its_report() {
        let out = tempfile::tempdir().unwrap();
        let noted = |set: &[&str]| {
            go(&request(out.path(), &["newton"], set)).unwrap();
            let report = Report::read(&out.path().join("newton/report.json")).unwrap();
            report.notes.concat()
        };
        assert_eq!(noted(&["of=3", "steps=7"]), "");
        let note = noted(&["of=0", "steps=7"]);
        assert!(note.starts_with("`--set steps` changed nothing"), "{note}");
    }

    #[test]
    fn a_check_that_fails_fails_the_run() {
        let out = tempfile::tempdir().unwrap();
        assert!(!go(&request(out.path(), &["newton"], &["steps=1"])).unwrap());
        let report = Report::read(&out.path().join("newton/report.json")).unwrap();
        assert!(!report.holds());
        assert!(!out.path().join("index.html").exists());
    }

    #[test]
    fn a_run_that_breaks_leaves_no_older_report() {
        let out = tempfile::tempdir().unwrap();
        assert!(go(&request(out.path(), &["newton"], &[])).unwrap());
        assert!(!go(&request(out.path(), &["all"], &["of=-1"])).unwrap());
        assert!(!out.path().join("newton/report.json").exists());
        let page = fs::read_to_string(out.path().join("index.html")).unwrap();
        assert!(
            page.contains("did not finish") && page.contains("no root"),
            "{page}"
        );
    }

    #[test]
    fn what_cannot_be_run_is_said_before_anything_runs() {
        let out = tempfile::tempdir().unwrap();
        let text = |request: &Request| format!("{:#}", go(request).unwrap_err());
        assert!(text(&request(out.path(), &["later"], &[])).contains("placeholder"));
        assert!(text(&request(out.path(), &["newton"], &["step=1"])).contains("newton.steps"));
        let mut real = request(out.path(), &["newton"], &[]);
        real.tier = Tier::Real;
        let lacks = text(&real);
        assert!(
            lacks.contains("cargo xtask fetch minilm-l6") && lacks.contains("store/roots: tables"),
            "{lacks}"
        );
        real.set = vec!["steps=3".into()];
        assert!(text(&real).contains("tier `real` does not read `steps`"));
        real.set.clear();
        real.tier = Tier::Paper;
        assert!(text(&real).contains("embedded, real"));
        real.names.clear();
        assert!(text(&real).contains("paper"));
        let mut none = request(out.path(), &["newton"], &[]);
        none.seeds = 0;
        assert!(text(&none).contains("--seeds 0"));
        let mut idle = request(out.path(), &["newton"], &[]);
        idle.jobs = Some(0);
        assert!(text(&idle).contains("--jobs 0"));
    }

    #[test]
    fn without_names_systems_that_lack_assets_are_left_out() {
        let out = tempfile::tempdir().unwrap();
        let mut all = systems();
        let bound = System {
            name: "bound".into(),
            ..all[0].clone()
        };
        all[0].tiers[1].needs.clear();
        std::fs::create_dir_all(out.path().join("store/roots")).unwrap();
        all.push(bound);
        let store = Store::at(out.path().join("store"), Manifest::committed().unwrap());
        let mut request = request(out.path(), &[], &[]);
        request.tier = Tier::Real;
        let (ready, missing) = request.check(&all, &store).unwrap();
        let names: Vec<&str> = ready.iter().map(|system| system.name.as_str()).collect();
        assert_eq!((names, missing.len()), (vec!["newton"], 1));
        assert!(
            missing[0].starts_with("bound: ") && missing[0].contains("fetch minilm-l6"),
            "{missing:?}"
        );
        let find = |name: &str| (name == "newton").then_some(newton as Runner);
        let workspace = Workspace::find().unwrap();
        assert!(run(&workspace, &all, &store, &request, find).unwrap());
        assert!(out.path().join("newton/report.json").is_file());
        request.names = vec!["newton".into(), "bound".into()];
        let text = request.check(&all, &store).unwrap_err().to_string();
        assert!(text.contains("fetch minilm-l6"), "{text}");
        request.names.clear();
        let alone = request.check(&all[2..], &store).unwrap_err().to_string();
        assert!(
            alone.contains("fetch minilm-l6"),
            "nothing could run: {alone}"
        );
    }

    #[test]
    fn several_systems_share_a_cpu() {
        let mut all = request(Path::new("out"), &[], &[]);
        all.jobs = None;
        assert_eq!(
            [all.jobs(11, 2), all.jobs(1, 2), all.jobs(3, 16)],
            [2, 1, 3]
        );
        all.device = "cuda:1".into();
        assert_eq!(all.jobs(11, 16), 1);
        all.jobs = Some(4);
        assert_eq!(all.jobs(11, 16), 4);
    }

    #[test]
    fn the_list_shows_needs_and_what_is_missing() {
        let text = list(&systems());
        for part in [
            "newton",
            "minilm-l6, folder roots",
            "nothing",
            "not yet",
            "you fill for newton, tier real:\n  roots: tables\n",
            "--set of=…  number to take the root of\n",
            "--set steps=…  iterations (tier embedded)\n",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }
}
