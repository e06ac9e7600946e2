//! Random windows of a token stream, in an order that a resumed run repeats.

use plm_core::rng::Seed;
use plm_core::train::Batches;
use plm_core::{Error, Result};
use rand::RngExt;
use serde_json::{Value, json};

/// Batches of windows `[CLS] token token …`.
///
/// An epoch has as many windows as cover the stream once; where they lie is drawn anew each time.
#[derive(Debug)]
pub(super) struct Windows<'a> {
    stream: &'a [u32],
    first: u32,
    length: usize,
    batch: usize,
    seed: Seed,
    epoch: u64,
    position: usize,
}

impl<'a> Windows<'a> {
    /// Windows of `length` tokens, the first of which is `first`.
    pub(super) fn new(
        stream: &'a [u32],
        first: u32,
        length: usize,
        batch: usize,
        seed: Seed,
    ) -> Result<Self> {
        if length < 2 || batch == 0 || stream.len() < length {
            let reason = format!(
                "windows of {length} tokens, {batch} at a time, over {} tokens of text",
                stream.len()
            );
            return Err(Error::invalid("text", reason));
        }
        Ok(Self {
            stream,
            first,
            length,
            batch,
            seed,
            epoch: 0,
            position: 0,
        })
    }

    /// The window that begins at `start` of the stream.
    fn window(&self, start: usize) -> Vec<u32> {
        let mut ids = Vec::with_capacity(self.length);
        ids.push(self.first);
        ids.extend(&self.stream[start..start + self.length - 1]);
        ids
    }
}

impl Batches for Windows<'_> {
    type Batch = Vec<Vec<u32>>;

    fn len(&self) -> usize {
        (self.stream.len() / (self.batch * (self.length - 1))).max(1)
    }

    fn next_batch(&mut self) -> Result<Option<Self::Batch>> {
        if self.position == self.len() {
            self.epoch += 1;
            self.position = 0;
            return Ok(None);
        }
        let mut rng = self.seed.at(self.epoch).at(self.position as u64).rng();
        let starts = self.stream.len() + 2 - self.length;
        let windows = (0..self.batch)
            .map(|_| self.window(rng.random_range(0..starts)))
            .collect();
        self.position += 1;
        Ok(Some(windows))
    }

    fn state(&self) -> Value {
        json!({ "tokens": self.stream.len(), "epoch": self.epoch, "position": self.position })
    }

    fn restore(&mut self, state: &Value) -> Result<()> {
        let number = |key: &str| {
            state[key]
                .as_u64()
                .ok_or_else(|| Error::invalid("state of windows", format!("`{key}` is missing")))
        };
        let (tokens, position) = (number("tokens")? as usize, number("position")? as usize);
        if tokens != self.stream.len() || position > self.len() {
            let reason = format!("was taken over {tokens} tokens, not {}", self.stream.len());
            return Err(Error::invalid("state of windows", reason));
        }
        self.epoch = number("epoch")?;
        self.position = position;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(stream: &[u32]) -> Windows<'_> {
        Windows::new(stream, 99, 5, 3, Seed::new(4)).unwrap()
    }

    #[test]
    fn windows_are_stretches_of_the_stream() {
        let stream: Vec<u32> = (0..50).collect();
        let mut source = windows(&stream);
        let mut count = 0;
        while let Some(batch) = source.next_batch().unwrap() {
            assert_eq!(batch.len(), 3);
            for window in batch {
                assert_eq!((window.len(), window[0]), (5, 99));
                assert!(window[1..].windows(2).all(|pair| pair[1] == pair[0] + 1));
            }
            count += 1;
        }
        assert_eq!((count, source.len()), (4, 4));
    }

    #[test]
    fn a_restored_source_goes_on_alike() {
        let stream: Vec<u32> = (0..50).collect();
        let mut source = windows(&stream);
        for _ in 0..6 {
            source.next_batch().unwrap();
        }
        let mut other = windows(&stream);
        other.restore(&source.state()).unwrap();
        for _ in 0..5 {
            assert_eq!(source.next_batch().unwrap(), other.next_batch().unwrap());
        }
        assert!(windows(&stream[..40]).restore(&source.state()).is_err());
    }

    #[test]
    fn too_little_text_is_an_error() {
        assert!(Windows::new(&[1, 2, 3], 99, 5, 3, Seed::new(4)).is_err());
    }
}
