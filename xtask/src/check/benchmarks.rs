//! `docs/benchmarks.md` and its plots, from the latest record of every benchmark and device.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::bench::{Measured, Record, registry};
use crate::report::{BarGroup, Plot, Series, number};

/// The page, from the root; its plots lie in the folder of the same name.
pub(super) const PAGE: &str = "docs/benchmarks.md";
pub(super) const PLOTS: &str = "docs/benchmarks";

/// Points of one size letter that make a growth curve.
const LEAST_POINTS: usize = 3;

/// Lines of a plot that can still be told apart.
const MOST_LINES: usize = 6;

/// The page and its plots by path from the root.
///
/// # Errors
/// Where a record cannot be read or a plot not be drawn.
pub(super) fn pages(records: &[PathBuf]) -> Result<BTreeMap<PathBuf, String>> {
    let latest = latest(records)?;
    let mut pages = BTreeMap::new();
    let mut page = String::from(
        "# Benchmarks\n\nThe latest kept run of every benchmark, made by `cargo xtask docs` from `benches/runs`.\n\
         Both sides of a case run in turns in one run, with the same threads and inputs; a ratio above 1 means \
         that ours takes less. Machines are shared and noisy: ratios say more than times.\n\
         `cargo xtask bench NAME` runs one, `cargo xtask bench --all` all of them; the peers need Python with \
         the libraries that each section names. With `--keep-memory` both sides keep the memory that they free, \
         as [backends](backends.md) tells programs to do.\n",
    );
    for bench in registry::BENCHES {
        for record in latest.values().filter(|record| record.bench == bench.name) {
            section(&mut page, bench.about, record, &mut pages)?;
        }
    }
    pages.insert(PAGE.into(), page);
    Ok(pages)
}

/// The last record of each benchmark, device and number type, with and without freed memory kept.
fn latest(paths: &[PathBuf]) -> Result<BTreeMap<String, Record>> {
    let mut latest: BTreeMap<String, Record> = BTreeMap::new();
    for path in paths {
        let record = read(path)?;
        let key = record.stem();
        match latest.get(&key) {
            Some(other) if other.started >= record.started => {}
            _ => drop(latest.insert(key, record)),
        }
    }
    Ok(latest)
}

fn read(path: &Path) -> Result<Record> {
    let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
    serde_json::from_str(&text).with_context(|| path.display().to_string())
}

/// Adds what one record shows, its table and its plots.
fn section(
    page: &mut String,
    about: &str,
    record: &Record,
    pages: &mut BTreeMap<PathBuf, String>,
) -> Result<()> {
    let stem = record.stem();
    let kept = if record.keep_memory {
        ", freed memory kept"
    } else {
        ""
    };
    let versions: Vec<String> = (record.versions.iter())
        .map(|(name, version)| {
            let name = name.trim_start_matches("peer.");
            // The compiler tells its name itself.
            format!("{name} {}", version.trim_start_matches(name).trim_start())
        })
        .collect();
    let _ = write!(
        page,
        "\n## {}, {} {}{kept}\n\n{about}.\n\nRun at {} on commit `{}` with {} threads a side.\n\
         Machine: {}.\nVersions: {}.\n\n",
        record.bench,
        record.device,
        record.dtype,
        record.started,
        record.commit,
        record.threads,
        record.machine,
        versions.join(", ")
    );
    page.push_str(
        "| # | case | other side | unit | ours | other | other/ours | of minima |\n|---|---|---|---|---|---|---|---|\n",
    );
    let show = |value: Option<f64>| value.map_or_else(|| "–".to_owned(), number);
    for (place, case) in record.results.iter().enumerate() {
        let other = match (&case.baseline, &case.peer) {
            (Some(baseline), _) => baseline,
            (None, Some(_)) => "peer",
            (None, None) => "–",
        };
        let _ = writeln!(
            page,
            "| {} | `{}` | {other} | {} | {} | {} | {} | {} |",
            place + 1,
            case.id,
            case.unit,
            number(case.ours.median),
            show(case.peer.as_ref().map(|peer| peer.median)),
            show(case.ratio_of_medians),
            show(case.ratio_of_minima),
        );
    }
    for plot in plots(&stem, record) {
        let file = format!("{PLOTS}/{}.svg", plot.name);
        let _ = write!(page, "\n![{}](benchmarks/{}.svg)\n", plot.title, plot.name);
        pages.insert(file.into(), plot.svg().with_context(|| plot.name.clone())?);
    }
    Ok(())
}

fn plots(stem: &str, record: &Record) -> Vec<Plot> {
    let mut plots = Vec::new();
    let ratios: Vec<(String, f64)> = (record.results.iter().enumerate())
        .filter_map(|(place, case)| Some(((place + 1).to_string(), case.ratio_of_medians?.log2())))
        .collect();
    if !ratios.is_empty() {
        let (categories, values) = ratios.into_iter().unzip();
        let errors = Vec::new();
        let bars = BarGroup {
            name: "ratio".into(),
            values,
            errors,
        };
        let title = format!("{}: the other side's cost over ours, by case", record.bench);
        let name = format!("{stem}-ratios");
        plots.push(Plot::bars(
            &name,
            &title,
            "log₂ (other / ours)",
            categories,
            vec![bars],
        ));
    }
    for ((letter, unit), mut lines) in curves(&record.results) {
        lines.truncate(MOST_LINES);
        let name = format!("{stem}-by-{letter}-{}", plain(&unit));
        let title = format!("{}: cost against {letter}", record.bench);
        let (x, y) = (format!("log₁₀ {letter}"), format!("log₁₀ {unit}"));
        plots.push(Plot::lines(&name, &title, &x, &y, lines));
    }
    plots
}

