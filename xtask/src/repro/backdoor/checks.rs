//! Claims about the runs of one data set.

use plm_backdoor::LEVELS;

use super::defend::Detection;
use super::report::{mean, rap, strip, values};
use super::study::{Attempt, Run};
use super::theory;
use super::way::Way;
use crate::repro::{Check, Op, Outcome, Row};

/// Adds the claims about the data set `name` of the real tier, on the attack with a rare word where it was made.
/// The bounds were set for SST-2, from a trial with two layers of MiniLM; on the other sets the same are asked.
/// Fewer than three seeds give rows.
pub(super) fn real(name: &str, runs: &[Run], outcome: &mut Outcome) {
    if !made(runs, Way::Word) {
        return;
    }
    let of = |value: &dyn Fn(&Detection) -> f64| mean(&values(runs, Way::Word, |a| rap(a, value)));
    let area = of(&|d| d.separation.auroc.unwrap_or(f64::NAN));
    let accepted = of(&|d| d.at(5.0).1);
    let success = mean(&values(runs, Way::Word, |a| a.success));
    for (id, metric, value, op, bound) in [
        (
            "attack_success_word",
            "attack success",
            success,
            Op::Ge,
            0.9,
        ),
        ("rap_auroc_word", "AUROC of RAP", area, Op::Ge, 0.93),
        (
            "rap_far_at_5_word",
            "false acceptances of RAP at 5 %",
            accepted,
            Op::Le,
            0.4,
        ),
    ] {
        let check = Check::new(format!("{name}.{id}"), value, op, bound);
        outcome.claim(runs.len(), metric, check);
    }
}

/// Whether every run made the attack.
fn made(runs: &[Run], way: Way) -> bool {
    runs.iter().all(|run| run.attempts.contains_key(&way))
}

/// Adds the claims of the embedded tier, as far as their attacks were made.
pub(super) fn embedded(runs: &[Run], copies: usize, outcome: &mut Outcome) {
    let clean: Vec<f64> = runs
        .iter()
        .map(|run| run.clean.map_or(f64::NAN, |quality| quality.accuracy))
        .collect();
    let checked = [Way::Word, Way::Sentence, Way::Embedding];
    for way in checked.into_iter().filter(|&way| made(runs, way)) {
        let success = mean(&values(runs, way, |a| a.success));
        let id = format!("attack_success_{}", way.name());
        let check = Check::new(id, success, Op::Ge, 0.95);
        outcome.claim(runs.len(), "attack success", check);
        let loss = mean(&clean) - mean(&values(runs, way, |a| a.quality.accuracy));
        let id = format!("accuracy_loss_{}", way.name());
        let check = Check::new(id, loss, Op::Le, 0.02);
        outcome.claim(runs.len(), "loss of accuracy", check);
    }
    let ways: Vec<Way> = runs[0].attempts.keys().copied().collect();
    let level = LEVELS[LEVELS.len() - 1];
    let thresholds = ways
        .iter()
        .flat_map(|&way| values(runs, way, |a| rap(a, |d| d.threshold(level))));
    let lowest = least(thresholds);
    let check = Check::new("rap_threshold_positive", lowest, Op::Gt, 0.0);
    outcome.claim(runs.len(), "lowest threshold", check);
    let accepted = |way| mean(&values(runs, way, |a| rap(a, |d| d.at(level).1)));
    if made(runs, Way::Word) {
        let check = Check::new("rap_far_at_5", accepted(Way::Word), Op::Le, 0.3);
        outcome.claim(runs.len(), "false acceptances of RAP at 5 %", check);
    }
    let better = ways
        .iter()
        .filter(|&&way| accepted(way) <= mean(&values(runs, way, |a| strip(a, |d| d.at(level).1))))
        .count();
    let bound = 3.0_f64.min(ways.len() as f64);
    let id = "attacks_with_rap_far_at_most_strip_far_at_5";
    let check = Check::new(id, better as f64, Op::Ge, bound);
    outcome.claim(runs.len(), "attacks", check);
    let rejected: Vec<f64> = ways
        .iter()
        .flat_map(|&way| values(runs, way, |a| rap(a, |d| d.at(level).0)))
        .collect();
    // Of all attacks together: of one alone, the texts are too few to tell 5 % from 7 %.
    let off = (mean(&rejected) - level / 100.0).abs();
    let metric = "distance of false rejections from 5 %, all attacks together";
    let check = Check::new("frr_close_to_level", off, Op::Le, 0.02);
    outcome.claim(runs.len(), metric, check);
    let worst = ways
        .iter()
        .map(|&way| mean(&values(runs, way, |a| rap(a, |d| d.at(level).0))) - level / 100.0)
        .max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let metric = "false rejections of RAP off 5 %, the worst attack";
    let worst = worst.unwrap_or(f64::NAN);
    outcome.rows.push(Row::new("generated", metric, worst));
    let passes = |value: &dyn Fn(&Attempt) -> f64, expected: f64| {
        let all = runs.iter().flat_map(|run| run.attempts.values().map(value));
        all.fold(expected, |worst: f64, passes| {
            let farther = (passes - expected).abs() > (worst - expected).abs();
            if farther || passes.is_nan() {
                passes
            } else {
                worst
            }
        })
    };
    let per_input = |d: &Detection| d.cost.classifier_per_input.unwrap_or(f64::NAN);
    let of_rap = passes(&|a| rap(a, per_input), 2.0);
    let check = Check::new("rap_passes_an_input", of_rap, Op::Eq, 2.0);
    outcome.claim(runs.len(), "passes of the classifier", check);
    let expected = copies as f64 + 1.0;
    let of_strip = passes(&|a| strip(a, per_input), expected);
    outcome.checks.push(Check::new(
        "strip_passes_an_input",
        of_strip,
        Op::Eq,
        expected,
    ));
    if !made(runs, Way::Word) {
        return;
    }
    let gap = mean(&values(runs, Way::Word, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            let margin =
                |at: usize| mean(&rap.points[at].iter().map(|p| p.margin).collect::<Vec<_>>());
            margin(1) - margin(0)
        })
    }));
    let check = Check::new("poisoned_minus_clean_margin", gap, Op::Gt, 0.0);
    outcome.claim(runs.len(), "difference of mean margins", check);
    let follows = mean(&values(runs, Way::Word, |attempt| {
        attempt
            .rap
            .as_ref()
            .map_or(f64::NAN, |rap| theory::drop_follows_slope(&rap.points))
    }));
    let check = Check::new("drops_follow_the_slope", follows, Op::Gt, 0.0);
    outcome.claim(
        runs.len(),
        "Spearman of drops and slopes p (1 - p) of all texts",
        check,
    );
}

/// The least of `values`; NaN where one of them is.
fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, |a, b| {
        if a.is_nan() || b.is_nan() {
            f64::NAN
        } else {
            a.min(b)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_of_values_that_are_not_all_there_is_none() {
        assert_eq!(least([0.2, -0.1, 0.3].into_iter()), -0.1);
        for values in [
            [f64::NAN, 0.1, 0.2],
            [0.1, f64::NAN, 0.2],
            [0.1, 0.2, f64::NAN],
        ] {
            assert!(least(values.into_iter()).is_nan(), "{values:?}");
        }
    }
}
