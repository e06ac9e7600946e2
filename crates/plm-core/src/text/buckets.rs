use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};

use crate::rng::{Seed, mix};
use crate::{Error, Result};

/// How large a batch is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BatchBy {
    /// This many rows.
    Count(usize),
    /// As many rows as keep rows × longest row (the padded size) within this many tokens.
    Tokens(usize),
}

/// Batches of examples of similar length, so that little of a batch is padding.
///
/// Every epoch shuffles the examples by the seed and the epoch's number, sorts stretches of the
/// shuffled order by length, cuts them into batches and shuffles those. The order is a function
/// of seed, epoch and lengths alone; [`LengthBuckets::state`] holds the position.
///
/// ```
/// use plm_core::rng::Seed;
/// use plm_core::text::{BatchBy, LengthBuckets};
///
/// # fn main() -> plm_core::Result<()> {
/// let mut buckets = LengthBuckets::new(vec![3, 9, 4, 8], BatchBy::Count(2), Seed::new(1))?;
/// let mut seen: Vec<usize> = std::iter::from_fn(|| buckets.next_batch()).flatten().collect();
/// seen.sort();
/// assert_eq!(seen, [0, 1, 2, 3]);
/// assert_eq!(buckets.state().epoch, 1);
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct LengthBuckets {
    lengths: Vec<usize>,
    by: BatchBy,
    seed: Seed,
    stretch: usize,
    epoch: u64,
    position: usize,
    batches: Vec<Vec<usize>>,
}

/// A position in the batches of a [`LengthBuckets`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BucketState {
    /// The epoch, from 0.
    pub epoch: u64,
    /// How many batches of the epoch have been taken.
    pub position: usize,
    /// Identifies seed, lengths and batch size.
    pub fingerprint: u64,
}

impl LengthBuckets {
    /// Batches over examples of the given `lengths` in tokens.
    ///
    /// # Errors
    /// [`Error::Invalid`] where the batch size is 0 or one example alone exceeds the token
    /// budget.
    pub fn new(lengths: Vec<usize>, by: BatchBy, seed: Seed) -> Result<Self> {
        let limit = match by {
            BatchBy::Count(size) | BatchBy::Tokens(size) => size,
        };
        if limit == 0 {
            return Err(Error::invalid("batch size", "is 0, must be at least 1"));
        }
        if let (BatchBy::Tokens(budget), Some((index, length))) = (
            by,
            lengths
                .iter()
                .enumerate()
                .max_by_key(|(_, length)| **length),
        ) && *length > budget
        {
            return Err(Error::invalid(
                format!("example {index}"),
                format!("has {length} tokens, more than the batch budget of {budget}"),
            ));
        }
        let mut buckets = Self {
            lengths,
            by,
            seed,
            stretch: 50,
            epoch: 0,
            position: 0,
            batches: Vec::new(),
        };
        buckets.batches = buckets.plan();
        Ok(buckets)
    }

    /// With another stretch: about how many batches' worth of examples are sorted together (50
    /// unless told). More means less padding and less random batches; 1 does not sort across
    /// batches of [`BatchBy::Count`] at all. Starts the epoch anew.
    #[must_use]
    pub fn with_stretch(mut self, batches: usize) -> Self {
        self.stretch = batches.max(1);
        self.position = 0;
        self.batches = self.plan();
        self
    }

    /// The next batch as indices of examples; `None` once at the end of every epoch, after which
    /// the next epoch begins.
    pub fn next_batch(&mut self) -> Option<Vec<usize>> {
        match self.batches.get_mut(self.position) {
            Some(batch) => {
                self.position += 1;
                Some(batch.clone())
            }
            None => {
                self.epoch += 1;
                self.position = 0;
                self.batches = self.plan();
                None
            }
        }
    }

    /// The number of batches in the current epoch. With [`BatchBy::Tokens`] it may differ between
    /// epochs.
    pub fn batches_in_epoch(&self) -> usize {
        self.batches.len()
    }

    /// The position: what [`LengthBuckets::restore`] takes.
    pub fn state(&self) -> BucketState {
        BucketState {
            epoch: self.epoch,
            position: self.position,
            fingerprint: self.fingerprint(),
        }
    }

    /// Goes to the position `state`.
    ///
    /// # Errors
    /// [`Error::Invalid`] where it was taken over other lengths, another seed or batch size, or
    /// lies beyond the end of its epoch.
    pub fn restore(&mut self, state: &BucketState) -> Result<()> {
        if state.fingerprint != self.fingerprint() {
            return Err(Error::invalid(
                "sampler state",
                "belongs to other examples, another seed or another batch size",
            ));
        }
        let mut moved = self.clone();
        moved.epoch = state.epoch;
        moved.batches = moved.plan();
        if state.position > moved.batches.len() {
            return Err(Error::invalid(
                "sampler state",
                format!(
                    "position {} is beyond the {} batches of epoch {}",
                    state.position,
                    moved.batches.len(),
                    state.epoch
                ),
            ));
        }
        moved.position = state.position;
        *self = moved;
        Ok(())
    }

    fn fingerprint(&self) -> u64 {
        let (kind, size) = match self.by {
            BatchBy::Count(size) => (1, size),
            BatchBy::Tokens(size) => (2, size),
        };
        [self.seed.value(), kind, size as u64, self.stretch as u64]
            .into_iter()
            .chain(self.lengths.iter().map(|&length| length as u64))
            .fold(0, |hash, value| mix(hash.rotate_left(5) ^ mix(value)))
    }

