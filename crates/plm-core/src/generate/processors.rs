//! Changes of scores before a token is chosen, in the order of transformers.

use super::GenerationConfig;

/// The changes that settings ask for.
pub(super) struct Processors<'a> {
    pub(super) settings: &'a GenerationConfig,
    pub(super) prompt_length: usize,
    pub(super) max_length: usize,
}

impl Processors<'_> {
    /// Changes `scores` of what follows `ids`, the first `padding` of which are no tokens.
    pub(super) fn apply(&self, ids: &[i64], padding: usize, scores: &mut [f32]) {
        let settings = self.settings;
        if settings.repetition_penalty != 1.0 {
            penalize(&ids[padding..], settings.repetition_penalty as f32, scores);
        }
        if settings.no_repeat_ngram_size > 0 {
            ban_ngrams(ids, settings.no_repeat_ngram_size, scores);
        }
        if settings.is_too_short(ids.len(), self.prompt_length) {
            for &eos in &settings.eos_token_id {
                ban(scores, eos);
            }
        }
        if let (Some(bos), 1) = (settings.forced_bos_token_id, ids.len()) {
            force(scores, &[bos]);
        }
        if !settings.forced_eos_token_id.is_empty() && ids.len() + 1 == self.max_length {
            force(scores, &settings.forced_eos_token_id);
        }
    }

    /// Temperature, then top-k, then top-p, for sampling.
    pub(super) fn warp(&self, scores: &mut [f32]) {
        let settings = self.settings;
        if settings.temperature != 1.0 {
            let temperature = settings.temperature as f32;
            for score in scores.iter_mut() {
                *score /= temperature;
            }
        }
        if settings.top_k > 0 && settings.top_k < scores.len() {
            keep_top_k(scores, settings.top_k);
        }
        if settings.top_p < 1.0 {
            keep_top_p(scores, settings.top_p as f32);
        }
    }
}

fn ban(scores: &mut [f32], id: i64) {
    if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
        *score = f32::NEG_INFINITY;
    }
}

fn force(scores: &mut [f32], ids: &[i64]) {
    scores.fill(f32::NEG_INFINITY);
    for &id in ids {
        if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
            *score = 0.0;
        }
    }
}

/// Makes tokens that occur less likely (Keskar et al. 2019, section 4.1).
fn penalize(ids: &[i64], penalty: f32, scores: &mut [f32]) {
    let mut seen: Vec<i64> = ids.to_vec();
    seen.sort_unstable();
    seen.dedup();
    for id in seen {
        if let Some(score) = usize::try_from(id).ok().and_then(|id| scores.get_mut(id)) {
            *score = if *score < 0.0 {
                *score * penalty
            } else {
                *score / penalty
            };
        }
    }
}

/// Bans tokens that would repeat a run of `size` tokens.
fn ban_ngrams(ids: &[i64], size: usize, scores: &mut [f32]) {
    if ids.len() < size {
        return;
    }
    let prefix = &ids[ids.len() + 1 - size..];
    for window in ids.windows(size) {
        if let Some((&last, before)) = window.split_last()
            && before == prefix
        {
            ban(scores, last);
        }
    }
}

/// Bans all that score less than the `count`-th best.
fn keep_top_k(scores: &mut [f32], count: usize) {
    let mut sorted = scores.to_vec();
    let (_, &mut limit, _) = sorted.select_nth_unstable_by(count - 1, |a, b| b.total_cmp(a));
    for score in scores.iter_mut().filter(|score| **score < limit) {
        *score = f32::NEG_INFINITY;
    }
}

/// Nucleus sampling (Holtzman et al. 2020): bans the least likely tokens that together have a
/// probability of at most `1 - share`; the best is always kept.
fn keep_top_p(scores: &mut [f32], share: f32) {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let probabilities = softmax(scores);
    let mut sum = 0.0_f64;
    let best = order.pop();
    for id in order {
        sum += probabilities[id];
        if sum > f64::from(1.0 - share) {
            break;
        }
        scores[id] = f32::NEG_INFINITY;
    }
    debug_assert!(best.is_some());
}

/// Probabilities of scores.
pub(super) fn softmax(scores: &[f32]) -> Vec<f64> {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut values: Vec<f64> = scores
        .iter()
        .map(|&score| f64::from(score - max).exp())
        .collect();
    let total: f64 = values.iter().sum();
    for value in &mut values {
        *value /= total;
    }
    values
}

