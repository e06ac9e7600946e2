//! Reading files that may be gzipped.

use std::io::{self, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

/// Bytes that one compressed byte may become; tables of words come to about a hundred.
const RATIO: u64 = 256;
/// Bytes that any file may become.
const FREE: u64 = 1 << 20;

/// All bytes of the file, expanded where its name ends in `.gz`.
pub(super) fn read_all(path: &Path) -> io::Result<Vec<u8>> {
    let bytes = std::fs::read(path)?;
    if path.extension().is_none_or(|extension| extension != "gz") {
        return Ok(bytes);
    }
    let limit = RATIO.saturating_mul(bytes.len() as u64) + FREE;
    let mut expanded = Vec::new();
    let mut reader = MultiGzDecoder::new(bytes.as_slice()).take(limit + 1);
    reader.read_to_end(&mut expanded)?;
    if expanded.len() as u64 > limit {
        let text = format!("expands to more than {limit} bytes, the limit for a file of its size");
        return Err(io::Error::other(text));
    }
    Ok(expanded)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn bombs_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("zeros.gz");
        let write = |count: usize| {
            let file = std::fs::File::create(&path).unwrap();
            let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::best());
            encoder.write_all(&vec![0; count]).unwrap();
            encoder.finish().unwrap();
        };
        write(1000);
        assert_eq!(read_all(&path).unwrap(), vec![0; 1000]);
        write(4 << 20);
        let error = read_all(&path).unwrap_err().to_string();
        assert!(error.contains("expands to more than"), "{error}");
    }
}
