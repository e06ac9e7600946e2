//! Reports: JSON for programs, Markdown and one HTML page for people, plots as SVG.

mod draw;
mod heat;
mod html;
mod markdown;
mod number;
mod plot;
mod table;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};

pub use html::{Entry, index};
pub use markdown::{markdown, markdown_table, markdown_verdict, section};
pub use number::number;
pub use plot::{BarGroup, Kind, Plot, Series};
pub use table::table;

use crate::repro::{Check, Outcome, Row, Table, Text};
use crate::systems::Tier;
use crate::workspace::{Machine, write_atomic};

/// Version of the JSON below; readers refuse another.
pub const SCHEMA: u32 = 1;

/// What a reproduction leaves behind.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`SCHEMA`].
    pub schema: u32,
    /// Name of the system.
    pub name: String,
    /// What the system does.
    pub title: String,
    /// arXiv number of the paper.
    pub paper: Option<String>,
    /// Tier that was run.
    pub tier: Tier,
    /// Device that was computed on.
    pub device: String,
    /// Commit of the checkout.
    pub commit: String,
    /// Start of the run, UTC.
    pub started: String,
    /// Machine of the run.
    pub machine: Machine,
    /// Threads that the run computed with; older reports do not say.
    #[serde(default)]
    pub threads: Option<usize>,
    /// Seeds that were run.
    pub seeds: Vec<u64>,
    /// Settings that were read, defaults included.
    pub settings: BTreeMap<String, String>,
    /// Seconds that the run took.
    pub wall_s: f64,
    /// Figures beside the published ones.
    pub rows: Vec<Row>,
    /// Claims.
    pub checks: Vec<Check>,
    /// Plots: files beside the report.
    pub plots: Vec<Picture>,
    /// Further tables.
    pub tables: Vec<Table>,
    /// Texts shown as they are.
    pub texts: Vec<Text>,
    /// Remarks.
    pub notes: Vec<String>,
}

/// A plot's file and title.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Picture {
    /// File name beside the report.
    pub file: String,
    /// What it shows.
    pub title: String,
}

impl Report {
    /// Number of checks that hold.
    pub fn passed(&self) -> usize {
        self.checks.iter().filter(|check| check.pass()).count()
    }

    /// True where every check holds.
    pub fn holds(&self) -> bool {
        self.passed() == self.checks.len()
    }

    /// Moves the findings of `outcome` in, all but the plots' contents.
    ///
    /// # Errors
    /// As [`Outcome::validate`].
    pub fn fill(&mut self, outcome: &Outcome) -> Result<()> {
        outcome.validate()?;
        self.rows.clone_from(&outcome.rows);
        for row in &mut self.rows {
            row.ours = kept(row.ours);
            row.std = row.std.map(kept);
            row.published = row.published.map(kept);
        }
        self.checks.clone_from(&outcome.checks);
        for check in &mut self.checks {
            check.value = kept(check.value);
            check.bound = kept(check.bound);
        }
        self.tables.clone_from(&outcome.tables);
        self.texts.clone_from(&outcome.texts);
        self.notes.clone_from(&outcome.notes);
        self.plots = outcome
            .plots
            .iter()
            .map(|plot| Picture {
                file: format!("{}.svg", plot.name),
                title: plot.title.clone(),
            })
            .collect();
        Ok(())
    }

    /// Writes `report.json`, `report.md` and the plots into `folder`; the JSON comes last.
    ///
    /// # Errors
    /// Where a plot cannot be drawn or a file cannot be written.
    pub fn write(&self, folder: &Path, plots: &[Plot]) -> Result<()> {
        for plot in plots {
            let svg = plot
                .svg()
                .with_context(|| format!("plot `{}`", plot.name))?;
            write_atomic(&folder.join(format!("{}.svg", plot.name)), &svg)?;
        }
        write_atomic(&folder.join("report.md"), &markdown(self, ""))?;
        write_atomic(&folder.join("report.json"), &self.json()?)
    }

    /// The report as indented JSON with a final newline.
    ///
    /// # Errors
    /// Where serialization fails.
    pub fn json(&self) -> Result<String> {
        Ok(serde_json::to_string_pretty(self).context("report")? + "\n")
    }

