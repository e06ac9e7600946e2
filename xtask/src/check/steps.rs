//! Commands run one after the other, timed, with a summary.

use std::io::{BufRead as _, BufReader, Read};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Context as _, Result};

use crate::report::{number, table};

/// Which program's closing lines a command prints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tests {
    /// None.
    None,
    /// `cargo nextest`: `Summary [ 1.6s] 46 tests run: 46 passed, 0 skipped`.
    Nextest,
    /// `cargo test`: `test result: ok. 5 passed; 0 failed; …`.
    Libtest,
    /// The same, of so many tests.
    LibtestOf(usize),
}

/// How many tests ran, over all commands.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Totals {
    passed: usize,
    failed: usize,
}

/// Steps done so far.
#[derive(Debug, Default)]
pub(super) struct Steps {
    done: Vec<(String, f64, String)>,
    failed: Vec<String>,
    totals: Totals,
    closing: Vec<String>,
    unmet: Vec<String>,
}

impl Steps {
    /// Runs `command`, showing its output; a step that counts tests fails where none ran.
    pub(super) fn command(&mut self, name: &str, command: &mut Command, tests: Tests) {
        let line: Vec<_> = command
            .get_args()
            .map(|argument| argument.to_string_lossy())
            .collect();
        eprintln!("\n── {name}: cargo {}", line.join(" "));
        let clock = Instant::now();
        let verdict = match tee(command) {
            Err(error) => Err(format!("{error:#}")),
            Ok((success, lines)) => {
                let closing: Vec<&String> = lines
                    .iter()
                    .filter(|line| count(tests, line).is_some())
                    .collect();
                let here = closing
                    .iter()
                    .filter_map(|line| count(tests, line))
                    .fold(Totals::default(), add);
                self.totals = add(self.totals, here);
                self.closing.extend(
                    closing
                        .into_iter()
                        .filter(|line| !line.contains(" 0 passed; 0 failed"))
                        .cloned(),
                );
                self.unmet
                    .extend(lines.iter().filter_map(|line| unmet(line)));
                match (success, tests) {
                    (false, _) => Err("failed".to_owned()),
                    (true, Tests::Nextest | Tests::Libtest) if here == Totals::default() => {
                        Err("failed: no test ran".to_owned())
                    }
                    (true, Tests::LibtestOf(wanted)) if here.passed != wanted => {
                        Err(format!("failed: {} of {wanted} tests ran", here.passed))
                    }
                    _ => Ok(()),
                }
            }
        };
        self.finish(name, clock, verdict);
    }

    /// Runs `check` in this process.
    pub(super) fn check(&mut self, name: &str, check: impl FnOnce() -> Result<()>) {
        eprintln!("\n── {name}");
        let clock = Instant::now();
        let verdict = check().map_err(|error| {
            eprintln!("{error:#}");
            "failed".to_owned()
        });
        self.finish(name, clock, verdict);
    }

    /// Notes that a step was left out.
    pub(super) fn skip(&mut self, name: &str, reason: &str) {
        eprintln!("\n── {name}: skipped, {reason}");
        self.done
            .push((name.to_owned(), 0.0, format!("skipped, {reason}")));
    }

    /// Notes a test that could not run for want of an asset.
    pub(super) fn unmet(&mut self, text: &str) {
        self.unmet.extend(text.lines().filter_map(unmet));
    }

    fn finish(&mut self, name: &str, clock: Instant, verdict: Result<(), String>) {
        let text = match verdict {
            Ok(()) => "ok".to_owned(),
            Err(reason) => {
                self.failed.push(name.to_owned());
                reason
            }
        };
        self.done
            .push((name.to_owned(), clock.elapsed().as_secs_f64(), text));
    }

    /// The summary, to be printed last.
    pub(super) fn summary(&self) -> String {
        let rows: Vec<Vec<String>> = self
            .done
            .iter()
            .map(|(name, seconds, verdict)| {
                vec![
                    name.clone(),
                    number((seconds * 10.0).round() / 10.0),
                    verdict.clone(),
                ]
            })
            .collect();
        let mut text = format!("\n{}", table(&["step", "seconds", "verdict"], &rows));
        if !self.unmet.is_empty() {
            let mut unmet = self.unmet.clone();
            unmet.sort();
            unmet.dedup();
            text += &format!(
                "\n{} tests skipped for want of an asset:\n",
                self.unmet.len()
            );
            for line in unmet {
                text += &format!("  {line}\n");
            }
        }
        text.push('\n');
        for line in &self.closing {
            text += &format!("{}\n", line.trim());
        }
        if !self.failed.is_empty() {
            text += &format!("FAILED: {}\n", self.failed.join(", "));
        }
        if self.totals != Totals::default() {
            text += &format!(
                "{} passed, {} failed\n",
                self.totals.passed, self.totals.failed
            );
        }
        text
    }

    /// Prints the summary; success where every step was.
    pub(super) fn end(&self) -> ExitCode {
        print!("{}", self.summary());
        if self.failed.is_empty() {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        }
    }
}

