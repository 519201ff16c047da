//! The command `m531x`: a module, or a virtual one, from the shell.
//!
//! It is a library so that the Python package can bring the same command.

mod client_id;
mod cloud;
mod command;
mod config;
mod connection_watch;
mod debug_log;
mod failure;
mod format;
mod interrupt;
mod notes;
mod port;
mod progress;
mod redacted;
mod refused;
mod session;
mod time_limit;
mod url;

use std::ffi::OsString;
use std::io::{self, Write};

use clap::{CommandFactory, FromArgMatches, Parser};

use command::Command;
use failure::Failure;
use notes::note;

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
    let mut whole = command_line();
    let (arguments, file) = match config::with_file(arguments.into_iter().collect(), &whole) {
        Ok(both) => both,
        Err(failure) => {
            note(&failure);
            return failure.exit_code();
        }
    };
    let arguments = match parse(&mut whole, arguments) {
        Ok(arguments) => arguments,
        Err(wrong) => {
            // Help and version come this way too; without a reader nothing is lost.
            let _ = wrong.print();
            if let (true, Some(file)) = (wrong.use_stderr(), file) {
                note(format!("options come from {} too", file.display()));
            }
            return u8::try_from(wrong.exit_code()).unwrap_or(2);
        }
    };
    match arguments.command.run(command_line).and_then(|()| flush()) {
        // The reader that closed our output has seen enough.
        Ok(()) | Err(Failure::ReaderGone) => 0,
        Err(failure) => {
            note(&failure);
            failure.exit_code()
        }
    }
}

fn parse(whole: &mut clap::Command, arguments: Vec<OsString>) -> Result<Arguments, clap::Error> {
    let mut matches = whole.try_get_matches_from_mut(arguments)?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|wrong| wrong.format(whole))
}

/// The whole command line as clap knows it.
fn command_line() -> clap::Command {
    as_shells_expect(Arguments::command())
}

/// Every option takes its value as it stands, for a payload of -5 is no option, and the last of several
/// counts.
fn as_shells_expect(command: clap::Command) -> clap::Command {
    command
        .args_override_self(true)
        .mut_args(|argument| {
            let option = !argument.is_positional() && argument.get_action().takes_values();
            if option {
                argument.allow_hyphen_values(true)
            } else {
                argument
            }
        })
        .mut_subcommands(as_shells_expect)
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
    fn the_texts_below_the_options_are_wrapped_only_by_the_terminal() {
        for mut command in command_line().get_subcommands().cloned() {
            let name = command.get_name().to_owned();
            command = command.term_width(0);
            let help = command.render_help().to_string();
            let below = help.split("\nExample").last().unwrap();
            let mut prose = false;
            for line in below.lines().skip(1) {
                let example = line.starts_with("  ");
                assert!(!example || line.len() <= 80, "{name}: {line}");
                assert!(!prose || line.is_empty(), "{name}: {line}");
                prose = !example && !line.is_empty();
            }
        }
    }

    #[test]
    fn no_heading_of_the_help_has_options_of_another_group() {
        let mut whole = command_line();
        whole.build();
        for command in whole.get_subcommands() {
            for option in command.get_opts() {
                let long = option.get_long().unwrap_or_default();
                let of_cloud = option.get_help_heading() == Some("Cloud");
                assert_eq!(of_cloud, long.starts_with("cloud"), "{option}");
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
