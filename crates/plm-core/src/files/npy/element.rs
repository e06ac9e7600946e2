//! The type of an array's elements.

use std::fmt;

use super::ArrayError;

/// What kind of number an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Bool,
    Int,
    Uint,
    Float,
}

/// The type of an array's elements: a number of 1, 2, 4 or 8 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Element {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

impl Element {
    /// The type that NumPy writes as `text`, such as `<i4` or `|b1`.
    ///
    /// # Errors
    /// [`ArrayError`] for every other type.
    pub fn parse(text: &str) -> Result<Self, ArrayError> {
        let mut letters = text.chars();
        match letters.next() {
            Some(order @ ('<' | '>' | '|')) => Self::new(order, letters.as_str()),
            _ => Err(format!("element type {text:?} lacks its byte order").into()),
        }
    }

    /// The type of `code`, such as `i4`, in byte order `order`: `<`, `>`, or `|` where it does not
    /// matter.
    ///
    /// # Errors
    /// [`ArrayError`] for other codes than `b1`, `i1` to `i8`, `u1` to `u8`, `f4`, `f8`, and for a byte
    /// order that does not fit.
    pub fn new(order: char, code: &str) -> Result<Self, ArrayError> {
        let (kind, size) = match code {
            "b1" => (Kind::Bool, 1),
            "i1" => (Kind::Int, 1),
            "i2" => (Kind::Int, 2),
            "i4" => (Kind::Int, 4),
            "i8" => (Kind::Int, 8),
            "u1" => (Kind::Uint, 1),
            "u2" => (Kind::Uint, 2),
            "u4" => (Kind::Uint, 4),
            "u8" => (Kind::Uint, 8),
            "f4" => (Kind::Float, 4),
            "f8" => (Kind::Float, 8),
            _ if code.starts_with('O') => {
                return Err("an array of Python objects, which is a pickle and is not read".into());
            }
            _ => {
                return Err(format!(
                    "elements of type {code:?}; read are b1, i1 to i8, u1 to u8, f4 and f8"
                )
                .into());
            }
        };
        if order == '|' && size > 1 || !['<', '>', '|'].contains(&order) {
            return Err(format!("byte order {order:?} for elements of type {code:?}").into());
        }
        Ok(Self {
            kind,
            size,
            big_endian: order == '>',
        })
    }

    /// Bytes of one element.
    pub fn size(self) -> usize {
        self.size
    }

    /// Whether the elements are floating-point numbers.
    pub fn is_float(self) -> bool {
        self.kind == Kind::Float
    }

    /// The element in `bytes`, which are as many as [`Element::size`] says, as an integer.
    pub(super) fn integer(self, bytes: &[u8]) -> Result<i64, ArrayError> {
        if self.is_float() {
            return Err("floating-point numbers where integers belong".into());
        }
        let bits = self.bits(bytes);
        let shift = 64 - 8 * self.size;
        if self.kind == Kind::Int {
            return Ok(((bits << shift) as i64) >> shift);
        }
        i64::try_from(bits).map_err(|_| format!("{bits}; at most {}", i64::MAX).into())
    }

    /// The element in `bytes` as the nearest 32-bit float.
    pub(super) fn float(self, bytes: &[u8]) -> Result<f32, ArrayError> {
        match (self.kind, self.size) {
            (Kind::Float, 4) => Ok(f32::from_bits(self.bits(bytes) as u32)),
            (Kind::Float, _) => Ok(f64::from_bits(self.bits(bytes)) as f32),
            _ => Ok(self.integer(bytes)? as f32),
        }
    }

    fn bits(self, bytes: &[u8]) -> u64 {
        let push = |bits: u64, &byte: &u8| (bits << 8) | u64::from(byte);
        if self.big_endian {
            bytes.iter().fold(0, push)
        } else {
            bytes.iter().rev().fold(0, push)
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Bool => 'b',
            Kind::Int => 'i',
            Kind::Uint => 'u',
            Kind::Float => 'f',
        };
        write!(out, "{kind}{}", self.size)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_type() {
        let integer = |text, bytes: &[u8]| Element::parse(text).unwrap().integer(bytes);
        assert_eq!(integer("|i1", &[0xff]), Ok(-1));
        assert_eq!(integer("|u1", &[0xff]), Ok(255));
        assert_eq!(integer("|b1", &[1]), Ok(1));
        assert_eq!(integer("<i2", &[0xfe, 0xff]), Ok(-2));
        assert_eq!(integer(">i2", &[0x01, 0x02]), Ok(258));
        assert_eq!(integer("<u4", &[0xff; 4]), Ok(u32::MAX.into()));
        assert_eq!(integer("<i8", &[0xff; 8]), Ok(-1));
        let error = |text, bytes: &[u8]| integer(text, bytes).unwrap_err().to_string();
        assert!(error("<u8", &[0xff; 8]).contains("at most"));
        assert!(error("<f4", &[0; 4]).contains("integers"));
        let float = |text, bytes: &[u8]| Element::parse(text).unwrap().float(bytes);
        assert_eq!(float("<f4", &1.5_f32.to_le_bytes()), Ok(1.5));
        assert_eq!(float(">f8", &(-0.25_f64).to_be_bytes()), Ok(-0.25));
        assert_eq!(float("<i4", &7_i32.to_le_bytes()), Ok(7.0));
        assert_eq!(Element::parse("<u2").unwrap().to_string(), "u2");
    }

    #[test]
    fn other_types_are_named() {
        for (text, reason) in [
            ("|O", "Python objects"),
            ("O8", "lacks its byte order"),
            ("<U3", "type \"U3\""),
            ("<f2", "type \"f2\""),
            ("|i4", "byte order '|'"),
            ("", "lacks"),
        ] {
            let error = Element::parse(text).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let error = Element::new('=', "i4").unwrap_err().to_string();
        assert!(error.contains("byte order '='"), "{error}");
    }
}
