//! What is reported of several seeds.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use plm_prompt::intrinsic::{gain_recovery, relative_performance, stability};
use plm_prompt::published::{self, INTRINSIC_PAPER, INTRINSIC_SEEN, INTRINSIC_UNSEEN};

use super::study::{BASELINE, Run, Scores, mean};
use crate::report::{Plot, Series};
use crate::repro::bounds::certain;
use crate::repro::{Check, Op, Outcome, Row, Table};

/// What scores are worth beside those of prompt tuning.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Worth {
    /// Relative performance; nothing where no task has a score to compare with.
    relative: Option<f64>,
    /// The recovered share of the mean gain over the most frequent class: a mean of shares would rest on
    /// the tasks that gain least. Nothing where prompt tuning gains nothing.
    recovery: Option<f64>,
}

impl Worth {
    fn of(scores: &Scores, method: &[f64]) -> Result<Self> {
        let tuned = [mean(&scores.tuned)];
        let majority = [mean(&scores.majority)];
        Ok(Self {
            relative: relative_performance(method, &scores.tuned)?.mean,
            recovery: gain_recovery(&[mean(method)], &tuned, &majority)?.mean,
        })
    }
}

/// Lists of scores by dimensions.
type BySize = fn(&Scores) -> &BTreeMap<usize, Vec<f64>>;

/// Subspaces that nobody searched.
const RANDOM: [(&str, BySize); 2] = [
    ("random_decoder", |scores| &scores.random),
    ("fastfood", |scores| &scores.fastfood),
];

/// Seen or unseen tasks.
type Side = fn(&Run) -> &Scores;

/// The paper's relative performance inside a subspace of `size` dimensions, and where it stands.
fn published_inside(side: &str, size: usize) -> Option<(f64, String)> {
    let setting = match side {
        "redrawn" => INTRINSIC_SEEN,
        "unseen" => INTRINSIC_UNSEEN,
        _ => return None,
    };
    let figure = published::intrinsic_figures()
        .iter()
        .find(|figure| figure.setting == setting && figure.dimensions == Some(size))?;
    let source = format!("{INTRINSIC_PAPER}, {}, BART-base", figure.source);
    Some((figure.relative_performance / 100.0, source))
}

