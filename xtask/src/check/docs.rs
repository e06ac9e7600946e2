//! `cargo xtask docs`: pages made from data.
//!
//! `systems.toml` gives the table in the README; the reports kept in `docs/repro/records` give the
//! pages in `docs/repro`, those in `benches/runs` the page of benchmarks.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::benchmarks;
use super::claims;
use super::records::{Kept, records};
use crate::report::section;
use crate::systems::{self, System, Tier};
use crate::workspace::{Workspace, write_atomic};

const BEGIN: &str = "<!-- systems: made by `cargo xtask docs`, do not edit -->";
const END: &str = "<!-- /systems -->";
pub(super) const PAGES: &str = "docs/repro";

/// Writes every page again and removes pages that no data stands behind.
///
/// # Errors
/// As [`check`], for reading and writing alone.
pub fn write(workspace: &Workspace) -> Result<()> {
    let pages = pages(workspace, &records(workspace)?)?;
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
    let records = records(workspace)?;
    let pages = pages(workspace, &records)?;
    let mut wrong: Vec<String> = stale(workspace, &pages)?
        .iter()
        .map(|file| format!("{}: no data stands behind it", file.display()))
        .collect();
    for kept in records.values().flatten() {
        let folder = workspace.root().join(PAGES).join("plots").join(kept.stem());
        for picture in &kept.report.plots {
            let path = folder.join(&picture.file);
            if !path.is_file() {
                wrong.push(format!("{}: is missing", path.display()));
            }
        }
    }
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
fn pages(
    workspace: &Workspace,
    records: &BTreeMap<String, Vec<Kept>>,
) -> Result<BTreeMap<PathBuf, String>> {
    let systems = systems::all()?;
    let mut pages = BTreeMap::new();
    let readme = fs::read_to_string(workspace.root().join("README.md")).context("README.md")?;
    pages.insert(
        "README.md".into(),
        with_table(&readme, &table(&systems, records))?,
    );
    let mut index = String::from(
        "# Reproductions\n\nThe latest kept run of every system, one page each.\n\
         Made by `cargo xtask docs` from `records/`; `cargo xtask docs --from DIR` keeps the reports of a new run, with `--part NAME` beside the others.\n\n",
    );
    if records.is_empty() {
        index.push_str("No run has been kept yet.\n");
    }
    for (name, reports) in records {
        let system = systems.iter().find(|system| system.name == *name);
        let title = &system
            .with_context(|| format!("record of an unknown system `{name}`"))?
            .title;
        let _ = writeln!(index, "- [{name}]({name}.md): {title}");
        let mut page = format!("# {name}: {title}\n\n");
        if let Some(paper) = &reports[0].report.paper {
            let _ = writeln!(
                page,
                "Paper: [arXiv {paper}](https://arxiv.org/abs/{paper}).\n"
            );
        }
        let parts: Vec<String> = reports
            .iter()
            .map(|kept| section(&kept.report, &kept.part, &format!("plots/{}/", kept.stem())))
            .collect();
        page.push_str(&parts.join("\n"));
        pages.insert(format!("{PAGES}/{name}.md").into(), page);
    }
    pages.insert(format!("{PAGES}/README.md").into(), index);
    let claims = workspace.root().join("xtask/claims.toml");
    if claims.is_file() {
        let text = fs::read_to_string(claims).context("claims.toml")?;
        let page = claims::page(&text, &systems, records)?;
        pages.insert("docs/claims.md".into(), page);
    }
    let runs = files(&workspace.root().join("benches/runs"), "json")?;
    pages.extend(benchmarks::pages(&runs)?);
    Ok(pages)
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
pub(super) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
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

fn table(systems: &[System], records: &BTreeMap<String, Vec<Kept>>) -> String {
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
        // A check of several parts is one, and holds where it does in all of them.
        let mut counts: BTreeMap<Tier, (BTreeMap<&str, bool>, usize)> = BTreeMap::new();
        for Kept { report, .. } in records.get(&system.name).into_iter().flatten() {
            let (checks, figures) = counts.entry(report.tier).or_default();
            for check in &report.checks {
                *checks.entry(check.id.as_str()).or_insert(true) &= check.pass();
            }
            *figures += report.rows.len();
        }
        let held: Vec<String> = (counts.iter())
            .map(|(tier, (checks, figures))| {
                let passed = checks.values().filter(|pass| **pass).count();
                let found = match checks.len() {
                    0 => format!("{figures} figures"),
                    all => format!("{passed} of {all} checks hold"),
                };
                format!("[{tier}: {found}]({PAGES}/{}.md)", system.name)
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
    use crate::check::keep;
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
        keep(&workspace, &run, None).unwrap();
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

        // A part beside it has a section and plots of its own; the table counts a check of both once.
        keep(&workspace, &run, Some("sst2")).unwrap();
        write(&workspace).unwrap();
        let page = fs::read_to_string(folder.path().join("docs/repro/moe.md")).unwrap();
        assert!(
            page.contains("## Tier `embedded`\n") && page.contains("## Tier `embedded`: sst2\n"),
            "{page}"
        );
        assert!(page.contains("plots/moe-embedded.sst2/loss.svg"), "{page}");
        let readme = fs::read_to_string(folder.path().join("README.md")).unwrap();
        assert!(readme.contains("embedded: 1 of 2 checks hold"), "{readme}");

        let picture = "docs/repro/plots/moe-embedded.sst2/loss.svg";
        fs::remove_file(folder.path().join(picture)).unwrap();
        let text = check(&workspace).unwrap_err().to_string();
        assert!(text.contains(picture), "{text}");
        keep(&workspace, &run, Some("sst2")).unwrap();
        check(&workspace).unwrap();

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
    fn a_readme_without_markers_is_refused() {
        assert!(with_table("# x\n", "").is_err());
        assert!(with_table(BEGIN, "").is_err());
    }
}
