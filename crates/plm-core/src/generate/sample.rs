//! One token at a time: the best, or one drawn by its probability.

use rand::RngExt;

use super::processors::{log_softmax, softmax};
use super::runner::Run;
use super::{Generation, GenerativeModel, Hypothesis};
use crate::Result;
use crate::rng::{Seed, StreamRng};

struct Row {
    example: usize,
    ids: Vec<i64>,
    score: f64,
    finished: bool,
    length: usize,
    draws: Option<StreamRng>,
}

/// Greedy search, or sampling of `num_return_sequences` sequences per example.
pub(super) fn choose<M: GenerativeModel>(
    mut run: Run<'_, M>,
    names: Option<&[u64]>,
    seed: Seed,
) -> Result<Generation> {
    let settings = run.settings;
    let per_example = settings.num_return_sequences;
    let processors = run.processors();
    let (prompt_length, max_length) = (run.prompt_length, run.max_length);
    let fill = settings.fill();

    let mut scores = run.scores(run.prompts.clone().iter().map(Vec::as_slice))?;
    let mut rows = Vec::with_capacity(run.prompts.len() * per_example);
    for (example, prompt) in run.prompts.iter().enumerate() {
        let name = names
            .and_then(|names| names.get(example).copied())
            .unwrap_or(example as u64);
        for sequence in 0..per_example {
            let stream = || seed.child("sample").at(name).at(sequence as u64).rng();
            rows.push(Row {
                example,
                ids: prompt.clone(),
                score: 0.0,
                finished: false,
                length: max_length,
                draws: settings.do_sample.then(stream),
            });
        }
    }
    if per_example > 1 {
        let sources: Vec<usize> = rows.iter().map(|row| row.example).collect();
        run.select(&sources);
        scores = sources
            .iter()
            .map(|&source| scores[source].clone())
            .collect();
    }
    loop {
        for (row, mut scores) in rows.iter_mut().zip(scores) {
            if row.finished {
                row.ids.push(fill);
                continue;
            }
            let mut own = scores.clone();
            log_softmax(&mut own);
            processors.apply(&row.ids, run.padding[row.example], &mut scores);
            let token = match &mut row.draws {
                Some(draws) => {
                    processors.warp(&mut scores);
                    draw(&scores, draws.random::<f64>())
                }
                None => best(&scores),
            };
            row.score += f64::from(own[token]);
            row.ids.push(token as i64);
            if settings.eos_token_id.contains(&(token as i64)) {
                row.finished = true;
                row.length = row.ids.len();
            }
        }
        let length = rows.first().map_or(max_length, |row| row.ids.len());
        if length >= max_length || rows.iter().all(|row| row.finished) {
            break;
        }
        scores = run.scores(rows.iter().map(|row| row.ids.as_slice()))?;
    }
    let mut hypotheses = vec![Vec::with_capacity(per_example); run.prompts.len()];
    for mut row in rows {
        row.ids.truncate(row.length);
        hypotheses[row.example].push(Hypothesis {
            ids: row.ids.split_off(prompt_length),
            score: row.score as f32,
            finished: row.finished,
        });
    }
    Ok(Generation {
        prompts: run.prompts,
        hypotheses,
        fill,
    })
}

/// The first of the best tokens.
fn best(scores: &[f32]) -> usize {
    let mut best = 0;
    for (id, &score) in scores.iter().enumerate() {
        if score > scores[best] {
            best = id;
        }
    }
    best
}

/// The token at which the cumulated probability passes `at`, in `[0, 1)`.
fn draw(scores: &[f32], at: f64) -> usize {
    let probabilities = softmax(scores);
    let mut sum = 0.0;
    let mut last = 0;
    for (id, &probability) in probabilities.iter().enumerate() {
        if probability > 0.0 {
            sum += probability;
            last = id;
            if at < sum {
                break;
            }
        }
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_equals_is_best() {
        assert_eq!(best(&[1.0, 2.0, 2.0]), 1);
    }

    #[test]
    fn draws_follow_the_probabilities() {
        let scores = [0.25_f32.ln(), f32::NEG_INFINITY, 0.75_f32.ln()];
        assert_eq!(draw(&scores, 0.0), 0);
        assert_eq!(draw(&scores, 0.2499), 0);
        assert_eq!(draw(&scores, 0.2501), 2);
        // Rounding may leave the sum a little below 1.
        assert_eq!(draw(&scores, 1.0 - f64::EPSILON / 2.0), 2);
    }
}
