//! `cargo xtask docs`: pages made from data.
//!
//! `systems.toml` gives the table in the README; the reports kept in `docs/repro/records` give the
//! pages in `docs/repro`, those in `benches/runs` the page of benchmarks. `docs --from DIR` keeps the
//! reports of a run.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::benchmarks;
use crate::report::{Report, section};
use crate::systems::{self, System};
use crate::workspace::{Workspace, write_atomic};

const BEGIN: &str = "<!-- systems: made by `cargo xtask docs`, do not edit -->";
const END: &str = "<!-- /systems -->";
const PAGES: &str = "docs/repro";

/// Keeps the reports below `from` (`<name>/report.json`, or `report.json` itself) as the records of
/// their systems and tiers.
///
/// # Errors
/// Where there is none, or one cannot be read or copied.
pub fn bless(workspace: &Workspace, from: &Path) -> Result<Vec<PathBuf>> {
    let mut folders = vec![from.to_path_buf()];
    for entry in fs::read_dir(from).with_context(|| from.display().to_string())? {
        folders.push(entry?.path());
    }
    folders.retain(|folder| folder.join("report.json").is_file());
    ensure!(
        !folders.is_empty(),
        "{}: no report.json in it or one folder below",
        from.display()
    );
    folders.sort();
    let pages = workspace.root().join(PAGES);
    let mut kept = Vec::new();
    for folder in folders {
        let report = Report::read(&folder.join("report.json"))?;
        let name = format!("{}-{}", report.name, report.tier);
        let plots = pages.join("plots").join(&name);
        if plots.exists() {
            fs::remove_dir_all(&plots).with_context(|| plots.display().to_string())?;
        }
        for picture in &report.plots {
            let path = folder.join(&picture.file);
            let svg = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            write_atomic(&plots.join(&picture.file), &svg)?;
        }
        let record = pages.join("records").join(format!("{name}.json"));
        write_atomic(&record, &report.json()?)?;
        kept.push(record);
    }
    Ok(kept)
}

/// Writes every page again and removes pages that no data stands behind.
///
/// # Errors
/// As [`check`], for reading and writing alone.
pub fn write(workspace: &Workspace) -> Result<()> {
    let pages = pages(workspace)?;
    for stale in stale(workspace, &pages)? {
        fs::remove_file(&stale).with_context(|| stale.display().to_string())?;
    }
    for (file, text) in &pages {
        write_atomic(&workspace.root().join(file), text)?;
    }
    Ok(())
}

/// Refuses pages that are not what their data says.
///
/// # Errors
/// Names every page that differs, is missing, or has no data behind it.
pub fn check(workspace: &Workspace) -> Result<()> {
    let pages = pages(workspace)?;
    let mut wrong: Vec<String> = stale(workspace, &pages)?
        .iter()
        .map(|file| format!("{}: no data stands behind it", file.display()))
        .collect();
    for (file, text) in &pages {
        if fs::read_to_string(workspace.root().join(file))
            .ok()
            .as_ref()
            != Some(text)
        {
            wrong.push(format!("{}: is not what its data says", file.display()));
        }
    }
    ensure!(
        wrong.is_empty(),
        "{}\nrun `cargo xtask docs`",
        wrong.join("\n")
    );
    Ok(())
}

/// Every generated file, from the root, and what it should hold.
fn pages(workspace: &Workspace) -> Result<BTreeMap<PathBuf, String>> {
    let systems = systems::all()?;
    let records = records(workspace)?;
    let mut pages = BTreeMap::new();
    let readme = fs::read_to_string(workspace.root().join("README.md")).context("README.md")?;
    pages.insert(
        "README.md".into(),
        with_table(&readme, &table(&systems, &records))?,
    );
    let mut index = String::from(
        "# Reproductions\n\nThe latest kept run of every system, one page each.\n\
         Made by `cargo xtask docs` from `records/`; `cargo xtask docs --from DIR` keeps the reports of a new run.\n\n",
    );
    if records.is_empty() {
        index.push_str("No run has been kept yet.\n");
    }
    for (name, reports) in &records {
        let system = systems.iter().find(|system| system.name == *name);
        let title = &system
            .with_context(|| format!("record of an unknown system `{name}`"))?
            .title;
        let _ = writeln!(index, "- [{name}]({name}.md): {title}");
        let mut page = format!("# {name}: {title}\n\n");
        if let Some(paper) = &reports[0].paper {
            let _ = writeln!(
                page,
                "Paper: [arXiv {paper}](https://arxiv.org/abs/{paper}).\n"
            );
        }
        let parts: Vec<String> = reports
            .iter()
            .map(|report| section(report, &format!("plots/{name}-{}/", report.tier)))
            .collect();
        page.push_str(&parts.join("\n"));
        pages.insert(format!("{PAGES}/{name}.md").into(), page);
    }
    pages.insert(format!("{PAGES}/README.md").into(), index);
    let runs = files(&workspace.root().join("benches/runs"), "json")?;
    pages.extend(benchmarks::pages(&runs)?);
    Ok(pages)
}

