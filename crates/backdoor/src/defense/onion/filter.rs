//! Deleting suspicious words.

use plm_core::check::same_size;

use super::Suspicion;
use crate::{Error, Result, words};

/// `text` without its words of suspicion at least `threshold`. Words that were not examined or have
/// no suspicion stay. The result may be empty.
///
/// # Errors
/// [`Error::Size`] where `suspicion` is of a text with another number of words, [`Error::Setting`]
/// for a threshold that is NaN.
pub fn purify(text: &str, suspicion: &Suspicion, threshold: f64) -> Result<String> {
    if threshold.is_nan() {
        return Err(Error::Setting {
            name: "threshold",
            value: threshold.to_string(),
            limit: "must be a number",
        });
    }
    let words = words::split(text);
    same_size("words of the text", words.len(), suspicion.words())?;
    let deleted = |place: &usize| {
        let score = suspicion.scores().get(*place);
        score.is_some_and(|score| *score >= threshold)
    };
    let kept: Vec<&str> = (0..words.len())
        .filter(|place| !deleted(place))
        .map(|place| words[place])
        .collect();
    Ok(kept.join(" "))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{OnionSettings, suspicions, toy};
    use super::*;

    #[test]
    fn the_threshold_itself_deletes() {
        let suspicion = Suspicion::of(&[1.0, 2.0, f64::NAN, -3.0], 5);
        let purified = |threshold| purify("a b c d e", &suspicion, threshold).unwrap();
        assert_eq!(purified(2.0), "a c d e");
        assert_eq!(purified(2.5), "a b c d e");
        assert_eq!(purified(-3.0), "c e");
        assert_eq!(purified(f64::INFINITY), "a b c d e");
    }

    #[test]
    fn texts_of_one_word_stay_and_others_may_vanish() {
        let one = Suspicion::of(&[], 1);
        assert_eq!(purify("cf", &one, f64::NEG_INFINITY).unwrap(), "cf");
        let two = Suspicion::of(&[5.0, 5.0], 2);
        assert_eq!(purify("cf mn", &two, 5.0).unwrap(), "");
    }

    #[test]
    fn suspicions_of_another_text_are_refused() {
        let suspicion = Suspicion::of(&[1.0, 2.0], 2);
        assert!(matches!(
            purify("a b c", &suspicion, 0.0),
            Err(Error::Size(_))
        ));
        assert!(matches!(
            purify("a b", &suspicion, f64::NAN),
            Err(Error::Setting { .. })
        ));
    }

    #[test]
    fn the_trigger_goes_and_the_text_stays() {
        let texts = ["the movie cf was bad"];
        let settings = OnionSettings::default();
        let examination = suspicions(&mut toy::bigrams(), &texts, settings).unwrap();
        let purified = purify(texts[0], &examination.suspicions[0], 5.0).unwrap();
        assert_eq!(purified, "the movie was bad");
    }

    proptest! {
        #[test]
        fn fewer_words_are_kept_at_a_lower_threshold(
            scores in prop::collection::vec(-50.0..50.0_f64, 2..20),
            thresholds in (-60.0..60.0_f64, -60.0..60.0_f64),
        ) {
            let names: Vec<String> = (0..scores.len()).map(|i| format!("w{i}")).collect();
            let text = names.join(" ");
            let suspicion = Suspicion::of(&scores, scores.len());
            let (low, high) = (thresholds.0.min(thresholds.1), thresholds.0.max(thresholds.1));
            let few = purify(&text, &suspicion, low).unwrap();
            let many = purify(&text, &suspicion, high).unwrap();
            let many: Vec<&str> = words::split(&many);
            prop_assert!(few.is_empty() || words::split(&few).iter().all(|w| many.contains(w)));
            prop_assert_eq!(purify(&text, &suspicion, f64::INFINITY).unwrap(), text);
        }
    }
}
