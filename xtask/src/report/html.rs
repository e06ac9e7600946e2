//! One self-contained page that shows several reports.

use std::fmt::Write as _;

use super::{Report, number};

/// One system on the page.
#[derive(Debug)]
pub struct Entry {
    /// Name of the system.
    pub name: String,
    /// Its report and the SVG text of each picture, in the report's order; or why there is none.
    pub result: Result<(Report, Vec<String>), String>,
}

/// Figures from which on their table is folded.
const LONG: usize = 24;

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#8884;--good:#1a7f37;--bad:#cf222e;--soft:#8881}
body{font:16px/1.5 system-ui,sans-serif;max-width:64rem;margin:2rem auto;padding:0 1rem}
h1,h2,h3{line-height:1.2}h2{margin-top:3rem;border-top:1px solid var(--line);padding-top:1.5rem}
table{border-collapse:collapse;margin:1rem 0;display:block;overflow-x:auto}
th,td{text-align:left;padding:.3rem .8rem;border-bottom:1px solid var(--line)}
td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
.good{color:var(--good);font-weight:600}.bad{color:var(--bad);font-weight:600}
.meta{color:#888;font-size:.9rem}code{font:.9em ui-monospace,monospace;overflow-wrap:anywhere}
td:nth-child(2){min-width:12rem}summary{cursor:pointer;font-weight:600}
pre{background:var(--soft);padding:1rem;overflow-x:auto}
figure{margin:1rem 0}figure svg{max-width:100%;height:auto;background:#fff;border-radius:6px}";

/// The page. Its plots are part of it, so that it can be sent around as one file.
pub fn index(title: &str, entries: &[Entry]) -> String {
    let mut body = String::new();
    summary(&mut body, entries);
    for entry in entries {
        let _ = write!(body, "<h2 id=\"{0}\">{0}</h2>", escape(&entry.name));
        match &entry.result {
            Ok((report, plots)) => one(&mut body, report, plots),
            Err(reason) => {
                let _ = write!(
                    body,
                    "<p class=\"bad\">Did not finish.</p><pre>{}</pre>",
                    escape(reason)
                );
            }
        }
    }
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\
         <title>{0}</title><style>{STYLE}</style></head>\n<body><h1>{0}</h1>{body}</body></html>\n",
        escape(title)
    )
}

/// The table at the top and the claims that held and did not.
fn summary(body: &mut String, entries: &[Entry]) {
    body.push_str(
        "<table><tr><th>system</th><th>tier</th><th>checks</th><th class=\"n\">seconds</th></tr>",
    );
    for entry in entries {
        let name = escape(&entry.name);
        let _ = match &entry.result {
            Ok((report, _)) => write!(
                body,
                "<tr><td><a href=\"#{name}\">{name}</a></td><td>{}</td><td class=\"{}\">{} of {} hold</td>\
                 <td class=\"n\">{}</td></tr>",
                report.tier,
                verdict(report.holds()),
                report.passed(),
                report.checks.len(),
                number(report.wall_s)
            ),
            Err(_) => write!(
                body,
                "<tr><td><a href=\"#{name}\">{name}</a></td><td></td>\
                 <td class=\"bad\">did not finish</td><td></td></tr>"
            ),
        };
    }
    body.push_str("</table>");
    for (holds, title) in [
        (false, "Claims that did not hold"),
        (true, "Claims that held"),
    ] {
        let mut list = String::new();
        for (report, _) in entries
            .iter()
            .filter_map(|entry| entry.result.as_ref().ok())
        {
            for check in report.checks.iter().filter(|check| check.pass() == holds) {
                let _ = write!(
                    list,
                    "<li><b>{}</b> <code>{}</code>: {} {}</li>",
                    escape(&report.name),
                    escape(&check.id),
                    number(check.value),
                    escape(&check.must_be())
                );
            }
        }
        if list.is_empty() {
            list.push_str("<li>none</li>");
        }
        let _ = write!(
            body,
            "<h3 class=\"{}\">{title}</h3><ul>{list}</ul>",
            verdict(holds)
        );
    }
}

fn one(body: &mut String, report: &Report, plots: &[String]) {
    let _ = write!(body, "<p>{}", escape(&report.title));
    if let Some(paper) = &report.paper {
        let paper = escape(paper);
        let _ = write!(
            body,
            " (<a href=\"https://arxiv.org/abs/{paper}\">arXiv {paper}</a>)"
        );
    }
    let seeds: Vec<String> = report.seeds.iter().map(u64::to_string).collect();
    let _ = write!(
        body,
        "</p><p class=\"meta\">tier {} · device {} · commit {} · {} · seeds {} · {} s · {}, {} threads{}</p>",
        report.tier,
        escape(&report.device),
        escape(&report.commit),
        escape(&report.started),
        seeds.join(", "),
        number(report.wall_s),
        escape(&report.machine.cpu),
        report.machine.threads,
        (report.threads).map_or_else(String::new, |used| format!(", {used} used"))
    );
    if !report.checks.is_empty() {
        body.push_str("<table><tr><th>check</th><th class=\"n\">value</th><th>must be</th><th>verdict</th></tr>");
        for check in &report.checks {
            let _ = write!(
                body,
                "<tr><td><code>{}</code></td><td class=\"n\">{}</td><td>{}</td><td class=\"{}\">{}</td></tr>",
                escape(&check.id),
                number(check.value),
                escape(&check.must_be()),
                verdict(check.pass()),
                if check.pass() {
                    "holds"
                } else {
                    "does not hold"
                }
            );
        }
        body.push_str("</table>");
    }
    for svg in plots {
        let _ = write!(body, "<figure>{svg}</figure>");
    }
    figures(body, report);
    for table in &report.tables {
        let _ = write!(body, "<h3>{}</h3><table><tr>", escape(&table.title));
        for column in &table.columns {
            let _ = write!(body, "<th>{}</th>", escape(column));
        }
        body.push_str("</tr>");
        for row in &table.rows {
            body.push_str("<tr>");
            for cell in row {
                let _ = write!(body, "<td>{}</td>", escape(cell));
            }
            body.push_str("</tr>");
        }
        body.push_str("</table>");
    }
    for text in &report.texts {
        let _ = write!(
            body,
            "<h3>{}</h3><pre>{}</pre>",
            escape(&text.title),
            escape(&text.body)
        );
    }
    if !report.notes.is_empty() {
        body.push_str("<ul>");
        for note in &report.notes {
            let _ = write!(body, "<li>{}</li>", escape(note));
        }
        body.push_str("</ul>");
    }
}

/// The table of figures, folded where it is long. Columns that nothing stands in are left out.
fn figures(body: &mut String, report: &Report) {
    let rows = &report.rows;
    if rows.is_empty() {
        return;
    }
    let spread = rows.iter().any(|row| row.std.is_some());
    let published = rows.iter().any(|row| row.published.is_some());
    let open = if rows.len() > LONG { "" } else { " open" };
    let _ = write!(
        body,
        "<details{open}><summary>{} figures</summary><table><tr><th>figure</th><th>metric</th>\
         <th class=\"n\">ours</th>",
        rows.len()
    );
    if spread {
        body.push_str("<th class=\"n\">± std</th>");
    }
    if published {
        body.push_str("<th class=\"n\">published</th><th>source</th>");
    }
    body.push_str("</tr>");
    for row in rows {
        let _ = write!(
            body,
            "<tr><td><code>{}</code></td><td>{}</td><td class=\"n\">{}</td>",
            escape(&row.id),
            escape(&row.metric),
            number(row.ours)
        );
        if spread {
            let spread = row.std.map_or_else(String::new, number);
            let _ = write!(body, "<td class=\"n\">{spread}</td>");
        }
        if published {
            let _ = write!(
                body,
                "<td class=\"n\">{}</td><td>{}</td>",
                row.published.map_or_else(|| "–".to_owned(), number),
                escape(row.source.as_deref().unwrap_or_default())
            );
        }
        body.push_str("</tr>");
    }
    body.push_str("</table></details>");
}

fn verdict(good: bool) -> &'static str {
    if good { "good" } else { "bad" }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn the_page_shows_claims_failures_and_plots_and_loads_nothing() {
        let outcome = sample::outcome();
        let plots = outcome
            .plots
            .iter()
            .map(|plot| plot.svg().unwrap())
            .collect();
        let page = index(
            "Reproductions",
            &[
                Entry {
                    name: "a".into(),
                    result: Ok((sample::report(), plots)),
                },
                Entry {
                    name: "b".into(),
                    result: Err("file <x> is missing".into()),
                },
            ],
        );
        for part in [
            "1 of 2 hold",
            "<code>better_than_chance</code>: 0.4 &gt; 0.5",
            "did not finish",
            "file &lt;x&gt; is missing",
            "two &lt;three&gt;",
            "<figure><svg",
        ] {
            assert!(page.contains(part), "{part}");
        }
        let (bad, good) = (
            page.find("did not hold").unwrap(),
            page.find("Claims that held").unwrap(),
        );
        assert!((bad..good).contains(&page.find("better_than_chance").unwrap()));
        for loaded in ["<script", "<link", "<img", "@import", "src="] {
            assert!(!page.contains(loaded), "{loaded}");
        }
    }
}