/// The kept reports by system, tiers in order.
fn records(workspace: &Workspace) -> Result<BTreeMap<String, Vec<Report>>> {
    let mut records: BTreeMap<String, Vec<Report>> = BTreeMap::new();
    for path in files(&workspace.root().join(PAGES).join("records"), "json")? {
        let report = Report::read(&path)?;
        let name = format!("{}-{}.json", report.name, report.tier);
        ensure!(
            path.file_name().is_some_and(|file| file == name.as_str()),
            "{}: holds the report {name}",
            path.display()
        );
        records.entry(report.name.clone()).or_default().push(report);
    }
    for reports in records.values_mut() {
        reports.sort_by_key(|report| report.tier);
    }
    Ok(records)
}

/// Pages in `docs/repro` and plots of benchmarks that are not among `pages`.
fn stale(workspace: &Workspace, pages: &BTreeMap<PathBuf, String>) -> Result<Vec<PathBuf>> {
    let mut list = files(&workspace.root().join(PAGES), "md")?;
    list.extend(files(&workspace.root().join(benchmarks::PLOTS), "svg")?);
    list.retain(|path| {
        path.strip_prefix(workspace.root())
            .is_ok_and(|file| !pages.contains_key(file))
    });
    Ok(list)
}

/// The files of `folder` with this extension, sorted; none where there is no such folder.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    if !folder.exists() {
        return Ok(Vec::new());
    }
    let mut list = Vec::new();
    for entry in fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_some_and(|other| other == extension) {
            list.push(path);
        }
    }
    list.sort();
    Ok(list)
}

/// `text` with `table` between the two markers.
fn with_table(text: &str, table: &str) -> Result<String> {
    let begin = text
        .find(BEGIN)
        .with_context(|| format!("README.md: no line `{BEGIN}`"))?
        + BEGIN.len();
    let end = text[begin..]
        .find(END)
        .with_context(|| format!("README.md: no line `{END}`"))?
        + begin;
    Ok(format!("{}\n{table}{}", &text[..begin], &text[end..]))
}

fn table(systems: &[System], records: &BTreeMap<String, Vec<Report>>) -> String {
    let mut text =
        String::from("| system | paper | crate | command | status |\n|---|---|---|---|---|\n");
    for system in systems {
        let paper = system.paper.as_ref().map_or_else(
            || "–".to_owned(),
            |paper| format!("[{paper}](https://arxiv.org/abs/{paper})"),
        );
        let command = if system.tiers.is_empty() {
            "–".to_owned()
        } else {
            format!("`cargo xtask repro {}`", system.name)
        };
        let held: Vec<String> = records
            .get(&system.name)
            .into_iter()
            .flatten()
            .map(|report| {
                let (passed, checks) = (report.passed(), report.checks.len());
                format!(
                    "[{}: {passed} of {checks} checks hold]({PAGES}/{}.md)",
                    report.tier, system.name
                )
            })
            .collect();
        let status = [vec![system.status.clone()], held].concat().join(", ");
        let _ = writeln!(
            text,
            "| {} | {paper} | [`{}`]({}) | {command} | {status} |",
            system.title, system.package, system.folder
        );
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn workspace(folder: &Path) -> Workspace {
        fs::write(
            folder.join("README.md"),
            format!("# x\n\n{BEGIN}\nold\n{END}\nrest\n"),
        )
        .unwrap();
        Workspace::at(folder)
    }

    #[test]
    fn the_committed_pages_are_what_their_data_says() {
        check(&Workspace::find().unwrap()).unwrap();
    }

    #[test]
    fn pages_are_written_checked_and_cleaned() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = workspace(folder.path());
        let text = check(&workspace).unwrap_err().to_string();
        assert!(text.contains("README.md"), "{text}");
        write(&workspace).unwrap();
        check(&workspace).unwrap();
        let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(
            readme.contains("plm-lorentz") && readme.ends_with("rest\n") && !readme.contains("old"),
            "{readme}"
        );

        let mut report = sample::report();
        report.name = "moe".into();
        let run = folder.path().join("run");
        report
            .write(&run.join("moe"), &sample::outcome().plots)
            .unwrap();
        bless(&workspace, &run).unwrap();
        let text = check(&workspace).unwrap_err().to_string();
        assert!(text.contains("moe.md"), "{text}");
        write(&workspace).unwrap();
        check(&workspace).unwrap();
        let page = fs::read_to_string(folder.path().join("docs/repro/moe.md")).unwrap();
        assert!(
            page.contains("plots/moe-embedded/loss.svg") && page.contains("does not hold"),
            "{page}"
        );
        assert!(
            folder
                .path()
                .join("docs/repro/plots/moe-embedded/loss.svg")
                .is_file()
        );
        let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(readme.contains("embedded: 1 of 2 checks hold"), "{readme}");

        fs::write(folder.path().join("docs/repro/other.md"), "by hand").unwrap();
        let text = check(&workspace).unwrap_err().to_string();
        assert!(
            text.contains("other.md") && text.contains("no data"),
            "{text}"
        );
        write(&workspace).unwrap();
        check(&workspace).unwrap();
        assert!(!folder.path().join("docs/repro/other.md").exists());
    }

    #[test]
    fn a_readme_without_markers_and_a_folder_without_reports_are_refused() {
        assert!(with_table("# x\n", "").is_err());
        assert!(with_table(BEGIN, "").is_err());
        let folder = tempfile::tempdir().unwrap();
        let text = bless(&workspace(folder.path()), folder.path())
            .unwrap_err()
            .to_string();
        assert!(text.contains("no report.json"), "{text}");
    }
}
