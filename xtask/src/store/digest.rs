//! SHA-256 sums of files.

use std::fmt::Write as _;
use std::fs::File;
use std::io::Read as _;
use std::path::Path;

use anyhow::{Result, ensure};
use sha2::{Digest as _, Sha256};

/// The SHA-256 sum of `path` in lower-case hexadecimal, if the file has `bytes` bytes.
///
/// # Errors
/// Where the file cannot be read or has another size.
pub(super) fn sha256(path: &Path, bytes: u64) -> Result<String> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len();
    ensure!(size == bytes, "{size} bytes instead of {bytes} bytes");
    let mut state = Sha256::new();
    let mut buffer = vec![0_u8; 1 << 16];
    loop {
        let count = file.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        state.update(&buffer[..count]);
    }
    Ok(hex(&state.finalize()))
}

/// The SHA-256 sum of `text` in lower-case hexadecimal.
pub(super) fn sha256_of(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
