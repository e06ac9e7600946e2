//! All methods on one data set and seed, and what is reported of several seeds.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use plm_core::metrics::mean_std;
use plm_core::rng::Seed;
use plm_distill::Example;
use plm_distill::amalgamate::{
    AmalgamationSettings, Integration, Method, Scoring, TeacherPool, Weighting,
};
use plm_distill::evaluate::{teacher_selection_accuracy, union_quality};
use plm_distill::fit::amalgamate;
use plm_distill::labels::LabelSpace;
use plm_distill::score::McSettings;
use plm_distill::student::Prepared;
use plm_distill::teacher::{CachedTeacher, LiveTeacher, Teacher, precompute};
use plm_distill::uncertainty::{entropy, softmax};

use super::pictures;
use super::size::{Size, size};
use crate::repro::distill::lab::{Lab, new_cache};
use crate::repro::{Context, Outcome, Row, Table};

/// A teacher to be trained.
pub(super) struct TeacherPlan<'l> {
    pub(super) lab: &'l Lab,
    pub(super) layers: usize,
    /// Texts with this teacher's labels.
    pub(super) train: Vec<Example>,
}

/// A data set shared out among teachers.
pub(super) struct Problem<'l> {
    pub(super) space: LabelSpace,
    pub(super) teachers: Vec<TeacherPlan<'l>>,
    /// Texts of the student; labels are looked at by the upper bound only.
    pub(super) corpus: Vec<Example>,
    pub(super) test: Vec<Example>,
    pub(super) student: (&'l Lab, usize),
    /// Whether all teachers cut texts into the student's tokens, as comparing hidden states needs.
    pub(super) same_tokens: bool,
}

/// What one seed gave.
pub(super) struct Run {
    /// Accuracy over the union by method.
    pub(super) accuracy: BTreeMap<String, f64>,
    /// Macro-F1 over the union by method.
    pub(super) macro_f1: BTreeMap<String, f64>,
    /// How often the surest teacher is an owner of the text, by scoring.
    pub(super) selection: BTreeMap<&'static str, f64>,
    /// Mean weight of each teacher (columns) for texts of each label (rows).
    pub(super) choice: Vec<Vec<f64>>,
    /// Uncertainty of a text's owner, and whether it is right.
    pub(super) certainty: Vec<(f64, bool)>,
    /// The size and the speed of each model.
    pub(super) sizes: Vec<Size>,
}

/// The methods with a student.
fn methods(problem: &Problem<'_>) -> Vec<(String, Method)> {
    let muka = |weighting, reweight| {
        Method::Muka(Integration {
            weighting,
            reweight,
            normalize_margins: false,
        })
    };
    let soft = Weighting::Soft { temperature: 0.2 };
    let mut methods = vec![
        ("supervised".to_owned(), Method::Supervised),
        ("vka".to_owned(), Method::Vanilla),
        ("uhc".to_owned(), Method::Uhc),
        ("muka-soft".to_owned(), muka(soft, true)),
        ("muka-hard".to_owned(), muka(Weighting::Hard, true)),
        ("muka-soft.no-margins".to_owned(), muka(soft, false)),
        (
            "muka-hard.no-margins".to_owned(),
            muka(Weighting::Hard, false),
        ),
    ];
    if problem.same_tokens {
        methods.push(("dfa".to_owned(), Method::Dfa));
        methods.push(("cfl".to_owned(), Method::Cfl));
    }
    methods
}

