//! How a [`Plot`] is drawn.

use std::ops::Range;

use anyhow::{Context as _, Result, anyhow, ensure};
use plotters::coord::Shift;
use plotters::coord::types::RangedCoordf64;
use plotters::prelude::*;

use super::plot::{BarGroup, Kind, Plot, Series};
use super::{heat, number};

/// Colors that stay apart for color-blind readers (Okabe and Ito).
const COLORS: [RGBColor; 7] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(90, 90, 90),
];
const SIZE: (u32, u32) = (760, 440);
pub(super) const FONT: &str = "sans-serif";

pub(super) type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Chart<'a, 'b> = ChartContext<'a, SVGBackend<'b>, Cartesian2d<RangedCoordf64, RangedCoordf64>>;

/// `plot` as SVG text.
///
/// # Errors
/// As [`Plot::svg`], the name aside.
pub(super) fn svg(plot: &Plot) -> Result<String> {
    let mut text = String::new();
    {
        let size = match &plot.kind {
            Kind::Heat { rows, columns, .. } => heat::size(rows, columns),
            _ => SIZE,
        };
        let area = SVGBackend::with_string(&mut text, size).into_drawing_area();
        area.fill(&WHITE).map_err(drawing)?;
        match &plot.kind {
            Kind::Lines(series) => plot.points(&area, series, true)?,
            Kind::Scatter(series) => plot.points(&area, series, false)?,
            Kind::Bars { categories, groups } => plot.bar_groups(&area, categories, groups)?,
            Kind::Histogram { values, bins } => plot.frequencies(&area, values, *bins)?,
            Kind::Heat {
                rows,
                columns,
                values,
            } => heat::draw(plot, &area, rows, columns, values)?,
        }
        area.present().map_err(drawing)?;
    }
    Ok(text)
}