/// Adds figures, tables and pictures.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let sides: [(&str, Side); 3] = [
        ("seen", |run| &run.seen),
        ("redrawn", |run| &run.redrawn),
        ("unseen", |run| &run.unseen),
    ];
    let mut curves = Vec::new();
    for (side, pick) in sides {
        let own: Vec<f64> = runs.iter().map(|run| mean(&pick(run).tuned)).collect();
        let id = format!("{name}.{side}.prompt_tuning");
        outcome
            .rows
            .push(Row::over_seeds(id, "mean accuracy", &own));
        let majority: Vec<f64> = runs.iter().map(|run| mean(&pick(run).majority)).collect();
        let without = own.iter().zip(&majority).filter(|(own, most)| own <= most);
        let without = without.count();
        if without > 0 {
            outcome.notes.push(format!(
                "{name}, {side} tasks: with {without} of {} seeds prompt tuning gains nothing over the most \
                 frequent class; figures of recovered gain leave them out.",
                runs.len()
            ));
        }
        let id = format!("{name}.{side}.majority");
        outcome
            .rows
            .push(Row::over_seeds(id, "mean accuracy", &majority));
        let ways: [(&str, BySize); 2] = [
            ("rebuilt", |scores| &scores.rebuilt),
            ("inside", |scores| &scores.inside),
        ];
        for (method, find) in ways {
            let mut points = Vec::new();
            for &size in find(pick(&runs[0])).keys() {
                let found: Vec<Worth> = runs
                    .iter()
                    .filter_map(|run| find(pick(run)).get(&size).map(|list| (run, list)))
                    .map(|(run, list)| Worth::of(pick(run), list))
                    .collect::<Result<_>>()?;
                // Only the first seed has all dimensions; a curve is of one seed throughout.
                let first = found.first().and_then(|first| first.relative);
                points.extend(first.map(|relative| (size as f64, relative)));
                let id = format!("{name}.{side}.{method}.d{size}");
                let published = match method {
                    "inside" => published_inside(side, size),
                    _ => None,
                };
                compared(&id, &found, published, outcome);
            }
            let label = match method {
                "rebuilt" => format!("{side} tasks, prompt through the auto-encoder"),
                _ => format!("{side} tasks, tuned inside"),
            };
            if !points.is_empty() {
                curves.push(Series::new(label, points));
            }
        }
    }
    let same_kind: Vec<Worth> = runs
        .iter()
        .map(|run| Worth::of(&run.unseen, &run.unseen.same_kind))
        .collect::<Result<_>>()?;
    let id = format!("{name}.unseen.same_kind_prompt");
    compared(&id, &same_kind, None, outcome);
    let center: (&str, BySize) = ("center", |scores| &scores.center);
    for (method, find) in std::iter::once(center).chain(RANDOM) {
        for &size in find(&runs[0].unseen).keys() {
            let found: Vec<Worth> = runs
                .iter()
                .filter_map(|run| Some((run, find(&run.unseen).get(&size)?)))
                .map(|(run, list)| Worth::of(&run.unseen, list))
                .collect::<Result<_>>()?;
            let id = format!("{name}.unseen.{method}.d{size}");
            compared(&id, &found, None, outcome);
        }
    }
    for beside in beside_random(runs)? {
        let (method, size) = (beside.method, beside.size);
        let id = format!("{name}.unseen.inside_minus_{method}.d{size}");
        let row = Row::over_seeds(id, "recovered gain, seed by seed", &beside.gains);
        outcome.rows.push(row);
    }
    let several: Vec<Vec<f64>> = runs
        .iter()
        .filter_map(|run| run.unseen.runs.get(&BASELINE))
        .flatten()
        .filter(|runs| runs.len() > 1)
        .cloned()
        .collect();
    if !several.is_empty()
        && let Some(spread) = stability(&several)?.mean
    {
        let id = format!("{name}.unseen.inside.d{BASELINE}.stability");
        outcome
            .rows
            .push(Row::new(id, "mean deviation over runs", spread));
        let fewest = several.iter().map(Vec::len).min().unwrap_or(0);
        outcome.notes.push(format!(
            "Stability is the deviation of accuracy over {fewest} or more runs from different points; unseen \
             tasks that it is the mean of, seed by seed: {}.",
            several.len()
        ));
    }
    outcome.notes.push(format!(
        "Seen tasks are tuned inside the subspace of {BASELINE} dimensions only."
    ));
    outcome.plots.push(Plot::lines(
        &format!("{name}_dimensions"),
        &format!("{name}: performance relative to prompt tuning, first seed"),
        "dimensions of the subspace",
        "relative performance",
        curves,
    ));
    outcome.tables.push(by_task(name, &runs[0]));
    Ok(())
}

/// Adds relative performance, beside the published one where there is one, and recovered gain, each over
/// the seeds that have it.
fn compared(id: &str, found: &[Worth], published: Option<(f64, String)>, outcome: &mut Outcome) {
    let relative: Vec<f64> = found.iter().filter_map(|worth| worth.relative).collect();
    if !relative.is_empty() {
        let row = Row::over_seeds(id, "relative performance", &relative);
        outcome.rows.push(match published {
            Some((value, source)) => row.published(value, source),
            None => row,
        });
    }
    let recovery: Vec<f64> = found.iter().filter_map(|worth| worth.recovery).collect();
    if !recovery.is_empty() {
        let row = Row::over_seeds(id, "recovered gain", &recovery);
        outcome.rows.push(row);
    }
}

