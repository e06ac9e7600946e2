//! What a reproduction gives back.

use anyhow::{Result, bail, ensure};
use serde::{Deserialize, Serialize};

use crate::report::{Plot, number};

/// Figures, claims and pictures of one run.
#[derive(Debug, Clone, Default)]
pub struct Outcome {
    /// Figures beside the published ones.
    pub rows: Vec<Row>,
    /// Claims that must hold.
    pub checks: Vec<Check>,
    /// Pictures.
    pub plots: Vec<Plot>,
    /// Tables that are neither figures nor claims.
    pub tables: Vec<Table>,
    /// Texts shown as they are, such as samples of output.
    pub texts: Vec<Text>,
    /// Remarks: what differs from the paper, what was left out.
    pub notes: Vec<String>,
}

/// Seeds from which on a claim about their mean is checked.
pub const ENOUGH_SEEDS: usize = 3;

impl Outcome {
    /// Adds a claim about the mean over `seeds`. Fewer than [`ENOUGH_SEEDS`] may lie on either side of its
    /// bound: they give a figure in this `metric`.
    pub fn claim(&mut self, seeds: usize, metric: &str, check: Check) {
        if seeds < ENOUGH_SEEDS {
            self.rows.push(Row::new(check.id, metric, check.value));
        } else {
            self.checks.push(check);
        }
    }

    /// Refuses an outcome that would make a report nobody can trust.
    ///
    /// # Errors
    /// Where there is no figure and no check, an id repeats, a bound is not a number, a row's
    /// published figure has no source, or a table's row is not as wide as its head.
    pub fn validate(&self) -> Result<()> {
        ensure!(
            !self.rows.is_empty() || !self.checks.is_empty(),
            "neither a figure nor a check"
        );
        unique(
            "row",
            self.rows
                .iter()
                .map(|row| format!("{} {}", row.id, row.metric)),
        )?;
        unique("check", self.checks.iter().map(|check| check.id.clone()))?;
        unique("plot", self.plots.iter().map(|plot| plot.name.clone()))?;
        for check in &self.checks {
            ensure!(
                check.bound.is_finite(),
                "check `{}`: bound {} cannot be missed",
                check.id,
                check.bound
            );
        }
        for row in &self.rows {
            ensure!(
                row.published.is_none() || row.source.is_some(),
                "row `{}`: a published figure needs its source",
                row.id
            );
        }
        for table in &self.tables {
            for row in &table.rows {
                ensure!(
                    row.len() == table.columns.len(),
                    "table `{}`: {} cells under {} columns",
                    table.title,
                    row.len(),
                    table.columns.len()
                );
            }
        }
        Ok(())
    }
}

fn unique(kind: &str, ids: impl Iterator<Item = String>) -> Result<()> {
    let mut seen = std::collections::BTreeSet::new();
    for id in ids {
        if !seen.insert(id.clone()) {
            bail!("{kind} `{id}` appears twice");
        }
    }
    Ok(())
}

/// One figure beside the published one.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Where it belongs, from the general to the particular: `sst2.cluster.mlp.r20`.
    pub id: String,
    /// What is measured.
    pub metric: String,
    /// Our figure; not a number where the run produced none.
    #[serde(with = "not_a_number")]
    pub ours: f64,
    /// Standard deviation over the seeds.
    pub std: Option<f64>,
    /// The published figure, where one is known.
    pub published: Option<f64>,
    /// Where the published figure stands.
    pub source: Option<String>,
}

impl Row {
    /// A figure without a published one.
    pub fn new(id: impl Into<String>, metric: impl Into<String>, ours: f64) -> Self {
        Self {
            id: id.into(),
            metric: metric.into(),
            ours,
            std: None,
            published: None,
            source: None,
        }
    }

