//! All students of one data set and seed, and what is reported of several seeds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_core::metrics::mean_std;
use plm_core::rng::Seed;
use plm_distill::Example;
use plm_distill::fit::distill;
use plm_distill::student::{Prepared, predict};
use plm_distill::teacher::{CachedTeacher, LiveTeacher, Teacher, precompute};
use plm_distill::uncertainty::{entropy, softmax};

use super::lab::{Lab, new_cache};
use super::pictures;
use super::ways::{Recipe, Way, ways};
use crate::repro::{Check, Context, Op, Outcome, Row, Table};

/// Where a model is cut from, and how many layers it keeps.
pub(super) type Cut<'l> = (&'l Lab, usize);

/// The two teachers and the student.
#[derive(Debug, Clone, Copy)]
pub(super) struct Models<'l> {
    pub(super) small: Cut<'l>,
    pub(super) large: Cut<'l>,
    pub(super) student: Cut<'l>,
    /// The teacher whose hidden states are matched: 0 is the small one.
    pub(super) matched: usize,
    /// How students are trained.
    pub(super) recipe: Recipe,
}

impl Models<'_> {
    /// All cut from one model.
    pub(super) fn of(lab: &Lab, small: usize, student: usize) -> Models<'_> {
        Models {
            small: (lab, small),
            large: (lab, lab.layers),
            student: (lab, student),
            matched: 1,
            recipe: Recipe::Ours,
        }
    }
}

/// A data set.
pub(super) struct Problem {
    pub(super) labels: Vec<String>,
    pub(super) train: Vec<Example>,
    pub(super) test: Vec<Example>,
}

/// What one seed gave.
pub(super) struct Run {
    /// Accuracy of each model, by name.
    pub(super) accuracy: BTreeMap<String, f64>,
    /// Answers of teachers that a student's training took.
    pub(super) answers: BTreeMap<String, f64>,
    /// Uncertainty of the plainly distilled student on each test text, and whether it is right.
    pub(super) certainty: Vec<(f64, bool)>,
}

/// Trains the teachers and all students.
pub(super) fn run(
    context: &Context,
    name: &str,
    models: Models<'_>,
    problem: &Problem,
    seed: Seed,
) -> Result<Run> {
    let (lab, layers) = models.student;
    let train = lab.prepare(&problem.train, &problem.labels)?;
    let test = lab.prepare(&problem.test, &problem.labels)?;
    let label = format!("{name}, seed {}", seed.value());
    let ways = ways(context, models)?;
    let bar = context.progress.bar(ways.len() as u64 + 2, &label);
    let mut run = Run {
        accuracy: BTreeMap::new(),
        answers: BTreeMap::new(),
        certainty: Vec::new(),
    };
    let mut live = Vec::new();
    let mut cached = Vec::new();
    for (size, (own, layers)) in [("small", models.small), ("large", models.large)] {
        let seed = seed.child(size);
        let teacher = own.teacher(size, layers, &problem.train, &problem.labels, seed)?;
        let accuracy = own.accuracy(teacher.model(), &test)?;
        run.accuracy.insert(format!("teacher.{size}"), accuracy);
        cached.push(keep(
            context,
            &teacher,
            &train,
            &format!("{name}-{size}-{}", seed.value()),
        )?);
        live.push(teacher);
        bar.inc(1);
    }
    for way in &ways {
        let Way { name, settings, .. } = way;
        // Hidden states are not kept; class scores are.
        let mut teachers: Vec<&mut dyn Teacher> = match settings.hidden {
            Some(_) => live.iter_mut().map(|t| t as &mut dyn Teacher).collect(),
            None => cached.iter_mut().map(|t| t as &mut dyn Teacher).collect(),
        };
        let student = lab.student(layers, &problem.labels, seed)?;
        let fit = way.fit(lab.fit_with(seed));
        let (student, report) = distill(
            student.model,
            &train,
            None,
            &mut teachers,
            settings,
            &fit,
            None,
            &lab.device,
        )?;
        run.accuracy
            .insert(name.clone(), lab.accuracy(&student, &test)?);
        let answers = report.parts["teacher_answers"] * report.train.step as f64;
        run.answers.insert(name.clone(), answers);
        if name == "kd.large" {
            run.certainty = certainty(lab, &student, &test)?;
        }
        bar.inc(1);
    }
    Ok(run)
}

