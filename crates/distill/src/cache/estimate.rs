//! How large a cache will be.

use super::{CacheKey, shard};

/// Bytes that `rows` examples take in a cache of `key`, without the headers of its files (below 1 KiB a
/// shard): two integers of 8 bytes, and 4 bytes for each class score, each of the three Monte-Carlo
/// scores and each number of a kept vector. The largest number where there are more.
///
/// The vectors of all tokens are never kept: for 120,000 texts of 128 tokens and seven hidden states of
/// width 768 they would take 330 GB in 32 bits, those of the first token alone 2.6 GB.
pub fn estimate(rows: usize, key: &CacheKey) -> u64 {
    shard::row_bytes(key).map_or(u64::MAX, |bytes| bytes.saturating_mul(rows as u64))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{full_key, key};
    use super::*;

    #[test]
    fn sizes_by_hand() {
        // 2 classes: 8 + 8 + 2 * 4.
        assert_eq!(estimate(10, &key()), 240);
        // And 3 scores and 2 vectors of width 3: + 12 + 24.
        assert_eq!(estimate(10, &full_key()), 600);
        // AG News: 120,000 texts, 4 classes, of which the class scores are 1.92 MB.
        let news = CacheKey {
            classes: 4,
            ..key()
        };
        assert_eq!(estimate(120_000, &news), 120_000 * 16 + 1_920_000);
        let vectors = CacheKey {
            first_token: (0..7).collect(),
            hidden_size: 768,
            ..news.clone()
        };
        assert_eq!(
            estimate(120_000, &vectors) - estimate(120_000, &news),
            120_000 * 7 * 768 * 4
        );
        assert_eq!(estimate(usize::MAX, &news), u64::MAX);
    }
}
