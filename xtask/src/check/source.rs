//! Rust source with its comments, strings and tests taken away.

/// `text` with comments and the contents of strings and characters replaced by spaces; line breaks
/// stay, so that line numbers do too.
pub(super) fn code_only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let blank = |code: &mut String, c: char| code.push(if c == '\n' { '\n' } else { ' ' });
    let mut at = 0;
    while at < chars.len() {
        let rest = &chars[at..];
        let length = match rest {
            ['/', '/', ..] => rest.iter().position(|&c| c == '\n').unwrap_or(rest.len()),
            ['/', '*', ..] => block_comment(rest),
            ['"', ..] => string(rest),
            ['r', '"' | '#', ..] if !chars[..at].last().is_some_and(|&c| is_word(c)) => {
                raw_string(rest)
            }
            ['\'', '\\', ..] => {
                3 + rest[3.min(rest.len())..]
                    .iter()
                    .position(|&c| c == '\'')
                    .unwrap_or(0)
                    + 1
            }
            ['\'', _, '\'', ..] => 3,
            _ => 0,
        };
        if length == 0 {
            code.push(chars[at]);
            at += 1;
        } else {
            let end = (at + length).min(chars.len());
            chars[at..end].iter().for_each(|&c| blank(&mut code, c));
            at = end;
        }
    }
    code
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn block_comment(rest: &[char]) -> usize {
    let mut depth = 0;
    let mut at = 0;
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            break;
        }
    }
    at
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// Length of a raw string that starts here, 0 where none does.
fn raw_string(rest: &[char]) -> usize {
    let hashes = rest[1..].iter().take_while(|&&c| c == '#').count();
    if rest.get(1 + hashes) != Some(&'"') {
        return 0;
    }
    let mut at = 2 + hashes;
    while at < rest.len() {
        let closes = rest[at] == '"'
            && rest.len() > at + hashes
            && rest[at + 1..=at + hashes].iter().all(|&c| c == '#');
        if closes {
            return at + 1 + hashes;
        }
        at += 1;
    }
    rest.len()
}

/// The lines of `text` before its test module: a `mod tests` below a `#[cfg(…test…)]`.
pub(super) fn before_tests(text: &str) -> &str {
    let mut at = 0;
    let mut conditional = None;
    for line in text.split_inclusive('\n') {
        match conditional {
            Some(start) if line.starts_with("mod tests {") || line.ends_with(" mod tests {\n") => {
                return &text[..start];
            }
            _ if line.starts_with("#[cfg(") && line.contains("test") => conditional = Some(at),
            _ => conditional = None,
        }
        at += line.len();
    }
    text
}

/// True where `line` holds `path` at the start of a path, not in the middle of one.
pub(super) fn starts_path(line: &str, path: &str) -> bool {
    let inside = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '}' | '/' | '~');
    line.match_indices(path)
        .any(|(at, _)| !line[..at].ends_with(inside))
}

/// True where `line` holds `word` and no letter before it.
pub(super) fn has_word(line: &str, word: &str) -> bool {
    line.match_indices(word)
        .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_disappear_and_lines_stay() {
        let text = "let a = \"print!(\\\"x\\\")\"; // print!\n/* dbg!\n /* nested */ */ let b = 'p';\n\
                    let c = r#\"dbg!(\"y\")\"#; let d: &'static str; let e = '\\'';\n";
        let code = code_only(text);
        assert!(!code.contains("print!") && !code.contains("dbg!"), "{code}");
        assert_eq!(code.lines().count(), text.lines().count());
        for kept in [
            "let a =",
            "let b =",
            "let c =",
            "let d: &'static str;",
            "let e =",
        ] {
            assert!(code.contains(kept), "{kept}: {code}");
        }
        assert_eq!(code_only("\"never closed"), " ".repeat(13));
        assert_eq!(code_only("for r in row {}"), "for r in row {}");
    }

    #[test]
    fn tests_at_the_end_are_cut_off() {
        assert_eq!(
            before_tests("fn a() {}\n#[cfg(test)]\nmod tests {\n}\n"),
            "fn a() {}\n"
        );
        let unix = "fn a() {}\n#[cfg(all(test, unix))]\npub(super) mod tests {\n}\n";
        assert_eq!(before_tests(unix), "fn a() {}\n");
        let helper = "#[cfg(test)]\npub(crate) mod sample;\nfn a() {}\n";
        assert_eq!(before_tests(helper), helper);
    }
}
