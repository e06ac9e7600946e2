//! Plots.

use anyhow::Result;
use plm_backdoor::Scored;
use plm_backdoor::metrics::detection_curve;

use super::study::{Attempt, Run};
use super::way::Way;
use crate::report::{Plot, Series};
use crate::repro::Outcome;

/// Intervals of the histograms.
const BINS: usize = 20;

/// Adds the plots of `name`, of the first seed.
pub(super) fn draw(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mut curves = Vec::new();
    let mut costs: Vec<Series> = ["RAP", "STRIP", "ONION"]
        .map(|defense| Series::new(defense, Vec::new()))
        .into();
    for (&way, attempt) in &runs[0].attempts {
        if let Ok(rap) = &attempt.rap {
            let detection = &rap.detection;
            histogram(name, way, &detection.clean, &detection.poisoned, outcome);
        }
        for (defense, detection) in [
            ("RAP", attempt.rap.as_ref().ok().map(|rap| &rap.detection)),
            ("STRIP", attempt.strip.as_ref().ok()),
        ] {
            let Some(detection) = detection else { continue };
            if let Ok(curve) = detection_curve(&detection.clean, &detection.poisoned) {
                let points = curve
                    .iter()
                    .map(|point| (point.false_rejection, point.false_acceptance));
                let series = format!("{defense}, {}", way.name());
                curves.push(Series::new(series, points.collect()));
            }
        }
        cost(attempt, &mut costs);
    }
    if curves.is_empty() {
        return Ok(());
    }
    outcome.plots.push(Plot::lines(
        &format!("{name}_curves"),
        &format!("{name}: false acceptances against false rejections"),
        "false rejections",
        "false acceptances",
        curves,
    ));
    costs.retain(|series| !series.points.is_empty());
    outcome.plots.push(Plot::scatter(
        &format!("{name}_costs"),
        &format!("{name}: time of a check against false acceptances, one point an attack"),
        "log10 of milliseconds an input",
        "false acceptances at 5 % (ONION: at its percentile)",
        costs,
    ));
    let first = runs[0].attempts.iter().next();
    if let Some((way, Ok(rap))) = first.map(|(way, attempt)| (way, &attempt.rap)) {
        let series = ["clean", "poisoned"]
            .iter()
            .zip(&rap.points)
            .map(|(kind, points)| {
                let points = points.iter().map(|point| (point.margin, point.drop));
                Series::new(*kind, points.collect())
            });
        outcome.plots.push(Plot::scatter(
            &format!("{name}_margins"),
            &format!("{name}: drop against margin, attack {}", way.name()),
            "margin",
            "drop",
            series.collect(),
        ));
    }
    Ok(())
}

/// Shares of clean and poisoned texts by drop.
fn histogram(name: &str, way: Way, clean: &[Scored], poisoned: &[Scored], outcome: &mut Outcome) {
    let drops = |scored: &[Scored]| -> Vec<f64> {
        let protected = scored.iter().filter(|scored| scored.protected);
        protected.map(|scored| scored.score).collect()
    };
    let kinds = [("clean", drops(clean)), ("poisoned", drops(poisoned))];
    let all = || kinds.iter().flat_map(|(_, drops)| drops.iter().copied());
    let (low, high) = (
        all().fold(f64::INFINITY, f64::min),
        all().fold(f64::NEG_INFINITY, f64::max),
    );
    let width = (high - low) / BINS as f64;
    if width.is_nan() || width <= 0.0 {
        return;
    }
    let series = kinds.iter().map(|(kind, drops)| {
        let mut counts = [0_usize; BINS];
        for drop in drops {
            counts[(((drop - low) / width) as usize).min(BINS - 1)] += 1;
        }
        let share = |count: usize| count as f64 / drops.len().max(1) as f64;
        let center = |bin: usize| low + (bin as f64 + 0.5) * width;
        let points = counts.iter().enumerate();
        let points = points.map(|(bin, &count)| (center(bin), share(count)));
        Series::new(*kind, points.collect())
    });
    outcome.plots.push(Plot::lines(
        &format!("{name}_{}_drops", way.name().replace('-', "_")),
        &format!("{name}: drops of probability, attack {}", way.name()),
        "drop",
        "share of texts in 20 intervals",
        series.collect(),
    ));
}

fn cost(attempt: &Attempt, series: &mut [Series]) {
    let point = |time: Option<f64>, accepted: f64| Some((time?.log10(), accepted));
    let level = 5.0;
    let rap = attempt.rap.as_ref().ok().map(|rap| &rap.detection);
    for (index, detection) in [rap, attempt.strip.as_ref().ok()].into_iter().enumerate() {
        let found = detection.and_then(|detection| {
            point(detection.cost.milliseconds_per_input, detection.at(level).1)
        });
        series[index].points.extend(found);
    }
    if let Some(Ok(onion)) = &attempt.onion {
        let chosen = onion.chosen();
        let found = chosen.and_then(|(_, far)| point(onion.cost.milliseconds_per_input, far));
        series[2].points.extend(found);
    }
}
