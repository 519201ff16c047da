//! The command `m531x`: a module, or a virtual one, from the shell.

mod command;
mod failure;
mod format;
mod interrupt;
mod port;
mod progress;
mod session;

use std::io::{self, Write};
use std::process::ExitCode;

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

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match arguments.command.run().and_then(|()| flush()) {
        // Whoever closed our output has seen enough.
        Ok(()) | Err(Failure::ReaderGone) => ExitCode::SUCCESS,
        Err(failure) => {
            // With standard error gone as well there is nobody left to tell.
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
