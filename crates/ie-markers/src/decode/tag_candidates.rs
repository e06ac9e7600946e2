//! Candidate spans from a tagger, for a second model to decide on (two-stage NER).

use plm_core::check::{finite, same_size};

use super::TagTypes;
use super::spans::by_score;
use crate::data::WordSpan;
use crate::{Error, Result};

/// For each word of a sentence, how probable it is that it is inside of an entity of each type.
#[derive(Debug, Clone, PartialEq)]
pub struct TypeProbabilities {
    types: usize,
    values: Vec<f64>,
}

impl TypeProbabilities {
    /// Adds up the probabilities of the tags of each of the types, whatever the order of the tags. (The
    /// original adds halves of the list of tags, although these come in pairs, and so mixes types.)
    ///
    /// `probabilities` holds a row for each word, with a value for each of `tags`.
    ///
    /// # Errors
    /// [`Error::Size`] where the rows are not whole, [`Error::NotFinite`] for a value, [`Error::Setting`]
    /// for a value outside of `[0, 1]`.
    pub fn from_tags(probabilities: &[f32], tags: &TagTypes) -> Result<Self> {
        let (types, columns) = (tags.types().len(), tags.count());
        let words = probabilities.len().checked_div(columns).unwrap_or(0);
        let whole = words * columns;
        same_size("probabilities of tags", probabilities.len(), whole)?;
        let all = probabilities.iter().map(|&p| f64::from(p));
        finite("the probabilities of tags", all.clone())?;
        // Sums of single-precision probabilities may be a little above 1.
        if let Some(value) = all.clone().find(|p| !(0.0..=1.001).contains(p)) {
            return Err(Error::Setting {
                name: "probability",
                value: value.to_string(),
                limit: "it must lie in [0, 1]; apply softmax to the logits",
            });
        }
        let mut values = vec![0.0; words * types];
        for (at, value) in all.enumerate() {
            if let Some(label) = tags.of(at % columns) {
                values[at / columns * types + label] += value;
            }
        }
        values
            .iter_mut()
            .for_each(|value: &mut f64| *value = value.min(1.0));
        Ok(Self { types, values })
    }

    /// How many words there are.
    pub fn words(&self) -> usize {
        self.values.len().checked_div(self.types).unwrap_or(0)
    }

    /// The probability that `word` is inside of an entity of type number `label`.
    fn inside(&self, word: usize, label: usize) -> f64 {
        self.values[word * self.types + label]
    }
}

/// A span that a second model is to decide on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TagCandidate {
    /// Its words.
    pub span: WordSpan,
    /// The type that is the most probable, by its place in the list of types ([`TagTypes::types`]).
    pub label: usize,
    /// How probable it is that the span is an entity.
    pub score: f64,
}

/// All spans of at most `width` words in the order of start and end, with the score
/// `max over types of Π p(t) · (1 - p(l - 1)) · (1 - p(r + 1))`, the product over the words `t` of the
/// span from `l` to `r`; beyond the sentence `p` is 0.
///
/// # Errors
/// [`Error::Setting`] where `width` is 0.
pub fn tag_candidates(
    probabilities: &TypeProbabilities,
    width: usize,
) -> Result<Vec<TagCandidate>> {
    if width == 0 {
        return Err(Error::Setting {
            name: "width",
            value: width.to_string(),
            limit: "at least 1 word",
        });
    }
    let words = probabilities.words();
    let types = probabilities.types;
    let mut candidates = Vec::new();
    let mut products = vec![0.0; types];
    for start in 0..words {
        for (label, product) in products.iter_mut().enumerate() {
            let before = start
                .checked_sub(1)
                .map_or(0.0, |at| probabilities.inside(at, label));
            *product = 1.0 - before;
        }
        for end in start..words.min(start.saturating_add(width)) {
            let mut best = (0, f64::NEG_INFINITY);
            for (label, product) in products.iter_mut().enumerate() {
                *product *= probabilities.inside(end, label);
                let after = match end + 1 < words {
                    true => probabilities.inside(end + 1, label),
                    false => 0.0,
                };
                let score = *product * (1.0 - after);
                if score > best.1 {
                    best = (label, score);
                }
            }
            candidates.push(TagCandidate {
                span: WordSpan::new(start, end),
                label: best.0,
                score: best.1,
            });
        }
    }
    Ok(candidates)
}

/// The `limit` best of `candidates`, in the order of start and end, ready to be packed. Of equal
/// scores the one that comes first there is kept.
pub fn keep_best(mut candidates: Vec<TagCandidate>, limit: usize) -> Vec<TagCandidate> {
    candidates.sort_by(|a, b| by_score(a.score, b.score).then_with(|| a.span.cmp(&b.span)));
    candidates.truncate(limit);
    candidates.sort_by_key(|candidate| candidate.span);
    candidates
}

