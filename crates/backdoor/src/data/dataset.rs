use sha2::{Digest, Sha256};

use crate::{Error, Result, Sample};

/// Labeled texts of a task with a fixed number of classes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dataset {
    samples: Vec<Sample>,
    classes: usize,
}

impl Dataset {
    /// The `samples` of a task with `classes` classes.
    ///
    /// # Errors
    /// [`Error::Label`] where a sample has a class that the task does not have.
    pub fn new(samples: Vec<Sample>, classes: usize) -> Result<Self> {
        match samples.iter().position(|sample| sample.label >= classes) {
            Some(sample) => Err(Error::Label {
                sample,
                label: samples[sample].label,
                classes,
            }),
            None => Ok(Self { samples, classes }),
        }
    }

    /// The samples.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// How many classes there are.
    pub fn classes(&self) -> usize {
        self.classes
    }

    /// Indices of the samples of class `target`, ascending.
    pub fn of_class(&self, target: usize) -> Vec<usize> {
        self.indices(|label| label == target)
    }

    /// Indices of the samples of all classes but `target`, ascending.
    pub fn outside_class(&self, target: usize) -> Vec<usize> {
        self.indices(|label| label != target)
    }

    /// Hash of the texts, their classes and their order, in hexadecimal digits.
    pub fn sha256(&self) -> String {
        let mut hash = Sha256::new();
        for sample in &self.samples {
            hash.update((sample.label as u64).to_le_bytes());
            hash.update((sample.text.len() as u64).to_le_bytes());
            hash.update(&sample.text);
        }
        let sum = hash.finalize();
        sum.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    fn indices(&self, choose: impl Fn(usize) -> bool) -> Vec<usize> {
        (0..self.samples.len())
            .filter(|&index| choose(self.samples[index].label))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_checked_and_told_apart() {
        let samples = vec![
            Sample::new("a", 1),
            Sample::new("b", 0),
            Sample::new("c", 1),
        ];
        let data = Dataset::new(samples.clone(), 2).unwrap();
        assert_eq!(data.of_class(1), [0, 2]);
        assert_eq!(data.outside_class(1), [1]);
        let error = Dataset::new(samples, 1).unwrap_err().to_string();
        assert_eq!(error, "sample 0 has class 1; the data has 1 classes");
    }

    #[test]
    fn the_hash_sees_texts_classes_order_and_borders() {
        let hash = |samples: &[(&str, usize)]| {
            let samples = samples
                .iter()
                .map(|&(text, label)| Sample::new(text, label));
            Dataset::new(samples.collect(), 2).unwrap().sha256()
        };
        // SHA-256 of 8 bytes 01 00.., 8 bytes 02 00.., "ab".
        assert_eq!(
            hash(&[("ab", 1)]),
            "27b0096ed742a9b67c4efcc632a8ab45e9241fd125c103a880ac6ec504ebe83c"
        );
        let all = [
            hash(&[("ab", 1)]),
            hash(&[("ab", 0)]),
            hash(&[("a", 1), ("b", 1)]),
            hash(&[("b", 1), ("a", 1)]),
            hash(&[]),
        ];
        for (index, one) in all.iter().enumerate() {
            assert!(!all[..index].contains(one));
        }
    }
}
