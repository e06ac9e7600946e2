//! What a teacher said about one text.

use plm_core::check::{finite, same_size};

use super::CacheKey;
use crate::Result;
use crate::score::McScore;

/// What a teacher said about one text.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// Class scores before the softmax, `[classes]`.
    pub logits: Vec<f32>,
    /// Monte-Carlo dropout scores, where the cache keeps them.
    pub score: Option<McScore>,
    /// The first token's vectors in the kept hidden states, `[hidden states · hidden_size]`; empty where
    /// none are kept.
    pub first_token: Vec<f32>,
}

impl Record {
    /// The record has the sizes of `key` and holds finite numbers, else
    /// [`Error::Size`](crate::Error::Size) or [`Error::NotFinite`](crate::Error::NotFinite) for the
    /// example `id`.
    pub(super) fn check(&self, id: u64, key: &CacheKey) -> Result<()> {
        same_size(
            format_args!("class scores of example id {id}"),
            self.logits.len(),
            key.classes,
        )?;
        same_size(
            format_args!("Monte-Carlo scores of example id {id}"),
            self.score.is_some().into(),
            key.scoring.is_some().into(),
        )?;
        same_size(
            format_args!("numbers of the first token of example id {id}"),
            self.first_token.len(),
            key.first_token.len() * key.hidden_size,
        )?;
        finite(
            format_args!("class scores of example id {id}"),
            self.logits.iter().copied(),
        )?;
        finite(
            format_args!("Monte-Carlo scores of example id {id}"),
            self.score.into_iter().flat_map(score_parts),
        )?;
        finite(
            format_args!("first token of example id {id}"),
            self.first_token.iter().copied(),
        )?;
        Ok(())
    }
}

/// Score, mutual information and variance.
pub(super) fn score_parts(score: McScore) -> [f32; 3] {
    [score.score, score.mutual_information, score.variance]
}

#[cfg(test)]
mod tests {
    use super::super::tests::{full_key, full_record};
    use super::*;

    fn refused(change: impl FnOnce(&mut Record)) -> String {
        let mut record = full_record(1.0);
        record.check(9, &full_key()).unwrap();
        change(&mut record);
        record.check(9, &full_key()).unwrap_err().to_string()
    }

    #[test]
    fn values_that_are_no_numbers_are_named() {
        let text = refused(|record| record.logits[1] = f32::NAN);
        assert!(
            text.starts_with("class scores of example id 9: value 1 is NaN"),
            "{text}"
        );
        let text = refused(|record| record.first_token[3] = f32::INFINITY);
        assert!(
            text.starts_with("first token of example id 9: value 3 is inf"),
            "{text}"
        );
        let text = refused(|record| record.score.as_mut().unwrap().variance = f32::NAN);
        assert!(
            text.starts_with("Monte-Carlo scores of example id 9: value 2"),
            "{text}"
        );
    }

    #[test]
    fn other_sizes_are_refused() {
        let text = refused(|record| record.logits.push(0.0));
        assert_eq!(text, "class scores of example id 9: 3, expected 2");
        let text = refused(|record| record.score = None);
        assert_eq!(text, "Monte-Carlo scores of example id 9: 0, expected 1");
        let text = refused(|record| record.first_token.clear());
        assert_eq!(
            text,
            "numbers of the first token of example id 9: 0, expected 6"
        );
    }
}
