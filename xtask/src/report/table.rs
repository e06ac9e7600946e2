//! Tables for the terminal.

/// Lines of a table with `head` above `rows`, columns aligned, two spaces between them.
///
/// Rows may be shorter than the head. Columns that hold only numbers are aligned to the right.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let columns = head.len();
    let cell = |row: &[String], column: usize| row.get(column).cloned().unwrap_or_default();
    let widths: Vec<usize> = (0..columns)
        .map(|column| {
            let cells = rows.iter().map(|row| width(&cell(row, column)));
            cells.chain([width(head[column])]).max().unwrap_or(0)
        })
        .collect();
    let numeric: Vec<bool> = (0..columns)
        .map(|column| {
            !rows.is_empty()
                && rows.iter().all(|row| {
                    let text = cell(row, column);
                    text == "–" || text.is_empty() || text.parse::<f64>().is_ok()
                })
        })
        .collect();
    let line = |row: &[String]| {
        let mut line = String::new();
        for column in 0..columns {
            let text = cell(row, column);
            let space = " ".repeat(widths[column] - width(&text));
            if numeric[column] {
                line.push_str(&space);
                line.push_str(&text);
            } else {
                line.push_str(&text);
                line.push_str(&space);
            }
            line.push_str("  ");
        }
        line.trim_end().to_owned() + "\n"
    };
    let head: Vec<String> = head.iter().map(|&text| text.to_owned()).collect();
    let rule: Vec<String> = widths.iter().map(|&width| "─".repeat(width)).collect();
    let mut text = line(&head) + &line(&rule);
    for row in rows {
        text.push_str(&line(row));
    }
    text
}

#[cfg(test)]
mod tests {
    use expect_test::expect;

    use super::table;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["α".into(), "1".into()],
            vec!["longer".into(), "10.5".into()],
            vec!["x".into()],
        ];
        expect![[r#"
            name    value
            ──────  ─────
            α           1
            longer   10.5
            x
        "#]]
        .assert_eq(&table(&["name", "value"], &rows));
    }
}