    /// The batches of the current epoch.
    fn plan(&self) -> Vec<Vec<usize>> {
        let mut rng = self.seed.at(self.epoch).stream("length buckets");
        let mut order: Vec<usize> = (0..self.lengths.len()).collect();
        order.shuffle(&mut rng);
        let rows = match self.by {
            BatchBy::Count(size) => size,
            BatchBy::Tokens(budget) => {
                let total: usize = self.lengths.iter().sum();
                let mean = total.checked_div(self.lengths.len()).unwrap_or(0);
                (budget / mean.max(1)).max(1)
            }
        };
        let mut batches = Vec::new();
        for stretch in order.chunks_mut(rows.saturating_mul(self.stretch)) {
            stretch.sort_by_key(|&index| self.lengths[index]);
            self.cut(stretch, &mut batches);
        }
        batches.shuffle(&mut rng);
        batches
    }

    /// Cuts examples of ascending length into batches.
    fn cut(&self, sorted: &[usize], batches: &mut Vec<Vec<usize>>) {
        match self.by {
            BatchBy::Count(size) => batches.extend(sorted.chunks(size).map(<[usize]>::to_vec)),
            BatchBy::Tokens(budget) => {
                let mut batch = Vec::new();
                for &index in sorted {
                    if (batch.len() + 1) * self.lengths[index] > budget {
                        batches.push(std::mem::take(&mut batch));
                    }
                    batch.push(index);
                }
                if !batch.is_empty() {
                    batches.push(batch);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn epoch(buckets: &mut LengthBuckets) -> Vec<Vec<usize>> {
        std::iter::from_fn(|| buckets.next_batch()).collect()
    }

    fn lengths() -> Vec<usize> {
        (0..500).map(|i| 3 + (i * 37) % 97).collect()
    }

    #[test]
    fn less_padding_than_shuffling() {
        let lengths = lengths();
        let waste = |stretch| {
            let mut buckets = LengthBuckets::new(lengths.clone(), BatchBy::Count(16), Seed::new(3))
                .unwrap()
                .with_stretch(stretch);
            let padded: usize = epoch(&mut buckets)
                .iter()
                .map(|b| b.len() * b.iter().map(|&i| lengths[i]).max().unwrap())
                .sum();
            padded - lengths.iter().sum::<usize>()
        };
        assert!(waste(50) * 10 < waste(1), "{} {}", waste(50), waste(1));
    }

    #[test]
    fn epochs_differ_and_repeat_by_seed() {
        let make =
            |seed| LengthBuckets::new(lengths(), BatchBy::Count(8), Seed::new(seed)).unwrap();
        let (mut a, mut b) = (make(1), make(1));
        let first = epoch(&mut a);
        assert_eq!(first, epoch(&mut b));
        let second = epoch(&mut a);
        assert_ne!(first, second);
        assert_eq!(second, epoch(&mut b));
        assert_ne!(first, epoch(&mut make(2)));
    }

    #[test]
    fn bad_sizes_and_foreign_states_are_refused() {
        assert!(LengthBuckets::new(vec![1], BatchBy::Count(0), Seed::new(0)).is_err());
        let text = LengthBuckets::new(vec![1, 20, 3], BatchBy::Tokens(16), Seed::new(0))
            .unwrap_err()
            .to_string();
        assert!(text.contains("example 1") && text.contains("20") && text.contains("16"));
        let mut a = LengthBuckets::new(vec![1, 2, 3], BatchBy::Count(2), Seed::new(0)).unwrap();
        let b = LengthBuckets::new(vec![1, 2, 4], BatchBy::Count(2), Seed::new(0)).unwrap();
        assert!(a.restore(&b.state()).is_err());
        let beyond = BucketState {
            position: 3,
            ..a.state()
        };
        assert!(a.restore(&beyond).is_err());
        let mut empty = LengthBuckets::new(vec![], BatchBy::Tokens(4), Seed::new(0)).unwrap();
        assert_eq!(empty.next_batch(), None);
    }

    proptest! {
        #[test]
        fn every_example_once_within_the_budget_and_resumable(
            lengths in prop::collection::vec(0_usize..40, 0..120),
            size in 1_usize..9,
            tokens: bool,
            taken in 0_usize..60,
            seed: u64,
        ) {
            let by = if tokens { BatchBy::Tokens(size * 40) } else { BatchBy::Count(size) };
            let make = || LengthBuckets::new(lengths.clone(), by, Seed::new(seed)).unwrap();
            let mut whole = make();
            let batches = epoch(&mut whole);
            let mut seen: Vec<usize> = batches.iter().flatten().copied().collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..lengths.len()).collect::<Vec<_>>());
            for batch in &batches {
                prop_assert!(!batch.is_empty());
                let longest = batch.iter().map(|&i| lengths[i]).max().unwrap();
                match by {
                    BatchBy::Count(n) => prop_assert!(batch.len() <= n),
                    BatchBy::Tokens(n) => prop_assert!(batch.len() * longest <= n),
                }
            }
            let mut one = make();
            for _ in 0..taken {
                one.next_batch();
            }
            let json = serde_json::to_string(&one.state()).unwrap();
            let mut other = make();
            other.restore(&serde_json::from_str(&json).unwrap()).unwrap();
            for _ in 0..20 {
                prop_assert_eq!(one.next_batch(), other.next_batch());
            }
        }
    }
}