/// Log-probabilities of scores, in place.
pub(super) fn log_softmax(scores: &mut [f32]) {
    let max = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let total: f64 = scores
        .iter()
        .map(|&score| f64::from(score - max).exp())
        .sum();
    let log_total = total.ln() as f32;
    for score in scores.iter_mut() {
        *score = *score - max - log_total;
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::{Map, Value};

    use super::*;

    const OUT: f32 = f32::NEG_INFINITY;

    #[test]
    fn repeated_pairs_are_banned() {
        let mut scores = [0.0; 5];
        ban_ngrams(&[1, 2, 3, 1], 2, &mut scores);
        assert_eq!(scores, [0.0, 0.0, OUT, 0.0, 0.0]);
        let mut scores = [0.0; 3];
        ban_ngrams(&[1], 1, &mut scores);
        assert_eq!(scores, [0.0, OUT, 0.0]);
        let mut scores = [0.0; 3];
        ban_ngrams(&[1], 2, &mut scores);
        assert_eq!(scores, [0.0; 3]);
    }

    #[test]
    fn seen_tokens_are_penalized_once() {
        let mut scores = [2.0, -2.0, 1.0];
        penalize(&[0, 1, 1, 0, 9], 2.0, &mut scores);
        assert_eq!(scores, [1.0, -4.0, 1.0]);
    }

    #[test]
    fn top_k_keeps_ties() {
        let mut scores = [1.0, 3.0, 2.0, 2.0];
        keep_top_k(&mut scores, 2);
        assert_eq!(scores, [OUT, 3.0, 2.0, 2.0]);
    }

    #[test]
    fn top_p_keeps_the_smallest_set_that_reaches_the_share() {
        // Probabilities 0.5, 0.3, 0.15, 0.05.
        let scores = [0.5_f32, 0.3, 0.15, 0.05].map(f32::ln);
        let kept = |share| {
            let mut scores = scores;
            keep_top_p(&mut scores, share);
            scores.iter().filter(|score| score.is_finite()).count()
        };
        assert_eq!([kept(0.4), kept(0.7), kept(0.9), kept(0.96)], [1, 2, 3, 4]);
        assert_eq!(kept(1e-9), 1);
    }

    /// One case of `tests/fixtures/generate/make_filters.py`.
    #[derive(Deserialize)]
    struct Golden {
        name: String,
        settings: Map<String, Value>,
        ids: Vec<i64>,
        padding: usize,
        prompt_length: usize,
        scores: Vec<f32>,
        /// Without sampling; nothing where a token is banned.
        processed: Vec<Option<f32>>,
        /// With sampling.
        warped: Vec<Option<f32>>,
    }

    #[track_caller]
    fn check(found: &[f32], expected: &[Option<f32>], name: &str) {
        assert_eq!(found.len(), expected.len(), "{name}");
        for (id, (&found, &expected)) in found.iter().zip(expected).enumerate() {
            let expected = expected.unwrap_or(OUT);
            let equal = found == expected || (found - expected).abs() <= 1e-6 * expected.abs();
            assert!(equal, "{name}: token {id} has {found}, expected {expected}");
        }
    }

    #[test]
    fn filters_are_those_of_transformers() {
        let text = include_str!("../../tests/fixtures/generate/filters.json");
        let file: Value = serde_json::from_str(text).unwrap();
        let cases: Vec<Golden> = serde_json::from_value(file["cases"].clone()).unwrap();
        assert_eq!(cases.len(), 26);
        for case in cases {
            let mut fields = case.settings;
            fields.entry("top_k").or_insert(Value::from(0));
            fields.insert("do_sample".to_owned(), Value::from(true));
            let settings = GenerationConfig::from_fields(case.name.as_str(), fields).unwrap();
            let processors = Processors {
                settings: &settings,
                prompt_length: case.prompt_length,
                max_length: settings.max_length.unwrap_or(20),
            };
            let mut scores = case.scores;
            processors.apply(&case.ids, case.padding, &mut scores);
            check(&scores, &case.processed, &case.name);
            processors.warp(&mut scores);
            check(&scores, &case.warped, &case.name);
        }
    }

    #[test]
    fn log_softmax_sums_to_one_and_keeps_banned_tokens_out() {
        let mut scores = [1000.0, 1001.0, OUT];
        log_softmax(&mut scores);
        let sum: f32 = scores.iter().map(|score| score.exp()).sum();
        assert!((sum - 1.0).abs() < 1e-6, "{sum}");
        assert_eq!(scores[2], OUT);
    }
}
