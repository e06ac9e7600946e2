use super::Fault;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Open,
    Close,
    Slash,
    Role,
    Symbol,
    String,
    Alignment,
    Comment,
}

/// A token and where it lies, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

/// What is wrong, and where in bytes.
#[derive(Debug)]
pub(super) struct Bad {
    pub(super) at: usize,
    pub(super) fault: Fault,
}

/// White space as in regular expressions: blank, `\t`, `\n`, `\v`, `\f`, `\r`.
pub(super) fn is_space(byte: u8) -> bool {
    byte == b' ' || byte.wrapping_sub(b'\t') < 5
}

/// Bytes that end a symbol. All are ASCII, so cuts fall between characters.
static ENDS: [bool; 256] = {
    let mut ends = [false; 256];
    let bytes = b" \t\n\x0b\x0c\r\"()/:~";
    let mut at = 0;
    while at < bytes.len() {
        ends[bytes[at] as usize] = true;
        at += 1;
    }
    ends
};

#[derive(Debug)]
pub(super) struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl<'t> Lexer<'t> {
    pub(super) fn new(text: &'t str) -> Self {
        Self { text, at: 0 }
    }

    /// The next token; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Token>, Bad> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && is_space(bytes[self.at]) {
            self.at += 1;
        }
        let start = self.at;
        let Some(&first) = bytes.get(start) else {
            return Ok(None);
        };
        let (kind, end) = match first {
            b'(' => (Kind::Open, start + 1),
            b')' => (Kind::Close, start + 1),
            b'/' => (Kind::Slash, start + 1),
            b':' => (Kind::Role, symbol_end(bytes, start + 1)),
            b'~' => match alignment_end(bytes, start) {
                Some(end) => (Kind::Alignment, end),
                None => return Err(bad(start, Fault::Alignment)),
            },
            b'"' => match string_end(bytes, start) {
                Some(end) => (Kind::String, end),
                None => return Err(bad(start, Fault::OpenString)),
            },
            b'#' => {
                let rest = bytes[start..].iter().position(|&byte| byte == b'\n');
                (Kind::Comment, rest.map_or(bytes.len(), |len| start + len))
            }
            _ => (Kind::Symbol, symbol_end(bytes, start + 1)),
        };
        self.at = end;
        Ok(Some(Token { kind, start, end }))
    }
}

fn bad(at: usize, fault: Fault) -> Bad {
    Bad { at, fault }
}

fn symbol_end(bytes: &[u8], from: usize) -> usize {
    let mut end = from;
    while end < bytes.len() && !ENDS[bytes[end] as usize] {
        end += 1;
    }
    end
}

fn string_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        match *bytes.get(at)? {
            b'"' => return Some(at + 1),
            b'\n' => return None,
            b'\\' if *bytes.get(at + 1)? != b'\n' => at += 2,
            _ => at += 1,
        }
    }
}

fn alignment_end(bytes: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    if bytes.get(at)?.is_ascii_lowercase() {
        at += 1;
        at += usize::from(bytes.get(at) == Some(&b'.'));
    }
    loop {
        let digits = bytes[at..]
            .iter()
            .take_while(|byte| byte.is_ascii_digit())
            .count();
        let number = std::str::from_utf8(&bytes[at..at + digits]).ok()?;
        number.parse::<u32>().ok()?;
        at += digits;
        let more = bytes.get(at) == Some(&b',');
        if !(more && bytes.get(at + 1).is_some_and(u8::is_ascii_digit)) {
            return Some(at);
        }
        at += 1;
    }
}

/// `text` is one token of that kind.
fn is_one(text: &str, kind: Kind) -> bool {
    let whole = |token: Token| token.kind == kind && token.start == 0 && token.end == text.len();
    matches!(Lexer::new(text).next(), Ok(Some(token)) if whole(token))
}

/// `text` can be written as a variable.
pub(super) fn is_symbol(text: &str) -> bool {
    is_one(text, Kind::Symbol)
}

/// `text` can be written as a concept or constant.
pub(super) fn is_constant(text: &str) -> bool {
    is_one(text, Kind::Symbol) || is_one(text, Kind::String)
}

/// `text` can be written as a role.
pub(super) fn is_role(text: &str) -> bool {
    is_one(text, Kind::Role)
}

/// Line and column, both from 1, of byte `at` of `text`, whose first line has the number `first`.
pub(super) fn line_and_column(text: &str, at: usize, first: usize) -> (usize, usize) {
    let before = &text.as_bytes()[..at];
    let line_start = before
        .iter()
        .rposition(|&byte| byte == b'\n')
        .map_or(0, |newline| newline + 1);
    let lines = before.iter().filter(|&&byte| byte == b'\n').count();
    (first + lines, text[line_start..at].chars().count() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> Vec<(Kind, &str)> {
        let mut lexer = Lexer::new(text);
        let mut found = Vec::new();
        while let Some(token) = lexer.next().unwrap() {
            found.push((token.kind, &text[token.start..token.end]));
        }
        found
    }

    #[test]
    fn every_kind() {
        let found = tokens("(a/b~e.1,2:r~3 \"x)\\\" y\"~e4 : c#d #e ~\n-)");
        let expected = [
            (Kind::Open, "("),
            (Kind::Symbol, "a"),
            (Kind::Slash, "/"),
            (Kind::Symbol, "b"),
            (Kind::Alignment, "~e.1,2"),
            (Kind::Role, ":r"),
            (Kind::Alignment, "~3"),
            (Kind::String, "\"x)\\\" y\""),
            (Kind::Alignment, "~e4"),
            (Kind::Role, ":"),
            (Kind::Symbol, "c#d"),
            (Kind::Comment, "#e ~"),
            (Kind::Symbol, "-"),
            (Kind::Close, ")"),
        ];
        assert_eq!(found, expected);
        assert_eq!(tokens(" \u{b}\u{c}\r\n\t"), []);
        // Only ASCII white space parts symbols, and a comma that no number follows begins one.
        assert_eq!(tokens("é\u{a0}ü"), [(Kind::Symbol, "é\u{a0}ü")]);
        assert_eq!(tokens("~1,x").len(), 2);
    }

    #[test]
    fn what_is_no_token() {
        let fault = |text| Lexer::new(text).next().unwrap_err().fault;
        for text in ["\"abc", "\"a\nb\"", "\"a\\", "\"a\\\"", "\"a\\\nb\""] {
            assert_eq!(fault(text), Fault::OpenString, "{text:?}");
        }
        for text in ["~", "~e.", "~E.1", "~en.1", "~,1", "~4294967296", "~é"] {
            assert_eq!(fault(text), Fault::Alignment, "{text:?}");
        }
    }

    #[test]
    fn places_count_characters_and_lines() {
        assert_eq!(line_and_column("é\näb", 3, 7), (8, 1));
        assert_eq!(line_and_column("é\näb", 5, 7), (8, 2));
        assert_eq!(line_and_column("", 0, 1), (1, 1));
    }
}
