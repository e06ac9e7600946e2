//! The header of an `.npy` file.

/// The longest text of a header. NumPy itself reads no longer one unless told to.
const LONGEST_TEXT: usize = 10_000;

/// What stands before the numbers of an `.npy` file (NumPy enhancement proposal 1).
///
/// Written here because the reader of the crate `npyz` asks for the memory that a header claims and
/// multiplies its axes without a check: a few bytes could stop a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Header {
    /// The two axes.
    pub(super) shape: [usize; 2],
    /// Whether the first axis is the fastest.
    pub(super) fortran: bool,
    /// Bytes before the first number.
    pub(super) length: usize,
    big_endian: bool,
    double: bool,
}

impl Header {
    /// The most bytes that a header may have.
    pub(super) const LIMIT: usize = LONGEST_TEXT + 12;

    /// The header at the start of `bytes`, of which no more than [`Header::LIMIT`] are needed.
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let short = || "ends within its header".to_owned();
        let rest = bytes
            .strip_prefix(b"\x93NUMPY")
            .ok_or("does not begin as an .npy file")?;
        let (length, start) = match rest {
            [1, 0, a, b, ..] => (usize::from(u16::from_le_bytes([*a, *b])), 10),
            [2 | 3, 0, a, b, c, d, ..] => (u32::from_le_bytes([*a, *b, *c, *d]) as usize, 12),
            [1..=3, 0, ..] | [] | [_] => return Err(short()),
            [major, minor, ..] => {
                return Err(format!(
                    "version {major}.{minor} of .npy; 1.0 to 3.0 are read"
                ));
            }
        };
        if length > LONGEST_TEXT {
            return Err(format!(
                "a header of {length} bytes; at most {LONGEST_TEXT}"
            ));
        }
        let text = bytes.get(start..start + length).ok_or_else(short)?;
        let text = std::str::from_utf8(text).map_err(|_| "a header that is not text".to_owned())?;
        Self::interpret(text.trim(), start + length)
            .map_err(|reason| format!("header {:?}: {reason}", text.trim()))
    }

    /// Reads a literal of a Python dictionary with exactly the three keys that a header has.
    fn interpret(text: &str, length: usize) -> Result<Self, String> {
        let (mut descr, mut shape, mut fortran) = (None, None, None);
        let mut rest = after(text, "{")?;
        while !rest.starts_with('}') {
            let (key, value) = quoted(rest)?;
            let value = after(value, ":")?;
            rest = match key {
                "descr" => keep(&mut descr, quoted(value)?),
                "shape" => keep(&mut shape, tuple(value)?),
                "fortran_order" => match value.strip_prefix("True") {
                    Some(rest) => keep(&mut fortran, (true, rest)),
                    None => keep(&mut fortran, (false, after(value, "False")?)),
                },
                _ => return Err(format!("key {key:?} is unknown")),
            };
            rest = rest.trim_start();
            rest = rest.strip_prefix(',').unwrap_or(rest).trim_start();
        }
        if rest != "}" {
            return Err("something after its end".to_owned());
        }
        let (Some(descr), Some(shape), Some(fortran)) = (descr, shape, fortran) else {
            return Err("lacks one of descr, fortran_order, shape".to_owned());
        };
        let (big_endian, double) = match descr {
            "<f4" => (false, false),
            "<f8" => (false, true),
            ">f4" => (true, false),
            ">f8" => (true, true),
            _ => return Err(format!("elements of type {descr:?}; read are f4 and f8")),
        };
        let shape: [usize; 2] = shape
            .try_into()
            .map_err(|axes| format!("shape {axes:?}; a prompt has two axes, slots and width"))?;
        if shape[1] == 0 {
            return Err(format!(
                "shape {shape:?}; a prompt has a width of at least 1"
            ));
        }
        Ok(Self {
            shape,
            fortran,
            length,
            big_endian,
            double,
        })
    }

    /// Bytes of all numbers.
    pub(super) fn size(&self) -> Result<u64, String> {
        let [rows, width] = self.shape.map(|axis| axis as u64);
        let bytes = if self.double { 8 } else { 4 };
        rows.checked_mul(width)
            .and_then(|count| count.checked_mul(bytes))
            .ok_or_else(|| format!("shape {:?} cannot be counted", self.shape))
    }

    /// The numbers in `bytes` as the nearest 32-bit floats.
    pub(super) fn numbers(&self, bytes: &[u8]) -> Vec<f32> {
        fn each<const N: usize>(bytes: &[u8], read: impl Fn([u8; N]) -> f32) -> Vec<f32> {
            bytes.as_chunks().0.iter().map(|&item| read(item)).collect()
        }
        match (self.double, self.big_endian) {
            (false, false) => each(bytes, f32::from_le_bytes),
            (false, true) => each(bytes, f32::from_be_bytes),
            (true, false) => each(bytes, |item| f64::from_le_bytes(item) as f32),
            (true, true) => each(bytes, |item| f64::from_be_bytes(item) as f32),
        }
    }
}