/// Accuracies of the first seed's unseen tasks.
fn by_task(name: &str, run: &Run) -> Table {
    let scores = &run.unseen;
    let sizes: Vec<usize> = scores.inside.keys().copied().collect();
    let number = crate::report::number;
    let rows = (0..scores.labels.len()).map(|place| {
        let mut row = vec![
            scores.labels[place].name.clone(),
            number(scores.majority[place]),
            number(scores.tuned[place]),
        ];
        row.extend(sizes.iter().map(|size| number(scores.inside[size][place])));
        row.extend(scores.random.values().map(|list| number(list[place])));
        row.extend(scores.fastfood.values().map(|list| number(list[place])));
        row
    });
    let mut columns = vec!["unseen task".to_owned(), "most frequent class".to_owned()];
    columns.push("prompt tuning".to_owned());
    columns.extend(sizes.iter().map(|size| format!("inside {size}")));
    let random = scores.random.keys();
    columns.extend(random.map(|size| format!("random decoder {size}")));
    let fastfood = scores.fastfood.keys();
    columns.extend(fastfood.map(|size| format!("fastfood {size}")));
    Table {
        title: format!("{name}: accuracy on unseen tasks, first seed"),
        columns,
        rows: rows.collect(),
    }
}

/// The recovered gain of every seed that has one.
fn recovered(runs: &[Run], pick: Side, find: BySize, size: usize) -> Result<Vec<f64>> {
    let of = |run: &Run| -> Result<Option<f64>> {
        let scores = pick(run);
        let Some(list) = find(scores).get(&size) else {
            return Ok(None);
        };
        Ok(Worth::of(scores, list)?.recovery)
    };
    runs.iter().filter_map(|run| of(run).transpose()).collect()
}

/// Adds the claims. A note says where prompt tuning gains nothing; there is nothing to claim there.
pub(super) fn check(runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let inside = |pick: Side| recovered(runs, pick, |scores| &scores.inside, BASELINE);
    let unseen = inside(|run| &run.unseen)?;
    // As in the paper with other examples than the search had.
    let seen = inside(|run| &run.redrawn)?;
    for (id, values, bound) in [
        ("ipt_unseen_recovery_d10", unseen, 0.6),
        ("ipt_seen_recovery_d10", seen, 0.8),
    ] {
        if !values.is_empty() {
            let check = Check::new(id, mean(&values), Op::Ge, bound);
            outcome.claim(values.len(), "recovered gain", check);
        }
    }
    check_random(runs, outcome)
}

/// A random subspace beside the found one of as many dimensions, on unseen tasks.
struct Beside {
    method: &'static str,
    size: usize,
    /// Recovered gain inside the found one minus that inside the random one, seed by seed.
    gains: Vec<f64>,
}

/// Every kind of random subspace beside the found one at all its dimensions, with the seeds that have a
/// gain to recover.
fn beside_random(runs: &[Run]) -> Result<Vec<Beside>> {
    let mut all = Vec::new();
    for (method, find) in RANDOM {
        let sizes = runs.iter().flat_map(|run| find(&run.unseen).keys());
        let sizes: BTreeSet<usize> = sizes.copied().collect();
        for size in sizes {
            let of = |run: &Run| -> Result<Option<f64>> {
                let scores = &run.unseen;
                let (Some(found), Some(random)) =
                    (scores.inside.get(&size), find(scores).get(&size))
                else {
                    return Ok(None);
                };
                let found = Worth::of(scores, found)?.recovery;
                let random = Worth::of(scores, random)?.recovery;
                Ok(found.zip(random).map(|(found, random)| found - random))
            };
            let gains = runs.iter().filter_map(|run| of(run).transpose());
            let gains = gains.collect::<Result<Vec<f64>>>()?;
            if !gains.is_empty() {
                all.push(Beside {
                    method,
                    size,
                    gains,
                });
            }
        }
    }
    Ok(all)
}

