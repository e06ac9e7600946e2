//! The header of an `.npy` file.

use super::Element;

/// The longest text of a header. NumPy itself reads no longer one unless told to.
const MAX_TEXT: usize = 10_000;

/// What stands before the elements of an `.npy` file (NumPy enhancement proposal 1).
///
/// Written here because the reader of the crate `npyz` asks for the memory that a header claims and
/// multiplies its axes without a check: a few bytes could stop a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// The type of the elements.
    pub(crate) element: Element,
    /// The axes.
    pub(crate) shape: Vec<usize>,
    /// Whether the first axis is the fastest.
    pub(crate) fortran: bool,
    /// Bytes before the first element.
    pub(crate) length: usize,
}

impl Header {
    /// The most bytes that a header may have.
    pub(crate) const LIMIT: usize = MAX_TEXT + 12;

    /// The header at the start of `bytes`, of which no more than [`Header::LIMIT`] are needed.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let short = || "ends within its header".to_owned();
        let Some(rest) = bytes.strip_prefix(b"\x93NUMPY") else {
            return Err("does not begin as an .npy file".to_owned());
        };
        let (version, length, start) = match rest {
            [1, minor, a, b, ..] => ([1, *minor], u32::from(u16::from_le_bytes([*a, *b])), 10),
            [major @ 2..=3, minor, a, b, c, d, ..] => {
                ([*major, *minor], u32::from_le_bytes([*a, *b, *c, *d]), 12)
            }
            [major @ (0 | 4..), ..] => return Err(format!("version {major} of .npy, not 1 to 3")),
            _ => return Err(short()),
        };
        if version[1] != 0 {
            return Err(format!("version {version:?} of .npy is unknown"));
        }
        let length = length as usize;
        if length > MAX_TEXT {
            return Err(format!("a header of {length} bytes; at most {MAX_TEXT}"));
        }
        let text = bytes.get(start..start + length).ok_or_else(short)?;
        let text = std::str::from_utf8(text).map_err(|_| "a header that is not text".to_owned())?;
        Self::interpret(text, start + length).map_err(|reason| format!("header {text:?}: {reason}"))
    }

    /// Reads a literal of a Python dictionary with exactly the three keys that a header has.
    fn interpret(text: &str, length: usize) -> Result<Self, String> {
        let (mut element, mut shape, mut fortran) = (None, None, None);
        let mut rest = text.trim();
        rest = expect(rest, "{")?;
        while !rest.starts_with('}') {
            let (key, after) = quoted(rest)?;
            rest = expect(after, ":")?;
            match key {
                "descr" => {
                    let (descr, after) = quoted(rest)?;
                    element = Some(Element::parse(descr)?);
                    rest = after;
                }
                "fortran_order" => {
                    let yes = rest.starts_with("True");
                    fortran = Some(yes);
                    rest = expect(rest, if yes { "True" } else { "False" })?;
                }
                "shape" => {
                    let (axes, after) = tuple(rest)?;
                    shape = Some(axes);
                    rest = after;
                }
                _ => return Err(format!("key {key:?}")),
            }
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        if rest != "}" {
            return Err("something after its end".to_owned());
        }
        match (element, shape, fortran) {
            (Some(element), Some(shape), Some(fortran)) => Ok(Self {
                element,
                shape,
                fortran,
                length,
            }),
            _ => Err("lacks one of descr, fortran_order, shape".to_owned()),
        }
    }
}

/// What follows `mark` and blanks.
fn expect<'a>(text: &'a str, mark: &str) -> Result<&'a str, String> {
    let rest = text.strip_prefix(mark);
    rest.map(str::trim_start)
        .ok_or_else(|| format!("{mark:?} is missing"))
}

/// A string without escapes in either kind of quotes, and what follows it.
fn quoted(text: &str) -> Result<(&str, &str), String> {
    let missing = || "a string is missing".to_owned();
    let quote = text.chars().next().filter(|&c| c == '\'' || c == '"');
    let (inside, rest) = text[usize::from(quote.is_some())..]
        .split_once(quote.ok_or_else(missing)?)
        .ok_or_else(missing)?;
    Ok((inside, rest.trim_start()))
}

/// A tuple of numbers, and what follows it.
fn tuple(text: &str) -> Result<(Vec<usize>, &str), String> {
    let (inside, rest) = expect(text, "(")?
        .split_once(')')
        .ok_or("a tuple is not closed")?;
    let inside = inside.trim();
    let inside = inside.strip_suffix(',').unwrap_or(inside);
    let axis = |axis: &str| {
        let axis = axis.trim();
        axis.parse().map_err(|_| format!("axis {axis:?}"))
    };
    let axes = if inside.is_empty() {
        Vec::new()
    } else {
        inside.split(',').map(axis).collect::<Result<_, _>>()?
    };
    Ok((axes, rest.trim_start()))
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
        for (shape, axes) in [("()", &[][..]), ("(3,)", &[3]), ("(2, 5)", &[2, 5])] {
            let text = format!("{{'descr': '<i4', 'fortran_order': True, 'shape': {shape}, }}  \n");
            let header = Header::parse(&file(&text)).unwrap();
            assert_eq!((header.shape.as_slice(), header.fortran), (axes, true));
            assert_eq!(header.element, Element::parse("<i4").unwrap());
            assert_eq!(header.length, 10 + text.len());
        }
        let mut second = b"\x93NUMPY\x02\x00\x38\x00\x00\x00".to_vec();
        second.extend(b"{'descr': '|b1', 'fortran_order': False, 'shape': (1,)}\n");
        assert_eq!(Header::parse(&second).unwrap().length, 12 + 56);
    }

    #[test]
    fn other_headers_are_refused() {
        let header = "{'descr': '<i4', 'fortran_order': False, 'shape': (2,)}";
        let swap = |from, to| Header::parse(&file(&header.replace(from, to))).unwrap_err();
        for (error, text) in [
            (swap("(2,)", "(99999999999999999999,)"), "axis \"9999"),
            (swap("(2,)", "(-1,)"), "axis \"-1\""),
            (swap("(2,)", "((2,),)"), "axis \"(2\""),
            (swap("(2,)", "(2,"), "not closed"),
            (swap("'<i4'", "'|O'"), "Python objects"),
            (swap("'<i4'", "[('a', '<i4')]"), "a string is missing"),
            (swap("False", "0"), "\"False\" is missing"),
            (swap("descr", "é"), "key \"é\""),
            (swap("'shape': (2,)", ""), "lacks one of"),
            (swap("}", "} 1"), "something after"),
            (swap("{", "é"), "\"{\" is missing"),
            (swap("'descr'", "é"), "a string is missing"),
        ] {
            assert!(error.contains(text), "{error}");
        }
        let mut long = b"\x93NUMPY\x03\x00".to_vec();
        long.extend(u32::MAX.to_le_bytes());
        for (bytes, text) in [
            (long.as_slice(), "a header of 4294967295 bytes"),
            (b"\x93NUMPY\x01\x00\x40\x00{", "ends within"),
            (b"\x93NUMPY\x01", "ends within"),
            (b"\x93NUMPY\x04\x00", "version 4"),
            (b"PK", "does not begin"),
        ] {
            let error = Header::parse(bytes).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
    }
}
