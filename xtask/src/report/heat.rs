//! Matrices as colors.

use anyhow::{Result, ensure};
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::draw::{Area, FONT, drawing, range};
use super::number;
use super::plot::Plot;

/// Side of a cell in pixels, with its value in it.
const CELL: i32 = 30;
/// Side of a cell in pixels of a matrix that is too large for values.
const SMALL_CELL: i32 = 14;
/// Most rows and columns of a matrix with values.
const MOST_WITH_VALUES: usize = 24;
/// Pixels of a letter, about.
const LETTER: i32 = 8;
/// Above the cells: title and name of the columns.
const TOP: i32 = 64;
/// Right of the cells: the scale of colors.
const RIGHT: i32 = 100;

/// Side of a cell of a matrix in pixels.
fn side(rows: &[String], columns: &[String]) -> i32 {
    if rows.len().max(columns.len()) > MOST_WITH_VALUES {
        SMALL_CELL
    } else {
        CELL
    }
}

/// Width and height of the picture.
pub(super) fn size(rows: &[String], columns: &[String]) -> (u32, u32) {
    let (left, below) = margins(rows, columns);
    let side = side(rows, columns);
    let width = (left + side * columns.len() as i32 + RIGHT).max(560);
    let height = TOP + (side * rows.len() as i32).max(180) + below;
    (width as u32, height as u32)
}

/// Room for the names of rows and columns.
fn margins(rows: &[String], columns: &[String]) -> (i32, i32) {
    let longest = |names: &[String]| {
        let letters = names.iter().map(|name| name.chars().count()).max();
        letters.unwrap_or(0) as i32 * LETTER
    };
    (longest(rows) + 40, longest(columns) + 16)
}

/// Draws `values`, a row of cells under each other.
pub(super) fn draw(
    plot: &Plot,
    area: &Area<'_>,
    rows: &[String],
    columns: &[String],
    values: &[Vec<f64>],
) -> Result<()> {
    ensure!(
        values.len() == rows.len() && values.iter().all(|row| row.len() == columns.len()),
        "heat map `{}`: not one value for each of {} rows and {} columns",
        plot.name,
        rows.len(),
        columns.len()
    );
    let scale = range(values.iter().flatten().copied(), 0.0)?;
    let (left, _) = margins(rows, columns);
    let side = side(rows, columns);
    let text = |size: i32| (FONT, size).into_font().color(&BLACK);
    let put = |label: &str, style: TextStyle<'_>, place: (i32, i32)| {
        area.draw(&Text::new(label.to_owned(), place, style))
            .map_err(drawing)
    };
    put(&plot.title, text(20), (12, 10))?;
    put(&plot.x, text(15), (left, TOP - 22))?;
    put(&plot.y, text(15), (12, TOP - 22))?;
    for (row, (name, cells)) in rows.iter().zip(values).enumerate() {
        let top = TOP + side * row as i32;
        let right = Pos::new(HPos::Right, VPos::Center);
        put(name, text(14).pos(right), (left - 6, top + side / 2))?;
        for (column, &value) in cells.iter().enumerate() {
            let start = left + side * column as i32;
            if !value.is_finite() {
                continue;
            }
            let share = (value - scale.start) / (scale.end - scale.start);
            cell(area, (start, top), (side - 1, side - 1), share)?;
            if side < CELL {
                continue;
            }
            let color = if share > 0.55 { WHITE } else { BLACK };
            let style = (FONT, 10).into_font().color(&color);
            let center = Pos::new(HPos::Center, VPos::Center);
            let label = format!("{value:.2}");
            put(
                &label,
                style.pos(center),
                (start + side / 2, top + side / 2),
            )?;
        }
    }
    let bottom = TOP + side * rows.len() as i32 + 6;
    for (column, name) in columns.iter().enumerate() {
        let turned = (FONT, 14).into_font().transform(FontTransform::Rotate90);
        let style = turned.color(&BLACK);
        // Turned text hangs from its upper right corner.
        let place = left + side * column as i32 + side / 2 + 8;
        put(name, style, (place, bottom))?;
    }
    let start = left + side * columns.len() as i32 + 20;
    let height = (side * rows.len() as i32).min(180);
    for step in 0..height {
        let share = f64::from(step) / f64::from(height);
        cell(area, (start, TOP + height - 1 - step), (16, 1), share)?;
    }
    put(&number(scale.end), text(13), (start + 22, TOP))?;
    put(
        &number(scale.start),
        text(13),
        (start + 22, TOP + height - 14),
    )
}

/// A rectangle whose color says how far `share` is from 0 (pale) to 1 (dark).
fn cell(
    area: &Area<'_>,
    (x, y): (i32, i32),
    (width, height): (i32, i32),
    share: f64,
) -> Result<()> {
    let mix = |pale: f64, dark: f64| (pale + (dark - pale) * share.clamp(0.0, 1.0)) as u8;
    let color = RGBColor(mix(240.0, 8.0), mix(246.0, 64.0), mix(252.0, 129.0));
    let corners = [(x, y), (x + width, y + height)];
    area.draw(&Rectangle::new(corners, color.filled()))
        .map_err(drawing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_matrices_have_colors_without_values() {
        let svg = |count: usize| {
            let names: Vec<String> = (0..count).map(|name| name.to_string()).collect();
            let values = vec![vec![0.5; count]; count];
            let plot = Plot::heat("m", "M", ("x", names.clone()), ("y", names), values);
            plot.svg().unwrap()
        };
        for (count, values) in [(MOST_WITH_VALUES, true), (MOST_WITH_VALUES + 1, false)] {
            let text = svg(count);
            assert_eq!(text.contains("\n0.50\n"), values, "{count}");
            assert!(text.matches("<rect").count() > count * count);
        }
    }
}
