//! Where batches come from, in an order that a resumed run repeats.

use rand::seq::SliceRandom;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::rng::Seed;
use crate::text::{BucketState, LengthBuckets};
use crate::{Error, Result};

/// A source of batches whose place can be saved and found again.
pub trait Batches {
    /// What one batch is.
    type Batch;

    /// Number of batches in the current epoch.
    fn len(&self) -> usize;

    /// Whether an epoch has no batch.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The next batch of the current epoch; nothing at its end, after which the next call begins the
    /// next epoch.
    ///
    /// # Errors
    /// Whatever reading or making the batch can meet.
    fn next_batch(&mut self) -> Result<Option<Self::Batch>>;

    /// The place in the sequence of batches: enough for [`Batches::restore`] on a new value made with
    /// the same settings and data to go on with the same batches. Numbers should be integers or
    /// strings: JSON does not keep every floating-point number exactly.
    fn state(&self) -> Value;

    /// Goes to the place that [`Batches::state`] gave.
    ///
    /// # Errors
    /// [`Error::Invalid`] where `state` is none of this source's.
    fn restore(&mut self, state: &Value) -> Result<()>;
}

/// Batches of indices of similar length.
impl Batches for LengthBuckets {
    type Batch = Vec<usize>;

    fn len(&self) -> usize {
        self.batches_in_epoch()
    }

    fn next_batch(&mut self) -> Result<Option<Vec<usize>>> {
        Ok(LengthBuckets::next_batch(self))
    }

    fn state(&self) -> Value {
        let BucketState {
            epoch,
            position,
            fingerprint,
        } = LengthBuckets::state(self);
        json!({ "epoch": epoch, "position": position, "fingerprint": fingerprint })
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        let place: BucketState = serde_json::from_value(state.clone())
            .map_err(|error| Error::invalid("state of length buckets", error.to_string()))?;
        LengthBuckets::restore(self, &place)
    }
}

/// Batches of indices in a new random order each epoch.
///
/// The order of an epoch depends on the seed and the epoch's number alone.
#[derive(Debug, Clone)]
pub struct ShuffledIndices {
    count: usize,
    batch_size: usize,
    seed: Seed,
    shuffle: bool,
    drop_last: bool,
    place: IndexPlace,
    order: Vec<usize>,
}

/// The saved place of [`ShuffledIndices`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct IndexPlace {
    /// Examples, batch size and seed tell a place in other data apart.
    count: usize,
    batch_size: usize,
    seed: u64,
    epoch: u64,
    next: usize,
}

impl ShuffledIndices {
    /// Batches of `batch_size` out of `0..count`, the last one of an epoch maybe smaller.
    ///
    /// # Errors
    /// [`Error::Invalid`] where either number is 0.
    pub fn new(count: usize, batch_size: usize, seed: Seed) -> Result<Self> {
        for (what, value) in [("count", count), ("batch_size", batch_size)] {
            if value == 0 {
                return Err(Error::invalid(what, "is 0, must be positive"));
            }
        }
        let mut indices = Self {
            count,
            batch_size,
            seed,
            shuffle: true,
            drop_last: false,
            place: IndexPlace {
                count,
                batch_size,
                seed: seed.value(),
                epoch: 0,
                next: 0,
            },
            order: Vec::new(),
        };
        indices.arrange();
        Ok(indices)
    }

    /// Keeps the order `0, 1, 2, ...` in every epoch.
    pub fn in_order(mut self) -> Self {
        self.shuffle = false;
        self.arrange();
        self
    }

    /// Leaves out a last batch that is smaller than the others.
    ///
    /// # Errors
    /// [`Error::Invalid`] where no batch would be left.
    pub fn without_remainder(mut self) -> Result<Self> {
        if self.count < self.batch_size {
            return Err(Error::invalid(
                "batch_size",
                format!(
                    "is {}, more than the {} examples",
                    self.batch_size, self.count
                ),
            ));
        }
        self.drop_last = true;
        Ok(self)
    }

    /// Lays out the current epoch.
    fn arrange(&mut self) {
        self.order = (0..self.count).collect();
        if self.shuffle {
            self.order
                .shuffle(&mut self.seed.at(self.place.epoch).stream("shuffle"));
        }
    }

    /// Examples that are used in an epoch.
    fn used(&self) -> usize {
        if self.drop_last {
            self.count - self.count % self.batch_size
        } else {
            self.count
        }
    }
}

impl Batches for ShuffledIndices {
    type Batch = Vec<usize>;

    fn len(&self) -> usize {
        self.used().div_ceil(self.batch_size)
    }

    fn next_batch(&mut self) -> Result<Option<Vec<usize>>> {
        let used = self.used();
        if self.place.next >= used {
            self.place.epoch += 1;
            self.place.next = 0;
            self.arrange();
            return Ok(None);
        }
        let end = (self.place.next + self.batch_size).min(used);
        let batch = self.order[self.place.next..end].to_vec();
        self.place.next = end;
        Ok(Some(batch))
    }

    fn state(&self) -> Value {
        let IndexPlace {
            count,
            batch_size,
            seed,
            epoch,
            next,
        } = self.place;
        serde_json::json!({
            "count": count, "batch_size": batch_size, "seed": seed, "epoch": epoch, "next": next,
        })
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        let place: IndexPlace = serde_json::from_value(state.clone())
            .map_err(|error| Error::invalid("sampler state", error.to_string()))?;
        let expected = IndexPlace {
            epoch: place.epoch,
            next: place.next,
            ..self.place
        };
        if place != expected {
            return Err(Error::invalid(
                "sampler state",
                format!(
                    "is of {} examples, batch size {}, seed {}; here are {}, {}, {}",
                    place.count,
                    place.batch_size,
                    place.seed,
                    self.count,
                    self.batch_size,
                    self.seed.value()
                ),
            ));
        }
        if place.next > self.count {
            return Err(Error::invalid(
                "sampler state",
                format!("`next` is {}, at most {} expected", place.next, self.count),
            ));
        }
        self.place = place;
        self.arrange();
        Ok(())
    }
}

/// Batches of another source, each turned into something else: what [`map_batches`] gives.
#[derive(Debug, Clone)]
pub struct MappedBatches<B, F> {
    source: B,
    make: F,
}

/// The batches of `source`, each passed through `make`, for instance from indices to tensors.
///
/// `make` must depend on the batch alone for a resumed run to be exact: a generator or a counter that it
/// keeps is not part of [`Batches::state`]. Random numbers are drawn in the step function, from
/// [`StepContext::seed`](super::StepContext::seed), which a resumed run repeats.
pub fn map_batches<B, T, F>(source: B, make: F) -> MappedBatches<B, F>
where
    B: Batches,
    F: FnMut(B::Batch) -> Result<T>,
{
    MappedBatches { source, make }
}

impl<B, T, F> Batches for MappedBatches<B, F>
where
    B: Batches,
    F: FnMut(B::Batch) -> Result<T>,
{
    type Batch = T;

    fn len(&self) -> usize {
        self.source.len()
    }

    fn next_batch(&mut self) -> Result<Option<T>> {
        self.source.next_batch()?.map(&mut self.make).transpose()
    }

    fn state(&self) -> Value {
        self.source.state()
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        self.source.restore(state)
    }
}
