//! The page of claims: what the papers' abstracts say, and what the kept runs say of it.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;

use super::docs::PAGES;
use super::records::Kept;
use crate::report::{Report, markdown_table, markdown_verdict, number};
use crate::repro::Row;
use crate::systems::{System, Tier};

/// One claim of a paper.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    system: String,
    text: String,
    evidence: Vec<Evidence>,
}

impl Claim {
    /// Where it stands, for errors.
    fn place(&self) -> String {
        format!("claims.toml, {}: {}", self.system, self.text)
    }
}

/// A check, two rows of which the first must be above (or below) the second, or a row that must be above a
/// number.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Evidence {
    tier: Tier,
    /// Part of the tier; by default the first kept run that has what is named.
    part: Option<String>,
    check: Option<String>,
    row: Option<String>,
    than: Option<String>,
    metric: Option<String>,
    /// The metric of the row `than`, where it is another one.
    than_metric: Option<String>,
    above: Option<f64>,
    /// How many of its deviations a row must be above the number; 1 by default.
    deviations: Option<f64>,
    /// Whether the row must be below the row `than`.
    below: Option<bool>,
}

/// What evidence may be.
const KINDS: &str = "evidence is either `check`, or `row`, `metric` and one of `than` and `above`";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    claim: Vec<Claim>,
}

/// The claims in `text`.
fn read(text: &str) -> Result<Vec<Claim>> {
    let file: File = toml::from_str(text).context("claims.toml")?;
    for claim in &file.claim {
        for evidence in &claim.evidence {
            evidence.check_fields().with_context(|| claim.place())?;
        }
    }
    Ok(file.claim)
}

/// The page made of the claims in `text`.
///
/// # Errors
/// Where a claim is of no system, has no evidence, or its evidence has a field that its kind does not use
/// or is in no kept run.
pub(super) fn page(
    text: &str,
    systems: &[System],
    records: &BTreeMap<String, Vec<Kept>>,
) -> Result<String> {
    let claims = read(text)?;
    let mut written = String::from(
        "# Claims\n\nWhat the papers' abstracts claim, in our words, beside what the kept runs found at their own sizes.\n\
         Made by `cargo xtask docs` from `xtask/claims.toml` and the [kept runs](repro/README.md).\n\n\
         A difference between two figures *holds* where it is larger than both deviations over the seeds, and is \
         *not told apart* where it is smaller; of runs with one seed the sign alone is known. A figure beside a \
         number holds where it lies above the number by more than its deviation, or by more than twice its \
         standard error.\n\n",
    );
    if let Some(claim) = claims
        .iter()
        .find(|claim| systems.iter().all(|system| system.name != claim.system))
    {
        bail!("claims.toml: no system `{}`", claim.system);
    }
    for system in systems {
        let own: Vec<&Claim> = (claims.iter())
            .filter(|claim| claim.system == system.name)
            .collect();
        if own.is_empty() {
            continue;
        }
        let _ = writeln!(written, "## {}: {}\n", system.name, system.title);
        let kept = records.get(&system.name).map_or(&[][..], Vec::as_slice);
        let mut rows = Vec::new();
        for claim in own {
            ensure!(!claim.evidence.is_empty(), "no evidence: {}", claim.text);
            for (number, evidence) in claim.evidence.iter().enumerate() {
                let text = if number == 0 { claim.text.as_str() } else { "" };
                let (what, value, verdict) = evidence.judge(kept).with_context(|| claim.place())?;
                let tier = format!("[{}](repro/{}.md)", evidence.tier, system.name);
                rows.push([text.to_owned(), tier, what, value, verdict.to_owned()]);
            }
        }
        markdown_table(
            &mut written,
            &["claim", "tier", "shown by", "found", "verdict"],
            rows.into_iter().map(Vec::from),
        );
    }
    Ok(written.trim_end().to_owned() + "\n")
}

impl Evidence {
    /// Refuses a field that evidence of this kind does not use.
    fn check_fields(&self) -> Result<()> {
        let (kind, used): (&str, &[&str]) = if self.check.is_some() {
            ("check", &[])
        } else if self.than.is_some() {
            ("than", &["row", "than", "metric", "than_metric", "below"])
        } else if self.above.is_some() {
            ("above", &["row", "metric", "above", "deviations"])
        } else {
            bail!(KINDS)
        };
        for (field, given) in [
            ("row", self.row.is_some()),
            ("than", self.than.is_some()),
            ("metric", self.metric.is_some()),
            ("than_metric", self.than_metric.is_some()),
            ("above", self.above.is_some()),
            ("deviations", self.deviations.is_some()),
            ("below", self.below.is_some()),
        ] {
            ensure!(
                !given || used.contains(&field),
                "`{field}` has no use beside `{kind}`; {KINDS}"
            );
        }
        Ok(())
    }

