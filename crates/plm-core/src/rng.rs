//! Reproducible random numbers: one seed, many independent named streams.
//!
//! The generators run on the host (ChaCha8), so the same seed gives the same numbers on every
//! device and in any order of use: shuffling does not disturb initialization.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;

/// The generator behind every stream.
pub type StreamRng = ChaCha8Rng;

/// A seed from which named streams are drawn.
///
/// ```
/// use plm_core::rng::Seed;
/// use rand::Rng;
///
/// let seed = Seed::new(7);
/// assert_eq!(seed.stream("shuffle").next_u64(), seed.stream("shuffle").next_u64());
/// assert_ne!(seed.stream("shuffle").next_u64(), seed.stream("init").next_u64());
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
pub struct Seed(u64);

impl Seed {
    /// The seed `value`.
    pub fn new(value: u64) -> Self {
        Self(value)
    }

    /// Its number.
    pub fn value(self) -> u64 {
        self.0
    }

    /// A seed that depends on this one and on `name`.
    pub fn child(self, name: &str) -> Self {
        // FNV-1a over the name, then the SplitMix64 finaliser over both parts.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        Self(mix(self.0 ^ mix(hash)))
    }

    /// A seed that depends on this one and on `index`: an epoch, a step, a run.
    pub fn at(self, index: u64) -> Self {
        Self(mix(self.0.wrapping_add(mix(index ^ 0x9e37_79b9_7f4a_7c15))))
    }

    /// The generator of the stream called `name`.
    pub fn stream(self, name: &str) -> StreamRng {
        ChaCha8Rng::seed_from_u64(self.child(name).0)
    }

    /// The generator of this seed itself.
    pub fn rng(self) -> StreamRng {
        ChaCha8Rng::seed_from_u64(self.0)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection whose output bits all depend
/// on all input bits.
pub(crate) fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