/// Lower-case letters and digits of `text`.
fn plain(text: &str) -> String {
    (text.chars())
        .filter(char::is_ascii_alphanumeric)
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// Growth curves by size letter and unit. A case's name has parts with dots between; cases that differ in
/// one part alone, a letter and a number such as `n2000`, make a curve.
fn curves(results: &[Measured]) -> BTreeMap<(String, String), Vec<Series>> {
    type Key = (String, String, String);
    let mut points: BTreeMap<Key, Vec<(f64, f64)>> = BTreeMap::new();
    for case in results {
        let parts: Vec<&str> = case.id.split('.').collect();
        for (place, part) in parts.iter().enumerate() {
            let Some((letter, size)) = size(part) else {
                continue;
            };
            let mut rest = parts.clone();
            rest[place] = letter;
            let key = (letter.to_owned(), case.unit.clone(), rest.join("."));
            let point = (size.log10(), case.ours.median.log10());
            points.entry(key).or_default().push(point);
        }
    }
    let mut curves: BTreeMap<(String, String), Vec<Series>> = BTreeMap::new();
    for ((letter, unit, name), mut points) in points {
        points.sort_by(|a, b| a.0.total_cmp(&b.0));
        points.dedup_by(|a, b| a.0 == b.0);
        if points.len() >= LEAST_POINTS {
            let series = Series::new(name, points);
            curves.entry((letter, unit)).or_default().push(series);
        }
    }
    curves
}

/// `n2000` as `n` and 2000.
fn size(part: &str) -> Option<(&str, f64)> {
    let digits = part.find(|c: char| c.is_ascii_digit())?;
    let (letter, number) = part.split_at(digits);
    let letters = !letter.is_empty() && letter.chars().all(|c| c.is_ascii_lowercase());
    let size: f64 = number.parse().ok()?;
    (letters && size > 0.0).then_some((letter, size))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::Side;
    use crate::workspace::Machine;

    fn measured(id: &str, ours: f64, other: Option<f64>) -> Measured {
        let side = |value: f64| Side::new(vec![value]).unwrap();
        Measured::new(id.into(), "s".into(), side(ours), other.map(side))
    }

    fn record(started: &str, results: Vec<Measured>) -> Record {
        Record {
            bench: "core".into(),
            started: started.into(),
            commit: "abc".into(),
            machine: Machine::here(),
            device: "flex".into(),
            dtype: "f32".into(),
            threads: 2,
            keep_memory: false,
            versions: BTreeMap::from([("peer.torch".into(), "2.15".into())]),
            results,
        }
    }

    #[test]
    fn cases_that_differ_in_one_size_make_a_curve() {
        let results = vec![
            measured("a.n1000.time", 1.0, None),
            measured("a.n10.time", 0.1, None),
            measured("a.n100.time", 0.5, None),
            measured("a.n100.other", 0.5, None),
            measured("gcn.cora", 0.5, None),
        ];
        let curves = curves(&results);
        assert_eq!(curves.len(), 1);
        let lines = &curves[&("n".to_owned(), "s".to_owned())];
        assert_eq!((lines.len(), lines[0].name.as_str()), (1, "a.n.time"));
        let sizes: Vec<f64> = lines[0].points.iter().map(|point| point.0).collect();
        assert_eq!(sizes, [1.0, 2.0, 3.0]);
        assert_eq!(size("b32"), Some(("b", 32.0)));
        assert_eq!([size("32"), size("b"), size("b0"), size("f1x")], [None; 4]);
    }

    #[test]
    fn the_latest_record_is_shown_with_its_ratios() {
        let folder = tempfile::tempdir().unwrap();
        let old = record("2026-01-01T00:00:00Z", vec![measured("old", 1.0, None)]);
        let new = record(
            "2026-01-02T00:00:00Z",
            vec![
                measured("new.b2", 1.0, Some(4.0)),
                measured("alone", 2.0, None),
            ],
        );
        let kept = Record {
            keep_memory: true,
            ..record("2026-01-01T00:00:00Z", vec![measured("kept", 3.0, None)])
        };
        let half = Record {
            dtype: "bf16".into(),
            ..record(
                "2026-01-03T00:00:00Z",
                vec![measured("half", 1.0, Some(2.0))],
            )
        };
        let files: Vec<PathBuf> = [new, old, kept, half]
            .iter()
            .map(|record| record.write(folder.path()).unwrap())
            .collect();
        let pages = pages(&files).unwrap();
        let page = &pages[Path::new(PAGE)];
        assert!(
            page.contains("| 1 | `new.b2` | peer | s | 1 | 4 | 4 | 4 |"),
            "{page}"
        );
        assert!(
            page.contains("| 2 | `alone` | – | s | 2 | – | – | – |"),
            "{page}"
        );
        assert!(
            page.contains("torch 2.15") && !page.contains("`old`"),
            "{page}"
        );
        assert!(page.contains("core, flex f32, freed memory kept\n") && page.contains("`kept`"));
        assert!(page.contains("core, flex bf16\n") && page.contains("`half`"));
        for plot in ["core-flex-ratios", "core-flex-bf16-ratios"] {
            let file = format!("docs/benchmarks/{plot}.svg");
            assert!(pages.contains_key(Path::new(&file)), "{file}");
        }
    }
}