    /// What is looked at, what was found, and the verdict.
    fn judge<'a>(&self, kept: &'a [Kept]) -> Result<(String, String, &'static str)> {
        let reports = || {
            kept.iter()
                .filter(|kept| kept.report.tier == self.tier)
                .filter(|kept| self.part.as_ref().is_none_or(|part| *part == kept.part))
                .map(|kept| &kept.report)
        };
        let find = |report: &'a Report, id: &str, metric: &str| {
            (report.rows.iter()).find(|row| row.id == id && row.metric == metric)
        };
        match (&self.check, &self.row, &self.than, &self.metric, self.above) {
            (Some(id), None, None, None, None) => {
                let check = reports()
                    .flat_map(|report| &report.checks)
                    .find(|check| check.id == *id)
                    .with_context(|| self.missing(&format!("check `{id}`")))?;
                let found = format!("{} (must be {})", number(check.value), check.must_be());
                Ok((
                    format!("check `{id}`"),
                    found,
                    markdown_verdict(check.pass()),
                ))
            }
            (None, Some(row), Some(than), Some(metric), None) => {
                let other_metric = self.than_metric.as_ref().unwrap_or(metric);
                // Figures of two runs are not compared.
                let (one, other) = reports()
                    .find_map(|report| {
                        let one = find(report, row, metric)?;
                        Some((one, find(report, than, other_metric)?))
                    })
                    .with_context(|| {
                        self.missing(&format!("rows `{row}` and `{than}`, {metric}"))
                    })?;
                let below = self.below.unwrap_or(false);
                let sign = if below { "<" } else { ">" };
                let difference = if below {
                    other.ours - one.ours
                } else {
                    one.ours - other.ours
                };
                let beside = match &self.than_metric {
                    Some(other) => format!("{metric} {sign} {other}"),
                    None => metric.clone(),
                };
                Ok((
                    format!("`{row}` {sign} `{than}`, {beside}"),
                    format!("{} against {}", figure(one), figure(other)),
                    verdict(difference, one.std, other.std),
                ))
            }
            (None, Some(row), None, Some(metric), Some(bound)) => {
                let found = reports()
                    .find_map(|report| find(report, row, metric))
                    .with_context(|| self.missing(&format!("row `{row}`, {metric}")))?;
                let deviations = self.deviations.unwrap_or(1.0);
                let spread = found.std.map(|std| std * deviations);
                Ok((
                    format!("`{row}` > {}, {metric}", number(bound)),
                    figure(found),
                    verdict(found.ours - bound, spread, spread),
                ))
            }
            _ => bail!(KINDS),
        }
    }

    fn missing(&self, what: &str) -> String {
        format!(
            "no kept run of tier {} in {PAGES} has the {what}",
            self.tier
        )
    }
}

fn figure(row: &Row) -> String {
    match row.std {
        Some(std) => format!("{} ± {}", number(row.ours), number(std)),
        None => number(row.ours),
    }
}