impl Plot {
    fn points(&self, area: &Area<'_>, series: &[Series], joined: bool) -> Result<()> {
        let finite: Vec<(&Series, Vec<(f64, f64)>)> = series
            .iter()
            .map(|one| {
                let points = one.points.iter().copied();
                (
                    one,
                    points
                        .filter(|(x, y)| x.is_finite() && y.is_finite())
                        .collect(),
                )
            })
            .collect();
        let all = || finite.iter().flat_map(|(_, points)| points.iter());
        let x = range(all().map(|point| point.0), 0.02)?;
        let y = range(all().map(|point| point.1), 0.06)?;
        let free = free_corner(finite.iter().map(|(_, points)| &points[..]), joined, &x, &y);
        let mut chart = self.chart(area, x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .light_line_style(TRANSPARENT)
            .y_label_formatter(&ticks(&y))
            .x_label_formatter(&ticks(&x))
            .x_desc(&self.x)
            .y_desc(&self.y)
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 15))
            .draw()
            .map_err(drawing)?;
        for (index, (one, points)) in finite.into_iter().enumerate() {
            let color = COLORS[index % COLORS.len()];
            let dots = points.len() <= 40 || !joined;
            let drawn = if joined {
                chart
                    .draw_series(LineSeries::new(points.clone(), color.stroke_width(2)))
                    .map_err(drawing)?
            } else {
                chart
                    .draw_series(points.iter().map(|&p| Circle::new(p, 3, color.filled())))
                    .map_err(drawing)?
            };
            drawn.label(one.name.clone()).legend(swatch(color));
            if joined && dots {
                chart
                    .draw_series(points.iter().map(|&p| Circle::new(p, 3, color.filled())))
                    .map_err(drawing)?;
            }
        }
        legend(&mut chart, series.len(), free)
    }

    fn bar_groups(
        &self,
        area: &Area<'_>,
        categories: &[String],
        groups: &[BarGroup],
    ) -> Result<()> {
        for group in groups {
            ensure!(
                group.values.len() == categories.len()
                    && (group.errors.is_empty() || group.errors.len() == categories.len()),
                "bars `{}`: {} values and {} errors for {} places",
                group.name,
                group.values.len(),
                group.errors.len(),
                categories.len()
            );
        }
        let error = |group: &BarGroup, place: usize| {
            group
                .errors
                .get(place)
                .copied()
                .filter(|error| error.is_finite())
                .unwrap_or(0.0)
        };
        let ends = groups.iter().flat_map(|group| {
            group
                .values
                .iter()
                .enumerate()
                .flat_map(move |(place, value)| {
                    [value - error(group, place), value + error(group, place)]
                })
        });
        let y = range(ends.chain([0.0]), 0.06)?;
        // Bars stand on zero: no empty strip below it where none goes down.
        let negative = groups.iter().any(|group| {
            (0..categories.len()).any(|place| group.values[place] - error(group, place) < 0.0)
        });
        let y = if negative { y } else { 0.0..y.end };
        // Room for the legend above the bars.
        let y = if groups.len() > 1 {
            y.start..y.end + 0.2 * (y.end - y.start)
        } else {
            y
        };
        let mut chart = self.chart(area, -0.5..categories.len() as f64 - 0.5, y.clone())?;
        let name = |x: &f64| {
            let place = x.round();
            let near = (x - place).abs() < 1e-6 && place >= 0.0;
            if near {
                categories.get(place as usize).cloned().unwrap_or_default()
            } else {
                String::new()
            }
        };
        // Twice as many ticks as places, so that one falls on each place's middle.
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .y_label_formatter(&ticks(&y))
            .x_labels(2 * categories.len() + 1)
            .x_label_formatter(&name)
            .y_desc(&self.y)
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 15))
            .draw()
            .map_err(drawing)?;
        let width = 0.8 / groups.len().max(1) as f64;
        for (index, group) in groups.iter().enumerate() {
            let color = COLORS[index % COLORS.len()];
            let left = |place: usize| place as f64 - 0.4 + width * index as f64;
            let finite = || {
                group
                    .values
                    .iter()
                    .copied()
                    .enumerate()
                    .filter(|(_, value)| value.is_finite())
            };
            let bars = finite().map(|(place, value)| {
                Rectangle::new(
                    [(left(place), 0.0), (left(place) + 0.94 * width, value)],
                    color.filled(),
                )
            });
            chart
                .draw_series(bars)
                .map_err(drawing)?
                .label(group.name.clone())
                .legend(swatch(color));
            let whiskers = finite()
                .filter(|&(place, _)| error(group, place) > 0.0)
                .flat_map(|(place, value)| {
                    let (middle, reach, cap) = (
                        left(place) + 0.47 * width,
                        error(group, place),
                        0.08 * width,
                    );
                    let (low, high) = (value - reach, value + reach);
                    let across = |y: f64| vec![(middle - cap, y), (middle + cap, y)];
                    [
                        vec![(middle, low), (middle, high)],
                        across(low),
                        across(high),
                    ]
                    .map(|line| PathElement::new(line, BLACK.stroke_width(1)))
                });
            chart.draw_series(whiskers).map_err(drawing)?;
        }
        legend(&mut chart, groups.len(), SeriesLabelPosition::UpperRight)
    }

    fn frequencies(&self, area: &Area<'_>, values: &[f64], bins: usize) -> Result<()> {
        ensure!(bins > 0, "a histogram needs at least one bin");
        let x = range(
            values.iter().copied().filter(|value| value.is_finite()),
            0.0,
        )?;
        let step = (x.end - x.start) / bins as f64;
        let mut counts = vec![0_u32; bins];
        for value in values.iter().filter(|value| value.is_finite()) {
            let bin = ((value - x.start) / step) as usize;
            counts[bin.min(bins - 1)] += 1;
        }
        let y = 0.0..f64::from(counts.iter().copied().max().unwrap_or(1)) * 1.06;
        let mut chart = self.chart(area, x.clone(), y.clone())?;
        chart
            .configure_mesh()
            .disable_x_mesh()
            .light_line_style(TRANSPARENT)
            .y_label_formatter(&ticks(&y))
            .x_label_formatter(&ticks(&x))
            .x_desc(&self.x)
            .y_desc(&self.y)
            .label_style((FONT, 14))
            .axis_desc_style((FONT, 15))
            .draw()
            .map_err(drawing)?;
        let bars = counts.iter().enumerate().map(|(bin, &count)| {
            let left = x.start + step * bin as f64;
            Rectangle::new(
                [(left, 0.0), (left + 0.97 * step, f64::from(count))],
                COLORS[0].filled(),
            )
        });
        chart.draw_series(bars).map_err(drawing)?;
        Ok(())
    }

    fn chart<'a, 'b>(
        &self,
        area: &'a Area<'b>,
        x: Range<f64>,
        y: Range<f64>,
    ) -> Result<Chart<'a, 'b>> {
        ChartBuilder::on(area)
            .caption(&self.title, (FONT, 20))
            .margin(12)
            .x_label_area_size(48)
            .y_label_area_size(68)
            .build_cartesian_2d(x, y)
            .map_err(drawing)
    }
}

/// Smallest to largest of `values`, widened by `margin` of the distance; never empty.
pub(super) fn range(values: impl Iterator<Item = f64>, margin: f64) -> Result<Range<f64>> {
    let (low, high) = values
        .filter(|value| value.is_finite())
        .map(|value| (value, value))
        .reduce(|(low, high), (value, _)| (low.min(value), high.max(value)))
        .context("no finite value to draw")?;
    let wide = high - low;
    let pad = if wide > 0.0 {
        wide * margin
    } else {
        low.abs().max(1.0) * 0.5
    };
    Ok(low - pad..high + pad)
}

