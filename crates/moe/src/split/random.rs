//! Divisions that do not look at the layer.

use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

use crate::partition::expert_size;
use crate::{Partition, Result};

/// Neurons in a random order, cut into `experts` blocks: the control that the other divisions are
/// compared with (MoEfication).
///
/// The same seed gives the same division on every machine.
///
/// # Errors
/// [`Error::Uneven`](crate::Error::Uneven) or [`Error::Setting`](crate::Error::Setting)
/// where `neurons` are not a multiple of `experts`, or either is 0.
pub fn random(neurons: usize, experts: usize, seed: u64) -> Result<Partition> {
    let mut labels = blocks(neurons, experts)?;
    labels.shuffle(&mut ChaCha8Rng::seed_from_u64(seed));
    Partition::new(&labels, experts)
}

/// Neurons in the order they come, cut into `experts` blocks.
///
/// This is what the paper's published code calls its random split. The order of neurons in a
/// trained layer has no meaning, so it serves as a control as well as [`random`] does; in a layer
/// that was already permuted expert by expert it finds the experts again.
///
/// # Errors
/// As [`random`].
pub fn contiguous(neurons: usize, experts: usize) -> Result<Partition> {
    Partition::new(&blocks(neurons, experts)?, experts)
}

fn blocks(neurons: usize, experts: usize) -> Result<Vec<u32>> {
    let size = expert_size(neurons, experts)?;
    Ok((0..neurons).map(|neuron| (neuron / size) as u32).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn blocks_follow_the_order() {
        let partition = contiguous(6, 3).unwrap();
        assert_eq!(partition.labels(), [0, 0, 1, 1, 2, 2]);
        assert_eq!(contiguous(3, 1).unwrap().labels(), [0, 0, 0]);
    }

    #[test]
    fn a_seed_fixes_the_division() {
        let first = random(96, 8, 5).unwrap();
        assert_eq!(first, random(96, 8, 5).unwrap());
        assert_ne!(first, random(96, 8, 6).unwrap());
        assert_ne!(first, contiguous(96, 8).unwrap());
        assert_eq!(first.expert_size(), 12);
        assert_eq!(random(7, 7, 3).unwrap(), contiguous(7, 7).unwrap());
    }

    #[test]
    fn uneven_divisions_are_errors() {
        for (neurons, experts) in [(7, 2), (3, 4), (0, 1), (4, 0)] {
            let error = random(neurons, experts, 0).unwrap_err();
            assert!(matches!(
                error,
                Error::Uneven { .. } | Error::Setting { .. }
            ));
            assert!(contiguous(neurons, experts).is_err());
        }
    }
}
