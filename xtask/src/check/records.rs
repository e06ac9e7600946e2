//! The reports in `docs/repro/records`: what the pages of reproductions are made from.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};

use super::docs::{PAGES, files};
use crate::report::Report;
use crate::workspace::{Workspace, write_atomic};

/// A kept report.
pub(super) struct Kept {
    /// What of its tier it is, where more than one run is kept of it; empty for the whole.
    pub(super) part: String,
    pub(super) report: Report,
}

impl Kept {
    /// The name of its file and of its plots' folder: `moe-real`, or `moe-real.sst2` for a part.
    pub(super) fn stem(&self) -> String {
        let Report { name, tier, .. } = &self.report;
        match self.part.as_str() {
            "" => format!("{name}-{tier}"),
            part => format!("{name}-{tier}.{part}"),
        }
    }
}

/// Keeps the reports below `from` (`<name>/report.json`, or `report.json` itself) as the records of
/// their systems and tiers, or of a `part` of these.
///
/// # Errors
/// Where there is none, one cannot be read or copied, was run on a tree with uncommitted changes, or
/// `part` is no short name.
pub fn keep(workspace: &Workspace, from: &Path, part: Option<&str>) -> Result<Vec<PathBuf>> {
    let part = part.unwrap_or_default();
    ensure!(
        part.chars()
            .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c)),
        "part `{part}`: letters, digits, - and _ only"
    );
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
    // All are read before any is kept.
    let reports: Vec<Kept> = folders
        .iter()
        .map(|folder| readable(&folder.join("report.json"), part))
        .collect::<Result<_>>()?;
    let mut records = Vec::new();
    for (folder, kept) in folders.iter().zip(reports) {
        let plots = pages.join("plots").join(kept.stem());
        if plots.exists() {
            fs::remove_dir_all(&plots).with_context(|| plots.display().to_string())?;
        }
        for picture in &kept.report.plots {
            let path = folder.join(&picture.file);
            let svg = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
            write_atomic(&plots.join(&picture.file), &svg)?;
        }
        let record = pages.join("records").join(format!("{}.json", kept.stem()));
        write_atomic(&record, &kept.report.json()?)?;
        records.push(record);
    }
    Ok(records)
}

/// The report at `path`, if it may be kept.
fn readable(path: &Path, part: &str) -> Result<Kept> {
    let report = Report::read(path)?;
    ensure!(
        !report.commit.ends_with("-dirty"),
        "{}: commit {}: what was run is in no commit; commit it and run again",
        path.display(),
        report.commit
    );
    Ok(Kept {
        part: part.to_owned(),
        report,
    })
}

/// The kept reports by system, tiers in order, the whole of a tier before its parts.
pub(super) fn records(workspace: &Workspace) -> Result<BTreeMap<String, Vec<Kept>>> {
    let mut records: BTreeMap<String, Vec<Kept>> = BTreeMap::new();
    for path in files(&workspace.root().join(PAGES).join("records"), "json")? {
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let kept = Kept {
            part: stem.split_once('.').map_or("", |(_, part)| part).to_owned(),
            report: Report::read(&path)?,
        };
        ensure!(
            stem == kept.stem(),
            "{}: holds the report {}",
            path.display(),
            kept.stem()
        );
        let name = kept.report.name.clone();
        records.entry(name).or_default().push(kept);
    }
    for reports in records.values_mut() {
        reports.sort_by(|one, other| {
            (one.report.tier, &one.part).cmp(&(other.report.tier, &other.part))
        });
    }
    Ok(records)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    #[test]
    fn folders_without_reports_and_odd_names_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let text = keep(&workspace, folder.path(), None)
            .unwrap_err()
            .to_string();
        assert!(text.contains("no report.json"), "{text}");
        let text = keep(&workspace, folder.path(), Some("a/b"))
            .unwrap_err()
            .to_string();
        assert!(text.contains("`a/b`"), "{text}");
    }

    #[test]
    fn runs_that_no_commit_holds_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let mut report = sample::report();
        report.commit.push_str("-dirty");
        let run = folder.path().join("run");
        report.write(&run, &sample::outcome().plots).unwrap();
        let text = keep(&workspace, &run, None).unwrap_err().to_string();
        assert!(text.contains("0123456789ab-dirty"), "{text}");
        assert!(!folder.path().join(PAGES).exists());
    }

    #[test]
    fn a_record_under_another_name_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let workspace = Workspace::at(folder.path());
        let run = folder.path().join("run");
        let report = sample::report();
        report.write(&run, &sample::outcome().plots).unwrap();
        let kept = keep(&workspace, &run, Some("wide")).unwrap().remove(0);
        let name = format!("{}-{}.wide.json", report.name, report.tier);
        assert!(kept.ends_with(&name), "{}", kept.display());
        assert_eq!(records(&workspace).unwrap()[&report.name][0].part, "wide");
        fs::rename(&kept, kept.with_file_name("other-real.json")).unwrap();
        let text = records(&workspace).map(|_| ()).unwrap_err().to_string();
        assert!(text.contains("other-real.json"), "{text}");
    }
}