    /// Mean and standard deviation (of the sample, n − 1) of one value a seed.
    pub fn over_seeds(id: impl Into<String>, metric: impl Into<String>, values: &[f64]) -> Self {
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        let variance = values
            .iter()
            .map(|value| (value - mean).powi(2))
            .sum::<f64>()
            / (count - 1.0);
        let mut row = Self::new(id, metric, mean);
        row.std = (values.len() > 1).then(|| variance.sqrt());
        row
    }

    /// Adds the figure published in `source`.
    #[must_use]
    pub fn published(mut self, figure: f64, source: impl Into<String>) -> Self {
        self.published = Some(figure);
        self.source = Some(source.into());
        self
    }
}

/// How a [`Check`] compares its value with its bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Op {
    /// Less than.
    #[serde(rename = "<")]
    Lt,
    /// At most.
    #[serde(rename = "<=")]
    Le,
    /// Equal.
    #[serde(rename = "==")]
    Eq,
    /// At least.
    #[serde(rename = ">=")]
    Ge,
    /// More than.
    #[serde(rename = ">")]
    Gt,
}

impl Op {
    /// The sign itself.
    pub fn sign(self) -> &'static str {
        match self {
            Self::Lt => "<",
            Self::Le => "<=",
            Self::Eq => "==",
            Self::Ge => ">=",
            Self::Gt => ">",
        }
    }
}

/// A claim that must hold. Whether it does is computed, never given.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "CheckRecord", try_from = "CheckRecord")]
pub struct Check {
    /// Its name.
    pub id: String,
    /// What was measured.
    pub value: f64,
    /// How it compares.
    pub op: Op,
    /// What it is compared with.
    pub bound: f64,
}

impl Check {
    /// The claim that `value op bound`.
    pub fn new(id: impl Into<String>, value: f64, op: Op, bound: f64) -> Self {
        Self {
            id: id.into(),
            value,
            op,
            bound,
        }
    }

    /// The claim that `fact` is true, written as `1 == 1`.
    pub fn fact(id: impl Into<String>, fact: bool) -> Self {
        Self::new(id, f64::from(u8::from(fact)), Op::Eq, 1.0)
    }

    /// What the value must be, as people read it: `<= 0.05`.
    pub fn must_be(&self) -> String {
        format!("{} {}", self.op.sign(), number(self.bound))
    }

    /// Whether the claim holds; a value that is not a number holds nothing.
    pub fn pass(&self) -> bool {
        match self.op {
            Op::Lt => self.value < self.bound,
            Op::Le => self.value <= self.bound,
            Op::Eq => self.value == self.bound,
            Op::Ge => self.value >= self.bound,
            Op::Gt => self.value > self.bound,
        }
    }
}

/// A [`Check`] as it stands in a report.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct CheckRecord {
    id: String,
    #[serde(with = "not_a_number")]
    value: f64,
    op: Op,
    bound: f64,
    pass: bool,
}

impl From<Check> for CheckRecord {
    fn from(check: Check) -> Self {
        let pass = check.pass();
        Self {
            id: check.id,
            value: check.value,
            op: check.op,
            bound: check.bound,
            pass,
        }
    }
}

impl TryFrom<CheckRecord> for Check {
    type Error = String;

    fn try_from(record: CheckRecord) -> Result<Self, String> {
        let check = Self::new(record.id, record.value, record.op, record.bound);
        if check.pass() == record.pass {
            Ok(check)
        } else {
            Err(format!(
                "check `{}`: {} {} {} does not give pass = {}",
                check.id,
                check.value,
                check.op.sign(),
                check.bound,
                record.pass
            ))
        }
    }
}

/// A table of texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// What it shows.
    pub title: String,
    /// Names of the columns.
    pub columns: Vec<String>,
    /// Cells, row by row.
    pub rows: Vec<Vec<String>>,
}

/// A text shown as it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Text {
    /// What it shows.
    pub title: String,
    /// Its lines.
    pub body: String,
}