/// What `teacher` says of the training texts.
fn keep(
    context: &Context,
    teacher: &LiveTeacher,
    train: &Prepared<'_>,
    name: &str,
) -> Result<CachedTeacher> {
    let key = teacher.cache_key(None, &[])?;
    let folder = context.out.join("teachers").join(name);
    let mut cache = new_cache(&folder, key)?;
    let mut teacher = teacher.clone();
    precompute(&mut teacher, &train.examples, &mut cache, 64, |_| ())?;
    Ok(CachedTeacher::new(
        teacher.info().clone(),
        cache,
        teacher.device(),
    )?)
}

/// The student's uncertainty of each text, and whether it is right.
fn certainty(
    lab: &Lab,
    student: &super::lab::Classifier,
    test: &Prepared<'_>,
) -> Result<Vec<(f64, bool)>> {
    let gold = test.labels.as_ref().context("texts without labels")?;
    let predicted = lab.classes(student, test)?;
    let scores = predict(student, test, 64, &lab.device)?;
    Ok(scores
        .iter()
        .zip(gold.iter().zip(&predicted))
        .map(|(row, (gold, predicted))| {
            let share = entropy(&softmax(row, 1.0)) / (row.len() as f64).ln();
            (share, gold == predicted)
        })
        .collect())
}

/// Accuracies of `name` over the runs.
pub(super) fn accuracies(runs: &[Run], name: &str) -> Vec<f64> {
    runs.iter().map(|run| run.accuracy[name]).collect()
}

/// Adds rows, the table and plots.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mut table = Table {
        title: format!("{name}: accuracy and answers of teachers"),
        columns: ["student", "accuracy", "deviation", "answers of teachers"]
            .map(str::to_owned)
            .into(),
        rows: Vec::new(),
    };
    for way in runs[0].accuracy.keys() {
        let values = accuracies(runs, way);
        let summary = mean_std(&values)?;
        outcome.rows.push(Row::over_seeds(
            format!("{name}.{way}"),
            "accuracy",
            &values,
        ));
        let answers = runs[0].answers.get(way);
        table.rows.push(vec![
            way.clone(),
            format!("{:.3}", summary.mean),
            summary
                .std
                .map_or("–".to_owned(), |std| format!("{std:.3}")),
            answers.map_or("–".to_owned(), |count| format!("{count:.0}")),
        ]);
    }
    outcome.tables.push(table);
    pictures::draw(name, runs, outcome)
}

/// Adds what the teachers' answers are worth, and the claims.
pub(super) fn check(name: &str, recipe: Recipe, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    let mean = |way: &str| -> Result<f64> { Ok(mean_std(&accuracies(runs, way))?.mean) };
    for way in [
        "kd.large",
        "select.random",
        "select.entropy",
        "select.margin",
        "select.confidence",
    ] {
        let gain = |run: &Run| run.accuracy[way] - run.accuracy["labels"];
        let gains: Vec<f64> = runs.iter().map(gain).collect();
        let id = format!("{name}.{way}");
        let row = Row::over_seeds(id, "gain over labels alone", &gains);
        outcome.rows.push(row);
    }
    let relative = mean("select.entropy")? / mean("kd.large")?;
    let answers = |way: &str| runs.iter().map(|run| run.answers[way]).sum::<f64>();
    let saved = answers("kd.large") / answers("select.entropy");
    outcome.rows.push(Row::new(
        format!("{name}.select.entropy"),
        "times fewer answers of the teacher",
        saved,
    ));
    let prefix = match name {
        "generated" => String::new(),
        other => format!("{other}."),
    };
    let share = "share of the accuracy with all answers";
    match recipe {
        Recipe::Ours => {
            let id = format!("{prefix}dynamic_selection_10pct_relative");
            let check = Check::new(id, relative, Op::Ge, 0.95);
            outcome.claim(runs.len(), share, check);
            let id = format!("{prefix}dynamic_selection_saving");
            outcome.checks.push(Check::new(id, saved, Op::Ge, 8.0));
        }
        // Half of each batch.
        Recipe::Published => {
            let id = format!("{prefix}dynamic_selection_50pct_relative");
            outcome.rows.push(Row::new(id, share, relative));
        }
    }
    let plain = mean_std(&accuracies(runs, "objective.static"))?;
    let gain = mean("objective.uncertainty")? - plain.mean;
    let id = format!("{prefix}uncertainty_objective_not_worse");
    let check = Check::new(id, gain, Op::Ge, -plain.std.unwrap_or(0.0));
    outcome.claim(runs.len(), "gain in accuracy", check);
    Ok(())
}
