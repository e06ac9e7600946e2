//! The bytes of a pickle, from the first to the last.

use std::ops::Range;

use super::object::Fault;

/// The longest name of a global that is looked at.
const MAX_NAME: usize = 128;

/// Where the reading is.
pub(super) struct Cursor<'a> {
    bytes: &'a [u8],
    /// The next byte.
    at: usize,
    /// Where the opcode lies that is being run.
    opcode: usize,
}

impl<'a> Cursor<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (at, opcode) = (0, 0);
        Self { bytes, at, opcode }
    }

    /// The next opcode, at which faults lie from here on.
    pub(super) fn opcode(&mut self) -> Result<u8, Fault> {
        self.opcode = self.at;
        self.byte()
    }

    /// Where the opcode lies that is being run.
    pub(super) fn place(&self) -> usize {
        self.opcode
    }

    /// Bytes that were not read.
    pub(super) fn left(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// The text in `range`, as far as the name of a global may go.
    pub(super) fn name(&self, range: Range<usize>) -> String {
        let end = range.end.min(range.start + MAX_NAME);
        String::from_utf8_lossy(&self.bytes[range.start..end]).into_owned()
    }

    /// A fault of the opcode that is being run.
    pub(super) fn fault(&self, reason: impl Into<String>) -> Fault {
        Fault::new(self.opcode, reason)
    }

    /// The next `count` bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<Range<usize>, Fault> {
        let left = self.left();
        if count > left {
            return Err(self.fault(format!("{count} bytes are needed and {left} are left")));
        }
        self.at += count;
        Ok(self.at - count..self.at)
    }

    /// The next byte.
    pub(super) fn byte(&mut self) -> Result<u8, Fault> {
        self.array::<1>().map(|[byte]| byte)
    }

    /// The next `N` bytes, for a number.
    pub(super) fn array<const N: usize>(&mut self) -> Result<[u8; N], Fault> {
        let range = self.take(N)?;
        let mut array = [0; N];
        array.copy_from_slice(&self.bytes[range]);
        Ok(array)
    }

    /// Bytes whose number is in the next byte.
    pub(super) fn short_range(&mut self) -> Result<Range<usize>, Fault> {
        let length = self.byte()?;
        self.take(length.into())
    }

    /// Bytes whose number is in the next four bytes.
    pub(super) fn long_range(&mut self) -> Result<Range<usize>, Fault> {
        let length = u32::from_le_bytes(self.array()?);
        self.take(length as usize)
    }

    /// The next bytes up to the end of the line.
    pub(super) fn line(&mut self) -> Result<Range<usize>, Fault> {
        let rest = &self.bytes[self.at..];
        let end = rest
            .iter()
            .take(MAX_NAME + 1)
            .position(|&byte| byte == b'\n');
        let end = end.ok_or_else(|| {
            self.fault(format!(
                "a global whose name does not end within {MAX_NAME} bytes"
            ))
        })?;
        let line = self.take(end + 1)?;
        Ok(line.start..line.end - 1)
    }
}
