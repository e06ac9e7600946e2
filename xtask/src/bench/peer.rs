//! A peer: another program that computes the same, asked over JSON lines.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Map, Value};

/// A running peer. It ends when it is dropped.
#[derive(Debug)]
pub struct Peer {
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl Peer {
    /// Starts `command` with `threads` threads for its numerical libraries, which do not spin while
    /// the other side works.
    ///
    /// # Errors
    /// Where the program cannot be started.
    pub fn start(command: &mut Command, threads: usize) -> Result<Self> {
        let program = command.get_program().to_string_lossy().into_owned();
        for name in ["OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"] {
            command.env(name, threads.to_string());
        }
        let mut child = command
            .env("OMP_WAIT_POLICY", "PASSIVE")
            .env("KMP_BLOCKTIME", "0")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("peer `{program}`"))?;
        let input = child.stdin.take();
        let output = BufReader::new(child.stdout.take().context("the peer's output")?);
        Ok(Self {
            child,
            input,
            output,
        })
    }

    /// Sends `request` and gives the fields of the answer.
    ///
    /// # Errors
    /// Where the peer has ended, answers no JSON, or says that it failed.
    pub fn ask(&mut self, request: &Value) -> Result<Map<String, Value>> {
        let input = self.input.as_mut().context("the peer's input")?;
        writeln!(input, "{request}")
            .and_then(|()| input.flush())
            .context("peer: it has ended")?;
        let mut line = String::new();
        let read = self.output.read_line(&mut line).context("peer")?;
        ensure!(read > 0, "peer: it ended at {request}");
        match serde_json::from_str(&line) {
            Ok(Value::Object(answer)) if answer.get("ok") == Some(&Value::Bool(true)) => Ok(answer),
            Ok(Value::Object(answer)) => {
                let reason = answer
                    .get("error")
                    .and_then(Value::as_str)
                    .unwrap_or("no reason given");
                bail!("peer: {request}: {reason}")
            }
            _ => bail!("peer: {request}: no JSON object: {}", line.trim_end()),
        }
    }

    /// Sends `request` and gives the number in the answer's `seconds` or `value`.
    ///
    /// # Errors
    /// As [`ask`](Self::ask), and where there is no such number.
    pub fn number(&mut self, request: &Value) -> Result<f64> {
        let answer = self.ask(request)?;
        answer
            .get("seconds")
            .or_else(|| answer.get("value"))
            .and_then(Value::as_f64)
            .with_context(|| {
                format!("peer: {request}: neither `seconds` nor `value` in the answer")
            })
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        // The end of its input ends it; one that does not listen is killed.
        drop(self.input.take());
        for _ in 0..50 {
            if matches!(self.child.try_wait(), Ok(Some(_)) | Err(_)) {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(all(test, unix))]
pub(super) mod tests {
    use serde_json::json;

    use super::*;

    /// A peer that runs `body` for each line it reads, in the variable `line`.
    pub(in super::super) fn shell(body: &str) -> Peer {
        let mut command = Command::new("sh");
        command.args(["-c", &format!("while read -r line; do {body}; done")]);
        Peer::start(&mut command, 1).unwrap()
    }

    #[test]
    fn answers_give_numbers_or_reasons() {
        let mut peer = shell(
            r#"case "$line" in
                *fast*) echo '{"ok":true,"seconds":0.25}';;
                *memory*) echo '{"ok":true,"value":12}';;
                *empty*) echo '{"ok":true}';;
                *bad*) echo '{"ok":false,"error":"no model"}';;
                *noise*) echo 'hello';;
                *end*) exit 0;;
            esac"#,
        );
        assert_eq!(peer.number(&json!({"op": "fast"})).unwrap(), 0.25);
        assert_eq!(peer.number(&json!({"op": "memory"})).unwrap(), 12.0);
        for (op, word) in [
            ("empty", "neither"),
            ("bad", "no model"),
            ("noise", "hello"),
            ("end", "it ended"),
            ("fast", "ended"),
        ] {
            let text = format!("{:#}", peer.number(&json!({"op": op})).unwrap_err());
            assert!(text.contains(word), "{op}: {text}");
        }
    }

    #[test]
    fn threads_reach_the_peer_and_a_missing_program_is_named() {
        let mut peer = shell(r#"printf '{"ok":true,"value":%s}\n' "$OMP_NUM_THREADS""#);
        assert_eq!(peer.number(&json!({})).unwrap(), 1.0);
        let text = Peer::start(&mut Command::new("no-such-python"), 1)
            .unwrap_err()
            .to_string();
        assert!(text.contains("no-such-python"), "{text}");
    }
}