    /// Reads a report and checks that its claims follow from its numbers.
    ///
    /// # Errors
    /// Where the file cannot be read, is not a report of this [`SCHEMA`], or claims a pass that its
    /// numbers deny.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
        let report: Self =
            serde_json::from_str(&text).with_context(|| path.display().to_string())?;
        ensure!(
            report.schema == SCHEMA,
            "{}: schema {}, this program reads {SCHEMA}",
            path.display(),
            report.schema
        );
        Ok(report)
    }
}

/// `value` to twelve significant digits: so many survive any JSON reader, and a check that held
/// when it was written still holds when it is read.
fn kept(value: f64) -> f64 {
    format!("{value:.11e}").parse().unwrap_or(value)
}

/// Made-up reports for tests.
#[cfg(test)]
pub(crate) mod sample {
    use super::*;
    use crate::repro::Op;

    pub(crate) fn outcome() -> Outcome {
        Outcome {
            rows: vec![
                Row::over_seeds("a.large", "accuracy", &[0.91, 0.93])
                    .published(0.95, "2001.00001, table 2"),
                Row::new("a.small", "loss | test", f64::NAN),
            ],
            checks: vec![
                Check::new("error_is_small", 1.25e-7, Op::Le, 1e-6),
                Check::new("better_than_chance", 0.4, Op::Gt, 0.5),
            ],
            plots: vec![Plot::lines(
                "loss",
                "Loss <over> steps",
                "step",
                "loss",
                vec![Series::new("train", vec![(0.0, 2.0), (1.0, 1.0)])],
            )],
            tables: vec![Table {
                title: "Guesses".into(),
                columns: vec!["sentence".into(), "guess".into()],
                rows: vec![vec!["paris is the [MASK] .".into(), "capital".into()]],
            }],
            texts: vec![Text {
                title: "Sample".into(),
                body: "one\ntwo <three>".into(),
            }],
            notes: vec!["Half the data.".into()],
        }
    }

    pub(crate) fn report() -> Report {
        let mut report = Report {
            schema: SCHEMA,
            name: "a".into(),
            title: "System A".into(),
            paper: Some("2001.00001".into()),
            tier: Tier::Embedded,
            device: "flex".into(),
            commit: "0123456789ab".into(),
            started: "2026-01-02T03:04:05Z".into(),
            machine: Machine {
                cpu: "CPU".into(),
                threads: 2,
                memory_mib: 2048,
                os: "linux x86_64".into(),
            },
            threads: Some(1),
            seeds: vec![1, 2],
            settings: [("steps".to_owned(), "20".to_owned())].into(),
            wall_s: 41.25,
            rows: Vec::new(),
            checks: Vec::new(),
            plots: Vec::new(),
            tables: Vec::new(),
            texts: Vec::new(),
            notes: Vec::new(),
        };
        report.fill(&outcome()).unwrap();
        report
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_survive_a_round_trip() {
        let folder = tempfile::tempdir().unwrap();
        let report = sample::report();
        report
            .write(folder.path(), &sample::outcome().plots)
            .unwrap();
        let read = Report::read(&folder.path().join("report.json")).unwrap();
        assert_eq!(read.json().unwrap(), report.json().unwrap());
        assert_eq!((read.passed(), read.holds()), (1, false));
        assert!(read.rows[1].ours.is_nan());
        let svg = std::fs::read_to_string(folder.path().join("loss.svg")).unwrap();
        assert!(svg.starts_with("<svg"), "{svg}");
    }

    #[test]
    fn kept_figures_are_read_back_as_written() {
        let mut state = 1_u64;
        for _ in 0..2000 {
            state = state
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            let power = (state >> 8) as i32 % 9;
            let value = kept((state >> 11) as f64 / 2_f64.powi(53) * 10_f64.powi(power));
            let text = serde_json::to_string(&value).unwrap();
            assert_eq!(
                serde_json::from_str::<f64>(&text).unwrap().to_bits(),
                value.to_bits(),
                "{text}"
            );
        }
        assert!(kept(f64::NAN).is_nan());
    }

    #[test]
    fn forged_and_foreign_reports_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("report.json");
        let good = sample::report().json().unwrap();
        for (from, to, word) in [
            ("\"pass\": false", "\"pass\": true", "better_than_chance"),
            ("\"schema\": 1", "\"schema\": 2", "schema 2"),
            ("\"seeds\"", "\"sedes\"", "sedes"),
        ] {
            std::fs::write(&path, good.replacen(from, to, 1)).unwrap();
            let text = format!("{:#}", Report::read(&path).unwrap_err());
            assert!(
                text.contains(word) && text.contains("report.json"),
                "{text}"
            );
        }
    }
}
