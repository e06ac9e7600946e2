//! The header of an `.npy` file.

use super::array::byte_length;
use super::{ArrayError, Element};

/// The longest text of a header. NumPy itself reads no longer one unless told to.
const MAX_TEXT: usize = 10_000;

/// What stands before the elements of an `.npy` file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The type of the elements.
    pub element: Element,
    /// The axes.
    pub shape: Vec<usize>,
    /// Whether the first axis is the fastest.
    pub fortran: bool,
    /// Bytes before the first element.
    pub length: usize,
}

impl Header {
    /// The most bytes that a header may have.
    pub const LIMIT: usize = MAX_TEXT + 12;

    /// The header at the start of `bytes`, of which no more than [`Header::LIMIT`] are needed. Versions
    /// 1.0 to 3.0 of the format are read.
    ///
    /// # Errors
    /// [`ArrayError`] where there is no such header.
    pub fn parse(bytes: &[u8]) -> Result<Self, ArrayError> {
        let short = || ArrayError::from("ends within its header");
        let rest = bytes
            .strip_prefix(b"\x93NUMPY")
            .ok_or("does not begin as an .npy file")?;
        let (length, start) = match rest {
            [1, 0, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
            [2 | 3, 0, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
            [1..=3, 0, ..] | [] | [_] => return Err(short()),
            [major, minor, ..] => {
                let reason = format!("version {major}.{minor} of .npy; 1.0 to 3.0 are read");
                return Err(reason.into());
            }
        };
        if length > MAX_TEXT {
            return Err(format!("a header of {length} bytes; at most {MAX_TEXT}").into());
        }
        let text = bytes.get(start..start + length).ok_or_else(short)?;
        let text = std::str::from_utf8(text).map_err(|_| "a header that is not text")?;
        let text = text.trim();
        Self::interpret(text, start + length)
            .map_err(|error| format!("header {text:?}: {error}").into())
    }

    /// Bytes of all elements; `None` where there are more than can be counted.
    pub fn data_length(&self) -> Option<usize> {
        byte_length(self.element, &self.shape)
    }

    /// Reads a literal of a Python dictionary with exactly the three keys that a header has.
    fn interpret(text: &str, length: usize) -> Result<Self, ArrayError> {
        let (mut element, mut shape, mut fortran) = (None, None, None);
        let mut rest = after(text, "{")?;
        while !rest.starts_with('}') {
            let (key, value) = quoted(rest)?;
            let value = after(value, ":")?;
            rest = match key {
                "descr" => {
                    let (descr, rest) = quoted(value)?;
                    element = Some(Element::parse(descr)?);
                    rest
                }
                "shape" => {
                    let (axes, rest) = tuple(value)?;
                    shape = Some(axes);
                    rest
                }
                "fortran_order" => {
                    let yes = value.starts_with("True");
                    fortran = Some(yes);
                    after(value, if yes { "True" } else { "False" })?
                }
                _ => return Err(format!("key {key:?} is unknown").into()),
            };
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        if rest != "}" {
            return Err("something after its end".into());
        }
        match (element, shape, fortran) {
            (Some(element), Some(shape), Some(fortran)) => Ok(Self {
                element,
                shape,
                fortran,
                length,
            }),
            _ => Err("lacks one of descr, fortran_order, shape".into()),
        }
    }
}

/// What follows `mark` and blanks.
fn after<'a>(text: &'a str, mark: &str) -> Result<&'a str, String> {
    let rest = text.strip_prefix(mark).map(str::trim_start);
    rest.ok_or_else(|| format!("{mark:?} is missing"))
}

/// A string without escapes in either kind of quotes, and what follows it and blanks.
fn quoted(text: &str) -> Result<(&str, &str), &'static str> {
    let inside = |quote| text.strip_prefix(quote)?.split_once(quote);
    let (inside, rest) = inside('\'')
        .or_else(|| inside('"'))
        .ok_or("a string is missing")?;
    Ok((inside, rest.trim_start()))
}

/// A tuple of numbers, and what follows it and blanks.
fn tuple(text: &str) -> Result<(Vec<usize>, &str), String> {
    let (inside, rest) = after(text, "(")?
        .split_once(')')
        .ok_or("a tuple is not closed")?;
    let inside = inside.trim_end();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    let axis = |axis: &str| axis.trim().parse().map_err(|_| format!("axis {axis:?}"));
    let axes = match inside {
        "" => Ok(Vec::new()),
        _ => inside.split(',').map(axis).collect(),
    };
    Ok((axes?, rest.trim_start()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> Vec<u8> {
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend((text.len() as u16).to_le_bytes());
        bytes.extend(text.as_bytes());
        bytes
    }

    #[test]
    fn headers_as_numpy_writes_them() {
        for (shape, axes, size) in [
            ("()", &[][..], 4),
            ("(3,)", &[3], 12),
            ("(2, 5)", &[2, 5], 40),
        ] {
            let text = format!("{{'descr': '<i4', 'fortran_order': True, 'shape': {shape}, }}  \n");
            let header = Header::parse(&file(&text)).unwrap();
            assert_eq!((header.shape.as_slice(), header.fortran), (axes, true));
            assert_eq!(header.element, Element::parse("<i4").unwrap());
            assert_eq!(header.length, 10 + text.len());
            assert_eq!(header.data_length(), Some(size));
        }
        let mut second = b"\x93NUMPY\x02\x00\x37\x00\x00\x00".to_vec();
        second.extend(b"{'descr':'>f8','fortran_order':False,'shape':(0,1)}    ");
        let header = Header::parse(&second).unwrap();
        assert_eq!((header.length, header.data_length()), (12 + 55, Some(0)));
    }

    #[test]
    fn other_headers_are_refused() {
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}";
        let parse = |text: &str| Header::parse(&file(text));
        let swap = |from, to| parse(&header.replace(from, to)).unwrap_err();
        for (error, text) in [
            (swap("(2,)", "(99999999999999999999,)"), "axis \"9999"),
            (swap("(2,)", "(-1,)"), "axis \"-1\""),
            (swap("(2,)", "((2,),)"), "axis \"(2\""),
            (swap("(2,)", "(2,"), "not closed"),
            (swap("'<i4'", "'|O'"), "Python objects"),
            (swap("'<i4'", "[('a', '<i4')]"), "a string is missing"),
            (swap("False", "0"), "\"False\" is missing"),
            (swap("descr", "é"), "key \"é\""),
            (swap(", 'shape': (2,)", ""), "lacks one of"),
            (swap("}", "} 1"), "something after"),
            (swap("{", "é"), "\"{\" is missing"),
            (swap("'descr'", "é"), "a string is missing"),
        ] {
            assert!(error.to_string().contains(text), "{error}");
        }
        let huge = header.replace("(2,)", &format!("({}, 3)", usize::MAX));
        assert_eq!(parse(&huge).unwrap().data_length(), None);
    }

    #[test]
    fn other_beginnings_are_refused() {
        let mut long = b"\x93NUMPY\x03\x00".to_vec();
        long.extend(u32::MAX.to_le_bytes());
        for (bytes, text) in [
            (long.as_slice(), "a header of 4294967295 bytes"),
            (b"\x93NUMPY\x01\x00\x40\x00{", "ends within"),
            (b"\x93NUMPY\x01", "ends within"),
            (b"\x93NUMPY\x04\x00", "version 4.0"),
            (b"PK", "does not begin"),
        ] {
            let error = Header::parse(bytes).unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
    }
}
