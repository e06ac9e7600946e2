//! Greedy and beam search with the length penalty of GNMT.

use burn::tensor::activation::log_softmax;
use burn::tensor::{Device, Int, Tensor, TensorData};
use plm_core::check::not_negative;
use plm_core::generate::{GenerationConfig, GenerativeModel};
use plm_core::models::EncoderInput;
use serde::{Deserialize, Serialize};

use super::batch::{check_ids, source_input};
use super::{SpecialIds, Translator};
use crate::Result;

/// Beam search. Translations are compared by log-probability divided by
/// ((5 + length) / 6)^`length_penalty` (Wu et al. 2016, equation 14; "wu" in OpenNMT), where the length
/// counts the end.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BeamSearch {
    /// Translations kept at each step; 1 is greedy search.
    pub beams: usize,
    /// The power of the length penalty: 1 for IWSLT'14 in the paper, 0.6 for WMT'14; 0 for none.
    pub length_penalty: f64,
    /// The longest translation, its end included.
    pub max_length: usize,
}

/// A translation without its end.
#[derive(Debug, Clone, PartialEq)]
pub struct Translation {
    /// Its tokens.
    pub ids: Vec<i64>,
    /// Its log-probability divided by the length penalty.
    pub score: f64,
    /// Whether it came to its end within the limit.
    pub finished: bool,
}

/// A translation that is still written, from the start token on.
#[derive(Debug, Clone)]
struct Beam {
    ids: Vec<i64>,
    log_probability: f64,
}

/// The translations of one source.
#[derive(Debug)]
struct Hypotheses {
    open: Vec<Beam>,
    ended: Vec<Translation>,
}

impl BeamSearch {
    /// The most probable token at every step.
    pub fn greedy(max_length: usize) -> Self {
        Self {
            beams: 1,
            length_penalty: 0.0,
            max_length,
        }
    }

    /// The best translation of each of `sources`, `batch_size` at a time. `model` must be on a plain
    /// device.
    ///
    /// # Errors
    /// [`Error::Core`](crate::Error::Core) where a setting is out of range, a source is too long or holds an
    /// id that the model lacks, or a score is NaN.
    pub fn translate<M: Translator>(
        &self,
        model: &M,
        sources: &[Vec<i64>],
        batch_size: usize,
        device: &Device,
    ) -> Result<Vec<Translation>> {
        for (at, source) in sources.iter().enumerate() {
            let origin = format!("sequence {at}");
            check_ids(&origin, "source", source, model.source_symbols())?;
        }
        let mut translations = Vec::with_capacity(sources.len());
        let special = model.special();
        for part in sources.chunks(batch_size.max(1)) {
            let rows: Vec<&[i64]> = part.iter().map(Vec::as_slice).collect();
            let input = source_input(&rows, special, device)?;
            translations.extend(self.search(model, &input, special)?);
        }
        Ok(translations)
    }

    /// The best translation of each row of `input`.
    ///
    /// A row ends when it has as many ended translations as beams, or when no open one can still beat
    /// the best of them. Where none ends within the limit, the best open one is taken.
    ///
    /// # Errors
    /// As [`BeamSearch::translate`], where the model refuses `input`, and where it begins with anything but
    /// one token.
    pub fn search<M: GenerativeModel>(
        &self,
        model: &M,
        input: &EncoderInput,
        special: SpecialIds,
    ) -> Result<Vec<Translation>> {
        let limit = self.limit(model.max_positions())?;
        let settings = GenerationConfig {
            decoder_start_token_id: Some(special.start),
            ..GenerationConfig::default()
        };
        let beginning = model.begin(input, &settings)?;
        if let Some(prompt) = beginning.prompt.iter().find(|prompt| prompt.len() != 1) {
            let reason = format!("has {} tokens, the search begins with 1", prompt.len());
            return Err(plm_core::Error::invalid("prompt", reason).into());
        }
        let mut cache = beginning.cache;
        let mut all: Vec<Hypotheses> = beginning.prompt.into_iter().map(Hypotheses::new).collect();
        let mut active: Vec<usize> = (0..all.len()).collect();
        for length in 1..=limit {
            let last = |beam: &Beam| beam.ids[beam.ids.len() - 1];
            let ids: Vec<i64> = active
                .iter()
                .flat_map(|&index| all[index].open.iter().map(last))
                .collect();
            let rows = ids.len();
            let ids = Tensor::<2, Int>::from_data(TensorData::new(ids, [rows, 1]), &model.device());
            let scores = log_probabilities(model.step(ids, &mut cache))?;
            let mut rows = scores.chunks(model.vocab_size());
            let (mut first, mut sources) = (0, Vec::new());
            active.retain(|&index| {
                let hypotheses = &mut all[index];
                let count = hypotheses.open.len();
                let scores: Vec<&[f32]> = rows.by_ref().take(count).collect();
                let from = self.advance(hypotheses, &scores, length, special);
                let goes_on = length < limit && !self.is_done(hypotheses, limit);
                if goes_on {
                    sources.extend(from.into_iter().map(|beam| first + beam));
                }
                first += count;
                goes_on
            });
            if active.is_empty() {
                break;
            }
            cache.select(&sources);
        }
        Ok(all.into_iter().map(|one| self.best(one)).collect())
    }

