//! Shares with their counts.

use serde::Serialize;

/// A share, and the counts that it comes from.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Rate {
    /// `count / total`; none where `total` is 0.
    pub value: Option<f64>,
    /// How many are counted.
    pub count: usize,
    /// Of how many.
    pub total: usize,
}

impl Rate {
    /// `count` of `total`.
    pub fn new(count: usize, total: usize) -> Self {
        Self {
            value: (total > 0).then(|| count as f64 / total as f64),
            count,
            total,
        }
    }
}

impl FromIterator<bool> for Rate {
    /// The share of what is true.
    fn from_iter<I: IntoIterator<Item = bool>>(values: I) -> Self {
        let (mut count, mut total) = (0, 0);
        for value in values {
            count += usize::from(value);
            total += 1;
        }
        Self::new(count, total)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_of_nothing_has_no_value() {
        let rate: Rate = [true, false, true, true].into_iter().collect();
        assert_eq!(rate, Rate::new(3, 4));
        assert_eq!(rate.value, Some(0.75));
        assert_eq!([].into_iter().collect::<Rate>().value, None);
    }
}
