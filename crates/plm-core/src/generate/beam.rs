//! Beam search with the results of transformers' `generate`.
//!
//! Scores of beams that do not count get [`OUT`] added, as there, so that ties and borderline cases
//! fall alike.

use super::processors::log_softmax;
use super::runner::Run;
use super::settings::EarlyStopping;
use super::{Generation, GenerationConfig, GenerativeModel, Hypothesis};
use crate::Result;

/// Added to a score to take it out of the running.
const OUT: f32 = -1.0e9;

/// A sequence still being written.
#[derive(Clone)]
struct Beam {
    ids: Vec<i64>,
    score: f32,
}

/// A sequence that came to its end, or a place for one.
#[derive(Clone)]
struct Finished {
    ids: Vec<i64>,
    score: f32,
    done: bool,
}

/// One way to go on.
struct Candidate {
    beam: usize,
    token: i64,
    score: f32,
    /// Whether it ends here.
    hit: bool,
}

/// The beams of one example, best first.
struct Example {
    running: Vec<Beam>,
    finished: Vec<Finished>,
    /// Whether a running beam may still beat a finished one.
    improvable: bool,
}

/// What all examples share.
struct Rules<'a> {
    settings: &'a GenerationConfig,
    prompt_length: usize,
    max_length: usize,
}

impl Rules<'_> {
    /// `score` of a sequence of `length` new tokens as hypotheses are compared.
    fn normalized(&self, score: f32, length: usize) -> f32 {
        score / (length as f64).powf(self.settings.length_penalty) as f32
    }
}

/// The `count` largest scores' places, largest first, the earlier of equals first.
fn top(scores: &[f32], count: usize) -> Vec<usize> {
    let order = |&a: &usize, &b: &usize| scores[b].total_cmp(&scores[a]).then(a.cmp(&b));
    let mut places: Vec<usize> = (0..scores.len()).collect();
    if count < places.len() {
        places.select_nth_unstable_by(count, order);
        places.truncate(count);
    }
    places.sort_unstable_by(order);
    places
}

/// Runs the search.
pub(super) fn search<M: GenerativeModel>(mut run: Run<'_, M>) -> Result<Generation> {
    let settings = run.settings;
    let beams = settings.num_beams;
    let processors = run.processors();
    let rules = Rules {
        settings,
        prompt_length: run.prompt_length,
        max_length: run.max_length,
    };
    let mut examples: Vec<Example> = run
        .prompts
        .iter()
        .map(|prompt| Example::new(prompt, beams))
        .collect();
    let mut first = true;
    loop {
        let mut scores = if first {
            // The beams of an example are all alike: one row stands for them.
            run.scores(
                examples
                    .iter()
                    .map(|example| example.running[0].ids.as_slice()),
            )?
        } else {
            let rows: Vec<&[i64]> = examples
                .iter()
                .flat_map(|example| example.running.iter().map(|beam| beam.ids.as_slice()))
                .collect();
            run.scores(rows.into_iter())?
        };
        let rows_per_example = if first { 1 } else { beams };
        for (row, scores) in scores.iter_mut().enumerate() {
            let (example, beam) = (row / rows_per_example, row % rows_per_example);
            log_softmax(scores);
            let ids = &examples[example].running[beam].ids;
            processors.apply(ids, run.padding[example], scores);
        }
        let mut sources = Vec::with_capacity(examples.len() * beams);
        let mut all_hit = true;
        for (index, example) in examples.iter_mut().enumerate() {
            let rows = &scores[index * rows_per_example..(index + 1) * rows_per_example];
            let (from, hit) = example.advance(rows, &rules);
            all_hit &= hit;
            sources.extend(from.into_iter().map(|beam| match first {
                true => index,
                false => index * beams + beam,
            }));
        }
        let improvable = examples.iter().any(|example| example.improvable);
        let full = examples
            .iter()
            .all(|example| example.finished.iter().all(|slot| slot.done));
        let early = settings.early_stopping == EarlyStopping::Always;
        if !improvable || (full && early) || all_hit {
            break;
        }
        if first {
            run.select(&sources);
            first = false;
        } else {
            run.reorder(&sources);
        }
    }
    let hypotheses = examples
        .into_iter()
        .map(|example| example.best(&rules))
        .collect();
    Ok(Generation {
        prompts: run.prompts,
        hypotheses,
        fill: settings.fill(),
    })
}

impl Example {
    fn new(prompt: &[i64], beams: usize) -> Self {
        let beam = |index| Beam {
            ids: prompt.to_vec(),
            // Only the first counts at first: the others would repeat it.
            score: if index == 0 { 0.0 } else { OUT },
        };
        let slot = Finished {
            ids: prompt.to_vec(),
            score: OUT,
            done: false,
        };
        Self {
            running: (0..beams).map(beam).collect(),
            finished: vec![slot; beams],
            improvable: true,
        }
    }

