//! `moefy`: divides the feed-forward layers of a Hugging Face checkpoint into experts with a router
//! (MoEfication, arXiv 2110.01786).

mod arguments;
mod backbone;
mod capture;
mod checks;
mod classes;
mod cost;
mod job;
mod limits;
mod measured;
mod speed;
mod tell;
mod texts;

use std::fmt::Display;
use std::io::{self, Write as _};
use std::process::ExitCode;

use clap::Parser as _;

use arguments::Arguments;

fn main() -> ExitCode {
    match classes::run(&Arguments::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            complain(format_args!("error: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Writes a line to standard output. That nobody reads it stops nothing.
fn say(line: impl Display) {
    let _ = writeln!(io::stdout(), "{line}");
}

/// Writes a line to standard error.
fn complain(line: impl Display) {
    let _ = writeln!(io::stderr(), "{line}");
}