/// Labels of an axis. A tick that should be 0 but is a rounding error away from it reads `0`.
fn ticks(range: &Range<f64>) -> impl Fn(&f64) -> String + use<> {
    let nothing = (range.end - range.start) * 1e-9;
    move |&value| number(if value.abs() < nothing { 0.0 } else { value })
}

fn swatch(color: RGBColor) -> impl Fn((i32, i32)) -> Rectangle<(i32, i32)> {
    move |(x, y)| Rectangle::new([(x, y - 5), (x + 14, y + 5)], color.filled())
}

/// The corner of the plane `x` by `y` that the fewest points lie in, those between joined ones
/// included; the upper right one if it is no worse than the others.
fn free_corner<'p>(
    series: impl Iterator<Item = &'p [(f64, f64)]>,
    joined: bool,
    x: &Range<f64>,
    y: &Range<f64>,
) -> SeriesLabelPosition {
    const BETWEEN: usize = 16;
    let share = |value: f64, of: &Range<f64>| (value - of.start) / (of.end - of.start);
    let mut counts = [0_usize; 4];
    let mut count = |point: (f64, f64)| {
        let (right, up) = (share(point.0, x), share(point.1, y));
        let (sides, ends) = ([right > 0.6, right < 0.4], [up > 0.65, up < 0.35]);
        for (corner, count) in counts.iter_mut().enumerate() {
            *count += usize::from(sides[corner % 2] && ends[corner / 2]);
        }
    };
    for points in series {
        points.iter().copied().for_each(&mut count);
        for pair in points.windows(2).filter(|_| joined) {
            for step in 1..BETWEEN {
                let part = step as f64 / BETWEEN as f64;
                let at = |from: f64, to: f64| from + part * (to - from);
                count((at(pair[0].0, pair[1].0), at(pair[0].1, pair[1].1)));
            }
        }
    }
    let fewest = counts.into_iter().min().unwrap_or_default();
    match counts.iter().position(|&count| count == fewest) {
        Some(1) => SeriesLabelPosition::UpperLeft,
        Some(2) => SeriesLabelPosition::LowerRight,
        Some(3) => SeriesLabelPosition::LowerLeft,
        _ => SeriesLabelPosition::UpperRight,
    }
}

/// A single series needs no legend: the title says what it is.
fn legend<'a, 'b: 'a>(
    chart: &mut Chart<'a, 'b>,
    series: usize,
    position: SeriesLabelPosition,
) -> Result<()> {
    if series < 2 {
        return Ok(());
    }
    chart
        .configure_series_labels()
        .position(position)
        .background_style(WHITE.mix(0.85))
        .border_style(BLACK.mix(0.2))
        .label_font((FONT, 14))
        .draw()
        .map_err(drawing)
}

pub(super) fn drawing(error: impl std::fmt::Display) -> anyhow::Error {
    anyhow!("drawing: {error}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_errors_at_zero_are_not_labels() {
        let label = ticks(&(-0.3..0.3));
        assert_eq!(label(&-5.551e-17), "0");
        assert_eq!(label(&-0.1), "-0.1");
        assert_eq!(ticks(&(0.0..1e-12))(&5e-13), "5e-13");
    }

    #[test]
    fn legends_go_where_no_line_is() {
        let unit = 0.0..1.0;
        let corner =
            |points: &[(f64, f64)], joined| free_corner([points].into_iter(), joined, &unit, &unit);
        use SeriesLabelPosition::{LowerLeft, LowerRight, UpperLeft, UpperRight};
        assert!(matches!(corner(&[(0.1, 0.1)], true), UpperRight));
        assert!(matches!(
            corner(&[(0.0, 0.9), (1.0, 0.9)], true),
            LowerRight
        ));
        assert!(matches!(corner(&[(0.9, 0.9)], true), UpperLeft));
        let three = [(0.1, 0.9), (0.9, 0.9), (0.9, 0.1)];
        assert!(matches!(corner(&three, true), LowerLeft));
        // Only joined points have something between them.
        let ends = [(0.5, 0.9), (1.0, 0.9), (0.5, 0.9)];
        assert!(matches!(corner(&ends[..1], false), UpperRight));
        assert!(matches!(corner(&ends, true), UpperLeft));
    }

    #[test]
    fn a_single_value_still_has_a_range() {
        assert_eq!(range([2.0].into_iter(), 0.1).unwrap(), 1.0..3.0);
        assert!(range([f64::NAN].into_iter(), 0.1).is_err());
    }
}
