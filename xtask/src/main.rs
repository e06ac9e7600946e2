//! `cargo xtask <verb>`: see [`xtask::cli`] for the verbs.

use std::process::ExitCode;

fn main() -> ExitCode {
    xtask::cli::main()
}
