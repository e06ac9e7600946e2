//! All students of one data set and seed, and what is reported of several seeds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use plm_core::metrics::mean_std;
use plm_core::rng::Seed;
use plm_distill::Example;
use plm_distill::dynamic::{Spaced, Strategy};
use plm_distill::fit::distill;
use plm_distill::loss::HiddenLoss;
use plm_distill::student::{Prepared, predict};
use plm_distill::teacher::{CachedTeacher, LazyTeacher, LiveTeacher, Teacher, precompute};
use plm_distill::uncertainty::{entropy, softmax};

use super::lab::{Lab, new_cache};
use super::pictures;
use super::ways::{Recipe, ways};
use crate::repro::{Context, Outcome, Row, Table};

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

    /// The layers of the student beside those of the teacher whose hidden states are matched.
    ///
    /// # Errors
    /// Where the student has more layers than the teacher.
    pub(super) fn spaced(&self) -> Result<Spaced> {
        let teacher = [self.small, self.large][self.matched].1;
        Ok(Spaced::new(self.student.1, teacher, HiddenLoss::default())?)
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
    /// Answers of teachers that a student's training asked for.
    pub(super) answers: BTreeMap<String, f64>,
    /// What selecting examples took of a teacher that remembers what it said.
    pub(super) memory: BTreeMap<String, Memory>,
    /// Training texts.
    pub(super) texts: usize,
    /// Uncertainty of the plainly distilled student on each test text, and whether it is right.
    pub(super) certainty: Vec<(f64, bool)>,
}

/// A teacher that is run on a text the first time that it is asked about it.
pub(super) struct Memory {
    /// Texts that its model was run on.
    pub(super) forwards: f64,
    /// Share of the answers that it remembered.
    pub(super) hits: f64,
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
        memory: BTreeMap::new(),
        texts: problem.train.len(),
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
        let (title, settings) = (&way.name, &way.settings);
        // Where examples are selected, the large teacher begins with an empty memory, so that it is not run
        // on what it is not asked about; the small one is not asked at all.
        let mut lazy = match settings.selection.strategy {
            Strategy::All => None,
            _ => {
                let folder = format!("{name}-{title}-{}", seed.value());
                Some(remembering(context, &live[1], &folder)?)
            }
        };
        let mut teachers: Vec<&mut dyn Teacher> = match (&mut lazy, &settings.hidden) {
            (Some(lazy), _) => vec![&mut cached[0] as &mut dyn Teacher, lazy as &mut dyn Teacher],
            // Hidden states are not kept; class scores are.
            (None, Some(_)) => live.iter_mut().map(|t| t as &mut dyn Teacher).collect(),
            (None, None) => cached.iter_mut().map(|t| t as &mut dyn Teacher).collect(),
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
            .insert(title.clone(), lab.accuracy(&student, &test)?);
        let answers = report.parts["teacher_answers"] * report.train.step as f64;
        run.answers.insert(title.clone(), answers);
        if let Some(lazy) = &lazy {
            let memory = Memory {
                forwards: (lazy.forwards() - live[1].forwards()) as f64,
                hits: lazy.hit_rate().unwrap_or(0.0),
            };
            run.memory.insert(title.clone(), memory);
        }
        if title == "kd.large" {
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

/// `teacher` with a memory that is empty yet.
fn remembering(context: &Context, teacher: &LiveTeacher, name: &str) -> Result<LazyTeacher> {
    let key = teacher.cache_key(None, &[])?;
    let cache = new_cache(&context.out.join("teachers").join(name), key)?;
    Ok(LazyTeacher::new(teacher.clone(), cache)?)
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
        columns: [
            "student",
            "accuracy",
            "deviation",
            "answers of teachers",
            "forwards of one that remembers",
        ]
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
        let memory = runs[0].memory.get(way);
        table.rows.push(vec![
            way.clone(),
            format!("{:.3}", summary.mean),
            summary
                .std
                .map_or("–".to_owned(), |std| format!("{std:.3}")),
            answers.map_or("–".to_owned(), |count| format!("{count:.0}")),
            memory.map_or("–".to_owned(), |memory| format!("{:.0}", memory.forwards)),
        ]);
    }
    outcome.tables.push(table);
    for way in runs[0].memory.keys() {
        let of = |value: fn(&Memory) -> f64| -> Vec<f64> {
            runs.iter().map(|run| value(&run.memory[way])).collect()
        };
        let id = format!("{name}.{way}");
        let forwards = of(|memory| memory.forwards);
        let metric = "forwards of a teacher that remembers";
        outcome.rows.push(Row::over_seeds(&id, metric, &forwards));
        let hits = of(|memory| memory.hits);
        let metric = "share of answers that it remembered";
        outcome.rows.push(Row::over_seeds(&id, metric, &hits));
    }
    pictures::draw(name, runs, outcome)
}
