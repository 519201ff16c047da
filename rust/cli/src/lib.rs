//! The command `m531x`: a module, or a virtual one, from the shell.
//!
//! It is a library so that the Python package can bring the same command.

mod client_id;
mod command;
mod connection_watch;
mod failure;
mod format;
mod interrupt;
mod port;
mod progress;
mod redacted;
mod session;
mod time_limit;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, FromArgMatches, Parser};

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
        Exit codes: 0 done, 1 failed, 2 wrong usage, 27 the time of -W was over."
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

/// Runs the command line, the program's name first, and returns the exit code: 0 done, 1 failed,
/// 2 wrong usage, 27 its time was over.
///
/// It handles Ctrl-C, SIGTERM and, unless it is ignored, SIGHUP itself while a command runs until it
/// is stopped. The process should end after it.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> u8 {
    let arguments = match parse(arguments) {
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
            failure.print();
            failure.exit_code()
        }
    }
}

fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Arguments, clap::Error> {
    let mut command = command_line();
    let mut matches = command.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|wrong| wrong.format(&mut command))
}

/// The whole command line as clap knows it.
fn command_line() -> clap::Command {
    with_hyphen_values(Arguments::command())
}

/// Every option takes its value as it stands: a payload of -5 is no option.
fn with_hyphen_values(command: clap::Command) -> clap::Command {
    command
        .mut_args(|argument| {
            let option = !argument.is_positional() && argument.get_action().takes_values();
            if option {
                argument.allow_hyphen_values(true)
            } else {
                argument
            }
        })
        .mut_subcommands(with_hyphen_values)
}

fn flush() -> Result<(), Failure> {
    Ok(io::stdout().flush()?)
}

#[cfg(test)]
mod tests {
    use super::command_line;

    #[test]
    fn the_arguments_of_every_command_are_consistent() {
        command_line().debug_assert();
    }

    #[test]
    fn every_option_takes_a_value_that_begins_with_a_hyphen() {
        let mut whole = command_line();
        whole.build();
        for command in whole.get_subcommands() {
            for option in command.get_opts() {
                let takes = option.get_action().takes_values();
                assert!(
                    !takes || option.is_allow_hyphen_values_set(),
                    "{} {option}",
                    command.get_name()
                );
            }
        }
    }

    #[test]
    fn the_help_of_every_command_has_an_example() {
        for mut command in command_line().get_subcommands().cloned() {
            let name = command.get_name().to_owned();
            let help = command.render_long_help().to_string();
            assert!(help.contains(&format!("m531x {name}")), "{name}: {help}");
        }
    }
}