/// Trains the teachers and a student by every method.
pub(super) fn run(context: &Context, name: &str, problem: &Problem<'_>, seed: Seed) -> Result<Run> {
    let (lab, layers) = problem.student;
    let labels = problem.space.names();
    let corpus = lab.prepare(&problem.corpus, labels)?;
    let test = lab.prepare(&problem.test, labels)?;
    let gold = test.labels.clone().context("test texts without labels")?;
    let methods = methods(problem);
    let total = (problem.teachers.len() + methods.len()) as u64;
    let bar = context
        .progress
        .bar(total, &format!("{name}, seed {}", seed.value()));
    let scoring = McSettings {
        passes: context.settings.get("passes", 16)?,
        seed: seed.value(),
        ..McSettings::default()
    };
    let mut live = Vec::new();
    for (number, plan) in problem.teachers.iter().enumerate() {
        let own = problem.space.teachers()[number].labels().to_vec();
        let title = format!("teacher-{number}");
        let seed = seed.child(&title);
        live.push(
            plan.lab
                .teacher(&title, plan.layers, &plan.train, &own, seed)?,
        );
        bar.inc(1);
    }
    let mut cached = Vec::new();
    for teacher in &live {
        let texts: Vec<&Example> = corpus
            .examples
            .iter()
            .chain(&test.examples)
            .copied()
            .collect();
        let folder = format!("{name}-{}-{}", teacher.info().name, seed.value());
        cached.push(keep(context, teacher, &texts, &scoring, &folder)?);
    }
    let mut run = Run {
        accuracy: BTreeMap::new(),
        macro_f1: BTreeMap::new(),
        selection: BTreeMap::new(),
        choice: Vec::new(),
        certainty: Vec::new(),
        sizes: Vec::new(),
    };
    let space = &problem.space;
    without_student(space, &mut cached, &test, &gold, &scoring, &mut run)?;
    for (title, method) in &methods {
        let teachers: Vec<&mut dyn Teacher> = if method.needs_hidden_states() {
            live.iter_mut().map(|t| t as &mut dyn Teacher).collect()
        } else {
            cached.iter_mut().map(|t| t as &mut dyn Teacher).collect()
        };
        let mut pool = TeacherPool::new(space, teachers)?;
        let settings =
            AmalgamationSettings::new(*method).with_scoring(Scoring::MonteCarlo(scoring.clone()));
        let student = lab.student(layers, labels, seed)?;
        let fit = lab.fit_with(seed);
        let device = &lab.device;
        let (student, _) = amalgamate(
            student.model,
            &corpus,
            None,
            &mut pool,
            &settings,
            &fit,
            None,
            device,
        )?;
        let predicted = lab.classes(&student, &test)?;
        score(space, title, &gold, &predicted, &mut run)?;
        if title == "muka-soft" {
            let accuracy = run.accuracy[title];
            run.sizes
                .push(size("student", lab, &student, &test, accuracy)?);
        }
        bar.inc(1);
    }
    for (number, teacher) in live.iter().enumerate() {
        let title = format!("teacher-{number}");
        let lab = problem.teachers[number].lab;
        let accuracy = run.accuracy[&title];
        run.sizes
            .push(size(&title, lab, teacher.model(), &test, accuracy)?);
    }
    Ok(run)
}

/// What `teacher` says of `texts`, with Monte-Carlo scores.
fn keep(
    context: &Context,
    teacher: &LiveTeacher,
    texts: &[&Example],
    scoring: &McSettings,
    name: &str,
) -> Result<CachedTeacher> {
    let key = teacher.cache_key(Some(scoring), &[])?;
    let mut cache = new_cache(&context.out.join("teachers").join(name), key)?;
    let mut teacher = teacher.clone();
    let bar = context
        .progress
        .bar(texts.len() as u64, "Monte-Carlo scores");
    precompute(&mut teacher, texts, &mut cache, 64, |count| {
        bar.inc(count as u64)
    })?;
    let info = teacher.info().clone();
    Ok(CachedTeacher::new(info, cache, teacher.device())?)
}

/// Teachers alone, their ensemble, and how well the surest one is the right one.
fn without_student(
    space: &LabelSpace,
    cached: &mut [CachedTeacher],
    test: &Prepared<'_>,
    gold: &[usize],
    scoring: &McSettings,
    run: &mut Run,
) -> Result<()> {
    let count = cached.len();
    let teachers = cached.iter_mut().map(|t| t as &mut dyn Teacher).collect();
    let mut pool = TeacherPool::new(space, teachers)?;
    for number in 0..count {
        let predicted = pool.single(number, &test.examples)?;
        score(space, &format!("teacher-{number}"), gold, &predicted, run)?;
    }
    let predicted = pool.ensemble(&test.examples)?;
    score(space, "ensemble", gold, &predicted, run)?;
    let logits = pool.logits(&test.examples)?;
    for (name, scoring) in [
        ("monte-carlo", Scoring::MonteCarlo(scoring.clone())),
        ("one pass", Scoring::Deterministic),
    ] {
        let scores = pool.scores(&test.examples, &logits, &scoring)?;
        let by_text: Vec<f64> = (0..gold.len())
            .flat_map(|text| scores.iter().map(move |scores| scores[text]))
            .collect();
        let right = teacher_selection_accuracy(space, gold, &by_text)?;
        run.selection.insert(name, right);
        if name == "monte-carlo" {
            let integrated = Integration::default().integrate(space, &logits, &scores, 1.0)?;
            run.choice = (0..space.len())
                .map(|label| mean_weights(&integrated.weights, gold, label, count))
                .collect();
        }
    }
    for (text, &label) in gold.iter().enumerate() {
        let owner = space.owners(label)[0];
        let scores = &logits[owner][text];
        let share = entropy(&softmax(scores, 1.0)) / (scores.len() as f64).ln();
        let top = scores.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let place = scores.iter().position(|&value| value == top);
        run.certainty
            .push((share, place == space.local(owner, label)));
    }
    Ok(())
}

