//! What the terminal shows of a run.

use crate::report::{Entry, Report, number, table};

/// Prints what became of a system.
pub(super) fn tell(entry: &Entry) {
    match &entry.result {
        Ok((report, _)) => println!("{}", summary(report)),
        Err(reason) => println!("{}: did not finish: {reason}\n", entry.name),
    }
}

/// One line for each system.
pub(super) fn overview(entries: &[Entry]) -> String {
    let rows: Vec<Vec<String>> = entries
        .iter()
        .map(|entry| match &entry.result {
            Ok((report, _)) => vec![
                entry.name.clone(),
                format!("{} of {}", report.passed(), report.checks.len()),
                if report.holds() {
                    "all hold"
                } else {
                    "SOME DO NOT HOLD"
                }
                .to_owned(),
                number(report.wall_s),
            ],
            Err(_) => vec![
                entry.name.clone(),
                String::new(),
                "DID NOT FINISH".to_owned(),
                String::new(),
            ],
        })
        .collect();
    table(&["system", "checks", "verdict", "seconds"], &rows)
}

/// The report's figures and checks for the terminal.
fn summary(report: &Report) -> String {
    let mut text = String::new();
    if !report.rows.is_empty() {
        let rows: Vec<Vec<String>> = report
            .rows
            .iter()
            .map(|row| {
                vec![
                    row.id.clone(),
                    row.metric.clone(),
                    number(row.ours),
                    row.std.map_or_else(String::new, number),
                    row.published.map_or_else(|| "–".to_owned(), number),
                ]
            })
            .collect();
        text += &table(&["figure", "metric", "ours", "± std", "published"], &rows);
        text.push('\n');
    }
    if !report.checks.is_empty() {
        let rows: Vec<Vec<String>> = report
            .checks
            .iter()
            .map(|check| {
                vec![
                    check.id.clone(),
                    number(check.value),
                    check.must_be(),
                    if check.pass() {
                        "holds"
                    } else {
                        "DOES NOT HOLD"
                    }
                    .to_owned(),
                ]
            })
            .collect();
        text += &table(&["check", "value", "must be", "verdict"], &rows);
        text.push('\n');
    }
    for extra in &report.tables {
        let head: Vec<&str> = extra.columns.iter().map(String::as_str).collect();
        text += &format!("{}\n{}\n", extra.title, table(&head, &extra.rows));
    }
    text + &format!(
        "{}: {} of {} checks hold, {} s\n",
        report.name,
        report.passed(),
        report.checks.len(),
        number(report.wall_s)
    )
}