/// Puts a value in its place and gives what follows it.
fn keep<'a, T>(place: &mut Option<T>, (value, rest): (T, &'a str)) -> &'a str {
    *place = Some(value);
    rest
}

/// What follows `mark` and blanks.
fn after<'a>(text: &'a str, mark: &str) -> Result<&'a str, String> {
    let rest = text.strip_prefix(mark).map(str::trim_start);
    rest.ok_or_else(|| format!("{mark:?} is missing"))
}

/// A string without escapes in either kind of quotes, and what follows it.
fn quoted(text: &str) -> Result<(&str, &str), String> {
    let inside = |quote| text.strip_prefix(quote)?.split_once(quote);
    let (inside, rest) = inside('\'')
        .or_else(|| inside('"'))
        .ok_or("a string is missing")?;
    Ok((inside, rest.trim_start()))
}

/// A tuple of numbers, and what follows it.
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
    Ok((axes?, rest))
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
        let text = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 5), }   \n";
        let header = Header::parse(&file(text)).unwrap();
        assert_eq!((header.shape, header.fortran), ([2, 5], true));
        assert_eq!((header.length, header.size()), (10 + text.len(), Ok(40)));
        let mut second = b"\x93NUMPY\x02\x00\x37\x00\x00\x00".to_vec();
        second.extend(b"{'descr':'>f8','fortran_order':False,'shape':(0,1)}    ");
        let header = Header::parse(&second).unwrap();
        assert_eq!((header.length, header.size()), (12 + 55, Ok(0)));
    }

    #[test]
    fn other_headers_are_refused() {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3)}";
        let swap = |from, to| Header::parse(&file(&header.replace(from, to))).unwrap_err();
        for (error, text) in [
            (swap("(2, 3)", "(99999999999999999999, 1)"), "axis \"9999"),
            (swap("(2, 3)", "(-1, 2)"), "axis \"-1\""),
            (swap("(2, 3)", "(2,)"), "two axes"),
            (swap("(2, 3)", "()"), "two axes"),
            (swap("(2, 3)", "(9, 0)"), "at least 1"),
            (swap("(2, 3)", "(2, "), "not closed"),
            (swap("<f4", "|O"), "\"|O\""),
            (swap("<f4", "<f2"), "read are f4 and f8"),
            (swap("'<f4'", "[('a', '<f4')]"), "a string is missing"),
            (swap("False", "0"), "\"False\" is missing"),
            (swap("descr", "é"), "key \"é\""),
            (swap(", 'shape': (2, 3)", ""), "lacks one of"),
            (swap("}", "} 1"), "something after"),
            (swap("{", "é"), "\"{\" is missing"),
        ] {
            assert!(error.contains(text), "{error}");
        }
        let mut long = b"\x93NUMPY\x03\x00".to_vec();
        long.extend(u32::MAX.to_le_bytes());
        for (bytes, text) in [
            (long.as_slice(), "a header of 4294967295 bytes"),
            (b"\x93NUMPY\x01\x00\x40\x00{", "ends within"),
            (b"\x93NUMPY\x01", "ends within"),
            (b"\x93NUMPY\x04\x00", "version 4.0"),
            (b"PK", "does not begin"),
        ] {
            let error = Header::parse(bytes).unwrap_err();
            assert!(error.contains(text), "{error}");
        }
        let huge = header.replace("(2, 3)", &format!("({}, 3)", usize::MAX));
        assert!(Header::parse(&file(&huge)).unwrap().size().is_err());
    }
}