/// The mean weights of teachers over texts with this label.
fn mean_weights(weights: &[Vec<f64>], gold: &[usize], label: usize, teachers: usize) -> Vec<f64> {
    let own: Vec<&Vec<f64>> = (weights.iter().zip(gold))
        .filter(|(_, gold)| **gold == label)
        .map(|(weights, _)| weights)
        .collect();
    let mean =
        |teacher: usize| own.iter().map(|weights| weights[teacher]).sum::<f64>() / own.len() as f64;
    (0..teachers).map(mean).collect()
}

fn score(
    space: &LabelSpace,
    name: &str,
    gold: &[usize],
    predicted: &[usize],
    run: &mut Run,
) -> Result<()> {
    let quality = union_quality(space, gold, predicted)?;
    run.accuracy.insert(name.to_owned(), quality.accuracy);
    run.macro_f1.insert(name.to_owned(), quality.macro_f1);
    Ok(())
}

/// Accuracies of `name` over the runs.
pub(super) fn accuracies(runs: &[Run], name: &str) -> Vec<f64> {
    runs.iter().map(|run| run.accuracy[name]).collect()
}

/// Adds rows, tables and plots.
pub(super) fn report(name: &str, runs: &[Run], outcome: &mut Outcome) -> Result<()> {
    ensure!(!runs.is_empty(), "no run of {name}");
    let mut table = Table {
        title: format!("{name}: accuracy and macro-F1 over the union of labels"),
        columns: ["method", "accuracy", "deviation", "macro-F1"]
            .map(str::to_owned)
            .into(),
        rows: Vec::new(),
    };
    for method in runs[0].accuracy.keys() {
        let values = accuracies(runs, method);
        let summary = mean_std(&values)?;
        let f1: Vec<f64> = runs.iter().map(|run| run.macro_f1[method]).collect();
        let id = format!("{name}.{method}");
        outcome.rows.push(Row::over_seeds(id, "accuracy", &values));
        table.rows.push(vec![
            method.clone(),
            format!("{:.3}", summary.mean),
            summary
                .std
                .map_or("–".to_owned(), |std| format!("{std:.3}")),
            format!("{:.3}", mean_std(&f1)?.mean),
        ]);
    }
    outcome.tables.push(table);
    for scoring in runs[0].selection.keys() {
        let values: Vec<f64> = runs.iter().map(|run| run.selection[scoring]).collect();
        let id = format!("{name}.selection.{}", scoring.replace(' ', "-"));
        let metric = "share of texts whose surest teacher knows their label";
        outcome.rows.push(Row::over_seeds(id, metric, &values));
    }
    outcome.tables.push(Table {
        title: format!("{name}: models, first seed"),
        columns: [
            "model",
            "parameters",
            "MiB in single precision",
            "ms a text",
            "accuracy",
        ]
        .map(str::to_owned)
        .into(),
        rows: (runs[0].sizes.iter())
            .map(|size| {
                vec![
                    size.model.clone(),
                    size.parameters.to_string(),
                    format!("{:.1}", size.parameters as f64 * 4.0 / 1024.0 / 1024.0),
                    format!("{:.2}", size.milliseconds),
                    format!("{:.3}", size.accuracy),
                ]
            })
            .collect(),
    });
    pictures::draw(name, runs, outcome)
}