    /// Takes one step with the log-probabilities of each beam (or one row for all). Returns the beam
    /// that each new one continues, and whether every candidate ends here.
    fn advance(&mut self, rows: &[Vec<f32>], rules: &Rules<'_>) -> (Vec<usize>, bool) {
        let beams = self.running.len();
        let candidates = self.candidates(rows, rules);
        let length = self.running[0].ids.len() + 1;
        self.collect(&candidates, length - rules.prompt_length, rules);

        let open: Vec<f32> = candidates
            .iter()
            .map(|candidate| candidate.score + if candidate.hit { OUT } else { 0.0 })
            .collect();
        let chosen = top(&open, beams);
        let running = chosen
            .iter()
            .map(|&place| Beam {
                ids: self.continued(&candidates[place]),
                score: open[place],
            })
            .collect();
        self.running = running;
        self.improvable &= self.may_improve(length - rules.prompt_length, rules);
        let sources = chosen.iter().map(|&place| candidates[place].beam).collect();
        (sources, candidates.iter().all(|candidate| candidate.hit))
    }

    fn continued(&self, candidate: &Candidate) -> Vec<i64> {
        let mut ids = self.running[candidate.beam].ids.clone();
        ids.push(candidate.token);
        ids
    }

    /// The best continuations of all beams: enough that as many as there are beams do not end.
    fn candidates(&self, rows: &[Vec<f32>], rules: &Rules<'_>) -> Vec<Candidate> {
        let beams = self.running.len();
        let words = rows[0].len();
        let ends = &rules.settings.eos_token_id;
        let mut scores = Vec::with_capacity(beams * words);
        for (index, beam) in self.running.iter().enumerate() {
            let row = rows.get(index).unwrap_or(&rows[0]);
            scores.extend(row.iter().map(|score| score + beam.score));
        }
        let at_limit = self.running[0].ids.len() + 1 >= rules.max_length;
        let count = (1 + ends.len()).max(2) * beams;
        top(&scores, count)
            .into_iter()
            .map(|place| {
                let token = (place % words) as i64;
                Candidate {
                    beam: place / words,
                    token,
                    score: scores[place],
                    hit: at_limit || ends.contains(&token),
                }
            })
            .collect()
    }

    /// Lets the candidates that end, if they are among the best, contend for a finished place.
    fn collect(&mut self, candidates: &[Candidate], length: usize, rules: &Rules<'_>) {
        let beams = self.running.len();
        let early = rules.settings.early_stopping == EarlyStopping::Always;
        let closed = early && self.finished.iter().all(|slot| slot.done);
        let mut merged = self.finished.clone();
        for (rank, candidate) in candidates.iter().enumerate() {
            let done = candidate.hit && rank < beams;
            let mut score = rules.normalized(candidate.score, length);
            for out in [closed, !self.improvable, !done] {
                score += if out { OUT } else { 0.0 };
            }
            merged.push(Finished {
                ids: self.continued(candidate),
                score,
                done,
            });
        }
        let scores: Vec<f32> = merged.iter().map(|slot| slot.score).collect();
        self.finished = top(&scores, beams)
            .into_iter()
            .map(|place| merged[place].clone())
            .collect();
    }

    /// Whether the best running beam could, by the rule that `early_stopping` sets, beat a finished
    /// one.
    fn may_improve(&self, length: usize, rules: &Rules<'_>) -> bool {
        let settings = rules.settings;
        let never = settings.early_stopping == EarlyStopping::Never;
        let length = if never && settings.length_penalty > 0.0 {
            rules.max_length - rules.prompt_length
        } else {
            length
        };
        let best = rules.normalized(self.running[0].score, length);
        let scores = self.finished.iter().map(|slot| slot.score);
        let worst = scores.fold(f32::INFINITY, f32::min);
        self.finished
            .iter()
            .any(|slot| best > if slot.done { worst } else { OUT })
    }

    fn best(self, rules: &Rules<'_>) -> Vec<Hypothesis> {
        let ends = &rules.settings.eos_token_id;
        self.finished
            .into_iter()
            .take(rules.settings.num_return_sequences)
            .map(|mut slot| {
                let ids = slot.ids.split_off(rules.prompt_length);
                Hypothesis {
                    finished: ids.last().is_some_and(|last| ends.contains(last)),
                    ids,
                    score: slot.score,
                }
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn top_prefers_the_earlier_of_equals() {
        assert_eq!(top(&[1.0, 3.0, 2.0, 3.0, 0.0], 3), [1, 3, 2]);
        assert_eq!(top(&[1.0, 2.0], 5), [1, 0]);
    }
}