fn verdict(difference: f64, one: Option<f64>, other: Option<f64>) -> &'static str {
    match (one, other) {
        (Some(one), Some(other)) if difference.abs() <= one.max(other) => "not told apart",
        (Some(_), Some(_)) => markdown_verdict(difference > 0.0),
        _ if difference > 0.0 => "holds (one seed)",
        _ => "**does not hold** (one seed)",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::sample;

    fn records() -> BTreeMap<String, Vec<Kept>> {
        let mut report = sample::report();
        report.name = "moe".into();
        report.rows = vec![
            Row::over_seeds("a", "accuracy", &[0.8, 0.82]),
            Row::over_seeds("b", "accuracy", &[0.7, 0.72]),
            Row::over_seeds("c", "accuracy", &[0.78, 0.82]),
        ];
        let mut other = report.clone();
        other.rows = vec![
            Row::over_seeds("a", "accuracy", &[0.5, 0.52]),
            Row::over_seeds("d", "accuracy", &[0.6, 0.62]),
        ];
        let kept = [("", report), ("wide", other)].map(|(part, report)| Kept {
            part: part.to_owned(),
            report,
        });
        [("moe".to_owned(), kept.into())].into()
    }

    fn claim(evidence: &str) -> Result<String> {
        let text = format!(
            "[[claim]]\nsystem = \"moe\"\ntext = \"It works.\"\n[[claim.evidence]]\ntier = \"embedded\"\n{evidence}"
        );
        page(&text, &crate::systems::all()?, &records())
    }

    fn rows(one: &str, other: &str) -> String {
        format!("row = \"{one}\"\nthan = \"{other}\"\nmetric = \"accuracy\"")
    }

    fn above(bound: f64) -> String {
        format!("row = \"a\"\nmetric = \"accuracy\"\nabove = {bound:?}")
    }

    #[test]
    fn metrics_of_both_rows_may_differ() {
        let evidence = rows("a", "b") + "\nthan_metric = \"loss\"";
        let text = format!("{:#}", claim(&evidence).unwrap_err());
        assert!(text.contains("`a` and `b`"), "{text}");
        let evidence = rows("a", "b") + "\nthan_metric = \"accuracy\"";
        assert!(claim(&evidence).unwrap().contains("accuracy > accuracy"));
    }

    #[test]
    fn verdicts_follow_from_the_figures() {
        for (evidence, verdict) in [
            ("check = \"error_is_small\"".to_owned(), "| holds |"),
            (
                "check = \"better_than_chance\"".to_owned(),
                "| **does not hold** |",
            ),
            (rows("a", "b"), "| holds |"),
            (rows("b", "a"), "| **does not hold** |"),
            (rows("a", "c"), "| not told apart |"),
            (rows("b", "a") + "\nbelow = true", "| holds |"),
            (rows("d", "a"), "| holds |"),
            (
                rows("d", "a") + "\npart = \"wide\"",
                "0.61 ± 0.01414 against 0.51",
            ),
            (above(0.75), "| holds |"),
            (above(0.85), "| **does not hold** |"),
            (above(0.80), "| not told apart |"),
            (above(0.79) + "\ndeviations = 2", "| not told apart |"),
        ] {
            let page = claim(&evidence).unwrap();
            assert!(page.contains("It works."), "{page}");
            assert!(page.contains(verdict), "{evidence}: {page}");
        }
        assert_eq!(verdict(0.1, None, None), "holds (one seed)");
        assert_eq!(
            verdict(-0.1, None, Some(0.0)),
            "**does not hold** (one seed)"
        );
    }

    #[test]
    fn fields_without_use_are_refused() {
        let check = "check = \"error_is_small\"".to_owned();
        let compared = rows("a", "b");
        for (evidence, fields, kind) in [
            (
                &check,
                &["row = \"a\"", "deviations = 1", "below = false"][..],
                "check",
            ),
            (&check, &["than_metric = \"loss\"", "above = 0.5"], "check"),
            (&compared, &["deviations = 2", "above = 0.5"], "than"),
            (
                &above(0.5),
                &["below = true", "than_metric = \"loss\""],
                "above",
            ),
        ] {
            for field in fields {
                let text = format!("{:#}", claim(&format!("{evidence}\n{field}")).unwrap_err());
                let (field, _) = field.split_once(' ').unwrap();
                let expected =
                    format!("claims.toml, moe: It works.: `{field}` has no use beside `{kind}`");
                assert!(text.starts_with(&expected), "{text}");
            }
        }
    }

    #[test]
    fn evidence_that_is_not_there_is_refused() {
        for (evidence, word) in [
            ("check = \"other\"".to_owned(), "check `other`"),
            (rows("a", "other"), "`a` and `other`"),
            (rows("b", "d"), "`b` and `d`"),
            (rows("a", "b") + "\npart = \"wide\"", "`a` and `b`"),
            ("row = \"a\"".to_owned(), "evidence is either"),
            ("than = \"a\"".to_owned(), "evidence is either"),
        ] {
            let text = format!("{:#}", claim(&evidence).unwrap_err());
            assert!(text.contains(word), "{text}");
        }
        let text = "[[claim]]\nsystem = \"other\"\ntext = \"\"\nevidence = []";
        let systems = crate::systems::all().unwrap();
        let text = format!("{:#}", page(text, &systems, &records()).unwrap_err());
        assert!(text.contains("`other`"), "{text}");
    }
}