#[cfg(test)]
mod tests {
    use plm_core::data::Labels;
    use proptest::prelude::*;

    use super::*;

    fn tags() -> TagTypes {
        types(&["O", "B-X", "I-X", "B-Y", "I-Y"])
    }

    fn types(tags: &[&str]) -> TagTypes {
        TagTypes::new(&Labels::new(tags.iter().copied()).unwrap()).unwrap()
    }

    #[test]
    fn scores_are_products_of_one_type() {
        // Inside X: .5, .75, .25; inside Y: .25, .125, .5.
        let rows = [
            [0.25, 0.375, 0.125, 0.125, 0.125],
            [0.125, 0.25, 0.5, 0.0, 0.125],
            [0.25, 0.125, 0.125, 0.5, 0.0],
        ];
        let probabilities = TypeProbabilities::from_tags(&rows.concat(), &tags()).unwrap();
        assert_eq!(probabilities.words(), 3);
        let found = tag_candidates(&probabilities, 2).unwrap();
        let found: Vec<_> = found
            .iter()
            .map(|c| (c.span.start, c.span.end, c.label, c.score))
            .collect();
        assert_eq!(
            found,
            [
                (0, 0, 1, 0.25 * 0.875),
                (0, 1, 0, 0.5 * 0.75 * 0.75),
                (1, 1, 0, 0.5 * 0.75 * 0.75),
                (1, 2, 0, 0.5 * 0.75 * 0.25),
                (2, 2, 1, 0.875 * 0.5),
            ]
        );
        let best = keep_best(tag_candidates(&probabilities, 2).unwrap(), 2);
        let best: Vec<_> = best.iter().map(|c| (c.span.start, c.span.end)).collect();
        assert_eq!(best, [(0, 1), (2, 2)]);
    }

    #[test]
    fn the_order_of_tags_does_not_matter() {
        let other = types(&["I-Y", "B-X", "O", "B-Y", "I-X"]);
        let row = [0.1, 0.2, 0.3, 0.25, 0.15];
        let shuffled = [0.15, 0.2, 0.1, 0.25, 0.3];
        let one = TypeProbabilities::from_tags(&row, &tags()).unwrap();
        let two = TypeProbabilities::from_tags(&shuffled, &other).unwrap();
        assert_eq!(
            (tags().types(), other.types()),
            (&["X".into(), "Y".into()][..], &["Y".into(), "X".into()][..])
        );
        assert!((one.inside(0, 0) - two.inside(0, 1)).abs() < 1e-7);
        assert!((one.inside(0, 0) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn rows_are_checked() {
        let error = |values: &[f32], tags: &TagTypes| {
            TypeProbabilities::from_tags(values, tags)
                .unwrap_err()
                .to_string()
        };
        assert!(error(&[0.5; 7], &tags()).contains("7, expected 5"));
        assert!(error(&[0.5, 0.5, 0.0, 0.0, f32::NAN], &tags()).contains("value 4"));
        assert!(error(&[0.5, 0.5, 0.0, 0.0, -2.0], &tags()).contains("softmax"));
        assert!(error(&[0.5], &types(&[])).contains("expected 0"));
        let none = TypeProbabilities::from_tags(&[], &tags()).unwrap();
        assert!(tag_candidates(&none, 3).unwrap().is_empty());
        assert!(tag_candidates(&none, 0).is_err());
    }

    proptest! {
        #[test]
        fn same_as_the_formula(
            rows in prop::collection::vec(prop::array::uniform5(0.0..0.2_f32), 0..9),
            width in 1..5_usize,
        ) {
            let probabilities = TypeProbabilities::from_tags(&rows.concat(), &tags()).unwrap();
            let found = tag_candidates(&probabilities, width).unwrap();
            let n = rows.len();
            let count = if n >= width { n * width - width * (width - 1) / 2 } else { n * (n + 1) / 2 };
            prop_assert_eq!(found.len(), count);
            for candidate in found {
                let p = |word: usize, label: usize| {
                    let row = rows.get(word);
                    row.map_or(0.0, |row| f64::from(row[1 + 2 * label]) + f64::from(row[2 + 2 * label]))
                };
                let score = |label: usize| {
                    let WordSpan { start, end } = candidate.span;
                    let before = if start == 0 { 0.0 } else { p(start - 1, label) };
                    let inside: f64 = (start..=end).map(|word| p(word, label)).product();
                    inside * (1.0 - before) * (1.0 - p(end + 1, label))
                };
                prop_assert!((candidate.score - score(0).max(score(1))).abs() < 1e-12);
            }
        }
    }
}