fn add(one: Totals, other: Totals) -> Totals {
    Totals {
        passed: one.passed + other.passed,
        failed: one.failed + other.failed,
    }
}

/// The totals in `line` where it is a closing line of `tests`.
fn count(tests: Tests, line: &str) -> Option<Totals> {
    let line = plain(line);
    let counts = match tests {
        Tests::None => return None,
        Tests::Nextest => {
            line.trim()
                .strip_prefix("Summary [")?
                .split_once("run: ")?
                .1
        }
        Tests::Libtest | Tests::LibtestOf(_) => {
            line.trim()
                .strip_prefix("test result: ")?
                .split_once(". ")?
                .1
        }
    };
    let mut totals = Totals::default();
    for part in counts.split([',', ';']) {
        let mut words = part.split_whitespace();
        let Some(amount) = words.next().and_then(|word| word.parse::<usize>().ok()) else {
            continue;
        };
        match (words.next(), words.next()) {
            (Some("passed"), _) => totals.passed += amount,
            (Some("failed"), _) | (Some("timed"), Some("out")) | (Some("exec"), Some("failed")) => {
                totals.failed += amount;
            }
            _ => {}
        }
    }
    Some(totals)
}

/// The text after `skipped: ` where a test said that an asset is not there.
fn unmet(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("skipped: ")?;
    rest.contains("not in the store")
        .then(|| rest.trim().trim_end_matches("]]>").to_owned())
}

/// `line` without color codes.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut chars = line.chars();
    while let Some(c) = chars.next() {
        if c == '\u{1b}' {
            chars.by_ref().find(char::is_ascii_alphabetic);
        } else {
            text.push(c);
        }
    }
    text
}

/// Runs `command`, passes its output on, and gives its lines.
fn tee(command: &mut Command) -> Result<(bool, Vec<String>)> {
    let program = command.get_program().to_string_lossy().into_owned();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| program.clone())?;
    let out = child.stdout.take().context("standard output")?;
    let err = child.stderr.take().context("standard error")?;
    let errors = thread::spawn(move || pass_on(err, |line| eprintln!("{line}")));
    let mut lines = pass_on(out, |line| println!("{line}"));
    lines.extend(errors.join().unwrap_or_default());
    Ok((child.wait().with_context(|| program)?.success(), lines))
}

fn pass_on(stream: impl Read, say: impl Fn(&str)) -> Vec<String> {
    let mut reader = BufReader::new(stream);
    let mut lines = Vec::new();
    let mut bytes = Vec::new();
    while reader
        .read_until(b'\n', &mut bytes)
        .is_ok_and(|count| count > 0)
    {
        let line = String::from_utf8_lossy(&bytes)
            .trim_end_matches(['\n', '\r'])
            .to_owned();
        say(&line);
        lines.push(line);
        bytes.clear();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let nextest =
            |line| count(Tests::Nextest, line).map(|totals| (totals.passed, totals.failed));
        assert_eq!(
            nextest("     Summary [   1.6s] 46 tests run: 46 passed, 0 skipped"),
            Some((46, 0))
        );
        let mixed = "Summary [  9s] 9 tests run: 5 passed (1 slow, 1 leaky), 2 failed, 1 timed out, 1 exec failed, 3 skipped";
        assert_eq!(nextest(mixed), Some((5, 4)));
        assert_eq!(
            nextest("\u{1b}[32;1m Summary\u{1b}[0m [ 1s] 2 tests run: 2 passed"),
            Some((2, 0))
        );
        assert_eq!(nextest("test result: ok. 5 passed; 0 failed"), None);
        let libtest =
            |line| count(Tests::Libtest, line).map(|totals| (totals.passed, totals.failed));
        assert_eq!(
            libtest("test result: FAILED. 5 passed; 1 failed; 2 ignored; 0 measured"),
            Some((5, 1))
        );
        assert_eq!(libtest("running 5 tests"), None);
    }

    #[cfg(unix)]
    #[test]
    fn a_failing_step_is_named_and_the_rest_still_runs() {
        let shell = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]);
            command
        };
        let mut steps = Steps::default();
        steps.command("style", &mut shell("echo bad >&2; exit 3"), Tests::None);
        steps.command("none", &mut shell("true"), Tests::Libtest);
        let run = "echo 'skipped: minilm-l6 not in the store'; echo 'test result: ok. 5 passed; 0 failed; 0 ignored'";
        steps.command("unit", &mut shell(run), Tests::Libtest);
        steps.check("tidy", || anyhow::bail!("untidy"));
        steps.skip("wgpu", "no adapter");
        let text = steps.summary();
        for part in [
            "FAILED: style, none, tidy\n",
            "no test ran",
            "skipped, no adapter",
            "1 tests skipped for want of an asset:\n  minilm-l6 not in the store",
            "test result: ok. 5 passed",
        ] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.ends_with("5 passed, 0 failed\n"), "{text}");
    }
}
