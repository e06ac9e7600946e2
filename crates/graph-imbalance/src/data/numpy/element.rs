//! The type of an array's elements.

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
pub(crate) struct Element {
    kind: Kind,
    size: usize,
    big_endian: bool,
}

impl Element {
    /// The type that NumPy writes as `text`, such as `<i4` or `|b1`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut letters = text.chars();
        match letters.next() {
            Some(order @ ('<' | '>' | '|')) => Self::new(order, letters.as_str()),
            _ => Err(format!("element type {text:?} lacks its byte order")),
        }
    }

    /// The type of `code`, such as `i4`, in byte order `order`: `<`, `>`, or `|` where it does not
    /// matter.
    pub(crate) fn new(order: char, code: &str) -> Result<Self, String> {
        let element = |kind, size| {
            if order == '|' && size > 1 || !['<', '>', '|'].contains(&order) {
                return Err(format!(
                    "byte order {order:?} for elements of type {code:?}"
                ));
            }
            let big_endian = order == '>';
            Ok(Self {
                kind,
                size,
                big_endian,
            })
        };
        match code {
            "b1" => element(Kind::Bool, 1),
            "i1" => element(Kind::Int, 1),
            "i2" => element(Kind::Int, 2),
            "i4" => element(Kind::Int, 4),
            "i8" => element(Kind::Int, 8),
            "u1" => element(Kind::Uint, 1),
            "u2" => element(Kind::Uint, 2),
            "u4" => element(Kind::Uint, 4),
            "u8" => element(Kind::Uint, 8),
            "f4" => element(Kind::Float, 4),
            "f8" => element(Kind::Float, 8),
            _ if code.starts_with('O') => {
                Err("an array of Python objects, which is a pickle and is not read".to_owned())
            }
            _ => Err(format!(
                "elements of type {code:?}; read are b1, i1 to i8, u1 to u8, f4 and f8"
            )),
        }
    }

    /// Bytes of one element.
    pub(crate) fn size(self) -> usize {
        self.size
    }

    /// The element in `bytes`, which are as many as [`Element::size`] says, as an integer.
    pub(super) fn integer(self, bytes: &[u8]) -> Result<i64, String> {
        if self.kind == Kind::Float {
            return Err("floating-point numbers where integers belong".to_owned());
        }
        let bits = self.bits(bytes);
        let shift = 64 - 8 * self.size;
        if self.kind == Kind::Int {
            return Ok(((bits << shift) as i64) >> shift);
        }
        i64::try_from(bits).map_err(|_| format!("{bits}; at most {}", i64::MAX))
    }

    /// The element in `bytes` as the nearest 32-bit float.
    pub(super) fn float(self, bytes: &[u8]) -> Result<f32, String> {
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
        assert!(integer("<u8", &[0xff; 8]).unwrap_err().contains("at most"));
        assert!(integer("<f4", &[0; 4]).unwrap_err().contains("integers"));
        let float = |text, bytes: &[u8]| Element::parse(text).unwrap().float(bytes);
        assert_eq!(float("<f4", &1.5_f32.to_le_bytes()), Ok(1.5));
        assert_eq!(float(">f8", &(-0.25_f64).to_be_bytes()), Ok(-0.25));
        assert_eq!(float("<i4", &7_i32.to_le_bytes()), Ok(7.0));
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
            let error = Element::parse(text).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