/// JSON has no word for a number that is none: such figures are written as null.
mod not_a_number {
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(super) fn serialize<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        value.is_finite().then_some(*value).serialize(serializer)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        Ok(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_about_few_seeds_are_figures() {
        let mut outcome = Outcome::default();
        outcome.claim(2, "gain", Check::new("few", 0.5, Op::Gt, 1.0));
        outcome.claim(3, "gain", Check::new("enough", 0.5, Op::Gt, 1.0));
        let row = &outcome.rows[0];
        assert_eq!((row.id.as_str(), row.metric.as_str()), ("few", "gain"));
        assert_eq!((outcome.rows.len(), outcome.checks.len()), (1, 1));
        assert_eq!(outcome.checks[0].id, "enough");
    }

    #[test]
    fn a_check_computes_whether_it_holds() {
        let held = |op, value| Check::new("c", value, op, 1.0).pass();
        assert!(held(Op::Lt, 0.9) && !held(Op::Lt, 1.0));
        assert!(held(Op::Le, 1.0) && !held(Op::Le, 1.1));
        assert!(held(Op::Eq, 1.0) && !held(Op::Eq, 0.9));
        assert!(held(Op::Ge, 1.0) && !held(Op::Ge, 0.9));
        assert!(held(Op::Gt, 1.1) && !held(Op::Gt, 1.0));
        for op in [Op::Lt, Op::Le, Op::Eq, Op::Ge, Op::Gt] {
            assert!(!held(op, f64::NAN), "{op:?}");
        }
        assert!(Check::fact("f", true).pass() && !Check::fact("f", false).pass());
    }

    #[test]
    fn a_report_cannot_claim_a_pass_that_its_numbers_deny() {
        let text = serde_json::to_string(&Check::new("c", 2.0, Op::Le, 1.0)).unwrap();
        assert_eq!(
            text,
            r#"{"id":"c","value":2.0,"op":"<=","bound":1.0,"pass":false}"#
        );
        let forged = text.replace("false", "true");
        let error = serde_json::from_str::<Check>(&forged)
            .unwrap_err()
            .to_string();
        assert!(error.contains("`c`"), "{error}");
        let nan = serde_json::to_string(&Check::new("n", f64::NAN, Op::Le, 1.0)).unwrap();
        assert!(
            nan.contains(r#""value":null"#) && nan.contains(r#""pass":false"#),
            "{nan}"
        );
        assert!(serde_json::from_str::<Check>(&nan).unwrap().value.is_nan());
    }

    #[test]
    fn rows_average_over_seeds() {
        let row = Row::over_seeds("a", "accuracy", &[1.0, 2.0, 3.0]);
        assert_eq!((row.ours, row.std), (2.0, Some(1.0)));
        assert_eq!(Row::over_seeds("a", "accuracy", &[1.0]).std, None);
    }

    #[test]
    fn outcomes_without_substance_are_refused() {
        let refuse = |outcome: Outcome, word: &str| {
            let text = outcome.validate().unwrap_err().to_string();
            assert!(text.contains(word), "{text}");
        };
        refuse(Outcome::default(), "neither");
        let check = Check::new("c", 0.0, Op::Le, f64::INFINITY);
        refuse(
            Outcome {
                checks: vec![check],
                ..Outcome::default()
            },
            "cannot be missed",
        );
        let row = Row::new("a", "m", 1.0);
        refuse(
            Outcome {
                rows: vec![row.clone(), row.clone()],
                ..Outcome::default()
            },
            "twice",
        );
        let unsourced = Row {
            published: Some(1.0),
            ..row.clone()
        };
        refuse(
            Outcome {
                rows: vec![unsourced],
                ..Outcome::default()
            },
            "source",
        );
        let table = Table {
            title: "t".into(),
            columns: vec!["x".into()],
            rows: vec![vec![]],
        };
        refuse(
            Outcome {
                rows: vec![row],
                tables: vec![table],
                ..Outcome::default()
            },
            "0 cells",
        );
    }
}