/// Adds the claim that a subspace must be searched, at the fewest dimensions, where it matters most, and what
/// is left of it at all of them.
fn check_random(runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let beside = beside_random(runs)?;
    let narrow = beside.iter().map(|beside| beside.size).min();
    let at_narrow = beside.iter().filter(|beside| Some(beside.size) == narrow);
    let at_narrow = at_narrow.map(|beside| mean(&beside.gains)).reduce(f64::min);
    let everywhere = beside
        .iter()
        .map(|beside| certain(&beside.gains))
        .collect::<Result<Vec<f64>>>()?
        .into_iter()
        .reduce(f64::min);
    let seeds = beside.iter().map(|beside| beside.gains.len()).min();
    let (Some(narrow), Some(at_narrow), Some(everywhere), Some(seeds)) =
        (narrow, at_narrow, everywhere, seeds)
    else {
        return Ok(());
    };
    let id = "random_subspace_worse_than_found";
    let metric = "recovered gain, found minus random";
    outcome.claim(seeds, metric, Check::new(id, at_narrow, Op::Gt, 0.0));
    outcome.rows.push(Row::new(
        format!("{id}.everywhere"),
        "recovered gain, found minus random, less two standard errors",
        everywhere,
    ));
    outcome.notes.push(format!(
        "`{id}` is the smaller mean difference in recovered gain between the found subspace and a random one of \
         {narrow} dimensions, whichever its kind. `{id}.everywhere` is the smallest over all dimensions and kinds \
         that every seed runs, less twice its standard error: where it is not above 0, the found subspace is \
         not known to be better at each of them."
    ));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::study::NARROW;
    use super::*;

    /// One task of each kind, as far as a report needs them.
    fn scores(tuned: f64) -> Scores {
        let list = vec![0.6];
        let by_size = || BTreeMap::from([(NARROW, list.clone()), (BASELINE, list.clone())]);
        Scores {
            labels: vec![plm_prompt::TaskLabel::new("films", "sentiment")],
            majority: vec![0.5],
            tuned: vec![tuned],
            rebuilt: by_size(),
            inside: by_size(),
            runs: BTreeMap::from([(BASELINE, vec![vec![0.6, 0.5, 0.7]])]),
            random: by_size(),
            fastfood: BTreeMap::from([(NARROW, list.clone())]),
            center: by_size(),
            same_kind: list,
        }
    }

    fn run(tuned: f64) -> Run {
        let [seen, redrawn, unseen] = [tuned; 3].map(scores);
        Run {
            seen,
            redrawn,
            unseen,
        }
    }

    fn outcome(runs: &[Run]) -> Outcome {
        let mut outcome = Outcome::default();
        report("x", runs, &mut outcome).unwrap();
        check(runs, &mut outcome).unwrap();
        outcome.validate().unwrap();
        outcome
    }

    /// Our figure, where there is one.
    fn figure(outcome: &Outcome, id: &str, metric: &str) -> Option<f64> {
        let mut rows = outcome.rows.iter();
        let row = rows.find(|row| row.id == id && row.metric == metric)?;
        Some(row.ours)
    }

    #[test]
    fn seeds_without_a_gain_are_left_out_and_named() {
        let found = outcome(&[run(0.7), run(0.5), run(0.9)]);
        let id = "x.unseen.inside.d10";
        // A half of a gain of .2, a fourth of one of .4.
        let gain = figure(&found, id, "recovered gain").unwrap();
        assert!((gain - 0.375).abs() < 1e-12, "{gain}");
        assert!(figure(&found, id, "relative performance").is_some());
        let notes: Vec<&String> = found.notes.iter().collect();
        let named = notes.iter().filter(|note| note.contains("1 of 3 seeds"));
        assert_eq!(named.count(), 3, "{notes:?}");
    }

    #[test]
    fn a_run_that_gains_nothing_is_still_a_report() {
        let found = outcome(&[run(0.4), run(0.5)]);
        let id = "x.unseen.inside.d10";
        assert_eq!(figure(&found, id, "recovered gain"), None);
        assert!(figure(&found, id, "relative performance").is_some());
        assert!(found.checks.is_empty());
    }

    #[test]
    fn a_found_subspace_must_be_better_at_the_fewest_dimensions() {
        /// Of a gain of .4 the found subspace recovers .3, the random decoder .2 and Fastfood .1.
        fn run_of(seed: f64) -> Run {
            let mut run = run(0.9);
            let list = |score: f64| vec![score + seed];
            run.unseen.inside = BTreeMap::from([(NARROW, list(0.8)), (BASELINE, list(0.8))]);
            run.unseen.random = BTreeMap::from([(NARROW, list(0.7)), (BASELINE, list(0.7))]);
            run.unseen.fastfood = BTreeMap::from([(NARROW, list(0.6))]);
            run
        }
        let value = |runs: &[Run]| {
            let found = outcome(runs);
            let id = "random_subspace_worse_than_found";
            let check = found.checks.iter().find(|check| check.id == id).cloned();
            check.map(|check| (check.value, check.pass()))
        };
        let everywhere = |runs: &[Run]| {
            let id = "random_subspace_worse_than_found.everywhere";
            let metric = "recovered gain, found minus random, less two standard errors";
            figure(&outcome(runs), id, metric).unwrap()
        };
        // Seeds move both sides alike: a difference over seeds has no spread.
        let better = [0.0, 0.02, 0.04].map(run_of);
        let (least, holds) = value(&better).unwrap();
        assert!((least - 0.25).abs() < 1e-9 && holds, "{least}");
        assert!((everywhere(&better) - 0.25).abs() < 1e-9);
        let id = "x.unseen.inside_minus_fastfood.d2";
        let gain = figure(&outcome(&better), id, "recovered gain, seed by seed").unwrap();
        assert!((gain - 0.5).abs() < 1e-9, "{gain}");
        // One dimension at which the random one is as good shows in the figure of all.
        let mut equal = [0.0, 0.02, 0.04].map(run_of);
        for run in &mut equal {
            let found = run.unseen.inside[&BASELINE].clone();
            run.unseen.random.insert(BASELINE, found);
        }
        assert!(value(&equal).unwrap().1);
        assert!(everywhere(&equal).abs() < 1e-9);
        // So does a difference that is a seed's own: .25, .25 and -.25 of the gain.
        let mut chance = [0.0, 0.02, 0.04].map(run_of);
        chance[2].unseen.random.insert(NARROW, vec![0.94]);
        let (least, holds) = value(&chance).unwrap();
        assert!((least - 0.25 / 3.0).abs() < 1e-9 && holds, "{least}");
        assert!(everywhere(&chance) < 0.0);
        // As good a random one of the fewest dimensions denies the claim.
        let mut denied = [0.0, 0.02, 0.04].map(run_of);
        for run in &mut denied {
            let found = run.unseen.inside[&NARROW].clone();
            run.unseen.random.insert(NARROW, found);
        }
        let (least, holds) = value(&denied).unwrap();
        assert!(least.abs() < 1e-9 && !holds, "{least}");
        // Two seeds give a figure only.
        assert_eq!(value(&better[..2]), None);
    }

    #[test]
    fn stability_is_a_figure_where_a_task_ran_several_times() {
        let found = outcome(&[run(0.7)]);
        let id = "x.unseen.inside.d10.stability";
        let spread = figure(&found, id, "mean deviation over runs").unwrap();
        assert!((spread - 0.1).abs() < 1e-12, "{spread}");
    }

    #[test]
    fn published_figures_stand_beside_ours() {
        let (value, source) = published_inside("unseen", 5).unwrap();
        assert_eq!(value, 0.65);
        assert!(source.contains("2110.07867") && source.contains("version 1"));
        assert_eq!(published_inside("redrawn", 5).unwrap().0, 0.87);
        assert_eq!(published_inside("seen", 5), None);
        assert_eq!(published_inside("unseen", 7), None);
    }
}
