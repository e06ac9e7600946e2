//! How much each word raises the perplexity of its text.

use plm_core::check::{NotFiniteError, same_size};
use serde::Serialize;

use super::OnionSettings;
use crate::{Error, Perplexity, Result, words};

/// The suspicion of each examined word of one text.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Suspicion {
    scores: Vec<f64>,
    words: usize,
}

/// The suspicions of some texts, and what was left out.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Examination {
    /// The suspicion of each text.
    pub suspicions: Vec<Suspicion>,
    /// Texts of one word: it is not examined, and stays.
    pub single_words: usize,
    /// Texts with more words than are examined.
    pub truncated_texts: usize,
    /// Their words past the limit, which were not examined, and stay.
    pub unexamined_words: usize,
    /// Examined words without a suspicion, because a perplexity is undefined; they stay.
    pub undefined: usize,
}

impl Suspicion {
    /// `f_i` of each examined word: how much the perplexity falls without it. NaN where a
    /// perplexity is undefined. Empty for a text of one word.
    pub fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Words of the text, with those that were not examined.
    pub fn words(&self) -> usize {
        self.words
    }

    #[cfg(test)]
    pub(super) fn of(scores: &[f64], words: usize) -> Self {
        Self {
            scores: scores.to_vec(),
            words,
        }
    }
}

/// The suspicions of the words of `texts`.
///
/// A text of one word costs no pass of the model, one of `n` examined words `n + 1`.
///
/// # Errors
/// [`Error::Setting`] for settings out of range, [`Error::Size`] for another number of perplexities
/// than texts, [`Error::NotFinite`] for an infinite perplexity, and those of the model.
pub fn suspicions<P: Perplexity + ?Sized>(
    model: &mut P,
    texts: &[&str],
    settings: OnionSettings,
) -> Result<Examination> {
    settings.check()?;
    let split: Vec<Vec<&str>> = texts.iter().map(|text| words::split(text)).collect();
    let examined = |words: &[&str]| match words.len().min(settings.max_words) {
        0 | 1 => 0,
        count => count,
    };
    let mut queue = Queue {
        model,
        texts: Vec::new(),
        values: Vec::new(),
        chunk: settings.chunk,
    };
    for words in &split {
        let words = &words[..examined(words)];
        if !words.is_empty() {
            queue.push(words.join(" "))?;
        }
        for place in 0..words.len() {
            queue.push(words::without(words, place))?;
        }
    }
    let mut values = queue.finish()?.into_iter();
    let suspicions: Vec<Suspicion> = split
        .iter()
        .map(|words| {
            let count = examined(words);
            let whole = if count > 0 { values.next() } else { None };
            let without = values.by_ref().take(count);
            let scores = without.map(|each| whole.unwrap_or(f64::NAN) - each);
            Suspicion {
                scores: scores.collect(),
                words: words.len(),
            }
        })
        .collect();
    Ok(Examination::new(suspicions))
}

impl Examination {
    fn new(suspicions: Vec<Suspicion>) -> Self {
        let past = |each: &Suspicion| match each.words {
            0 | 1 => 0,
            words => words - each.scores.len(),
        };
        let scores = suspicions.iter().flat_map(|each| &each.scores);
        Self {
            single_words: suspicions.iter().filter(|each| each.words < 2).count(),
            truncated_texts: suspicions.iter().filter(|each| past(each) > 0).count(),
            unexamined_words: suspicions.iter().map(past).sum(),
            undefined: scores.filter(|score| score.is_nan()).count(),
            suspicions,
        }
    }
}

/// Texts on their way to the model.
struct Queue<'a, P: ?Sized> {
    model: &'a mut P,
    texts: Vec<String>,
    values: Vec<f64>,
    chunk: usize,
}

