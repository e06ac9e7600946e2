//! A report as Markdown.

use std::fmt::Write as _;

use super::{Report, number};

/// The whole page of one report. `plots` is put before the file names of its pictures.
pub fn markdown(report: &Report, plots: &str) -> String {
    let mut text = format!("# {}: {}\n\n", report.name, report.title);
    if let Some(paper) = &report.paper {
        let _ = writeln!(
            text,
            "Paper: [arXiv {paper}](https://arxiv.org/abs/{paper}).\n"
        );
    }
    text + &section(report, "", plots)
}

/// One tier's part of a page, or one of several runs of it: how it was run, claims, figures, pictures, remarks.
pub fn section(report: &Report, part: &str, plots: &str) -> String {
    let mut text = format!("## Tier `{}`", report.tier);
    if !part.is_empty() {
        let _ = write!(text, ": {part}");
    }
    text.push_str("\n\n");
    let _ = writeln!(
        text,
        "```sh\ncargo xtask repro {} --tier {}{}\n```\n",
        report.name,
        report.tier,
        flags(report)
    );
    let seeds: Vec<String> = report.seeds.iter().map(u64::to_string).collect();
    let _ = writeln!(
        text,
        "Run at {} on commit `{}` in {} s, device `{}`, seeds {}.",
        report.started,
        report.commit,
        number(report.wall_s),
        report.device,
        seeds.join(", ")
    );
    let used = (report.threads).map_or_else(String::new, |used| format!("; threads used: {used}"));
    let _ = writeln!(text, "Machine: {}{used}.\n", report.machine);
    if !report.checks.is_empty() {
        let _ = writeln!(
            text,
            "### Checks: {} of {} hold\n",
            report.passed(),
            report.checks.len()
        );
        let rows = report.checks.iter().map(|check| {
            [
                format!("`{}`", check.id),
                number(check.value),
                check.must_be(),
                markdown_verdict(check.pass()).to_owned(),
            ]
        });
        markdown_table(
            &mut text,
            &["check", "value", "must be", "verdict"],
            rows.map(Vec::from),
        );
    }
    if !report.rows.is_empty() {
        text.push_str("### Figures\n\n");
        let rows = report.rows.iter().map(|row| {
            [
                format!("`{}`", row.id),
                row.metric.clone(),
                number(row.ours),
                row.std.map_or_else(String::new, number),
                row.published.map_or_else(|| "–".to_owned(), number),
                row.source.clone().unwrap_or_default(),
            ]
        });
        let head = ["figure", "metric", "ours", "± std", "published", "source"];
        markdown_table(&mut text, &head, rows.map(Vec::from));
    }
    for picture in &report.plots {
        let _ = writeln!(
            text,
            "![{}]({plots}{})\n",
            picture.title.replace(['[', ']'], ""),
            picture.file
        );
    }
    for extra in &report.tables {
        let _ = writeln!(text, "### {}\n", extra.title);
        let head: Vec<&str> = extra.columns.iter().map(String::as_str).collect();
        markdown_table(&mut text, &head, extra.rows.iter().cloned());
    }
    for sample in &report.texts {
        let _ = writeln!(
            text,
            "### {}\n\n```text\n{}\n```\n",
            sample.title,
            sample.body.trim_end()
        );
    }
    if !report.notes.is_empty() {
        text.push_str("### Remarks\n\n");
        for note in &report.notes {
            let _ = writeln!(text, "- {note}");
        }
        text.push('\n');
    }
    text.trim_end().to_owned() + "\n"
}

/// Flags that give this run again.
fn flags(report: &Report) -> String {
    let mut text = format!(" --device {} --seeds {}", report.device, report.seeds.len());
    for (key, value) in &report.settings {
        let _ = write!(text, " --set {key}={value}");
    }
    text
}

/// How a page says whether a claim holds.
pub fn markdown_verdict(holds: bool) -> &'static str {
    if holds { "holds" } else { "**does not hold**" }
}

/// Adds a table; bars and line breaks in cells are escaped.
pub fn markdown_table(text: &mut String, head: &[&str], rows: impl Iterator<Item = Vec<String>>) {
    let escape = |cell: &str| cell.replace('|', "\\|").replace('\n', " ");
    let _ = writeln!(
        text,
        "| {} |\n|{}",
        head.join(" | "),
        "---|".repeat(head.len())
    );
    for row in rows {
        let cells: Vec<String> = row.iter().map(|cell| escape(cell)).collect();
        let _ = writeln!(text, "| {} |", cells.join(" | "));
    }
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::super::sample;
    use super::*;

    #[test]
    fn a_report_reads_like_this() {
        expect![[r#"
            # a: System A

            Paper: [arXiv 2001.00001](https://arxiv.org/abs/2001.00001).

            ## Tier `embedded`

            ```sh
            cargo xtask repro a --tier embedded --device flex --seeds 2 --set steps=20
            ```

            Run at 2026-01-02T03:04:05Z on commit `0123456789ab` in 41.25 s, device `flex`, seeds 1, 2.
            Machine: CPU, 2 threads, 2048 MiB, linux x86_64; threads used: 1.

            ### Checks: 1 of 2 hold

            | check | value | must be | verdict |
            |---|---|---|---|
            | `error_is_small` | 1.25e-7 | <= 1e-6 | holds |
            | `better_than_chance` | 0.4 | > 0.5 | **does not hold** |

            ### Figures

            | figure | metric | ours | ± std | published | source |
            |---|---|---|---|---|---|
            | `a.large` | accuracy | 0.92 | 0.01414 | 0.95 | 2001.00001, table 2 |
            | `a.small` | loss \| test | – |  | – |  |

            ![Loss <over> steps](plots/loss.svg)

            ### Guesses

            | sentence | guess |
            |---|---|
            | paris is the [MASK] . | capital |

            ### Sample

            ```text
            one
            two <three>
            ```

            ### Remarks

            - Half the data.
        "#]].assert_eq(&markdown(&sample::report(), "plots/"));
    }
}
