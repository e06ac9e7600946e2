//! The tier that needs nothing but the repository.

use anyhow::Result;
use plm_core::metrics::mean_std;
use plm_core::rng::Seed;
use plm_distill::labels::LabelLayout;

use super::study::{self, Problem, TeacherPlan};
use super::toy::{self, Accuracies, Variant};
use crate::repro::distill::lab::{Lab, examples};
use crate::repro::distill::{embedded_lab, sentences};
use crate::repro::opinions::Half;
use crate::repro::tasks::LabeledText;
use crate::repro::things::CLASSES;
use crate::repro::{Check, Context, Op, Outcome, Row};

/// Runs it.
pub(super) fn run(context: &Context) -> Result<Outcome> {
    let mut outcome = Outcome::default();
    small_networks(context, &mut outcome)?;
    let lab = embedded_lab(context, (16, 5e-4, 4))?;
    let texts: usize = context.settings.get("texts", 360)?;
    let test: usize = context.settings.get("test", 360)?;
    let mut runs = Vec::new();
    for &number in &context.seeds {
        let seed = Seed::new(number);
        let train = sentences(texts, Half::Train, seed.child("train"));
        let held = sentences(test, Half::Test, seed.child("test"));
        let problem = shared_out(&lab, (lab.layers, 2), &train, &held, 2)?;
        runs.push(study::run(context, "generated", &problem, seed)?);
    }
    study::report("generated", &runs, &mut outcome)?;
    outcome.notes.push(format!(
        "Sentences about two things, to be classified by the kind of the first: {CLASSES} kinds shared \
         out between two teachers, all {} layers of plm-mini trained on the sentences of their kinds. \
         Students are its first two layers, taught with all {texts} sentences, without labels but for the \
         upper bound `supervised`, for {} epochs; test things are not among those of training.",
        lab.layers, lab.fit.epochs
    ));
    Ok(outcome)
}

/// `train` shared out among `teachers` by the layout of the authors' code: teachers and student with so
/// many layers.
pub(super) fn shared_out<'l>(
    lab: &'l Lab,
    (deep, shallow): (usize, usize),
    train: &[LabeledText],
    test: &[LabeledText],
    teachers: usize,
) -> Result<Problem<'l>> {
    let labels: std::collections::BTreeSet<&str> =
        train.iter().map(|(_, label)| label.as_str()).collect();
    let space = LabelLayout::new(labels, teachers)?.space()?;
    let corpus = examples("train", train);
    let plans = (0..teachers)
        .map(|number| {
            let own = space.teachers()[number].labels();
            let knows = |label: &Option<String>| label.as_ref().is_some_and(|l| own.contains(l));
            TeacherPlan {
                lab,
                layers: deep,
                train: corpus
                    .iter()
                    .filter(|text| knows(&text.label))
                    .cloned()
                    .collect(),
            }
        })
        .collect();
    Ok(Problem {
        space,
        teachers: plans,
        test: examples("test", test),
        corpus,
        student: (lab, shallow),
        same_tokens: true,
    })
}

/// The study with small networks: as it is, with class scores of one teacher moved, and with these moved
/// less but the teacher smaller too.
fn small_networks(context: &Context, outcome: &mut Outcome) -> Result<()> {
    let device = plm_core::device::parse(&context.device)?;
    let plain = Variant {
        offset: 0.0,
        hidden: [64, 64],
    };
    let moved = Variant {
        offset: 6.0,
        ..plain
    };
    let smaller = Variant {
        offset: 3.0,
        hidden: [64, 16],
    };
    let mut found: Vec<Vec<Accuracies>> = Vec::new();
    for (name, variant) in [
        ("gaussian", plain),
        ("gaussian.offset", moved),
        ("gaussian.smaller_and_offset", smaller),
    ] {
        let bar = context.progress.bar(context.seeds.len() as u64, name);
        let mut runs = Vec::new();
        for &number in &context.seeds {
            runs.push(toy::run(variant, Seed::new(number), &device)?);
            bar.inc(1);
        }
        for method in runs[0].keys() {
            let values: Vec<f64> = runs.iter().map(|run| run[method]).collect();
            let id = format!("{name}.{}", method.replace(", ", ".").replace(' ', "-"));
            outcome.rows.push(Row::over_seeds(id, "accuracy", &values));
        }
        found.push(runs);
    }
    let mean = |runs: &[Accuracies], method: &str| -> Result<f64> {
        let values: Vec<f64> = runs.iter().map(|run| run[method]).collect();
        Ok(mean_std(&values)?.mean)
    };
    let (plain, moved, smaller) = (&found[0], &found[1], &found[2]);
    let gap = (mean(plain, "oracle")? - mean(plain, "supervised")?).abs();
    let check = Check::new("oracle_close_to_supervised", gap, Op::Le, 0.02);
    outcome.claim(plain.len(), "difference in accuracy", check);
    let gain = mean(moved, "muka-hard")? - mean(moved, "vka")?;
    let name = "muki_beats_vanilla_under_logit_offset";
    let check = Check::new(name, gain, Op::Ge, 0.05);
    outcome.claim(moved.len(), "gain in accuracy", check);
    for method in ["muka-soft", "muka-hard"] {
        let id = format!("{name}.smaller_teacher.{method}");
        let gain = mean(smaller, method)? - mean(smaller, "vka")?;
        outcome.rows.push(Row::new(id, "gain in accuracy", gain));
    }
    for method in ["muka-soft", "muka-hard"] {
        let all_one = format!("{method}, all margins 1");
        let id = format!("margins_never_hurt.{method}");
        let gain = mean(plain, method)? - mean(plain, &all_one)?;
        let check = Check::new(id, gain, Op::Ge, -0.01);
        outcome.claim(plain.len(), "gain in accuracy", check);
    }
    outcome.notes.push(
        "`gaussian`: eight Gaussian classes in 16 dimensions, two teachers of four classes each, small \
         networks. `gaussian.offset`: 6 is added to all class scores of the second teacher, which changes none \
         of its predictions. `gaussian.smaller_and_offset`: 3 is added, and the second teacher has a quarter \
         of the hidden units. `muki_beats_vanilla_under_logit_offset` is of `gaussian.offset` and hard weights, \
         `.smaller_teacher` is of `gaussian.smaller_and_offset`. `margins_never_hurt` is of `gaussian`, where \
         nothing is added."
            .to_owned(),
    );
    Ok(())
}
