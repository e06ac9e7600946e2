//! Prompts on other tasks.

use plm_core::config::EncoderFamily;
use plm_core::train::Every;
use plm_prompt::model::Pass;
use plm_prompt::tune::{TuneSettings, Tuned, predict, tune};
use plm_prompt::{LearningCurve, SoftPrompt, TaskLabel, TaskSet, TransferMatrix};

use super::support::{SLOTS, devices, masked_lm, one_word_task, prompt, settings};

#[test]
fn the_diagonal_is_each_tasks_own_evaluation() {
    let (_, device) = devices().remove(0);
    let model = masked_lm(EncoderFamily::Bert, &device);
    let classes = [2, 3, 4];
    let sets: Vec<TaskSet> = (0..classes.len())
        .map(|number| one_word_task(&classes, number))
        .collect();
    let settings = TuneSettings {
        evaluate: Every::Steps(2),
        evaluate_initial: true,
        dropout: false,
        ..settings(6)
    };
    let tuned: Vec<Tuned<SoftPrompt>> = (0..)
        .zip(&sets)
        .map(|(number, set)| {
            let source = SoftPrompt::new(&prompt(SLOTS, number), &device);
            tune(&model, source, set, Some(set), &settings, None).unwrap()
        })
        .collect();
    // A prompt goes to another task as numbers on the host.
    let score = |target: &TaskSet, source: &Tuned<SoftPrompt>| {
        let source = SoftPrompt::new(&source.source.to_matrix(), &device);
        let found = predict(&model, &source, target, 5, &Pass::default()).unwrap();
        found.mean_accuracy(target)
    };
    let scores = sets.iter().map(|target| {
        let row = tuned.iter().map(|source| score(target, source));
        row.collect::<Vec<f64>>()
    });
    let label = |set: &TaskSet| TaskLabel::new(set.names()[0].clone(), "words");
    let labels = sets.iter().map(label).collect();
    let matrix = TransferMatrix::new(labels, scores.collect(), None).unwrap();
    for (task, tuned) in tuned.into_iter().enumerate() {
        let best = LearningCurve::new(tuned.curve).unwrap().best().score;
        assert_eq!(matrix.score(task, task), best, "task {task}");
    }
}