impl<P: Perplexity + ?Sized> Queue<'_, P> {
    fn push(&mut self, text: String) -> Result<()> {
        self.texts.push(text);
        if self.texts.len() == self.chunk {
            self.flush()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<()> {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        let values = self.model.perplexities(&texts)?;
        same_size("perplexities", values.len(), texts.len())?;
        if let Some(index) = values.iter().position(|value| value.is_infinite()) {
            let error = NotFiniteError::new("perplexities of a chunk", index, values[index]);
            return Err(Error::NotFinite(error));
        }
        self.values.extend(values);
        self.texts.clear();
        Ok(())
    }

    /// The perplexities of all texts, in order.
    fn finish(mut self) -> Result<Vec<f64>> {
        if !self.texts.is_empty() {
            self.flush()?;
        }
        Ok(self.values)
    }
}

#[cfg(test)]
mod tests {
    use approx::assert_relative_eq;

    use super::super::toy;
    use super::*;
    use crate::testing::Table;

    fn settings(max_words: usize, chunk: usize) -> OnionSettings {
        OnionSettings { max_words, chunk }
    }

    #[test]
    fn the_unknown_word_is_the_most_suspicious() {
        // Known pairs have probability 1/2, others 1/100. Perplexities: of the whole, with pairs
        // 1/2 1/100 1/100 1/2, exp of the mean of ln 2, ln 100, ln 100, ln 2; without `cf`, 2.
        let examination = suspicions(
            &mut toy::bigrams(),
            &["the movie cf was good"],
            settings(512, 4),
        )
        .unwrap();
        let scores = examination.suspicions[0].scores();
        let whole = 200.0_f64.sqrt();
        assert_relative_eq!(scores[2], whole - 2.0, epsilon = 1e-9);
        // Without `the`: pairs 1/100 1/100 1/2.
        assert_relative_eq!(scores[0], whole - 20_000.0_f64.cbrt(), epsilon = 1e-9);
        let others = [0, 1, 3, 4];
        assert!(
            others.iter().all(|&place| scores[place] < scores[2]),
            "{scores:?}"
        );
    }

    #[test]
    fn passes_are_counted_and_chunks_bounded() {
        let mut model = toy::bigrams();
        let texts = ["the movie", "good", "was good the movie was"];
        let examination = suspicions(&mut model, &texts, settings(512, 4)).unwrap();
        assert_eq!(model.forwards, (2 + 1) + (5 + 1));
        assert_eq!(model.calls, [4, 4, 1]);
        assert_eq!(examination.single_words, 1);
        assert!(examination.suspicions[1].scores().is_empty());
        // Deleting one of two words leaves one, which has no pair and so no perplexity.
        assert_eq!(examination.undefined, 2);
    }

    #[test]
    fn chunks_do_not_matter() {
        let texts = ["the movie cf was good", "x", "the cf movie"];
        let all = |chunk| suspicions(&mut toy::bigrams(), &texts, settings(512, chunk)).unwrap();
        let scores = |chunk: usize| -> Vec<Vec<f64>> {
            let suspicions = all(chunk).suspicions;
            suspicions.iter().map(|each| each.scores.clone()).collect()
        };
        assert_eq!(scores(1), scores(1000));
        assert_eq!(scores(3), scores(1000));
    }

    #[test]
    fn words_past_the_limit_are_reported() {
        let mut model = Table::new(|text| text.len() as f64);
        let examination =
            suspicions(&mut model, &["a bb c dddd e", "a b c"], settings(3, 9)).unwrap();
        // Perplexity is the length here: the word and one space.
        assert_eq!(examination.suspicions[0].scores(), [2.0, 3.0, 2.0]);
        assert_eq!(examination.suspicions[0].words(), 5);
        assert_eq!(examination.truncated_texts, 1);
        assert_eq!(examination.unexamined_words, 2);
        assert_eq!(model.forwards, 4 + 4);
    }

    #[test]
    fn faulty_models_and_settings_are_refused() {
        let mut infinite = Table::new(|_| f64::INFINITY);
        let error = suspicions(&mut infinite, &["a b"], settings(9, 9)).unwrap_err();
        assert!(error.to_string().contains("is inf"), "{error}");
        for settings in [settings(1, 9), settings(9, 0)] {
            assert!(suspicions(&mut toy::bigrams(), &["a b"], settings).is_err());
        }
    }
}
