//! The command `m531x`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(m531x_cli::run(std::env::args_os()))
}
