//! Plots: a few kinds, one look, SVG.

use anyhow::{Result, ensure};

use super::draw;

/// A picture in a report.
#[derive(Debug, Clone)]
pub struct Plot {
    /// Stem of its file: lower-case letters, digits, `-` and `_`.
    pub name: String,
    /// Title above it.
    pub title: String,
    /// What the horizontal axis shows.
    pub x: String,
    /// What the vertical axis shows.
    pub y: String,
    /// What is drawn.
    pub kind: Kind,
}

/// What a [`Plot`] draws.
#[derive(Debug, Clone)]
pub enum Kind {
    /// Points joined in their order.
    Lines(Vec<Series>),
    /// Points alone.
    Scatter(Vec<Series>),
    /// Bars side by side over named places.
    Bars {
        /// Names of the places.
        categories: Vec<String>,
        /// One bar a place.
        groups: Vec<BarGroup>,
    },
    /// How often values fall into intervals of equal width.
    Histogram {
        /// The values.
        values: Vec<f64>,
        /// Number of intervals.
        bins: usize,
    },
    /// Values of a matrix as colors, the first row at the top.
    Heat {
        /// Names of the rows.
        rows: Vec<String>,
        /// Names of the columns.
        columns: Vec<String>,
        /// One value a cell, row by row; cells that are not finite stay white.
        values: Vec<Vec<f64>>,
    },
}

/// Named points.
#[derive(Debug, Clone)]
pub struct Series {
    /// Name in the legend.
    pub name: String,
    /// Points `(x, y)`.
    pub points: Vec<(f64, f64)>,
}

impl Series {
    /// Points under `name`.
    pub fn new(name: impl Into<String>, points: Vec<(f64, f64)>) -> Self {
        Self {
            name: name.into(),
            points,
        }
    }
}

/// Named bars.
#[derive(Debug, Clone)]
pub struct BarGroup {
    /// Name in the legend.
    pub name: String,
    /// Heights, one a place.
    pub values: Vec<f64>,
    /// Half lengths of the error bars, one a place; empty for none.
    pub errors: Vec<f64>,
}

impl Plot {
    fn new(name: &str, title: &str, x: &str, y: &str, kind: Kind) -> Self {
        Self {
            name: name.into(),
            title: title.into(),
            x: x.into(),
            y: y.into(),
            kind,
        }
    }

    /// A plot of lines.
    pub fn lines(name: &str, title: &str, x: &str, y: &str, series: Vec<Series>) -> Self {
        Self::new(name, title, x, y, Kind::Lines(series))
    }

    /// A plot of points.
    pub fn scatter(name: &str, title: &str, x: &str, y: &str, series: Vec<Series>) -> Self {
        Self::new(name, title, x, y, Kind::Scatter(series))
    }

    /// A plot of bars.
    pub fn bars(
        name: &str,
        title: &str,
        y: &str,
        categories: Vec<String>,
        groups: Vec<BarGroup>,
    ) -> Self {
        Self::new(name, title, "", y, Kind::Bars { categories, groups })
    }

    /// A plot of frequencies.
    pub fn histogram(name: &str, title: &str, x: &str, values: Vec<f64>, bins: usize) -> Self {
        Self::new(name, title, x, "count", Kind::Histogram { values, bins })
    }

    /// A matrix as colors; `x` says what the columns are, `y` what the rows are.
    pub fn heat(
        name: &str,
        title: &str,
        (x, columns): (&str, Vec<String>),
        (y, rows): (&str, Vec<String>),
        values: Vec<Vec<f64>>,
    ) -> Self {
        let kind = Kind::Heat {
            rows,
            columns,
            values,
        };
        Self::new(name, title, x, y, kind)
    }

    /// The picture as SVG text. Values that are not finite are left out.
    ///
    /// # Errors
    /// Where the name is no file stem, there is nothing finite to draw, or bars and places differ
    /// in number.
    pub fn svg(&self) -> Result<String> {
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
        ensure!(
            !self.name.is_empty() && self.name.chars().all(plain),
            "name `{}`: only a-z, 0-9, - and _ are allowed",
            self.name
        );
        draw::svg(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bars(values: Vec<f64>, errors: Vec<f64>) -> Plot {
        let groups = vec![
            BarGroup {
                name: "ours".into(),
                values: values.clone(),
                errors,
            },
            BarGroup {
                name: "published".into(),
                values,
                errors: Vec::new(),
            },
        ];
        Plot::bars(
            "bars",
            "Accuracy",
            "accuracy",
            vec!["small".into(), "large".into()],
            groups,
        )
    }

    #[test]
    fn every_kind_draws_its_parts() {
        let points = vec![(0.0, 1.0), (1.0, f64::NAN), (2.0, 3.0)];
        let series = vec![
            Series::new("one", points.clone()),
            Series::new("two", points),
        ];
        let lines = Plot::lines("l", "Lines", "step", "loss", series.clone())
            .svg()
            .unwrap();
        assert_eq!(
            lines.matches("<circle").count(),
            4,
            "two finite points each"
        );
        assert!(lines.contains("two") && lines.contains("loss"));
        let scatter = Plot::scatter("s", "Points", "x", "y", series)
            .svg()
            .unwrap();
        assert_eq!(scatter.matches("<circle").count(), 4);
        let whole = bars(vec![0.5, 0.75], vec![0.1, 0.0]).svg().unwrap();
        assert!(
            whole.contains("small") && whole.contains("large"),
            "{whole}"
        );
        let counts = Plot::histogram("h", "Counts", "value", vec![0.0, 0.1, 0.9, f64::NAN], 2)
            .svg()
            .unwrap();
        assert_eq!(counts.matches("#0072B2").count(), 2, "{counts}");
    }

    #[test]
    fn what_cannot_be_drawn_is_refused() {
        let text = |plot: Plot| plot.svg().unwrap_err().to_string();
        assert!(text(Plot::histogram("../x", "", "", vec![1.0], 3)).contains("../x"));
        assert!(text(Plot::histogram("x", "", "", vec![], 3)).contains("finite"));
        assert!(text(Plot::histogram("x", "", "", vec![1.0], 0)).contains("bin"));
        assert!(text(bars(vec![1.0], vec![])).contains("2 places"));
    }

    #[test]
    fn a_single_value_can_be_drawn() {
        assert!(Plot::histogram("x", "One", "v", vec![2.0], 4).svg().is_ok());
    }
}