    fn limit(&self, positions: Option<usize>) -> Result<usize> {
        if self.beams == 0 || self.max_length == 0 {
            let (beams, length) = (self.beams, self.max_length);
            let reason = format!("is {beams} with `max_length` {length}, both must be at least 1");
            return Err(plm_core::Error::config("BeamSearch", "beams", reason).into());
        }
        not_negative("BeamSearch", "length_penalty", self.length_penalty)?;
        Ok(self.max_length.min(positions.unwrap_or(usize::MAX)))
    }

    fn normalized(&self, log_probability: f64, length: usize) -> f64 {
        log_probability / ((5.0 + length as f64) / 6.0).powf(self.length_penalty)
    }

    /// Puts the best continuations in place of the open beams, and returns which beam each continues.
    fn advance(
        &self,
        hypotheses: &mut Hypotheses,
        scores: &[&[f32]],
        length: usize,
        special: SpecialIds,
    ) -> Vec<usize> {
        let mut candidates: Vec<(usize, i64, f64)> = Vec::new();
        for (beam, scores) in scores.iter().enumerate() {
            let before = hypotheses.open[beam].log_probability;
            candidates.extend(scores.iter().enumerate().filter_map(|(token, score)| {
                let token = token as i64;
                let allowed = token != special.pad && token != special.start;
                allowed.then(|| (beam, token, before + f64::from(*score)))
            }));
        }
        let order = |a: &(usize, i64, f64), b: &(usize, i64, f64)| {
            b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1)))
        };
        // Each beam can end once, so twice as many candidates as beams leave enough open ones.
        let count = 2 * self.beams;
        if count < candidates.len() {
            candidates.select_nth_unstable_by(count, order);
            candidates.truncate(count);
        }
        candidates.sort_unstable_by(order);
        let (mut open, mut from) = (Vec::new(), Vec::new());
        for (rank, (beam, token, log_probability)) in candidates.into_iter().enumerate() {
            let before = &hypotheses.open[beam].ids;
            if token == special.end {
                // Ends that are not among the best would crowd out better ones.
                if rank < self.beams {
                    hypotheses.ended.push(Translation {
                        ids: before[1..].to_vec(),
                        score: self.normalized(log_probability, length),
                        finished: true,
                    });
                }
            } else if open.len() < self.beams {
                let mut ids = before.clone();
                ids.push(token);
                open.push(Beam {
                    ids,
                    log_probability,
                });
                from.push(beam);
            }
        }
        hypotheses.open = open;
        from
    }

    /// Whether no open beam is wanted any more. Log-probabilities only fall, so the best that an open
    /// beam can become is what it is now, divided by the penalty of the greatest length.
    fn is_done(&self, hypotheses: &Hypotheses, limit: usize) -> bool {
        let best = hypotheses.ended.iter().map(|ended| ended.score);
        let best = best.fold(f64::NEG_INFINITY, f64::max);
        let reachable = hypotheses
            .open
            .first()
            .map(|beam| self.normalized(beam.log_probability, limit));
        hypotheses.ended.len() >= self.beams || reachable.is_none_or(|reachable| best >= reachable)
    }

    fn best(&self, hypotheses: Hypotheses) -> Translation {
        let open = hypotheses.open.into_iter().map(|beam| Translation {
            score: self.normalized(beam.log_probability, beam.ids.len() - 1),
            ids: beam.ids[1..].to_vec(),
            finished: false,
        });
        let ended = hypotheses.ended.into_iter();
        let none = Translation {
            ids: Vec::new(),
            score: f64::NEG_INFINITY,
            finished: false,
        };
        ended.chain(open).fold(none, |best, other| {
            let key = |one: &Translation| (one.finished, one.score);
            if key(&other) > key(&best) {
                other
            } else {
                best
            }
        })
    }
}

impl Hypotheses {
    fn new(prompt: Vec<i64>) -> Self {
        Self {
            open: vec![Beam {
                ids: prompt,
                log_probability: 0.0,
            }],
            ended: Vec::new(),
        }
    }
}

/// Log-probabilities on the host, row after row.
fn log_probabilities(scores: Tensor<2>) -> plm_core::Result<Vec<f32>> {
    let width = scores.dims()[1];
    let values: Vec<f32> = log_softmax(scores, 1).into_data().iter().collect();
    match values.iter().position(|value| value.is_nan()) {
        None => Ok(values),
        Some(at) => {
            let reason = format!("of token {} in row {} is NaN", at % width, at / width);
            Err(plm_core::Error::invalid("score", reason))
        }
    }
}
