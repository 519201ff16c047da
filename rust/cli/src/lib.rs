//! The command `m531x`: a module, or a virtual one, from the shell.
//!
//! It is a library so that the Python package can bring the same command.

mod colour;
mod command;
mod failure;
mod format;
mod interrupt;
mod port;
mod progress;
mod redacted;
mod session;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::Parser;

use command::Command;
use failure::Failure;

/// Use China Mobile M531x NB-IoT modules as MQTT clients, and try them without hardware.
#[derive(Parser)]
#[command(
    name = "m531x",
    version,
    after_help = "Examples:\n  \
        m531x demo\n  \
        m531x sub --port /dev/ttyUSB0 -h broker.example -t 'meters/#' -v\n  \
        m531x virtual-modem --link /tmp/modem\n\n\
        Exit codes: 0 done, 1 failed, 2 wrong usage."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command line, the program's name first, and returns the exit code: 0 done, 1 failed,
/// 2 wrong usage.
///
/// It handles Ctrl-C, SIGTERM and, unless it is ignored, SIGHUP itself while a command runs until it
/// is stopped. The process should end after it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            // Help and version come this way too; without a reader nothing is lost.
            let _ = wrong.print();
            return u8::try_from(wrong.exit_code()).unwrap_or(2);
        }
    };
    match arguments.command.run().and_then(|()| flush()) {
        // Whoever closed our output has seen enough.
        Ok(()) | Err(Failure::ReaderGone) => 0,
        Err(failure) => {
            // With standard error gone as well there is no one left to notify.
            let _ = writeln!(io::stderr(), "m531x: {failure}");
            failure.exit_code()
        }
    }
}

fn flush() -> Result<(), Failure> {
    Ok(io::stdout().flush()?)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::Arguments;

    #[test]
    fn the_arguments_of_every_command_are_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        for mut command in Arguments::command().get_subcommands().cloned() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains(&format!("m531x {name}")), "{name}: {help}");
        }
    }
}
