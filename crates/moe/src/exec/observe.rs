//! Which weight rows were read.

use std::ops::Range;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts how often each weight row is visited, to show that rows of experts that nobody chose are
/// left alone.
///
/// Rows are numbered as in the permuted layer: expert `e` has rows `e * s..(e + 1) * s`. A visit is
/// one pass over a row for one token or for several at once. An input row and the gate row of the
/// same neuron are visited together and count once.
#[derive(Debug, Default)]
pub struct RowsRead {
    input: Vec<AtomicU32>,
    output: Vec<AtomicU32>,
}

impl RowsRead {
    /// For a layer of `neurons` neurons; all counts are 0.
    pub fn new(neurons: usize) -> Self {
        let zeros = || (0..neurons).map(|_| AtomicU32::new(0)).collect();
        Self {
            input: zeros(),
            output: zeros(),
        }
    }

    /// Number of neurons of the layers that it is for.
    pub fn neurons(&self) -> usize {
        self.input.len()
    }

    /// Visits to each input row, `[F]`.
    pub fn input(&self) -> Vec<u32> {
        counts(&self.input)
    }

    /// Visits to each output row, `[F]`; rows of neurons that came out as 0 may be skipped.
    pub fn output(&self) -> Vec<u32> {
        counts(&self.output)
    }

    /// Number of neurons with a row that was visited.
    pub fn distinct(&self) -> usize {
        let (input, output) = (self.input(), self.output());
        input
            .iter()
            .zip(&output)
            .filter(|&(&i, &o)| i + o > 0)
            .count()
    }

    /// A visit to every row.
    pub(super) fn add_all(&self) {
        self.add_input(0..self.input.len());
        self.add_output(0..self.output.len());
    }

    pub(super) fn add_input(&self, rows: Range<usize>) {
        for count in self.input.get(rows).unwrap_or_default() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn add_output(&self, rows: Range<usize>) {
        for count in self.output.get(rows).unwrap_or_default() {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }
}

fn counts(counters: &[AtomicU32]) -> Vec<u32> {
    let load = |counter: &AtomicU32| counter.load(Ordering::Relaxed);
    counters.iter().map(load).collect()
}
