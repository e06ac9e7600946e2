//! Claims about the runs of one data set.

use plm_backdoor::LEVELS;

use super::defend::Detection;
use super::report::{clean_over_poisoned_shift, mean, of_points, rap, strip, values};
use super::study::{Attempt, Run};
use super::theory;
use super::way::Way;
use crate::repro::bounds::lesser;
use crate::repro::{Check, Op, Outcome, Row};

/// Adds the claims about the data set `name` of the real tier, on every attack that was made. The bounds were set
/// for the rare word on SST-2, from a trial with two layers of MiniLM; of the other attacks and sets the same are
/// asked. Fewer than three seeds give rows.
pub(super) fn real(name: &str, runs: &[Run], outcome: &mut Outcome) {
    for &way in runs[0].attempts.keys() {
        let of = |value: &dyn Fn(&Detection) -> f64| mean(&values(runs, way, |a| rap(a, value)));
        let area = of(&|d| d.separation.auroc.unwrap_or(f64::NAN));
        let accepted = of(&|d| d.at(5.0).1);
        let success = mean(&values(runs, way, |a| a.success));
        for (id, metric, value, op, bound) in [
            ("attack_success", "attack success", success, Op::Ge, 0.9),
            ("rap_auroc", "AUROC of RAP", area, Op::Ge, 0.93),
            (
                "rap_far_at_5",
                "false acceptances of RAP at 5 %",
                accepted,
                Op::Le,
                0.4,
            ),
        ] {
            let id = format!("{name}.{id}_{}", way.name());
            let check = Check::new(id, value, op, bound);
            outcome.claim(runs.len(), metric, check);
        }
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
    let with_best = ways
        .iter()
        .filter(|&&way| accepted(way) <= least_of_strip(runs, way, level))
        .count();
    let metric =
        "attacks with false acceptances of RAP at 5 % at most those of STRIP at its best ratio";
    outcome
        .rows
        .push(Row::new("generated", metric, with_best as f64));
    let off: Vec<f64> = ways
        .iter()
        .map(|&way| mean(&values(runs, way, |a| rap(a, |d| d.at(level).0))) - level / 100.0)
        .collect();
    let distances: Vec<f64> = off.iter().map(|off| off.abs()).collect();
    let metric = "distance of false rejections from 5 %, mean of the attacks";
    let check = Check::new("frr_close_to_level", mean(&distances), Op::Le, 0.02);
    outcome.claim(runs.len(), metric, check);
    let worst = off.into_iter().max_by(|a, b| a.abs().total_cmp(&b.abs()));
    let worst = worst.unwrap_or(f64::NAN);
    let metric = "false rejections of RAP off 5 %, the worst attack";
    outcome.rows.push(Row::new("generated", metric, worst));
    let metric = "distance of false rejections from 5 %, the worst attack";
    let id = "frr_of_the_worst_attack_close_to_level";
    let check = Check::new(id, worst.abs(), Op::Le, 0.05);
    outcome.claim(runs.len(), metric, check);
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
    let margin = |kind| mean(&of_points(runs, Way::Word, kind, |point| point.margin));
    let gap = margin(1) - margin(0);
    let check = Check::new("poisoned_minus_clean_margin", gap, Op::Gt, 0.0);
    outcome.claim(runs.len(), "difference of mean margins", check);
    let ratio = clean_over_poisoned_shift(runs, Way::Word);
    let check = Check::new("clean_over_poisoned_margin_shift", ratio, Op::Gt, 1.0);
    let metric = "shift of the margin, clean texts over poisoned ones";
    outcome.claim(runs.len(), metric, check);
    let follows = mean(&values(runs, Way::Word, |attempt| {
        attempt.rap.as_ref().map_or(f64::NAN, |rap| {
            theory::drop_follows_slope(rap.points.iter().flatten())
        })
    }));
    // Of both kinds together: it says that poisoned texts lie where drops are smaller, not that they drop less for
    // that. The rows within each kind are beside it.
    let check = Check::new("drops_follow_the_slope", follows, Op::Gt, 0.0);
    outcome.claim(
        runs.len(),
        "Spearman of drops and slopes p (1 - p) of all texts",
        check,
    );
}

/// The least mean false acceptances of STRIP at `level`, over all shares of replaced words: a choice that nobody has
/// who does not know the trigger. The shares that are not quoted may be tried on fewer texts.
fn least_of_strip(runs: &[Run], way: Way, level: f64) -> f64 {
    let quoted = mean(&values(runs, way, |a| strip(a, |d| d.at(level).1)));
    let others = 0..runs[0].attempts[&way].strip_others.len();
    let others = others.map(|index| {
        mean(&values(runs, way, |attempt| {
            let (_, found) = &attempt.strip_others[index];
            found.as_ref().map_or(f64::NAN, |d| d.at(level).1)
        }))
    });
    others.fold(quoted, f64::min)
}

/// The least of `values`; NaN where one of them is.
fn least(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(f64::INFINITY, lesser)
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
