//! How far compressed files may expand.

use std::io::{self, Read};

/// Bytes that `compressed` bytes may expand to: 256 times as many and one MiB. Deflate can pack a
/// thousand zeros into a byte; tables of words come to about a hundred to one.
pub(super) fn limit(compressed: usize) -> u64 {
    (compressed as u64)
        .saturating_mul(256)
        .saturating_add(1 << 20)
}

/// Everything that `reader` has, at most `limit` bytes.
pub(super) fn read_all(reader: impl Read, limit: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader
        .take(limit.saturating_add(1))
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > limit {
        return Err(io::Error::other(format!(
            "expands to more than {limit} bytes, the limit for a file of its size"
        )));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_than_the_limit_is_refused() {
        assert_eq!(limit(3), 768 + (1 << 20));
        assert_eq!(read_all(&b"123"[..], 3).unwrap(), b"123");
        let error = read_all(&b"1234"[..], 3).unwrap_err().to_string();
        assert!(error.contains("more than 3 bytes"), "{error}");
    }
}
