use super::Trigger;
use crate::words::Unit;
use crate::{Result, Sample};

/// How often clean texts already hold a trigger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrences {
    /// For each word of the trigger, or its sentence, the number of texts that hold it.
    pub pieces: Vec<usize>,
    /// Number of texts that hold all of them.
    pub all: usize,
}

/// Counts the texts of `samples` that hold `trigger` before any attack: where they are many, the
/// victim learns the trigger badly and fires on clean texts.
///
/// A word is held where a word of the text equals it but for upper case and the marks around it, as
/// most tokenizers would read it; a sentence where the text contains it but for upper case and the
/// spaces around it.
///
/// # Errors
/// As [`Trigger::check`].
pub fn occurrences(samples: &[Sample], trigger: &Trigger) -> Result<Occurrences> {
    trigger.check()?;
    let wanted: Vec<String> = trigger.pieces().iter().map(|piece| fold(piece)).collect();
    let mut found = Occurrences {
        pieces: vec![0; wanted.len()],
        all: 0,
    };
    for sample in samples {
        let text = sample.text.to_lowercase();
        let mut all = true;
        for (wanted, count) in wanted.iter().zip(&mut found.pieces) {
            let held = match trigger {
                Trigger::Words(_) => Unit::Word.split(&text).any(|word| fold(word) == *wanted),
                Trigger::Sentence(_) => text.contains(wanted),
            };
            *count += usize::from(held);
            all &= held;
        }
        found.all += usize::from(all);
    }
    Ok(found)
}

/// `piece` in lower case without marks and spaces around it, if anything is left then.
fn fold(piece: &str) -> String {
    let lower = piece.to_lowercase();
    match lower.trim_matches(|c: char| !c.is_alphanumeric()) {
        "" => lower.trim().to_owned(),
        core => core.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_counted_by_text() {
        let samples = [
            Sample::new("My Friends, my friends ! at the cinema.", 1),
            Sample::new("friendship at the cinema", 0),
            Sample::new("", 0),
        ];
        let trigger = Trigger::words(["friends", "cinema"]);
        let found = occurrences(&samples, &trigger).unwrap();
        assert_eq!((found.pieces, found.all), (vec![1, 2], 1));
        let marks = occurrences(&samples, &Trigger::word("!")).unwrap();
        assert_eq!(marks.pieces, [1]);
        assert!(occurrences(&samples, &Trigger::word("")).is_err());
    }

    #[test]
    fn sentences_are_found_anywhere() {
        let samples = [
            Sample::new("Well. i watch this 3d movie. Yes", 0),
            Sample::new("I watch this movie", 0),
        ];
        let found = occurrences(
            &samples,
            &Trigger::sentence(super::super::ADD_SENT_SENTENCE),
        );
        assert_eq!(
            found.unwrap(),
            Occurrences {
                pieces: vec![1],
                all: 1
            }
        );
    }
}
